"""The slips in passes worked with numbers: poolings, activations, gates of a circuit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.graph import Call, Expr, Name, Number, call, is_scalar, names_in, walk
from exgen.slips.base import GRADIENT, Scene, at_one_place, base_name, factors, product

if TYPE_CHECKING:
    from collections.abc import Iterator

BENT = frozenset({"relu", "lrelu", "prelu"})
LEAKY = frozenset({"lrelu", "prelu"})
FUNCTIONS = frozenset({"exp", "log", "div", "pow", "sigmoid", "tanh", "softplus"})
"""Gates with one input and a slope other than 1; a ReLU that passes anything on has slope 1."""
LOWER = frozenset({"less", "less_equal"})


def mean_for_max(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """The mean of each window where its largest entry is asked for."""
    yield from at_one_place(expr, lambda part: _other_op(part, "maxpool", "avgpool"))


def max_for_mean(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """The largest entry of each window where its mean is asked for."""
    yield from at_one_place(expr, lambda part: _other_op(part, "avgpool", "maxpool"))


def _other_op(part: Expr, op: str, other: str) -> Iterator[Expr]:
    if isinstance(part, Call) and part.op == op:
        yield Call(other, part.args, part.options)


def no_activation(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """Negative entries kept as they are."""

    def change(part: Expr) -> Iterator[Expr]:
        if isinstance(part, Call) and part.op in BENT:
            yield part.args[0]

    yield from at_one_place(expr, change)


def leak_above(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """A leaky ReLU that multiplies the positive entries by its slope."""

    def change(part: Expr) -> Iterator[Expr]:
        if isinstance(part, Call) and part.op in LEAKY:
            z, slope = part.args
            yield z * call("less_equal", z, 0) + slope * (z * call("greater", z, 0))

    yield from at_one_place(expr, change)


def matrix_product(expr: Expr, scene: Scene) -> Iterator[Expr]:
    """``V @ W`` for the entrywise product of two grids."""

    def change(part: Expr) -> Iterator[Expr]:
        match part:
            case Call("mul", (Name(one) as left, Name(other) as right)):
                shapes = [scene.shapes.get(name, ()) for name in (one, other)]
                if all(shape and not is_scalar(shape) for shape in shapes):
                    yield left @ right

    yield from at_one_place(expr, change)


def not_shared_out(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """The gradient of a mean handed in full to every entry."""

    def change(part: Expr) -> Iterator[Expr]:
        match part:
            case Call("mul", (Number(share), Call("matmul") as spread)) if share < 1:
                if any(isinstance(inner, Call) and inner.op == "windows" for inner in walk(spread)):
                    yield spread

    yield from at_one_place(expr, change)


def either_sign(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """A learned slope that receives a part from positive entries too."""

    def change(part: Expr) -> Iterator[Expr]:
        if isinstance(part, Call) and part.op == "mul":
            parts = factors(part)
            rest = [p for p in parts if not (isinstance(p, Call) and p.op in LOWER)]
            if rest and len(rest) < len(parts):
                yield product(rest)

    yield from at_one_place(expr, change)


def not_added(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """The products of a shared slope left side by side."""
    if isinstance(expr, Call) and expr.op == "sum":
        yield expr.args[0]


def own_factor(expr: Expr, scene: Scene) -> Iterator[Expr]:
    """The gradient of a factor times the factor itself, where the other one belongs."""

    def change(part: Expr) -> Iterator[Expr]:
        if not (isinstance(part, Call) and part.op == "mul"):
            return
        parts = factors(part)
        for arriving in parts:
            name = base_name(arriving) or ""
            if not name.startswith(GRADIENT):
                continue
            line = scene.graph.expr(name.removeprefix(GRADIENT))
            rest = [p for p in parts if p != arriving]
            match line:
                case Call("mul", (Name() as one, Name() as other)) if len(rest) == 1:
                    if rest[0] in (one, other) and one != other:
                        yield arriving * (one if rest[0] == other else other)

    yield from at_one_place(expr, change)


def no_local(expr: Expr, scene: Scene) -> Iterator[Expr]:
    """The gradient passed through a function of one number unchanged."""
    arriving = [name for name in names_in(expr) if name.startswith(GRADIENT)]
    if len(arriving) == 1:
        line = scene.graph.expr(arriving[0].removeprefix(GRADIENT))
        if isinstance(line, Call) and line.op in FUNCTIONS:
            yield Name(arriving[0])
