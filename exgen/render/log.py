r"""What TeX's log says of a document: how many pages it has, and what does not fit on them.

TeX reports a line, a display, a table or a picture that is wider than the text as an overfull
``\hbox``, and a page that is too high as an overfull ``\vbox``; displays of amsmath too. The
document says in its log where each problem and each part begins (``\exmark`` and ``\expart``), so
that what does not fit has a place that its author knows.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.errors import TexError

if TYPE_CHECKING:
    from collections.abc import Sequence

TOLERANCE = 1.0
"""How many points something may stick out before it is seen."""
MM = 25.4 / 72.27
"""A TeX point in millimetres."""

_LINE = re.compile(
    r"^(?:exgen: problem (?P<problem>\S+)"
    r"|exgen: part (?P<part>\S+)"
    r"|Overfull \\(?P<box>[hv])box \((?P<points>[\d.]+)pt too (?:wide|high)\)"
    r"|Output written on .*\((?P<pages>\d+) pages?)",
    re.MULTILINE,
)


class Overfull(Struct, frozen=True):
    """Something that sticks out of the text of its page.

    Attributes:
        problem: the id of its problem; empty for what stands before the first one.
        part: its part, such as ``(b)``; empty for the statement.
        points: by how much, in points (72.27 to an inch).
        wide: whether it is too wide; else it is too high.

    """

    problem: str
    part: str
    points: float
    wide: bool


class Log(Struct, frozen=True):
    """What a log says: the number of pages, and what sticks out of them."""

    pages: int
    overfull: tuple[Overfull, ...]


def read_log(text: str) -> Log:
    """Read the log of a run of TeX."""
    problem = part = ""
    pages = 0
    found: list[Overfull] = []
    for line in _LINE.finditer(text):
        if line["problem"]:
            problem, part = line["problem"], ""
        elif line["part"]:
            part = line["part"]
        elif line["pages"]:
            pages = int(line["pages"])
        elif float(line["points"]) > TOLERANCE:
            found.append(Overfull(problem, part, float(line["points"]), line["box"] == "h"))
    return Log(pages, tuple(found))


def overfull_error(name: str, overfull: Sequence[Overfull]) -> TexError:
    """Return the error that says what of a document leaves its page, the worst of it first.

    Args:
        name: the document, without suffix.
        overfull: what sticks out; at least one.

    """
    worst = max(overfull, key=lambda one: one.points)
    where = f"problem '{worst.problem}'" if worst.problem else "the head of page 1"
    part = f", part {worst.part}" if worst.part else ""
    what = "too wide" if worst.wide else "too high"
    more = len(overfull) - 1
    others = f", and {more} other place{'s' if more > 1 else ''}" if more else ""
    return TexError(
        f"{where}{part} is {worst.points * MM:.1f} mm {what} for the page{others}",
        place=f"{name}.tex",
        remedy=REMEDY
        if worst.problem
        else "Shorten the title, the course, or the longest words of [page].",
    )


REMEDY = (
    "Shorten the names or the lines of its network, give long parts a line of their own, "
    "or ask about fewer of them. Lines are longer with a smaller 'size', or one of 'columns'."
)
