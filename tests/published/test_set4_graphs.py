"""Document 002, its graphs and its scalar network: the full answers, derived by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from exgen.engine import evaluate, forward, gradients
from exgen.errors import Source
from exgen.language import read_expression, read_network
from exgen.pipeline import build, load
from tests.cases import rows_in

if TYPE_CHECKING:
    from exgen.document import Problem, ProblemSet

BANK = Path(__file__).with_name("set4_graphs.toml")


@pytest.fixture(scope="module")
def made() -> ProblemSet:
    """Give the set, solved and proven."""
    return build(*load(str(BANK), None), 3)


def problem(made: ProblemSet, name: str) -> Problem:
    """Return a problem."""
    return next(problem for problem in made.problems if problem.name == name)


def equal(made: Problem, name: str, by_hand: str) -> None:
    """Compare an answer with an expression found by hand, at a random point."""
    graph = read_network(Source("net", made.network))
    random = np.random.default_rng(3)
    leaves = {leaf.name: random.uniform(0.2, 0.8, (1, 1)) for leaf in graph.leaves}
    values = forward(graph, leaves)
    values |= {graph.gradient(n): g for n, g in gradients(graph, values).items()}
    found, expected = (
        evaluate(read_expression(text, graph), values) for text in (made.answer(name).expr, by_hand)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-12)


GRAPHS = {
    "p1-1-1a": "w,x,b>z x,z>y y,t>L",
    "p1-1-2a": "a0,W1,b1>z1 z1>a1 a1,W2,b2>z2 z2>a2 a2,t>L",
    "p1-4-1a": "W1,x_a,b1>m_a m_a>h_a W1,x_b,b1>m_b m_b>h_b h_a,h_b>h W2,h,b2>z z>y y,t>L",
    "p1-4-2a": "W1,x,b1>z1 z1>h1 W2,h1,b2>z2 W_s,x>z_s z2,z_s>h2 W3,h2,b3>z3 z3>y y,t>L",
}


@pytest.mark.parametrize("name", GRAPHS)
def test_graphs(made: ProblemSet, name: str) -> None:
    """1.1.1a, 1.1.2a, 1.4.1a, 1.4.2a: the arrows, as read off the equations by hand."""
    arrows = {
        f"{source} -> {line.partition('>')[2]}"
        for line in GRAPHS[name].split()
        for source in line.partition(">")[0].split(",")
    }
    assert set(problem(made, name).answer("graph").expr.split("; ")) == arrows


@pytest.mark.parametrize(
    ("by", "by_hand"),
    rows_in("published/set4_scalars.txt"),
)
def test_scalar_gradients(made: ProblemSet, by: str, by_hand: str) -> None:
    """1.1.1b: six derivatives; that of x has two paths."""
    equal(problem(made, "p1-1-1b"), f"L.{by}", by_hand)


def test_scalar_gradients_as_printed(made: ProblemSet) -> None:
    """1.1.1b prints y - t, and the two paths to x."""
    found = problem(made, "p1-1-1b")
    assert found.answer("L.y").latex.tex == "y - t"
    assert (
        found.answer("L.x")
        .steps[0]
        .equation.tex.startswith(
            r"\frac{\partial L}{\partial x} = \frac{\partial L}{\partial y} "
            r"+ \frac{\partial L}{\partial z}\,w"
        )
    )


@pytest.mark.parametrize(
    ("line", "by_hand"),
    rows_in("published/set4_forward.txt"),
)
def test_written_forward_pass(made: ProblemSet, line: str, by_hand: str) -> None:
    """1.1.3a: the sums, the hidden outputs, and the output."""
    assert problem(made, "p1-1-3").answer(f"output.{line}").expr == by_hand


@pytest.mark.parametrize(
    ("by", "by_hand"),
    rows_in("published/set4_backward.txt"),
)
def test_written_backward_pass(made: ProblemSet, by: str, by_hand: str) -> None:
    """1.1.3b: all 21 lines; the document's sample solution stops at m_3 and m_4."""
    equal(problem(made, "p1-1-3"), f"L.{by}.upstream", by_hand)
