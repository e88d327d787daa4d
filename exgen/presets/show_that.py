"""Show that: gradients in index form, derived line by line with the rule at the right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.asks.preset import preset
from exgen.derive.derivations import hot_names
from exgen.problems.entries import check_entries, checked_names
from exgen.problems.index_proofs import CASES, provable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Graph
    from exgen.seeds import Stream


def draw(graph: Graph, options: Mapping[str, Any], _stream: Stream) -> dict[str, Any]:
    """Take the gradients that the bank asks for, or all that the parameters need."""
    check_entries(graph)
    if options.get("case") is None:
        return {"case": [], "ask": provable(graph, options.get("ask"))}
    hot_names(graph)
    return {"case": checked_names(options["case"], CASES, "case"), "ask": []}


KIND = preset(
    "show_that",
    "gradients in index form, to derive line by line",
    draw,
    options={"ask": (list,), "case": (list,)},
    network_rules=("distinct_dims",),
    slips=(),
    needs_loss=True,
)
