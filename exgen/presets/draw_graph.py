"""Draw the graph: the computation graph of a forward pass, with an arrow for each use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.asks.preset import preset
from exgen.problems.entries import check_entries
from exgen.problems.graphs import check_graph

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Graph
    from exgen.seeds import Stream


def draw(graph: Graph, options: Mapping[str, Any], _stream: Stream) -> dict[str, Any]:
    """Draw nothing: the network's own draws say what there is to draw, the bank in which form."""
    check_graph(graph)
    if not options.get("entries", False):
        return {}
    check_entries(graph)
    return {"entries": True}


KIND = preset(
    "draw_graph",
    "the computation graph of a forward pass, to be drawn",
    draw,
    options={"entries": (bool,)},
    slips=("missing_arrow",),
)
