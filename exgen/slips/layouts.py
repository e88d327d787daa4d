"""The slips about Jacobians and their layout, about order, and about means over examples."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from exgen.certify.arrows import INPUT, ArrowsClaim
from exgen.certify.equation import Equation
from exgen.certify.examples import COUNT, MeanGradientClaim
from exgen.derive.simplify import transposed
from exgen.graph import ONE, Call, Entry, Expr, Name, call
from exgen.ops import traits_of
from exgen.slips.base import Scene, at_one_place, read_in
from exgen.slips.claims import Wrong, on_formulas
from exgen.slips.terms import sum_for_mean as sum_in_formula

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exgen.certify.memory import Memory
    from exgen.certify.prove import Claim

# --- formulas ---


def other_layout(expr: Expr, scene: Scene) -> Iterator[Expr]:
    """A Jacobian in the other layout: its transpose."""
    yield transposed(expr, scene.shapes)


def forgot_diag(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """The slopes as a column for the diagonal matrix that has them on its diagonal."""
    match expr:
        case Call("diag", (slopes,)):
            yield slopes
        case Call("identity", _, options):
            yield call("ones", rows=dict(options)["size"], columns=ONE)


def function_for_slope(expr: Expr, scene: Scene) -> Iterator[Expr]:
    """``diag(a)`` for ``diag(f'(z))``, where a is ``f(z)``."""
    slope = expr.args[0] if isinstance(expr, Call) and expr.op == "diag" else expr
    read = read_in(slope)
    found: list[Name] = []
    for line in scene.graph.bindings:
        match line.expr:
            case Call(_, (Name(z), *_)) as use if (
                traits_of(use).activation and read and read <= {z, line.name}
            ):
                found.append(Name(line.name))
    # a slope that reads the input alone may be that of several functions of it
    if len(found) == 1 and found[0] != slope:
        yield found[0] if slope == expr else call("diag", found[0])


def zeros_at_the_other_end(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """``[0 I]`` for ``[I 0]``."""

    def change(part: Expr) -> Iterator[Expr]:
        if isinstance(part, Call) and part.op == "concat":
            yield Call("concat", part.args[::-1], part.options)

    yield from at_one_place(expr, change)


# --- claims ---


def sum_for_mean(claim: Claim, memory: Memory) -> Iterator[Wrong]:
    """The sum over the examples for their mean."""
    if isinstance(claim, MeanGradientClaim):
        # what stands behind the mean is as many times too large as there are examples
        yield Wrong(replace(claim, expr=COUNT * claim.expr))
    else:
        yield from on_formulas(sum_in_formula)(claim, memory)


def put_in_order_again(claim: Claim, _memory: Memory) -> Iterator[Wrong]:
    """The upstream gradient put in order like the values, instead of back into their places."""
    if not (isinstance(claim, Equation) and claim.order):
        return
    entries = [cell for row in claim.cells for cell in row if isinstance(cell, Entry)]
    ranks = [entry.indices[0] for entry in entries]
    if set(ranks) == set(range(len(claim.cells))):
        moved = ((Entry(entry.of, (ranks.index(n), 0)),) for n, entry in enumerate(entries))
        yield Wrong(replace(claim, cells=tuple(moved)))


def before_the_activation(claim: Claim, _memory: Memory) -> Iterator[Wrong]:
    """The pre-activation taken for a layer's input."""
    if isinstance(claim, ArrowsClaim) and claim.sort == INPUT:
        match claim.graph.expr(claim.found[0]):
            case Call(_, (Name(z), *_)) as use if traits_of(use).activation:
                yield Wrong(replace(claim, found=(z,)))
