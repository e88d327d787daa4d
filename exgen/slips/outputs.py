"""The slips about a loss: its derivative, and the step back through the last activation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.graph import Call, Delta, Expr, Name, Number, names_in, walk
from exgen.ops import traits_of, uses
from exgen.ops.activations import SIGMOID, SOFTMAX
from exgen.ops.losses import BCE
from exgen.slips.base import (
    SQUARE,
    Scene,
    at_one_place,
    base_gradient,
    base_name,
    factors,
    in_each_term,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exgen.ops.base import Op


def forgot_inner(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """The derivative of ``log(1 - p)`` without the minus that stands inside."""

    def change(part: Expr) -> Iterator[Expr]:
        match part:
            case Call("sub" | "add" as op, (left, Call("div", (above, below)))):
                if all(isinstance(p, Call) and p.op == "sub" for p in (above, below)):
                    yield Call("add" if op == "sub" else "sub", (left, part.args[1]))

    yield from at_one_place(expr, change)


def quotient_rule_sign(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """A plus in the quotient rule, or the minus of a constant's numerator lost."""

    def change(part: Expr) -> Iterator[Expr]:
        match part:
            case Call("div", (Call("sub", (left, right)), Call("pow") as below)):
                yield (left + right) / below
            case Call("div", (Call("neg", (above,)), Call("pow") as below)):
                yield above / below

    yield from at_one_place(expr, change)


def forgot_square(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """``1 - a`` for ``1 - a ** 2``."""

    def change(part: Expr) -> Iterator[Expr]:
        match part:
            case Call("pow", (base, Number(value))) if value == SQUARE:
                yield base

    yield from at_one_place(expr, change)


def output_for_preactivation(expr: Expr, scene: Scene) -> Iterator[Expr]:
    """The gradient by a for the one by z, where a is an activation of z.

    Where sigmoid and cross-entropy are put together, ``(a - t) / (a (1 - a))`` for ``a - t``.
    """
    outputs = {
        line.expr.args[0].name: line.name
        for line in scene.graph.bindings
        if isinstance(line.expr, Call)
        and traits_of(line.expr).activation
        and isinstance(line.expr.args[0], Name)
    }

    def change(part: Expr) -> Iterator[Expr]:
        symbol = base_gradient(part, scene)
        if symbol is part and symbol.by in outputs:
            yield scene.graph.gradient(outputs[symbol.by])

    yield from in_each_term(expr, change)
    if not any(isinstance(part, Call) and part.op == "div" and _names(part) for part in walk(expr)):
        yield from at_one_place(expr, lambda part: _unfused(part, scene))


def _unfused(part: Expr, scene: Scene) -> Iterator[Expr]:
    """Yield the gradient by a sigmoid's output for the one by its input."""
    match part:
        case Call("sub", (output, target)) if _made_by(output, SIGMOID, scene):
            if _is_target(target, scene) and _ends_in(BCE, scene):
                yield (output - target) / (output * (1 - output))


def _names(quotient: Call) -> bool:
    return bool(names_in(quotient.args[1]))


def _made_by(expr: Expr, op: Op, scene: Scene) -> bool:
    """Whether an expression is, or is an entry of, the output of an op."""
    name = base_name(expr)
    line = scene.graph.expr(name) if name else None
    return op.made(line)


def _is_target(expr: Expr, scene: Scene) -> bool:
    return base_name(expr) in scene.targets


def _ends_in(op: Op, scene: Scene) -> bool:
    return any(uses(scene.graph, lambda row: row.name == op.name))


def elementwise_softmax(expr: Expr, scene: Scene) -> Iterator[Expr]:
    """``diag(p (1 - p))``, as if each output read one logit, for ``diag(p) - p p.T``.

    Behind the cross-entropy that is ``t (p - 1)`` for ``p - t``.
    """

    def change(part: Expr) -> Iterator[Expr]:
        match part:
            case Call("sub", (Call("diag", (p,)), Call("matmul", (left, Call("transpose", _))))):
                if left == p:
                    yield Call("diag", (p * (1 - p),))
            case Call("sub", (Call("mul") as own, Call("mul", (a, b)))) if any(
                isinstance(factor, Delta) for factor in factors(own)
            ):
                # p_k delta - p_k p_j in index form
                yield own * (1 - (a if a in factors(own) else b))
            case Call("mul", (own, Call("sub", (Delta() as delta, _)))):
                # the same with one factor taken out
                yield own * (1 - own) * delta
            case Call("sub", (p, target)) if _made_by(p, SOFTMAX, scene):
                if _is_target(target, scene):
                    yield target * (p - 1)

    yield from at_one_place(expr, change)
