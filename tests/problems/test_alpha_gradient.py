"""A learned slope: laws of the draws, a slope per row by hand, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exgen.certify.equation import Equation, as_cells
from exgen.certify.prove import prove
from exgen.errors import CertificateError, KindError
from exgen.graph import Number
from exgen.presets.alpha_gradient import KIND
from tests.problems.drawn import draw, network, solve

SHARED = network("U: input[2, 2]\nalpha: param\nV = prelu(U, alpha)")
ROWS = network("U: input[2, 3]\nalpha: param[2]\nV = prelu(U, alpha)")
EACH = network("U: input[2, 2]\nalpha: param[2, 2]\nV = prelu(U, alpha)")
GRAPHS = pytest.mark.parametrize("graph", [SHARED, ROWS, EACH], ids=["shared", "rows", "each"])


@GRAPHS
def test_draws_and_proofs(graph: Any) -> None:  # noqa: ANN401 - a graph
    """Both signs occur, nothing is at the kink, a shared slope has something to sum; all proven."""
    for seed in range(30):
        draws = draw(KIND, graph, seed, numbers={"U": {"from": -15, "to": 15}})
        numbers = [float(n) for row in draws["numbers"]["U"] for n in row]
        assert min(numbers) < 0 < max(numbers)
        assert 0 not in numbers
        if graph is SHARED:
            assert sum(n < 0 for n in numbers) >= 2
        if seed < 5:
            solve(KIND, graph, draws)


def test_a_slope_for_each_row() -> None:
    """Each row collects its own masked products: 3 * -2 and -1 * -4 + 2 * -5."""
    numbers = {
        "U": {"is": [[1, -2, 3], [-4, -5, 6]]},
        "upstream": {"is": [[2, 3, 4], [-1, 2, 7]]},
    }
    _, answers = solve(KIND, ROWS, draw(KIND, ROWS, 1, numbers=numbers))
    assert r"1 & -2\,\alpha_{1} & 3" in answers["value.V"].latex.tex
    assert r"-4\,\alpha_{2} & -5\,\alpha_{2} & 6" in answers["value.V"].latex.tex
    assert r"-6 \\ \hline -6" in answers["L.alpha.value"].latex.tex
    assert "4 - 10 = -6" in answers["L.alpha.value"].steps[1].equation.tex


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("U: input[2, 2]\nV = relu(U)", "no slope"),
        ("U: input[2, 2]\nV = lrelu(U, 0.1)", "no slope"),
        ("U: input[9, 9]\na: param\nV = prelu(U, a)", "81 entries"),
        ("U: input[n, n]\na: param\nV = prelu(U, a)", "has no value"),
        ("U: input[2, 2]\na: param\nV = prelu(prelu(U, a), a)", "not linear"),
    ],
)
def test_what_it_needs(text: str, message: str) -> None:
    """A network without a learned slope that enters once is refused with what is needed."""
    with pytest.raises(KindError, match=message) as caught:
        draw(KIND, network(text), 1)
    assert "alpha_gradient" in caught.value.remedy


def test_corrupted_answers_are_refused() -> None:
    """A wrong entry of the grid, and products that were not summed, are not certified."""
    _, answers = solve(KIND, SHARED, draw(KIND, SHARED, 2))
    grid, gradient = answers["value.V"].claim, answers["L.alpha.value"].claim
    assert isinstance(grid, Equation)
    wrong = ((Number(grid.leaves["U"][0, 0] + 1), *grid.cells[0][1:]), *grid.cells[1:])
    with pytest.raises(CertificateError):
        prove(replace(grid, cells=wrong))
    assert isinstance(gradient, Equation)
    with pytest.raises(CertificateError):
        prove(replace(gradient, cells=as_cells(gradient.leaves["U"] * gradient.leaves["upstream"])))
