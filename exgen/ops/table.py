"""The rows of all families, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.graph import Call, walk
from exgen.ops import (
    activations,
    append,
    arithmetic,
    assemble,
    compare,
    leaky,
    linear,
    losses,
    order,
    pool,
    reduce,
)
from exgen.ops.base import PLAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from exgen.graph import Expr, Graph
    from exgen.ops.base import Op, Traits

FAMILIES = (
    arithmetic,
    linear,
    assemble,
    append,
    compare,
    activations,
    leaky,
    reduce,
    losses,
    pool,
    order,
)

TABLE: Mapping[str, Op] = {row.name: row for family in FAMILIES for row in family.ROWS}


def lookup(name: str) -> Op:
    """Return the row of an op. KeyError where there is none."""
    return TABLE[name]


def traits_of(expr: Expr) -> Traits:
    """Return what holds of the outermost op of an expression; nothing of what is no call."""
    return TABLE[expr.op].traits if isinstance(expr, Call) else PLAIN


def uses(graph: Graph, wanted: Callable[[Op], object]) -> Iterator[Call]:
    """Yield every use of the ops that are wanted, line by line."""
    for binding in graph.bindings:
        for part in walk(binding.expr):
            if isinstance(part, Call) and wanted(TABLE[part.op]):
                yield part
