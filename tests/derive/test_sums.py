"""Sums in index form that leave one position out: evaluated, printed, and sizes put in."""

from __future__ import annotations

import numpy as np

from exgen.derive.latex import Printer
from exgen.derive.notation import load_notation
from exgen.engine import evaluate
from exgen.graph import Dim, Entry, Name, SumOver, rebuild, substitute_sizes
from exgen.language import to_text
from exgen.resources import notations

X = {"x": np.array([[1.0], [10.0], [100.0]])}
SUM = SumOver("j", Dim(0, ("n",)), Entry(Name("x"), ("j", 0)), "c")
FIXED = substitute_sizes(SUM, {"n": Dim(3)})


def test_the_position_is_left_out() -> None:
    """With 10 left out, 1 and 100 add up to 101; a position may be a number or a letter."""
    assert evaluate(FIXED, X, {"c": 1}).item() == 101
    assert evaluate(SumOver("j", Dim(3), Entry(Name("x"), ("j", 0)), 2), X).item() == 11
    assert evaluate(SumOver("j", Dim(3), Entry(Name("x"), ("j", 0))), X).item() == 111


def test_it_stays_left_out() -> None:
    """Rebuilding an expression and putting sizes in keep the position, and so does its text."""
    assert rebuild(SUM, lambda part: part) == SUM
    assert to_text(FIXED) == "sum_over(j < 3, j != c, x[j, 0])"


def test_it_prints() -> None:
    """The sign of the sum says which position is left out, counted as the notation counts."""
    printer = Printer(load_notation("base", notations()), {"x": (Dim(3), Dim(1))}, "L")
    assert printer(SUM) == r"\sum_{j \neq c} x_{j}"
    assert printer(SumOver("j", Dim(3), Entry(Name("x"), ("j", 0)), 0)) == r"\sum_{j \neq 1} x_{j}"
