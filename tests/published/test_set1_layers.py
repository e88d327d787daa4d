"""Document 003, problem 3, with its own symbols: the answers are those derived by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from exgen.derive.batch import batched
from exgen.engine import forward
from exgen.graph import Dim
from exgen.render.tex import render_tex
from tests.published.reading import answers, make, numbered, problem, value, values

if TYPE_CHECKING:
    from exgen.document import ProblemSet


MANY = ("", ".examples")
"""What an answer's name has behind it for one example, and for all of them."""


@pytest.fixture(scope="module")
def made() -> ProblemSet:
    """Give the set, solved and proven."""
    return make("set1")


def test_shapes(made: ProblemSet) -> None:
    """P3.1: the weights keep their shapes over a batch; X is Dx x m and Y is 1 x m.

    The published key has Y of shape m x 1, which does not fit the 1 x m of sigma(W2 A1 + b2).
    """
    found = {name: answer.latex.tex for name, answer in answers(made, "p3-1").items()}
    weights = {
        "W1": r"D_{a} \times D_{x}",
        "b1": "D_{a}",
        "W2": r"1 \times D_{a}",
        "b2": "1",
    }
    expected = {f"shape.{name}{many}": s for name, s in weights.items() for many in MANY}
    data = {"x": r"D_{x} \times m", "y": r"1 \times m"}
    assert found == expected | {f"shape.{name}.examples": shape for name, shape in data.items()}


def test_cost_by_prediction(made: ProblemSet) -> None:
    """P3.2: -(1/m)[y/yhat - (1 - y)/(1 - yhat)] for each example, and the row of them.

    The published delta1 is dL/dyhat without -1/m, and its dJ/dyhat is a sum over the examples, a
    scalar, where a vector is asked for.
    """
    found = answers(made, "p3-2")
    assert found["L.yhat-i.terms.examples"].latex.tex == (
        r"-\frac{1}{m}\,\left(\frac{y^{(i)}}{\hat{y}^{(i)}} - "
        r"\frac{1 - y^{(i)}}{1 - \hat{y}^{(i)}}\right)"
    )
    assert found["L.yhat.examples"].shape == (1, "m")
    graph = batched(numbered(made, "p3-2"), Dim(4)).graph
    run = values(graph)
    a, y = run["Yhat"], run["Y"]
    split = -(y / a - (1 - y) / (1 - a)) / 4
    np.testing.assert_allclose(value(found["L.yhat.examples"], graph, run, m=4), split)
    np.testing.assert_allclose(run[graph.gradient("Yhat")], split)


def test_local_derivatives(made: ProblemSet) -> None:
    """P3.3 to P3.6: sigma(1 - sigma); W2; diag(1[z1 > 0]); dz_j/dW_lk = delta_jl x_k.

    In the shape of the variable the second is the transpose of the document's W2. The document
    writes 1 at z1 = 0 where this notation has 0, and x^T for the derivative by W1, a shorthand.
    """
    graph = numbered(made, "p3-3")
    run = values(graph)
    found = answers(made, "p3-3")
    s = 1 / (1 + np.exp(-run["z2"]))
    np.testing.assert_allclose(value(found["yhat.z2"], graph, run), s * (1 - s))
    np.testing.assert_array_equal(value(found["z2.a1"], graph, run), run["W2"].T)
    mask = np.diag((run["z1"][:, 0] > 0).astype(float))
    np.testing.assert_array_equal(value(found["a1.z1"], graph, run), mask)
    assert found["z1.W1"].latex.tex == r"\delta_{jl}\,x_{i}"


def test_cost_by_weights(made: ProblemSet) -> None:
    """P3.7: (1/m) sum_i (yhat - y)(W2^T o 1[z1 > 0]) x^T, which conforms.

    The published W2 o mask multiplies a row by a column entry by entry, which NumPy stretches to
    Da x Da without a word; and its -1/m would be applied twice with the delta1 that was asked for.
    """
    found = answers(made, "p3-7")
    single = numbered(made, "p3-7")
    graph = batched(single, Dim(4)).graph
    run = values(graph)
    expected = np.zeros(run["W1"].shape)
    mean = np.zeros(run["W1"].shape)
    for n in range(4):
        shared = {name: run[name] for name in ("W1", "b1", "W2", "b2")}
        one = forward(single, {**shared, "x": run["X"][:, [n]], "y": run["Y"][:, [n]]})
        error = (one["yhat"] - one["y"]).item()
        expected += error * (run["W2"].T * (one["z1"] > 0)) @ one["x"].T / 4
        mean += value(found["L.W1.examples"], single, one) / 4
    np.testing.assert_allclose(mean, expected)
    np.testing.assert_allclose(run[graph.gradient("W1")], expected)
    np.testing.assert_allclose(value(found["L.W1.examples.batch"], graph, run, m=4), expected)
    assert found["L.W1.examples.batch"].latex.tex == (
        r"\frac{1}{m}\,\left(\left(\mathbf{W}^{[2]\top}\,\left(\hat{\mathbf{Y}} - \mathbf{Y}"
        r"\right)\right) \odot \mathbf{1}\left[\mathbf{Z}^{[1]} > 0\right]\right)\,"
        r"\mathbf{X}^{\top}"
    )


def test_the_sheet_states_the_sizes(made: ProblemSet) -> None:
    """P3.1 states the sizes of x and of the hidden layer, and no shape of a weight."""
    alone = replace(made, problems=(problem(made, "p3-1"),))
    before, _, _ = render_tex(alone)["problems"].partition("Fill in")
    assert r"$\mathbf{z}^{[1]} \in \mathbb{R}^{D_{a}}$" in before
    assert r"Let $\mathbf{x}$ be a vector with $D_{x}$ entries and $y$ a scalar." in before
    assert r"\times" not in before.partition(r"\question")[2]
