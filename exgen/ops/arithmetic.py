"""Entrywise arithmetic: sums, Hadamard products, quotients and powers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.errors import MisfitError
from exgen.graph import Expr, Number, Shape, call, is_scalar, shape_text
from exgen.ops.base import ArgShapes, Given, Sizes, named
from exgen.ops.entrywise import ENTRYWISE, MINUS, PLUS, entrywise

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_BITS = 100_000
HALF = Number(Fraction(1, 2))
OTHER_FACTOR = "The derivative of a product with respect to one factor is the other factor."


def _pow_shape(sizes: Sizes, shapes: ArgShapes, _options: Given) -> Shape:
    base, exponent = (sizes.shape(shape) for shape in shapes)
    if not is_scalar(exponent):
        raise MisfitError(
            f"the exponent must be a scalar, and this is {shape_text(exponent)}",
            "Write the power entry by entry as exp(y * log(x)).",
        )
    return base


def _power(base: Expr, exponent: Expr) -> Expr:
    """Return the derivative of ``base ** exponent`` by its base."""
    if isinstance(exponent, Number):
        lower = exponent.value - 1
        if exponent.value == 0:
            # A constant; 0 * x ** -1 would have no value at 0.
            return exponent * base
        return exponent * (base if lower == 1 else base ** Number(lower))
    return exponent * base ** (exponent - 1)


def _by_root(base: Expr, exponent: Expr, out: Expr) -> tuple[Expr, Expr]:
    # As a textbook has it: one over twice the root.
    slope = 1 / (2 * out) if exponent == HALF else _power(base, exponent)
    return slope, out * call("log", base)


def _pow_value(base: NDArray[Any], exponent: NDArray[Any]) -> NDArray[Any]:
    power = exponent.item()
    if not isinstance(power, Fraction):
        return np.asarray(base**power)
    if power.denominator != 1:
        return np.asarray(base.astype(float) ** float(power))
    if any(_bits(x) * abs(power) > MAX_BITS for x in base.flat if isinstance(x, Fraction)):
        raise MisfitError(f"a power of {power} has too many digits to be computed exactly")
    return np.asarray(base**power.numerator)


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


ADD = entrywise(
    "add",
    *("a", "b"),
    sign="+",
    value=lambda a, b: a + b,
    slopes=lambda _a, _b, _out: (PLUS, PLUS),
    why="A sum has derivative 1 with respect to each of its terms.",
    tex=lambda printer, args, this: printer.sum_of(this, args, "+"),
    formula=lambda _m, a, b: a + b,
    traits=replace(ENTRYWISE, linear=(0, 1)),
    words=named("sum", *(2 * ("The derivative of a sum with respect to a term is 1.",))),
)
SUB = entrywise(
    "sub",
    *("a", "b"),
    sign="-",
    value=lambda a, b: a - b,
    slopes=lambda _a, _b, _out: (PLUS, MINUS),
    why="A difference has derivative 1 with respect to its first term and minus 1 with respect to "
    "the second.",
    tex=lambda printer, args, this: printer.sum_of(this, args, "-"),
    formula=lambda _m, a, b: a - b,
    traits=replace(ENTRYWISE, linear=(0, 1)),
    words=named(
        "difference",
        "The derivative of a difference with respect to its first term is 1.",
        "The derivative of a difference with respect to its second term is $-1$.",
    ),
)
NEG = entrywise(
    "neg",
    "a",
    sign="-",
    value=lambda a: -a,
    slopes=lambda _a, _out: (MINUS,),
    why="A change of sign has derivative -1.",
    tex=lambda printer, args, _this: printer.negative(args[0]),
    formula=lambda _m, a: -a,
    traits=replace(ENTRYWISE, linear=(0,)),
    words=named("sign", "The derivative of $-<u>$ is $-1$."),
)
MUL = entrywise(
    "mul",
    *("a", "b"),
    sign="*",
    value=lambda a, b: a * b,
    slopes=lambda a, b, _out: (b, a),
    why=OTHER_FACTOR,
    tex=lambda printer, args, this: printer.product_of(this, args),
    formula=lambda _m, a, b: a * b,
    traits=replace(ENTRYWISE, linear=(0, 1)),
    words=named("entrywise product", OTHER_FACTOR, OTHER_FACTOR),
)
DIV = entrywise(
    "div",
    *("a", "b"),
    sign="/",
    value=lambda a, b: a / b,
    slopes=lambda a, b, _out: (1 / b, -(a / b**2)),
    backward=lambda _a, b, out: (1 / b, -(out / b)),
    why="Quotient rule: a/b has derivative 1/b with respect to a and -a/b² with respect to b.",
    tex=lambda printer, args, this: printer.quotient_of(this, args),
    formula=lambda _m, a, b: a / b,
    traits=replace(ENTRYWISE, linear=(0,)),
    words=named(
        "quotient",
        "The derivative of $<u>/<v>$ with respect to $<u>$ is $1/<v>$.",
        "The derivative of $<u>/<v>$ with respect to $<v>$ is $-<u>/<v>^2$.",
    ),
)
POW = entrywise(
    "pow",
    *("base", "exponent"),
    sign="**",
    shape=_pow_shape,
    shape_why="A power is taken entry by entry and keeps the shape.",
    value=_pow_value,
    slopes=lambda base, exponent, out: (_power(base, exponent), out * call("log", base)),
    backward=_by_root,
    why="Power rule: multiply by the exponent and lower the exponent by one.",
    tex=lambda printer, args, this: printer.power_of(this, args),
    formula=lambda m, base, exponent: m.power(base, exponent),
    words=named(
        "power",
        "Power rule: the derivative of $<u>^n$ is $n\\,<u>^{n-1}$.",
        "The derivative of $c^<u>$ is $c^<u> \\log c$.",
    ),
)

TERMS = frozenset(row.name for row in (ADD, SUB, NEG))
"""The ops between the terms of one sum."""

ROWS = (ADD, SUB, NEG, MUL, DIV, POW)
