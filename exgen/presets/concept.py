"""Questions to answer in words, with a rubric and facts in it that are proven."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.asks.preset import line_of, preset
from exgen.errors import KindError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Graph
    from exgen.seeds import Stream


def draw(graph: Graph, options: Mapping[str, Any], stream: Stream) -> dict[str, Any]:
    """Draw the logits that overflow; all else is drawn by the template of the topic."""
    if "topic" not in options:
        raise KindError("a concept question needs a 'topic'", remedy='Such as topic = "loss".')
    if options["topic"] != "overflow":
        return {}
    top = stream.child("top").choose((800, 900, 1000, 1200))
    gaps = (0, *stream.child("gaps").sample((1, 2, 3, 4, 5), 2))
    drawn = stream.child("order").shuffle([top - gap for gap in gaps])
    logits = [int(logit) for logit in options.get("logits", drawn)]
    (name,) = line_of(graph, "p = softmax(z)")["args"]
    sizes = dict.fromkeys(graph.size_names, len(logits))
    return {"logits": logits, "sizes": sizes, "numbers": {name: {"is": [[n] for n in logits]}}}


WORDS = ("topic", "node", "task", "low", "middle", "near")
KIND = preset(
    "concept",
    "a question to answer in words, with a rubric and checked facts",
    draw,
    options={**dict.fromkeys(WORDS, (str,)), "depth": (int,), "logits": (list,)},
    slips=(),
)
