"""Gradients by a vector whose entries are reused or sorted, from a given upstream gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.asks.cases import ORDERS, RULES, SLIPS, vector_case
from exgen.asks.preset import preset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Graph
    from exgen.seeds import Stream

SIZES = (3, 4)


def draw(graph: Graph, options: Mapping[str, Any], stream: Stream) -> dict[str, Any]:
    """Draw the size of the example, and an order where the network only sorts."""
    case = vector_case(graph)
    least = max((*case["own"], 1)) + 2
    size = stream.child("size").choose([size for size in (*SIZES, least) if size >= least])
    order = options.get("order", stream.child("order").choose(ORDERS))
    return {
        **case,
        "sorted": order if case["sorts"] and not case["own"] else [],
        "sizes": dict.fromkeys(graph.size_names, options.get("size", size)),
    }


KIND = preset(
    "vector_gradient",
    "the gradient by a vector whose entries are reused or sorted",
    draw,
    options={"size": (int,), "order": (list,), "first": (str,)},
    number_rules=("first_sign", "values_exist", "no_ties", "short_decimals", *RULES),
    slips=SLIPS,
    takes_numbers=True,
)
