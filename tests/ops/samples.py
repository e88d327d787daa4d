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

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exgen.ops.base import Site

# op: the numbers it is tried on, then uses with the shapes of a and b ("1" is a scalar).
# "signed" keeps off 0, where the kinks are; "unit" lies between 0 and 1.
DATA = {
    "add": "signed; a + b: 3 3, 1 3, 3 1, 1 1, 2x3 2x3, 1 2x3, 1x3 1x3",
    "sub": "signed; a - b: 3 3, 1 3, 3 1, 1 1, 2x3 2x3, 2x3 1, 1x3 1x3",
    "neg": "signed; -a: 3, 1, 2x3, 1x3",
    "mul": "signed; a * b: 3 3, 1 3, 3 1, 1 1, 2x3 2x3, 1 2x3, 2x3 1, 1x3 1x3; a * a: 3, 2x3",
    "div": "signed; a / b: 3 3, 1 3, 3 1, 1 1, 2x3 2x3, 1 2x3, 2x3 1",
    "pow": (
        "unit; a ** 2: 3, 1, 2x3; a ** 3: 3; a ** 1: 3; a ** 0: 3; a ** -1: 3, 2x3; "
        "a ** 0.5: 3; a ** b: 3 1, 1 1, 2x3 1"
    ),
    "matmul": "signed; a @ b: 2x3 3, 2x3 3x2, 3x3 3x3, 1x3 3, 3 1x3, 3 1, 1 1, 1 1x3; a @ a: 3x3",
    "transpose": "signed; a.T: 3, 1, 2x3, 1x3",
    "ones": "signed; ones(3): ; ones(2, 3): ; ones(1): ",
    "zeros": "signed; zeros(3): ; zeros(2, 3): ; zeros(1): ",
    "identity": "signed; identity(3): ; identity(1): ",
    "unit": "signed; unit(3, 0): ; unit(3, 2): ; unit(1, 0): ",
    "diag": "signed; diag(a): 3, 1",
    "item": "signed; a[0]: 3, 1; a[2]: 3; a[1, 2]: 2x3; a[2, 0]: 3; a[0, 1]: 1x3",
    "slice": (
        "signed; a[1:]: 3, 3x2; a[:-1]: 3, 3x2; a[1:-1]: 3, 4x2; a[0:]: 3; "
        "a[:, 1:]: 2x3, 1x3; a[:, :-1]: 2x3; a[:, 1:-1]: 2x4"
    ),
    "concat": (
        "signed; concat(a, b): 3 2, 1 3, 2x3 1x3; concat(a, b, axis=1): 2x3 2x1, 2x3 2x2, 3 3"
    ),
    "append_one": (
        "signed; append_one(a): 3, 1; append_one(a, axis=0): 2x3; append_one(a, axis=1): 2x3, 3"
    ),
    "prepend_one": (
        "signed; prepend_one(a): 3, 1; prepend_one(a, axis=0): 2x3; prepend_one(a, axis=1): 2x3, 3"
    ),
    "greater": "signed; a > b: 3 1, 3 3, 1 2x3",
    "greater_equal": "signed; a >= b: 3 1, 3 3, 1 2x3",
    "less": "signed; a < b: 3 1, 3 3, 1 2x3",
    "less_equal": "signed; a <= b: 3 1, 3 3, 1 2x3",
    "relu": "signed; relu(a): 3, 1, 2x3",
    "lrelu": "signed; lrelu(a, 0.1): 3, 1, 2x3; lrelu(a, b): 3 1, 1 1, 2x3 1",
    "prelu": "signed; prelu(a, b): 3 1, 1 1, 3 3, 2x3 1, 3x4 3, 3x3 3, 2x3 2x3; prelu(a, 0.2): 3",
    "sigmoid": "signed; sigmoid(a): 3, 1, 2x3",
    "tanh": "signed; tanh(a): 3, 1, 2x3",
    "softplus": "signed; softplus(a): 3, 1, 2x3",
    "exp": "signed; exp(a): 3, 1, 2x3",
    "log": "unit; log(a): 3, 1, 2x3",
    "abs": "signed; abs(a): 3, 1, 2x3",
    "sign": "signed; sign(a): 3, 1, 2x3",
    "gelu": "signed; gelu(a): 3, 1, 2x3",
    "normal_cdf": "signed; normal_cdf(a): 3, 1, 2x3",
    "normal_pdf": "signed; normal_pdf(a): 3, 1, 2x3",
    "softmax": (
        "signed; softmax(a): 3, 1; softmax(a, axis=0): 3x2, 1x3; softmax(a, axis=1): 2x3, 3"
    ),
    "sum": (
        "signed; sum(a): 3, 1, 2x3, 1x3; sum(a, axis=0): 3, 2x3, 1x3; sum(a, axis=1): 3, 2x3, 1x3"
    ),
    "mean": (
        "signed; mean(a): 3, 1, 2x3, 1x3; mean(a, axis=0): 3, 2x3, 1x3; mean(a, axis=1): 3, 2x3"
    ),
    "cross_entropy": "unit; cross_entropy(a, b): 3 3, 1 1, 2x3 2x3",
    "bce": "unit; bce(a, b): 3 3, 1 1, 2x3 2x3",
    "maxpool": "signed; maxpool(a): 4x4, 2x2; maxpool(a, 2, 1): 3x4; maxpool(a, stride=3): 5x5",
    "avgpool": "signed; avgpool(a): 4x4, 2x2; avgpool(a, 2, 1): 3x4; avgpool(a, stride=3): 5x5",
    "maxroute": "signed; maxroute(a, b): 4x4 2x2, 5x4 2x2; maxroute(a, b, 2, 1): 3x4 2x3",
    "maxpick": "signed; maxpick(a, b): 4x4 4x4, 5x4 5x4; maxpick(a, b, 2, 1): 3x4 3x4",
    "windows": "signed; windows(4): ; windows(5, 2, 1): ; windows(6, 2, 3): ",
    "sort": "signed; sort(a): 3, 1, 5; sort(a, 1): 4; sort(a, descending=0): 3",
    "permutation": "signed; permutation(a): 3, 1, 5; permutation(a, 1): 4",
    "squared_error": "signed; squared_error(a, b): 3 3, 1 1, 2x3 2x3, 1x3 1x3",
}


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
    domain, *uses = (part.strip() for part in DATA[op].split(";"))
    found = []
    for use in uses:
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
