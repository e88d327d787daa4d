"""The slips in index form: letters, Kronecker's delta, and the lines of a proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.derive.cases import RANK
from exgen.graph import Call, Delta, Entry, Expr, SumOver, rebuild, reindexed
from exgen.ops.activations import EXP
from exgen.slips.base import Scene, at_one_place, factors, is_number, product

if TYPE_CHECKING:
    from collections.abc import Iterator


def swapped_indices(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """``W[j, k]`` for ``W[k, j]``; of vectors alone, ``g[j] x[k]`` for ``g[k] x[j]``."""

    def change(part: Expr) -> Iterator[Expr]:
        match part:
            case Entry(of, (str() as row, str() as column)):
                yield Entry(of, (column, row))

    yield from at_one_place(expr, change)
    parts = factors(expr)
    if all(isinstance(part, Entry | Delta) for part in parts):
        entries = (part.indices for part in parts if isinstance(part, Entry))
        used = [row for row, *rest in entries if rest == [0]]
        used += [part.right for part in parts if isinstance(part, Delta)]
        match used:
            case [str() as one, str() as other] if one != other:
                yield reindexed(expr, {one: other, other: one})


def forgot_delta(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """A product without its Kronecker delta, so that every index seems to reach every other."""

    def change(part: Expr) -> Iterator[Expr]:
        if isinstance(part, Call) and part.op == "mul":
            parts = factors(part)
            rest = [factor for factor in parts if not isinstance(factor, Delta)]
            if rest and len(rest) < len(parts):
                yield product(rest)

    yield from at_one_place(expr, change)


def own_position(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """``g[i]`` for the entry of g at the place that entry i takes when sorted."""

    def change(part: Expr) -> Iterator[Expr]:
        if isinstance(part, Entry) and (rank := RANK.fullmatch(str(part.indices[0]))):
            yield Entry(part.of, (rank[1], *part.indices[1:]))

    yield from at_one_place(expr, change)


def exponential_of_difference(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """``exp(a) - exp(b)`` for ``exp(a - b)``, and the same of a sum, wherever it stands."""

    def change(part: Expr) -> Expr:
        match part:
            case Call(EXP.name, (Call("sub", (left, right)),)):
                return EXP(left) - EXP(right)
            case Call(EXP.name, (Call("add", (left, right)),)):
                return EXP(left) + EXP(right)
        return rebuild(part, change)

    yield change(expr)


def divided_above_only(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """A fraction whose numerator is divided, and the terms of its denominator are not."""

    def change(part: Expr) -> Iterator[Expr]:
        match part:
            case Call("div", (above, SumOver(index, size, Call("div", (term, _)), but))):
                yield above / SumOver(index, size, term, but)

    yield from at_one_place(expr, change)


def counted_twice(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """A term taken out of a sum, and left in it."""

    def change(part: Expr) -> Iterator[Expr]:
        if isinstance(part, SumOver) and part.but is not None:
            yield SumOver(part.index, part.size, part.body)

    yield from at_one_place(expr, change)


def forgot_share(expr: Expr, _scene: Scene) -> Iterator[Expr]:
    """``1 - w`` for ``1 - w + w / n``."""

    def change(part: Expr) -> Iterator[Expr]:
        match part:
            case Call("add", (Call("sub", (one, _)) as left, Call("div", _))) if is_number(one, 1):
                yield left

    yield from at_one_place(expr, change)
