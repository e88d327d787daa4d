"""Slips in numbers: the wrong number on the key, and draws in which a slip gives the right one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exgen import solve
from exgen.certify.memory import Memory
from exgen.errors import AcceptanceError
from exgen.pipeline import load_profile
from exgen.problems import KINDS
from exgen.problems.base import Setting
from exgen.slips.mistakes import slipped
from tests.problems.setting import graph_of
from tests.slips.made import cases, made, problem, told

if TYPE_CHECKING:
    from pathlib import Path

    from exgen.document import Problem
    from tests.cases import Case

SEEDS = range(12)
SQUARE = 'text = "x: input\\ny: input\\nf = x * y"\n'
GRID = 'text = "U: input[2, 2]\\nW: param[2, 2]\\nV = relu(U)\\ny = sum(V * W)"\n'
SLOPE = 'text = "U: input[2, 2]\\nalpha: param\\nV = prelu(U, alpha)"\n'
PAIRS = "x = [2, 3, 5]\ny = [2, 3, 5]\n"
LUCK = [
    ("circuit", "own_factor", SQUARE, f"[problems.draw]\n{PAIRS}"),
    ("scalar_graph", "own_factor", SQUARE, f"[problems.draw]\n{PAIRS}"),
    ("grid", "matrix_product", GRID, "draw.U = [-1, 1, 2]\ndraw.W = [1, -1, 2]\n"),
    ("alpha_gradient", "either_sign", SLOPE, "draw.U = [-2, -1, 1]\ndraw.upstream = [1, -1]\n"),
]


def bank(kind: str, network: str, options: str) -> str:
    """Return a bank with one problem."""
    entry = f'[[problems]]\nid = "p"\nkind = "{kind}"\nnetwork = "net"\n'
    return f"[networks.net]\n{network}{entry}{options}"


def lucky(found: Problem) -> set[str]:
    """Return the slips that give a right number in a problem."""
    kind = KINDS[found.kind]
    setting = Setting(graph_of(found.network), load_profile("base"), None)
    memory = Memory()
    return {
        name
        for solved in kind.solve(setting, found.draws).answers
        for name in slipped(solved.claim, solved.write, kind.slips, memory).lucky
    }


@pytest.mark.parametrize("case", cases("numbers"))
def test_the_key_tells_the_wrong_number(case: Case) -> None:
    """A slip leads to the number that follows by hand, and the key says so."""
    assert told("numbers", case).latex.tex == case.expected


@pytest.mark.parametrize(("kind", "slip", "network", "options"), LUCK, ids=[c[0] for c in LUCK])
def test_a_lucky_draw_is_turned_down(
    kind: str, slip: str, network: str, options: str, tmp_path: Path
) -> None:
    """Numbers at which a slip gives the right one are drawn again, and that is counted."""
    text = bank(kind, network, options)
    found = [made(text, tmp_path, seed).problems[0] for seed in SEEDS]
    assert sum(part.rejected.get(f"slip: {slip}", 0) for part in found) > 0
    for part in found:
        assert lucky(part) == set()
        assert part.tries > sum(part.rejected.values())


def test_fixed_numbers_are_taken_as_they_are() -> None:
    """Where a bank says what the numbers are, luck in them is no reason to refuse it."""
    fixed = problem("numbers", "fixed")
    assert fixed.draws["numbers"] == {"x": [["2"]], "y": [["2"]]}
    assert lucky(fixed) == {"own_factor"}
    assert not any(answer.mistakes for answer in fixed.answers)


def test_an_upstream_gradient_of_1_is_no_luck(tmp_path: Path) -> None:
    """Forgetting a 1 that the bank hands in changes nothing, at any numbers."""
    options = "[problems.draw]\nx = [2, 3]\ny = [4, 5]\n"
    for seed in SEEDS:
        found = made(bank("circuit", SQUARE, options), tmp_path, seed).problems[0]
        assert found.rejected == {}
        assert "forgot_upstream" not in {m.slip for a in found.answers for m in a.mistakes}


def test_luck_at_every_draw_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bank in which each draw hides a mistake is refused, and told which one."""
    monkeypatch.setattr(solve, "MAX_TRIES", 10)
    network = 'text = "x: input\\ny: input\\nz: input\\nf = x * y * z"\n'
    numbers = "give = { x = 2, y = 2 }\ndraw.z = { from = 10, to = 12, step = 0.01 }\n"
    text = bank("scalar_graph", network, f'ask = [["f", "x"]]\n{numbers}')
    with pytest.raises(AcceptanceError, match="slip: own_factor 10"):
        made(text, tmp_path)


def test_mistakes_can_be_left_out(tmp_path: Path) -> None:
    """Without slips the same problem comes out, its answers without mistakes."""
    text = bank("circuit", SQUARE, f"[problems.draw]\n{PAIRS}")
    told_of = made(text, tmp_path, 3)
    quiet = made(text, tmp_path, 3, slips=False)
    assert quiet.problems[0].draws == told_of.problems[0].draws
    assert any(answer.mistakes for answer in told_of.problems[0].answers)
    assert not any(answer.mistakes for answer in quiet.problems[0].answers)
