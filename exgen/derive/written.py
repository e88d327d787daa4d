"""A gradient as a notation writes it: its slopes at 0, ``diag`` or Hadamard, and its layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.derive.jacobian import is_turned, slope_at_zero
from exgen.derive.simplify import simplify, transposed
from exgen.derive.turning import Turning
from exgen.graph import (
    Call,
    Derivative,
    Entry,
    Expr,
    Graph,
    Shape,
    call,
    derivatives_in,
    is_column,
    is_scalar,
    made,
    operands,
    rebuild,
    walk,
)
from exgen.shapes import Shapes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.derive.notation import Notation


def as_written(gradient: Expr, graph: Graph, notation: Notation) -> Expr:
    """Return a gradient of the loss as the notation writes it.

    In numerator layout that is its transpose. Where the layout writes the transpose of a
    derivative, as the printer does, it stands transposed with as few brackets as that takes.

    Args:
        gradient: the gradient in the variable's shape, over names of the forward pass and over
            derivatives.
        graph: the network.
        notation: says the slope at a kink, whether an activation is a ``diag``, and the layout.

    """
    expr = slope_at_zero(gradient, notation)
    if notation.elementwise == "diag":
        expr = with_diagonals(expr, graph.shapes)
    layout, read = notation.layout, derivatives_in(expr)
    if layout != "numerator" and all(symbol.of == graph.loss for symbol in read):
        return expr
    symbols = frozenset(s for s in read if is_turned(s, graph.shapes, layout))
    known = Shapes(graph.shapes)
    turning = Turning({**graph.shapes, **{s: known.of(s) for s in symbols}}, symbols)
    shown = turning.flipped(expr) if layout == "numerator" else turning.straight(expr)
    shapes = turning.turned_shapes()
    return on_the_page(_by_terms(simplify(shown, shapes), shapes), graph.shapes, layout)


def on_the_page(expr: Expr, shapes: Mapping[str, Shape], layout: str) -> Expr:
    """Swap every derivative that a layout writes transposed with its transpose; and so back.

    What comes out has a derivative where the page has its bare symbol.
    """

    def swapped(part: Expr) -> Expr:
        match part:
            case Entry():
                # The entries of a derivative are counted as those of its value, in every layout.
                return part
            case Call("transpose", (Derivative() as inner,)) if is_turned(inner, shapes, layout):
                return inner
            case Derivative() if is_turned(part, shapes, layout):
                return part.T
        return rebuild(part, swapped)

    return swapped(expr) if derivatives_in(expr) else expr


def _by_terms(expr: Expr, shapes: Mapping[str, Shape]) -> Expr:
    """Return the transpose of a sum over paths, each a product, as the sum of their transposes."""
    match expr:
        case Call("transpose", (Call("add", (Call("mul") as one, Call("mul") as other)),)):
            return transposed(one, shapes) + transposed(other, shapes)
    return expr


def written_shape(shape: Shape, notation: Notation) -> Shape:
    """Return the shape of the gradient by a variable of this shape."""
    return (shape[1], shape[0]) if notation.layout == "numerator" else shape


def with_diagonals(expr: Expr, shapes: Mapping[str, Shape]) -> Expr:
    """Return a gradient with ``diag(s) g`` where it had the entrywise product of g and s."""
    return _Diagonals(Shapes(shapes)).of(expr)


class _Diagonals(Struct, frozen=True):
    shapes: Shapes

    def of(self, expr: Expr) -> Expr:
        if made(expr, "mul") and self._is_vector(expr):
            return self._product(expr)
        if made(expr, "div"):
            # What divides is no factor of the chain.
            above, below = expr.args
            return Call(expr.op, (self.of(above), below), expr.options)
        return rebuild(expr, self.of)

    def _is_vector(self, expr: Expr) -> bool:
        shape = self.shapes.of(expr)
        return is_column(shape) and not is_scalar(shape)

    def _product(self, expr: Call) -> Expr:
        factors = operands(expr, "mul")
        vectors = [factor for factor in factors if self._is_vector(factor)]
        # By place: of two equal factors, as in s * s * (1 - s), one may arrive and one be a slope.
        places = [n for n, factor in enumerate(vectors) if _arrives(factor)] or [0]
        arriving = [vectors[n] for n in places]
        slopes = [factor for n, factor in enumerate(vectors) if n not in places]
        if len(arriving) > 1 or not slopes:
            return rebuild(expr, self.of)
        slope = slopes[0]
        for factor in slopes[1:]:
            slope = slope * factor
        product: Expr = call("diag", slope) @ self.of(arriving[0])
        for factor in reversed([factor for factor in factors if factor not in vectors]):
            product = factor * product
        return product


def _arrives(expr: Expr) -> bool:
    """Whether a factor is the gradient that arrives, rather than a slope."""
    return any(isinstance(part, Derivative) or made(part, "matmul") for part in walk(expr))
