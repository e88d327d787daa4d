"""The slips that change a formula: products, signs, sums and means."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from exgen.derive.simplify import simplify
from exgen.engine import gradient_name
from exgen.graph import (
    Call,
    Entry,
    Expr,
    Name,
    Number,
    Size,
    SumOver,
    as_expr,
    is_scalar,
    names_in,
    substitute,
    walk,
)
from exgen.slips.base import Scene, at_one_place, base_name, factors, product, terms, total

if TYPE_CHECKING:
    from collections.abc import Iterator

GRADIENT = gradient_name("")


def forgot_transpose(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """``W z`` for ``W.T z``."""

    def change(part: Expr) -> Iterator[Expr]:
        if isinstance(part, Call) and part.op == "transpose":
            yield part.args[0]

    yield from at_one_place(expr, change)


def swapped_indices(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """``W[j, k]`` for ``W[k, j]``."""

    def change(part: Expr) -> Iterator[Expr]:
        if isinstance(part, Entry) and isinstance(part.row, str) and isinstance(part.column, str):
            yield Entry(part.of, part.column, part.row)

    yield from at_one_place(expr, change)


def wrong_order(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """``x g.T`` for ``g.T x``."""

    def change(part: Expr) -> Iterator[Expr]:
        if isinstance(part, Call) and part.op == "matmul":
            yield Call("matmul", part.args[::-1])

    yield from at_one_place(expr, change)


def wrong_sign(expr: Expr, scene: Scene) -> Iterator[Expr]:
    """``t - a`` for ``a - t``."""
    targets = {leaf.name for leaf in scene.graph.leaves if leaf.role in ("target", "onehot")}

    def change(part: Expr) -> Iterator[Expr]:
        if isinstance(part, Call) and part.op == "sub":
            left, right = part.args
            if base_name(right) in targets and not isinstance(left, Number):
                yield right - left

    yield from at_one_place(expr, change)


def missing_minus(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """``1 / p`` for ``-1 / p``."""

    def change(part: Expr) -> Iterator[Expr]:
        if isinstance(part, Call) and part.op == "neg":
            yield part.args[0]

    yield from at_one_place(expr, change)


def dropped_path(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """One term of a sum over the paths that lead from a value to the loss."""
    parts = terms(expr)
    if len(parts) > 1 and not any(is_slope(part) for part in parts):
        for position in reversed(range(len(parts))):
            yield total(parts[:position] + parts[position + 1 :])


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

    yield from at_one_place(expr, change)


def forgot_upstream(expr: Expr, scene: Scene) -> Iterator[Expr]:
    """The local derivative alone, without the gradient that arrives."""
    arriving = [part for part in walk(expr) if reads_gradient(part) and is_scalar_name(part, scene)]
    if len(arriving) > 1 and len(set(arriving)) == 1:
        # one gradient for several paths is forgotten in all of them
        names = {name: as_expr(1) for name in names_in(arriving[0])}
        yield simplify(substitute(expr, names), scene.shapes)

    def change(part: Expr) -> Iterator[Expr]:
        if isinstance(part, Call) and part.op == "mul":
            parts = factors(part)
            rest = [p for p in parts if not (base_name(p) or "").startswith(GRADIENT)]
            if rest and len(rest) < len(parts):
                yield product(rest)

    yield from at_one_place(expr, change)


def not_summed(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """One example's gradient where those of all examples have to be added."""

    def change(part: Expr) -> Iterator[Expr]:
        match part:
            case Call("matmul", (left, Call("ones", _, _))):
                yield left
            case Call("matmul", (Call("transpose", (Call("ones", _, _),)), right)):
                yield right
            case SumOver(body=body):
                yield body

    yield from at_one_place(expr, change)


def output_for_preactivation(expr: Expr, scene: Scene) -> Iterator[Expr]:
    """``grad_a`` for ``grad_z``, where a is an activation of z."""
    outputs = {
        line.expr.args[0].name: line.name
        for line in scene.graph.bindings
        if isinstance(line.expr, Call)
        and line.expr.op in ACTIVATIONS
        and isinstance(line.expr.args[0], Name)
    }

    def change(part: Expr) -> Iterator[Expr]:
        name = part.name.removeprefix(GRADIENT) if isinstance(part, Name) else ""
        if name in outputs and isinstance(part, Name) and part.name.startswith(GRADIENT):
            yield Name(gradient_name(outputs[name]))

    yield from at_one_place(expr, change)


def kept_the_one(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """The row of the appended 1 kept, which no gradient flows back through."""

    def change(part: Expr) -> Iterator[Expr]:
        if isinstance(part, Call) and part.op == "slice":
            yield part.args[0]

    yield from at_one_place(expr, change)


def elementwise_softmax(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """``diag(p (1 - p))``, as if each output read one logit, for ``diag(p) - p p.T``."""

    def change(part: Expr) -> Iterator[Expr]:
        match part:
            case Call("sub", (Call("diag", (p,)), Call("matmul", (left, Call("transpose", _))))):
                if left == p:
                    yield Call("diag", (p * (1 - p),))
            case Call("sub", (Call("mul") as own, Call("mul", (a, b)))):
                # p_k delta - p_k p_j in index form
                yield own * (1 - (a if a in factors(own) else b))

    yield from at_one_place(expr, change)


def is_slope(expr: Expr) -> bool:
    """Whether an expression is an activation's derivative, such as a mask."""
    return any(isinstance(part, Call) and part.op in COMPARISONS for part in walk(expr))


def is_scalar_name(expr: Expr, scene: Scene) -> bool:
    """Whether an expression is the name of a scalar."""
    return isinstance(expr, Name) and is_scalar(scene.shapes.get(expr.name, ()))


ACTIVATIONS = frozenset({"relu", "lrelu", "prelu", "sigmoid", "tanh", "softplus", "softmax", "exp"})
COMPARISONS = frozenset({"greater", "greater_equal", "less", "less_equal"})


def reads_gradient(expr: Expr) -> bool:
    """Whether an expression reads a gradient."""
    return any(name.startswith(GRADIENT) for name in names_in(expr))
