"""Tidying an expression: numbers come to the front, as a reader would write them."""

from __future__ import annotations

import pytest

from exgen.derive.simplify import simplify
from exgen.errors import Source
from exgen.graph import Name, as_expr
from exgen.language import read_network, to_text
from exgen.language.network import read_expression

GRAPH = read_network(Source("net", "x: input[3]\ns: param\nt: param\nL = s * sum(x) * t\n"))


@pytest.mark.parametrize(("text", "expected"), [
    ("x / -1", "-x"),
    ("x / -2", "-(0.5 * x)"),
    ("3 * x / 2", "1.5 * x"),
    ("s / (-2 * t)", "-(s / (2 * t))"),
    ("0.9 * s / t", "0.9 * s / t"),
])  # fmt: skip
def test_numbers_of_a_quotient(text: str, expected: str) -> None:
    """The numbers above and below a fraction's bar become one, with its sign in front."""
    assert to_text(simplify(read_expression(text, GRAPH), GRAPH.shapes)) == expected


def test_a_division_by_zero_stays() -> None:
    """It is left to whoever evaluates it; tidying neither stops nor hides it."""
    quotient = Name("x") / as_expr(0)
    assert simplify(quotient, GRAPH.shapes) == quotient
