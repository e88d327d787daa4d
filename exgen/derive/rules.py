"""Short names of the rules, for the right margin of a worked derivation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.derive.gradients import FUSIONS
from exgen.ops import TABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.derive.gradients import Gradient
    from exgen.graph import Graph

RULES: Mapping[str, str] = {
    "copy": "same value",
    "chain": "chain rule",
    **{op.name: op.words.rule for op in TABLE.values()},
    **{fusion.rule: "output and loss" for fusion in FUSIONS.values()},
}


def rule_name(gradient: Gradient, graph: Graph) -> str:
    """Return the rules behind a gradient in a few words; several uses are added up."""
    names = list(dict.fromkeys(RULES[rule] for rule in gradient.rules))
    if gradient.name == graph.loss:
        return "start"
    if not names:
        return "not used"
    text = ", ".join(names)
    count = len(gradient.rules)
    return text if count == 1 else f"{text} on {count} paths"
