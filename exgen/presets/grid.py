"""Grids: one example worked by hand, forwards and backwards, through pooling and activations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.asks.preset import preset
from exgen.problems.entries import checked_names
from exgen.problems.upstream import loss_behind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Graph
    from exgen.seeds import Stream


def draw(graph: Graph, options: Mapping[str, Any], _stream: Stream) -> dict[str, Any]:
    """Take the gradients that the bank asks for, or all from the output inwards."""
    lines = [binding.name for binding in graph.bindings]
    inputs = [leaf.name for leaf in graph.leaves if leaf.role == "input"]
    legal = [name for name in graph.names if name != graph.loss]
    return {
        "lines": lines,
        "leaves": [leaf.name for leaf in graph.leaves],
        "by": checked_names(options.get("by", [*lines[-2::-1], *inputs]), legal, "gradient"),
        "loss": loss_behind(graph),
    }


NO_ZERO = ("no_zero_inputs", "no_zero_results", "no_zero_gradients")
SLIPS = ("mean_for_max", "max_for_mean", "no_activation", "no_slope_below", "leak_above")
BACKWARDS = ("no_slope", "slope_on_the_wrong_side", "every_cell", "not_shared_out")
KIND = preset(
    "grid",
    "numeric forward and backward pass through grids, with pooling",
    draw,
    options={"numbers": (dict,), "by": (list,)},
    number_rules=("no_ties", "off_the_kink", "both_signs", "short_decimals", *NO_ZERO),
    slips=(*SLIPS, "matrix_product", *BACKWARDS, "forgot_upstream"),
)
