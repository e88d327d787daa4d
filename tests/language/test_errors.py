"""Texts that are no network: the exact message, its place, its caret and its remedy."""

from __future__ import annotations

import pytest

from exgen.errors import LanguageError, Source
from exgen.language import read_network
from exgen.ops import TABLE
from tests.cases import Case, cases_in


def message(text: str) -> str:
    """Return the error that a text gives."""
    with pytest.raises(LanguageError) as caught:
        read_network(Source("net", text))
    return str(caught.value)


@pytest.mark.parametrize("case", cases_in("language/errors"))
def test_message(case: Case) -> None:
    """A mistake is reported once, where it stands, with what to do about it."""
    called = sorted({"sqrt", *(name for name, op in TABLE.items() if not op.infix)})
    expected = case.expected.replace("<every op, and sqrt>", ", ".join(called))
    assert message(case.given) == expected


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "\t\n"])
def test_empty_text(text: str) -> None:
    """A text without a line says what a network needs."""
    assert message(text).startswith("net: the network has no line 'name = expression'")


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 10_000 + "x" + ")" * 10_000,
        "-" * 10_000 + "x",
        "x" + ".T" * 10_000,
        "x" + " + x" * 10_000,
        "tanh(" * 150 + "x" + ")" * 150,
        "x" + " + x" * 60,
        "x" + "[0]" * 10_000,
        " ** ".join("x" * 10_000),
    ],
    ids=["brackets", "signs", "transposes", "long sum", "calls", "sum of 61", "entries", "powers"],
)
def test_nested_too_deeply(expression: str) -> None:
    """An expression nested beyond reason is refused with a remedy, not with a crash."""
    text = message(f"x: input\nL = {expression}")
    assert text.startswith("net")
    assert "nested" in text or "too many" in text


def test_as_deep_as_is_allowed() -> None:
    """The deepest line that may be written can be read, and one deeper says how to mend it."""
    read_network(Source("net", "x: input\nL = " + "tanh(" * 46 + "x" + ")" * 46))
    deeper = message("x: input\nL = " + "tanh(" * 50 + "x" + ")" * 50)
    assert "net:2:1: this expression is nested more than 50 deep" in deeper
    assert deeper.endswith("Give parts of it a name on a line of their own.")


def test_too_long() -> None:
    """A text of the wrong sort, such as a whole data file, is refused at once."""
    assert message("x: input\n" * 20_000) == "net: the text is longer than 100000 characters"


@pytest.mark.parametrize("text", ["L = 1\x00", "L = '\ud800'"])
def test_no_text(text: str) -> None:
    """Null bytes and broken characters are named for what they are."""
    assert "net" in message(text)


def test_digits_without_end() -> None:
    """Numbers of more digits than anyone means are refused."""
    for number in ("1" * 101, "1" * 5000, "0." + "1" * 101, "1e-400"):
        assert "net:" in message(f"x: input\nL = x * {number}")
