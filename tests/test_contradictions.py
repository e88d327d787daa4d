"""Whole sheets, read as text: nothing on them contradicts another thing on them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from exgen import resources
from exgen.banks import bank_names
from exgen.derive.notation import notation_names, restored_notation
from exgen.document import Mistake, Tex
from exgen.pipeline import build, load
from exgen.render.tex import render_tex
from tests.cases import rows_in
from tests.contradictions import NEW, contradictions, mistakes, right_side, shapes, symbols, told

if TYPE_CHECKING:
    from exgen.document import Answer, Problem, ProblemSet

SETS = bank_names(resources.banks())
NOTATIONS = notation_names(resources.notations())
SHEETS = [
    (name, notation, row + column)
    for row, name in enumerate(SETS)
    for column, notation in enumerate(NOTATIONS)
]


@cache
def made(set_name: str, notation: str | None, seed: int, only: str | None = None) -> ProblemSet:
    """Return a set, proven."""
    return build(*load(set_name, notation), seed, only=only)


@pytest.mark.parametrize(("set_name", "notation", "seed"), SHEETS)
def test_a_sheet_contradicts_nothing(set_name: str, notation: str, seed: int) -> None:
    """One meaning a symbol, the shapes of the box, mistakes that are wrong: in every notation."""
    counted = Counter[str]()
    assert contradictions(made(set_name, notation, seed), counted) == []
    assert all(counted[sort] > 0 for sort in ("symbol", "mistake", "telling"))


def test_shapes_are_read() -> None:
    """What is printed beside a derivative is compared with the box, on the sheets that have any."""
    counted = Counter[str]()
    for name in ("set1", "set2", "set3", "set4"):
        contradictions(made(name, None, 1), counted)
    assert counted["shape"] > 40


# --- that a contradiction is found ---


FIXED = str(Path(__file__).with_name("contradictions.toml"))


def test_nothing_contradicts_before_it_is_edited() -> None:
    """The bank of these tests has no contradiction of its own."""
    assert contradictions(made(FIXED, None, 1)) == []


def test_a_second_meaning_is_found() -> None:
    """A symbol that changes without a word is named, with both places."""
    problem_set = made(FIXED, None, 1)
    sheet = render_tex(problem_set)["problems"]
    assert not list(symbols(sheet, problem_set, Counter()))
    found = list(symbols(sheet.replace(NEW, ""), problem_set, Counter()))
    assert {part.place for part in found} == {"one-output", "reused-entry"}
    assert all(part.says.endswith(" in elements") for part in found)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (r"\exshape{2\,\left(\hat{y} - y\right)}{6}", r"\exshape{2\,y^{\mathsf{T}}}{1 \times 6}"),
        (r"shape $6 \times 10$", r"shape $10 \times 6$"),
    ],
)
def test_a_shape_against_the_box_is_found(right: str, wrong: str) -> None:
    """A row under a box that promises columns is named."""
    problem_set = made(FIXED, None, 1)
    sources = render_tex(problem_set)
    notation = restored_notation(problem_set.notation)
    assert right in sources["solutions"]
    edited = sources["solutions"].replace(right, wrong)
    found = list(shapes(sources["problems"], edited, problem_set, notation, Counter()))
    assert {part.sort for part in found} == {"shape"}


def listed(problem: Problem, answer: Answer, latex: str) -> Problem:
    """Return a problem in which an answer lists a mistake."""
    mistake = Mistake("forgot_transpose", "forgot the transpose", Tex(latex), Tex(""))
    own = tuple(
        replace(part, mistakes=(mistake,) if part.name == answer.name else ())
        for part in problem.answers
    )
    return replace(problem, answers=own)


LISTED = rows_in("contradictions.txt")


@pytest.mark.parametrize(("problem", "answer", "latex", "says"), LISTED)
def test_a_listed_mistake_is_judged(problem: str, answer: str, latex: str, says: str) -> None:
    """What is right, is of another sort or has no value is named; a mistake is not."""
    (own,) = made(FIXED, None, 1, problem).problems
    notation = load(FIXED, None)[1]
    found = list(mistakes(listed(own, own.answer(answer), latex), notation, Counter()))
    assert [says in part.says for part in found] == ([True] if says else [])


def test_how_mistakes_are_told_is_read() -> None:
    """Three in a part, and a line without what was written, are named."""
    problem_set = made(FIXED, None, 1)
    key = render_tex(problem_set)["solutions"]
    line = next(part for part in key.splitlines() if part.startswith("wrote"))
    for edited in (key.replace(line, "\n".join([line] * 3)), key.replace(line, line[6:])):
        assert [part.sort for part in told(edited, problem_set, Counter())] == ["telling"]


@pytest.mark.parametrize(
    ("latex", "right"),
    [
        ("a", "a"),
        (r"\nabla_{x}L = a", "a"),
        (r"\sum_{i=1}^{m} a", r"\sum_{i=1}^{m} a"),
        (r"\mathbf{1}\left[z = 0\right]", r"\mathbf{1}\left[z = 0\right]"),
    ],
)
def test_the_right_side(latex: str, right: str) -> None:
    """A sign of equality inside of braces parts nothing."""
    assert right_side(latex) == right
