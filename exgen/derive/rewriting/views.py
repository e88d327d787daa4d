"""An expression seen as a product of powers, or as a sum of products, and written again.

The way a view is written is the textbook's order: a sign, a number, scalars (over one bar where
something divides), arrays. Reading and writing are loops, so that no sum is too long.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING

from exgen.derive.rewriting.terms import FULL, Exact, Factor, Product, Sum, magnitude
from exgen.graph import Call, Derivative, Expr, Name, Number, Shape, Size, call, is_scalar, made
from exgen.ops.activations import LOG

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from exgen.derive.rewriting.terms import Known

SUMS = ("add", "sub")
PRODUCTS = ("mul", "div", "neg", "pow")
MANY = 100
"""A number raised to such a power is left as it is written."""
DECIMAL = 5
"""A denominator with this prime comes from a decimal, such as 0.9, and is left one."""


# --- reading -------------------------------------------------------------------------------------


def read_product(expr: Expr, known: Known) -> Product | None:
    """Return an expression as a product; None where something in it is divided by the number 0."""
    found = known.products.get(id(expr))
    if found is None:
        found = known.products[id(expr)] = expr, _product(expr, known)
    return found[1]


def _product(expr: Expr, known: Known) -> Product | None:
    number: Exact = FULL
    scalars, arrays = list[Factor](), list[Factor]()
    waiting: list[tuple[Expr, Exact]] = [(expr, FULL)]
    while waiting:
        part, power = waiting.pop()
        whole = power.denominator == 1
        match part:
            case Number(value) if whole and magnitude(power) < MANY and (value != 0 or power > 0):
                number *= value**power.numerator
            case Number(value) if value == 0:
                return None
            case Call("neg", (inner,)) if whole:
                number *= 1 if power.numerator % 2 == 0 else -1
                waiting.append((inner, power))
            case Call("mul", (left, right)) if whole:
                waiting += [(right, power), (left, power)]
            case Call("div", (above, below)) if whole:
                waiting += [(below, -power), (above, power)]
            case Call("pow", (base, Number(exponent))) if whole and exponent.numerator:
                waiting.append((base, power * exponent))
            case _:
                kept = scalars if is_scalar(known.shapes.of(part)) else arrays
                kept.append(Factor(part, power))
    return Product(number, tuple(scalars), tuple(arrays), known.shapes.of(expr))


def read_sum(expr: Expr, known: Known) -> Sum | None:
    """Return an expression as a sum; None where something is divided by the number 0."""
    found = known.sums.get(id(expr))
    if found is None:
        found = known.sums[id(expr)] = expr, _sum(expr, known)
    return found[1]


def _sum(expr: Expr, known: Known) -> Sum | None:
    terms: list[Product] = []
    waiting = [(expr, 1)]
    while waiting:
        part, sign = waiting.pop()
        match part:
            case Call("add", (left, right)):
                waiting += [(right, sign), (left, sign)]
            case Call("sub", (left, right)):
                waiting += [(right, -sign), (left, sign)]
            case Call("neg", (inner,)):
                waiting.append((inner, -sign))
            case _:
                term = read_product(part, known)
                if term is None:
                    return None
                terms.append(replace(term, number=sign * term.number))
    return Sum(tuple(terms), known.shapes.of(expr))


def is_sum(expr: Expr) -> bool:
    """Whether an expression is a sum or a difference."""
    return made(expr, *SUMS)


# --- writing -------------------------------------------------------------------------------------


def scaled(factor: Exact, rest: Expr | None) -> Expr:
    """Return a numeric factor times an expression."""
    if rest is None:
        return Number(Fraction(factor))
    if factor < 0:
        return -scaled(-factor, rest)
    return rest if factor == 1 else Number(Fraction(factor)) * rest


def write_product(product: Product) -> Expr:
    """Return a product as an expression: sign, number, scalars, arrays."""
    if product.number == 0:
        return filled("zeros", product.shape)
    # p log p rather than log p · p
    tops = sorted((f for f in product.scalars if f.power > 0), key=_is_log)
    above = [f.written() for f in tops]
    below = [f.written() for f in product.scalars if f.power < 0]
    size = magnitude(product.number)
    if not product.scalars and product.arrays and all(f.power < 0 for f in product.arrays):
        # 2 / p rather than 2 * (1 / p)
        size, array = FULL, _array(product, size)
    else:
        array = _array(product, FULL)
    size, scalar = _fraction(size, above, below)
    if (
        isinstance(array, Name | Derivative)
        and isinstance(scalar, Call)
        and scalar.op == "div"
        and not above
    ):
        over, under = scalar.args
        if over == Number(Fraction(1)) and not all(isinstance(part, Size) for part in below):
            # x / L rather than 1 / L * x
            scalar, array = None, array / under
    rest = array if scalar is None else scalar if array is None else scalar * array
    return scaled(size if product.number > 0 else -size, rest)


def _is_log(factor: Factor) -> bool:
    return LOG.made(factor.base)


def _array(product: Product, one: Exact) -> Expr | None:
    above = _multiplied(f.written() for f in product.arrays if f.power > 0)
    below = _multiplied(f.written() for f in product.arrays if f.power < 0)
    if below is not None:
        return (Number(Fraction(one)) if above is None else above) / below
    if above is None and not is_scalar(product.shape):
        return filled("ones", product.shape)
    return above


def _fraction(size: Exact, above: list[Expr], below: list[Expr]) -> tuple[Exact, Expr | None]:
    """Return the number that stays in front, and the scalars with at most one bar."""
    top, bottom = _multiplied(above), _multiplied(below)
    if bottom is None:
        return size, top
    over, under = size.numerator, size.denominator
    upper, lower = Number(Fraction(over)), Number(Fraction(under))
    if under % DECIMAL == 0:
        upper, lower = Number(Fraction(size)), Number(Fraction(1))
    if lower.value != 1:
        bottom = lower * bottom
    if all(isinstance(part, Size) for part in below):
        # plain names, as of a penalty's weight, and no gradient that arrives
        if top is not None and all(isinstance(part, Name) for part in above):
            return FULL, (top if upper.value == 1 else upper * top) / bottom
        share = upper / bottom
        return FULL, share if top is None else share * top
    if top is None:
        return FULL, upper / bottom
    return FULL, (top if upper.value == 1 else upper * top) / bottom


def _multiplied(factors: Iterable[Expr]) -> Expr | None:
    parts = list(factors)
    return reduce(lambda left, right: left * right, parts) if parts else None


def filled(op: str, shape: Shape) -> Expr:
    """Return an array of ones or zeros; of a scalar's shape it is the number."""
    if is_scalar(shape):
        return Number(Fraction(1 if op == "ones" else 0))
    return call(op, rows=shape[0], columns=shape[1])


def write_sum(total: Sum) -> Expr:
    """Return a sum as an expression: its terms with signs between them."""
    if not total.terms:
        return filled("zeros", total.shape)
    terms = list(total.terms)
    if all(is_scalar(term.shape) for term in terms):
        # Nothing is left that would stretch the scalars.
        terms[0] = replace(terms[0], shape=total.shape)
    found = write_product(terms[0])
    for term in terms[1:]:
        size = write_product(replace(term, number=magnitude(term.number)))
        found = found - size if term.number < 0 else found + size
    return found


# --- comparing -----------------------------------------------------------------------------------


def likeness(term: Product) -> Hashable:
    """Return what products share that differ at most in number and in the order of factors."""
    return tuple(
        frozenset(Counter((factor.base, factor.power) for factor in factors).items())
        for factors in (term.arrays, term.scalars)
    )


def position(base: Expr, factors: Iterable[Factor]) -> int | None:
    """Return where a base stands among factors; None where it does not."""
    return next((n for n, factor in enumerate(factors) if factor.base == base), None)
