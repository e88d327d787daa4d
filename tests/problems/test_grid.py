"""Numeric passes through grids: laws of the draws, one case by hand, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from exgen.certify.equation import Equation, as_cells
from exgen.certify.prove import prove
from exgen.engine import forward
from exgen.errors import AcceptanceError, CertificateError, KindError
from exgen.problems import luck
from exgen.problems.grid import KIND
from exgen.problems.numbers import exact_arrays
from tests.problems.drawn import draw, network, solve

NET = "X: input[4, 4]\nW: param[2, 2]\nU = {pool}\nV = {act}\ny = sum(V * W)"
MAX = network(NET.format(pool="maxpool(X)", act="lrelu(U, 0.1)"))
MEAN = network(NET.format(pool="avgpool(X)", act="relu(U)"))
OVERLAP = network(
    "X: input[3, 3]\nW: param[2, 2]\nU = maxpool(X, 2, 1)\nV = lrelu(U, 0.2)\ny = sum(V * W)"
)


@pytest.mark.parametrize("graph", [MAX, MEAN, OVERLAP], ids=["max", "mean", "overlap"])
def test_draws_can_be_worked_by_hand(graph: Any) -> None:  # noqa: ANN401 - a graph
    """No ties, no kinks, either sign before the activation, and at most three decimals."""
    for seed in range(35):
        draws = draw(KIND, graph, seed, numbers={"W": [1, 2, 5, 10, -1]})
        values = forward(graph, exact_arrays(draws["numbers"]), exact=True)
        assert luck.no_ties(graph, values)
        assert luck.off_the_kink(graph, values)
        assert min(values["U"].flat) < 0 < max(values["U"].flat)
        assert luck.short_decimals(values.values(), 3)
        assert draw(KIND, graph, seed, numbers={"W": [1, 2, 5, 10, -1]}) == draws


@pytest.mark.parametrize("graph", [MAX, MEAN, OVERLAP], ids=["max", "mean", "overlap"])
@pytest.mark.parametrize("notation", ["base", "numerator", "aml5202"])
def test_every_answer_is_proven(graph: Any, notation: str) -> None:  # noqa: ANN401 - a graph
    """Each number of both passes is confirmed, in every layout."""
    for seed in range(5):
        _, answers = solve(KIND, graph, draw(KIND, graph, seed), notation)
        assert {"U", "V", "y", "formula", "first", "grad_V", "grad_U", "grad_X"} == set(answers)


def test_average_pool_by_hand() -> None:
    """Four means, a ReLU that closes one of them, and a quarter of each gradient back."""
    image = [[1, 3, -4, 0], [2, 2, -2, -2], [8, 0, 1, 1], [0, 0, 1, 1]]
    values = {"X": {"is": image}, "W": {"is": [[1, 2], [3, 4]]}}
    draws = draw(KIND, MEAN, 1, numbers=values, upstream=[2])
    _, answers = solve(KIND, MEAN, draws)
    assert answers["U"].latex.tex.count(r"\hline") == 3
    assert r"2 & -2 \\ \hline 2 & 1" in answers["U"].latex.tex
    assert r"2 & 0 \\ \hline 2 & 1" in answers["V"].latex.tex
    assert answers["y"].latex.tex == "12"
    assert r"2 & 0 \\ \hline 6 & 8" in answers["grad_U"].latex.tex
    assert r"0.5 & 0.5 & 0 & 0 \\" in answers["grad_X"].latex.tex
    assert r"1.5 & 1.5 & 2 & 2 \\" in answers["grad_X"].latex.tex
    passed_on = answers["grad_X"].steps[0].equation.tex
    assert passed_on.count(r"\frac{1}{4}") == 4
    assert [part.split()[0] for part in passed_on.split("&= ")[1:]] == ["0.5", "0", "1.5", "2"]


def test_steps_have_the_numbers_in() -> None:
    """The key shows each window, each product, and where each gradient goes."""
    solution, answers = solve(KIND, MAX, draw(KIND, MAX, 3))
    assert r"\max\{" in answers["U"].steps[0].equation.tex
    activated = answers["V"].steps[0].equation.tex
    assert r"\operatorname{LReLU}_{0.1}" in activated
    values = forward(MAX, exact_arrays(draw(KIND, MAX, 3)["numbers"]), exact=True)
    assert activated.count("= 0.1") == sum(u < 0 for u in values["U"].flat)
    assert answers["y"].steps[0].equation.tex.count(r"+") == 3
    assert r"\partial X" in answers["grad_X"].steps[0].equation.tex
    assert [r"$2 \times 2$ window" in note["says"].tex for note in solution.fields["notes"]] == [
        True
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("X: input[4, 4]\nU = maxpool(X)", "not a scalar"),
        ("x: input\ny = 2 * x", "no line of the network is a grid"),
        ("X: input[N, N]\nV = relu(X)\ny = sum(V)", "has no value"),
        ("X: input[2, 2]\nV = exp(X)\ny = sum(V)", "fractions"),
    ],
)
def test_what_it_needs(text: str, message: str) -> None:
    """A network that has no grid of fractions is refused, and the message says what is needed."""
    with pytest.raises(KindError, match=message) as caught:
        draw(KIND, network(text), 1)
    assert caught.value.remedy


def test_unknown_name_is_refused() -> None:
    """A gradient by a name that is not there names the nearest one."""
    with pytest.raises(KindError, match="no 'Y'"):
        draw(KIND, MAX, 1, by=["Y"])


def test_impossible_rules_are_reported() -> None:
    """Where every draw has ties, the tries end with an error."""
    with pytest.raises(AcceptanceError, match="none of"):
        draw(KIND, MAX, 1, numbers={"X": [1]})


def test_corrupted_number_is_refused() -> None:
    """A gradient with one entry at the wrong place in its window is not certified."""
    _, answers = solve(KIND, MAX, draw(KIND, MAX, 4))
    claim = answers["grad_X"].claim
    assert isinstance(claim, Equation)
    prove(claim)
    moved = np.roll(claim.value, 1, axis=1)
    with pytest.raises(CertificateError):
        prove(replace(claim, cells=as_cells(moved)))
    assert all(isinstance(entry, Fraction) for entry in claim.value.flat)
