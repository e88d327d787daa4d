"""Points: every part of a problem has some, and they add up."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from exgen.errors import BankError, KindError
from exgen.grading import divided
from exgen.pipeline import build, load
from exgen.render.plain import statements
from exgen.render.tex import render_tex
from tests.commands import run

if TYPE_CHECKING:
    from pathlib import Path

BANK = """\
title    = "Points"
course   = "Tests"
notation = "base"

[networks.chain]
text = "x: input\\nw: param\\nz = w * x\\na = exp(z)\\ny = a - x"

[[problems]]
id      = "parts"
kind    = "scalar_graph"
network = "chain"
ask     = [["y", "a"], ["a", "z"], ["y", "w"]]
"""


def bank(folder: Path, points: str) -> str:
    """Write a bank whose problem has three parts, and return its path."""
    path = folder / "small.toml"
    path.write_text(f"{BANK}{points}\n")
    return str(path)


@pytest.mark.parametrize("total", range(1, 30))
@pytest.mark.parametrize("parts", range(1, 12))
def test_division(total: int, parts: int) -> None:
    """Points add up, differ by one step at most, and grow; halves only where there are too few."""
    found = divided(total, parts)
    if 2 * total < parts:
        assert found == ()
        return
    assert len(found) == parts
    assert sum(found) == total
    assert list(found) == sorted(found)
    assert min(found) > 0
    assert max(found) - min(found) <= 1
    if total >= parts:
        assert all(type(points) is int for points in found)


@pytest.mark.parametrize(
    ("stated", "total", "each"),
    [
        ("", 3, ["1", "1", "1"]),
        ("points = 7", 7, ["2", "2", "3"]),
        ("points = [4, 2, 1]", 7, ["4", "2", "1"]),
        ("points = 2", 2, [r"\half", r"\half", "1"]),
        ("points = 1", 1, []),
    ],
)
def test_points_of_parts(tmp_path: Path, stated: str, total: int, each: list[str]) -> None:
    """A number is divided, a list is taken as it is, and nothing stands for one a part."""
    made = build(*load(bank(tmp_path, stated), None), 1)
    assert made.problems[0].points == total
    assert sum(part.points for part in made.problems[0].parts) == (total if each else 0)
    for document in render_tex(made).values():
        text = document.partition(r"\begin{document}")[2]
        assert re.findall(r"\\(?:part|exshort)\[(.*?)\]", text) == each
        assert rf"\question[{total}]" in text
    if len(each) == 3 and "half" not in each[0]:
        assert f"- ({each[0]} point" in statements(made)[0]


@pytest.mark.parametrize("stated", ["[]", "[0, 1, 2]", "[1, 'two', 3]", "[1001, 1, 1]"])
def test_a_list_of_other_things(tmp_path: Path, stated: str) -> None:
    """A list has a whole number above 0 for each part."""
    with pytest.raises(
        BankError,
        match="'points' must be a whole number from 0 to 1000, or a list with one above 0",
    ):
        load(bank(tmp_path, f"points = {stated}"), None)


def test_a_list_for_another_number_of_parts(tmp_path: Path) -> None:
    """The bank's author is told how many parts there are."""
    with pytest.raises(KindError, match="lists 2 numbers, and the problem has 3 parts"):
        build(*load(bank(tmp_path, "points = [1, 2]"), None), 1)


@pytest.mark.parametrize("name", ["1", "2", "3", "4", "5"])
def test_the_sets_that_come_with_exgen(name: str) -> None:
    """Each part has whole points, names its answers, and each rubric's points add up."""
    for problem in build(*load(name, None), 1).problems:
        if problem.parts:
            assert sum(part.points for part in problem.parts) == problem.points
            asked = [answer for part in problem.parts for answer in part.answers]
            assert sorted(asked) == sorted(answer.name for answer in problem.answers)
            assert all(part.answers for part in problem.parts)
        worth = {name: part.points for part in problem.parts for name in part.answers}
        for answer in problem.answers:
            if answer.is_rubric:
                assert sum(answer.points) == worth.get(answer.name, problem.points)
            else:
                assert answer.points == ()


def test_manifest(tmp_path: Path) -> None:
    """The manifest has the points of every part, and what it says is what is printed again."""
    folder = tmp_path / "out"
    ran = run(
        "make",
        "--set",
        bank(tmp_path, "points = 7"),
        "--seed",
        "1",
        "--no-pdf",
        "--out",
        str(folder),
    )
    assert ran.code == 0, ran.err
    data = json.loads((folder / "manifest.json").read_text())
    (problem,) = data["set"]["problems"]
    assert problem["parts"] == [
        {"points": 2, "answers": ["y.a"]},
        {"points": 2, "answers": ["a.z"]},
        {"points": 3, "answers": ["y.w"]},
    ]
    assert run("verify", str(folder)).code == 0
