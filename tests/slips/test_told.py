"""Which wrong answers a key tells: those that a student could write, and that are wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from exgen.certify.equation import Equation, as_cells
from exgen.certify.memory import Memory
from exgen.certify.quantity import Quantity
from exgen.derive.tensor import tensor_form
from exgen.graph import Delta, Dim, Entry, Expr, Name, SumOver
from exgen.pipeline import build, load
from exgen.slips.claims import Wrong
from exgen.slips.table import SLIPS
from exgen.slips.told import Drawn, drawn_numbers, free_letters, is_told
from tests.cases import rows_in
from tests.language.reading import read_form
from tests.problems.setting import graph_of
from tests.slips.made import every_mistake

GRAPH = graph_of("""\
x: input[3]
t: target
W1: param[4, 3]
w: param[1, 4]
z1 = W1 @ x
a1 = relu(z1)
s = w @ a1
q = sigmoid(s)
L = bce(q, t)
""")
SHAPES = GRAPH.shapes
CASES = rows_in("slips/told.txt")
NOTHING = Drawn()


def claim(by: str, text: str) -> Equation:
    """Return the claim that a formula is the gradient by a name."""
    return Equation(GRAPH, Quantity("L", by), (read_form(text),))


@pytest.mark.parametrize(("by", "right", "wrong", "told"), CASES)
def test_what_is_told(by: str, right: str, wrong: str, told: str) -> None:
    """A mistake fits, is of the answer's sort, and is more than the answer turned round."""
    found = is_told(claim(by, right), Wrong(claim(by, wrong)), Memory(), NOTHING)
    assert found == (told == "told")


def test_where_the_orientation_is_asked_it_counts() -> None:
    """The derivative of one output by a vector, in the other layout, is told."""
    right = Equation(GRAPH, Quantity("s", "a1"), (Name("w").T,), layout="denominator")
    turned = replace(right, rights=(Name("w"),))
    assert is_told(right, Wrong(turned), Memory(), NOTHING)


def test_the_numbers_of_the_problem_count() -> None:
    """A forgotten mask is no mistake at numbers that all lie above the kink."""
    right = claim("z1", "derivative(L, a1) * (z1 > 0)")
    wrong = Wrong(claim("z1", "derivative(L, a1)"))
    leaves = {leaf.name: np.ones([dim.constant for dim in leaf.shape]) for leaf in GRAPH.leaves}
    above = Drawn(({**leaves, "t": np.full((1, 1), 0.25)},))
    assert not is_told(right, wrong, Memory(), above)
    below = Drawn(({**leaves, "W1": -leaves["W1"], "t": np.full((1, 1), 0.25)},))
    assert is_told(right, wrong, Memory(), below)


def test_the_numbers_are_those_of_the_claims() -> None:
    """Numbers come from what a problem evaluates, each set of them once; formulas have none."""
    leaves = {leaf.name: np.ones([dim.constant for dim in leaf.shape]) for leaf in GRAPH.leaves}
    value = Equation(GRAPH, Quantity("s"), cells=as_cells(np.full((1, 1), 12)), leaves=leaves)
    (point,) = drawn_numbers(
        [value, claim("s", "q - t"), replace(value, quantity=Quantity("q"))]
    ).points
    assert set(point) == set(leaves)
    assert drawn_numbers([claim("s", "q - t")]) == NOTHING


def at(name: str, row: str) -> Entry:
    """Return an entry of a column."""
    return Entry(Name(name), (row, 0))


@pytest.mark.parametrize(
    ("expr", "letters"),
    [
        (at("g", "k") * at("x", "j"), {"k", "j"}),
        (SumOver("k", Dim(3), at("g", "k") * at("x", "j")), {"j"}),
        (SumOver("k", Dim(3), at("g", "k"), "c"), {"c"}),
        (at("g", r"\rho(i)"), {"i"}),
        (at("g", r"\rho(0)"), set()),
        (Delta("k", "j") + 1, {"k", "j"}),
        (Name("s") * 2, set()),
    ],
)
def test_letters_that_no_sum_binds(expr: Expr, letters: set[str]) -> None:
    """A position after sorting has the letter of its entry; what a sum binds is not free."""
    assert free_letters(expr) == letters


def test_an_index_keeps_its_axis() -> None:
    """A letter that would count along another axis makes an entry that is not there."""
    graph = graph_of("x: input[3]\nW: param[4, 3]\nz = W @ x")
    form = tensor_form(graph, "z", "W")
    right = Equation(graph, Quantity("z", "W"), (form.entry,), (*form.out, *form.arg))
    swapped = list(SLIPS["swapped_indices"].wrong(right, Memory()))
    assert swapped
    assert not any(is_told(right, wrong, Memory(), NOTHING) for wrong in swapped)


def test_a_free_index_is_not_told() -> None:
    """Whoever forgets a sum writes something that has no value; it is not in any key."""
    bank, notation = load("set1", None)
    with every_mistake():
        (problem,) = build(bank, notation, 1, only="reused-entry").problems
    told = {part.slip for answer in problem.answers for part in answer.mistakes}
    assert "dropped_path" in told
    assert "not_summed" not in told
