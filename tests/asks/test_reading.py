"""Reading a text: whatever stands in it, it is read or refused with one clear error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exgen.asks.grammar import CLAUSES
from exgen.asks.parse import asks_of, parse, points_of, renamed
from exgen.asks.pieces import Words
from exgen.asks.table import ASKS, SHOWS
from exgen.errors import LanguageError, Source
from tests.strategies import steady

SIGNS = ("{{", "}}", "ask", "show", "part", "rubric", "fact", "of", "by", "W1[i,j]", "2", "points")
pieces = st.sampled_from(
    (*'{}|:=$%é,"', *SIGNS, "\n\n", *ASKS, *SHOWS, *(c.pattern for c in CLAUSES.values()))
)
texts = st.lists(pieces, max_size=25).map(" ".join) | st.text(max_size=60)


@steady(150)
@given(texts)
def test_read_or_refused(text: str) -> None:
    """Any text is read, or refused with a place and a caret under it."""
    said: LanguageError | None = None
    names: list[str] = []
    try:
        names = [ask.name for ask in asks_of(parse(Source("text", text)))]
        points_of(Source("text", text))
    except LanguageError as error:
        said = error
    assert len(set(names)) == len(names)
    assert said is None or (said.place.startswith("text:") and "^" in said.excerpt)


@steady(50)
@given(st.text(st.characters(exclude_characters="{}"), min_size=1))
def test_words_alone_stay_as_they_are(text: str) -> None:
    """A text without braces is one piece of words."""
    assert parse(Source("text", text)) == (Words(text),)


@pytest.mark.parametrize("row", [*ASKS.values(), *SHOWS.values()], ids=lambda row: row.name)
def test_a_row_is_complete(row: object) -> None:
    """The example of a row is legal and of that row, and its sentence is one."""
    (piece,) = parse(Source("text", row.example))  # type: ignore[attr-defined]
    assert piece.sort == row.name  # type: ignore[attr-defined, union-attr]
    assert row.says.endswith(".")  # type: ignore[attr-defined]


def test_names_are_drawn_in_braces_alone() -> None:
    """Other letters for the network's names do not touch the author's words."""
    text = 'a is {a}, {{a}}: {ask value of a hint "a"} {rubric: a {a @ b} | {fact: a = b}} {a}'
    new = 'a is {h}, {{a}}: {ask value of h hint "a"} {rubric: a {h @ b} | {fact: h = b}} {h}'
    assert renamed(text, {"a": "h"}) == new
    asked = (
        "{ask chain of L hiding 2 blanks: a, z} {ask table of a: gradient of a by _} {remark: a}"
    )
    chained = (
        "{ask chain of L hiding 2 blanks: h, z} {ask table of h: gradient of h by _} {remark: a}"
    )
    assert renamed(asked, {"a": "h"}) == chained
