"""How much room a student needs to write an answer: an estimate from its worked key.

The key's steps say how many lines the work takes, and how high they are. Handwriting is larger
than print, so every height here is that of handwriting, in millimetres.
"""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from exgen.page import PAPERS, Page
from exgen.render.widths import formula_width

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from exgen.document import Answer

LINE = 8
"""A line of handwriting."""
TALL = 10
"""A line with a fraction or a sum in it."""
ROW = 6
"""A row of a matrix."""
POINT = 11
"""A point of an answer in words: a sentence or two."""
MARGIN = 4
LONG = 45
"""How many signs of a formula a student writes on a line."""
SHORT = 26
"""Up to this height an answer is short: it stands beside its question, two to a line."""
LEAST, MOST = 12, 170
POINTS, BESIDE, SURELY = 7.0, 30.0, 1.1
"""How wide the points of a part are, how much of a line is not for two parts, and by how much an
estimate must be larger to be trusted."""
SMALLEST = 0.75
"""How much smaller than at 11 pt a figure may be: its letters then have 7 pt."""
MUCH = 1.25
"""How much larger a figure must become to be turned on its side."""
FRAME, LARGER, STATEMENT = 59, 14, 20
"""How much of the height of a page is not for a figure, how much more for text twice as large, and
how much above it at least is for words, in millimetres."""
SIGN, NARROWEST, WIDEST = 3, 24, 100
"""How wide a sign is in handwriting, and the least and the most width of a short answer."""

_SIGN = re.compile(r"\\[A-Za-z]+|\\.|[^\s{}^_&]")
_INVISIBLE = re.compile(
    r"\\(?:left|right|math[a-z]+|boldsymbol|operatorname|displaystyle|exanswer|exshape|[,;:! ])"
    r"(?![A-Za-z])|\\begin\{[a-z]+\}(?:\{[^}]*\})?|\\end\{[a-z]+\}"
)
_GRID = re.compile(r"\\begin\{([bvp]?matrix|array|cases)\}.*?\\end\{\1\}")
_TALL = re.compile(r"\\(?:frac|sum|dfrac)\b")


def room(
    answers: Iterable[Answer],
    columns: int = 1,
    width: float = 1.0,
    proofs: Collection[str] = (),
) -> int:
    """Return the height of the box in which these answers are worked out, in millimetres.

    Args:
        answers: what is asked for.
        columns: how many of them a student writes beside each other.
        width: how wide a line is, as a share of the usual one.
        proofs: the rules whose proofs stand on the key besides; a student may use them.

    """
    signs = max(1, round(LONG * width))
    lines = -(-sum(_height(answer, signs, proofs) for answer in answers) // columns)
    return max(LEAST, min(MOST, MARGIN + lines))


def width(answer: Answer) -> int:
    """Return how wide the room for a short answer must be, in millimetres."""
    return max(NARROWEST, min(WIDEST, SIGN * _signs(answer.latex.tex) + MARGIN))


def fills_a_line(question: str, room: float, page: Page) -> bool:
    """Whether a short part, with its room in millimetres, surely has no other one beside it."""
    texts, formulas = question.split("$")[::2], question.split("$")[1::2]
    words = formula_width(rf"\text{{{''.join(texts)}}}")
    wide = page.scale * (words + sum(map(formula_width, formulas)) + POINTS) + room
    return wide > SURELY * (page.column - BESIDE * page.scale) / 2


def fitted(drawing: Mapping[str, Any], page: Page) -> tuple[bool, float]:
    """Return whether a figure is turned on its side, and how much larger than usual it is.

    It is as large as the text, but no wider than a column and no higher than a page; one that
    would have to be much smaller than usual sticks out, which stops the run.
    """
    wide, high = drawing["width"], drawing["height"]
    column = page.column - 2
    page_high = PAPERS[page.paper][1] - FRAME - LARGER * max(0.0, page.scale - 1)
    upright = min(column / wide, page_high / (high + STATEMENT))
    on_its_side = min(column / high, page_high / wide)
    too_small = upright < SMALLEST * page.scale and on_its_side > MUCH * upright
    turned = drawing["turned"] or too_small
    fits = on_its_side if turned else upright
    return turned, max(SMALLEST, round(min(page.scale, fits), 3))


def _height(answer: Answer, signs: int, proofs: Collection[str]) -> int:
    if answer.is_rubric:
        return POINT * -(-len(answer.steps) * LONG // signs)
    steps = takewhile(lambda step: step.rule not in proofs, answer.steps)
    equations = [step.equation.tex for step in steps if step.equation.tex]
    return sum(_equation(latex, signs) for latex in equations or [answer.latex.tex])


def _equation(latex: str, signs: int) -> int:
    """Return the height of one equation: of each of its rows, and of what a row runs over to."""
    rows = _GRID.sub(lambda grid: "#" * (1 + grid[0].count(r"\\")), latex).split(r"\\")
    return sum(_row(row, signs) for row in rows if row.strip())


def _row(latex: str, signs: int) -> int:
    grid = max(map(len, re.findall("#+", latex)), default=0)
    height = ROW * grid + MARGIN if grid else TALL if _TALL.search(latex) else LINE
    return height * -(-_signs(latex) // signs)


def _signs(latex: str) -> int:
    return len(_SIGN.findall(_INVISIBLE.sub("", latex)))
