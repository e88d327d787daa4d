"""A sheet as a whole: a symbol has one meaning, or the sheet says whose meaning holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exgen.certify.sheet import clashes
from exgen.pipeline import build, load
from exgen.render.tex import render_tex

if TYPE_CHECKING:
    from pathlib import Path

    from exgen.document import ProblemSet

SEVERAL = "gives its names a meaning of their own"
HEAD = 'title = "Sheet"\ncourse = "Deep Learning"\nnotation = "base"\n'
FIRST = "x: input[3]\nz = tanh(x)\nL = sum(z)"
# the second network, and the symbols whose meaning it changes
SECOND = [
    ("x: input[3]\nz = tanh(x)\nL = sum(z)", []),
    ("x: input[3]\nz = tanh(x)\nL = sum(z * z)", []),
    ("u: input[5]\nv = tanh(u)\nL = sum(v)", []),
    ("x: input[5]\nz = tanh(x)\nL = sum(z)", [r"\mathbf{x}", r"\mathbf{z}"]),
    ("x: input[3]\nz = sigmoid(x)\nL = sum(z)", [r"\mathbf{z}"]),
    ("u: input[3]\nx = tanh(u)\nL = sum(x)", [r"\mathbf{x}"]),
]


def made(folder: Path, *networks: str) -> ProblemSet:
    """Return a set with one problem about each network, and one more about the first."""
    text = HEAD
    for number, network in enumerate((*networks, networks[0])):
        name = number % len(networks)
        if number < len(networks):
            text += f"[networks.n{number}]\ntext = '''\n{network}\n'''\n"
        text += f'[[problems]]\nid = "p{number}"\nkind = "local_jacobian"\nnetwork = "n{name}"\n'
    path = folder / "sheet.toml"
    path.write_text(text, encoding="utf-8")
    return build(*load(str(path), None), 1)


@pytest.mark.parametrize(("second", "changed"), SECOND)
def test_a_changed_meaning_is_told(second: str, changed: list[str], tmp_path: Path) -> None:
    """Where a network gives a symbol another shape or line, the box says whose meaning holds."""
    problem_set = made(tmp_path, FIRST, second)
    found = clashes(problem_set)
    assert [clash.symbol for clash in found] == changed
    assert all((clash.first, clash.later) == (1, 2) for clash in found)
    for source in render_tex(problem_set).values():
        assert (SEVERAL in source) == bool(changed)


def test_a_third_meaning_is_found_too(tmp_path: Path) -> None:
    """Each meaning beside the first is one, where it is introduced; an earlier one is not again."""
    others = [FIRST.replace("3", size) for size in ("4", "5")]
    problem_set = made(tmp_path, FIRST, *others)
    assert {clash.later for clash in clashes(problem_set)} == {2, 3}


def test_set_2_has_one_meaning_for_every_symbol() -> None:
    """The vectors that stand alone have other names than the layers of the classifier."""
    for seed in range(1, 4):
        assert clashes(build(*load("set2", None), seed)) == ()
