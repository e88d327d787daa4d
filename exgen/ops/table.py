"""The rows of all families, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.ops.base import Op

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
