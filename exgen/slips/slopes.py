"""The slips about what an activation or a pooling passes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.engine import site_of
from exgen.graph import SCALAR, Call, Entry, Expr, Name, as_expr, names_in, rebuild, walk
from exgen.ops import lookup, traits_of, uses
from exgen.ops.base import Site
from exgen.ops.compare import LESS, LESS_EQUAL, OPPOSITE
from exgen.slips.base import (
    SQUARE,
    Scene,
    at_one_place,
    base_name,
    factors,
    is_number,
    of_rows,
    product,
    read_in,
)
from exgen.slips.terms import is_slope

if TYPE_CHECKING:
    from collections.abc import Iterator


ONE = as_expr(1)


def no_slope(expr: Expr, scene: Scene) -> Iterator[Expr]:
    """The gradient passed through an activation unchanged."""
    known = set(_slopes(scene))

    def change(part: Expr) -> Iterator[Expr]:
        match part:
            case Call("matmul", (Call("diag", _), arriving)) | Call(
                "matmul", (arriving, Call("diag", _))
            ):
                yield arriving
            case Call("mul"):
                parts = factors(part)
                slopes = [*slopes_in(parts), *(p for p in parts if _whole(p) in known)]
                rest = [factor for factor in parts if factor not in slopes]
                if slopes and any(map(read_in, rest)):
                    yield product(rest)

    yield from at_one_place(expr, change)


def _slopes(scene: Scene) -> Iterator[Expr]:
    """Yield the derivatives of the network's functions, of whole arrays."""
    for use in uses(scene.graph, lambda op: op.function):
        gradient = lookup(use.op).vjp(site_of(use, use, scene.graph.shapes), ONE)[0]
        match gradient:
            case Call("mul", (_, slope)):
                yield slope


def _whole(expr: Expr) -> Expr:
    """Return an expression of an entry as one of the whole column."""
    return expr.of if isinstance(expr, Entry) else rebuild(expr, _whole)


def slopes_in(parts: list[Expr]) -> list[Expr]:
    """Return the factors that are the derivative of an activation."""
    found = [part for part in parts if is_slope(part) and not _has_product(part)]
    for part in parts:
        match part:
            case Call("sub", (one, Call("pow", (output, two)))) if is_number(one, 1):
                if is_number(two, SQUARE) and base_name(output) is not None:
                    found.append(part)
            case Call("sub", (one, output)) if is_number(one, 1) and output in parts:
                found += [part, output]
    return found


def _has_product(expr: Expr) -> bool:
    return any(isinstance(part, Call) and part.op == "matmul" for part in walk(expr))


def wrong_mask(expr: Expr, scene: Scene) -> Iterator[Expr]:
    """The mask of another layer's pre-activation."""
    bent = [
        line.expr.args[0].name
        for line in scene.graph.bindings
        if isinstance(line.expr, Call)
        and traits_of(line.expr).kink
        and isinstance(line.expr.args[0], Name)
    ]

    def change(part: Expr) -> Iterator[Expr]:
        if not (isinstance(part, Call) and part.op in OPPOSITE):
            return
        masked, bound = part.args
        for other in bent:
            if base_name(masked) not in (None, other):
                moved = Name(other)
                new = Entry(moved, masked.indices) if isinstance(masked, Entry) else moved
                yield Call(part.op, (new, bound))

    yield from at_one_place(expr, change)


def slope_on_the_wrong_side(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """The slope of the negative side given to the positive one."""

    def flipped(part: Expr) -> Expr:
        if isinstance(part, Call):
            op = OPPOSITE[part.op].name if part.op in OPPOSITE else part.op
            return Call(op, tuple(map(flipped, part.args)), part.options)
        return part

    def change(part: Expr) -> Iterator[Expr]:
        match part:
            case Call("add", (left, right)) if is_slope(left) and is_slope(right):
                yield flipped(part)
            case Call("mul") if any(is_lower_mask(factor) for factor in factors(part)):
                yield flipped(part)

    yield from at_one_place(expr, change)


def is_lower_mask(expr: Expr) -> bool:
    """Whether an expression marks the entries below a bound."""
    return LESS.made(expr) or LESS_EQUAL.made(expr)


def no_slope_below(expr: Expr, scene: Scene) -> Iterator[Expr]:
    """A leaky ReLU taken for a ReLU."""

    def change(part: Expr) -> Iterator[Expr]:
        match part:
            case Call("add", (left, right)) if is_slope(left) and is_slope(right):
                yield left

    yield from at_one_place(expr, change)
    yield from of_rows("no_slope_below")(expr, scene)


def slope_at_the_input(expr: Expr, scene: Scene) -> Iterator[Expr]:
    """``z (1 - z)`` for ``a (1 - a)``: the pre-activation put where the output belongs."""
    inputs = {
        line.name: line.expr.args[0]
        for line in scene.graph.bindings
        if isinstance(line.expr, Call) and _has_slope_of_its_output(line.expr)
    }

    def put(part: Expr, output: str) -> Expr:
        if part == Name(output):
            return inputs[output]
        if isinstance(part, Entry) and part.of == Name(output):
            return Entry(inputs[output], part.indices)
        if isinstance(part, Call):
            return Call(part.op, tuple(put(arg, output) for arg in part.args), part.options)
        return part

    # what divides is no slope: the derivative of the cross-entropy has ``a (1 - a)`` there
    below = {part.args[1] for part in walk(expr) if isinstance(part, Call) and part.op == "div"}

    def change(part: Expr) -> Iterator[Expr]:
        if isinstance(part, Call) and part.op == "mul" and part not in below:
            parts = factors(part)
            slopes = slopes_in(parts)
            for output in inputs:
                new = [put(p, output) if p in slopes else p for p in parts]
                if new != parts:
                    yield product(new)

    yield from at_one_place(expr, change)


def _has_slope_of_its_output(use: Call) -> bool:
    """Whether the rule of a function writes its derivative in terms of the output."""
    z, out = Name("z"), Name("out")
    if not lookup(use.op).function or len(use.args) > 1:
        return False
    gradient = lookup(use.op).vjp(Site(out, SCALAR, (z,), (SCALAR,), {}), ONE)[0]
    return gradient is not None and out.name in names_in(gradient)
