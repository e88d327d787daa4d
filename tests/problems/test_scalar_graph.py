"""The preset ``scalar_graph``: laws of its draws, and wrong claims. Its answers are text cases."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from exgen.certify.equation import Equation
from exgen.certify.prove import prove
from exgen.errors import CertificateError
from exgen.graph import Number
from exgen.language import read_expression
from exgen.problems import KINDS
from exgen.seeds import Stream
from tests.problems.setting import graph_of, solve, solved

if TYPE_CHECKING:
    from exgen.problems.base import Solution

PRODUCT = "x: input\ny: input\nz: input\nq = x + y\nf = q * z\n"
REUSED = "w: param\nx: input\nb: param\nt: target\nz = w * x + b\ny = x + tanh(z)\nL = (y - t) ** 2 / 2\n"  # noqa: E501


def claim_of(solution: Solution, name: str) -> Equation:
    """Return the claim of an answer."""
    claim = next(answer.claim for answer in solution.answers if answer.name == name)
    assert isinstance(claim, Equation)
    return claim


@pytest.mark.parametrize("seed", range(40))
def test_draws(seed: int) -> None:
    """Values are short decimals other than 0, and the upstream gradient is one of those given."""
    kind = KINDS["scalar_graph"]
    options = {"numbers": {"upstream": [2, -1, 0.5]}, "figure": True}
    draws = kind.sample(graph_of(PRODUCT), options, Stream(seed, "draws"))
    assert Fraction(draws["numbers"]["upstream"][0][0]) in (2, -1, Fraction(1, 2))
    solution = solve("scalar_graph", PRODUCT, draws)
    for answer in solution.answers:
        if answer.name.endswith(".value"):
            value = Fraction(answer.latex.tex)
            assert value != 0
            assert (value * 100).denominator == 1


def test_a_value_that_is_no_short_decimal_is_rounded() -> None:
    """Where tanh comes in, values have the stated digits and survive rounding on the way."""
    solution = solved("scalar_graph", REUSED, 3, numbers={}, digits=2, ask=[["L", "w"]])
    claim = claim_of(solution, "L.w.value")
    assert claim.rounding is not None
    assert (claim.rounding.digits, claim.rounding.carry) == (2, 2)
    value = next(answer.latex.tex for answer in solution.answers if answer.name == "L.w.value")
    assert len(value.partition(".")[2]) == claim.rounding.digits


def test_wrong_answers_are_refused() -> None:
    """An expression that forgets a path, and a value with the wrong sign, cannot be proven."""
    claim = claim_of(solved("scalar_graph", REUSED, 1, ask=[["L", "x"]]), "L.x")
    wrong = read_expression("y - t", graph_of(REUSED))
    with pytest.raises(CertificateError):
        prove(replace(claim, rights=(wrong,)))
    given = {"x": {"is": -2}, "y": {"is": 5}, "z": {"is": -4}}
    solution = solved("scalar_graph", PRODUCT, 1, ask=[["f", "x"]], numbers=given)
    with pytest.raises(CertificateError):
        prove(replace(claim_of(solution, "f.x.value"), cells=((Number(Fraction(4)),),)))
