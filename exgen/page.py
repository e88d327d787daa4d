"""The page that an author asks for: what stands in its head, and how it is set.

It is part of the document, so a manifest holds it, and the same page is printed again from there.
"""

# Without `from __future__ import annotations`: msgspec reads the types, and is to evaluate no text.

import re
from typing import Annotated, Literal

from msgspec import Meta, Struct

from exgen.strict import said

PAPERS = {"a4": (210.0, 297.0), "letter": (215.9, 279.4)}
"""Width and height of a sheet of paper, in millimetres."""
SPACE = re.compile(r"\A(?:answer|none|([0-9]{1,2}(?:\.[0-9]{1,2})?) (lines?|cm))\Z")
LOGO = re.compile(r"logo\.(?:png|jpg|pdf)")
"""What an image is called beside the TeX."""
LINE = 8.0
"""A line of handwriting, in millimetres."""
NORMAL, LARGE = 11, 12
"""In points: the size at which formulas and figures are measured, the last with wide margins."""
FRAGMENT = 120
"""How wide a line is supposed to be in a document of the author's own, in millimetres."""
BETWEEN = 7.0
"""Between two columns, in millimetres."""
PRINTABLE = r"\A[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\Z"
PARAGRAPHS = PRINTABLE.replace(r"\x1f", r"\x09\x0b-\x1f")
WORDS = ("institution", "date", "due", "instructions")
Words = Annotated[str, Meta(max_length=200, pattern=PRINTABLE)]
ONE_LINE = "one line of at most 200 characters"


class Page(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The head of page 1, and the form of every page."""

    institution: Annotated[Words, said(ONE_LINE, "Above the title.", "University of Somewhere")] = (
        ""
    )
    logo: Annotated[
        str, said("the path of an image beside the bank", "A PNG, JPEG or PDF.", "logo.png")
    ] = ""
    date: Annotated[Words, said(ONE_LINE, "The date of the sheet.", "12 November")] = ""
    due: Annotated[Words, said(ONE_LINE, "When it is to be handed in.", "Friday, noon")] = ""
    instructions: Annotated[
        str,
        said("text of at most 3000 characters", "Under the title; an empty line parts paragraphs.",
             "Show your work.", max_length=3000, pattern=PARAGRAPHS),
    ] = ""  # fmt: skip
    time: Annotated[
        int,
        said("a whole number of minutes, 1440 at most", "How long it takes.", 90, ge=0, le=1440),
    ] = 0
    identity: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=40, pattern=PRINTABLE)], ...],
        said("a list of at most 8 texts of 1 to 40 characters", "What a student fills in.",
             ["Name", "Student ID"], max_length=8),
    ] = ("Name",)  # fmt: skip
    points_table: Annotated[
        bool, said("true or false", "Whether page 1 has a table for the points.", True)  # noqa: FBT003
    ] = False
    paper: Annotated[Literal["a4", "letter"], said('"a4" or "letter"', "The paper.", "letter")] = (
        "a4"
    )
    size: Annotated[
        int,
        said("a whole number from 10 to 20", "The size of the text, in points.", 18, ge=10, le=20),
    ] = NORMAL
    width: Annotated[
        Annotated[int, Meta(ge=80, le=190)] | None,
        said("a whole number from 80 to 190", "How wide the text is, in millimetres.", 150),
    ] = None
    columns: Annotated[Literal[1, 2], said("1 or 2", "The columns of the sheet.", 2)] = 1
    space: Annotated[
        str,
        said('"answer", "none", or room for each point', "Room to write: as the answer needs it, "
             "none, or lines or centimetres.", "2 lines", "1.5 cm", pattern=SPACE.pattern),
    ] = "answer"  # fmt: skip
    alone: Annotated[
        bool, said("true or false", "Whether each problem shows its own network.", True)  # noqa: FBT003
    ] = False
    hints: Annotated[
        Literal["none", "sheet", "page"],
        said('"none", "sheet" or "page"', "Where hints stand: nowhere, with the problem, or on the "
             "last page.", "page"),
    ] = "none"  # fmt: skip

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
        found = SPACE.match(self.space)
        if self.space == "answer" or found is None:
            return None
        number, unit = found.groups()
        return 0.0 if number is None else float(number) * (10 if unit == "cm" else LINE)


USUAL = Page()
"""The page that an author gets who asks for nothing."""
