"""What an equation asserts: a quantity, in a layout or by index, equals what is printed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from exgen.certify.equation import Equation, as_cells
from exgen.certify.prove import prove
from exgen.certify.quantity import Quantity
from exgen.engine import forward, gradients
from exgen.errors import CertificateError
from exgen.graph import Delta, Derivative, Entry, Expr, Index, Name
from exgen.language import read_graph
from tests.cases import rows_in
from tests.language.reading import read_form

GRAPH = read_graph(
    "x: input[3]\ny: target[4]\nW: param[4, 3]\nb: param[4]\n"
    "z = W @ x + b\na = tanh(z)\nL = squared_error(a, y)\n"
)
CASES = rows_in("certify/equations.txt")
STEP = read_graph("w: param[2]\nx: const[2]\nL = sum(w * w * x)\n")
LEAVES = {
    "w": np.array([[Fraction(1)], [Fraction(-2)]]),
    "x": np.array([[Fraction(3)], [Fraction(1, 2)]]),
}


@dataclass(frozen=True)
class Array:
    """What an index form reads, whose entries stand in square brackets."""

    whole: Name | Derivative

    def __getitem__(self, place: tuple[Index, Index]) -> Entry:
        return Entry(self.whole, place)


LETTERS = {letter: letter for letter in "ijkl"}
INDEXED = {name: Array(Name(name)) for name in GRAPH.names}


def read_entry(text: str) -> Expr:
    """Read an index form as Python does."""

    def derivative(of: Array, by: Array) -> Array:
        assert of == INDEXED["L"]
        return next(Array(GRAPH.gradient(name)) for name, whole in INDEXED.items() if whole == by)

    known = {**INDEXED, **LETTERS, "delta": Delta, "derivative": derivative}
    found: Expr = eval(text, known)  # noqa: S307 - our own file
    return found


@pytest.mark.parametrize("case", CASES, ids=" | ".join)
def test_what_holds_and_what_does_not(case: tuple[str, ...]) -> None:
    """A right side that holds is proven by two methods, any other is refused."""
    asked, layout, index, right, says = case
    by, _, of = asked.rpartition(" of ") if " of " in asked else ("", "", asked)
    letters = tuple(int(part) if part.isdigit() else part for part in index.split())
    form = read_entry(right) if letters else read_form(right)
    claim = Equation(GRAPH, Quantity(of, by), (form,), letters, layout=layout)
    if says == "holds":
        assert len({part.method for part in prove(claim)}) >= 2
    else:
        with pytest.raises(CertificateError):
            prove(claim)


def test_a_step_of_gradient_descent() -> None:
    """What a parameter becomes is proven at numbers, and another rate or direction is refused."""
    values = forward(STEP, LEAVES, exact=True)
    slope = gradients(STEP, values, exact=True)["w"]
    rate = Decimal("0.1")
    right = LEAVES["w"] - Fraction(rate) * slope
    claim = Equation(STEP, Quantity("L", "w", rate), cells=as_cells(right), leaves=LEAVES)
    assert {part.method for part in prove(claim)} == {"reverse mode", "differences"}
    for wrong in (LEAVES["w"] + Fraction(rate) * slope, LEAVES["w"] - slope, slope):
        with pytest.raises(CertificateError):
            prove(Equation(STEP, claim.quantity, cells=as_cells(wrong), leaves=LEAVES))
