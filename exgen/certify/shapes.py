"""Shapes: what a name's shape is, and that it follows from the shapes that are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exgen.certify.compare import SEED, trial_sizes
from exgen.certify.points import trial_point, with_numbers
from exgen.document import Agreement
from exgen.errors import CertificateError, MisfitError
from exgen.graph import ONE, SCALAR, Call, Dim, Expr, Name, Shape, shape_text
from exgen.ops import lookup
from exgen.ops.base import Sizes

if TYPE_CHECKING:
    from exgen.graph import Binding, Graph


@dataclass(frozen=True, slots=True)
class ShapeClaim:
    """A name has a shape, and it follows from the shapes that are shown.

    Attributes:
        graph: the network with all sizes.
        name: whose shape it is.
        shape: the printed shape.
        shown: the names whose shapes can be read off the sheet.

    """

    graph: Graph
    name: str
    shape: Shape
    shown: tuple[str, ...]

    def prove(self) -> tuple[Agreement, ...]:
        """Infer the shape from what is shown, and read it off a run of the forward pass."""
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
        return Agreement("inference", 0.0, len(expected)), Agreement("forward pass", 0.0, len(run))


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
