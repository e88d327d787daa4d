"""Shape tables: the shapes of weights and data, for one example and for many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.asks.preset import preset
from exgen.asks.tables import LAYOUTS, asked_shapes, needed_shapes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Graph
    from exgen.seeds import Stream


def draw(graph: Graph, options: Mapping[str, Any], stream: Stream) -> dict[str, Any]:
    """Draw whether examples are columns or rows, unless the bank or the notation says."""
    ask = asked_shapes(graph, options)
    return {
        "ask": ask,
        "layout": options.get("layout", stream.child("layout").choose(LAYOUTS)),
        "examples": options.get("examples", "m"),
        "stated": needed_shapes(graph, ask),
    }


KIND = preset(
    "shape_table",
    "shapes of weights and data, for one example and for a batch",
    draw,
    options={"ask": (list,), "layout": (str,), "examples": (str, int)},
    network_rules=("distinct_dims",),
    slips=("swapped_shape", "forgot_the_one", "one_example", "bias_for_each"),
    needs_loss=True,
)
