"""The page that an author asks for: what stands in its head, and how it is set.

It is part of the document, so a manifest holds it, and the same page is printed again from there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from unicodedata import category

from exgen.errors import DataError, nearest

PAPERS = {"a4": (210.0, 297.0), "letter": (215.9, 279.4)}
"""Width and height of a sheet of paper, in millimetres."""
SIZES = (10, 20)
LOGO = re.compile(r"logo\.(?:png|jpg|pdf)")
SPACE = re.compile(r"answer|none|(\d{1,2}(?:\.\d{1,2})?) (lines?|cm)")
LINE = 8.0
"""A line of handwriting, in millimetres."""
HINTS = ("none", "sheet", "page")
MOST_MINUTES, MOST_FIELDS = 1440, 8
LONGEST = {"institution": 200, "date": 100, "due": 100, "instructions": 3000}
LONGEST_FIELD = 40
NARROWEST = 80
"""The least width of the text, in millimetres."""
FRAGMENT = 120
"""How wide a line is supposed to be in a document of the author's own, in millimetres."""
NORMAL = 11
"""The size at which formulas and figures are measured, in points."""
LARGE = 12
"""Above this size margins are narrower."""
BETWEEN = 7.0
"""Between two columns, in millimetres."""


@dataclass(frozen=True, slots=True)
class Page:
    """The head of page 1, and the form of every page.

    Attributes:
        institution: above the title.
        logo: the name of an image file beside the TeX; empty where there is none.
        date: of the sheet, as its author writes it.
        due: when it is to be handed in, likewise.
        instructions: a paragraph under the title, or several with an empty line between.
        time: how many minutes there are; 0 where that is not said.
        identity: what a student fills in.
        points_table: whether page 1 has a table of the points, to be filled in by the grader.
        paper: ``a4`` or ``letter``.
        size: of the text, in points.
        width: of the text, in millimetres; 0 where it follows from the paper.
        columns: 1 or 2.
        space: room to write: as much as the worked ``answer`` takes, ``none``, or so many lines or
            centimetres for each point, such as ``2 lines``.
        alone: whether each problem shows its own network, instead of speaking of another's.
        hints: ``none``, on the ``sheet``, or on a ``page`` of their own.

    Raises:
        DataError: a value is not legal; its path is the key.

    """

    institution: str = ""
    logo: str = ""
    date: str = ""
    due: str = ""
    instructions: str = ""
    time: int = 0
    identity: tuple[str, ...] = ("Name",)
    points_table: bool = False
    paper: str = "a4"
    size: int = NORMAL
    width: int = 0
    columns: int = 1
    space: str = "answer"
    alone: bool = False
    hints: str = "none"

    def __post_init__(self) -> None:
        """See that every value is legal: it may come from a bank, a manifest or a command."""
        if self.logo and not LOGO.fullmatch(self.logo):
            raise DataError("must be the name of a copied image", "logo", "Such as logo.png.")
        for key, most in LONGEST.items():
            _check_words(key, getattr(self, key), most)
        for field in self.identity:
            _check_words("identity", field, LONGEST_FIELD)
            if not field.strip():
                raise DataError("has an empty field", "identity", "Remove it.")
        if len(self.identity) > MOST_FIELDS:
            raise DataError(f"has more than {MOST_FIELDS} fields", "identity", "Ask for fewer.")
        _check_range("time", self.time, 0, MOST_MINUTES, "minutes")
        _check_range("size", self.size, *SIZES, "points")
        if self.width:
            most = int(PAPERS[self.paper][0]) - 20 if self.paper in PAPERS else NARROWEST
            _check_range("width", self.width, NARROWEST, most, "millimetres")
        if self.columns not in (1, 2):
            raise DataError("must be 1 or 2", "columns", "Such as columns = 2.")
        for key, legal in (("paper", tuple(PAPERS)), ("hints", HINTS)):
            value = getattr(self, key)
            if value not in legal:
                raise DataError(f"cannot be '{value}'", key, nearest(value, legal))
        if not SPACE.fullmatch(self.space):
            each = 'Give "answer", "none", or room for each point, such as "2 lines" or "1.5 cm".'
            raise DataError(f"cannot be '{self.space}'", "space", each)

    @property
    def scale(self) -> float:
        """How much larger the text is than at the size at which formulas are measured."""
        return self.size / NORMAL

    @property
    def margin(self) -> float:
        """The margin at the left and at the right, in millimetres."""
        if self.width:
            return round((PAPERS[self.paper][0] - self.width) / 2, 2)
        return 14.0 if self.columns > 1 else 16.0 if self.size > LARGE else 24.0

    @property
    def column(self) -> float:
        """How wide a column of text is, in millimetres."""
        width = PAPERS[self.paper][0] - 2 * self.margin
        return (width - BETWEEN * (self.columns - 1)) / self.columns

    @property
    def line(self) -> float:
        """How wide a column is in millimetres of the size at which formulas are measured."""
        return self.column / self.scale

    @property
    def each_point(self) -> float | None:
        """Room for each point, in millimetres; None where it follows from the answer."""
        found = SPACE.fullmatch(self.space)
        if self.space == "answer" or found is None:
            return None
        number, unit = found.groups()
        return 0.0 if number is None else float(number) * (10 if unit == "cm" else LINE)


def _check_words(key: str, text: str, most: int) -> None:
    if len(text) > most:
        raise DataError(f"has {len(text)} characters", key, f"Give {most} at most.")
    shown = text.replace("\n", " ") if key == "instructions" else text
    # a no-break space, as French is typed, is no control character
    if not all(char.isprintable() or category(char) == "Zs" for char in shown):
        lines = "text" if key == "instructions" else "one line"
        raise DataError(f"must be {lines} without control characters", key, "Remove them.")


def _check_range(key: str, value: int, least: int, most: int, unit: str) -> None:
    if not least <= value <= most:
        message = f"must be a whole number of {unit} from {least} to {most}"
        raise DataError(message, key, f"Such as {key} = {max(least, min(most, 12))}.")


USUAL = Page()
"""The page that an author gets who asks for nothing."""
