"""One entry of a gradient by cases: the entry that was reused, and the others.

A gradient such as ``(x.T @ g) * unit(n, 0) + x[0] * g`` has one form at position 0 and another
elsewhere. Where entries were sorted, the entry of the upstream gradient is found by its rank.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.errors import KindError
from exgen.graph import (
    Call,
    Derivative,
    Entry,
    Expr,
    Index,
    Name,
    Number,
    Shape,
    SumOver,
    as_expr,
    is_scalar,
    reindexed,
    walk,
)
from exgen.ops.order import PERMUTATION, SORT
from exgen.shapes import shape_of

if TYPE_CHECKING:
    from collections.abc import Mapping

ZERO, ONE_ = as_expr(0), as_expr(1)
RUNNING = "j"
RANK = re.compile(r"\\rho\(([A-Za-z]|\d+)\)")
"""The position that an entry takes when its column is sorted, as an index."""


def rank_of(index: str) -> str:
    """Return the name of a position's rank, as it prints inside an index."""
    return rf"\rho({index})"


def reused(expr: Expr) -> tuple[int, ...]:
    """Return the positions at which a gradient has a form of its own."""
    places = {
        int(str(part.option("position")))
        for part in walk(expr)
        if isinstance(part, Call) and part.op == "unit"
    }
    return tuple(sorted(places))


class Cases(Struct, frozen=True):
    """Gives the entries of a column expression.

    Attributes:
        shapes: the shape of every name.
        index: the letter of a position, or the position itself.
        label: how the position prints inside a rank.

    """

    shapes: Mapping[str, Shape]
    index: Index
    label: str

    def entry(self, expr: Expr) -> Expr:
        """Return the expression's entry at the position.

        Raises:
            KindError: an op on the way has no entry that can be written down.

        """
        return _collected(self._at(expr, self.index))

    def _at(self, expr: Expr, index: Index) -> Expr:
        if is_scalar(shape_of(expr, self.shapes)):
            return self._scalar(expr)
        match expr:
            case Name() | Derivative():
                return Entry(expr, (index, 0))
            case Call(SORT.name):
                return Entry(expr, (index, 0))
            case Call("unit"):
                return ONE_ if expr.option("position") == index else ZERO
            case Call("ones"):
                return ONE_
            case Call("zeros"):
                return ZERO
            case Call("neg", (inner,)):
                return -self._at(inner, index)
            case Call("add" | "sub" | "mul" | "div" as op, (left, right)):
                return _combined(op, self._at(left, index), self._at(right, index))
            case Call("matmul", (Call("transpose", (Call(PERMUTATION.name),)), inner)):
                if index != self.index:
                    break_up = "a sorted gradient stands inside a sum"
                    raise KindError(break_up, remedy="Give the sorted vector a line of its own.")
                return self._at(inner, rank_of(self.label))
        raise _no_entry(expr)

    def _scalar(self, expr: Expr) -> Expr:
        match expr:
            case Number() | Name() | Derivative():
                return expr
            case Call("item", (inner,)):
                return Entry(inner, (int(str(expr.option("row"))), 0))
            case Call("neg", (inner,)):
                return -self._scalar(inner)
            case Call("matmul", (Call("transpose", (left,)), right)):
                size = shape_of(left, self.shapes)[0]
                body = _combined("mul", self._at(left, RUNNING), self._at(right, RUNNING))
                return SumOver(RUNNING, size, body)
            case Call("add" | "sub" | "mul" | "div" as op, (left, right)):
                return _combined(op, self._scalar(left), self._scalar(right))
        raise _no_entry(expr)


def _no_entry(expr: Expr) -> KindError:
    what = expr.op if isinstance(expr, Call) else type(expr).__name__
    return KindError(
        f"a gradient with '{what}' has no entries that can be told apart by cases",
        remedy="Use entries x[0], products, sums and sort.",
    )


def _combined(op: str, left: Expr, right: Expr) -> Expr:
    """Return a sum or a product without the 0 and 1 that a case leaves behind."""
    if op == "mul" and ZERO in (left, right):
        return ZERO
    if op == "mul" and ONE_ in (left, right):
        return right if left == ONE_ else left
    if op in ("add", "sub") and right == ZERO:
        return left
    if left == ZERO and op == "add":
        return right
    return Call(op, (left, right))


def _collected(expr: Expr) -> Expr:
    """Take the term of a sum that stands beside it too out of it, and count both."""
    match expr:
        case Call("add", (SumOver() as total, single)) | Call("add", (single, SumOver() as total)):
            for position in _positions(single):
                inside = reindexed(total.body, {total.index: position})
                if _factors(inside) == _factors(single):
                    rest = SumOver(total.index, total.size, total.body, position)
                    return as_expr(2) * single + rest
    return expr


def _positions(expr: Expr) -> list[int]:
    rows = (part.indices[0] for part in walk(expr) if isinstance(part, Entry))
    return [row for row in rows if isinstance(row, int)]


def _factors(expr: Expr) -> Counter[Expr]:
    match expr:
        case Call("mul", (left, right)):
            return _factors(left) + _factors(right)
    return Counter([expr])
