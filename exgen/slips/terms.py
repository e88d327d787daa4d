"""The slips that change a formula: products, signs, sums and means."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from exgen.derive.simplify import simplify
from exgen.graph import (
    ONE,
    Call,
    Derivative,
    Expr,
    Name,
    Number,
    Size,
    SumOver,
    as_expr,
    is_scalar,
    substitute,
    walk,
)
from exgen.ops import traits_of
from exgen.shapes import likely_shape
from exgen.slips.base import (
    Scene,
    at_one_place,
    bare,
    base_gradient,
    base_name,
    factors,
    in_each_term,
    product,
    read_in,
    terms,
    total,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


def forgot_transpose(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """``W z`` for ``W.T z``."""
    yield from in_each_term(expr, bare("transpose"))


def needless_transpose(expr: Expr, scene: Scene) -> Iterator[Expr]:
    """``W.T z`` for ``W z``."""

    def change(part: Expr) -> Iterator[Expr]:
        match part:
            case Call("matmul", (Name() as left, right)) if _is_weight(left, scene):
                yield left.T @ right
            case Call("matmul", (left, Name() as right)) if _is_weight(right, scene):
                yield left @ right.T

    yield from at_one_place(expr, change)


def _is_weight(name: Name, scene: Scene) -> bool:
    leaf = scene.graph.leaf(name.name)
    return leaf is not None and leaf.role == "param" and ONE not in leaf.shape


def wrong_order(expr: Expr, scene: Scene) -> Iterator[Expr]:
    """``x g.T`` for ``g x.T``, and ``z W`` for ``W z``."""
    weights = scene.parameters

    def change(part: Expr) -> Iterator[Expr]:
        if not (isinstance(part, Call) and part.op == "matmul"):
            return
        left, right = part.args
        if any(is_scalar(likely_shape(factor, scene.shapes)) for factor in part.args):
            return  # a product with a scalar commutes
        inner = [_without_transpose(factor) for factor in (left, right)]
        if any(isinstance(factor, Call) and factor.op == "ones" for factor in inner):
            return
        # of a gradient and a value the product has a shape in either order
        if [left, right] != inner and not {base_name(factor) for factor in inner} & weights:
            yield _turned(right) @ _turned(left)
        yield right @ left

    yield from in_each_term(expr, change)


def _turned(expr: Expr) -> Expr:
    inner = _without_transpose(expr)
    return inner if inner != expr else expr.T


def _without_transpose(expr: Expr) -> Expr:
    return expr.args[0] if isinstance(expr, Call) and expr.op == "transpose" else expr


def entrywise_product(expr: Expr, scene: Scene) -> Iterator[Expr]:
    """``W * z``, entry by entry, for ``W z``."""
    weights = scene.parameters

    def change(part: Expr) -> Iterator[Expr]:
        match part:
            case Call("matmul", (left, right)) if not any(
                isinstance(factor, Call) and factor.op == "ones" for factor in (left, right)
            ):
                if {base_name(_without_transpose(factor)) for factor in part.args} & weights:
                    yield left * right

    yield from at_one_place(expr, change)


def forgot_bias(expr: Expr, scene: Scene) -> Iterator[Expr]:
    """A weighted sum without the term that reads parameters alone."""
    weights = scene.parameters
    parts = terms(expr)
    kept = [part for part in parts if not read_in(part) or read_in(part) - weights]
    if 0 < len(kept) < len(parts):
        yield total(kept)


def wrong_sign(expr: Expr, scene: Scene) -> Iterator[Expr]:
    """``t - a`` for ``a - t``."""
    targets = scene.targets

    def change(part: Expr) -> Iterator[Expr]:
        if isinstance(part, Call) and part.op == "sub":
            left, right = part.args
            if base_name(right) in targets and not isinstance(left, Number):
                yield right - left

    yield from at_one_place(expr, change)


def missing_minus(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """``1 / p`` for ``-1 / p``."""
    yield from at_one_place(expr, bare("neg"))


def dropped_path(expr: Expr, scene: Scene) -> Iterator[Expr]:
    """A sum over the paths that lead from a value to the loss, without one of them."""
    if not _is_forward(expr, scene):
        yield from _without_a_term(expr)


def dropped_input(expr: Expr, scene: Scene) -> Iterator[Expr]:
    """A sum of the forward pass without one of its terms."""
    if _is_forward(expr, scene):
        yield from _without_a_term(expr)


def _is_forward(expr: Expr, scene: Scene) -> bool:
    return any(line.expr == expr for line in scene.graph.bindings)


def _without_a_term(expr: Expr) -> Iterator[Expr]:
    parts = terms(expr)
    if len(parts) > 1 and not any(is_slope(part) for part in parts):
        for position in reversed(range(len(parts))):
            yield total(parts[:position] + parts[position + 1 :])
    match expr:
        # a difference of products is a sum over paths, one of output and target is not
        case Call("sub", (left, right)) if _is_product(left) and _is_product(right):
            yield left
            yield -right


def _is_product(expr: Expr) -> bool:
    bare = expr.args[0] if isinstance(expr, Call) and expr.op == "neg" else expr
    return isinstance(bare, Call) and bare.op in ("mul", "matmul") and not is_slope(bare)


def skipped_jacobian(expr: Expr, scene: Scene) -> Iterator[Expr]:
    """A product along a chain without one of the Jacobians that are given."""

    def change(part: Expr) -> Iterator[Expr]:
        match part:
            case Call("matmul", (left, right)):
                for factor, rest in ((left, right), (right, left)):
                    symbol = _without_transpose(factor)
                    if isinstance(symbol, Derivative) and symbol.of != scene.graph.loss:
                        yield rest

    yield from at_one_place(expr, change)


def sum_for_mean(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """The sum over the examples for their mean."""

    def change(part: Expr) -> Iterator[Expr]:
        if not (isinstance(part, Call) and part.op == "mul"):
            return
        parts = factors(part)
        for position, factor in enumerate(parts):
            whole = undivided(factor)
            if whole is not None:
                rest = parts[:position] + parts[position + 1 :]
                yield product(rest if whole == Number(Fraction(1)) else [whole, *rest])

    yield from at_one_place(expr, change)


def undivided(expr: Expr) -> Expr | None:
    """Return the number above a number of examples; None where there is no such quotient."""
    if isinstance(expr, Call) and expr.op == "div":
        above, below = expr.args
        if isinstance(above, Number) and isinstance(below, Size | Number):
            return above
    return None


def forgot_factor(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """The two of a square's derivative, or another number in front."""

    def change(part: Expr) -> Iterator[Expr]:
        if isinstance(part, Call) and part.op == "mul":
            for number, other in (part.args, part.args[::-1]):
                if isinstance(number, Number) and number.value > 1:
                    yield other

    yield from in_each_term(expr, change)


def forgot_upstream(expr: Expr, scene: Scene) -> Iterator[Expr]:
    """The local derivative alone, without the gradient that arrives."""
    arriving = [
        part
        for part in walk(expr)
        if isinstance(part, Derivative) and is_scalar(likely_shape(part, scene.shapes))
    ]
    if len(arriving) > 1 and len(set(arriving)) == 1:
        # one gradient for several paths is forgotten in all of them
        yield simplify(substitute(expr, {arriving[0]: as_expr(1)}), scene.shapes)

    def change(part: Expr) -> Iterator[Expr]:
        if isinstance(part, Call) and part.op == "mul":
            parts = factors(part)
            rest = [p for p in parts if base_gradient(p, scene) is None]
            if rest and len(rest) < len(parts):
                yield product(rest)

    yield from at_one_place(expr, change)


def not_summed(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """One example's gradient where those of all examples have to be added."""

    def change(part: Expr) -> Iterator[Expr]:
        match part:
            case Call("matmul", (left, Call("ones", _, _))):
                yield left
            case Call(
                "matmul", (Call("transpose", (Call("ones", _, _),)) | Call("ones", _, _), right)
            ):
                yield right
            case SumOver(body=body):
                yield body

    yield from at_one_place(expr, change)


def kept_the_one(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """The row of the appended 1 kept, which no gradient flows back through."""
    yield from at_one_place(expr, bare("slice"))


def is_slope(expr: Expr) -> bool:
    """Whether an expression is an activation's derivative, such as a mask."""
    return any(traits_of(part).jump for part in walk(expr))
