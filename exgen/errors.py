"""The one family of errors: what went wrong, where, and what to do about it.

Every error that a user can meet derives from :class:`ExgenError`. The command line prints its
text and exits with its ``exit_code``: 2 where the input or the machine must be changed by the
user, 1 where exgen could not prove or typeset what it made.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


MAX_WORD = 200
MAX_MESSAGE = 2000
MAX_LEGAL = 60
EXCERPT = 100
"""How much of what a user wrote an error repeats: of a word, in all, of a list, of a line."""


def plain(text: str) -> str:
    """Return text that is safe to show on one line: nothing unprintable, nothing without end."""
    text = re.sub(rf"\S{{{MAX_WORD},}}", lambda word: f"{word[0][:80]}…{word[0][-20:]}", text)
    shown = text if len(text) <= MAX_MESSAGE else f"{text[:MAX_MESSAGE]}…"
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in shown)


class ExgenError(Exception):
    """An error with a place and a remedy.

    Args:
        message: one sentence saying what is wrong.
        place: where, as ``file``, ``file:line`` or ``file:line:column``.
        excerpt: source lines with a caret, already formatted.
        remedy: one sentence saying what to do.

    """

    exit_code: ClassVar[int] = 2

    def __init__(
        self, message: str, *, place: str = "", excerpt: str = "", remedy: str = ""
    ) -> None:
        self.message = plain(message)
        super().__init__(self.message)
        self.place = plain(place)
        self.excerpt = excerpt
        self.remedy = plain(remedy)

    def __str__(self) -> str:
        head = f"{self.place}: {self.message}" if self.place else self.message
        return "\n".join(part for part in (head, self.excerpt, self.remedy) if part)


class LanguageError(ExgenError):
    """The text of a network is not a legal forward pass. Its author can mend it."""


class BankError(ExgenError):
    """A bank, or the name of one, is not legal. Its author can mend it."""


class NotationError(ExgenError):
    """A notation file, or the name of one, is not legal. Its author can mend it."""


class KindError(ExgenError):
    """A kind of problem cannot ask about the network it was given."""


class AcceptanceError(ExgenError):
    """No draw satisfied the acceptance rules within the tries allowed.

    Args:
        message, place, remedy: as for every error.
        rejected: how many draws each rule turned down.

    """

    def __init__(
        self,
        message: str,
        *,
        place: str = "",
        remedy: str = "",
        rejected: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(message, place=place, remedy=remedy)
        self.rejected = dict(rejected or {})


class ValuesError(ExgenError):
    """Numbers given for the leaves of a network do not fit it."""


class ManifestError(ExgenError):
    """A manifest is damaged, was not made by exgen, or is of another version."""


class SignatureError(ExgenError):
    """A key for signatures cannot be read, or is none, or a file is in its way."""


class MachineError(ExgenError):
    """The machine lacks something: TeX, room on the disk, the right to write."""


class CertificateError(ExgenError):
    """Two independent methods disagree about an answer. Nothing is written."""

    exit_code: ClassVar[int] = 1


class TexError(ExgenError):
    """TeX stopped. Nothing is written."""

    exit_code: ClassVar[int] = 1


class MisfitError(Exception):
    """Shapes or arguments that do not fit, without a place yet.

    Raised by the rows of the op table, which do not know the source text; whoever reads the
    text turns it into a :class:`LanguageError` with line, column and caret.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class DataError(Exception):
    """JSON that is not what its type says, without the name of a file yet.

    Args:
        message: what is wrong.
        path: where, such as ``.set.problems[0].name``.
        remedy: what to do, where that is known.

    """

    def __init__(self, message: str, path: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.remedy = remedy


@contextmanager
def retold(make: Callable[..., Exception], sort: type[Any] = MisfitError) -> Iterator[None]:
    """Let whoever knows the place of an error raise it.

    Args:
        make: takes message and remedy, and returns the error with its place.
        sort: the errors that are retold.

    """
    try:
        yield
    except sort as error:
        raise make(error.message, remedy=error.remedy) from None


class RejectedError(Exception):
    """A draw broke an acceptance rule; whoever draws counts it and draws anew."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of source text: 1-based line, 0-based column, and the number of characters."""

    line: int
    column: int
    length: int


@dataclass(frozen=True, slots=True)
class Source:
    """A text and the name under which errors speak of it."""

    name: str
    text: str

    def place(self, span: Span) -> str:
        """Return ``name:line:column``, with the column counted from 1."""
        return f"{self.name}:{span.line}:{span.column + 1}"

    def excerpt(self, span: Span) -> str:
        """Return the source line with carets under the span."""
        lines = self.text.splitlines() or [""]
        line = lines[min(span.line, len(lines)) - 1].expandtabs(1)
        line = "".join(c if c.isprintable() else "\ufffd" for c in line)
        column = span.column
        if len(line) > 2 * EXCERPT:
            start = max(0, column - EXCERPT)
            front, back = "…" * (start > 0), "…" * (len(line) > column + EXCERPT)
            line = f"{front}{line[start : column + EXCERPT]}{back}"
            column += len(front) - start
        carets = "^" * max(1, min(span.length, len(line) - column))
        return f"    {line}\n    {' ' * column}{carets}"

    def error(self, message: str, span: Span, remedy: str = "") -> LanguageError:
        """Return a :class:`LanguageError` that points at ``span``."""
        return LanguageError(
            message, place=self.place(span), excerpt=self.excerpt(span), remedy=remedy
        )


def nearest(word: str, legal: Iterable[str]) -> str:
    """Return a remedy that names the legal word nearest to ``word``, or all of them."""
    words = sorted(legal)
    close = get_close_matches(word[:MAX_WORD], words, n=1)
    if close:
        return f"Did you mean '{close[0]}'?"
    more = ", …" if len(words) > MAX_LEGAL else "."
    return (
        f"Legal here: {', '.join(words[:MAX_LEGAL])}{more}" if words else "Nothing is legal here."
    )
