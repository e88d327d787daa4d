"""LaTeX as tokens: letters with their font, commands, numbers, brackets and signs.

Only the part of LaTeX that exgen prints is known. A letter keeps its font, because the font says
what it stands for; spaces and the sizes of brackets say nothing and are dropped.
"""

from __future__ import annotations

import re

from msgspec import Struct

from exgen.errors import CertificateError

MAX_LENGTH = 100_000
FONTS = ("mathbf", "mathbb", "mathcal", "mathsf", "mathrm", "boldsymbol", "operatorname", "text")
ACCENTS = ("hat", "bar", "tilde")
SPACES = re.compile(r"(?:\s|\\[,;!> ]|\\quad|\\displaystyle(?![a-zA-Z]))+")
STYLED = re.compile(rf"\\(?:{'|'.join(FONTS)})\{{\\?[A-Za-z0-9 ]+\}}")
ACCENTED = re.compile(rf"\\(?:{'|'.join(ACCENTS)})\{{")
ENVIRONMENT = re.compile(r"\\(?:begin|end)\{[a-z]+\}(?:\{[|c]*\})?")
SMALL_FRACTION = re.compile(r"\\tfrac(\d)(\d)")
TOKEN = re.compile(
    r"""
      (?:\\left|\\right)?(?:[()\[\]]|\\[lr][Vv]ert)
    | \\\\(?:\[\d+mm\])?
    | \\[A-Za-z]+
    | \d+(?:\.\d+)?
    | [A-Za-z]
    | [{}^_+\-*/,<>=&']
    """,
    re.VERBOSE,
)
SIZED = re.compile(r"\\(?:left|right)(?![a-z])")


class Token(Struct, frozen=True):
    """One token: its text without sizes of brackets, and where it stands."""

    text: str
    start: int
    end: int

    @property
    def is_number(self) -> bool:
        """Whether it is a number without a sign."""
        return self.text[0].isdigit()


def error_at(latex: str, start: int, end: int, message: str) -> CertificateError:
    """Return an error that shows the text with a caret under a stretch of it."""
    width = 60
    first = max(0, start - width)
    shown = latex[first : end + width].replace("\n", " ")
    carets = "^" * max(1, min(end, len(latex)) - start)
    excerpt = f"    {shown}\n    {' ' * (start - first)}{carets}"
    return CertificateError(f"read back: {message}, at character {start + 1}", excerpt=excerpt)


def tokens_of(latex: str) -> tuple[Token, ...]:
    """Return a text as tokens.

    Raises:
        CertificateError: the text is too long, or holds what exgen never prints.

    """
    if len(latex) > MAX_LENGTH:
        raise CertificateError(f"read back: the text is longer than {MAX_LENGTH} characters")
    found: list[Token] = []
    place = 0
    while place < len(latex):
        if space := SPACES.match(latex, place):
            place = space.end()
            continue
        if small := SMALL_FRACTION.match(latex, place):
            parts = (r"\frac", "{", small[1], "}", "{", small[2], "}")
            found += [Token(part, place, small.end()) for part in parts]
            place = small.end()
            continue
        end = _end(latex, place)
        text = SIZED.sub("", latex[place:end])
        found.append(Token(r"\\" if text.startswith(r"\\[") else text, place, end))
        place = end
    return tuple(found)


def _end(latex: str, place: int) -> int:
    """Return where the token that starts here ends."""
    if accent := ACCENTED.match(latex, place):
        end = latex.find("}", accent.end())
        inner = _end(latex, accent.end()) if end >= 0 else -1
        if inner < 0 or latex[inner : inner + 1] != "}":
            raise error_at(latex, place, accent.end(), "an accent over more than one letter")
        return inner + 1
    for pattern in (STYLED, ENVIRONMENT, TOKEN):
        if match := pattern.match(latex, place):
            return match.end()
    raise error_at(latex, place, place + 1, f"'{latex[place]}' is not known")
