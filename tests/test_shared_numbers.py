"""Numbers of a network that its problems share, where the bank's author wants them to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from exgen.errors import AcceptanceError
from exgen.pipeline import build, load

if TYPE_CHECKING:
    from pathlib import Path

BANK = """\
title    = "Shared"
course   = "Tests"
notation = "base"

[networks.n]
text = "x: input\\nw: param\\nb: param\\nz = w * x + b\\ny = z ** 2 + w"
"""
SYMBOLS = "[[problems]]\nid = 's1'\nkind = 'scalar_graph'\nnetwork = 'n'\n"
CIRCUIT = "[[problems]]\nid = 's2'\nkind = 'circuit'\nnetwork = 'n'\n"


def numbers(folder: Path, text: str, seed: int, only: str | None = None) -> list[Any]:
    """Return the numbers of each problem of a bank."""
    path = folder / "shared.toml"
    path.write_text(text)
    bank, notation = load(str(path), None)
    made = build(bank, notation, seed, only=only)
    return [problem.draws["numbers"] for problem in made.problems]


@pytest.mark.parametrize("order", [(SYMBOLS, CIRCUIT), (CIRCUIT, SYMBOLS)], ids=["", "turned"])
@pytest.mark.parametrize("names", ["", "names.w = ['v', 'p']\n"], ids=["", "named"])
def test_problems_share_numbers(tmp_path: Path, order: tuple[str, str], names: str) -> None:
    """All problems about the network get the same numbers, another seed other ones."""
    text = "\n".join([BANK, "draw.x = [1, 2, -2, 0.5]", names, *order])
    seen = []
    for seed in (1, 2, 3, 4):
        one, two = numbers(tmp_path, text, seed)
        assert one == two
        assert one["x"][0][0] in ("1", "2", "-2", "0.5")
        seen.append(str(one))
    assert len(set(seen)) > 1


def test_one_problem_alone_has_them_too(tmp_path: Path) -> None:
    """A problem made alone is that of the whole set."""
    text = f"{BANK}\nshare = true\n{SYMBOLS}\n{CIRCUIT}"
    one, two = numbers(tmp_path, text, 5)
    assert numbers(tmp_path, text, 5, only="s1") == [one]
    assert numbers(tmp_path, text, 5, only="s2") == [two]


def test_each_draws_its_own_unless_told(tmp_path: Path) -> None:
    """Without the key, problems do not depend on one another."""
    text = f"{BANK}\n{SYMBOLS}\nfigure = true\n{CIRCUIT}"
    pairs = [numbers(tmp_path, text, seed) for seed in (1, 2, 3)]
    assert any(one != two for one, two in pairs)


def test_numbers_of_its_own(tmp_path: Path) -> None:
    """A problem's own numbers stand before those of its network, and change no other problem."""
    text = f"{BANK}\ndraw.w = [1, 2, 3]\n{CIRCUIT}\n{SYMBOLS}"
    one, two = numbers(tmp_path, text, 1)
    mine, other = numbers(tmp_path, text.replace(SYMBOLS, f"{SYMBOLS}\ngive.x = 2"), 1)
    assert (one, one) == (two, mine)
    assert other == {**one, "x": [["2"]]}


def test_ranges_without_sharing(tmp_path: Path) -> None:
    """With ``share = false`` each problem draws its own numbers, from what the network says."""
    text = f"{BANK}\ndraw.w = [1, 2, 3]\ngive.b = 1\nshare = false\n{CIRCUIT}\n{SYMBOLS}"
    pairs = [numbers(tmp_path, text, seed) for seed in (1, 2, 3)]
    assert any(one != two for one, two in pairs)
    for part in [part for pair in pairs for part in pair]:
        assert part["b"] == [["1"]]
        assert part["w"][0][0] in "123"


def test_numbers_that_fit_no_problem(tmp_path: Path) -> None:
    """Where no number can be asked with, the bank's author is told."""
    text = f"{BANK}\ngive.x = 40\ngive.w = 40\n{CIRCUIT}"
    with pytest.raises(AcceptanceError, match="not_"):
        numbers(tmp_path, text, 1)
