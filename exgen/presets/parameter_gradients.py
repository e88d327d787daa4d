"""Gradients of parameters and of values on the way, in vectorised form, for any network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.asks.derived import SLIPS
from exgen.asks.preset import preset
from exgen.derive.gradients import derive_gradients
from exgen.errors import KindError
from exgen.problems.entries import checked_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Graph
    from exgen.seeds import Stream


def draw(graph: Graph, options: Mapping[str, Any], _stream: Stream) -> dict[str, Any]:
    """Take the gradients that the bank asks for, in groups, or those of all parameters."""
    asked = options.get("ask", [leaf.name for leaf in graph.leaves if leaf.role == "param"])
    if not asked:
        raise KindError("the network has no parameter", remedy="Such as W: param[3, 2]; or 'ask'.")
    groups = asked if all(isinstance(part, list) for part in asked) else [asked]
    legal = [name for name, found in derive_gradients(graph).items() if found.rules]
    checked = [checked_names(group, legal, "gradient") for group in groups]
    kept = {key: options[key] for key in ("given", "examples") if key in options}
    return {"loss": graph.loss, "ask": checked, **kept}


KIND = preset(
    "parameter_gradients",
    "vectorised gradients of parameters and of values on the way",
    draw,
    options={"ask": (list,), "given": (list,), "examples": (str, int)},
    network_rules=("distinct_dims",),
    slips=SLIPS,
    needs_loss=True,
)
