"""A learned slope: the forward pass with the slope as a symbol, and the gradient by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.asks.preset import preset
from exgen.asks.scalars import loss_behind
from exgen.problems.cellwise import SLOPE_RULES, SLOPE_SLIPS, slope_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Graph
    from exgen.seeds import Stream


def draw(graph: Graph, options: Mapping[str, Any], _stream: Stream) -> dict[str, Any]:
    """Find the slope that is learned; it gets a value that nothing shows."""
    slope, shared = slope_of(graph)
    upstream = {"from": -4, "to": 4, "step": 0.5}
    return {
        "slope": slope,
        "shared": shared,
        "lines": [line.name for line in graph.bindings],
        "leaves": [leaf.name for leaf in graph.leaves if leaf.name != slope],
        "loss": loss_behind(graph),
        "numbers": {"upstream": upstream, **options.get("numbers", {})},
    }


KIND = preset(
    "alpha_gradient",
    "PReLU with its slope as a symbol, and the gradient by a shared slope",
    draw,
    options={},
    number_rules=SLOPE_RULES,
    slips=SLOPE_SLIPS,
    takes_numbers=True,
)
