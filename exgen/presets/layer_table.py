"""Layer tables: what goes into each layer of a network, and what comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.asks.preset import preset
from exgen.asks.tables import SLIPS
from exgen.problems.by_layers import layers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Graph
    from exgen.seeds import Stream


def draw(graph: Graph, _options: Mapping[str, Any], _stream: Stream) -> dict[str, Any]:
    """Take every line; each has to be a layer."""
    return {"lines": [layer.line for layer in layers(graph)]}


KIND = preset(
    "layer_table",
    "the input and the output of each layer, as a table to fill in",
    draw,
    options={},
    slips=SLIPS,
    needs_loss=True,
)
