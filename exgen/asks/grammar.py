"""The phrases that may stand in braces: a pattern of words and places for each, and clauses.

A pattern is read word by word. ``NAME`` stands for a name of the network, ``ENTRY`` for a name
with or without indices, ``NAMES`` and ``NUMBERS`` for some with commas, ``DERIVATIVES`` for names
or pairs such as ``a by z``, ``NUMBER``, ``SIZE`` and ``TEXT`` for what they say, ``CONDITION`` for
all that follows;
``digits|decimals`` is either word, and a word in brackets may be left out.
"""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from exgen.errors import Source, Span, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from exgen.errors import LanguageError

TOKEN = re.compile(r'"[^"\n]*"|[A-Za-z_]\w*(?:\[[^\[\]\n]*\])?|-?\d+(?:\.\d+)?|\S')
NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
ENTRY = re.compile(r"([A-Za-z_]\w*)(?:\[([^\[\]]*)\])?", re.ASCII)
PLAIN = re.compile(r"[a-z]+")
EQUALS = re.compile(r"(?<![=<>!])=(?!=)")
SIZE = re.compile(r"[A-Za-z]\w*|[1-9]\d{0,8}", re.ASCII)
NUMBER = re.compile(r"-?\d{1,9}(?:\.\d{1,9})?")
LISTS: Mapping[str, tuple[str, ...]] = {
    "NAMES": (",", "and"),
    "NUMBERS": (",", "and"),
    "DERIVATIVES": (",", "and", "by"),
}
"""What may stand between the parts of each sort of list."""
PLACES: Mapping[str, str] = {
    "NAME": "a name of the network",
    "ENTRY": "a name of the network, or an entry of it such as W[i, j]",
    "NAMES": "names of the network, with commas",
    "DERIVATIVES": "names of the network or pairs such as a1 by z1, with commas",
    "NUMBER": "a number",
    "NUMBERS": "numbers, with commas",
    "SIZE": "a size, such as m or 20",
    "TEXT": 'text in quotes, such as "…"',
    "CONDITION": "a condition, such as x[0] < 0",
}
"""What may fill each sort of place, for errors."""


class Clause(Struct, frozen=True):
    """Words that may follow a phrase; its value is what fills its place, or True without one."""

    name: str
    pattern: str
    says: str


CLAUSES: Mapping[str, Clause] = {
    clause.name: clause
    for clause in (
        Clause("digits", "to NUMBER digits|decimals|digit|decimal", "worked at numbers, rounded"),
        Clause("exactly", "exactly", "worked at numbers, in exact fractions"),
        Clause("upstream", "with upstream", "one step: the upstream gradients stay symbols"),
        Clause("terms", "term by term", "by an entry of a loss's prediction, unsimplified"),
        Clause("steps", "step by step", "each line reads the gradients on the lines before it"),
        Clause(
            "given",
            "given DERIVATIVES",
            "the gradients of the loss by these names, and the Jacobians of such pairs as a1 by "
            "z1, stay symbols",
        ),
        Clause("sorted", "sorted as NUMBERS", "where sorting puts these positions in this order"),
        Clause("rate", "with rate NUMBER", "the learning rate"),
        Clause("open", "in terms of NAME", "this leaf stays a symbol"),
        Clause("symbols", "in symbols", "in symbols, whatever the numbers are"),
        Clause("hiding", "hiding NUMBER [blanks|blank]", "how many names are left out"),
        Clause("at", "at TEXT", "which places are left out, such as 0.left.by or 0.1.of"),
        Clause("wire", "on a|its wire|wires", "written on its wire in the circuit that is shown"),
        Clause("examples", "over SIZE examples", "of so many examples, or of their mean loss"),
        Clause("as", "as rows|columns", "what an example is, where the notation leaves it open"),
        Clause("hot", "where ENTRY is 1", "the class of a one-hot target, such as y[c]"),
        Clause("lines", "as lines", "below each other, with room for all of them together"),
        Clause("grid", "in grids", "as grids of ruled cells"),
        Clause("inside", "in [a] blank|box|grid", "where the answer is written"),
        Clause("points", "for NUMBER points|point", "what it is worth"),
        Clause("hint", "hint TEXT", "a hint for the student"),
    )
}
"""Every clause by name."""
COMMON = ("inside", "points", "hint")
"""The clauses that every ask may have."""


class Token(Struct, frozen=True):
    """A word, a number, a name, quoted text or a sign, and where it stands."""

    text: str
    span: Span


def tokens(source: Source, text: str, start: int) -> list[Token]:
    """Return the tokens of a piece of a source that begins at an offset."""
    return [
        Token(found[0], span_at(source.text, start + found.start(), len(found[0])))
        for found in TOKEN.finditer(text)
    ]


def span_at(text: str, offset: int, length: int) -> Span:
    """Return a stretch of a text by its offset; of several lines, as much as the first holds."""
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1)
    rest = text[offset : offset + length].split("\n", maxsplit=1)[0]
    return Span(line, column, max(1, len(rest)))


class Found(Struct, frozen=True):
    """What filled the places of a phrase, with where each stood."""

    slots: Mapping[str, Any]
    clauses: Mapping[str, Any]
    spans: Mapping[str, Span]


class Reader:
    """Reads one phrase, from left to right."""

    def __init__(self, source: Source, words: Sequence[Token], end: Span, example: str) -> None:
        """Begin before the first token; errors at the end point at ``end``."""
        self.source, self.words, self.end, self.at = source, words, end, 0
        self.example = example

    def error(self, message: str, remedy: str, token: Token | None = None) -> LanguageError:
        """Return an error at a token, or at the next one."""
        here = token or self.next
        return self.source.error(message, here.span if here else self.end, remedy)

    @property
    def next(self) -> Token | None:
        """The next token; None at the end."""
        return self.words[self.at] if self.at < len(self.words) else None

    def read(self, pattern: str, clauses: Sequence[str]) -> Found:
        """Read a pattern, and then clauses in any order, each once.

        Raises:
            LanguageError: something else stands there.

        """
        slots: dict[str, Any] = {}
        spans: dict[str, Span] = {}
        for place, value, span in self._pattern(pattern):
            slots[place], spans[place] = value, span
        found: dict[str, Any] = {}
        while (token := self.next) is not None:
            clause = self._clause(token, clauses)
            if clause.name in found:
                raise self.error(f"'{clause.pattern}' stands here twice", "Leave one out.")
            filled = [value for _, value, _ in self._pattern(clause.pattern)]
            found[clause.name] = filled[-1] if filled else True
            spans[clause.name] = token.span
        return Found(slots, found, spans)

    def _clause(self, token: Token, legal: Sequence[str]) -> Clause:
        """Return the clause that begins here, by as many of its words as tell it from others."""
        following = [word.text for word in self.words[self.at :]]
        fitting = [
            CLAUSES[name] for name in legal if CLAUSES[name].pattern.split()[0] == token.text
        ]
        for clause in fitting:
            ahead = list(takewhile(PLAIN.fullmatch, clause.pattern.split()))
            if following[: len(ahead)] == ahead:
                return clause
        patterns = [CLAUSES[name].pattern for name in legal]
        if fitting:
            raise self.error(f"this is no '{fitting[0].pattern}'", _legal(patterns))
        first = {pattern.split()[0] for pattern in patterns}
        close = nearest(token.text, first)
        remedy = close if close.startswith("Did") else _legal(patterns)
        raise self.error(f"nothing that may follow here begins with '{token.text}'", remedy)

    def _pattern(self, pattern: str) -> Iterator[tuple[str, Any, Span]]:
        counts: dict[str, int] = {}
        words = pattern.split()
        for word, following in zip(words, [*words[1:], ""], strict=True):
            optional = word.startswith("[")
            legal = word.strip("[]").split("|")
            token = self.next
            left_out = optional and (token is None or token.text == following)
            if legal[0] in PLACES and not left_out:
                sort = legal[0]
                start = token.span if token else self.end
                value = self._place(sort)
                counts[sort] = counts.get(sort, 0) + 1
                yield (
                    sort.lower() + (str(counts[sort]) if counts[sort] > 1 else ""),
                    value,
                    start,
                )
            elif token is not None and token.text in legal:
                self.at += 1
                if len(legal) > 1 and not PLACES.keys() & set(pattern.split()):
                    yield "word", token.text, token.span
            elif legal[0] not in PLACES and not optional:
                raise self.error(
                    f"'{legal[0]}' is expected here"
                    + (f", not '{token.text}'" if token else ", and the brace ends"),
                    f"Such as {self.example}.",
                )

    def _place(self, sort: str) -> Any:  # noqa: ANN401 - what fills it
        token = self.next
        if token is not None:
            value = _VALUES[sort](token.text)
            if value is not None:
                self.at += 1
                if sort == "CONDITION":
                    rest, self.at = self.words[self.at :], len(self.words)
                    return " ".join([token.text, *(word.text for word in rest)])
                return self._listed(sort, value) if sort in LISTS else value
        said = f", not '{token.text}'" if token else ", and the brace ends"
        raise self.error(f"{PLACES[sort]} is expected here{said}", f"Such as {self.example}.")

    def _listed(self, sort: str, first: object) -> tuple[Any, ...]:
        """Read on after a name or number: more of them, each behind a comma or an ``and``."""
        found = [first]
        while (token := self.next) is not None and token.text in LISTS[sort]:
            self.at += 1
            value = None if self.next is None else _VALUES[sort](self.next.text)
            if value is None:
                what, example = ("number", "1, 0") if sort == "NUMBERS" else ("name", "z1, a1")
                where = "the comma" if token.text != "by" else "'by'"
                raise self.error(f"a {what} is expected behind {where}", f"Such as {example}.")
            if token.text == "by":
                value = (found.pop(), value)
            found.append(value)
            self.at += 1
        return tuple(found)


def _legal(patterns: Sequence[str]) -> str:
    return f"Legal here: {'; '.join(patterns)}."


def _name(text: str) -> str | None:
    return text if NAME.fullmatch(text) else None


def _entry(text: str) -> tuple[str, tuple[str, ...]] | None:
    found = ENTRY.fullmatch(text)
    if found is None:
        return None
    index = tuple(part.strip() for part in (found[2] or "").split(",") if part.strip())
    return found[1], index


def _number(text: str) -> Fraction | None:
    return Fraction(text) if NUMBER.fullmatch(text) else None


def _quoted(text: str) -> str | None:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else None


_VALUES: Mapping[str, Any] = {
    "NAME": _name,
    "ENTRY": _entry,
    "NAMES": _name,
    "DERIVATIVES": _name,
    "NUMBER": _number,
    "NUMBERS": _number,
    "SIZE": lambda text: text if SIZE.fullmatch(text) else None,
    "CONDITION": str,
    "TEXT": _quoted,
}
