"""Work on one problem of a set: ``--problem ID``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exgen.banks import bank_names
from exgen.document import to_json
from exgen.errors import BankError, KindError, Source
from exgen.language import read_network
from exgen.pipeline import build, load, make
from exgen.problems import KINDS
from exgen.problems.jacobians import pairs
from exgen.render.plain import statements
from exgen.resources import banks
from exgen.seeds import Stream

if TYPE_CHECKING:
    from pathlib import Path

SETS = bank_names(banks())
SKIP = """
x: input[3]
W: param[3, 3]
z = W @ x
h = x + tanh(z)
L = sum(h * h)
"""


@pytest.mark.parametrize("set_name", SETS)
def test_one_problem_is_that_of_the_whole_set(set_name: str) -> None:
    """A problem made alone has the same draws and answers as in its set, and stands alone."""
    bank, notation = load(set_name, None)
    whole = build(bank, notation, 5)
    for problem in whole.problems:
        alone = build(bank, notation, 5, only=problem.name)
        (found,) = alone.problems
        assert (found.name, found.draws, found.network) == (
            problem.name,
            problem.draws,
            problem.network,
        )
        assert to_json(found.answers) == to_json(problem.answers)
        assert found.fields.get("shown_in") is None


def test_the_network_is_shown_again() -> None:
    """A problem that leans on an earlier one prints the forward pass itself when alone."""
    bank, notation = load("2", None)
    together = statements(build(bank, notation, 1))[3]
    (alone,) = statements(build(bank, notation, 1, only="chain-rule"))
    assert "Problem 3" in together
    assert "Problem 3" not in alone
    assert "The forward pass is" in alone


def test_unknown_problem() -> None:
    """An unknown id is an error that names the file and the nearest."""
    bank, notation = load("2", None)
    with pytest.raises(BankError, match="Did you mean 'chain-rule'") as caught:
        build(bank, notation, 1, only="chain-rul")
    assert "set2.toml" in str(caught.value)


def test_folder_is_named_for_the_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of one problem ends in its id, so that it does not replace the set's."""
    monkeypatch.chdir(tmp_path)
    made = make("2", 7, None, only="activation", pdf=False)
    assert str(made.folder) == "out/set2-seed7-activation"
    assert [problem.name for problem in made.problem_set.problems] == ["activation"]


def test_unknown_problem_writes_nothing(tmp_path: Path) -> None:
    """An unknown id is refused before anything is written."""
    with pytest.raises(BankError):
        make("2", 7, tmp_path / "out", only="nothing", pdf=False)
    assert list(tmp_path.iterdir()) == []


def test_a_skip_has_no_local_jacobian() -> None:
    """Where a line reads a variable by two paths, its own Jacobian is not asked for."""
    graph = read_network(Source("net", SKIP))
    assert pairs(graph) == [("z", "x"), ("h", "z")]
    with pytest.raises(KindError, match="'x' reaches 'h' also through 'z'"):
        KINDS["local_jacobian"].sample(graph, {"ask": [["h", "x"]]}, Stream(1, "t"))
