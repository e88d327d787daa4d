"""Rules for sums and differences: signs, equal terms, one bar, what cancels when multiplied out."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product as combinations
from math import gcd
from typing import TYPE_CHECKING

from exgen.derive.rewriting.products import cancelled, powers, without_ones
from exgen.derive.rewriting.rule import Rule
from exgen.derive.rewriting.views import (
    FULL,
    Exact,
    Factor,
    Factors,
    Product,
    Sum,
    alike,
    is_sum,
    magnitude,
    position,
    read_product,
    read_sum,
    write_product,
    write_sum,
)
from exgen.graph import SCALAR, Call, Expr, is_scalar, walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from exgen.derive.rewriting.rule import Known

MOST_TERMS = 16
"""A sum that has more terms when it is multiplied out stays as it is."""


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
    for term in total.terms:
        place = next((n for n, other in enumerate(found) if alike(term, other)), None)
        if place is None or term.shape != found[place].shape:
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


def common_in_bracket(expr: Call, known: Known) -> Expr | None:
    """Take a number or a scalar that all terms of a bracket have out of it."""
    product = read_product(expr, known)
    if product is None or len(product.scalars) + len(product.arrays) < 2:  # noqa: PLR2004
        return None
    for factor in (*product.scalars, *product.arrays):
        inner = read_sum(factor.base, known) if _is_bracket(factor) else None
        front = None if inner is None else _common_front(inner)
        if inner is None or front is None:
            continue
        inverse = Product(
            1 / Fraction(front.number),
            tuple(Factor(f.base, -f.power) for f in front.scalars),
            (),
            SCALAR,
        )
        terms = tuple(_reduced(term.times(inverse), known) for term in inner.terms)
        inside = Factor(write_sum(Sum(terms, inner.shape)))
        number = product.number * front.number
        scalars = tuple(inside if f is factor else f for f in product.scalars)
        arrays = tuple(inside if f is factor else f for f in product.arrays)
        place = next((n for n, f in enumerate(product.scalars) if f is factor), len(scalars))
        scalars = (*scalars[:place], *front.scalars, *scalars[place:])
        return write_product(replace(product, number=number, scalars=scalars, arrays=arrays))
    return None


def _common_front(inner: Sum) -> Product | None:
    """Return the number and the scalars that all terms have; None where there are none."""
    first, *others = inner.terms
    if magnitude(first.number) == 1 and not first.scalars:
        return None
    scalars = [
        Factor(factor.base, power)
        for factor in first.scalars
        if (power := _common(factor, [term.scalars for term in others])) > 0
    ]
    number = Fraction(1)
    if all(Fraction(term.number).denominator == 1 for term in inner.terms):
        number = Fraction(gcd(*(int(term.number) for term in inner.terms)))
    if number == 1 and not scalars:
        return None
    return Product(number, tuple(scalars), (), SCALAR)


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
    less = collected(new, known)
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
    inverse = Product(
        1 / sign,
        tuple(Factor(f.base, -f.power) for f in scalars),
        tuple(Factor(f.base, -f.power) for f in arrays),
        total.shape if arrays else SCALAR,
    )
    terms = tuple(_reduced(term.times(inverse), known) for term in total.terms)
    inner = Sum(terms, total.shape)
    inside = write_sum(positive_first(inner, known) or inner)
    front = write_product(Product(sign, tuple(scalars), (), SCALAR))
    if arrays:
        inside = inside * write_product(Product(FULL, (), tuple(arrays), total.shape))
    return front * inside


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
    for rule in (cancelled, powers, without_ones):
        term = rule(term, known) or term
    return term if term.arrays else replace(term, shape=SCALAR)


def on_sum(change: Callable[[Sum, Known], Sum | None]) -> Callable[[Call, Known], Expr | None]:
    """Return a change of sums as one of expressions."""

    def apply(expr: Call, known: Known) -> Expr | None:
        total = read_sum(expr, known)
        changed = None if total is None else change(total, known)
        return None if changed is None else noted(expr, changed, known)

    return apply


def _share(expr: Call, known: Known) -> Expr | None:
    total = read_sum(expr, known)
    return None if total is None else shared_factors(total, known)


BRACKETS = (
    Rule(
        "a common factor out of a bracket",
        left="(2 * s * a - 4 * s) * b",
        right="2 * s * (a - 2) * b",
        sizes="a[n, m], b[n, m], s[]",
        guard="the bracket is a factor; alone, a scalar sum keeps its terms apart",
        apply=common_in_bracket,
    ),
)

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
        "brackets whose terms cancel",
        left="(1 - a) * b - a * (1 - b)",
        right="b - a",
        sizes="a[n, m], b[n, m]",
        guard="there is less to read afterwards",
        apply=on_sum(multiplied_out),
    ),
    Rule(
        "one bar for all terms",
        left="s / u - t / u",
        right="(s - t) / u",
        sizes="s[], t[], u[]",
        guard="every term is divided by the same",
        apply=_share,
    ),
    Rule(
        "one scalar for all terms",
        left="s * a - 2 * s / t * b",
        right="s * (a - 2 / t * b)",
        sizes="a[n, M], b[n, M], s[], t[]",
        guard="the terms are arrays, and every one is a multiple of the same scalar",
        apply=_share,
    ),
)
