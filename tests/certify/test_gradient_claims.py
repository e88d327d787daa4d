"""What proves a gradient: differences must find a mistake that reverse mode shares."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from exgen.certify import against
from exgen.certify.compare import DIRECTIONS, SEED
from exgen.certify.equation import Equation, as_cells
from exgen.certify.prove import prove
from exgen.certify.quantity import Quantity
from exgen.certify.trials import Trial
from exgen.derive.gradients import derive_gradients
from exgen.engine import forward, gradients
from exgen.errors import CertificateError, Source
from exgen.language import read_network
from exgen.language.network import read_expression

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exgen.engine import Values
    from exgen.graph import Expr, Graph

GRAPH = read_network(Source("net", "W: param[3, 4]\nx: input[4]\nL = sum(tanh(W @ x))\n"))
VALUES = forward(
    GRAPH,
    {
        "W": np.linspace(-0.5, 0.6, 12).reshape(3, 4),
        "x": np.array([[0.5], [-1.0], [2.0], [0.25]]),
    },
)


def prove_gradient_at(
    graph: Graph, by: str, printed: Expr, values: Values, layout: str = "shape"
) -> None:
    """Compare a gradient with both methods at one point."""
    claim = Equation(graph, Quantity(graph.loss, by), (printed,), layout=layout)
    list(against.against_the_network(claim, Trial(graph, {}, values, gradients(graph, values), {})))


def test_entry_by_entry_finds_what_the_directions_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake at right angles to every random direction is still a mistake."""
    true = gradients(GRAPH, VALUES)["W"]
    random = np.random.default_rng(SEED)
    seen = np.array([random.standard_normal(true.shape).ravel() for _ in range(DIRECTIONS)])
    wrong = true + np.linalg.svd(seen)[2][-1].reshape(true.shape)

    def compare(array: NDArray[np.float64]) -> None:
        graph = replace(GRAPH)  # one that remembers nothing
        claim = Equation(graph, Quantity("L", "W"), cells=as_cells(array))
        list(against.against_the_network(claim, Trial(graph, {}, VALUES, {"W": array}, {})))

    compare(true)
    with pytest.raises(CertificateError, match="differences"):
        compare(wrong)
    monkeypatch.setattr(against, "ELEMENTWISE_LIMIT", 0)
    compare(wrong)


def test_a_gradient_has_its_variables_shape_unless_said_otherwise() -> None:
    """A gradient in the variable's shape is proven as it is, and as its transpose only if asked."""
    expr = derive_gradients(GRAPH)["W"].closed
    prove_gradient_at(GRAPH, "W", expr, VALUES)
    prove_gradient_at(GRAPH, "W", expr.T, VALUES, "numerator")
    with pytest.raises(CertificateError):
        prove_gradient_at(GRAPH, "W", expr.T, VALUES)


LONG = "x: input\nw: param\na0 = w * x\n" + "".join(f"a{n} = w * a{n - 1}\n" for n in range(1, 200))
CANCELS = (
    "w: param\nx: input\nc: const[3]\ny: onehot[3]\nu = w * x\nz = u + c\np = softmax(z)\n"
    "L = cross_entropy(p, y)"
)


@pytest.mark.parametrize(("by", "wrong"), [("x", "0 * w"), ("x", "w ** 199"), ("w", "0 * x")])
def test_a_faint_gradient_does_not_agree_with_everything(by: str, wrong: str) -> None:
    """A product of two hundred small numbers is right in its digits, and 0 is not."""
    graph = read_network(Source("net", f"{LONG}L = a199"))
    values = forward(graph, {"x": np.array([[0.7]]), "w": np.array([[0.05]])})
    assert 0 < abs(gradients(graph, values)[by].item()) < 1e-200
    prove_gradient_at(graph, by, derive_gradients(graph)[by].closed, values)
    with pytest.raises(CertificateError, match="is not"):
        prove_gradient_at(graph, by, read_expression(wrong, graph), values)


def test_what_rounding_leaves_of_terms_that_cancel_is_nothing() -> None:
    """The same number added to all logits changes nothing; its gradient is 0 but for rounding."""
    graph = read_network(Source("net", CANCELS))
    leaves = {"w": [[0.3]], "x": [[0.7]], "c": [[0.1], [-1.3], [0.4]], "y": [[0.0], [1.0], [0.0]]}
    values = forward(graph, {name: np.array(array) for name, array in leaves.items()})
    for printed in ("sum(p - y) * x", "(sum(p) - sum(y)) * x", "0 * x"):
        prove_gradient_at(graph, "w", read_expression(printed, graph), values)


def test_a_factor_in_a_faint_gradient_is_noticed() -> None:
    """A loss that is tiny is compared as closely as any other."""
    graph = read_network(Source("net", "x: input[3]\nL = sum(x ** 2) / 10 ** 12"))
    values = forward(graph, {"x": np.array([[1.0], [-2.0], [0.5]])})
    prove_gradient_at(graph, "x", read_expression("2 * x / 10 ** 12", graph), values)
    with pytest.raises(CertificateError, match="reverse mode"):
        prove_gradient_at(graph, "x", read_expression("2.001 * x / 10 ** 12", graph), values)


def test_a_faint_number_is_not_an_exact_zero() -> None:
    """Where every term of a gradient is 0, there is nothing that a small number is relative to."""
    graph = read_network(Source("net", "x: input\nL = relu(x)"))
    values = forward(graph, {"x": np.array([[-0.5]])})
    prove_gradient_at(graph, "x", read_expression("x > 0", graph), values)
    with pytest.raises(CertificateError, match="is not"):
        prove_gradient_at(graph, "x", read_expression("x / 1000", graph), values)


CHAIN = "x: input\nw: param\na = relu(x)\nm = w * a\nh = relu(m)\nL = h ** 2 + h"


@pytest.mark.parametrize("mask", ["m > 0", "m >= 0"])
def test_behind_a_unit_that_is_off_no_convention_is_asked(mask: str) -> None:
    """With a = 0 the line m rests at its kink, where each notation has a slope of its own."""
    graph = read_network(Source("net", CHAIN))
    right = f"derivative(L, h) * ({mask})"
    prove(Equation(graph, Quantity("L", "m"), (read_expression(right, graph),)))
    wrongs = {"m": "", "x": " * w * (x > 0)", "w": " * a"}
    for by, rest in wrongs.items():
        wrong = f"derivative(L, h){rest}"
        with pytest.raises(CertificateError, match="is not"):
            prove(Equation(graph, Quantity("L", by), (read_expression(wrong, graph),)))
