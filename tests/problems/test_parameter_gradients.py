"""Parameter gradients: what they ask in every layout, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from exgen.certify.equation import Equation
from exgen.certify.examples import MeanGradientClaim
from exgen.certify.prove import prove
from exgen.errors import CertificateError, KindError, MisfitError
from exgen.graph import Name, call
from exgen.language.network import read_expression
from exgen.resources import banks
from exgen.shapes import shape_of
from tests.problems.setting import DEEP, NOTATIONS, SKIP, TWO_LAYERS, graph_of, solve, solved

BINARY = """\
x: input[4]
y: target
W1: param[3, 4]
b1: param[3]
W2: param[1, 3]
b2: param
z1 = W1 @ x + b1
a1 = relu(z1)
z2 = W2 @ a1 + b2
yhat = sigmoid(z2)
L = bce(yhat, y)
"""
JACOBIANS = ["yhat", ["yhat", "z2"], ["a1", "z1"]]


def twin(f: str = "relu") -> str:
    """Return the twin network that comes with exgen, with sizes and a function put in."""
    text = (banks() / "networks" / "twin.net").read_text(encoding="utf-8")
    return text.replace("f(", f"{f}(").replace("[D]", "[4]").replace("[H]", "[3]").replace(
        "[H, D]", "[3, 4]").replace("[1, H]", "[1, 3]")  # fmt: skip


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("text", [TWO_LAYERS, DEEP, SKIP, BINARY, twin()])
def test_every_parameter(text: str, notation: str) -> None:
    """Unless told otherwise, each parameter's gradient is asked, in the layout's shape."""
    graph = graph_of(text)
    solution = solved("parameter_gradients", text, 1, notation)
    weights = [leaf for leaf in graph.leaves if leaf.role == "param"]
    assert [answer.name for answer in solution.answers] == [f"L.{leaf.name}" for leaf in weights]
    for answer, leaf in zip(solution.answers, weights, strict=True):
        assert answer.shape == (leaf.shape[::-1] if notation == "numerator" else leaf.shape)


def test_both_branches_are_summed() -> None:
    """A shared weight gets a term from each branch, in the order of the forward pass."""
    weight, bias = solved("parameter_gradients", twin(), 1, ask=["W1", "b1"]).answers
    assert bias.latex.tex == r"\nabla_{\mathbf{m}_{a}}L + \nabla_{\mathbf{m}_{b}}L"
    line = next(step for step in weight.steps if r"\exanswer" in step.equation.tex)
    assert line.rule == "product on 2 paths"
    assert "&= " in line.equation.tex


def test_a_dropped_branch_is_refused() -> None:
    """Half of a sum over branches, or a sum where a transpose is lost, does not pass."""
    claim = solved("parameter_gradients", twin(), 1, ask=["W1"]).answers[0].claim
    assert isinstance(claim, Equation)
    half = read_expression("derivative(L, m_a) @ x_a.T", claim.graph)
    with pytest.raises(CertificateError, match="reverse mode"):
        prove(replace(claim, rights=(half,)))
    with pytest.raises(CertificateError, match="shapes"):
        prove(replace(claim, rights=(call("matmul", Name("x_a"), call("transpose", half)),)))


def test_a_wrong_layout_is_refused() -> None:
    """What is right in one layout is wrong in another, even where it is square."""
    network = "x: input[3]\ny: target[3]\nW: param[3, 3]\nz = W @ x\nL = squared_error(z, y)"
    asked = "{show network} {ask gradient of L by W}"
    claim = solve("text", network, {"text": asked}, "numerator").answers[0].claim
    assert isinstance(claim, Equation)
    with pytest.raises(CertificateError, match="reverse mode"):
        prove(replace(claim, layout="shape"))


def test_needed_gradients_come_first() -> None:
    """What a step reads is derived on a line above it, once in a problem."""
    first, second = solved("parameter_gradients", BINARY, 1, ask=[["W1"], ["W2"]]).answers
    lines = [
        [step.equation.tex for step in answer.steps if step.rule in ("product", "ReLU")]
        for answer in (first, second)
    ]
    assert [len(part) for part in lines] == [3, 1]
    assert r"\mathbf{W}^{[1]}" in lines[0][-1]


def test_each_line_of_a_key_is_proven() -> None:
    """Behind a gradient, and behind a mean of gradients, each line has a claim of its own."""
    for options in ({}, {"given": JACOBIANS}, {"examples": "m"}):
        answer = solved("parameter_gradients", BINARY, 1, ask=["W1"], **options).answers[0]
        own = [
            step for step in answer.steps if "; " in str(step.why) and "&=" in str(step.equation)
        ]
        assert len(own) == 4
        assert all(step.claims for step in own)


def test_a_sum_for_a_mean_is_refused() -> None:
    """A factor too many, such as a mean taken twice, does not pass."""
    solution = solved("parameter_gradients", BINARY, 1, ask=["W1"], examples="m")
    claim = solution.answers[0].claim
    assert isinstance(claim, MeanGradientClaim)
    with pytest.raises(CertificateError, match="reverse mode"):
        prove(replace(claim, expr=2 * claim.expr))


def test_the_broadcast_trap() -> None:
    """The published W2 times mask has no shape here; NumPy would stretch it to Da by Da."""
    graph = graph_of(BINARY)
    row, mask = np.ones((1, 3)), np.ones((3, 1))
    assert (row * mask).shape == (3, 3)
    with pytest.raises(MisfitError, match="entry by entry"):
        shape_of(call("mul", Name("W2"), call("greater", Name("z1"), 0)), graph.shapes)
    claim = solved("parameter_gradients", BINARY, 1, ask=["W1"], examples="m").answers[0].claim
    trap = call("mul", Name("W2"), call("greater", Name("z1"), 0)) @ Name("x").T
    with pytest.raises(CertificateError, match="shapes"):
        prove(replace(cast("MeanGradientClaim", claim), expr=trap))


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("x: input[3]\nL = sum(x * x)", {}, "has no parameter"),
        (BINARY, {"ask": ["W9"]}, "there is no gradient 'W9'"),
        (BINARY, {"ask": ["L"]}, "there is no gradient 'L'"),
        (BINARY + "s = W1 @ x\nM = sum(yhat * yhat)", {"ask": ["s"]}, "there is no gradient 's'"),
        (BINARY, {"ask": [["W1"], "b1"]}, "is a list of names"),
        (BINARY, {"ask": ["yhat"], "given": ["yhat"]}, "the gradient by 'yhat' is given"),
        (BINARY, {"given": [["yhat", "z1"]]}, "does not read it"),
        (BINARY, {"given": [["z1", "W1"]]}, "no matrix"),
        (TWO_LAYERS, {"examples": "m"}, "no batch form"),
    ],
)
def test_what_cannot_be_asked(text: str, options: dict[str, Any], message: str) -> None:
    """A question without an answer is refused with what is missing."""
    with pytest.raises(KindError, match=message):
        solved("parameter_gradients", text, 1, **options)
