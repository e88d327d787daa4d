"""Local Jacobians: the derivative of one line of a forward pass by a vector that it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.asks.preset import preset
from exgen.problems.jacobians import SLIPS, check_pair, drawn_pairs, is_entry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Graph
    from exgen.seeds import Stream


def draw(graph: Graph, options: Mapping[str, Any], stream: Stream) -> dict[str, Any]:
    """Take the pairs that the bank asks for, or draw some."""
    found = drawn_pairs(graph, options, stream)
    if "ask" in options:
        found = {"ask": [list(check_pair(graph, pair)) for pair in options["ask"]]}
    by_entries = any(is_entry(graph, pair) for pair in found["ask"])
    return {**found, "by_entries": True} if by_entries else found


KIND = preset(
    "local_jacobian",
    "the Jacobian of one line by a vector it reads",
    draw,
    options={"ask": (list,), "count": (int,)},
    network_rules=("distinct_functions",),
    number_rules=("distinct_answers",),
    slips=SLIPS,
)
