"""What proves a shape: it follows from what is shown, and the forward pass comes out so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from exgen.certify.sizes import ShapeClaim
from exgen.derive.batch import batched
from exgen.engine import forward
from exgen.errors import CertificateError, Source
from exgen.graph import Dim
from exgen.language import read_network

GRAPH = read_network(Source("net", "x: input[4]\nW: param[3, 4]\nz = W @ x\nL = sum(z)\n"))
BINARY = """\
x: input[D]
y: target
W1: param[H, D]
b1: param[H]
W2: param[1, H]
b2: param
z1 = W1 @ x + b1
a1 = relu(z1)
z2 = W2 @ a1 + b2
yhat = sigmoid(z2)
L = bce(yhat, y)
"""
THREE, ONE = Dim(3), Dim(1)


def test_a_shape_that_follows_is_proven_without_a_difference() -> None:
    """Both methods agree to the digit, on the number of axes."""
    claim = ShapeClaim(GRAPH, "z", (THREE, ONE), ("x", "W"))
    found = [(part.method, part.error, part.points) for part in claim.prove()]
    assert found == [("inference", 0.0, 2), ("forward pass", 0.0, 2)]


def test_shown_shapes_that_contradict_a_line_are_refused() -> None:
    """Where what is shown cannot be true of the lines, the claim fails and says so."""
    wrong = replace(GRAPH, shapes={**GRAPH.shapes, "x": (Dim(5), ONE)})
    with pytest.raises(CertificateError, match=r"^inference: "):
        ShapeClaim(wrong, "z", (THREE, ONE), ("x", "W")).prove()


@pytest.mark.parametrize("rows", [False, True])
def test_a_batch_is_its_examples(rows: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Three examples at once give the mean of their losses."""
    graph = read_network(Source("net", BINARY)).with_sizes({"D": 2, "H": 3})
    random = np.random.default_rng(1)
    weights = {name: random.standard_normal(s) for name, s in
               {"W1": (3, 2), "b1": (3, 1), "W2": (1, 3), "b2": (1, 1)}.items()}  # fmt: skip
    x, y = random.standard_normal((2, 3)), random.uniform(0.1, 0.9, (1, 3))
    one = [forward(graph, {**weights, "x": x[:, [n]], "y": y[:, [n]]})["L"] for n in range(3)]
    batch = batched(graph, Dim(3), rows=rows)
    data = {"X": x.T if rows else x, "Y": y.T if rows else y}
    assert forward(batch.graph, {**weights, **data})["J"] == pytest.approx(sum(one) / 3)


def test_a_wrong_shape_in_a_batch_is_refused() -> None:
    """A published Y, m x 1 beside examples in columns, does not pass."""
    batch = batched(read_network(Source("net", BINARY)), Dim(0, ("m",)))
    shown = tuple(leaf.name for leaf in batch.graph.leaves)
    right = ShapeClaim(batch.graph, "Y", (ONE, Dim(0, ("m",))), shown, batch)
    assert len(right.prove()) == 3
    with pytest.raises(CertificateError, match="inference: the shape of 'Y' is 1 x m, not m"):
        replace(right, shape=right.shape[::-1]).prove()
