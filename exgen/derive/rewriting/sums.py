"""Rules for sums and differences: signs, equal terms, one bar, what cancels when multiplied out."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product as combinations
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
    read_sum,
    write_product,
    write_sum,
)
from exgen.graph import SCALAR, Expr, is_scalar, walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from exgen.derive.rewriting.rule import Known
    from exgen.graph import Call

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
    return less if less is not None and _length(less) < _length(total) else None


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
        if power < 0 or (power > 0 and not is_scalar(total.shape)):
            scalars.append(Factor(factor.base, power))
    for factor in first.arrays:
        power = _common(factor, [term.arrays for term in others])
        if power < 0:
            arrays.append(Factor(factor.base, power))
    if not scalars and not arrays:
        return None
    sign = Fraction(-1 if all(term.number < 0 for term in total.terms) else 1)
    if len({magnitude(term.number) for term in total.terms}) == 1:
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
