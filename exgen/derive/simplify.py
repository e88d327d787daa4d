"""Tidy an expression for reading, without changing its value.

Gradient rules multiply whatever they are given; this pass drops factors of 1, collects numbers at
the front, moves transposes inwards and turns sums of products into products with a transpose.
The certificate evaluates what comes out, so a wrong rule here cannot reach a key unseen.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from exgen.graph import (
    Call,
    Expr,
    Number,
    Shape,
    as_expr,
    call,
    is_column,
    is_scalar,
    rebuild,
    walk,
)
from exgen.ops.base import axis_option
from exgen.shapes import Shapes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def simplify(expr: Expr, shapes: Mapping[str, Shape]) -> Expr:
    """Return an equal expression that is easier to read.

    Args:
        expr: any expression over the names in ``shapes``.
        shapes: the shape of each name.

    """
    return _tidy(expr, Shapes(shapes), {})


def transposed(expr: Expr, shapes: Mapping[str, Shape]) -> Expr:
    """Return the transpose of a tidy expression, moved inwards as far as it reads better there."""
    return _flip(expr, Shapes(shapes))


def _tidy(expr: Expr, shapes: Shapes, seen: dict[int, tuple[Expr, Expr]]) -> Expr:
    """Tidy from the inside out; a part that stands in several places is tidied once."""
    if id(expr) in seen:
        return seen[id(expr)][1]
    tidy = rebuild(expr, lambda part: _tidy(part, shapes, seen))
    if isinstance(tidy, Call) and tidy.op in RULES:
        tidy = RULES[tidy.op](tidy, shapes)
    seen[id(expr)] = expr, tidy
    return tidy


# --- numbers in front ---


def split(expr: Expr) -> tuple[Fraction, Expr | None]:
    """Return the numeric factor of an expression, and what is left (None for a plain number)."""
    match expr:
        case Number(value):
            return value, None
        case Call("neg", (inner,)):
            factor, rest = split(inner)
            return -factor, rest
        case Call("mul", (Number(value), inner)):
            factor, rest = split(inner)
            return value * factor, rest
    return Fraction(1), expr


def scaled(factor: Fraction, rest: Expr | None) -> Expr:
    """Return a numeric factor times an expression."""
    if rest is None:
        return Number(factor)
    if factor < 0:
        return -scaled(-factor, rest)
    return rest if factor == 1 else Number(factor) * rest


def _neg(expr: Call, _shapes: Shapes) -> Expr:
    match expr.args[0]:
        case Call("sub", (left, right)):
            return right - left
    factor, rest = split(expr.args[0])
    return scaled(-factor, rest)


def _add(expr: Call, _shapes: Shapes) -> Expr:
    left, right = expr.args
    match left, right:
        case Number(a), Number(b):
            return Number(a + b)
        case _, Call("neg", (positive,)):
            return left - positive
        case Call("neg", (positive,)), _:
            return right - positive
    (a, one), (b, other) = split(left), split(right)
    return scaled(a + b, one) if one == other and one is not None else expr


def _sub(expr: Call, _shapes: Shapes) -> Expr:
    left, right = expr.args
    match left, right:
        case Number(a), Number(b):
            return Number(a - b)
        case _, Call("neg", (positive,)):
            return left + positive
    return expr


# --- entrywise products ---


def _factors(expr: Expr) -> list[Expr]:
    match expr:
        case Call("mul", (left, right)):
            return [*_factors(left), *_factors(right)]
    return [expr]


def _product(factors: list[Expr]) -> Expr | None:
    total: Expr | None = None
    for factor in factors:
        total = factor if total is None else total * factor
    return total


def _mul(expr: Call, shapes: Shapes) -> Expr:
    """Order a product as number, scalars, arrays; an array of ones is dropped beside another."""
    number, scalars, arrays = Fraction(1), list[Expr](), list[Expr]()
    for factor in _factors(expr):
        value, rest = split(factor)
        number *= value
        for part in [] if rest is None else _factors(rest):
            (scalars if is_scalar(shapes.of(part)) else arrays).append(part)
    kept = [part for part in arrays if not (isinstance(part, Call) and part.op == "ones")]
    array = _product(kept or arrays[:1])
    # A share such as 1/N takes the number into its numerator: 2/N instead of 2 · 1/N.
    for place, part in enumerate(scalars):
        match part:
            case Call("div", (Number(top), bottom)) if abs(number) != 1:
                scalars[place] = Number(abs(number) * top) / bottom
                number = Fraction(1 if number > 0 else -1)
    scalar = _product(scalars)
    rest = array if scalar is None else scalar if array is None else scalar * array
    return scaled(number, rest)


def _div(expr: Call, _shapes: Shapes) -> Expr:
    (top_number, top), (number, bottom) = split(expr.args[0]), split(expr.args[1])
    if number == 0:
        return expr
    factor = top_number / number
    if bottom is None:
        return scaled(factor, top)
    if top is None:
        quotient = Number(abs(factor)) / bottom
        return -quotient if factor < 0 else quotient
    return scaled(factor, top / bottom)


def _pow(expr: Call, _shapes: Shapes) -> Expr:
    return expr.args[0] if expr.args[1] == as_expr(1) else expr


# --- matrix products and transposes ---


def _matmul(expr: Call, shapes: Shapes) -> Expr:
    (a, left), (b, right) = split(expr.args[0]), split(expr.args[1])
    if left is None or right is None:
        return scaled(a * b, left or right)
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Call) and one.op == "identity":
            return scaled(a * b, other)
        if is_scalar(shapes.of(one)) and is_scalar(shapes.of(other)):
            return _mul(call("mul", scaled(a * b, left), right), shapes)
    for one, other in ((left, right), (right, left)):
        match one:
            case Call("mul", (scale, inner)) if is_scalar(shapes.of(scale)):
                rest = inner @ other if one is left else other @ inner
                return _mul(scaled(a * b, scale) * _matmul(rest, shapes), shapes)
    return scaled(a * b, left @ right)


def _flip(expr: Expr, shapes: Shapes) -> Expr:
    def flip(part: Expr) -> Expr:
        return _flip(part, shapes)

    symmetric = isinstance(expr, Call) and expr.op in ("diag", "identity")
    if symmetric or is_scalar(shapes.of(expr)):
        return expr
    flipped: Expr = expr.T
    match expr:
        case Call("transpose", (inner,)):
            flipped = inner
        case Call("matmul", (left, right)):
            flipped = flip(right) @ flip(left)
        case Call("ones" | "zeros" as op):
            rows, columns = shapes.of(expr)
            flipped = call(op, rows=columns, columns=rows)
        case Call("concat", (first, second)):
            other = 1 - axis_option(dict(expr.options))
            flipped = call("concat", flip(first), flip(second), axis=other)
        case Call("neg", (inner,)):
            flipped = -flip(inner)
        case Call("add" | "sub" as op, (left, right)):
            inside = call(op, flip(left), flip(right))
            flipped = min(expr.T, inside, key=_transposes)
        case Call("mul", (scale, inner)) if is_scalar(shapes.of(scale)):
            flipped = scale * flip(inner)
    return flipped


def _transposes(expr: Expr) -> int:
    return sum(isinstance(part, Call) and part.op == "transpose" for part in walk(expr))


def _transpose(expr: Call, shapes: Shapes) -> Expr:
    return _flip(expr.args[0], shapes)


# --- sums ---


def _sum(expr: Call, shapes: Shapes) -> Expr:
    factor, rest = split(expr.args[0])
    if rest is None or is_scalar(shapes.of(rest)):
        return scaled(factor, rest)
    match rest:
        case Call("mul", (left, right)) if is_scalar(shapes.of(left)):
            return _mul(
                scaled(factor, left) * _sum(call("sum", right, **dict(expr.options)), shapes),
                shapes,
            )
        case Call("mul", (left, right)) if is_column(shapes.of(rest)) and expr.option("axis") != 1:
            return scaled(factor, _flip(left, shapes) @ right)
    return scaled(factor, Call("sum", (rest,), expr.options))


def _slice(expr: Call, _shapes: Shapes) -> Expr:
    factor, rest = split(expr.args[0])
    if rest is None:
        return expr
    return scaled(factor, Call("slice", (rest,), expr.options))


RULES: Mapping[str, Callable[[Call, Shapes], Expr]] = {
    "neg": _neg,
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "div": _div,
    "pow": _pow,
    "matmul": _matmul,
    "transpose": _transpose,
    "sum": _sum,
    "slice": _slice,
}
