"""Write out: both passes of a drawn network of scalar units, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.asks.preset import preset
from exgen.engine import backward
from exgen.errors import KindError
from exgen.problems.units import units_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Graph
    from exgen.seeds import Stream


def draw(graph: Graph, _options: Mapping[str, Any], _stream: Stream) -> dict[str, Any]:
    """Read the units off: wiring, widths and functions are drawn with the network.

    Raises:
        KindError: the sheet, which lists biases in order, could not say whose each is.

    """
    units = units_of(graph)
    if len({unit.bias is None for unit in units}) > 1:
        raise KindError("only some units have a bias", remedy="Give one to every unit, or to none.")
    given = {leaf.name for leaf in graph.leaves if leaf.role != "param"}
    return {
        "loss": graph.loss,
        "lines": [binding.name for binding in graph.bindings[:-1]],
        "outputs": [unit.name for unit in units],
        "sums": [unit.total for unit in units],
        "biases": [unit.bias for unit in units if unit.bias],
        "back": [name for name in backward(graph).order() if name not in given],
    }


SLIPS = ("dropped_path", "no_slope", "forgot_upstream", "forgot_bias", "dropped_input")
KIND = preset(
    "write_out",
    "the forward and the backward pass of a drawn network of scalar units",
    draw,
    options={},
    slips=(*SLIPS, "forgot_activation", "output_for_preactivation", "wrong_sign"),
    needs_loss=True,
)
