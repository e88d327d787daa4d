"""What the commands print: aligned, plain, and the same facts as the page."""

from __future__ import annotations

import json
import re

import pytest

from exgen.document import Agreement
from exgen.ops import TABLE
from exgen.problems import KINDS
from exgen.report import agreement_text, columns
from tests.commands import run


def test_columns() -> None:
    """Cells stand under each other, and no line ends in spaces."""
    assert columns([("a", "bb", "c"), ("aaa", "b", "")]) == "  a    bb  c\n  aaa  b"
    assert columns([]) == ""


def test_agreements() -> None:
    """A method is followed by its error unless it is exact."""
    proof = [Agreement("shapes", 0.0, 2), Agreement("differences", 3e-11, 4)]
    assert agreement_text(proof) == "shapes, differences (3e-11)"


def test_list() -> None:
    """``list`` names every set, kind, notation and op."""
    out = run("list").out
    assert re.findall(r"^\w+", out, re.MULTILINE) == ["sets", "kinds", "notations", "ops"]
    words = set(re.findall(r"^  ([\w-]+)", out, re.MULTILINE))
    assert words >= {"set2", "aml5202", "base", "numerator", *KINDS}
    assert words >= {op.name for op in TABLE.values() if not op.infix}


@pytest.mark.parametrize("seed", ["1", "2", "7", "8"])
def test_show(seed: str) -> None:
    """``show`` has every statement in readable signs, and every answer with its proof."""
    ran = run("show", "--set", "2", "--seed", seed)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"Shapes and the chain rule (set2-seed{seed}, notation aml5202)\n")
    assert [int(n) for n in re.findall(r"^(\d+)\. ", ran.out, re.MULTILINE)] == [1, 2, 3, 4, 5]
    assert "\\" not in ran.out
    assert "{tex" not in ran.out
    answers = re.findall(
        r"^  (\S.*?)  .*, (?:differences|forward pass|only one)", ran.out, re.MULTILINE
    )
    assert len(answers) >= 10
    assert not [line for line in ran.out.splitlines() if line != line.rstrip()]


def test_show_in_another_notation() -> None:
    """The layout of the notation decides what is printed."""
    denominator = run("show", "--set", "2", "--seed", "7").out
    numerator = run("show", "--set", "2", "--seed", "7", "--notation", "numerator").out
    assert "  W2.T " in denominator
    assert "  W2 " in numerator
    assert "∂" in numerator


def test_make_says_what_was_proven(tmp_path: object) -> None:
    """The first lines of ``make`` name the set and count what was proven."""
    ran = run("make", "--set", "2", "--seed", "7", "--no-pdf", "--out", f"{tmp_path}/set")
    first, second, *_ = ran.out.splitlines()
    assert first == "Shapes and the chain rule (set2-seed7)"
    assert re.fullmatch(r"5 problems, \d+ answers, each proven by at least [2-4] methods", second)


def test_a_kept_folder_is_named(tmp_path: object) -> None:
    """With --force the old folder is kept, and the output says where."""
    arguments = ("make", "--set", "2", "--no-pdf", "--out", f"{tmp_path}/set")
    assert run(*arguments).code == 0
    with open(f"{tmp_path}/set/notes.txt", "w") as notes:  # noqa: PTH123
        notes.write("mine")
    assert run(*arguments).code == 2
    ran = run(*arguments, "--force")
    assert f"the folder that stood here is now {tmp_path}/set.before" in ran.out


def test_json_is_json() -> None:
    """``--json`` prints one JSON document and nothing else."""
    ran = run("derive", "tests/bad_input/net.txt", "--json")
    assert json.loads(ran.out).keys() == {"loss", "gradients", "steps", "assumes"}
