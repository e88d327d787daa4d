"""Loss derivatives: by one entry of the prediction, by all of it, and by the pre-activation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.asks.by_entry import SLIPS
from exgen.asks.preset import preset
from exgen.derive.closed import loss_case
from exgen.errors import KindError
from exgen.graph import is_scalar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Graph
    from exgen.seeds import Stream


def draw(graph: Graph, options: Mapping[str, Any], _stream: Stream) -> dict[str, Any]:
    """Check that the loss is one of a prediction and a target, of one entry for many examples."""
    case = loss_case(graph)
    if "examples" not in options:
        return case
    if not is_scalar(graph.shapes[case["by"]]):
        said = f"'examples' needs one prediction each, and '{case['by']}' has several entries"
        raise KindError(said, remedy="Leave 'examples' out, or give the network one output.")
    return {**case, "letter": "i", "examples": options["examples"]}


KIND = preset(
    "loss_derivative",
    "a loss by its prediction, and by the pre-activation behind it",
    draw,
    options={"examples": (str, int)},
    slips=SLIPS,
    needs_loss=True,
)
