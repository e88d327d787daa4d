"""What every reader of a page needs: the printed text, and values to compare it with."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from exgen.certify.compare import EXACT_TOLERANCE, SEED, compare, same_numbers, worst
from exgen.certify.memory import Memory
from exgen.certify.points import trial_points, with_numbers
from exgen.engine import Values, evaluate, gradients
from exgen.errors import CertificateError
from exgen.graph import Entry, Expr, Name, is_scalar, rebuild
from exgen.readback.pages import read_relation
from exgen.readback.vocabulary import vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping
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
        memory: what was worked out for earlier answers of the same problem.

    """

    latex: str
    notation: Notation
    expr: str = ""
    memory: Memory = field(default_factory=Memory)

    def known(
        self, graph: Graph, shapes: Mapping[str, Shape] | None = None, *, numerator: bool = False
    ) -> Vocabulary:
        """Return what a reader knows of a network; ``shapes`` are those of given Jacobians too."""
        plain = self.memory.once(
            f"vocabulary {numerator}",
            graph,
            lambda: vocabulary(graph, self.notation, numerator=numerator),
        )
        return replace(plain, shapes={**shapes, **plain.shapes}) if shapes else plain

    def runs(
        self, graph: Graph, by: str | None = None
    ) -> tuple[Graph, tuple[tuple[Values, Values], ...]]:
        """Return a network with numbers as sizes, and runs on both sides of every kink.

        Each run has its values and, of a scalar loss, the gradients. With ``by`` they are runs
        at which a derivative with respect to that name exists.
        """
        return self.memory.once(f"runs {by}", graph, lambda: _runs(graph, by))


def _runs(graph: Graph, by: str | None) -> tuple[Graph, tuple[tuple[Values, Values], ...]]:
    numbered = with_numbers(graph)
    scalar = is_scalar(numbered.shapes[numbered.loss])
    points = trial_points(numbered, SEED, by)
    return numbered, tuple((v, gradients(numbered, v) if scalar else {}) for v in points)


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
