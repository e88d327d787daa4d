"""Scalar graphs: derivatives of one quantity by another, in symbols and at drawn numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.asks.by_hand import RULES
from exgen.asks.preset import preset
from exgen.asks.scalars import loss_with_numbers, pairs, way_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Graph
    from exgen.seeds import Stream


def draw(graph: Graph, options: Mapping[str, Any], _stream: Stream) -> dict[str, Any]:
    """Take the derivatives that the bank asks for, and say how their values are worked out."""
    behind = loss_with_numbers(graph, options)
    figure = bool(options.get("figure", False))
    asked, valued = pairs(graph, options, behind), figure or "numbers" in options
    way = {of: way_of(graph, options, of) for of, _ in asked} if valued else {}
    return {"ask": asked, "behind": behind, "way": way, "figure": figure}


SLIPS = ("dropped_path", "own_factor", "forgot_upstream", "no_slope", "no_local", "wrong_sign")
KIND = preset(
    "scalar_graph",
    "derivatives in a graph of scalars, in symbols and at numbers",
    draw,
    options={"ask": (list,), "digits": (int,)}
    | dict.fromkeys(("figure", "leaves", "loss"), (bool,)),
    number_rules=(*RULES, "no_zero_gradients"),
    slips=(*SLIPS, "forgot_factor", "missing_minus", "slope_at_the_input"),
    needs_loss=True,
    takes_numbers=True,
)
