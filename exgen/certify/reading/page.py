"""What every reader of a page needs: the printed text, and values to compare it with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exgen.certify.compare import EXACT_TOLERANCE, SEED, compare, same_numbers, worst
from exgen.certify.points import trial_point, trial_points, with_numbers
from exgen.engine import Values, evaluate
from exgen.errors import CertificateError
from exgen.graph import Entry, Expr, Name, rebuild
from exgen.readback.pages import read_relation

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from exgen.derive.notation import Notation
    from exgen.document import Agreement
    from exgen.graph import Graph, Shape
    from exgen.readback.vocabulary import Vocabulary

METHOD = "read back"

Runs = list[tuple[Values, "NDArray[Any]"]]
"""Values of names, each with what the page should say then."""


@dataclass(frozen=True, slots=True)
class Page:
    """An answer as it stands on the page.

    Attributes:
        latex: the text, for math mode.
        notation: the conventions that the page states.
        expr: the answer in the network language, where it is a name.

    """

    latex: str
    notation: Notation
    expr: str = ""


def at_points(graph: Graph) -> tuple[Graph, tuple[Values, ...]]:
    """Return a network with numbers as sizes, and runs of it on both sides of every kink."""
    numbered = with_numbers(graph)
    return numbered, trial_points(numbered, SEED)


def at_a_point(graph: Graph) -> tuple[Graph, Values]:
    """Return a network with numbers as sizes, and the values of a run of it."""
    numbered = with_numbers(graph)
    return numbered, trial_point(numbered, SEED)


def agree(page: Page, known: Vocabulary, graph: Graph, shape: Shape, runs: Runs) -> Agreement:
    """Read the page, and compare the value of each of its sides with what each run expects."""
    parts: list[Agreement] = []
    for sign, side in read_relation(page.latex, known, shape):
        if sign not in ("", "="):
            raise CertificateError(f"{METHOD}: '{sign}' where '=' should stand")
        expr = same_numbers(side.expr, graph)
        for values, expected in runs:
            found = evaluate(expr, values).astype(float)
            parts.append(compare(METHOD, found, expected, EXACT_TOLERANCE))
    return worst(parts)


def as_entries(expr: Expr) -> Expr:
    """Return an index form whose scalars are entries too."""
    match expr:
        case Entry():
            return expr
        case Name():
            return Entry(expr, 0, 0)
    return rebuild(expr, as_entries)
