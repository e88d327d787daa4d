"""What page 1 says, held against the notation and against every network of the sheet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from exgen.derive.orient import COLUMNS, ROWS, examples, weights
from exgen.errors import CertificateError
from exgen.graph import Call, walk
from exgen.readback.formulas import COMPARISONS
from exgen.readback.sentences import DEFINED
from exgen.readback.vocabulary import HADAMARD, INDICATOR, ONES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from exgen.derive.notation import Notation
    from exgen.graph import Graph
    from exgen.readback.sentences import Fact

AT_ZERO = re.compile(r"(>|<|\\ge|\\le) 0\\right\]")
MISTAKES = re.compile(r"\\begin\{exmistakes\}.*?\\end\{exmistakes\}", re.DOTALL)
SLOPES: Mapping[str, int] = {">": 0, r"\le": 0, r"\ge": 1, "<": 1}
"""The slope of ReLU at 0 that an indicator on the page stands for, by its sign."""
MARKS: Mapping[str, str] = {"bracket": "[1]", "parenthesis": "(1)"}


def _examples(fact: Fact, graph: Graph) -> bool:
    axis = ROWS if fact["line"] == "row" else COLUMNS
    axes = examples(graph)
    return all(axes.get(leaf.name, axis) == axis for leaf in graph.leaves)


def _side(fact: Fact, notation: Notation) -> bool:
    return fact["side"] == ("positive" if notation.relu_at_zero else "negative")


SETTINGS: Mapping[str, Callable[[Fact, Notation], bool]] = {
    "layer mark": lambda fact, n: fact["mark"] == MARKS.get(n.layer),
    "numerator layout": lambda _, n: n.layout == "numerator",
    "numerator vector": lambda _, n: n.layout == "numerator",
    "numerator matrix": lambda _, n: n.layout == "numerator",
    "outside in": lambda _, n: n.layout == "numerator",
    "denominator layout": lambda _, n: n.layout == "denominator",
    "inside out": lambda _, n: n.layout == "denominator",
    "gradient": lambda _, n: n.layout != "numerator",
    "jacobian": lambda _, n: n.layout == "shape",
    "hadamard": lambda fact, n: fact["sign"] == HADAMARD[n.hadamard],
    "indicator": lambda fact, n: fact["sign"] == INDICATOR[n.indicator],
    "ones": lambda fact, n: fact["sign"] == ONES[n.ones],
    "positive part": lambda _, n: n.relu == "plus",
    **dict.fromkeys(
        (name for name, says in DEFINED.items() if "<sign>" in says),
        lambda fact, n: SLOPES.get(fact["sign"]) == n.relu_at_zero,
    ),
    "kink of ReLU": lambda fact, n: fact["slope"] == str(n.relu_at_zero) and _side(fact, n),
    "kink": _side,
    "kinks": _side,
    "entries from": lambda fact, n: fact["base"] == str(n.index_base),
    "classes from": lambda fact, n: fact["base"] == str(n.class_base),
    "both from": lambda fact, n: fact["base"] == str(n.index_base) == str(n.class_base),
}
"""The sentences about the notation, each with when it is true."""

OF_NETWORKS: Mapping[str, Callable[[Fact, Graph], bool]] = {
    "examples": _examples,
    "examples and softmax": _examples,
    "weights": lambda fact, graph: (
        fact["row"] != fact["column"]
        and set(weights(graph).values()) <= {"out_in" if fact["row"] == "output" else "in_out"}
    ),
}
"""The sentences about networks, each with when it is true of one."""

ALWAYS = frozenset(
    [
        *(
            "own names",
            "columns",
            "shape",
            "shape of vectors",
            "quotient",
            "power",
            "identity",
            "delta",
        ),
        *("norm", "Frobenius norm", "bare sum"),
        *(name for name, says in DEFINED.items() if "<sign>" not in says),
    ]
)
"""The sentences that define a sign in one way only, and the one about names."""


def check_page(page: Iterable[Fact], graphs: Sequence[Graph], notation: Notation) -> None:
    """Compare what page 1 says with the notation and with every network of the sheet.

    Raises:
        CertificateError: a sentence does not hold.

    """
    for fact in page:
        if fact.kind in ALWAYS:
            continue
        if fact.kind in SETTINGS:
            holds = SETTINGS[fact.kind](fact, notation)
        else:
            holds = all(OF_NETWORKS[fact.kind](fact, graph) for graph in graphs)
        if not holds:
            said = ", ".join([fact.kind, *fact.slots.values()])
            raise CertificateError(f"page 1 says what does not hold on this sheet ({said})")


def check_slopes(text: str, graphs: Iterable[Graph], notation: Notation) -> None:
    """See that every indicator of a document has the slope at 0 that page 1 states.

    Raises:
        CertificateError: one has another.

    """
    calls = (p for g in graphs for b in g.bindings for p in walk(b.expr) if isinstance(p, Call))
    if any(part.op in COMPARISONS.values() for part in calls):
        # A network's own comparison says what it says.
        return
    for sign in AT_ZERO.findall(MISTAKES.sub("", text)):
        if SLOPES[sign] != notation.relu_at_zero:
            raise CertificateError(
                f"an indicator has the sign {sign} at 0, where page 1 states the slope "
                f"{notation.relu_at_zero}"
            )
