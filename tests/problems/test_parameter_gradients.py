"""Parameter gradients: every layout, given Jacobians, fan-out, and a mean over examples."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from exgen.certify.equation import Equation
from exgen.certify.examples import MeanGradientClaim
from exgen.certify.prove import prove
from exgen.derive.factors import gradients_given, read_given
from exgen.errors import CertificateError, KindError, MisfitError
from exgen.graph import Name, call
from exgen.language.network import read_expression
from exgen.problems import KINDS
from exgen.resources import banks
from exgen.seeds import Stream
from exgen.shapes import shape_of
from tests.problems.setting import DEEP, NOTATIONS, SKIP, TWO_LAYERS, graph_of, solved

GIVEN = """\
x: input[4]
y: target[2]
W1: param[3, 4]
b1: param[3]
W2: param[2, 3]
b2: param[2]
z1 = W1 @ x + b1
z2 = relu(z1)
z3 = W2 @ z2 + b2
yhat = sigmoid(z3)
L = squared_error(yhat, y)
"""
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
JACOBIANS = ["yhat", ["yhat", "z3"], ["z2", "z1"]]


def twin(f: str = "relu") -> str:
    """Return the twin network that comes with exgen, with sizes and a function put in."""
    text = (banks() / "networks" / "twin.net").read_text(encoding="utf-8")
    return text.replace("f(", f"{f}(").replace("[D]", "[4]").replace("[H]", "[3]").replace(
        "[H, D]", "[3, 4]").replace("[1, H]", "[1, 3]")  # fmt: skip


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("text", [TWO_LAYERS, DEEP, SKIP, GIVEN, twin()])
def test_every_parameter(text: str, notation: str) -> None:
    """Unless told otherwise, each parameter's gradient is asked, in the layout's shape."""
    graph = graph_of(text)
    solution = solved("parameter_gradients", text, 1, notation)
    weights = [leaf for leaf in graph.leaves if leaf.role == "param"]
    assert [answer.name for answer in solution.answers] == [leaf.name for leaf in weights]
    for answer, leaf in zip(solution.answers, weights, strict=True):
        assert answer.shape == (leaf.shape[::-1] if notation == "numerator" else leaf.shape)


@pytest.mark.parametrize("notation", NOTATIONS)
def test_seeds_ask_the_same(notation: str) -> None:
    """A hundred seeds draw what the bank names and nothing else."""
    graph = graph_of(GIVEN)
    options = {"ask": [["W2", "b2"], ["W1"]], "given": JACOBIANS}
    draws = [
        KINDS["parameter_gradients"].sample(graph, options, Stream(seed, notation))
        for seed in range(100)
    ]
    assert all(drawn == options for drawn in draws)


@pytest.mark.parametrize(
    ("notation", "latex"),
    [
        (
            "base",
            (
                r"\left(\nabla_{\mathbf{z}^{[3]}}\hat{\mathbf{y}}\right)^{\top}\,"
                r"\nabla_{\hat{\mathbf{y}}}L\,\mathbf{z}^{[2]\top}"
            ),
        ),
        (
            "aml5202",
            (
                r"\nabla_{\mathbf{z}^{[3]}}(\hat{\mathbf{y}})\,"
                r"\nabla_{\hat{\mathbf{y}}}(L)\,\mathbf{z}^{[2]\top}"
            ),
        ),
        (
            "numerator",
            (
                r"\mathbf{z}^{(2)}\,\frac{\partial L}{\partial \hat{\mathbf{y}}}\,"
                r"\frac{\partial \hat{\mathbf{y}}}{\partial \mathbf{z}^{(3)}}"
            ),
        ),
    ],
)
def test_given_jacobians_are_kept(notation: str, latex: str) -> None:
    """The given factor stands where it conforms: on the left, transposed where the layout does."""
    options = {"ask": ["W2"], "given": JACOBIANS}
    (answer,) = solved("parameter_gradients", GIVEN, 1, notation, **options).answers
    assert answer.latex.tex == latex


def test_given_gradients_are_not_bypassed() -> None:
    """With the prediction's gradient given, sigmoid and cross-entropy are not put together."""
    plain = gradients_given(graph_of(BINARY), read_given(graph_of(BINARY), []))
    kept = gradients_given(graph_of(BINARY), read_given(graph_of(BINARY), ["yhat"]))
    graph = graph_of(BINARY)
    assert plain["z2"].closed == read_expression("yhat - y", graph)
    assert kept["z2"].closed == read_expression("derivative(L, yhat) * yhat * (1 - yhat)", graph)


def test_both_branches_are_summed() -> None:
    """A shared weight gets a term from each branch, in the order of the forward pass."""
    solution = solved("parameter_gradients", twin(), 1, ask=["W1", "b1"])
    printed = {answer.name: answer.latex.tex for answer in solution.answers}
    assert printed["b1"] == r"\nabla_{\mathbf{m}_{a}}L + \nabla_{\mathbf{m}_{b}}L"
    assert printed["W1"] == (
        r"\nabla_{\mathbf{m}_{a}}L\,\mathbf{x}_{a}^{\top} + "
        r"\nabla_{\mathbf{m}_{b}}L\,\mathbf{x}_{b}^{\top}"
    )
    assert "2 paths" in solution.answers[0].steps[-1].rule


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
    text = "x: input[3]\ny: target[3]\nW: param[3, 3]\nz = W @ x\nL = squared_error(z, y)"
    claim = solved("parameter_gradients", text, 1, "numerator", ask=["W"]).answers[0].claim
    assert isinstance(claim, Equation)
    with pytest.raises(CertificateError, match="reverse mode"):
        prove(replace(claim, rights=claim.rights[1:], layout="shape"))


def test_needed_gradients_come_first() -> None:
    """What a step reads is derived on a line above it, once in a problem."""
    groups = solved("parameter_gradients", GIVEN, 1, ask=[["W1"], ["W2"]]).fields["groups"]
    left = [[str(line["left"]) for line in group["lines"]] for group in groups]
    assert [len(lines) for lines in left] == [5, 1]
    assert r"\mathbf{W}^{[1]}" in left[0][-1]


@pytest.mark.parametrize("notation", NOTATIONS)
def test_a_mean_over_examples(notation: str) -> None:
    """The gradient of the cost is proven as a mean of examples and as one product."""
    solution = solved("parameter_gradients", BINARY, 1, notation, ask=["W1"], examples="m")
    mean, batch = solution.answers
    assert [mean.name, batch.name] == ["W1", "W1.batch"]
    assert r"\frac{1}{m} \sum_{i=" in mean.latex.tex
    assert r"\hat{\mathbf{Y}} - \mathbf{Y}" in batch.latex.tex or notation == "numerator"


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
        (GIVEN, {"ask": ["W9"]}, "there is no 'W9'"),
        (GIVEN, {"ask": ["L"]}, "is the loss itself"),
        (GIVEN + "s = W1 @ x\nM = sum(yhat * yhat)", {"ask": ["s"]}, "does not depend on 's'"),
        (GIVEN, {"ask": ["yhat"], "given": ["yhat"]}, "both given and asked"),
        (GIVEN, {"given": [["yhat", "z1"]]}, "does not read it"),
        (GIVEN, {"given": [["z1", "W1"]]}, "no matrix"),
        (GIVEN, {"given": [3]}, "a name or a pair"),
        (BINARY, {"ask": ["z1"], "examples": "m"}, "differs from example to example"),
        (TWO_LAYERS, {"examples": "m"}, "no batch form"),
    ],
)
def test_what_cannot_be_asked(text: str, options: dict[str, Any], message: str) -> None:
    """A question without an answer is refused with what is missing."""
    with pytest.raises(KindError, match=message):
        solved("parameter_gradients", text, 1, **options)


def test_each_line_of_one_example_is_proven() -> None:
    """Behind a mean of gradients, the lines for one example have claims of their own."""
    solution = solved("parameter_gradients", BINARY, 1, ask=["W1"], examples="m")
    lines = solution.fields["examples"]["lines"]
    steps = [step for step in solution.answers[0].steps if step.claims]
    printed = [step.equation.tex for step in steps]
    for line in lines:
        assert any(f"{line['left']} = {line['right'][0]}" in equation for equation in printed)
