"""How much room a student needs to write an answer: an estimate from its worked key.

The key's steps say how many lines the work takes, and how high they are. Handwriting is larger
than print, so every height here is that of handwriting, in millimetres.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

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
SIGN, NARROWEST, WIDEST = 3, 24, 100
"""How wide a sign is in handwriting, and the least and the most width of a short answer."""

_SIGN = re.compile(r"\\[A-Za-z]+|\\.|[^\s{}^_&]")
_INVISIBLE = re.compile(
    r"\\(?:left|right|math[a-z]+|boldsymbol|operatorname|displaystyle|exanswer|exshape|[,;:! ])"
    r"(?![A-Za-z])|\\begin\{[a-z]+\}(?:\{[^}]*\})?|\\end\{[a-z]+\}"
)
_GRID = re.compile(r"\\begin\{([bvp]?matrix|array|cases)\}.*?\\end\{\1\}")
_TALL = re.compile(r"\\(?:frac|sum|dfrac)\b")


def room(answers: Iterable[Answer], columns: int = 1) -> int:
    """Return the height of the box in which these answers are worked out, in millimetres.

    Args:
        answers: what is asked for.
        columns: how many of them a student writes beside each other.

    """
    lines = -(-sum(map(_height, answers)) // columns)
    return max(LEAST, min(MOST, MARGIN + lines))


def width(answer: Answer) -> int:
    """Return how wide the room for a short answer must be, in millimetres."""
    return max(NARROWEST, min(WIDEST, SIGN * _signs(answer.latex.tex) + MARGIN))


def _height(answer: Answer) -> int:
    if answer.is_rubric:
        return POINT * len(answer.steps)
    equations = [step.equation.tex for step in answer.steps if step.equation.tex]
    return sum(map(_equation, equations or [answer.latex.tex]))


def _equation(latex: str) -> int:
    """Return the height of one equation: of each of its rows, and of what a row runs over to."""
    rows = _GRID.sub(lambda grid: "#" * (1 + grid[0].count(r"\\")), latex).split(r"\\")
    return sum(_row(row) for row in rows if row.strip())


def _row(latex: str) -> int:
    grid = max(map(len, re.findall("#+", latex)), default=0)
    height = ROW * grid + MARGIN if grid else TALL if _TALL.search(latex) else LINE
    return height * -(-_signs(latex) // LONG)


def _signs(latex: str) -> int:
    return len(_SIGN.findall(_INVISIBLE.sub("", latex)))
