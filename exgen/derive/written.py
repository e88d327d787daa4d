"""A gradient as a notation writes it: its slopes at 0, ``diag`` or Hadamard, and its layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.derive.factors import Given, shapes_with
from exgen.derive.jacobian import is_denominator, slope_at_zero
from exgen.derive.simplify import simplify, transposed
from exgen.derive.turning import Turning
from exgen.engine import gradient_name
from exgen.graph import Call, Expr, Graph, Name, Shape, call, is_column, is_scalar, rebuild, walk
from exgen.shapes import Shapes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.derive.notation import Notation


NOTHING = Given()


class Written(Struct, frozen=True):
    """A gradient as it stands on the page.

    Attributes:
        expr: the expression as printed.
        shape: the shape as printed.
        numerator: whether it, and every gradient that it reads, is the transpose of the gradient
            in the variable's shape.
        shapes: the shapes of what it may read, in the layout.

    """

    expr: Expr
    shape: Shape
    numerator: bool
    shapes: Mapping[str, Shape]


def as_written(
    gradient: Expr, by: str, graph: Graph, notation: Notation, given: Given = NOTHING
) -> Written:
    """Return a gradient of the loss as the notation writes it.

    Args:
        gradient: the gradient in the variable's shape, over names of the forward pass and over
            gradients such as ``grad_z2``, each in its variable's shape.
        by: the variable.
        graph: the network.
        notation: says the slope at a kink, whether an activation is a ``diag``, and the layout.
        given: Jacobians that are kept as symbols; in denominator layout they stand transposed, and
            so does the derivative of a scalar where gradients have the variable's shape.

    """
    shapes = shapes_with(graph, given)
    expr = slope_at_zero(gradient, notation)
    if notation.elementwise == "diag":
        expr = with_diagonals(expr, shapes)
    numerator = notation.layout == "numerator"
    names: tuple[str, ...] = ()
    if numerator:
        names = tuple(gradient_name(name) for name in graph.names)
    else:
        names = tuple(
            factor.name
            for factor in given.factors
            if is_denominator(notation.layout, graph.shapes[factor.of])
        )
    if not names:
        return Written(expr, graph.shapes[by], numerator, shapes)
    turning = Turning(shapes, frozenset(names))
    turned = turning.turned_shapes()
    expr = simplify(turning.flipped(expr) if numerator else turning.straight(expr), turned)
    expr = _by_terms(expr, turned)
    return Written(expr, written_shape(graph.shapes[by], notation), numerator, turned)


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
        if isinstance(expr, Call) and expr.op == "mul" and self._is_vector(expr):
            return self._product(expr)
        if isinstance(expr, Call) and expr.op == "div":
            # What divides is no factor of the chain.
            above, below = expr.args
            return Call(expr.op, (self.of(above), below), expr.options)
        return rebuild(expr, self.of)

    def _is_vector(self, expr: Expr) -> bool:
        shape = self.shapes.of(expr)
        return is_column(shape) and not is_scalar(shape)

    def _product(self, expr: Call) -> Expr:
        factors = self._factors(expr)
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

    def _factors(self, expr: Expr) -> list[Expr]:
        if isinstance(expr, Call) and expr.op == "mul":
            return [part for arg in expr.args for part in self._factors(arg)]
        return [expr]


def _arrives(expr: Expr) -> bool:
    """Whether a factor is the gradient that arrives, rather than a slope."""
    return any(
        (isinstance(part, Call) and part.op == "matmul")
        or (isinstance(part, Name) and part.name.startswith(gradient_name("")))
        for part in walk(expr)
    )
