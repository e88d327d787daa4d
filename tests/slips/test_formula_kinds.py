"""Keys of the kinds that ask for formulas: the line of common mistakes, with the wrong answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from exgen.certify.memory import Memory
from exgen.certify.prove import prove
from exgen.document import MOST_MISTAKES
from exgen.errors import CertificateError
from exgen.pipeline import build, load
from exgen.problems import KINDS
from exgen.problems.base import Setting
from exgen.render.tex import problem_bodies
from exgen.seeds import Stream
from exgen.slips.mistakes import LONGEST, signs, slipped
from exgen.slips.table import SLIPS
from tests.cases import rows_in
from tests.commands import run
from tests.problems.setting import graph_of
from tests.slips.made import every_mistake, written

if TYPE_CHECKING:
    from pathlib import Path

    from exgen.document import Mistake, Problem, ProblemSet

SHOWN = rows_in("slips/formula_keys.txt")
NOTATIONS = ("base", "numerator", "nyu")


def made(
    set_name: str, problem: str, notation: str | None = None, *, slips: bool = True
) -> ProblemSet:
    """Return one problem of a set at seed 1, with the names that stand in the bank."""
    bank, profile = load(set_name, notation)
    networks = {name: replace(part, names={}) for name, part in bank.networks.items()}
    return build(replace(bank, networks=networks), profile, 1, only=problem, slips=slips)


def only(problem_set: ProblemSet) -> Problem:
    """Return the one problem of a set."""
    (problem,) = problem_set.problems
    return problem


def mistakes(problem: Problem, answer: str) -> dict[str, Mistake]:
    """Return the mistakes of an answer by slip."""
    return {part.slip: part for part in problem.answer(answer).mistakes}


@pytest.mark.parametrize(("set_name", "problem", "answer", "slip", "latex"), SHOWN)
def test_the_key_shows_the_wrong_answer(
    set_name: str, problem: str, answer: str, slip: str, latex: str
) -> None:
    """The mistake stands on the key; on the sheet, and without slips, it does not."""
    with every_mistake():
        problem_set = made(set_name, problem)
        (key,) = problem_bodies(problem_set, key=True)
    found = mistakes(only(problem_set), answer)[slip]
    assert found.latex.tex == latex
    assert found.says == SLIPS[slip].says
    assert "Common mistake" in key
    # of several answers the key tells a slip once
    every = [mistakes(only(problem_set), part.name) for part in only(problem_set).answers]
    assert any(written(own[slip]) in key for own in every if slip in own)
    (sheet,) = problem_bodies(problem_set, key=False)
    assert "Common mistake" not in sheet
    (plain,) = problem_bodies(made(set_name, problem, slips=False), key=True)
    assert "Common mistake" not in plain


PROBLEMS = sorted({row[:2] for row in SHOWN})


@pytest.mark.parametrize(("set_name", "problem"), PROBLEMS)
def test_draws_are_the_same_without_slips(set_name: str, problem: str) -> None:
    """Leaving the mistakes out changes nothing else."""
    with_slips, without = (only(made(set_name, problem, slips=s)) for s in (True, False))
    assert any(answer.mistakes for answer in with_slips.answers)
    assert not any(answer.mistakes for answer in without.answers)
    assert without.draws == with_slips.draws
    assert [a.latex for a in without.answers] == [a.latex for a in with_slips.answers]


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize(("set_name", "problem"), PROBLEMS)
def test_mistakes_are_short_and_wrong(set_name: str, problem: str, notation: str) -> None:
    """In every layout each mistake differs from the answer, from the others, and fits a line."""
    for answer in only(made(set_name, problem, notation)).answers:
        printed = [part.latex.tex for part in answer.mistakes]
        assert len(printed) <= MOST_MISTAKES
        assert len(set(printed)) == len(printed)
        assert answer.latex.tex not in printed
        assert all(signs(tex) <= LONGEST for tex in printed)


def test_no_mistake_is_set_smaller_than_its_text() -> None:
    """A fraction or a sum in running text would be; it is set as in a display."""
    (key,) = problem_bodies(made("set3", "loss"), key=True)
    lines = [line for line in key.splitlines() if line.startswith("wrote")]
    tall = [line for line in lines if r"\frac" in line]
    assert tall
    assert all(line.startswith(r"wrote $\displaystyle ") for line in tall)


def test_a_symmetric_weight_is_no_mistake() -> None:
    """What is right for this network is not shown, whatever rule it breaks."""
    network = "z: input[4]\na = softmax(z)\n"
    _, profile = load("set2", None)
    kind, graph = KINDS["local_jacobian"], graph_of(network)
    draws = kind.sample(graph, {"ask": [["a", "z"]]}, Stream(1, "t"))
    (solved,) = kind.solve(Setting(graph, profile, None), draws).answers
    found = slipped(solved.claim, solved.write, ("other_layout", "elementwise_softmax"), Memory())
    assert [part.slip for part in found.mistakes] == ["elementwise_softmax"]


def test_an_equivalent_formula_is_no_mistake() -> None:
    """The certificate is asked: a product that turned round is as right is passed over."""
    text = "z: input[3]\nt: onehot[3]\ny = softmax(z)\nL = cross_entropy(y, t)\n"
    _, profile = load("set4", None)
    kind = KINDS["vectorise_forward"]
    (solved,) = kind.solve(Setting(graph_of(text), profile, None), {"ask": ["L"]}).answers
    assert solved.claim is not None
    turned, reversed_only = SLIPS["wrong_order"].wrong(solved.claim, Memory())
    assert turned.claim is not None
    assert prove(turned.claim)
    assert reversed_only.claim is not None
    with pytest.raises(CertificateError):
        prove(reversed_only.claim)
    # and a matrix for a number is no answer at all
    assert not slipped(solved.claim, lambda _: solved.latex, ("wrong_order",), Memory()).mistakes


def test_no_slips_leaves_them_out_of_the_manifest(tmp_path: Path) -> None:
    """``--no-slips`` leaves the mistakes out of the key and out of the manifest."""
    held = {}
    for option in ("--slips", "--no-slips"):
        folder = tmp_path / option
        ran = run("make", "--set", "3", "--problem", "elements", "--seed", "1", "--no-pdf", option,
                  "--out", str(folder))  # fmt: skip
        assert ran.code == 0, ran.err
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        (problem,) = manifest["set"]["problems"]
        key = (folder / "solutions.tex").read_text(encoding="utf-8")
        held[option] = [a["mistakes"] for a in problem["answers"]], "Common mistake" in key
        draws = problem["draws"]
        held.setdefault("draws", draws)
        assert held["draws"] == draws
    assert held["--slips"][1]
    assert any(held["--slips"][0])
    assert held["--no-slips"] == ([[], [], []], False)
