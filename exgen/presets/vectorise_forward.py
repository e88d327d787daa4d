"""Vectorise the forward pass: lines in index form, to be written for whole arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.asks.preset import preset
from exgen.asks.vectorised import lines
from exgen.errors import KindError
from exgen.problems.entries import check_entries, checked_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Graph
    from exgen.seeds import Stream


def draw(graph: Graph, options: Mapping[str, Any], _stream: Stream) -> dict[str, Any]:
    """Take the lines that the bank asks for, or all."""
    check_entries(graph)
    names = lines(graph)
    if not names:
        raise KindError(
            "the network has no line over vectors or matrices",
            remedy="vectorise_forward needs a line such as z = W @ x + b.",
        )
    return {"ask": checked_names(options.get("ask", names), names, "line")}


KIND = preset(
    "vectorise_forward",
    "lines of a forward pass in index form, to write for whole arrays",
    draw,
    options={"ask": (list,)},
    network_rules=("distinct_dims",),
    slips=(),
)
