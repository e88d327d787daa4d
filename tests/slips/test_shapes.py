"""Slips in shapes, in places of a chain and in arrows: what the key tells of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from exgen.document import without_mistakes
from exgen.render.tex import problem_bodies
from tests.slips.made import cases, fixed, keys, problem, told

if TYPE_CHECKING:
    from tests.cases import Case


@pytest.mark.parametrize("case", cases("shapes"))
def test_the_key_tells_the_wrong_shape(case: Case) -> None:
    """A slip leads to the shape or the name that one would expect, and the key says so."""
    assert told("shapes", case).latex.tex == case.expected


@pytest.mark.parametrize("which", ["table", "missing", "chain"])
def test_the_key_tells_which_answer(which: str) -> None:
    """Where several blanks share a line of mistakes, each comes with the blank it is for."""
    line = keys("shapes")[which].partition(r"\textit{Common mistake")[2]
    said = line.partition("\n")[2].partition(r"\end{exmistakes}")[0].strip().rstrip(".").split("; ")
    assert said
    for part in said:
        assert re.fullmatch(r"\s*wrote \$.+\$ for \$.+\$( in line \d)?: .+", part)


def test_the_sheet_tells_nothing() -> None:
    """Only the key has a line of common mistakes, and only where there are any."""
    for name in ("numbers", "shapes"):
        assert "mistakes" not in "".join(problem_bodies(fixed(name), key=False))
        for part in fixed(name).problems:
            alone = without_mistakes(part)
            assert not any(answer.mistakes for answer in alone.answers)


def test_a_vector_has_no_rows_and_columns_to_swap() -> None:
    """A shape of one size, and one that no 1 was appended to, has no such mistake."""
    assert [part.slip for part in problem("shapes", "missing").answer("a1").mistakes] == []
    slips = [part.slip for part in problem("shapes", "missing").answer("x_B").mistakes]
    assert slips == ["forgot_the_one"]
