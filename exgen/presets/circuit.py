"""A circuit: gates with a number above each wire and its gradient below, some left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.asks.by_hand import RULES
from exgen.asks.preset import preset
from exgen.asks.scalars import loss_with_numbers, way_of
from exgen.asks.wires import SLIPS
from exgen.errors import KindError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Graph
    from exgen.seeds import Stream

HIDE = ("gradients", "all")


def draw(graph: Graph, options: Mapping[str, Any], _stream: Stream) -> dict[str, Any]:
    """Take which numbers are left out, and to how many decimals they are rounded."""
    hide = options.get("hide", HIDE[0])
    if hide not in HIDE:
        raise KindError(f"'hide' cannot be '{hide}'", remedy=f"Legal here: {', '.join(HIDE)}.")
    behind = loss_with_numbers(graph, options)
    return {"values": hide == HIDE[1], "behind": behind, "way": way_of(graph, options)}


KIND = preset(
    "circuit",
    "numbers to fill in along the wires of a circuit of gates",
    draw,
    options={"digits": (int,), "hide": (str,)},
    number_rules=RULES,
    slips=SLIPS,
    needs_loss=True,
    takes_numbers=True,
)
