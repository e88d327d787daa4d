"""Grids: one example worked by hand, forwards and backwards, through pooling and activations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.asks.preset import preset
from exgen.asks.scalars import loss_behind
from exgen.problems.cellwise import RULES, SLIPS
from exgen.problems.entries import checked_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Graph
    from exgen.seeds import Stream


def draw(graph: Graph, options: Mapping[str, Any], _stream: Stream) -> dict[str, Any]:
    """Take the gradients that the bank asks for, or all from the output inwards."""
    leaves, lines = [leaf.name for leaf in graph.leaves], [line.name for line in graph.bindings]
    inputs = [leaf.name for leaf in graph.leaves if leaf.role == "input"]
    by = options.get("by", [*lines[-2::-1], *inputs])
    return {
        "lines": lines,
        "leaves": leaves,
        "by": checked_names(by, [*leaves, *lines[:-1]], "gradient"),
        "loss": loss_behind(graph),
    }


KIND = preset(
    "grid",
    "numeric forward and backward pass through grids, with pooling",
    draw,
    options={"by": (list,)},
    number_rules=RULES,
    slips=SLIPS,
    takes_numbers=True,
)
