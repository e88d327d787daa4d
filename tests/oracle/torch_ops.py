"""The ops of the network language in PyTorch: one row each, from torch's own functions."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from exgen.ops import TABLE
from tests.oracle.evaluating import Row

Tensor = Any
"""PyTorch is not there in every checkout, so its types are not either."""

FLOAT = torch.float64
STEEP = 40.0
"""Where softplus becomes the identity: beyond it the two are equal as floats."""


def array(value: Any) -> Tensor:  # noqa: ANN401 - a number or a tensor
    """Return a number as a 1 x 1 tensor, and a tensor as it is."""
    return value if isinstance(value, torch.Tensor) else torch.full((1, 1), value, dtype=FLOAT)


def indicator(holds: Any) -> Any:  # noqa: ANN401 - a truth value or a tensor of them
    """Return 1 where something holds, else 0."""
    return holds.to(FLOAT) if isinstance(holds, torch.Tensor) else float(holds)


def _leaky(z: Tensor, alpha: Tensor) -> Tensor:
    if not alpha.requires_grad and alpha.numel() == 1:
        return functional.leaky_relu(z, alpha.item())
    return _prelu(z, alpha)


def _prelu(z: Tensor, alpha: Tensor) -> Tensor:
    if alpha.numel() == 1:
        return functional.prelu(z, alpha.reshape(1))
    if alpha.shape == z.shape:
        return functional.prelu(z.reshape(1, -1), alpha.reshape(-1)).reshape(z.shape)
    # torch has a slope for each column of what it takes for channels
    return functional.prelu(z.T, alpha.reshape(-1)).T


def _reduced(name: str) -> Row:
    def compute(a: Tensor, axis: int | None = None) -> Tensor:
        whole = getattr(torch, name)
        return whole(a).reshape(1, 1) if axis is None else whole(a, dim=axis, keepdim=True)

    return Row(1, compute)


def _with_one(*, first: bool) -> Row:
    def compute(a: Tensor, axis: int = 0) -> Tensor:
        ends = [int(first), int(not first)]
        return functional.pad(a, ends if axis == 1 else [0, 0, *ends], value=1.0)

    return Row(1, compute)


def _max_places(x: Tensor, size: int, stride: int | None) -> Tensor:
    _, places = functional.max_pool2d(x[None, None], size, stride, return_indices=True)
    return places[0, 0]


def _maxpool(x: Tensor, size: int = 2, stride: int | None = None) -> Tensor:
    return functional.max_pool2d(x[None, None], size, stride)[0, 0]


def _avgpool(x: Tensor, size: int = 2, stride: int | None = None) -> Tensor:
    return functional.avg_pool2d(x[None, None], size, stride)[0, 0]


def _maxroute(x: Tensor, g: Tensor, size: int = 2, stride: int | None = None) -> Tensor:
    places = _max_places(x, size, stride)
    empty = torch.zeros(x.numel(), dtype=FLOAT)
    return empty.scatter_add(0, places.reshape(-1), g.reshape(-1)).reshape(x.shape)


def _maxpick(x: Tensor, h: Tensor, size: int = 2, stride: int | None = None) -> Tensor:
    return h.reshape(-1)[_max_places(x, size, stride)]


def _windows(rows: int, size: int = 2, stride: int | None = None) -> Tensor:
    return torch.eye(rows, dtype=FLOAT).unfold(0, size, stride or size).sum(dim=-1)


def _sort(x: Tensor, descending: int = 0) -> Tensor:
    return torch.sort(x, dim=0, descending=bool(descending)).values


def _permutation(x: Tensor, descending: int = 0) -> Tensor:
    order = torch.argsort(x[:, 0], descending=bool(descending))
    return torch.eye(len(order), dtype=FLOAT)[order]


def _unit(size: int, position: int) -> Tensor:
    return functional.one_hot(torch.tensor(position), size).to(FLOAT).reshape(-1, 1)


FUNCTIONS: dict[str, Row] = {
    "relu": Row(1, functional.relu),
    "lrelu": Row(2, _leaky),
    "prelu": Row(2, _prelu),
    "sigmoid": Row(1, torch.sigmoid),
    "tanh": Row(1, torch.tanh),
    "softplus": Row(1, lambda z: functional.softplus(z, threshold=STEEP)),
    "normal_cdf": Row(1, torch.special.ndtr),
    "normal_pdf": Row(1, lambda z: torch.exp(torch.distributions.Normal(0.0, 1.0).log_prob(z))),
    "exp": Row(1, torch.exp),
    "log": Row(1, torch.log),
    "softmax": Row(1, lambda z, axis=0: torch.softmax(z, dim=axis)),
    "cross_entropy": Row(2, lambda p, y: -torch.xlogy(y, p).sum().reshape(1, 1)),
    "bce": Row(
        2, lambda p, y: functional.binary_cross_entropy(p, y, reduction="sum").reshape(1, 1)
    ),
    "squared_error": Row(2, lambda a, y: functional.mse_loss(a, y, reduction="sum").reshape(1, 1)),
    "sum": _reduced("sum"),
    "mean": _reduced("mean"),
    "append_one": _with_one(first=False),
    "prepend_one": _with_one(first=True),
    "concat": Row(2, lambda a, b, axis=0: torch.cat([a, b], dim=axis)),
    "ones": Row(0, lambda rows, columns=1: torch.ones(rows, columns, dtype=FLOAT)),
    "zeros": Row(0, lambda rows, columns=1: torch.zeros(rows, columns, dtype=FLOAT)),
    "identity": Row(0, lambda size: torch.eye(size, dtype=FLOAT)),
    "unit": Row(0, _unit),
    "diag": Row(1, lambda v: torch.diag(v[:, 0])),
    "maxpool": Row(1, _maxpool),
    "avgpool": Row(1, _avgpool),
    "maxroute": Row(2, _maxroute),
    "maxpick": Row(2, _maxpick),
    "windows": Row(0, _windows),
    "sort": Row(1, _sort),
    "permutation": Row(1, _permutation),
}
FUNCTIONS |= {
    name: Row(1, getattr(torch, name, None) or getattr(functional, name))
    for name, op in TABLE.items()
    if op.function and name not in FUNCTIONS
}
"""Each op that is called; a function that torch calls by the same name needs no line."""
