"""Reused and sorted entries: laws of the draws, cases by hand, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from exgen.certify.equation import Equation
from exgen.certify.prove import prove
from exgen.errors import CertificateError, KindError
from exgen.graph import ONE
from exgen.presets.vector_gradient import KIND
from tests.problems.drawn import draw, network, solve

if TYPE_CHECKING:
    from exgen.problems.base import Solution

REUSE = network("x: input[n]\nF = x[0] * x")
SORT = network("x: input[n]\nF = sort(x)")
DOWN = network("x: input[n]\nF = sort(x, descending=1)")
SCALED = network("x: input[n]\nF = x[0] * sort(x)")
GRAPHS = pytest.mark.parametrize(
    "graph", [REUSE, SORT, DOWN, SCALED], ids=["reuse", "sort", "down", "scaled"]
)


def remarks(solution: Solution) -> str:
    """Return what the key remarks besides the answers."""
    return str([block["paragraphs"] for block in solution.fields["blocks"]])


@GRAPHS
def test_draws(graph: Any) -> None:  # noqa: ANN401 - a graph
    """Entries differ, no answer is 0, and sorting is not its own inverse; seeds repeat."""
    for seed in range(30):
        draws = draw(KIND, graph, seed)
        numbers = [float(row[0]) for row in draws["numbers"]["x"]]
        assert len(set(numbers)) == len(numbers)
        if "sort" in str(graph.bindings):
            down = graph is DOWN
            order = sorted(range(len(numbers)), key=numbers.__getitem__, reverse=down)
            assert [order.index(n) for n in range(len(order))] != order
        assert draw(KIND, graph, seed) == draws


@GRAPHS
@pytest.mark.parametrize("notation", ["base", "numerator", "aml5202"])
def test_every_answer_is_proven(graph: Any, notation: str) -> None:  # noqa: ANN401 - a graph
    """Vector form, cases, example and numbers are confirmed, whatever the layout."""
    for seed in range(3):
        solution, _ = solve(KIND, graph, draw(KIND, graph, seed), notation)
        by_vector = next(answer for answer in solution.answers if answer.name == "L.x")
        row = by_vector.shape is not None and by_vector.shape[1] != ONE
        assert row == (notation == "numerator")


@pytest.mark.parametrize("first", ["negative", "positive"])
def test_sign_of_the_first_entry(first: str) -> None:
    """The bank may ask for either sign; multiplying before sorting reverses a negative one."""
    for seed in range(10):
        draws = draw(KIND, SCALED, seed, first=first)
        solution, _ = solve(KIND, SCALED, draws)
        x = [Fraction(row[0]) for row in draws["numbers"]["x"]]
        asked, swapped = [x[0] * entry for entry in sorted(x)], sorted(x[0] * entry for entry in x)
        assert (x[0] < 0) == (first == "negative") == ("reverses the order" in remarks(solution))
        assert swapped == (asked[::-1] if x[0] < 0 else asked)


def test_scaled_sort_by_hand() -> None:
    """X = (-2, -5, -3), g = (1, -3, -4): the sum of g sort(x) is 12, and -2 * -4 comes on top."""
    numbers = {"x": {"is": [-2, -5, -3]}, "g": {"is": [1, -3, -4]}}
    draws = draw(KIND, SCALED, 1, numbers=numbers, size=3)
    _, answers = solve(KIND, SCALED, draws)
    step = answers["L.x.value"].steps[-1].equation.tex
    assert r"12 \\ 0 \\ 0 \end{bmatrix} + \begin{bmatrix} 8 \\ -2 \\ 6" in step
    assert r"10 \\ 6 \\ 4" in answers["value.F.value"].latex.tex
    assert r"20 \\ -2 \\ 6" in answers["L.x.value"].latex.tex


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x: input[n]\nw: param\nF = w * x", "does not read one vector alone"),
        ("X: input[n, m]\nF = 2 * X", "is not a vector"),
        ("x: input[n]\nF = sum(x)", "is not a vector"),
        ("x: input[n]\nF = exp(x[0] * x)", "'exp'|entries that can be told apart|no fraction"),
    ],
)
def test_what_it_needs(text: str, message: str) -> None:
    """A network that is no function from one vector to another is refused with the reason."""
    with pytest.raises(KindError, match=message) as caught:
        draw(KIND, network(text), 1)
    assert caught.value.remedy


@pytest.mark.parametrize("order", [[0, 0, 1], [1, 2, 3]])
def test_an_order_is_a_permutation(order: list[int]) -> None:
    """An order that leaves a position out is refused."""
    draws = draw(KIND, SORT, 1, order=order)
    with pytest.raises(KindError, match="no order"):
        solve(KIND, SORT, draws)


def test_an_unknown_sign_is_refused() -> None:
    """Only three words say what sign the first entry shall have."""
    with pytest.raises(KindError, match="'first'"):
        draw(KIND, SCALED, 1, first="minus")


def test_corrupted_answers_are_refused() -> None:
    """A forgotten 2, the wrong case, and sorting where unsorting is due are not certified."""
    _, reuse = solve(KIND, REUSE, draw(KIND, REUSE, 1))
    own, others = reuse["L.x-0"].claim, reuse["L.x-i"].claim
    assert isinstance(own, Equation)
    assert isinstance(others, Equation)
    with pytest.raises(CertificateError):
        prove(replace(own, rights=(2 * own.rights[0],)))
    with pytest.raises(CertificateError):
        prove(replace(others, different=()))
    _, sort = solve(KIND, SORT, draw(KIND, SORT, 1, order=[1, 2, 0]))
    example = sort["L.x.sorted"].claim
    assert isinstance(example, Equation)
    with pytest.raises(CertificateError):
        prove(replace(example, order=(2, 0, 1)))
