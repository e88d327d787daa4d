"""Rewrite expressions for names whose arrays now stand transposed.

Courses differ in whether an example is a row or a column, and in which side of a weight matrix is
the input. The rewriting is exact: an expression keeps its value, or takes its transpose, and the
transposes end up where they are fewest.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from exgen.graph import (
    SCALAR,
    Call,
    Derivative,
    Dim,
    Entry,
    Expr,
    Name,
    call,
    is_column,
    is_scalar,
    made,
    names_in,
    rebuild,
    walk,
)
from exgen.ops import lookup, traits_of
from exgen.ops.base import axis_option
from exgen.shapes import Shapes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exgen.graph import Options, Shape

Ways = tuple[Expr, Expr]
"""Over the turned names: an expression that equals the old one, and one for its transpose."""


@dataclass(frozen=True, slots=True)
class Turning:
    """Which names stand transposed, and the shapes that they had before.

    Attributes:
        shapes: the shape of every name as the expressions to be rewritten know it.
        names: the names, and the derivatives, that now hold the transpose.

    """

    shapes: Mapping[Any, Shape]
    names: frozenset[str | Derivative]
    _known: Shapes = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_known", Shapes(self.shapes))

    def turned_shapes(self) -> dict[Any, Shape]:
        """Return the shape of every name after the turn."""
        return {
            name: (shape[1], shape[0]) if name in self.names else shape
            for name, shape in self.shapes.items()
        }

    def straight(self, expr: Expr) -> Expr:
        """Return an expression over the turned names that equals ``expr``."""
        return self._pair(expr)[0]

    def flipped(self, expr: Expr) -> Expr:
        """Return an expression over the turned names that equals the transpose of ``expr``."""
        return self._pair(expr)[1]

    def _pair(self, expr: Expr) -> Ways:
        if is_scalar(self._known.of(expr)):
            same = self._call(expr)[0] if isinstance(expr, Call) else self._number(expr)
            return same, same
        if isinstance(expr, Name | Derivative):
            # The gradient by what is turned is turned with it.
            keys = {expr.name} if isinstance(expr, Name) else {expr, expr.by}
            return (expr.T, expr) if keys & self.names else (expr, expr.T)
        if not isinstance(expr, Call):
            return expr, expr
        straight, flipped = self._call(expr)
        return fewer(straight, _transposed(flipped)), fewer(flipped, _transposed(straight))

    def _number(self, expr: Expr) -> Expr:
        """Return a scalar that is no call: an entry, a sum over an index, a name."""
        match expr:
            case Entry(of, (row, column)):
                straight, flipped = self._pair(of)
                if _count(flipped) < _count(straight):
                    return Entry(flipped, (column, row))
        return rebuild(expr, self.straight)

    def _call(self, expr: Call) -> Ways:
        pairs = [self._pair(arg) for arg in expr.args]
        straight = tuple(pair[0] for pair in pairs)
        flipped = tuple(pair[1] for pair in pairs)
        same = Call(expr.op, straight, expr.options)
        other: Expr = _transposed(same)
        match expr.op:
            case "matmul":
                other = flipped[1] @ flipped[0]
            case "transpose":
                return flipped[0], straight[0]
            case "ones" | "zeros":
                rows, columns = self._known.of(expr)
                other = call(expr.op, rows=columns, columns=rows)
            case "identity" | "diag":
                other = same
            case "item":
                other = self._item(expr, flipped[0])
            case op if self._is_entrywise(expr) or traits_of(expr).loss or _has_no_axis(expr):
                other = Call(op, flipped, expr.options)
            case op if "axis" in lookup(op).options:
                other = Call(op, flipped, _other_axis(expr.options))
        if is_scalar(self._known.of(expr)):
            # Both are the same number; the one with fewer transposes reads better.
            best = same if other == _transposed(same) else fewer(same, other)
            return best, best
        return same, other

    def _is_entrywise(self, expr: Call) -> bool:
        """Whether an op reads entries at their own place; one slope for each row does not turn."""
        shapes = {self._known.of(arg) for arg in expr.args} - {SCALAR}
        return traits_of(expr).entrywise and len(shapes) <= 1

    def _item(self, expr: Call, flipped: Expr) -> Expr:
        row, column = (expr.option(name) for name in ("row", "column"))
        row, column = (part if isinstance(part, int) else 0 for part in (row, column))
        shape = self._known.of(expr.args[0])
        return call("item", flipped, row=column, column=None if is_column(turned(shape)) else row)


def _has_no_axis(expr: Call) -> bool:
    return expr.op in ("sum", "mean") and expr.option("axis") is None


def _other_axis(options: Options) -> Options:
    axis = 1 - axis_option(dict(options))
    return tuple((key, axis if key == "axis" else value) for key, value in options)


def _transposed(expr: Expr) -> Expr:
    return expr.args[0] if made(expr, "transpose") else expr.T


def fewer(first: Expr, second: Expr) -> Expr:
    """Return the expression with fewer transposes; the first where both have as many."""
    return min(first, second, key=_count)


def _count(expr: Expr) -> int:
    return sum(made(part, "transpose") for part in walk(expr))


def alike(
    exprs: Sequence[Expr],
    shapes: Mapping[str, Shape],
    names: frozenset[str],
) -> list[Expr]:
    """Return expressions over turned names, all of them equal or all transposed.

    What has the shape of turned names alone is transposed as they are, and so is what reads only
    such names; else the form with fewer transposes is taken.

    Args:
        exprs: of one shape, over the names as they were.
        shapes: the shape of every name before the turn.
        names: the names that now hold the transpose.

    """
    parts = [part for expr in exprs for part in walk(expr)]
    whole: set[str | Derivative] = {
        part
        for part in parts
        if isinstance(part, Derivative) and part.by in names and is_scalar(shapes[part.of])
    }
    turning = Turning(shapes, names | whole)
    straight, flipped = (list(map(turn, exprs)) for turn in (turning.straight, turning.flipped))
    read = {part for expr in exprs for part in names_in(expr) if not is_scalar(shapes[part])}
    known = Shapes(shapes)
    found = {known.of(expr) for expr in exprs} - {SCALAR}
    like = {name in names for name, shape in shapes.items() if shape in found}
    if not (read & names or whole):
        return straight
    if len(like) == 1:
        return flipped if True in like else straight
    fewer = sum(map(_count, flipped)) < sum(map(_count, straight))
    return flipped if read <= names or fewer else straight


def turned(shape: Shape) -> tuple[Dim, Dim]:
    """Return the shape of the transpose."""
    return shape[1], shape[0]
