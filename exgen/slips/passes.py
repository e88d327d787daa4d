"""The slips in passes worked with numbers: poolings, activations, gates of a circuit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.derive.elementary import takes_one
from exgen.graph import Call, Expr, Name, Number, derivatives_in, is_scalar, walk
from exgen.ops import traits_of
from exgen.ops.pool import WINDOWS
from exgen.slips.base import Scene, at_one_place, base_gradient, factors, product
from exgen.slips.slopes import is_lower_mask

if TYPE_CHECKING:
    from collections.abc import Iterator


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
                if any(WINDOWS.made(inner) for inner in walk(spread)):
                    yield spread

    yield from at_one_place(expr, change)


def either_sign(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """A learned slope that receives a part from positive entries too."""

    def change(part: Expr) -> Iterator[Expr]:
        if isinstance(part, Call) and part.op == "mul":
            parts = factors(part)
            rest = [p for p in parts if not is_lower_mask(p)]
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
            symbol = base_gradient(arriving, scene)
            line = None if symbol is None else scene.graph.expr(symbol.by)
            rest = [p for p in parts if p != arriving]
            match line:
                case Call("mul", (Name() as one, Name() as other)) if len(rest) == 1:
                    if rest[0] in (one, other) and one != other:
                        yield arriving * (one if rest[0] == other else other)

    yield from at_one_place(expr, change)


def no_local(expr: Expr, scene: Scene) -> Iterator[Expr]:
    """The gradient passed through a function of one number unchanged."""
    arriving = tuple(derivatives_in(expr))
    if len(arriving) == 1:
        line = scene.graph.expr(arriving[0].by)
        # A ReLU that passes anything on has slope 1.
        if isinstance(line, Call) and not traits_of(line).kink and takes_one(line):
            yield arriving[0]
