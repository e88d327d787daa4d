"""What the slips share: how to look into an expression, and to change it at one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from exgen.graph import (
    Call,
    Derivative,
    Entry,
    Expr,
    Name,
    Number,
    SumOver,
    derivatives_in,
    names_in,
)
from exgen.ops import lookup
from exgen.ops.base import Site
from exgen.shapes import likely_shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from exgen.graph import Graph, Shape

SQUARE = 2


@dataclass(frozen=True, slots=True)
class Scene:
    """What a slip may look at besides the expression that it changes.

    Attributes:
        graph: the network.
        shapes: the shape of every name that the expression reads, as far as they are known, and of
            the derivatives that stand transposed in it.

    """

    graph: Graph
    shapes: Mapping[Any, Shape]

    @property
    def parameters(self) -> set[str]:
        """The names of what is learnt."""
        return {leaf.name for leaf in self.graph.leaves if leaf.role == "param"}

    @property
    def targets(self) -> set[str]:
        """The names of what outputs are compared with."""
        return {leaf.name for leaf in self.graph.leaves if leaf.role in ("target", "onehot")}


def at_one_place(expr: Expr, change: Callable[[Expr], Iterator[Expr]]) -> Iterator[Expr]:
    """Yield the expression with a change made at one place, outermost places first."""
    yield from change(expr)
    match expr:
        case Call(op, args, options):
            for position, arg in enumerate(args):
                for changed in at_one_place(arg, change):
                    kept = (*args[:position], changed, *args[position + 1 :])
                    yield Call(op, kept, options)
        case SumOver(index, size, body, but):
            for changed in at_one_place(body, change):
                yield SumOver(index, size, changed, but)
        case Entry(Call() as of, indices):
            for changed in at_one_place(of, change):
                yield Entry(changed, indices)


def of_rows(slip: str) -> Callable[[Expr, Scene], Iterator[Expr]]:
    """Return the slip that is made at one use of an op, as the op's row says."""

    def made(expr: Expr, scene: Scene) -> Iterator[Expr]:
        def change(part: Expr) -> Iterator[Expr]:
            if (
                isinstance(part, Call)
                and (wrong := lookup(part.op).words.slips.get(slip)) is not None
            ):
                inner = tuple(likely_shape(arg, scene.shapes) for arg in part.args)
                out = likely_shape(part, scene.shapes)
                yield wrong(Site(part, out, part.args, inner, dict(part.options)))

        yield from at_one_place(expr, change)

    return made


def bare(op: str) -> Callable[[Expr], Iterator[Expr]]:
    """Return the change that leaves out an op of one argument."""

    def change(part: Expr) -> Iterator[Expr]:
        if isinstance(part, Call) and part.op == op:
            yield part.args[0]

    return change


def in_each_term(expr: Expr, change: Callable[[Expr], Iterator[Expr]]) -> Iterator[Expr]:
    """Yield the expression with a change made at one place, in a sum first in every term at once.

    Who makes such a mistake makes it in all terms that look alike.
    """
    parts = terms(expr)
    match expr:
        case Call("sub", (left, right)):
            both = [next(at_one_place(part, change), None) for part in (left, right)]
            if None not in both:
                yield Call("sub", tuple(part for part in both if part is not None))
    if len(parts) > 1:
        changed = [next(at_one_place(part, change), None) for part in parts]
        if None not in changed:
            yield total([part for part in changed if part is not None])
    yield from at_one_place(expr, change)


def factors(expr: Expr) -> list[Expr]:
    """Return what an entrywise product multiplies, from left to right."""
    if isinstance(expr, Call) and expr.op == "mul":
        return [part for arg in expr.args for part in factors(arg)]
    return [expr]


def terms(expr: Expr) -> list[Expr]:
    """Return what a sum adds, from left to right."""
    if isinstance(expr, Call) and expr.op == "add":
        return [part for arg in expr.args for part in terms(arg)]
    return [expr]


def product(parts: list[Expr]) -> Expr:
    """Return the entrywise product of some factors."""
    found = parts[0]
    for part in parts[1:]:
        found = found * part
    return found


def total(parts: list[Expr]) -> Expr:
    """Return the sum of some terms."""
    found = parts[0]
    for part in parts[1:]:
        found = found + part
    return found


def base_name(expr: Expr) -> str | None:
    """Return the name that an expression is, or is an entry of."""
    whole = expr.of if isinstance(expr, Entry) else expr
    return whole.name if isinstance(whole, Name) else None


def read_in(expr: Expr) -> frozenset[str | Derivative]:
    """Return what an expression reads: names, and derivatives as symbols."""
    return frozenset({*names_in(expr), *derivatives_in(expr)})


def base_gradient(expr: Expr, scene: Scene) -> Derivative | None:
    """Return the gradient that an expression is, or is an entry of."""
    whole = expr.of if isinstance(expr, Entry) else expr
    arrives = isinstance(whole, Derivative) and whole.of == scene.graph.loss
    return whole if arrives and isinstance(whole, Derivative) else None


def is_number(expr: Expr, value: int) -> bool:
    """Whether an expression is that number."""
    return isinstance(expr, Number) and expr.value == value
