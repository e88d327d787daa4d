"""Entrywise arithmetic: sums, Hadamard products, quotients and powers.

Both sides have the same shape, or one of them is a scalar. NumPy would also stretch a row against
a column; here that is an error, because a product printed that way is not one.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.errors import MisfitError
from exgen.graph import (
    ONE,
    SCALAR,
    Call,
    Expr,
    Number,
    OptionValue,
    Shape,
    Size,
    as_expr,
    call,
    is_column,
    is_scalar,
    shape_text,
)
from exgen.ops.base import (
    PLAIN,
    Op,
    Pair,
    Signature,
    Site,
    Sizes,
    both,
    entry_of,
    named,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from exgen.ops.base import Words
    from exgen.printing import Printed, Printer

MAX_BITS = 100_000
HALF = Number(Fraction(1, 2))
OTHER_FACTOR = "The derivative of a product with respect to one factor is the other factor."
ENTRYWISE_SHAPE = "Entrywise arithmetic keeps the shape; a scalar is combined with every entry."


def entrywise_shape(
    sizes: Sizes, shapes: tuple[Shape, ...], _options: Mapping[str, OptionValue]
) -> Shape:
    """Return the common shape of two arguments of which either may be a scalar."""
    left, right = (sizes.shape(shape) for shape in shapes)
    if is_scalar(left):
        return right
    if is_scalar(right):
        return left
    return sizes.require(
        left,
        right,
        f"cannot combine {shape_text(left)} with {shape_text(right)} entry by entry",
        "Both sides need the same shape, or one a scalar; '@' is the matrix product.",
    )


def reduce_to(gradient: Expr, site: Site, position: int) -> Expr:
    """Sum a gradient over all entries where the argument is a scalar that was stretched."""
    stretched = is_scalar(site.shapes[position]) and not is_scalar(site.out_shape)
    return call("sum", gradient, axis=None) if stretched else gradient


def paired(gradient: Expr, other: Expr, site: Site, position: int) -> Expr:
    """Return a gradient times another factor; their inner product for a scalar beside a column."""
    stretched = is_scalar(site.shapes[position]) and not is_scalar(site.out_shape)
    if stretched and is_column(site.out_shape):
        return gradient.T @ other
    return reduce_to(gradient * other, site, position)


def entrywise_jacobian(site: Site, position: int, slope: Expr, slope_shape: Shape) -> Expr | None:
    """Return the Jacobian of an entrywise op from its derivative, a scalar or a column."""
    rows = site.out_shape[0]
    if not is_column(site.out_shape):
        return None
    if is_scalar(site.out_shape):
        return slope
    if is_scalar(site.shapes[position]):
        return slope * call("ones", rows=rows, columns=ONE) if is_scalar(slope_shape) else slope
    if not is_scalar(slope_shape):
        return call("diag", slope)
    identity = call("identity", size=rows)
    return identity if slope == as_expr(1) else slope * identity


def at(expr: Expr, shape: Shape, index: Pair) -> Expr:
    """Return an entry, or the only one where the expression is a scalar."""
    return entry_of(expr, (0, 0)) if is_scalar(shape) else entry_of(expr, index)


def same_place(site: Site, position: int, out: Pair, arg: Pair) -> Expr:
    """Return 1 where an output entry reads an argument's entry, else 0."""
    return as_expr(1) if is_scalar(site.shapes[position]) else both(out, arg)


def _sub_entry(site: Site, position: int, out: Pair, arg: Pair) -> Expr:
    place = same_place(site, position, out, arg)
    return place if position == 0 else -place


def _mul_entry(site: Site, position: int, out: Pair, arg: Pair) -> Expr:
    other = 1 - position
    return at(site.args[other], site.shapes[other], out) * same_place(site, position, out, arg)


def _div_entry(site: Site, position: int, out: Pair, arg: Pair) -> Expr:
    top, bottom = (at(site.args[n], site.shapes[n], out) for n in (0, 1))
    slope = 1 / bottom if position == 0 else -(top / bottom**2)
    return slope * same_place(site, position, out, arg)


def _div_jacobian(site: Site, position: int) -> Expr | None:
    top, bottom = site.args
    if position == 0:
        return entrywise_jacobian(site, 0, 1 / bottom, site.shapes[1])
    return entrywise_jacobian(site, 1, -(top / bottom**2), site.out_shape)


def _sub_jacobian(site: Site, position: int) -> Expr | None:
    plain = entrywise_jacobian(site, position, as_expr(1), SCALAR)
    return plain if plain is None or position == 0 else -plain


def _pow_shape(
    sizes: Sizes, shapes: tuple[Shape, ...], _options: Mapping[str, OptionValue]
) -> Shape:
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


def _is_constant(exponent: Expr) -> bool:
    return isinstance(exponent, (Number, Size))


def _pow_vjp(site: Site, upstream: Expr) -> tuple[Expr | None, ...]:
    base, exponent = site.args
    to_base = upstream * _power(base, exponent)
    if exponent == HALF:
        # As a textbook has it: one over twice the root.
        to_base = upstream / (2 * site.out)
    if _is_constant(exponent):
        return to_base, None
    return to_base, call("sum", upstream * (site.out * call("log", base)), axis=None)


def _pow_jacobian(site: Site, position: int) -> Expr | None:
    if not is_column(site.out_shape):
        return None
    base, exponent = site.args
    if position == 1:
        return site.out * call("log", base)
    slope = _power(base, exponent)
    return slope if is_scalar(site.out_shape) else call("diag", slope)


def _pow_entry(site: Site, position: int, out: Pair, arg: Pair) -> Expr:
    base, exponent = at(site.args[0], site.shapes[0], out), site.args[1]
    if position == 1:
        return base**exponent * call("log", base)
    return _power(base, exponent) * same_place(site, 0, out, arg)


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


def _kept_shape(
    sizes: Sizes, shapes: tuple[Shape, ...], _options: Mapping[str, OptionValue]
) -> Shape:
    return sizes.shape(shapes[0])


def _neg_jacobian(site: Site, _position: int) -> Expr | None:
    if not is_column(site.out_shape):
        return None
    if is_scalar(site.out_shape):
        return Number(Fraction(-1))
    return -call("identity", size=site.out_shape[0])


ENTRYWISE = replace(PLAIN, entrywise=True)


def _arithmetic(
    name: str,
    sign: str,
    compute: Callable[..., Any],
    *,
    vjp: Callable[[Site, Expr], tuple[Expr | None, ...]],
    jacobian: Callable[[Site, int], Expr | None],
    entry: Callable[[Site, int, Pair, Pair], Expr],
    why: str,
    tex: Callable[[Printer, tuple[Printed, ...], Call], Printed],
    linear: tuple[int, ...],
    words: Words,
    args: tuple[str, ...] = ("a", "b"),
) -> Op:
    """Return the row of an operator of one or two arguments; arrays and scalars compute alike."""
    return Op(
        name=name,
        signature=Signature(args),
        sign=sign,
        shape=entrywise_shape if args[1:] else _kept_shape,
        shape_why=ENTRYWISE_SHAPE,
        value=compute,
        vjp=vjp,
        jacobian=jacobian,
        entry=entry,
        why=why,
        tex=tex,
        formula=lambda _mathematics, *args: compute(*args),
        definition=None,
        traits=replace(ENTRYWISE, linear=linear),
        words=words,
    )


ADD = _arithmetic(
    "add",
    "+",
    lambda a, b: a + b,
    vjp=lambda site, g: (reduce_to(g, site, 0), reduce_to(g, site, 1)),
    jacobian=lambda site, n: entrywise_jacobian(site, n, as_expr(1), SCALAR),
    entry=same_place,
    why="A sum has derivative 1 with respect to each of its terms.",
    tex=lambda printer, args, this: printer.sum_of(this, args, "+"),
    linear=(0, 1),
    words=named("sum", *(2 * ("The derivative of a sum with respect to a term is 1.",))),
)
SUB = _arithmetic(
    "sub",
    "-",
    lambda a, b: a - b,
    vjp=lambda site, g: (reduce_to(g, site, 0), reduce_to(-g, site, 1)),
    jacobian=_sub_jacobian,
    entry=_sub_entry,
    why="A difference has derivative 1 with respect to its first term and minus 1 with respect to "
    "the second.",
    tex=lambda printer, args, this: printer.sum_of(this, args, "-"),
    linear=(0, 1),
    words=named(
        "difference",
        "The derivative of a difference with respect to its first term is 1.",
        "The derivative of a difference with respect to its second term is $-1$.",
    ),
)
NEG = _arithmetic(
    "neg",
    "-",
    lambda a: -a,
    vjp=lambda _site, g: (-g,),
    jacobian=_neg_jacobian,
    entry=lambda _site, _n, out, arg: -both(out, arg),
    why="A change of sign has derivative -1.",
    tex=lambda printer, args, _this: printer.negative(args[0]),
    linear=(0,),
    words=named("sign", "The derivative of $-<u>$ is $-1$."),
    args=("a",),
)
MUL = _arithmetic(
    "mul",
    "*",
    lambda a, b: a * b,
    vjp=lambda site, g: (paired(g, site.args[1], site, 0), paired(g, site.args[0], site, 1)),
    jacobian=lambda site, n: entrywise_jacobian(site, n, site.args[1 - n], site.shapes[1 - n]),
    entry=_mul_entry,
    why=OTHER_FACTOR,
    tex=lambda printer, args, this: printer.product_of(this, args),
    linear=(0, 1),
    words=named("entrywise product", OTHER_FACTOR, OTHER_FACTOR),
)
DIV = _arithmetic(
    "div",
    "/",
    lambda a, b: a / b,
    vjp=lambda site, g: (
        reduce_to(g / site.args[1], site, 0),
        -(paired(g, site.out, site, 1) / site.args[1]),
    ),
    jacobian=_div_jacobian,
    entry=_div_entry,
    why="Quotient rule: a/b has derivative 1/b with respect to a and -a/b² with respect to b.",
    tex=lambda printer, args, this: printer.quotient_of(this, args),
    linear=(0,),
    words=named(
        "quotient",
        "The derivative of $<u>/<v>$ with respect to $<u>$ is $1/<v>$.",
        "The derivative of $<u>/<v>$ with respect to $<v>$ is $-<u>/<v>^2$.",
    ),
)
POW = Op(
    name="pow",
    signature=Signature(("base", "exponent")),
    sign="**",
    shape=_pow_shape,
    shape_why="A power is taken entry by entry and keeps the shape.",
    value=_pow_value,
    vjp=_pow_vjp,
    jacobian=_pow_jacobian,
    entry=_pow_entry,
    why="Power rule: multiply by the exponent and lower the exponent by one.",
    tex=lambda printer, args, this: printer.power_of(this, args),
    formula=lambda m, base, exponent: m.power(base, exponent),
    definition=None,
    traits=ENTRYWISE,
    words=named(
        "power",
        "Power rule: the derivative of $<u>^n$ is $n\\,<u>^{n-1}$.",
        "The derivative of $c^<u>$ is $c^<u> \\log c$.",
    ),
)

TERMS = frozenset(row.name for row in (ADD, SUB, NEG))
"""The ops between the terms of one sum."""

ROWS = (ADD, SUB, NEG, MUL, DIV, POW)
