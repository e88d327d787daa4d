"""Rules for products and quotients: order, one bar, what cancels, powers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from exgen.derive.rewriting.rule import rule
from exgen.derive.rewriting.terms import FULL, Factor, Factors, Product, Sum
from exgen.derive.rewriting.views import (
    is_sum,
    position,
    read_product,
    read_sum,
    write_product,
    write_sum,
)
from exgen.graph import Call, Expr, Name, call, is_column, is_scalar, made

if TYPE_CHECKING:
    from exgen.derive.rewriting.terms import Known


@rule("a * (s * (2 * b))", "2 * (s * (a * b))", "a[n, M], b[n, M], s[]", of=read_product)
def in_order(product: Product, _known: Known) -> Product:
    """Write numbers first, then scalars with one bar, then arrays."""
    return product


ONE_BAR = replace(
    in_order, left="a * (s / t) / u", right="s / (t * u) * a", sizes="a[n, M], s[], t[], u[]"
)


@rule("a * ones(n, M)", "a", "a[n, M]", of=read_product)
def without_ones(product: Product, _known: Known) -> Product | None:
    """Drop arrays of ones beside another array."""
    kept = tuple(f for f in product.arrays if not made(f.base, "ones"))
    return None if len(kept) == len(product.arrays) else replace(product, arrays=kept)


@rule(
    "a / (b * c) * b",
    "a / c",
    "a[n, m], b[n, m], c[n, m]",
    "no entry of b is 0",
    of=read_product,
)
def cancelled(product: Product, _known: Known) -> Product | None:
    """Cancel what stands above and below the bar."""
    scalars, arrays = (_merged(f, cancel=True) for f in (product.scalars, product.arrays))
    if len(scalars) + len(arrays) == len(product.scalars) + len(product.arrays):
        return None
    return replace(product, scalars=scalars, arrays=arrays)


def _merged(factors: Factors, *, cancel: bool) -> Factors:
    """Return factors with powers of the same added up; to cancel, only those of other signs."""
    found: list[Factor] = []
    for factor in factors:
        for place, other in enumerate(found):
            if other.base == factor.base and not (cancel and other.power * factor.power > 0):
                left = other.power + factor.power
                found[place : place + 1] = [Factor(factor.base, left)] if left else []
                break
        else:
            found.append(factor)
    return tuple(found)


@rule(
    "s * t * s ** 2",
    "s ** 3 * t",
    "s[], t[]",
    "scalars; of arrays the factors stay apart, as the slopes that they are",
    of=read_product,
)
def powers(product: Product, _known: Known) -> Product | None:
    """Write a scalar that stands there twice as a power."""
    found = _merged(product.scalars, cancel=False)
    return None if len(found) == len(product.scalars) else replace(product, scalars=found)


@rule(
    "a / s * b",
    "q * b",
    "a[n, m], b[n, m], s[], q[n, m]",
    "q = a / s is a line of the network",
    of=read_product,
)
def named(product: Product, known: Known) -> Product | None:
    """Write a quotient that is a line of the network by its name."""
    if not known.quotients or not product.divisors:
        return None
    for name, line in known.quotients.items():
        whole = read_product(line, known)
        if whole is None or whole.number != 1 or bool(whole.arrays) > bool(product.arrays):
            continue
        scalars = _taken_out(product.scalars, whole.scalars)
        arrays = _taken_out(product.arrays, whole.arrays)
        if scalars is None or arrays is None:
            continue
        own = (Factor(Name(name)),)
        if whole.arrays:
            return replace(product, scalars=scalars, arrays=own + arrays)
        return replace(product, scalars=own + scalars)
    return None


def _taken_out(factors: Factors, whole: Factors) -> Factors | None:
    """Return what is left of factors without those of a whole; None where one is missing."""
    rest = list(factors)
    for factor in whole:
        place = position(factor.base, rest)
        if place is None:
            return None
        left = rest[place].power - factor.power
        if left * factor.power < 0 or rest[place].power * factor.power < 0:
            return None
        rest[place : place + 1] = [Factor(factor.base, left)] if left else []
    return tuple(rest)


@rule(
    "a * b * unit(N, 0)",
    "a[0] * b[0] * unit(N, 0)",
    "a[N], b[N]",
    "the factors are columns",
    of=read_product,
)
def with_a_unit(product: Product, known: Known) -> Product | None:
    """Write an array times a unit vector as the vector times the entry that it picks."""
    units = [f for f in product.arrays if made(f.base, "unit") and f.power == 1]
    others = [f for f in product.arrays if not made(f.base, "unit")]
    if len(units) != 1 or not others or not all(is_column(known.shapes.of(f.base)) for f in others):
        return None
    unit = units[0].base
    entries = tuple(Factor(entry_at(f.base, unit), f.power) for f in others)
    return replace(product, scalars=product.scalars + entries, arrays=(units[0],))


def entry_at(column: Expr, unit: Expr) -> Expr:
    """Return the entry of a column that a unit vector picks."""
    position = unit.option("position") if isinstance(unit, Call) else 0
    return call("item", column, row=position, column=None)


@rule(
    "b * (a / b - c)",
    "a - b * c",
    "a[n, m], b[n, m], c[n, m]",
    "at least half of the terms are divided by it",
    of=read_product,
)
def distributed(product: Product, known: Known) -> Expr | None:
    """Multiply a sum by a factor that cancels in half of its terms."""
    factors = (*product.scalars, *product.arrays)
    if len(factors) < 2:  # noqa: PLR2004 - a factor and a sum
        return None
    for number, factor in enumerate(factors):
        if not is_sum(factor.base) or factor.power != 1:
            continue
        inner = read_sum(factor.base, known)
        if inner is None:
            continue
        for place, other in enumerate(factors):
            if place != number and _cancels(other, inner):
                return _put_in(product, (number, place), inner, known)
    return None


def _cancels(factor: Factor, inner: Sum) -> bool:
    count = 0
    for term in inner.terms:
        bases = [factor.base]
        bases += [entry_at(factor.base, f.base) for f in term.arrays if made(f.base, "unit")]
        count += any(
            own.power * factor.power < 0 and own.base in bases
            for own in (*term.scalars, *term.arrays)
        )
    # What divides has to cancel everywhere.
    return count == len(inner.terms) if factor.power < 0 else 2 * count >= len(inner.terms)


def _put_in(product: Product, places: tuple[int, int], inner: Sum, known: Known) -> Expr:
    count = len(product.scalars)
    kept = [n for n in range(count + len(product.arrays)) if n not in places]
    factors = (*product.scalars, *product.arrays)
    other = factors[places[1]]
    shape = known.shapes.of(other.base)
    single = (
        Product(FULL, (other,), (), shape)
        if places[1] < count
        else Product(FULL, (), (other,), shape)
    )
    before = places[1] < places[0]
    terms = tuple(single.times(t) if before else t.times(single) for t in inner.terms)
    total = shape if is_scalar(inner.shape) else inner.shape
    rest = Product(
        product.number,
        tuple(factors[n] for n in kept if n < count),
        tuple(factors[n] for n in kept if n >= count),
        product.shape,
    )
    within = write_sum(Sum(terms, total))
    if not (rest.scalars or rest.arrays or rest.number != 1):
        return within
    if not rest.arrays:
        return write_product(rest.coefficient) * within
    return write_product(rest) * within
