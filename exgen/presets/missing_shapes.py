"""Missing shapes: a forward pass as a chain of boxes, with some of its sizes left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.asks.preset import preset
from exgen.problems.boxes import blanks_in, drawn_places

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Graph
    from exgen.seeds import Stream


def draw(graph: Graph, options: Mapping[str, Any], stream: Stream) -> dict[str, Any]:
    """Draw which shapes to hide, unless the bank names them."""
    hide = drawn_places(graph, options, stream)
    return {"hide": hide, "blanks": blanks_in(graph, hide)}


KIND = preset(
    "missing_shapes",
    "sizes to fill in along a boxed forward pass",
    draw,
    options={"hide": (list,), "blanks": (int,)},
    slips=("swapped_shape", "forgot_the_one"),
    network_rules=("distinct_dims",),
    needs_loss=True,
)
