"""The slips about what an activation or a pooling passes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.graph import Call, Entry, Expr, Name, call, names_in, walk
from exgen.ops import traits_of
from exgen.slips.base import SQUARE, Scene, at_one_place, base_name, factors, is_number, product
from exgen.slips.formulas import COMPARISONS, is_slope
from exgen.slips.losses import ACTIVATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

OTHER_SIDE = {
    "greater": "less_equal",
    "greater_equal": "less",
    "less": "greater_equal",
    "less_equal": "greater",
}


def no_slope(expr: Expr, scene: Scene) -> Iterator[Expr]:
    """The gradient passed through an activation unchanged."""
    softplus = {
        Call("sigmoid", part.args)
        for line in scene.graph.bindings
        for part in walk(line.expr)
        if isinstance(part, Call) and part.op == "softplus"
    }

    def change(part: Expr) -> Iterator[Expr]:
        match part:
            case Call("matmul", (Call("diag", _), arriving)) | Call(
                "matmul", (arriving, Call("diag", _))
            ):
                yield arriving
            case Call("mul"):
                parts = factors(part)
                slopes = [*slopes_in(parts), *(p for p in parts if _whole(p) in softplus)]
                rest = [factor for factor in parts if factor not in slopes]
                if slopes and any(map(names_in, rest)):
                    yield product(rest)

    yield from at_one_place(expr, change)


def _whole(expr: Expr) -> Expr:
    """Return a function of an entry as one of the whole column."""
    match expr:
        case Call(op, (Entry(of),), options):
            return Call(op, (of,), options)
    return expr


def forgot_activation(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """``z`` for ``relu(z)``."""

    def change(part: Expr) -> Iterator[Expr]:
        match part:
            case Call(op, (Name() as z, *_)) if op in ACTIVATIONS - {"exp", "softmax"}:
                yield z

    yield from at_one_place(expr, change)


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
        if not (isinstance(part, Call) and part.op in COMPARISONS):
            return
        masked, bound = part.args
        for other in bent:
            if base_name(masked) not in (None, other):
                moved = Name(other)
                new = (
                    Entry(moved, masked.row, masked.column) if isinstance(masked, Entry) else moved
                )
                yield Call(part.op, (new, bound))

    yield from at_one_place(expr, change)


def slope_on_the_wrong_side(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """The slope of the negative side given to the positive one."""

    def flipped(part: Expr) -> Expr:
        if isinstance(part, Call):
            op = OTHER_SIDE.get(part.op, part.op)
            return Call(op, tuple(map(flipped, part.args)), part.options)
        return part

    def change(part: Expr) -> Iterator[Expr]:
        match part:
            case Call("add", (left, right)) if is_slope(left) and is_slope(right):
                yield flipped(part)
            case Call("mul") if any(_is_lower_mask(factor) for factor in factors(part)):
                yield flipped(part)

    yield from at_one_place(expr, change)


def _is_lower_mask(expr: Expr) -> bool:
    return isinstance(expr, Call) and expr.op in ("less", "less_equal")


def no_slope_below(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """A leaky ReLU taken for a ReLU."""

    def change(part: Expr) -> Iterator[Expr]:
        match part:
            case Call("add", (left, right)) if is_slope(left) and is_slope(right):
                yield left
            case Call("lrelu" | "prelu", (z, _)):
                yield Call("relu", (z,))

    yield from at_one_place(expr, change)


def slope_at_the_input(expr: Expr, scene: Scene) -> Iterator[Expr]:
    """``z (1 - z)`` for ``a (1 - a)``: the pre-activation put where the output belongs."""
    inputs = {
        line.name: line.expr.args[0]
        for line in scene.graph.bindings
        if isinstance(line.expr, Call) and line.expr.op in ("sigmoid", "tanh")
    }

    def put(part: Expr, output: str) -> Expr:
        if part == Name(output):
            return inputs[output]
        if isinstance(part, Entry) and part.of == Name(output):
            return Entry(inputs[output], part.row, part.column)
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


def every_cell(expr: Expr, scene: Scene) -> Iterator[Expr]:
    """The gradient of a maximum sent to every cell of its window."""

    def change(part: Expr) -> Iterator[Expr]:
        match part:
            case Call("maxroute", (Name(grid), arriving), options) if grid in scene.shapes:
                rows, columns = (
                    call("windows", rows=size, **dict(options)) for size in scene.shapes[grid]
                )
                yield rows.T @ arriving @ columns

    yield from at_one_place(expr, change)
