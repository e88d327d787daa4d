"""One entry of a gradient by cases: the entry that was reused, and the others.

A gradient such as ``(x.T @ g) * unit(n, 0) + x[0] * g`` has one form at position 0 and another
elsewhere. Where entries were sorted, the entry of the upstream gradient is found by its rank.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from exgen.derive.index import Form, Letters
from exgen.errors import KindError
from exgen.graph import (
    Call,
    Entry,
    Expr,
    Index,
    Shape,
    SumOver,
    as_expr,
    made,
    operands,
    rebuild,
    reindexed,
    walk,
)
from exgen.ops.order import PERMUTATION, SORT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Pair

ZERO, ONE_ = as_expr(0), as_expr(1)
RUNNING = "j"
TAKEN_APART = frozenset({"add", "sub", "neg", "mul", "div", "matmul", "transpose", "item"})
KNOWN = frozenset({"ones", "zeros", "unit", SORT.name, PERMUTATION.name})
RANK = re.compile(r"\\rho\(([A-Za-z]|\d+)\)")
"""The position that an entry takes when its column is sorted, as an index."""


def rank_of(index: str) -> str:
    """Return the name of a position's rank, as it prints inside an index."""
    return rf"\rho({index})"


def reused(expr: Expr) -> tuple[int, ...]:
    """Return the positions at which a gradient has a form of its own."""
    places = {int(str(p.option("position"))) for p in walk(expr) if made(p, "unit")}
    return tuple(sorted(places))


def entry_by_cases(expr: Expr, shapes: Mapping[str, Shape], index: Index, label: str) -> Expr:
    """Return the entry of a column expression at a position.

    Args:
        expr: the expression.
        shapes: the shape of every name.
        index: the letter of a position without a case of its own, or the position itself.
        label: how the position prints inside a rank.

    Raises:
        KindError: an op on the way has no entry that can be written down.

    """
    for part in walk(expr):
        if isinstance(part, Call) and part.op not in TAKEN_APART | KNOWN:
            raise KindError(
                f"a gradient with '{part.op}' has no entries that can be told apart by cases",
                remedy="Use entries x[0], products, sums and sort.",
            )
    letters = Letters({dim: RUNNING for shape in shapes.values() for dim in shape})
    form = _Cases(shapes, letters, index, label).at(expr, (index, 0), frozenset())
    return _collected(_without_zeros(form))


class _Cases(Form, frozen=True):
    index: Index
    label: str

    def at(self, expr: Expr, index: Pair, taken: frozenset[Index]) -> Expr:
        if made(expr, SORT.name):
            return Entry(expr, index)
        return Form.at(self, expr, index, taken)

    def call(self, expr: Call, index: Pair, taken: frozenset[Index]) -> Expr:
        match expr:
            case Call("unit"):
                return ONE_ if expr.option("position") == index[0] else ZERO
            case Call("matmul", (Call("transpose", (Call(PERMUTATION.name),)), inner)):
                if index[0] != self.index:
                    break_up = "a sorted gradient stands inside a sum"
                    raise KindError(break_up, remedy="Give the sorted vector a line of its own.")
                return self.at(inner, (rank_of(self.label), 0), taken)
        return Form.call(self, expr, index, taken)


def _without_zeros(expr: Expr) -> Expr:
    """Return an expression without the factors 0 and 1 that a case leaves behind."""
    match rebuild(expr, _without_zeros):
        case Call("mul", args) if ZERO in args:
            return ZERO
        case Call("mul", (left, right)) if ONE_ in (left, right):
            return right if left == ONE_ else left
        case Call("add", (left, right)) if ZERO in (left, right):
            return right if left == ZERO else left
        case Call("sub", (left, right)) if right == ZERO:
            return left
        case tidy:
            return tidy


def _collected(expr: Expr) -> Expr:
    """Take the term of a sum that stands beside it too out of it, and count both."""
    match expr:
        case Call("add", (SumOver() as total, single)) | Call("add", (single, SumOver() as total)):
            for position in _positions(single):
                inside = reindexed(total.body, {total.index: position})
                if Counter(operands(inside, "mul")) == Counter(operands(single, "mul")):
                    rest = SumOver(total.index, total.size, total.body, position)
                    return as_expr(2) * single + rest
    return expr


def _positions(expr: Expr) -> list[int]:
    rows = (part.indices[0] for part in walk(expr) if isinstance(part, Entry))
    return [row for row in rows if isinstance(row, int)]
