"""Functions made of pieces: nested kinks and large batches are proven, and wrong masks are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from exgen.certify import differences
from exgen.certify.compare import SEED, as_function
from exgen.certify.equation import Equation
from exgen.certify.held import held
from exgen.certify.points import FIRST_SIZES, off_kinks, trial_point, trial_points, with_numbers
from exgen.certify.prove import prove
from exgen.certify.quantity import Quantity
from exgen.derive.gradients import derive_gradients
from exgen.engine import forward
from exgen.errors import CertificateError, Source
from exgen.language import read_network
from exgen.language.network import read_expression

if TYPE_CHECKING:
    from exgen.graph import Graph

NESTED = {
    "relu of relu": "x: input[5]\nr = relu(x)\nL = sum(relu(r))",
    "in one line": "x: input[5]\nL = sum(relu(relu(relu(x))) ** 2)",
    "relu of lrelu": "x: input[5]\nL = sum(relu(lrelu(x, 0.1)))",
    "lrelu of relu": "x: input[5]\nL = sum(lrelu(relu(x), 0.1))",
    "absolute value": "x: input[5]\na = relu(x) + relu(-x)\nL = sum(relu(a) ** 2)",
    "prelu of relu": "x: input[5]\nalpha: param\nr = relu(x)\nL = sum((prelu(r, alpha) - 1) ** 2)",
    "maxpool of relu": "X: input[6, 6]\nG: const[3, 3]\nA = relu(X)\nL = sum(G * maxpool(A))",
    "sort of relu": "x: input[5]\ng: const[5]\nr = relu(x)\nL = sum(g * sort(r))",
    "a single unit": "x: input\nL = relu(relu(x)) ** 2",
    "layers": "x: input[4]\nW: param[6, 4]\nh = relu(relu(W @ x))\nL = sum(h ** 2)",
    "a layer on the far side": "x: input[6]\nr = relu(x)\nh = relu(1 / 2 - r)\nL = sum(h ** 2)",
}
BATCH = """\
X: input[200, 40]
W: param[40, 60]
V: param[60, 50]
Y: const[200, 50]
Z = X @ W
A = relu(Z)
U = A @ V
B = relu(U)
L = squared_error(B, Y) / 200
"""


def network(text: str) -> Graph:
    """Read a network from text."""
    return read_network(Source("net", text))


def claim(text: str, by: str, expr: str) -> Equation:
    """Return the claim that an expression is the gradient by a name."""
    graph = network(text)
    return Equation(graph, Quantity(graph.loss, by), (read_expression(expr, graph),))


@pytest.mark.parametrize("text", NESTED.values(), ids=NESTED.keys())
def test_a_kink_inside_another_is_proven(text: str) -> None:
    """The zeros that a ReLU makes are no points at which the next op has no derivative."""
    graph = network(text)
    for leaf in graph.leaves:
        expr = derive_gradients(graph)[leaf.name].closed
        prove(Equation(graph, Quantity(graph.loss, leaf.name), (expr,)))


@pytest.mark.parametrize(("name", "by", "wrong"), [
    ("relu of relu", "x", "ones(5)"),
    ("relu of lrelu", "x", "(x > 0) + 0.1 * (x <= 0)"),
    ("lrelu of relu", "x", "(relu(x) > 0) + 0.1 * (relu(x) <= 0)"),
    ("absolute value", "x", "2 * a"),
    ("absolute value", "x", "2 * a * (x > 0)"),
    ("prelu of relu", "x", "2 * (prelu(r, alpha) - 1) * ((r > 0) + alpha * (r <= 0))"),
    ("prelu of relu", "alpha", "2 * (prelu(r, alpha) - 1)"),
    ("maxpool of relu", "X", "maxroute(A, G)"),
    ("sort of relu", "x", "permutation(r).T @ g"),
    ("a single unit", "x", "2 * x"),
    ("a layer on the far side", "x", "-2 * h * (h > 0)"),
    ("a layer on the far side", "x", "-2 * (1 / 2 - r) * (x > 0)"),
])  # fmt: skip
def test_a_forgotten_mask_is_refused(name: str, by: str, wrong: str) -> None:
    """Without the mask of the inner or of the outer kink nothing is proven."""
    with pytest.raises(CertificateError, match="is not"):
        prove(claim(NESTED[name], by, wrong))


def test_a_large_batch_is_proven_and_a_wrong_mask_is_not() -> None:
    """Of 22,000 pre-activations some always lie close to their kinks."""
    right = "X.T @ ((2 / 200 * (B - Y) * (U > 0)) @ V.T * (Z > 0))"
    prove(claim(BATCH, "W", right))
    for forgotten in (" * (Z > 0)", " * (U > 0)"):
        with pytest.raises(CertificateError, match="is not"):
            prove(claim(BATCH, "W", right.replace(forgotten, "")))


def test_a_kink_at_which_entries_move_is_no_trial_point() -> None:
    """A 0 that stays is harmless; one from which the entry moves away is at its kink."""
    graph = network(NESTED["relu of relu"])
    at = {"x": np.array([[1.0], [-1.0], [2.0], [-2.0], [3.0]])}
    assert off_kinks(graph, forward(graph, at))
    at["x"][0] = 0.0
    assert not off_kinks(graph, forward(graph, at))


@pytest.mark.parametrize("slope", [0, 1])
def test_at_a_kink_the_side_is_the_notations(slope: int) -> None:
    """Held at 0, a ReLU goes on as the piece whose slope the notation gives to 0."""
    graph = network("x: input[3]\nL = sum(relu(x))")
    values = forward(graph, {"x": np.array([[-1.0], [0.0], [1.0]])})
    run = as_function(graph, values, "x", "L", slope_at_zero=slope)
    found = differences.gradient(lambda x: run(x).item(), values["x"])
    assert found.ravel() == pytest.approx([0, slope, 1])


@pytest.mark.parametrize("text", [*NESTED.values(), BATCH])
def test_a_held_network_has_the_values_of_the_network(text: str) -> None:
    """Nothing changes at the point itself, and nothing on a piece."""
    graph = network(text)
    values = trial_point(graph, SEED)
    pieces, constants = held(graph, values)
    leaves = {leaf.name: values[leaf.name] for leaf in graph.leaves}
    found = forward(pieces, {**leaves, **constants})
    for name in graph.names:
        np.testing.assert_allclose(found[name], values[name], rtol=1e-14)


def test_a_jump_is_not_held() -> None:
    """Where a comparison is of equal numbers, a difference still meets the jump."""
    graph = network("x: input\nL = (x > 0) * (x + 1)")
    values = forward(graph, {"x": np.array([[0.0]])})
    run = as_function(graph, values, "x", "L")
    assert abs(differences.directional(run, values["x"], np.ones((1, 1))).item()) > 1e3


def test_one_side_shown_by_no_array_is_looked_for_elsewhere() -> None:
    """Where one point shows one side of a kink only, another point shows the other."""
    graph = network("x: input[1]\nw: param[3, 1]\nL = sum(relu(x.T * x + w * 0 + x))")
    points = trial_points(graph, SEED)
    sides = {bool(z > 0) for p in points for z in (p["x"].T * p["x"] + p["x"]).ravel()}
    assert sides == {True, False}


def test_sizes_are_large_enough_for_every_entry() -> None:
    """An entry that is named needs a size beyond it; more sizes than primes below 24 are fine."""
    assert with_numbers(network("x: input[N]\nL = x[3] * x[7]")).shapes["x"][0].constant > 7
    leaves = "".join(f"x{n}: input[N{n}]\n" for n in range(22))
    sized = with_numbers(network(f"{leaves}L = {' + '.join(f'sum(x{n})' for n in range(22))}"))
    assert len({sized.shapes[f"x{n}"][0].constant for n in range(22)}) == 22


def test_sizes_that_are_too_small_are_named() -> None:
    """An entry beyond all sizes that are tried is refused with the size and a remedy."""
    graph = network("x: input[N]\nL = x[2000] ** 2")
    with pytest.raises(CertificateError, match="no sizes for N fit") as error:
        with_numbers(graph)
    assert error.value.remedy == "Give the sizes as numbers."
    assert max(FIRST_SIZES) < 2000
