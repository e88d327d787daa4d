"""Rules for sums and differences: signs, equal terms, ones, a matrix and its transpose."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from exgen.derive.rewriting.matrices import transposed
from exgen.derive.rewriting.rule import rule
from exgen.derive.rewriting.terms import Product, Sum
from exgen.derive.rewriting.views import likeness, read_sum, write_product
from exgen.graph import SCALAR, Call, Expr, made

if TYPE_CHECKING:
    from collections.abc import Hashable

    from exgen.derive.rewriting.terms import Known


@rule("a - (b - (c + -d))", "a - b + c - d", "a[n, m], b[n, m], c[n, m], d[n, m]", of=read_sum)
def without_brackets(total: Sum, _known: Known) -> Sum:
    """Write a sum without brackets inside it."""
    return total


@rule(
    "2 * (a * b) - c + 3 * (b * a)",
    "5 * (a * b) - c",
    "a[n, m], b[n, m], c[n, m]",
    "they differ in their numbers at most",
    of=read_sum,
)
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


@rule("-a + b", "b - a", "a[n, m], b[n, m]", of=read_sum)
def positive_first(total: Sum, _known: Known) -> Sum | None:
    """Begin with a term that has no minus."""
    if not total.terms or total.terms[0].number > 0:
        return None
    first = next((n for n, term in enumerate(total.terms) if term.number > 0), None)
    if first is None:
        return None
    rest = (*total.terms[:first], *total.terms[first + 1 :])
    return Sum((total.terms[first], *rest), total.shape)


@rule(
    "a - 2 * ones(N, m)",
    "a - 2",
    "a[N, m]",
    "a number beside an array is a multiple of the array of ones",
    of=read_sum,
)
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
    return bool(term.arrays) and all(made(factor.base, "ones") for factor in term.arrays)


@rule(
    "a @ b + a.T @ b",
    "(a + a.T) @ b",
    "a[N, N], b[N, m]",
    "both products have the same other factor",
    of=read_sum,
)
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
