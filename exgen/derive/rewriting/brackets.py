"""Rules between sums and products: what comes out of a bracket, and what is multiplied out."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product as combinations
from math import gcd
from typing import TYPE_CHECKING

from exgen.derive.rewriting.products import cancelled, powers, without_ones
from exgen.derive.rewriting.rule import rule
from exgen.derive.rewriting.sums import collected, positive_first
from exgen.derive.rewriting.terms import FULL, Exact, Factor, Factors, Product, Sum, magnitude
from exgen.derive.rewriting.views import (
    is_sum,
    position,
    read_product,
    read_sum,
    write_product,
    write_sum,
)
from exgen.graph import SCALAR, Expr, is_scalar, walk

if TYPE_CHECKING:
    from exgen.derive.rewriting.terms import Known

MOST_TERMS = 16
"""A sum that has more terms when it is multiplied out stays as it is."""


@rule(
    "(2 * s * a - 4 * s) * b",
    "2 * s * (a - 2) * b",
    "a[n, m], b[n, m], s[]",
    "the bracket is a factor; alone, a scalar sum keeps its terms apart",
    of=read_product,
)
def common_in_bracket(product: Product, known: Known) -> Expr | None:
    """Take a number or a scalar that all terms of a bracket have out of it."""
    if len(product.scalars) + len(product.arrays) < 2:  # noqa: PLR2004
        return None
    for factor in (*product.scalars, *product.arrays):
        inner = read_sum(factor.base, known) if _is_bracket(factor) else None
        front = None if inner is None else _common_front(inner)
        if inner is None or front is None:
            continue
        terms = tuple(_reduced(term.times(_inverse(front)), known) for term in inner.terms)
        # What is left may be a sum of scalars: (1 - s) x rather than x ⊙ (1 - s).
        shape = inner.shape if any(term.arrays for term in terms) else SCALAR
        inside = Factor(write_sum(Sum(terms, shape)))
        number = product.number * front.number
        scalars = _put(product.scalars, factor, ())
        arrays = _put(
            product.arrays, factor, front.arrays if is_scalar(shape) else (*front.arrays, inside)
        )
        if is_scalar(inner.shape):
            scalars = _put(product.scalars, factor, (*front.scalars, inside))
        else:
            scalars = (*scalars, *front.scalars, *((inside,) if is_scalar(shape) else ()))
        return write_product(replace(product, number=number, scalars=scalars, arrays=arrays))
    return None


def _put(factors: Factors, old: Factor, new: Factors) -> Factors:
    """Return factors with others in the place of one of them, if it is there."""
    place = next((n for n, factor in enumerate(factors) if factor is old), None)
    return factors if place is None else (*factors[:place], *new, *factors[place + 1 :])


def _inverse(front: Product) -> Product:
    return Product(
        1 / Fraction(front.number),
        tuple(Factor(f.base, -f.power) for f in front.scalars),
        tuple(Factor(f.base, -f.power) for f in front.arrays),
        front.shape,
    )


def _common_front(inner: Sum) -> Product | None:
    """Return what all terms have as a factor; None where there is nothing."""
    first, *others = inner.terms
    if magnitude(first.number) == 1 and not first.scalars and not first.arrays:
        return None
    scalars = _common_of(first.scalars, [term.scalars for term in others])
    arrays = _common_of(first.arrays, [term.arrays for term in others])
    number = Fraction(1)
    if all(Fraction(term.number).denominator == 1 for term in inner.terms):
        number = Fraction(gcd(*(int(term.number) for term in inner.terms)))
    if number == 1 and not scalars and not arrays:
        return None
    return Product(number, scalars, arrays, inner.shape if arrays else SCALAR)


def _common_of(factors: Factors, others: list[Factors]) -> Factors:
    common = ((factor, _common(factor, others)) for factor in factors)
    return tuple(Factor(factor.base, power) for factor, power in common if power > 0)


@rule(
    "(1 - a) * b - a * (1 - b)",
    "b - a",
    "a[n, m], b[n, m]",
    "there is less to read afterwards",
    of=read_sum,
)
def multiplied_out(total: Sum, known: Known) -> Sum | None:
    """Multiply brackets out where that leaves less to read."""
    if len(total.terms) < 2 or not any(map(_has_bracket, total.terms)):  # noqa: PLR2004 - a sum
        return None
    found: list[Product] = []
    for term in total.terms:
        parts = _expanded(term, known)
        if parts is None or len(found) + len(parts) > MOST_TERMS:
            return None
        found += parts
    new = Sum(tuple(found), total.shape)
    less = collected.change(new, known)
    if less is None or len(less.terms) > len(total.terms):
        return None
    return less if _length(less) < _length(total) else None


def _has_bracket(term: Product) -> bool:
    return any(_is_bracket(factor) for factor in (*term.scalars, *term.arrays))


def _is_bracket(factor: Factor) -> bool:
    return factor.power == 1 and is_sum(factor.base)


def _expanded(term: Product, known: Known) -> list[Product] | None:
    """Return the products that a product of sums is the sum of."""
    plain = Product(term.number, (), (), SCALAR)
    brackets: list[tuple[Product, ...]] = []
    for factor, scalar in (*((f, True) for f in term.scalars), *((f, False) for f in term.arrays)):
        if _is_bracket(factor):
            inner = read_sum(factor.base, known)
            if inner is None:
                return None
            brackets.append(inner.terms)
        else:
            one = (factor,)
            shape = SCALAR if scalar else term.shape
            single = Product(FULL, one, (), shape) if scalar else Product(FULL, (), one, shape)
            plain = plain.times(single)
    count = 1
    for bracket in brackets:
        count *= len(bracket)
    if count > MOST_TERMS:
        return None
    found: list[Product] = []
    for choice in combinations(*brackets):
        whole = plain
        for part in choice:
            whole = whole.times(part)
        found.append(_reduced(whole, known))
    return found


def _length(total: Sum) -> int:
    """Return how much there is to read in a sum."""
    return sum(
        1 + (magnitude(term.number) != 1) + sum(map(_size, (*term.scalars, *term.arrays)))
        for term in total.terms
    )


def _size(factor: Factor) -> int:
    return sum(1 for _ in walk(factor.base)) + (magnitude(factor.power) != 1)


@rule(
    "s / u - t / u",
    "(s - t) / u",
    "s[], t[], u[]",
    "every term is divided by the same",
    of=read_sum,
)
def shared_factors(total: Sum, known: Known) -> Expr | None:
    """Put what all terms are divided by below one bar, and scalars of all arrays in front."""
    if len(total.terms) < 2:  # noqa: PLR2004 - a sum
        return None
    first, *others = total.terms
    scalars, arrays = list[Factor](), list[Factor]()
    for factor in first.scalars:
        power = _common(factor, [term.scalars for term in others])
        everywhere = all(Factor(factor.base, power) in term.scalars for term in total.terms)
        # Of scalar terms only a common denominator: their factors say which path each came by.
        if power and (not is_scalar(total.shape) or (power < 0 and everywhere)):
            scalars.append(Factor(factor.base, power))
    for factor in first.arrays:
        power = _common(factor, [term.arrays for term in others])
        if power < 0:
            arrays.append(Factor(factor.base, power))
    plain = not is_scalar(total.shape) and not any(term.scalars for term in total.terms)
    numbers = {magnitude(term.number) for term in total.terms}
    if not scalars and not arrays and not (plain and len(numbers) == 1 and 1 not in numbers):
        return None
    sign = Fraction(-1 if all(term.number < 0 for term in total.terms) else 1)
    if len(numbers) == 1:
        sign *= magnitude(first.number)
    front = Product(sign, tuple(scalars), tuple(arrays), total.shape if arrays else SCALAR)
    terms = tuple(_reduced(term.times(_inverse(front)), known) for term in total.terms)
    inner = Sum(terms, total.shape)
    inside = write_sum(positive_first.change(inner, known) or inner)
    if arrays:
        inside = inside * write_product(front.bare)
    return write_product(front.coefficient) * inside


def _common(factor: Factor, others: list[Factors]) -> Exact:
    """Return the power of a factor that all products have; 0 where one has it not."""
    found = [factor.power]
    for factors in others:
        place = position(factor.base, factors)
        if place is None:
            return 0
        found.append(factors[place].power)
    if all(power > 0 for power in found):
        return min(found)
    return max(found) if all(power < 0 for power in found) else 0


def _reduced(term: Product, known: Known) -> Product:
    for reduced in (cancelled, powers, without_ones):
        term = reduced.change(term, known) or term
    return term if term.arrays else replace(term, shape=SCALAR)


SHARED_SCALAR = replace(
    shared_factors,
    left="s * a - 2 * s / t * b",
    right="s * (a - 2 / t * b)",
    sizes="a[n, M], b[n, M], s[], t[]",
    guard="the terms are arrays, and every one is a multiple of the same scalar",
)
