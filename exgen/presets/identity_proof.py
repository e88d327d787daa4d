"""Identities to prove: the softmax under a shift, the cross-entropy of a one-hot target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.asks.preset import chosen, line_of, preset
from exgen.derive.symbols import free_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Graph
    from exgen.seeds import Stream

SHIFT, ONEHOT = "softmax_shift", "onehot_cross_entropy"
CONSTANTS = {SHIFT: ("s", "c", "b"), ONEHOT: ("epsilon", "eta", "alpha")}


def draw(graph: Graph, options: Mapping[str, Any], stream: Stream) -> dict[str, Any]:
    """Draw which identity to prove, which way the logits are shifted, and the letters."""
    identity = chosen("identity", CONSTANTS, options, stream)
    line = line_of(graph, "p = softmax(z)" if identity == SHIFT else "L = cross_entropy(p, y)")
    wish = options.get("letter") or stream.child("letter").choose(CONSTANTS[identity])
    drawn = {"identity": identity, **line, "letter": free_name(graph, (wish,))}
    if identity == ONEHOT:
        wishes = (("J", "C"), ("t", "u")) if options.get("smoothing", True) else ()
        return {**drawn, "smoothing": [free_name(graph, names) for names in wishes]}
    direction = chosen("direction", ("add", "subtract"), options, stream)
    shift = chosen("shift", ("max", "min", "mean", "any"), options, stream)
    return {**drawn, "direction": direction, "shift": shift}


KEYS = dict.fromkeys(("identity", "shift", "direction", "letter"), (str,))
KIND = preset(
    "identity_proof",
    "an identity to prove, line by line with reasons",
    draw,
    options={**KEYS, "smoothing": (bool,)},
    slips=("forgot_share", "counted_twice"),
)
