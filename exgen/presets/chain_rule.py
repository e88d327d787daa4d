"""Chain-rule blanks: gradients of the loss as products of Jacobians, with names left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.asks.preset import preset
from exgen.problems.chains import check_hidden, check_lines, draw_hidden, drawn_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Graph
    from exgen.seeds import Stream


def draw(graph: Graph, options: Mapping[str, Any], stream: Stream) -> dict[str, Any]:
    """Draw two lines, one a stage further in than the other, and which names to hide."""
    lines = options.get("lines") or drawn_lines(graph, stream)
    check_lines(graph, lines)
    if "hide" in options:
        check_hidden(graph, lines, options["hide"])
        return {"lines": lines, "hide": options["hide"]}
    return {"lines": lines, "hide": draw_hidden(graph, lines, options, stream)}


KIND = preset(
    "chain_rule",
    "names to fill in along a chain-rule product",
    draw,
    options={"lines": (list,), "hide": (list,), "blanks": (int,)},
    slips=("one_stage_off",),
    network_rules=("distinct_dims",),
    needs_loss=True,
)
