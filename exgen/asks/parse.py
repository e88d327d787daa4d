"""Read a problem's text: words as they are, and in braces what is shown, asked and printed.

``{{`` and ``}}`` are braces themselves. Nothing of the text is executed, and no word of it reaches
TeX unescaped.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from exgen.asks.grammar import COMMON, Found, Reader, Token, span_at, tokens
from exgen.asks.pieces import Behind, Fact, Formula, Let, Part, Phrase, Where, Words
from exgen.asks.table import ASKS, SHOWS, Ask
from exgen.asks.tables import HEADS, TABLE
from exgen.errors import Source, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from exgen.asks.pieces import Inline, Piece
    from exgen.errors import Span

MOST_SIGNS = 50_000
MOST_PIECES = 400
NAMED = ("gradient", "jacobian", "line", "backward", "derivation", "case")
"""The asks whose answers are called by their names alone."""
SAID = ("upstream", "terms", "given", "sorted", "examples", "wire")
"""The clauses that tell two asks about the same name apart."""
ROW = "_"
"""What stands in the column of a table for the name of a row."""
OF_NAMES = re.compile(
    r"\{\s*(?:fact|where|let|ask\s+chain\b.*|(?:ask|show)\s+table\b.*)\s*", re.DOTALL
)
"""What begins a brace in which names stand behind the colon too, and no words."""
TOGETHER = (["upstream", "given"], ["terms", "examples"])
WAYS = ("exactly", "digits", "symbols", "upstream", "steps", "terms", "given", "examples", "sorted")
"""The clauses that say how an answer is worked out, of which there is one."""
MARK = re.compile(r"\{\{|\}\}|\{|\}")
COMPARED = re.compile(r"<=|>=|<|>|=|[()\[\]]")
VALUE = re.compile(r"\s(?:(exactly)|to (\d) (?:digit|decimal)s?)$")
BEHIND = re.compile(r"parameters behind (\w+)")
CONDITION = re.compile(r"\{where:[^{}]*\}")
GRADIENT = re.compile(r"gradient of (\w+) by (\w+)")
WORD = re.compile(r'"[^"\n]*"|[A-Za-z_]\w*|\{\{|\}\}|.', re.DOTALL)
VERBS = ("show", "ask", "part", "rubric", "remark", "fact", "where", "let")
ALONE = ("rubric", "remark")
"""The verbs that are a row of their own."""


def parse(source: Source) -> tuple[Piece, ...]:
    """Return the pieces of a problem's text.

    Raises:
        LanguageError: with line, column and caret.

    """
    text = source.text
    if len(text) > MOST_SIGNS:
        raise source.error(f"a text has at most {MOST_SIGNS} characters", span_at(text, 0, 1))
    found = list(_pieces(source, 0, len(text), inside=False))
    if len(found) > MOST_PIECES:
        raise source.error(f"a text has at most {MOST_PIECES} pieces", span_at(text, 0, 1))
    return tuple(_named(found))


def phrases_of(pieces: Iterable[Piece]) -> Iterator[Phrase]:
    """Yield what a text shows and asks, in order, and behind a table what stands in its cells."""
    for piece in pieces:
        if isinstance(piece, Phrase):
            yield piece
            yield from piece.cells


def asks_of(pieces: Iterable[Piece]) -> tuple[Phrase, ...]:
    """Return what a text asks, in order."""
    return tuple(part for part in phrases_of(pieces) if part.verb == "ask")


def points_of(source: Source) -> tuple[int, ...] | None:
    """Return what each part of a text is worth; None where the text does not say.

    Raises:
        LanguageError: the text cannot be read, or says so of some of its parts alone.

    """
    worth: list[int] = []
    marks: list[tuple[bool, Span]] = []
    for piece in parse(source):
        if isinstance(piece, Part):
            worth.append(piece.points or 0)
            marks.append((piece.points is not None, piece.span))
        elif isinstance(piece, Phrase) and "points" in piece.clauses:
            if not marks:
                worth, marks = [0], [(True, piece.span)]
            worth[-1] += int(piece.clauses["points"])
            marks[-1] = (True, piece.span)
    stated = [said for said, _ in marks]
    if any(stated) and not all(stated):
        span = next(span for said, span in marks if not said)
        remedy = "Give points to every part, as in {part 2 points}, or to none."
        raise source.error("this part has no points, and another one has", span, remedy)
    return tuple(worth) if any(stated) else None


def renamed(text: str, names: Mapping[str, str]) -> str:
    """Return a text with other names in its braces; words outside them stay as they are."""
    if not names:
        return text

    inside: list[bool] = []
    """For each brace that is open, whether names stand in it, and no words."""
    found: list[str] = []
    for match in WORD.finditer(text):
        word = match[0]
        if not inside and word in ("{{", "}}"):
            pass
        elif word[0] == "{":
            inside += [True] * len(word)
        elif word[0] == "}":
            del inside[-len(word) :]
        elif word == ":" and inside:
            inside[-1] &= OF_NAMES.fullmatch("{" + "".join(found).rpartition("{")[2]) is not None
        elif inside and inside[-1]:
            word = names.get(word, word)
        found.append(word)
    return "".join(found)


def _pieces(source: Source, start: int, end: int, *, inside: bool) -> Iterator[Piece]:
    """Yield the pieces of a stretch; ``inside`` a phrase there are no phrases."""
    text, at, words = source.text, start, ""
    while at < end:
        mark = MARK.search(text, at, end)
        words += text[at : mark.start() if mark else end]
        if mark is None:
            break
        at = mark.end()
        if mark[0] in ("{{", "}}"):
            words += mark[0][0]
            continue
        here = span_at(text, mark.start(), 1)
        if mark[0] == "}":
            raise source.error("this brace closes nothing", here, "Write }} for a brace itself.")
        close = _closing(source, mark.start(), end)
        if words:
            yield Words(words)
            words = ""
        yield _brace(source, at, close, here, inside=inside)
        at = close + 1
    if words:
        yield Words(words)


def _closing(source: Source, start: int, end: int) -> int:
    """Return where the brace that opens at an offset is closed."""
    depth = 0
    for mark in re.finditer(r"[{}]", source.text[start:end]):
        depth += 1 if mark[0] == "{" else -1
        if depth == 0:
            return start + mark.start()
    here = span_at(source.text, start, 1)
    raise source.error("this brace is never closed", here, "Write {{ for a brace itself.")


def _brace(source: Source, start: int, end: int, here: Span, *, inside: bool) -> Piece:
    """Read what stands between two braces."""
    body = source.text[start:end]
    verb = re.match(r"\s*([a-z]+)(?=[\s:]|$)", body)
    span = span_at(source.text, start - 1, end - start + 2)
    if verb is None or verb[1] not in VERBS:
        return _formula(source, body, start, span)
    word = verb[1]
    if word == "where" and inside:
        return _where(source, body, span, verb.end())
    if word == "fact" and inside:
        return _fact(source, body, span, verb.end())
    if inside or word in ("fact", "where"):
        remedy = (
            "Inside rubrics and choices there may be formulas, {fact: a = b} and {where: a < b}."
        )
        raise source.error(f"'{word}' cannot stand here", span, remedy)
    if word == "let":
        return Let(body[verb.end() :].replace(";", "\n"), span)
    if word == "part":
        words = tokens(source, body[verb.end() :], start + verb.end())
        reader = Reader(source, words, span_at(source.text, end, 1), "{part 2 points}")
        if not words:
            return Part(None, span)
        found = reader.read("NUMBER points|point", ())
        points = found.slots["number"]
        if points.denominator != 1 or not 0 <= points <= 1000:  # noqa: PLR2004 - as in banks
            raise source.error("a part is worth a whole number of points", span, "Such as 2.")
        return Part(int(points), span)
    return _phrase(source, word, start, end, here)


def _formula(source: Source, body: str, start: int, span: Span) -> Formula:
    if not body.strip():
        raise source.error(
            "there is nothing in these braces", span, "Such as {W1} or {ask value of z1}."
        )
    if "{" in body:
        place = span_at(source.text, start + body.index("{"), 1)
        raise source.error("a formula has no braces", place)
    first = re.match(r"\s*([A-Za-z]+)\s+[A-Za-z]", body)
    if first is not None:
        remedy = nearest(first[1], VERBS)
        raise source.error(
            f"neither a formula nor a phrase: '{first[1]}' is no word that begins one",
            span,
            remedy if remedy.startswith("Did") else f"Legal here: {', '.join(VERBS)}.",
        )
    return Formula(body.strip(), span)


def _where(source: Source, body: str, span: Span, after: int) -> Where:
    sides, signs, of = _compared(body[after:])
    if len(signs) != 1:
        raise source.error("a condition compares two formulas", span, "Such as {where: y < t}.")
    return Where(sides, signs, of, span)


def _fact(source: Source, body: str, span: Span, after: int) -> Fact | Behind:
    text = body[after:].strip().removeprefix(":").strip()
    if behind := BEHIND.fullmatch(text):
        return Behind(behind[1], span)
    value = VALUE.search(text)
    sides, signs, of = _compared(text[: value.start()] if value else text)
    if bool(signs) == bool(value) or "{" in text:
        remedy = "Such as {fact: a1 = relu(z1)}, {fact: a1 >= 0} or {fact: log(2) to 3 digits}."
        raise source.error("a fact compares formulas, or is the value of one", span, remedy)
    return Fact(sides, signs, of, span, int(value[2]) if value and value[2] else None)


def _compared(text: str) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Return sides, the signs between them outside of brackets, and what gradients are of."""
    text = text.strip().removeprefix(":")
    of = GRADIENT.search(text)
    text = GRADIENT.sub(r"derivative(\1, \2)", text)
    depth, start = 0, 0
    sides: list[str] = []
    signs: list[str] = []
    for mark in COMPARED.finditer(text):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(mark[0], 0)
        if depth == 0 and mark[0] not in ")]":
            sides.append(text[start : mark.start()].strip())
            signs.append(mark[0])
            start = mark.end()
    sides.append(text[start:].strip())
    complete = all(sides)
    return tuple(sides), tuple(signs) if complete else (), of[1] if of else ""


def _phrase(source: Source, verb: str, start: int, end: int, here: Span) -> Phrase:
    """Read a show, an ask, a rubric or a remark."""
    body = source.text[start:end]
    head, _, tail = _split(body)
    words = tokens(source, head, start)
    closing = span_at(source.text, end, 1)
    shows = verb in ("show", "remark")
    table = SHOWS if shows else ASKS
    sort = verb if verb in ALONE else words[1].text if len(words) > 1 else ""
    row = table.get(sort)
    if row is None:
        place = words[1].span if len(words) > 1 else closing
        said = (
            f"there is nothing called '{sort}' to {verb}" if sort else f"what is there to {verb}?"
        )
        raise source.error(said, place, nearest(sort, table))
    reader = Reader(source, words if verb in ALONE else words[1:], closing, row.example)
    legal = row.clauses if shows else (*row.clauses, *COMMON)
    found = reader.read(row.pattern, legal)
    least = row.choices or int(isinstance(row, Ask) and row.wrong and tail is not None)
    between = _between(source, least, tail, start + len(head) + 1, end, closing)
    _check(source, found)
    phrase = Phrase(
        "show" if shows else "ask",
        sort,
        found.slots,
        found.clauses,
        () if sort == TABLE else _choices(source, between),
        "",
        replace(here, length=span_at(source.text, start - 1, end - start + 2).length),
        found.spans,
    )
    cells = _cells(source, phrase, between) if sort == TABLE else ()
    return replace(phrase, cells=tuple(cells))


def _cells(source: Source, table: Phrase, columns: list[tuple[int, int]]) -> Iterator[Phrase]:
    """Yield what stands in the cells of a table: each column's ask, of the name of each row."""
    for name in table["names"]:
        for start, end in columns:
            words = tokens(source, source.text[start:end], start)
            row = ASKS.get(words[0].text) if words[0].text in HEADS else None
            if row is None:
                said = f"'{words[0].text}' is no column of a table"
                raise source.error(said, words[0].span, nearest(words[0].text, HEADS))
            if ROW not in (word.text for word in words):
                remedy = f"Write {ROW} for it, as in 'shape of {ROW}'."
                raise source.error("no row's name stands here", words[0].span, remedy)
            put = [Token(name, word.span) if word.text == ROW else word for word in words]
            reader = Reader(source, put, span_at(source.text, end, 1), row.example)
            found = reader.read(row.pattern, row.clauses)
            _check(source, found)
            at = (found.slots, found.clauses, (), "", words[0].span, found.spans)
            yield Phrase(table.verb, row.name, *at, is_cell=True)


def _split(body: str) -> tuple[str, str, str | None]:
    """Return what stands before the first colon outside quotes, and what behind it."""
    quoted = False
    for place, sign in enumerate(body):
        if sign == '"':
            quoted = not quoted
        elif sign == ":" and not quoted:
            return body[:place], ":", body[place + 1 :]
    return body, "", None


def _between(
    source: Source, least: int, tail: str | None, start: int, end: int, closing: Span
) -> list[tuple[int, int]]:
    """Return where each of the texts stands that are behind the colon, between bars."""
    if tail is None:
        if least:
            remedy = "Such as {rubric: one point | another}."
            raise source.error("a colon is expected here, and what to choose from", closing, remedy)
        return []
    if not least:
        raise source.error("nothing may stand behind a colon here", span_at(source.text, start, 1))
    bounds = [start - 1]
    depth = 0
    for place in range(start, end):
        depth += {"{": 1, "}": -1}.get(source.text[place], 0)
        if source.text[place] == "|" and depth == 0:
            bounds.append(place)
    bounds.append(end)
    found = [(left + 1, right) for left, right in pairwise(bounds)]
    said: set[str] = set()
    for left, right in found:
        if not source.text[left:right].strip():
            raise source.error(
                "nothing stands between these bars", span_at(source.text, left - 1, 1)
            )
        text = " ".join(CONDITION.sub("", source.text[left:right]).split())
        if text in said:
            message = "this stands between other bars already"
            raise source.error(message, span_at(source.text, left - 1, 1), "Leave one out.")
        said.add(text)
    if len(found) < least:
        remedy = "Write the right one first, then a bar and a wrong one."
        raise source.error("there is nothing to choose from", closing, remedy)
    return found


def _choices(source: Source, between: list[tuple[int, int]]) -> tuple[tuple[Inline, ...], ...]:
    """Read the texts behind a colon."""
    return tuple(
        tuple(
            part
            for part in _pieces(source, left, right, inside=True)
            if isinstance(part, (Words, Formula, Fact, Where, Behind))
        )
        for left, right in between
    )


def _check(source: Source, found: Found) -> None:
    """Refuse numbers that are too large or no whole ones, and two ways in one ask."""
    for clause, most in (("digits", 9), ("points", 1000), ("hiding", 20)):
        number = found.clauses.get(clause)
        if number is not None and (number.denominator != 1 or not 0 <= number <= most):
            said = f"this must be a whole number from 0 to {most}"
            raise source.error(said, found.spans[clause])
    ways = [name for name in WAYS if name in found.clauses]
    if len(ways) > 1 and ways not in TOGETHER:
        remedy = "Ask twice where both are wanted."
        raise source.error("an answer is worked out in one way", found.spans[ways[1]], remedy)


def _named(pieces: list[Piece]) -> Iterator[Piece]:
    """Yield the pieces with a name for each ask: what is asked, and a number where it is twice."""
    seen: dict[str, int] = {}

    def named(piece: Phrase) -> Phrase:
        words = [_text(part) for part in piece.slots.values()]
        words = words if piece.sort in NAMED else [piece.sort, *words]
        words += [word for word in SAID if word in piece.clauses]
        words += ["value"] * bool({"digits", "exactly"} & piece.clauses.keys())
        stem = ".".join(words)
        seen[stem] = seen.get(stem, 0) + 1
        name = stem if seen[stem] == 1 else f"{stem}.{seen[stem]}"
        return replace(piece, name=name, cells=tuple(map(named, piece.cells)))

    for piece in pieces:
        yield named(piece) if isinstance(piece, Phrase) and piece.verb == "ask" else piece


def _text(part: object) -> str:
    """Return what fills a place as a piece of an answer's name."""
    if isinstance(part, tuple):
        return "-".join(_text(inner) for inner in part if inner != ())
    return str(part)
