"""Rules for sums and differences: signs, equal terms, ones, a matrix and its transpose."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from exgen.derive.rewriting.matrices import transposed
from exgen.derive.rewriting.rule import Rule
from exgen.derive.rewriting.terms import Product, Sum
from exgen.derive.rewriting.views import is_sum, likeness, read_sum, write_product, write_sum
from exgen.graph import SCALAR, Call, Expr

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from exgen.derive.rewriting.rule import Known


def without_brackets(expr: Call, known: Known) -> Expr | None:
    """Write a sum without brackets inside it."""
    if id(expr) in known.orderly:
        return None
    total = read_sum(expr, known)
    return None if total is None else noted(expr, total, known)


def noted(expr: Expr, total: Sum, known: Known) -> Expr | None:
    """Return a sum as an expression, remembered as in order; None where it is the old one."""
    found = write_sum(total)
    if found == expr:
        known.orderly[id(expr)] = expr
        return None
    known.shapes.seen[id(found)] = found, known.shapes.of(expr)
    if is_sum(found):
        known.orderly[id(found)] = found
        known.sums[id(found)] = found, total
    return found


def collected(total: Sum, _known: Known) -> Sum | None:
    """Add up terms that differ in their numbers only, and drop what is 0."""
    found: list[Product] = []
    places: dict[Hashable, int] = {}
    for term in total.terms:
        place = places.setdefault(likeness(term), len(found))
        if place == len(found) or term.shape != found[place].shape:
            found.append(term)
        else:
            found[place] = replace(found[place], number=found[place].number + term.number)
    found = [term for term in found if term.number != 0]
    return None if len(found) == len(total.terms) else Sum(tuple(found), total.shape)


def positive_first(total: Sum, _known: Known) -> Sum | None:
    """Begin with a term that has no minus."""
    if not total.terms or total.terms[0].number > 0:
        return None
    first = next((n for n, term in enumerate(total.terms) if term.number > 0), None)
    if first is None:
        return None
    rest = (*total.terms[:first], *total.terms[first + 1 :])
    return Sum((total.terms[first], *rest), total.shape)


def without_ones_terms(total: Sum, _known: Known) -> Sum | None:
    """Write a multiple of the array of ones beside another array as its number."""
    ones = [_is_ones(term) for term in total.terms]
    if not any(ones) or all(
        own or not term.arrays for own, term in zip(ones, total.terms, strict=True)
    ):
        return None
    terms = (
        replace(term, arrays=(), shape=SCALAR) if own else term
        for own, term in zip(ones, total.terms, strict=True)
    )
    return Sum(tuple(terms), total.shape)


def _is_ones(term: Product) -> bool:
    bases = [factor.base for factor in term.arrays]
    return bool(bases) and all(isinstance(base, Call) and base.op == "ones" for base in bases)


def with_its_transpose(total: Sum, known: Known) -> Expr | None:
    """Write the product with a matrix plus that with its transpose as one."""
    if len(total.terms) != 2:  # noqa: PLR2004 - the matrix and its transpose
        return None
    first, second = total.terms
    if (first.number, first.scalars) != (second.number, second.scalars):
        return None
    pairs = [term.arrays[0].base for term in total.terms if len(term.arrays) == 1]
    match pairs:
        case [Call("matmul", (a, x)), Call("matmul", (b, y))]:
            if x == y and transposed(a, known) == b:
                return write_product(first.coefficient) * ((a + b) @ x)
            if a == b and transposed(x, known) == y:
                return write_product(first.coefficient) * (a @ (x + y))
    return None


def on_sum(change: Callable[[Sum, Known], Sum | None]) -> Callable[[Call, Known], Expr | None]:
    """Return a change of sums as one of expressions."""

    def apply(expr: Call, known: Known) -> Expr | None:
        total = read_sum(expr, known)
        changed = None if total is None else change(total, known)
        return None if changed is None else noted(expr, changed, known)

    return apply


def _join(expr: Call, known: Known) -> Expr | None:
    total = read_sum(expr, known)
    return None if total is None else with_its_transpose(total, known)


RULES = (
    Rule(
        "no brackets in a sum",
        left="a - (b - (c + -d))",
        right="a - b + c - d",
        sizes="a[n, m], b[n, m], c[n, m], d[n, m]",
        guard="",
        apply=without_brackets,
    ),
    Rule(
        "equal terms",
        left="2 * (a * b) - c + 3 * (b * a)",
        right="5 * (a * b) - c",
        sizes="a[n, m], b[n, m], c[n, m]",
        guard="they differ in their numbers at most",
        apply=on_sum(collected),
    ),
    Rule(
        "a positive term first",
        left="-a + b",
        right="b - a",
        sizes="a[n, m], b[n, m]",
        guard="",
        apply=on_sum(positive_first),
    ),
    Rule(
        "ones beside an array",
        left="a - 2 * ones(N, m)",
        right="a - 2",
        sizes="a[N, m]",
        guard="a number beside an array is a multiple of the array of ones",
        apply=on_sum(without_ones_terms),
    ),
    Rule(
        "a matrix and its transpose",
        left="a @ b + a.T @ b",
        right="(a + a.T) @ b",
        sizes="a[N, N], b[N, m]",
        guard="both products have the same other factor",
        apply=_join,
    ),
)
