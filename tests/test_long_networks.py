"""Networks of as many lines as the language takes: proven in seconds, or refused with a remedy."""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from exgen.deep import MAX_USES
from exgen.language.syntax import MAX_STATEMENTS
from tests.commands import run

if TYPE_CHECKING:
    from pathlib import Path

MOST = MAX_STATEMENTS - 3


def lines(leaves: str, first: str, line: str, last: str) -> str:
    """Return a network whose lines each read the one before."""
    names = [first, *(f"a{k}" for k in range(MOST))]
    body = [f"{name} = {line.format(before)}" for before, name in pairwise(names)]
    return "\n".join([leaves, *body, last.format(names[-1])])


LONG = {
    "one name in every line": (
        lines("x: input[3]", "x", "x + {0}", "L = sum({0})"),
        "248 * ones(3)",
    ),
    "a product": (lines("x: input\nw: param", "x", "w * {0}", "L = {0}"), "w ** 247"),
    "skips": (
        lines("x: input[3]\nW: param[3, 3]", "x", "{0} + tanh(W @ {0}) / 250", "L = sum({0})"),
        "W.T @ ",
    ),
    "a deep network": (lines("x: input[3]", "x", "tanh({0})", "L = sum({0})"), "(1 - a46 ** 2)"),
}


@pytest.mark.parametrize(("text", "said"), LONG.values(), ids=LONG.keys())
def test_as_many_lines_as_there_may_be(tmp_path: Path, text: str, said: str) -> None:
    """Reading, deriving, proving and printing reach the end of the longest network."""
    file = tmp_path / "net.txt"
    file.write_text(text)
    before = sys.getrecursionlimit()
    for option in ("--json", "--latex"):
        ran = run("derive", str(file), option)
        assert (ran.code, ran.err) == (0, "")
    assert said in run("derive", str(file)).out
    assert sys.getrecursionlimit() == before


def test_a_name_read_too_often_is_refused_with_a_remedy(tmp_path: Path) -> None:
    """Each use is a term of the gradient, and a sum of very many terms helps nobody."""
    many = " + ".join(["x"] * 20)
    file = tmp_path / "net.txt"
    file.write_text(lines("x: input", "x", f"{{0}} + {many}", "L = {0}"))
    ran = run("derive", str(file))
    assert ran.code == 2
    assert f"'x' is read more than {MAX_USES} times" in ran.err
    assert ran.err.rstrip().endswith("Take a part of the network.")


def test_more_lines_are_refused_with_a_remedy(tmp_path: Path) -> None:
    """Thousands of lines are one error at the first line that is too many."""
    file = tmp_path / "net.txt"
    file.write_text("x: input\n" + "".join(f"a{k} = x + {k}\n" for k in range(3000)))
    ran = run("derive", str(file))
    assert ran.code == 2
    assert "a network has at most 250 declarations and lines" in ran.err
