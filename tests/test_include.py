"""Sheets from several banks: included, tagged, picked and shuffled, without a change of any draw.

``include/refused.md`` has what cannot be put together, as edits of ``include/bank.toml``.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from exgen.pipeline import build, load
from tests.cases import Case, edited, read_cases
from tests.commands import run

FOLDER = Path(__file__).parent / "include"
BANK = (FOLDER / "bank.toml").read_text()
SHUFFLE = "shuffle = false\nshuffle = true"
EASY = 'tags = ["chain rule", "matrices"]\ntags = ["easy"]'
ALL = 'include = ["other.toml:shapes", "set1:neuron-symbols"]\ninclude = ["other.toml"]'


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a folder with the banks."""
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    (tmp_path / "deeper").mkdir()
    shutil.copy(FOLDER / "other.toml", tmp_path / "deeper" / "set1.toml")
    monkeypatch.chdir(tmp_path)


def drawn(text: str, seed: int = 1, name: str = "bank.toml") -> dict[str, object]:
    """Return the draws of each problem of a bank, in order."""
    Path(name).write_text(text)
    made = build(*load(name, "base"), seed, slips=False)
    return {problem.name: problem.draws for problem in made.problems}


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.title) for case in read_cases(FOLDER / "refused.md")]
)
def test_refused(case: Case) -> None:
    """What cannot be put together is named, with what would do."""
    Path("bank.toml").write_text(edited(BANK, case.given))
    ran = run("show", "--set", "bank.toml")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.rstrip("\n") == case.expected


def test_included_problems_come_first_and_keep_their_draws() -> None:
    """A problem has the draws that it has in its own bank, at the same seed."""
    for seed in (1, 2, 3):
        mixed = drawn(BANK, seed)
        assert list(mixed) == ["shapes", "neuron-symbols", "one", "two"]
        other = drawn((FOLDER / "other.toml").read_text(), seed, "other.toml")
        assert mixed["shapes"] == other["shapes"]
        alone = build(*load("1", "base"), seed, only="neuron-symbols", slips=False)
        assert mixed["neuron-symbols"] == alone.problems[0].draws


def test_including_changes_no_other_draw() -> None:
    """Nor do tags, another order, and a choice: what is left is what it was."""
    plain = drawn(BANK)
    bare = edited(BANK, 'include = ["other.toml:shapes", "set1:neuron-symbols"]')
    for text in (
        bare,
        edited(BANK, SHUFFLE),
        edited(BANK, "shuffle = false\npick = 2"),
        edited(BANK, 'difficulty = "easy"\ntags = ["other"]'),
    ):
        changed = drawn(text)
        assert changed
        assert changed.items() <= plain.items()


def test_a_name_that_two_banks_use() -> None:
    """An included problem that is called like another one has its bank's name too."""
    found = drawn(edited(BANK, ALL))
    assert list(found) == ["shapes", "other-one", "one", "two"]
    other = drawn((FOLDER / "other.toml").read_text(), 1, "other.toml")
    assert found["other-one"] == other["one"]


def test_a_bank_that_includes_one_that_includes() -> None:
    """Problems go through, with the bank that they are from at first."""
    found = drawn(BANK)
    text = Path("round.toml").read_text()
    assert drawn(text, 1, "round.toml") == found


def test_a_shuffled_sheet() -> None:
    """The seed says the order; what refers to an earlier problem follows."""
    text = edited(BANK, SHUFFLE)
    orders = {tuple(drawn(text, seed)) for seed in range(1, 13)}
    assert len(orders) > 4
    assert all(sorted(order) == sorted(drawn(BANK)) for order in orders)
    for seed in range(1, 6):
        Path("bank.toml").write_text(text)
        told = " ".join(run("show", "--set", "bank.toml", "--seed", str(seed)).out.split())
        order = list(drawn(text, seed))
        first = 1 + min(order.index("one"), order.index("two"))
        assert f"forward pass of Problem {first}" in told


def test_picked_problems() -> None:
    """A seed picks as many as the bank says, of all or by tag, in the bank's order."""
    every = list(drawn(BANK))
    text = edited(BANK, "shuffle = false\npick = 2")
    picked = [list(drawn(text, seed)) for seed in range(1, 13)]
    assert all(len(names) == 2 for names in picked)
    assert all(names == [name for name in every if name in names] for names in picked)
    assert {name for names in picked for name in names} == set(every)
    tags = edited(edited(BANK, "shuffle = false\npick = { easy = 1 }"), EASY)
    found = [set(drawn(tags, seed)) for seed in range(1, 13)]
    assert all({"shapes", "neuron-symbols"} < names and len(names) == 3 for names in found)
    assert {name for names in found for name in names} == set(every)


def test_one_more_in_the_pool() -> None:
    """A new problem takes the place of one at most, and moves no two others."""
    text = edited(BANK, SHUFFLE)
    more = text + '\n[[problems]]\nid = "three"\nkind = "local_jacobian"\nnetwork = "n"\n'
    for seed in range(1, 9):
        assert [name for name in drawn(more, seed) if name != "three"] == list(drawn(text, seed))
        two, three = (drawn(edited(t, "shuffle = true\npick = 2"), seed) for t in (text, more))
        assert len(set(two) - set(three)) <= 1


def test_tags_on_the_command_line() -> None:
    """``--tag`` leaves the other problems out; an unknown one is named with the nearest."""
    shown = run("list", "--set", "bank.toml", "--tag", "easy", "--tag", "matrices").out
    assert shown.split() == [
        *("bank", "bank:one", "local_jacobian", "easy"),
        *("bank:two", "local_jacobian", "chain", "rule,", "matrices"),
    ]
    made = run("make", "--set", "bank.toml", "--tag", "chain rule", "--no-pdf").out
    assert "2 problems," in made
    assert "out/bank-seed1-chain-rule/manifest.json" in made
    told = run("lint", "--set", "bank.toml", "--tag", "easy", "--seeds", "2").out
    assert "'one'" in told
    assert "'two'" not in told
    ran = run("make", "--set", "bank.toml", "--tag", "eazy")
    assert (
        ran.err == "error: bank.toml: no problem of bank has the tag 'eazy'\nDid you mean 'easy'?\n"
    )
    assert ran.code == 2


def test_lint_tries_what_is_not_picked() -> None:
    """All problems of a pool are tried, whichever of them a seed would pick."""
    Path("bank.toml").write_text(edited(BANK, "shuffle = false\npick = 1"))
    out = run("lint", "--set", "bank.toml", "--seeds", "2", "--jobs", "1").out
    assert all(f"  {name} " in out for name in ("shapes", "neuron-symbols", "one", "two"))
