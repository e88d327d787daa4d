"""Numbers that a bank gives for leaves, and acceptance rules that it does without.

Cases are text: ``given/refused.md`` has what does not fit ``given/bank.toml``, ``given/shown.md``
what a sheet shows of what does, and ``given/kinds.md`` every kind that takes numbers.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from exgen import resources
from exgen.derive.notation import notation_names
from exgen.pipeline import build, load
from exgen.problems import KINDS
from exgen.render.plain import statements
from tests.cases import Case, edited, read_cases
from tests.commands import run

FOLDER = Path(__file__).parent / "given"
BANK = (FOLDER / "bank.toml").read_text()


def cases(name: str) -> list[object]:
    """Return the cases of one file, named for the report."""
    return [pytest.param(case, id=case.title) for case in read_cases(FOLDER / name)]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in an empty folder."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("case", cases("refused.md"))
def test_refused(case: Case) -> None:
    """What does not fit is named with its place, and with what would fit."""
    Path("bank.toml").write_text(edited(BANK, case.given))
    ran = run("show", "--set", "bank.toml")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.rstrip("\n") == case.expected


def shown(text: str, seed: int = 1) -> str:
    """Return what the problems of a bank say of their numbers, a line for each."""
    Path("bank.toml").write_text(text)
    told = [" ".join(part.split()) for part in statements(build(*load("bank.toml", None), seed))]
    return "\n".join(part.split("exactly, with ")[1].split(". ")[0] for part in told)


@pytest.mark.parametrize("case", cases("shown.md"))
def test_shown(case: Case) -> None:
    """Numbers that are given are those that the sheet shows, in every orientation."""
    assert shown(edited(BANK, case.given)) == case.expected


@pytest.mark.parametrize("notation", notation_names(resources.notations()))
def test_the_same_loss_in_every_notation(notation: str) -> None:
    """However a notation turns the network, the numbers that are given mean the same."""
    Path("bank.toml").write_text(edited(BANK, "draw.b = [1, 2, -1]\ngive.b = [1, 2]"))
    made = build(*load("bank.toml", notation), 1, slips=False)
    assert [problem.answer("value.L.value").latex.tex for problem in made.problems] == [
        "14.5",
        "14.5",
    ]


HEAD = 'title = "T"\ncourse = "C"\nnotation = "base"\n[networks.n]\n'


@pytest.mark.parametrize("case", cases("kinds.md"))
def test_in_every_kind(case: Case) -> None:
    """Each kind that takes numbers takes those that are given, and draws the rest."""
    network, problem = case.given.split("\n---\n")
    Path("bank.toml").write_text(f"{HEAD}{network}\n[[problems]]\nid='p'\nnetwork='n'\n{problem}")
    (made,) = build(*load("bank.toml", None), 1).problems
    numbers = made.draws["numbers"]
    assert "\n".join(f"{name} = {rows}" for name, rows in numbers.items()) == case.expected


def test_every_kind_is_tried() -> None:
    """No kind that takes numbers is left out above."""
    tried = (FOLDER / "kinds.md").read_text()
    taking = [name for name, kind in KINDS.items() if kind.takes_numbers]
    assert all(f'kind = "{name}"' in tried for name in taking)


def test_what_is_waived_is_told() -> None:
    """A bank's ``accept`` is told by ``make`` and ``lint``, and stands in the manifest."""
    Path("bank.toml").write_text(BANK)
    told = "'one' is drawn without the rules both_signs, short_decimals, no_zero_inputs, "
    for command in ("make --no-pdf --out made", "lint --seeds 2 --jobs 1"):
        out = run(*command.split(), "--set", "bank.toml").out
        assert told in " ".join(out.split())
    one, two = json.loads(Path("made/manifest.json").read_text())["set"]["problems"]
    assert "both_signs" in one["waived"]
    assert "no_ties" not in one["waived"]
    assert two["waived"] == []


def test_a_waived_rule_is_waived() -> None:
    """Without the rule that turned it down, a draw is taken."""
    text = edited(BANK, "draw.b = [1, 2, -1]\ngive.b = [100, 100]")
    assert "𝐛 = [ 100; 100; ]" in shown(text.replace('id = "two"', 'id = "two"\naccept = []'))
    assert "'both_signs'" in run("show", "--set", _written(text)).err


def _written(text: str) -> str:
    Path("bank.toml").write_text(text)
    return "bank.toml"
