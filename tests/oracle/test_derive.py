"""``exgen derive`` beside PyTorch and HIPS autograd: drawn networks, at drawn numbers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exgen.derivation import derive
from exgen.errors import Source
from exgen.language.writer import graph_text
from exgen.pipeline import load_profile
from exgen.report import derivation_json
from tests.oracle.needed import needed
from tests.strategies import SIZES, floats, networks, numbers, steady, tame

torch = needed("torch")
needed("autograd")

from tests.oracle import autograd_ops
from tests.oracle.reading import network, size
from tests.oracle.running import random_leaves, run

if TYPE_CHECKING:
    from exgen.graph import Graph

pytestmark = pytest.mark.oracle


def nested(array: np.ndarray[Any, Any], axes: int) -> object:
    """Return an array as its leaf is declared: a number, a list, or a list of rows."""
    return array.item() if axes == 0 else (array[:, 0] if axes == 1 else array).tolist()


def close(found: Any, expected: Any) -> None:  # noqa: ANN401 - numbers of any sort
    """Compare numbers of the same shape, relative to the largest."""
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    assert found.shape == expected.shape
    scale = max(np.abs(expected).max(), 1e-3)
    assert np.abs(found - expected).max() <= 1e-9 * scale


def agrees(text: str, leaves: dict[str, np.ndarray[Any, Any]], sizes: dict[str, int]) -> None:
    """Compare everything that ``exgen derive --json --values`` says about a network."""
    net = network(text)
    axes = {leaf.name: leaf.axes for leaf in net.leaves}
    given_values = json.dumps({name: nested(array, axes[name]) for name, array in leaves.items()})
    notation = load_profile("base")
    found = derive(Source("net", text), notation, values=Source("values", given_values))
    said = json.loads(derivation_json(found))
    passed = run(net, {name: torch.tensor(array) for name, array in leaves.items()}, sizes)
    expected = passed.gradients()
    _, third = autograd_ops.gradients(net, leaves, sizes, np.ones((1, 1)))
    close(said["loss"]["value"], passed.values[said["loss"]["name"]].item())
    symbols = {name: f"derivative({net.last}, {name})" for name in expected}
    known = {symbols[name]: value for name, value in expected.items()}
    assert {part["name"] for part in said["gradients"]} == leaves.keys()
    for part in said["gradients"]:
        own = expected[part["name"]].numpy()
        close(third[part["name"]], own)
        close(part["value"], nested(own, axes[part["name"]]))
        close(passed.of(part["expr"], known).detach().numpy(), own)
        stated = [size(dim, sizes) for dim in part["shape"]]
        assert tuple((*stated, 1, 1)[:2]) == own.shape
    for step in said["steps"]:
        (own,) = (expected[name].numpy() for name in expected if symbols[name] == step["name"])
        close(passed.of(step["expr"], known).detach().numpy(), own)


@steady(100)
@given(networks(), st.integers(0, 2**16))
def test_derive_equals_torch(graph: Graph, seed: int) -> None:
    """Loss, shapes, values, closed forms and steps are what both outside voices compute."""
    fixed = graph.with_sizes(SIZES)
    leaves = floats(numbers(fixed, seed))
    tame(fixed, leaves)
    agrees(graph_text(graph), leaves, dict(SIZES))


LISTED = {
    "a softmax over columns": (
        "X: input[4, N]\nY: onehot[3, N]\nW: param[3, 4]\nb: param[3]\n"
        "Z = W @ X + b @ ones(1, N)\nP = softmax(Z, axis=0)\nL = cross_entropy(P, Y) / N\n"
    ),
    "pooling": (
        "X: input[4, 6]\nW: param[3, 5]\nU = maxpool(X, size=2, stride=1)\n"
        "V = avgpool(X, size=2, stride=1)\nL = sum(U * W) + mean(lrelu(V, 0.1) * W)\n"
    ),
    "a learned slope for each row": (
        "X: input[3, 5]\nalpha: param[3]\nV = prelu(X, alpha)\nL = sum(V * V * X) / 2\n"
    ),
    "sorting": "x: input[n]\ng: input[n]\nF = x[1] * sort(x, descending=1)\nL = g.T @ F\n",
    "a shared weight": (
        "x: input[D]\nW: param[D, D]\nh = tanh(W @ x)\ny = W @ h + W.T @ x\nL = sum(y ** 2)\n"
    ),
    "powers and quotients": (
        "x: target[3]\np: target\nu = x ** p / (1 + x)\nL = sum(log(1 + u)) ** 3 - exp(-p)\n"
    ),
}


@pytest.mark.parametrize("text", LISTED.values(), ids=LISTED.keys())
def test_derive_equals_torch_on_listed_networks(text: str) -> None:
    """What hypothesis does not draw: pooling, sorting, learned slopes, powers, batches."""
    net = network(text)
    for seed in range(3):
        leaves = random_leaves(net, net.sizes(), torch.Generator().manual_seed(seed))
        agrees(text, {name: value.numpy() for name, value in leaves.items()}, net.sizes())
