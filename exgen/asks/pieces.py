"""What a problem's text consists of, as values: words, formulas, shows, asks, parts, rubrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.errors import Span


class Words(Struct, frozen=True):
    """Plain text, which every printer escapes; a blank line in it begins a paragraph."""

    text: str


class Formula(Struct, frozen=True):
    """An expression in the network language, printed in the notation of the course."""

    text: str
    span: Span


class Part(Struct, frozen=True):
    """Where a part begins, and what it is worth where the author says so."""

    points: int | None
    span: Span


class Let(Struct, frozen=True):
    """Leaves and lines besides those of the network, for formulas, facts, choices and proofs."""

    text: str
    span: Span


class Compared(Struct, frozen=True):
    """Sides with signs between them; one side alone stands for its value.

    Attributes:
        sides: in the network language.
        signs: one between each two sides.
        of: what the gradients in them are of; empty where there are none.
        span: where it stands.
        digits: the decimals to which a value is rounded; None where it is exact.

    """

    sides: tuple[str, ...]
    signs: tuple[str, ...]
    of: str
    span: Span
    digits: int | None = None


class Fact(Compared, frozen=True):
    """A condition that has to hold, printed on the key."""


class Where(Compared, frozen=True):
    """The condition on which what stands beside it is the right choice; it is not printed."""


class Behind(Struct, frozen=True):
    """A fact: the parameters all of whose paths to the loss lead through a line."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Phrase:
    """A show, an ask, or a rubric: the row of the table that it is of, and what fills its places.

    Attributes:
        verb: ``show`` or ``ask``.
        sort: the name of its row.
        slots: what stands in the places of its pattern, by the names of the places.
        clauses: the clauses that follow, by name, each with its value.
        choices: what stands behind a colon, between the bars.
        name: what the answer is called; empty for a show.
        span: where it stands.
        spans: where what fills each place and each clause stands.
        cells: of a table the asks in it, row by row.
        is_cell: whether it stands in a table.

    """

    verb: str
    sort: str
    slots: Mapping[str, Any]
    clauses: Mapping[str, Any]
    choices: tuple[tuple[Inline, ...], ...]
    name: str
    span: Span
    spans: Mapping[str, Span]
    cells: tuple[Phrase, ...] = ()
    is_cell: bool = False

    def __getitem__(self, slot: str) -> Any:  # noqa: ANN401 - a name, names or a number
        """Return what fills a place of the pattern."""
        return self.slots[slot]


Inline = Words | Formula | Fact | Where | Behind
Piece = Inline | Let | Part | Phrase
