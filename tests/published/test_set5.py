"""Document 004 with its own numbers: the full correct answers, exactly."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from exgen.pipeline import build, load
from exgen.problems.cellwise import ruled
from exgen.render.tex import render_tex
from tests.published.made import key, latex, problem, published

if TYPE_CHECKING:
    from exgen.document import Problem

SET = "set5"


def grid(*rows: str) -> str:
    """Return rows of numbers as a grid is printed."""
    return ruled([row.split() for row in rows])


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("value.U.value", grid("8 6", "-0.5 -0.5")),
        ("value.V.value", grid("8 6", "-0.05 -0.05")),
        ("value.y.value", "19.3"),
        ("L.V.upstream", r"\nabla_{y}L\,\mathbf{W}"),
        ("L.V-0-0.value", "2"),
        ("L.V.value", grid("2 4", "20 8")),
        ("L.U.value", grid("2 4", "2 0.8")),
        ("L.X.value", grid("0 2 0 4", "0 0 0 0", "2 0 0 0", "0 0 0.8 0")),
        ("L.W.value", grid("16 12", "-0.1 -0.1")),
    ],
)
def test_the_pooled_network(answer: str, expected: str) -> None:
    """1b and 1c: 19.3, [[2,4],[20,8]], [[2,4],[2,.8]] and the 4 x 4 gradient, exactly.

    Errata: the document writes ReLU(u) for LReLU(u) in 1c.iii, and in 1c.iv speaks of weights
    without effect where it means inputs; dL/dW = 2V is not asked there.
    """
    assert latex(SET, "grid", answer) == expected


def test_the_sum_is_worked_out() -> None:
    """1b.iii: the key shows 8 + 12 - 0.5 - 0.2 as its four products."""
    line = problem(SET, "grid").answer("value.y.value").steps[0].equation.tex
    assert r"8 \cdot 1 + 6 \cdot 2" in line
    assert r"\left(-0.05\right) \cdot 10 + \left(-0.05\right) \cdot 4 = 19.3" in line


def test_the_learned_slope() -> None:
    """1d: V with a symbol in it, and one number for one shared slope: 10 - 9 = 1.

    Erratum: the document stops at the masked products [[0, 10], [-9, 0]], which are the gradient
    only if every entry has its own slope; their sum is missing.
    """
    assert latex(SET, "slope", "value.V") == ruled([["14", r"-4\,\alpha"], [r"-6\,\alpha", "3"]])
    answer = problem(SET, "slope").answer("L.alpha.value")
    assert answer.latex.tex == "1"
    assert answer.shape == ()
    assert grid("0 10", "-9 0") in answer.steps[0].equation.tex
    assert "10 - 9 = 1" in answer.steps[1].equation.tex


def test_the_softmax_shift() -> None:
    """2a.i: the factor exp(-s) is pulled out above and below, and cancels.

    Erratum: the document mixes n, k and K for the number of classes; here it is K.
    """
    equations = [step.equation.tex for step in problem(SET, "shift").answer("proof").steps]
    assert len(equations) == 5
    assert r"\exp\left(z_{i} - s\right)" in equations[0]
    assert equations[2].count(r"\exp\left(-s\right)") == 2
    assert "s" not in equations[3].replace(r"\sum", "")
    assert "be the largest of them" in key(SET, "shift")


def test_the_one_hot_cross_entropy() -> None:
    """2b.i: one term is left, -log p of the right class; a smoothed target leaves all of them."""
    assert latex(SET, "onehot", "proof") == r"-\log\left(p_{c}\right)"
    smoothed = latex(SET, "onehot", "rewriting")
    assert r"\frac{\epsilon}{K}\,\sum_{k=1}^{K} \log\left(p_{k}\right)" in smoothed
    assert r"\left(1 - \epsilon\right)\,\log\left(p_{c}\right)" in smoothed


def test_choose_a_loss() -> None:
    """1a: the squared error, half of it, whose derivative is output minus target."""
    text = key(SET, "loss")
    assert r"\left(y - t\right)^{2}" in text
    assert r"\nabla_{y}L = y - t" in text


def test_subtract_the_largest_logit() -> None:
    """2a.ii: exp(1000) overflows, and the shifted logits are 0, -2 and -3."""
    text = key(SET, "overflow")
    assert r"\log\left(1.79 \cdot 10^{308}\right) < 997" in text
    assert r"\begin{bmatrix} 0 \\ -2 \\ -3 \end{bmatrix}" in text
    assert r"\begin{bmatrix} 0.8438 \\ 0.1142 \\ 0.0420 \end{bmatrix}" in text


def test_a_probability_near_one_costs_little() -> None:
    """2b.ii: -log 0.99 is about 0.01, and the loss falls as the probability rises.

    Erratum: the document says that the loss becomes a large positive value for 0 < p < 1; at
    p = 0.99 it is 0.01.
    """
    for number, (p, loss) in enumerate((("0.99", "0.01"), ("0.5", "0.69"), ("0.01", "4.61"))):
        assert latex(SET, "falling", f"rubric.{number + 2}") == loss
        assert rf"$-\log\left({p}\right) \approx \exanswer{{{loss}}}$" in key(SET, "falling")
        assert abs(-Decimal(p).ln() - Decimal(loss)) < Decimal("0.005")


def test_slopes_at_zero_are_those_of_the_notation() -> None:
    """1c.iii: where ReLU and its kin have slope 1 at 0, the key's indicators say so."""
    text = render_tex(build(*load("5", "exam"), 1))["solutions"]
    assert r"\left[U \ge 0\right] + 0.01\,\left[U < 0\right]" in text
    assert "At $0$, LReLU and PReLU take the slope of their positive side." in text


def test_tries_are_counted_once() -> None:
    """How often numbers were drawn stands with the problem, and not among its draws as well."""
    problems = [part for seed in range(8) for part in build(*load("5", None), seed).problems]
    assert all("tries" not in part.draws for part in problems)
    tries = [part.tries for part in problems if part.kind == "grid"]
    assert min(tries) >= 1
    assert max(tries) > 1


def test_what_is_proven() -> None:
    """Every answer but the three rubrics has at least two methods behind it."""
    problems: tuple[Problem, ...] = published(SET).problems
    answers = [answer for part in problems for answer in part.answers]
    assert sum(answer.is_rubric for answer in answers) == 3
    assert all(len(a.certificate) >= 2 for a in answers if not a.is_rubric)
