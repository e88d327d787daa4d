"""The ops of the network language in HIPS autograd: a third voice, written on NumPy."""

from __future__ import annotations

import warnings
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import autograd
import autograd.numpy as anp
import numpy as np
from autograd.extend import defvjp, primitive
from autograd.tracer import getval

from exgen.ops import TABLE
from tests.oracle.evaluating import Evaluation, Row, Voice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.oracle.reading import Network

Array = Any


def _array(value: Any) -> Array:  # noqa: ANN401 - a number or an array
    return value if hasattr(value, "shape") else anp.full((1, 1), float(value))


def _indicator(holds: Any) -> Any:  # noqa: ANN401 - a truth value or an array of them
    return holds.astype(float) if hasattr(holds, "astype") else float(holds)


def _softmax(z: Array, axis: int = 0) -> Array:
    powers = anp.exp(z)
    return powers / anp.sum(powers, axis=axis, keepdims=True)


def _reduced(name: str) -> Row:
    def compute(a: Array, axis: int | None = None) -> Array:
        return getattr(anp, name)(a, axis=axis, keepdims=True)

    return Row(1, compute)


def _with_one(a: Array, axis: int, *, first: bool) -> Array:
    one = anp.ones((1, a.shape[1]) if axis == 0 else (a.shape[0], 1))
    return anp.concatenate([one, a] if first else [a, one], axis=axis)


def _blocks(x: Array, size: int, stride: int | None) -> list[list[tuple[slice, slice]]]:
    step = stride or size
    rows, columns = (range(0, length - size + 1, step) for length in x.shape)
    return [[(slice(r, r + size), slice(c, c + size)) for c in columns] for r in rows]


def _pooled(compute: Any) -> Row:  # noqa: ANN401 - a function of one window
    def pool(x: Array, size: int = 2, stride: int | None = None) -> Array:
        blocks = _blocks(x, size, stride)
        return anp.array([[compute(x[block]) for block in row] for row in blocks])

    return Row(1, pool)


def _picked(x: Array, size: int, stride: int | None) -> Array:
    """Return the 0/1 matrix that picks from the flattened array each window's largest entry."""
    plain, rows = np.asarray(getval(x)), []
    for row in _blocks(plain, size, stride):
        for block in row:
            mark = np.zeros(plain.shape)
            mark[block] = plain[block] == plain[block].max()
            rows.append(mark.reshape(-1))
    return np.array(rows)


def _maxroute(x: Array, g: Array, size: int = 2, stride: int | None = None) -> Array:
    routed = anp.reshape(g, (1, -1)) @ _picked(x, size, stride)
    return anp.reshape(routed, x.shape)


def _maxpick(x: Array, h: Array, size: int = 2, stride: int | None = None) -> Array:
    blocks = _blocks(x, size, stride)
    found = _picked(x, size, stride) @ anp.reshape(h, (-1, 1))
    return anp.reshape(found, (len(blocks), len(blocks[0])))


def _windows(rows: int, size: int = 2, stride: int | None = None) -> Array:
    starts = range(0, rows - size + 1, stride or size)
    return np.array([[float(s <= n < s + size) for n in range(rows)] for s in starts])


def _permutation(x: Array, descending: int = 0) -> Array:
    order = np.argsort(np.asarray(getval(x))[:, 0])
    return np.eye(len(order))[order[::-1] if descending else order]


def _normal_pdf(z: Array) -> Array:
    return anp.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)


# autograd has it with SciPy alone; the values are those of Python's own distribution
_normal_cdf = primitive(np.vectorize(NormalDist().cdf, otypes=[float]))
defvjp(_normal_cdf, lambda _out, z: lambda g: g * _normal_pdf(z))

FUNCTIONS: dict[str, Row] = {
    "relu": Row(1, lambda z: anp.maximum(z, 0.0)),
    "lrelu": Row(2, lambda z, alpha: anp.where(z > 0, z, alpha * z)),
    "prelu": Row(2, lambda z, alpha: anp.where(z > 0, z, alpha * z)),
    "sigmoid": Row(1, lambda z: 1 / (1 + anp.exp(-z))),
    "tanh": Row(1, anp.tanh),
    "softplus": Row(1, lambda z: anp.logaddexp(0.0, z)),
    "gelu": Row(1, lambda z: z * _normal_cdf(z)),
    "normal_cdf": Row(1, _normal_cdf),
    "normal_pdf": Row(1, _normal_pdf),
    "exp": Row(1, anp.exp),
    "log": Row(1, anp.log),
    "softmax": Row(1, _softmax),
    "cross_entropy": Row(2, lambda p, y: -anp.sum(y * anp.log(p), keepdims=True)),
    "bce": Row(2, lambda p, y: -anp.sum(y * anp.log(p) + (1 - y) * anp.log(1 - p), keepdims=True)),
    "squared_error": Row(2, lambda a, y: anp.sum((a - y) ** 2, keepdims=True)),
    "sum": _reduced("sum"),
    "mean": _reduced("mean"),
    "append_one": Row(1, lambda a, axis=0: _with_one(a, axis, first=False)),
    "prepend_one": Row(1, lambda a, axis=0: _with_one(a, axis, first=True)),
    "concat": Row(2, lambda a, b, axis=0: anp.concatenate([a, b], axis=axis)),
    "ones": Row(0, lambda rows, columns=1: np.ones((rows, columns))),
    "zeros": Row(0, lambda rows, columns=1: np.zeros((rows, columns))),
    "identity": Row(0, np.eye),
    "unit": Row(0, lambda size, position: np.eye(size)[:, [position]]),
    "diag": Row(1, lambda v: anp.diag(v[:, 0])),
    "maxpool": _pooled(anp.max),
    "avgpool": _pooled(anp.mean),
    "maxroute": Row(2, _maxroute),
    "maxpick": Row(2, _maxpick),
    "windows": Row(0, _windows),
    "sort": Row(1, lambda x, descending=0: _permutation(x, descending) @ x),
    "permutation": Row(1, _permutation),
}
FUNCTIONS |= {
    name: Row(1, getattr(anp, name))
    for name, op in TABLE.items()
    if op.function and name not in FUNCTIONS and hasattr(anp, name)
}
"""Each op that is called; a function that NumPy calls by the same name needs no line."""


def _unsaid(*_: Any) -> Any:  # noqa: ANN401
    raise NotImplementedError("this voice reads no index forms")


HIPS = Voice(FUNCTIONS, _array, _indicator, _unsaid, _unsaid, _unsaid)


def gradients(
    net: Network, leaves: Mapping[str, Array], sizes: Mapping[str, int], upstream: Array
) -> tuple[Array, dict[str, Array]]:
    """Return the value of the last line, and the gradient of the loss by every leaf."""

    def last(given: Mapping[str, Array]) -> Array:
        known: dict[str, Any] = {**sizes, **given}
        for name, line in net.lines:
            known[name] = _array(Evaluation(HIPS, known).of(line))
        return known[net.last]

    def loss(given: Mapping[str, Array]) -> Array:
        return anp.sum(upstream * last(given))

    plain = dict(leaves)
    with warnings.catch_warnings():
        # indicators alone have no gradient, and autograd thinks that is an oversight
        warnings.filterwarnings("ignore", "Output seems independent of input")
        return last(plain), autograd.grad(loss)(plain)
