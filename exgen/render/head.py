"""The head of page 1 in numbers: how its fields and its table of points are divided into rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exgen.page import PAPERS, Page
from exgen.render.widths import formula_width

if TYPE_CHECKING:
    from exgen.document import ProblemSet

POINT = 25.4 / 72.27
"""A TeX point in millimetres."""
TO_WRITE = 30.0
"""Room to fill in a field, in millimetres."""
GAP = 5.0
LABEL, CELL = 22.0, 11.5
"""The width of a table's first column, at the size at which text is measured, and of the others."""
HEADER, TWO_LINES, LEADING = 24.0, 21.0, 10.0
"""The height of the running header, of two lines in it and of one, in points."""


@dataclass(frozen=True, slots=True)
class Head:
    """What the template of the head prints; lengths are in millimetres, or points where said.

    Attributes:
        top: the margin above the text.
        height: that of the running header, in points.
        two: that of two lines in it, in points.
        leading: that of one of them, in points.
        fields: what a student fills in, row by row.
        instructions: the paragraphs.
        points: the cells of the table of points, each with a head, row by row.
        width: of the text.

    """

    top: float
    height: float
    two: float
    leading: float
    fields: list[list[str]]
    instructions: list[str]
    points: list[list[tuple[str, str]]]
    width: float

    def field(self, row: list[str]) -> float:
        """Return the width of each field of a row."""
        return round((self.width - GAP * (len(row) - 1)) / len(row), 2)


def head(problem_set: ProblemSet, page: Page, *, key: bool) -> Head:
    """Return the head of the sheet or of the key."""
    scale = page.scale
    larger = max(scale, 1.0)
    width = PAPERS[page.paper][0] - 2 * page.margin
    points = [part.points for part in problem_set.problems]
    cells = [(str(n), str(worth)) for n, worth in enumerate(points, 1)]
    cells.append(("Total", str(sum(points))))
    rows = -(-len(cells) // int((width - LABEL * scale) / CELL))
    across = -(-len(cells) // rows)
    return Head(
        top=round((18 if key else 21) + HEADER * (larger - 1) * POINT, 2),
        height=round(HEADER * larger, 1),
        two=round(TWO_LINES * larger, 1),
        leading=round(LEADING * larger, 1),
        fields=_rows(page, width),
        instructions=[part.strip() for part in page.instructions.split("\n\n") if part.strip()],
        points=[cells[at : at + across] for at in range(0, len(cells), across)],
        width=width,
    )


def _rows(page: Page, width: float) -> list[list[str]]:
    """Return the fields in rows, as many in each as leave room to fill them in."""
    widest = max((formula_width(rf"\text{{{field}}}") for field in page.identity), default=0.0)
    across = max(1, int((width + GAP) / (widest * page.scale + TO_WRITE + GAP)))
    rows = max(1, -(-len(page.identity) // across))
    across = max(1, -(-len(page.identity) // rows))
    return [list(page.identity[at : at + across]) for at in range(0, len(page.identity), across)]
