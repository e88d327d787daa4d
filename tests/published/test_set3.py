"""Document 001 with its own functions: the answers are those that were derived by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from exgen.render.tex import render_tex
from tests.published.reading import answers, make, numbered, value, values

if TYPE_CHECKING:
    from exgen.document import ProblemSet


@pytest.fixture(scope="module")
def made() -> ProblemSet:
    """Give the set, solved and proven."""
    return make("set3")


def test_layer_table(made: ProblemSet) -> None:
    """1.2b: inputs and outputs of the five layers (the document calls the output of f yhat too)."""
    found = {name: answer.latex.tex for name, answer in answers(made, "p2b").items()}
    z1, z2, z3 = (rf"\mathbf{{z}}^{{[{n}]}}" for n in (1, 2, 3))
    assert found == {
        "input.z1": r"\mathbf{x}",
        "output.z1": rf"{z1} = \mathbf{{W}}^{{[1]}}\,\mathbf{{x}} + \mathbf{{b}}^{{[1]}}",
        "input.z2": z1,
        "output.z2": rf"{z2} = \operatorname{{ReLU}}\left({z1}\right)",
        "input.z3": z2,
        "output.z3": rf"{z3} = \mathbf{{W}}^{{[2]}}\,{z2} + \mathbf{{b}}^{{[2]}}",
        "input.yhat": z3,
        "output.yhat": rf"\hat{{\mathbf{{y}}}} = {z3}",
        "input.L": r"\hat{\mathbf{y}}",
        "output.L": r"L = \left\lVert \hat{\mathbf{y}} - \mathbf{y} \right\rVert^{2}",
    }


def test_gradients_from_given_jacobians(made: ProblemSet) -> None:
    """1.2c: each product conforms, and every gradient keeps dyhat/dz3.

    The published key has two errata: its product for W2 puts the Jacobian in the middle, where it
    does not conform, and its b2, W1 and b1 drop dyhat/dz3, which is right for the identity only.
    """
    found = {name: answer.latex.tex for name, answer in answers(made, "p2c").items()}
    upstream = r"\nabla_{\hat{\mathbf{y}}}L"
    outer = r"\left(\nabla_{\mathbf{z}^{[3]}}\hat{\mathbf{y}}\right)^{\top}\," + upstream
    inner = (
        r"\left(\nabla_{\mathbf{z}^{[1]}}\mathbf{z}^{[2]}\right)^{\top}\,"
        r"\mathbf{W}^{[2]\top}\," + outer
    )
    assert found == {
        "L.W2.given": outer + r"\,\mathbf{z}^{[2]\top}",
        "L.b2.given": outer,
        "L.W1.given": inner + r"\,\mathbf{x}^{\top}",
        "L.b1.given": inner,
    }


def test_elements(made: ProblemSet) -> None:
    """1.2d: 2(yhat - y), which the published key leaves open; the identity; diag(1[z1 > 0])."""
    graph = numbered(made, "p2d")
    run = values(graph)
    found = answers(made, "p2d")
    error = 2 * (run["yhat"] - run["y"])
    np.testing.assert_allclose(value(found["L.yhat"], graph, run), error)
    size = run["z3"].shape[0]
    np.testing.assert_array_equal(value(found["yhat.z3"], graph, run, d3=size), np.eye(size))
    mask = np.diag((run["z1"][:, 0] > 0).astype(float))
    np.testing.assert_array_equal(value(found["z2.z1"], graph, run), mask)
    printed = {name: answer.latex.tex for name, answer in found.items()}
    assert printed["L.yhat"] == r"2\,\left(\hat{\mathbf{y}} - \mathbf{y}\right)"
    assert printed["yhat.z3"] == r"\mathbf{I}_{d_{3}}"


def test_two_sigmoids(made: ProblemSet) -> None:
    """1.3a: what changes, in full; the published key says only that the derivative changes."""
    graph = numbered(made, "p3a")
    run = values(graph)
    a, h, g = run["yhat"], run["z2"], run[graph.gradient("yhat")]
    for name, output in (("yhat.z3", a), ("z2.z1", h)):
        answer = answers(made, "p3a-jacobians")[name]
        expected = np.diag((output * (1 - output))[:, 0])
        np.testing.assert_allclose(value(answer, graph, run), expected)
    e3 = g * a * (1 - a)
    e1 = (run["W2"].T @ e3) * h * (1 - h)
    expected_by = {"W2": e3 @ h.T, "b2": e3, "W1": e1 @ run["x"].T, "b1": e1}
    found = answers(made, "p3a")
    for name, expected in expected_by.items():
        np.testing.assert_allclose(value(found[f"L.{name}.given"], graph, run), expected)
    assert found["L.b2.given"].latex.tex == (
        r"\nabla_{\hat{\mathbf{y}}}L \odot \hat{\mathbf{y}} \odot "
        r"\left(\mathbf{1} - \hat{\mathbf{y}}\right)"
    )


def test_binary_cross_entropy(made: ProblemSet) -> None:
    """1.3b: -(1/K)[y/yhat - (1 - y)/(1 - yhat)] for each output, and (yhat - y)/K by z3.

    In the scan K reads n, and the bracket around the summand is lost.
    """
    found = answers(made, "p3b")
    assert found["L.yhat-k.terms"].latex.tex == (
        r"-\frac{1}{K}\,\left(\frac{y_{k}}{\hat{y}_{k}} - "
        r"\frac{1 - y_{k}}{1 - \hat{y}_{k}}\right)"
    )
    assert found["L.yhat-k"].latex.tex == (
        r"\frac{1}{K}\,\frac{\hat{y}_{k} - y_{k}}{\hat{y}_{k}\,\left(1 - \hat{y}_{k}\right)}"
    )
    graph = numbered(made, "p3b")
    run = values(graph)
    a, y, size = run["yhat"], run["y"], run["y"].shape[0]
    split = -(y / a - (1 - y) / (1 - a)) / size
    np.testing.assert_allclose(value(found["L.yhat"], graph, run, K=size), split)
    np.testing.assert_allclose(value(found["L.z3"], graph, run, K=size), (a - y) / size)


def test_the_table_is_empty_on_the_sheet(made: ProblemSet) -> None:
    """No output of the table is given away before it is asked for."""
    sheet = render_tex(made)["problems"]
    first = sheet.partition(r"\question")[2].partition(r"\question")[0]
    assert r"\mathbf{W}^{[1]}\,\mathbf{x}" not in first
    assert r"\lVert" not in first
