"""Short names of the rules, for the right margin of a worked derivation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.derive.gradients import Gradient
    from exgen.graph import Graph

RULES: Mapping[str, str] = {
    "matmul": "product",
    "add": "sum",
    "sub": "difference",
    "mul": "entrywise product",
    "div": "quotient",
    "neg": "sign",
    "pow": "power",
    "copy": "same value",
    "chain": "chain rule",
    "relu": "ReLU",
    "lrelu": "leaky ReLU",
    "prelu": "PReLU",
    "exp": "exponential",
    "log": "logarithm",
    "cross_entropy": "cross-entropy",
    "bce": "cross-entropy",
    "squared_error": "squared error",
    "softmax+cross_entropy": "output and loss",
    "sigmoid+bce": "output and loss",
}


def rule_name(gradient: Gradient, graph: Graph) -> str:
    """Return the rules behind a gradient in a few words; several uses are added up."""
    names = list(dict.fromkeys(RULES.get(rule, rule) for rule in gradient.rules))
    if gradient.name == graph.loss:
        return "start"
    if not names:
        return "not used"
    text = ", ".join(names)
    count = len(gradient.rules)
    return text if count == 1 else f"{text} on {count} paths"
