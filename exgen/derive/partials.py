"""Partial derivatives in index form: one entry of a line by one entry of a name it reads."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.derive.index import Letters, entry_form, over
from exgen.derive.jacobian import line_reading
from exgen.derive.simplify import simplify
from exgen.engine import site_of
from exgen.graph import (
    ONE,
    Call,
    Delta,
    Derivative,
    Entry,
    Expr,
    Graph,
    Index,
    Name,
    Shape,
    SumOver,
    as_expr,
    made,
    names_in,
    rebuild,
    reindexed,
    walk,
)
from exgen.ops import lookup
from exgen.shapes import shape_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Pair


def partial(graph: Graph, of: str, place: Pair, by: str, index: Pair, letters: Letters) -> Expr:
    """Return the derivative of an entry of a line by an entry of a name that the line reads.

    Raises:
        KindError: an op on the way has no index form.

    """
    expr = line_reading(graph, of, by)
    taken = frozenset((*place, *index))
    found = _Chain(graph.shapes, letters, by, index).of(expr, Name(of), place, taken)
    return simplify(found, graph.shapes)


class _Chain(Struct, frozen=True):
    shapes: Mapping[str, Shape]
    letters: Letters
    by: str
    index: Pair

    def of(self, expr: Expr, out: Expr, place: Pair, taken: frozenset[Index]) -> Expr:
        """Return the derivative of an expression's entry: the rules of its ops, chained."""
        if isinstance(expr, Name):
            return _same(place, self.index)
        if not isinstance(expr, Call):
            return as_expr(0)
        site = site_of(expr, out, self.shapes)
        terms: list[Expr] = []
        for position, arg in enumerate(expr.args):
            if self.by not in names_in(arg):
                continue
            (row, column), bound = self.letters.place(site.shapes[position], taken)
            inner, names = (row, column), taken | {row, column}
            if arg == Name(self.by):
                term = lookup(expr.op).entry(site, position, place, self.index)
                terms.append(self.resolved(_simple(term), taken))
                continue
            outer = self.resolved(
                _simple(lookup(expr.op).entry(site, position, place, inner)), names
            )
            body: Expr = outer * self.of(arg, arg, inner, names)
            terms.append(contracted(over(bound, body)))
        return reduce(lambda left, right: left + right, terms)

    def resolved(self, expr: Expr, taken: frozenset[Index]) -> Expr:
        """Write entries of composite expressions in index form too."""
        if isinstance(expr, Entry) and isinstance(expr.of, Call):
            shape = shape_of(expr.of, self.shapes)
            row, column = (
                0 if dim == ONE else n for dim, n in zip(shape, expr.indices, strict=True)
            )
            return entry_form(expr.of, (row, column), self.shapes, self.letters, avoid=taken)
        return rebuild(expr, lambda part: self.resolved(part, taken))


def _same(one: Pair, other: Pair) -> Expr:
    deltas: list[Expr] = [Delta(a, b) for a, b in zip(one, other, strict=True) if a != b]
    return reduce(lambda left, right: left * right, deltas, as_expr(1))


def _simple(expr: Expr) -> Expr:
    """Return an expression with Kronecker's delta of one index with itself as 1."""
    if isinstance(expr, Delta):
        return as_expr(1) if expr.left == expr.right else expr
    return rebuild(expr, _simple)


# --- sums with Kronecker's delta ---


def contracted(expr: Expr) -> Expr:
    """Return an expression in which a sum over a delta is the one term that is left."""
    tidy = rebuild(expr, contracted)
    if not isinstance(tidy, SumOver):
        return tidy
    match tidy.body:
        case Call("add" | "sub" as op, (left, right)) if _has_delta(tidy.body, tidy.index):
            halves = (contracted(SumOver(tidy.index, tidy.size, half)) for half in (left, right))
            return Call(op, tuple(halves))
        case Call("neg", (inner,)):
            return -contracted(SumOver(tidy.index, tidy.size, inner))
        case SumOver(index, size, inner) if _has_delta(inner, tidy.index):
            return SumOver(index, size, contracted(SumOver(tidy.index, tidy.size, inner)))
    factors = _factors(tidy.body)
    for n, factor in enumerate(factors):
        if not isinstance(factor, Delta):
            continue
        for one, other in ((factor.left, factor.right), (factor.right, factor.left)):
            if one == tidy.index:
                rest = [part for m, part in enumerate(factors) if m != n]
                product = reduce(lambda a, b: a * b, rest, as_expr(1))
                return _simple(reindexed(product, {tidy.index: other}))
    return tidy


def _has_delta(expr: Expr, index: str) -> bool:
    match expr:
        case Delta(left, right):
            return index in (left, right)
        case Call(_, args):
            return any(_has_delta(arg, index) for arg in args)
    return False


def _factors(expr: Expr) -> list[Expr]:
    match expr:
        case Call("mul", (left, right)):
            return [*_factors(left), *_factors(right)]
        case Call("div", (top, bottom)) if any(isinstance(p, Delta) for p in _factors(top)):
            return [*_factors(top), 1 / bottom]
    return [expr]


def ordered(expr: Expr) -> Expr:
    """Return products with numbers first, then gradients, and sums last.

    Behind the other factors a sum needs no brackets, and the upstream gradient stands where the
    chain rule has it.
    """
    tidy = rebuild(expr, ordered)
    if not made(tidy, "mul"):
        return tidy
    return reduce(lambda a, b: a * b, sorted(_factors(tidy), key=_rank))


def _rank(factor: Expr) -> int:
    match factor:
        case Entry(Derivative()):
            return 1
        case Delta():
            return 3
        case SumOver():
            return 4
    return 2 if any(isinstance(part, Entry) for part in walk(factor)) else 0
