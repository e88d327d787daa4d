"""Sizes: shapes that follow from what is shown, shapes over a batch, and how many numbers."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from exgen.certify.compare import EXACT_TOLERANCE, SEED, compare, trial_sizes
from exgen.certify.examples import batch_of, example_points, stacked
from exgen.certify.points import trial_point, with_numbers
from exgen.document import Agreement
from exgen.engine import evaluate, forward
from exgen.errors import CertificateError, MisfitError
from exgen.graph import ONE, SCALAR, Call, Dim, Expr, Name, Shape, shape_text, substitute_sizes
from exgen.ops import lookup
from exgen.ops.base import Sizes

if TYPE_CHECKING:
    from exgen.certify.sides import Sides
    from exgen.derive.batch import Batch
    from exgen.graph import Binding, Graph


@dataclass(frozen=True, slots=True)
class ShapeClaim:
    """A name has a shape, and it follows from the shapes that are shown.

    Attributes:
        graph: the network with all sizes.
        name: whose shape it is.
        shape: the printed shape.
        shown: the names whose shapes can be read off the sheet.
        batch: where the network is that over many examples, with the one for a single example.

    """

    graph: Graph
    name: str
    shape: Shape
    shown: tuple[str, ...]
    batch: Batch | None = None

    @property
    def sort(self) -> str:
        """What a manifest calls it."""
        return "shape in a batch" if self.batch else "shape"

    def prove(self) -> tuple[Agreement, ...]:
        """Infer the shape from what is shown, and read it off a run of the forward pass.

        A run of a batch is compared with one run for each example.
        """
        name, graph = self.name, self.graph
        inferred = infer_from_shown(graph, self.shown).get(name)
        if inferred != self.shape:
            found = "open" if inferred is None else shape_text(inferred)
            raise CertificateError(
                f"inference: the shape of '{name}' is {found}, not {shape_text(self.shape)}"
            )
        run = trial_point(with_numbers(graph), SEED)[name].shape
        sizes = trial_sizes(graph)
        expected = tuple(dim.substitute(sizes).constant for dim in self.shape)
        if run != expected:
            raise CertificateError(f"forward pass: '{name}' came out as {run}, not {expected}")
        agreed = (
            Agreement("inference", 0.0, len(expected)),
            Agreement("forward pass", 0.0, len(run)),
        )
        return agreed if self.batch is None else (*agreed, _one_by_one(self.batch, name))


def infer_from_shown(graph: Graph, shown: tuple[str, ...]) -> dict[str, Shape | None]:
    """Infer every shape of a network from those of the names in ``shown``.

    Whether a hidden name is a vector or a matrix is known, only its sizes are not. A shape that
    does not follow is None.
    """
    sizes = Sizes()
    shapes: dict[str, Shape] = {}
    for name, shape in graph.shapes.items():
        if name in shown or name == graph.loss:
            shapes[name] = shape
        else:
            shapes[name] = tuple(
                dim if dim == ONE else Dim(0, (f"?{name}.{axis}",))
                for axis, dim in enumerate(shape)
            )
    for _ in graph.bindings:
        before = len(sizes.known)
        for binding in graph.bindings:
            _unify(binding, shapes, sizes)
        if len(sizes.known) == before:
            break
    settled = {name: sizes.shape(shape) for name, shape in shapes.items()}
    return {
        name: None if any(part.startswith("?") for dim in shape for part in dim.names) else shape
        for name, shape in settled.items()
    }


def _unify(binding: Binding, shapes: dict[str, Shape], sizes: Sizes) -> None:
    def infer(expr: Expr) -> Shape:
        if isinstance(expr, Call):
            inner = tuple(infer(arg) for arg in expr.args)
            return lookup(expr.op).shape(sizes, inner, dict(expr.options))
        return shapes[expr.name] if isinstance(expr, Name) else SCALAR

    try:
        sizes.require(shapes[binding.name], infer(binding.expr), "the line does not fit")
    except MisfitError as error:
        raise CertificateError(f"inference: {error.message}") from None


def _one_by_one(batch: Batch, name: str) -> Agreement:
    """Run a batch, and put the runs of its examples side by side."""
    single = with_numbers(batch.single)
    shared = frozenset(single.names) - frozenset(batch.names)
    points = example_points(single, shared)
    graph = batch_of(batch, len(points))
    values = forward(graph, stacked(batch, points))
    cost = sum(point[single.loss] for point in points) / len(points)
    agreed = compare("one by one", values[graph.loss], np.asarray(cost), EXACT_TOLERANCE)
    alone = next((own for own, called in batch.names.items() if called == name), None)
    if alone is None:
        return agreed
    together = np.hstack([point[alone] for point in points])
    expected = together.T if batch.rows else together
    return compare("one by one", values[name], expected, EXACT_TOLERANCE)


def counted(claim: Sides) -> tuple[Agreement, Agreement]:
    """Multiply sizes out, and count the entries of arrays in a forward pass.

    Raises:
        CertificateError: a side is another number.

    """
    names = claim.quantity.count if claim.quantity else ()
    sizes = trial_sizes(claim.graph)
    shapes = [claim.graph.shapes[name] for name in names]
    point = trial_point(with_numbers(claim.graph), SEED)
    ways = {
        "sizes": sum(prod(dim.substitute(sizes).constant for dim in shape) for shape in shapes),
        "entries counted": sum(1 for name in names for _ in point[name].flat),
    }
    for right in claim.rights:
        printed = evaluate(substitute_sizes(right, sizes), {}, exact=True).item()
        for method, found in ways.items():
            if found != printed:
                raise CertificateError(f"{method}: {found} is not {printed}")
    found = ways["entries counted"]
    return Agreement("sizes", 0.0, len(names)), Agreement("entries counted", 0.0, found)
