"""Document 003, problems 1 and 2, with their own values: the answers derived by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from exgen.engine import evaluate, forward
from exgen.errors import Source
from exgen.language import read_expression, read_network
from exgen.pipeline import build, load
from exgen.render.tex import render_tex
from tests.cases import rows_in

if TYPE_CHECKING:
    from exgen.document import Problem, ProblemSet

BANK = Path(__file__).with_name("set1_graphs.toml")


@pytest.fixture(scope="module")
def made() -> ProblemSet:
    """Give the set, solved and proven."""
    return build(*load(str(BANK), None), 3)


def problem(made: ProblemSet, name: str) -> Problem:
    """Return a problem."""
    return next(problem for problem in made.problems if problem.name == name)


@pytest.mark.parametrize(
    ("part", "symbolic", "value"),
    rows_in("published/set1_problem_1.txt"),
)
def test_problem_1(made: ProblemSet, part: str, symbolic: str, value: str) -> None:
    """P1.1 to P1.6 at (-2, 5, -4): symbol and value."""
    found = problem(made, "p1")
    assert found.answer(part).latex.tex == symbolic
    assert found.answer(part).expr == symbolic
    assert found.answer(f"{part}.value").latex.tex == value


def test_problem_1_in_numbers(made: ProblemSet) -> None:
    """The function is -12 at (-2, 5, -4), and its gradients stand below the wires."""
    found = {answer.name: answer.latex.tex for answer in problem(made, "p1-circuit").answers}
    assert found == {
        "value:q": "3",
        "value:f": "-12",
        "grad:q": "-4",
        "grad:z": "3",
        "grad:x": "-4",
        "grad:y": "-4",
    }


def test_problem_2_in_numbers(made: ProblemSet) -> None:
    """The neuron's circuit, as worked by hand: the slope of the sigmoid is 0.27 times 0.73."""
    found = {answer.name: answer.latex.tex for answer in problem(made, "p2-circuit").answers}
    leaves = {name: found[f"grad:{name}"] for name in ("w_0", "x_0", "w_1", "x_1", "w_2")}
    assert leaves == {
        "w_0": "-0.20", "x_0": "0.39", "w_1": "-0.39", "x_1": "-0.59", "w_2": "0.20",
    }  # fmt: skip
    assert sorted(found.values()).count("-0.53") == 2


@pytest.mark.parametrize(
    ("part", "factor"),
    [("x_0", "w_0"), ("w_0", "x_0"), ("x_1", "w_1"), ("w_1", "x_1"), ("w_2", "")],
)
def test_problem_2_in_symbols(made: ProblemSet, part: str, factor: str) -> None:
    """P2.1 to P2.5: alpha (1 - alpha) times what the variable is multiplied with.

    The document prints sigma(z)(1 sigma(z)): its minus sign is lost.
    """
    answer = problem(made, "p2").answer(f"alpha.{part}")
    printed = r"\alpha\,\left(1 - \alpha\right)" + (
        rf"\,{factor[0]}_{{{factor[-1]}}}" if factor else ""
    )
    assert answer.latex.tex == printed
    graph = read_network(Source("net", problem(made, "p2").network))
    random = np.random.default_rng(3)
    values = forward(graph, {leaf.name: random.standard_normal((1, 1)) for leaf in graph.leaves})
    alpha = values["alpha"]
    expected = alpha * (1 - alpha) * (values[factor] if factor else 1)
    found = evaluate(read_expression(answer.expr, graph), values)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_sheet_gives_nothing_away(made: ProblemSet) -> None:
    """The problem sheet has a blank for each number that is asked, the key its number."""
    pages = render_tex(made)
    figures = pages["problems"].split(r"\begin{tikzpicture}")
    assert figures[2].partition(r"\end{tikzpicture}")[0].count(r"\exblank") == 6
    assert r"\exanswer" not in pages["problems"].partition(r"\begin{document}")[2]
    assert r"\exanswer{-12}" in pages["solutions"]
