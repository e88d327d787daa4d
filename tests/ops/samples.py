"""The test data of the op table: one line for each op, and how a line becomes numbers."""

from __future__ import annotations

import random
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.engine import Values, evaluate, site_of
from exgen.errors import Source
from exgen.graph import Call, Dim, Graph, Name, Shape
from exgen.language import read_network
from tests.cases import rows_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exgen.ops.base import Site

DATA = {op: (domain, uses) for op, domain, uses in rows_in("ops/samples.txt")}
"""For each op the numbers it is tried on, and its uses, each with shapes."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One use of an op, with numbers: exact ones, and the same as floats."""

    text: str
    call: Call
    graph: Graph
    fractions: Values
    floats: Values
    upstream: NDArray[Any]

    def __str__(self) -> str:
        return self.text

    @property
    def site(self) -> Site:
        """What a gradient rule sees, with the output named ``o``."""
        return site_of(self.call, Name("o"), self.graph.shapes)

    @property
    def known(self) -> Values:
        """The floats, with the output and an upstream gradient ``g``."""
        return {**self.floats, "o": evaluate(self.call, self.floats), "g": self.upstream}


def samples(op: str) -> list[Sample]:
    """Return the uses of an op that its line lists."""
    domain, uses = DATA[op]
    found = []
    for use in map(str.strip, uses.split(";")):
        text, _, shapes = use.rpartition(": ") if ": " in use else (use.rstrip(":"), "", "")
        found += [_sample(text, shape.split(), domain) for shape in shapes.split(",")]
    return found


def _sample(text: str, shapes: list[str], domain: str) -> Sample:
    draws = random.Random(f"{text} {shapes}")  # noqa: S311 - test data
    leaves = "".join(
        f"{name}: input{'' if shape == '1' else f'[{shape.replace(chr(120), chr(44))}]'}\n"
        for name, shape in zip("ab", shapes, strict=False)
    )
    graph = read_network(Source(text, f"{leaves}o = {text}"), scalar_loss=False)
    fractions: Values = {}
    for leaf in graph.leaves:
        fractions[leaf.name] = _draw(leaf.shape, domain, draws)
    floats = {name: value.astype(float) for name, value in fractions.items()}
    upstream = _draw(graph.shapes["o"], "signed", draws).astype(float)
    expr = graph.bindings[0].expr
    assert isinstance(expr, Call)
    return Sample(f"{text} at {' '.join(shapes)}", expr, graph, fractions, floats, upstream)


def _draw(shape: Shape, domain: str, draws: random.Random) -> NDArray[Any]:
    """Return distinct fractions, each with either sign unless they lie in the unit interval."""
    rows, columns = (dim.constant for dim in shape)
    numerators = draws.sample(range(5, 36), rows * columns)
    array = np.empty(rows * columns, dtype=object)
    for n, numerator in enumerate(numerators):
        sign = draws.choice([1, -1]) if domain == "signed" else 1
        array[n] = Fraction(sign * numerator, 40)
    return array.reshape(rows, columns)


def symbolic(dim: Dim) -> Dim:
    """Return a size above 1 as a named one, so that rules cannot rely on numbers."""
    return Dim(0, (f"N{dim.constant}",)) if dim.constant > 1 else dim
