"""What proves a gradient: differences must find a mistake that reverse mode shares."""

from __future__ import annotations

import numpy as np
import pytest

from exgen.certify.compare import DIRECTIONS, SEED
from exgen.certify.gradients import prove_gradient_at, prove_value_at
from exgen.derive.gradients import derive_gradients
from exgen.engine import forward, gradients
from exgen.errors import CertificateError, Source
from exgen.language import read_network

GRAPH = read_network(Source("net", "W: param[3, 4]\nx: input[4]\nL = sum(tanh(W @ x))\n"))
VALUES = forward(
    GRAPH,
    {
        "W": np.linspace(-0.5, 0.6, 12).reshape(3, 4),
        "x": np.array([[0.5], [-1.0], [2.0], [0.25]]),
    },
)


def test_entry_by_entry_finds_what_the_directions_miss() -> None:
    """A mistake at right angles to every random direction is still a mistake."""
    true = gradients(GRAPH, VALUES)["W"]
    random = np.random.default_rng(SEED)
    seen = np.array([random.standard_normal(true.shape).ravel() for _ in range(DIRECTIONS)])
    wrong = true + np.linalg.svd(seen)[2][-1].reshape(true.shape)
    prove_value_at(GRAPH, "W", true, VALUES, true)
    prove_value_at(GRAPH, "W", wrong, VALUES, wrong, limit=0)
    with pytest.raises(CertificateError, match="differences"):
        prove_value_at(GRAPH, "W", wrong, VALUES, wrong)


def test_a_gradient_has_its_variables_shape_unless_said_otherwise() -> None:
    """A gradient in the variable's shape is proven as it is, and as its transpose only if asked."""
    expr = derive_gradients(GRAPH)["W"].closed
    prove_gradient_at(GRAPH, "W", expr, VALUES)
    prove_gradient_at(GRAPH, "W", expr.T, VALUES, numerator=True)
    with pytest.raises(CertificateError):
        prove_gradient_at(GRAPH, "W", expr.T, VALUES)
