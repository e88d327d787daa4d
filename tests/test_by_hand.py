"""Networks worked on paper: constants that no program computed."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from exgen.derive.gradients import derive_gradients
from exgen.engine import evaluate, forward, gradients
from exgen.errors import Source
from exgen.language import read_network

if TYPE_CHECKING:
    from numpy.typing import NDArray

Numbers = list[list[Any]]


def exactly(numbers: Numbers) -> NDArray[Any]:
    """Return rows of numbers as exact fractions."""
    return np.array([[Fraction(number) for number in row] for row in numbers], dtype=object)


EXACT: list[tuple[str, str, dict[str, Numbers], dict[str, Numbers], dict[str, Numbers]]] = [
    (
        # z = 6 - 5 = 1 meets the target: everything rests.
        "a neuron on target",
        "w: param\nx: input\nb: param\nt: target\nz = w*x + b\nL = (z - t)**2 / 2",
        {"w": [[2]], "x": [[3]], "b": [[-5]], "t": [[1]]},
        {"z": [[1]], "L": [[0]]},
        {"z": [[0]], "w": [[0]], "x": [[0]], "b": [[0]]},
    ),
    (
        # z = 1, z - t = 3; dw = 3 * 3, dx = 3 * 2.
        "a neuron off target",
        "w: param\nx: input\nb: param\nt: target\nz = w*x + b\nL = (z - t)**2 / 2",
        {"w": [[2]], "x": [[3]], "b": [[-5]], "t": [[-2]]},
        {"z": [[1]], "L": [[Fraction(9, 2)]]},
        {"z": [[3]], "w": [[9]], "x": [[6]], "b": [[3]], "t": [[-3]]},
    ),
    (
        # f = (x + y) z at (-2, 5, -4): q = 3, f = -12.
        "sum times number",
        "x: input\ny: input\nz: input\nq = x + y\nf = q * z",
        {"x": [[-2]], "y": [[5]], "z": [[-4]]},
        {"q": [[3]], "f": [[-12]]},
        {"q": [[-4]], "z": [[3]], "x": [[-4]], "y": [[-4]]},
    ),
    (
        # W x + b = (1 - 2 + 1, 3 + 4 - 1) = (0, 6): the first entry is at the kink, slope 0.
        "an affine layer with ReLU, one entry at its kink",
        "x: input[2]\nW: param[2, 2]\nb: param[2]\nz = W @ x + b\na = relu(z)\nL = sum(a * a)",
        {"x": [[1], [-2]], "W": [[1, 1], [3, -2]], "b": [[1], [-1]]},
        {"z": [[0], [6]], "a": [[0], [6]], "L": [[36]]},
        {"a": [[0], [12]], "z": [[0], [12]], "b": [[0], [12]], "W": [[0, 0], [12, -24]],
         "x": [[36], [-24]]},
    ),
    (
        # Two paths from x: 2x from the square, 3 from the product; y = 4 + 6.
        "two paths",
        "x: input\ny = x*x + 3*x\nL = y**2",
        {"x": [[2]]},
        {"y": [[10]], "L": [[100]]},
        {"y": [[20]], "x": [[140]]},
    ),
    (
        # L = a / b: 1/b = 1/4 and -a/b^2 = -3/16.
        "a quotient",
        "a: input\nb: input\nL = a / b",
        {"a": [[3]], "b": [[4]]},
        {"L": [[Fraction(3, 4)]]},
        {"a": [[Fraction(1, 4)]], "b": [[Fraction(-3, 16)]]},
    ),
    (
        # One slope shared by the whole array: upstream (2, -5/2; 3/2, 3) where U <= 0,
        # (-5/2)(-4) + (3/2)(-6) = 10 - 9 = 1.
        "PReLU with one shared slope",
        "U: input[2, 2]\nG: const[2, 2]\nalpha: param\nV = prelu(U, alpha)\nL = sum(G * V)",
        {"U": [[14, -4], [-6, 3]], "G": [[2, Fraction(-5, 2)], [Fraction(3, 2), 3]],
         "alpha": [[Fraction(1, 2)]]},
        {"V": [[14, -2], [-3, 3]]},
        {"alpha": [[1]], "U": [[2, Fraction(-5, 4)], [Fraction(3, 4), 3]]},
    ),
    (
        # A batch of two rows: Z = X W^T + 1 b^T = (1 + 2 + 1, 3 + 0 + 1) = (4, 4);
        # dZ = 1/2 each, dW = (4, 2)/2, db = 1.
        "the mean over a batch of rows",
        "X: input[2, 2]\nW: param[1, 2]\nb: param[1, 1]\nZ = X @ W.T + b\nL = mean(Z)",
        {"X": [[1, 2], [3, 0]], "W": [[1, 1]], "b": [[1]]},
        {"Z": [[4], [4]], "L": [[4]]},
        {"W": [[2, 1]], "b": [[1]], "X": [[Fraction(1, 2)] * 2] * 2},
    ),
    (
        # x_B = (2, 1), z = 3*2 + 4*1 = 10; the gradient of x keeps only the weight 3.
        "a bias folded into the weights",
        "x: input\nW: param[1, 2]\nx_B = append_one(x)\nL = W @ x_B",
        {"x": [[2]], "W": [[3, 4]]},
        {"x_B": [[2], [1]], "L": [[10]]},
        {"x_B": [[3], [4]], "x": [[3]], "W": [[2, 1]]},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "leaves", "passed", "expected"), [
    pytest.param(*case[1:], id=case[0]) for case in EXACT
])  # fmt: skip
def test_exactly_as_on_paper(
    text: str,
    leaves: dict[str, Numbers],
    passed: dict[str, Numbers],
    expected: dict[str, Numbers],
) -> None:
    """Forward values and gradients are the fractions on the paper, by both ways to compute them."""
    graph = read_network(Source("net", text))
    values = forward(graph, {name: exactly(rows) for name, rows in leaves.items()}, exact=True)
    for name, rows in passed.items():
        assert values[name].tolist() == rows
    found = gradients(graph, values, exact=True)
    derived = derive_gradients(graph)
    for name, rows in expected.items():
        assert found[name].tolist() == rows
        assert evaluate(derived[name].closed, values, exact=True).tolist() == rows


def test_softmax_and_cross_entropy_on_paper() -> None:
    """Logits 0, ln 2, ln 5 have probabilities 1/8, 2/8, 5/8; the loss of the second is ln 4."""
    text = "z: input[3]\ny: onehot[3]\np = softmax(z)\nL = cross_entropy(p, y)"
    graph = read_network(Source("net", text))
    leaves = {"z": np.array([[0.0], [math.log(2)], [math.log(5)]]), "y": np.eye(3)[:, [1]]}
    values = forward(graph, leaves)
    np.testing.assert_allclose(values["p"], [[1 / 8], [2 / 8], [5 / 8]], rtol=1e-15)
    assert values["L"].item() == pytest.approx(math.log(4), rel=1e-15)
    found = gradients(graph, values)
    np.testing.assert_allclose(found["z"], [[1 / 8], [-6 / 8], [5 / 8]], rtol=1e-15)
    np.testing.assert_allclose(found["p"], [[0], [-4], [0]], atol=1e-15)


def test_sigmoid_on_paper() -> None:
    """At the logit ln 3 the sigmoid is 3/4; with target 1 its loss is ln 4/3 and its slope -1/4."""
    graph = read_network(Source("net", "z: input\nt: target\np = sigmoid(z)\nL = bce(p, t)"))
    values = forward(graph, {"z": np.array([[math.log(3)]]), "t": np.array([[1.0]])})
    assert values["p"].item() == pytest.approx(3 / 4, rel=1e-15)
    assert values["L"].item() == pytest.approx(math.log(4 / 3), rel=1e-14)
    assert gradients(graph, values)["z"].item() == pytest.approx(-1 / 4, rel=1e-14)


def test_whole_numbers_given_as_leaves() -> None:
    """Leaves given as integers compute as numbers do: 2 ** -1 is a half."""
    graph = read_network(Source("net", "x: input[2]\nL = sum(x ** -1)"))
    assert forward(graph, {"x": np.array([[2], [4]])})["L"].item() == 0.75
    assert forward(graph, {"x": np.array([[2], [4]])}, exact=True)["L"].item() == Fraction(3, 4)


def test_powers_at_zero() -> None:
    """The power rule holds at 0 too: x squared has slope 0 there, x has 1, a constant has 0."""
    for power, slope in ((2, 0), (1, 1), (0, 0)):
        graph = read_network(Source("net", f"x: input\nL = x ** {power}"))
        values = forward(graph, {"x": np.array([[0.0]])})
        assert gradients(graph, values)["x"].item() == slope
