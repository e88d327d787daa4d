"""Every op of the table beside PyTorch and HIPS autograd: its value, and every gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from exgen.engine import forward, gradients
from exgen.errors import Source
from exgen.graph import Call, walk
from exgen.language import read_network
from exgen.ops import TABLE
from tests.oracle.needed import needed

torch = needed("torch")
needed("autograd")

from tests.oracle import autograd_ops, torch_ops  # the voices are imported only if they are there
from tests.oracle.reading import network
from tests.oracle.running import random_run

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.oracle

SEEDS = 4
TOLERANCE = 1e-12

MATRICES = ("A: input[3, 4]", "B: input[3, 4]", "s: input", "v: input[3]", "w: input[4]")
POSITIVE = ("P: target[3, 4]", "Q: target[3, 4]", "t: target", "r: target[3]")
GRIDS = ("X: input[4, 6]", "g: input[2, 3]", "h: input[3, 5]", "H: input[4, 6]")

CASES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "add": (MATRICES, ("A + B", "A + s", "s + A", "v + v", "s + s", "A + 2")),
    "sub": (MATRICES, ("A - B", "A - s", "s - A", "v - v * s", "1 - A")),
    "mul": (MATRICES, ("A * B", "A * s", "s * A", "A * A", "0.1 * A")),
    "div": (POSITIVE, ("P / Q", "P / t", "t / P", "1 / P", "r / 3")),
    "pow": (POSITIVE, ("P ** 3", "P ** 0.5", "P ** -1", "P ** t", "t ** t", "r ** 2")),
    "neg": (MATRICES, ("-A", "-s")),
    "matmul": (MATRICES, ("A @ B.T", "A @ w", "v @ w.T", "v.T @ v", "v.T @ A @ w", "s @ w.T")),
    "transpose": (MATRICES, ("A.T", "v.T", "s.T")),
    "ones": (MATRICES, ("A * ones(3, 4)", "ones(3) @ w.T", "ones(3)")),
    "zeros": (MATRICES, ("A + zeros(3, 4)", "zeros(4) + w")),
    "identity": (MATRICES, ("identity(3) @ A", "A @ (s * identity(4))")),
    "unit": (MATRICES, ("A @ unit(4, 2)", "unit(3, 0).T @ A")),
    "diag": (MATRICES, ("diag(v)", "diag(v) @ A", "diag(A @ w)")),
    "item": (MATRICES, ("A[1, 2]", "v[2]", "v[1] * A", "s[0]")),
    "slice": (MATRICES, ("A[1:]", "A[:-1]", "A[:, 1:]", "A[:, 1:-1]", "v[1:]", "w[:-2]")),
    "concat": (MATRICES, ("concat(A, B)", "concat(A, B, axis=1)", "concat(v, s)")),
    "append_one": (MATRICES, ("append_one(A, axis=0)", "append_one(A, axis=1)", "append_one(v)")),
    "prepend_one": (
        MATRICES,
        ("prepend_one(A, axis=0)", "prepend_one(A, axis=1)", "prepend_one(v)"),
    ),
    "greater": (MATRICES, ("A > B", "A > 0", "(A > s) * A")),
    "greater_equal": (MATRICES, ("A >= B", "0 >= A", "(A >= s) * A")),
    "less": (MATRICES, ("A < B", "A < 0", "(s < A) * A")),
    "less_equal": (MATRICES, ("A <= B", "A <= 0", "(A <= s) * A")),
    "relu": (MATRICES, ("relu(A)", "relu(v)", "relu(s)", "relu(relu(A) - 0.5)")),
    "sigmoid": (MATRICES, ("sigmoid(A)", "sigmoid(v)", "sigmoid(9 * A)")),
    "tanh": (MATRICES, ("tanh(A)", "tanh(s)")),
    "softplus": (MATRICES, ("softplus(A)", "softplus(9 * A)")),
    "exp": (MATRICES, ("exp(A)", "exp(-v)")),
    "log": (POSITIVE, ("log(P)", "log(r)", "log(t)")),
    "softmax": (
        MATRICES,
        ("softmax(A, axis=0)", "softmax(A, axis=1)", "softmax(v)", "softmax(v.T, axis=1)"),
    ),
    "lrelu": (MATRICES, ("lrelu(A, 0.1)", "lrelu(v, 1 / 3)", "lrelu(A, s)", "lrelu(s, s)")),
    "prelu": (
        MATRICES,
        ("prelu(A, 0.25)", "prelu(A, s)", "prelu(A, v)", "prelu(A, B)", "prelu(v, v)"),
    ),
    "sum": (MATRICES, ("sum(A)", "sum(A, axis=0)", "sum(A, axis=1)", "sum(v)", "sum(s)")),
    "mean": (MATRICES, ("mean(A)", "mean(A, axis=0)", "mean(A, axis=1)", "mean(w)")),
    "cross_entropy": (POSITIVE, ("cross_entropy(P, Q)", "cross_entropy(r, r / 2)")),
    "bce": (POSITIVE, ("bce(P, Q)", "bce(t, t ** 2)", "bce(r, r / 2)")),
    "squared_error": (POSITIVE, ("squared_error(P, Q)", "squared_error(r, t * r)")),
    "maxpool": (GRIDS, ("maxpool(X)", "maxpool(X, size=2, stride=1)", "maxpool(X, size=3)")),
    "avgpool": (GRIDS, ("avgpool(X)", "avgpool(X, size=2, stride=1)", "avgpool(X, 3, 1)")),
    "maxroute": (GRIDS, ("maxroute(X, g)", "maxroute(X, h, size=2, stride=1)")),
    "maxpick": (GRIDS, ("maxpick(X, H)", "maxpick(X, H, size=3, stride=1)")),
    "windows": (GRIDS, ("windows(4) @ X", "windows(4, size=2, stride=1) @ X", "windows(4, 3)")),
    "sort": (MATRICES, ("sort(v)", "sort(w, descending=1)", "v[0] * sort(v)", "sort(A @ w)")),
    "permutation": (MATRICES, ("permutation(v)", "permutation(w, descending=1) @ w")),
}
CASES |= {
    name: (MATRICES, (f"{name}(A)", f"{name}(v)"))
    for name, op in TABLE.items()
    if op.function and name not in CASES
}
"""For every op the leaves it is given, and ways to use it; a function is used on arrays."""


def cases() -> Iterator[object]:
    """Yield a network for every way to use an op, ending in the value that is compared."""
    for op, (leaves, uses) in CASES.items():
        for use in uses:
            yield pytest.param(op, "\n".join([*leaves, f"F = {use}"]), id=f"{op}: {use}")


def test_every_op_is_compared() -> None:
    """The cases and the outside voices name exactly the ops of the table."""
    assert CASES.keys() == TABLE.keys()
    called = {name for name, op in TABLE.items() if not op.infix}
    assert torch_ops.FUNCTIONS.keys() == called
    assert autograd_ops.FUNCTIONS.keys() == called


@pytest.mark.parametrize(("op", "text"), list(cases()))
def test_op_equals_torch_and_autograd(op: str, text: str) -> None:
    """Value, shape and the gradient by every leaf are those of both outside voices."""
    graph = read_network(Source("case", text), scalar_loss=False)
    used = {part.op for b in graph.bindings for part in walk(b.expr) if isinstance(part, Call)}
    assert op in used
    net = network(text)
    for seed in range(SEEDS):
        random = torch.Generator().manual_seed(seed)
        passed = random_run(net, random, ends_in_loss=False)
        leaves = {leaf.name: passed.values[leaf.name].detach().numpy() for leaf in net.leaves}
        upstream = passed.upstream.numpy()
        values = forward(graph, leaves)
        found = gradients(graph, values, upstream=upstream)
        third, by_third = autograd_ops.gradients(net, leaves, {}, upstream)
        by_torch = {name: value.numpy() for name, value in passed.gradients().items()}
        for value in (passed.values["F"].detach().numpy(), third):
            assert values["F"].shape == value.shape
            np.testing.assert_allclose(values["F"], value, rtol=TOLERANCE, atol=TOLERANCE)
        for name in leaves:
            for gradient in (by_torch[name], by_third[name]):
                np.testing.assert_allclose(
                    found[name], gradient, rtol=TOLERANCE, atol=TOLERANCE, err_msg=name
                )
