"""Vectorise the backward pass: gradients in index form, to be written for whole arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.asks.preset import preset
from exgen.asks.vectorised import gradients
from exgen.derive.derivations import asked_by_default
from exgen.errors import KindError
from exgen.problems.entries import check_entries, checked_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Graph
    from exgen.seeds import Stream


def draw(graph: Graph, options: Mapping[str, Any], _stream: Stream) -> dict[str, Any]:
    """Take the gradients that the bank asks for, or all that the parameters need."""
    check_entries(graph)
    names = gradients(graph)
    wanted = [name for name in asked_by_default(graph) if name in names]
    if not wanted:
        said = "the network has no parameter whose gradient has an index form"
        remedy = "vectorise_backward needs a layer such as z = W @ x + b, its bias separate."
        raise KindError(said, remedy=remedy)
    return {"ask": checked_names(options.get("ask", wanted), names, "gradient")}


KIND = preset(
    "vectorise_backward",
    "lines of a backward pass in index form, to write for whole arrays",
    draw,
    options={"ask": (list,)},
    network_rules=("distinct_dims",),
    slips=(),
    needs_loss=True,
)
