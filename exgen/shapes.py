"""What a legal graph is, and the shape of every expression in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from exgen.errors import MisfitError
from exgen.graph import (
    SCALAR,
    Call,
    Delta,
    Derivative,
    Entry,
    Expr,
    Graph,
    Name,
    Number,
    Shape,
    Size,
    SumOver,
    is_column,
    is_scalar,
    names_in,
    shape_text,
)
from exgen.ops import TABLE, lookup
from exgen.ops.base import Sizes

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_SIZE = 10_000_000
# To be proven, a gradient is worked out many times.
MAX_ENTRIES = 5_000_000
MAX_TERMS = 50


def check_size(shape: Shape) -> None:
    """Refuse an array beyond all memory.

    Raises:
        MisfitError: it has too many entries, or a size that is a sum without end.

    """
    rows, columns = shape
    if any(len(dim.names) > MAX_TERMS or dim.constant > MAX_SIZE for dim in shape):
        raise MisfitError(
            f"a size here is beyond {MAX_SIZE}, or a sum of more than {MAX_TERMS} sizes",
            "Use smaller sizes.",
        )
    if rows.is_number and columns.is_number and rows.constant * columns.constant > MAX_ENTRIES:
        raise MisfitError(
            f"this is {shape_text(shape)}, and an array has at most {MAX_ENTRIES} entries",
            "Use smaller sizes.",
        )


def check_sizes(graph: Graph) -> None:
    """Refuse a graph that computes an array beyond all memory, on the way or in the end.

    Raises:
        MisfitError: an array is too large, or an op finds only now that the sizes do not fit.

    """
    shapes = Shapes(graph.shapes)
    for binding in graph.bindings:
        shapes.of(binding.expr)
    for shape in (*graph.shapes.values(), *(shape for _, shape in shapes.seen.values())):
        check_size(shape)
    total = sum(rows.constant * columns.constant for rows, columns in graph.shapes.values())
    if total > 2 * MAX_ENTRIES:
        raise MisfitError(
            f"the arrays of this network have more than {2 * MAX_ENTRIES} entries",
            "Use smaller sizes.",
        )


class Shapes(Struct, frozen=True):
    """The shapes of expressions over names of known shape, each worked out once.

    An expression is remembered by identity: comparing trees would cost as much as the shape. A
    derivative among the names stands transposed, as on a page.
    """

    names: Mapping[Any, Shape]
    seen: dict[int, tuple[Expr, Shape]] = field(default_factory=dict)

    def of(self, expr: Expr) -> Shape:
        """Return the shape of an expression.

        Raises:
            MisfitError: an op is unknown, a name is not bound, or shapes do not fit.

        """
        known = self.seen.get(id(expr))
        if known is None:
            # The expression is kept too, so that its identity is not given to another.
            known = self.seen[id(expr)] = expr, self._worked_out(expr)
        return known[1]

    def _worked_out(self, expr: Expr) -> Shape:
        # a chain of ifs is quicker than a match
        if isinstance(expr, Name):
            if expr.name not in self.names:
                raise MisfitError(f"'{expr.name}' is not bound")
            return self.names[expr.name]
        if isinstance(expr, Derivative):
            if expr in self.names:
                return self.names[expr]
            return derivative_shape(self.of(Name(expr.of)), self.of(Name(expr.by)))
        if isinstance(expr, Call):
            if expr.op not in TABLE:
                raise MisfitError(f"there is no op '{expr.op}'")
            inner = tuple(map(self.of, expr.args))
            return lookup(expr.op).shape(Sizes(), inner, dict(expr.options))
        if isinstance(expr, Entry):
            self.axes(expr.of)
            return SCALAR
        if isinstance(expr, SumOver):
            self.of(expr.body)
            return SCALAR
        if isinstance(expr, (Number, Size, Delta)):
            return SCALAR
        raise MisfitError(f"{type(expr).__name__} is not an expression")

    def axes(self, whole: Expr) -> Shape:
        """Return the size that each index of an entry runs through."""
        if not isinstance(whole, Derivative):
            return self.of(whole)
        own, arg = self.of(Name(whole.of)), self.of(Name(whole.by))
        return arg if is_scalar(own) else own + arg


def derivative_shape(own: Shape, arg: Shape) -> Shape:
    """Return the shape of a derivative as a symbol, from those of the function and the variable.

    Raises:
        MisfitError: it has more than two indices, so it is no matrix.

    """
    if is_scalar(own):
        return arg
    if is_column(own) and is_column(arg):
        return own[0], arg[0]
    raise MisfitError(f"the derivative of {shape_text(own)} by {shape_text(arg)} is no matrix")


def shape_of(expr: Expr, shapes: Mapping[Any, Shape]) -> Shape:
    """Return the shape of an expression over names of known shape.

    Raises:
        MisfitError: an op is unknown, a name is not bound, or shapes do not fit.

    """
    return Shapes(shapes).of(expr)


def likely_shape(expr: Expr, shapes: Mapping[Any, Shape]) -> Shape:
    """Return the shape of an expression; where its parts do not fit, that of its outer sides.

    For printing what a usual mistake leads to, which often does not fit.
    """
    try:
        return shape_of(expr, shapes)
    except MisfitError:
        if not isinstance(expr, Call):
            return SCALAR
    inner = [likely_shape(arg, shapes) for arg in expr.args]
    if expr.op == "matmul":
        return inner[0][0], inner[1][1]
    if expr.op == "transpose":
        return inner[0][::-1]
    return next((shape for shape in inner if not is_scalar(shape)), SCALAR)


def check(graph: Graph) -> None:
    """Say whether a graph is legal.

    Every name is bound once and before its use, every op is in the table, every recorded shape
    is the one its expression has, and the loss is a scalar.

    Raises:
        MisfitError: with the first reason found.

    """
    bound: dict[str, Shape] = {}
    for leaf in graph.leaves:
        if leaf.name in bound:
            raise MisfitError(f"'{leaf.name}' is bound twice")
        bound[leaf.name] = leaf.shape
    for binding in graph.bindings:
        if binding.name in bound:
            raise MisfitError(f"'{binding.name}' is bound twice")
        for name in sorted(names_in(binding.expr) - bound.keys()):
            raise MisfitError(f"'{name}' is used before it is bound")
        bound[binding.name] = shape_of(binding.expr, bound)
    if bound != dict(graph.shapes):
        raise MisfitError("the recorded shapes are not those of the expressions")
    if graph.loss not in bound:
        raise MisfitError(f"the loss '{graph.loss}' is not bound")
    if not is_scalar(bound[graph.loss]):
        raise MisfitError(f"the loss '{graph.loss}' is {shape_text(bound[graph.loss])}, no scalar")
