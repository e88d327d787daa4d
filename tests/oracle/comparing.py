"""What the comparisons of answers share: a problem as its manifest tells it, and agreement."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from tests.oracle.reading import Network, network, size
from tests.oracle.running import Run, numbers, random_run, run
from tests.oracle.torch_ops import FLOAT

if TYPE_CHECKING:
    from collections.abc import Mapping

Tensor = Any
Answer = Any
"""One answer of a manifest, as JSON."""

TOLERANCE = 1e-9
FLOOR = 1e-3
"""Differences are relative to the largest entry, or to this where all are smaller."""
DERIVATIVE = re.compile(r"\bderivative\((\w+), (\w+)\)")


class DisagreementError(Exception):
    """An answer of the manifest is not what PyTorch computes."""


def apart(found: Tensor, expected: Tensor) -> float:
    """Return how far two tensors are apart, relative to the largest entry.

    Raises:
        DisagreementError: they have different shapes, or something is not finite.

    """
    if tuple(found.shape) != tuple(expected.shape):
        raise DisagreementError(f"{tuple(found.shape)} is not {tuple(expected.shape)}")
    if not found.numel():
        return 0.0
    scale = max(expected.abs().max().item(), FLOOR)
    off = (found - expected).abs()
    error = float(off.max().item() / scale)
    if not error <= TOLERANCE:
        place = int(off.argmax())
        one, other = (array.reshape(-1)[place].item() for array in (found, expected))
        raise DisagreementError(f"differs by {error:.3g}: {one:.12g} is not {other:.12g}")
    return error


@dataclass(slots=True)
class Problem:
    """A problem of a manifest, with the passes through its networks that its answers share."""

    data: Mapping[str, Any]
    random: torch.Generator
    _runs: dict[str, Run] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The kind of the problem."""
        return str(self.data["kind"])

    @property
    def draws(self) -> Mapping[str, Any]:
        """What the problem drew itself."""
        found: Mapping[str, Any] = self.data["draws"]
        return found

    @property
    def net(self) -> Network:
        """The network the problem is about."""
        return network(self.data["network"])

    @property
    def upstream_names(self) -> list[str]:
        """The names of drawn arrays that are no leaves: an upstream gradient."""
        return [name for name in self.draws.get("numbers", {}) if name not in self.net.names]

    @property
    def ends_in_loss(self) -> bool:
        """Whether the last line is the loss itself."""
        return "upstream" not in self.draws and not self.upstream_names

    def text_of(self, answer: Answer) -> str:
        """Return the network that an answer is about, such as that of a batch."""
        return str(answer["claim"].get("network") or self.data["network"])

    def run(self, text: str | None = None) -> Run:
        """Return a pass at a random point, the same one for all answers of the problem."""
        text = self.data["network"] if text is None else text
        if text not in self._runs:
            ends = self.ends_in_loss or text != self.data["network"]
            self._runs[text] = random_run(network(text), self.random, ends_in_loss=ends)
        return self._runs[text]

    def drawn_run(self) -> Run:
        """Return the pass at the numbers that were drawn."""
        if "drawn" not in self._runs:
            drawn = {name: numbers(rows) for name, rows in self.draws["numbers"].items()}
            leaves = {leaf.name: drawn[leaf.name] for leaf in self.net.leaves}
            sizes = {
                text: length
                for leaf in self.net.leaves
                for text, length in zip(
                    (leaf.rows, leaf.columns), leaves[leaf.name].shape, strict=True
                )
                if text.isidentifier()
            }
            upstream = None
            # a text names the leaf that arrives, a circuit has its number
            if "upstream" in self.draws and self.draws["upstream"] not in drawn:
                upstream = numbers([[self.draws["upstream"]]])
            for name in self.upstream_names:
                upstream = drawn[name]
            self._runs["drawn"] = run(self.net, leaves, sizes, upstream)
        return self._runs["drawn"]

    def more(self, passed: Run, text: str, of: str | None = None) -> dict[str, Any]:
        """Return what an answer may read besides the forward pass.

        That is derivatives, of a scalar in the shape of the variable, of a column with a row for
        each of its entries; and the upstream gradient.
        """
        known = dict.fromkeys(self.upstream_names, passed.upstream)
        for outer, inner in DERIVATIVE.findall(text):
            # a name beyond the network is the loss behind it
            if outer not in passed.values or (outer == passed.net.last and self.ends_in_loss):
                value = passed.gradients()[inner]
            elif outer == of:
                value = passed.gradients(of)[inner]
            else:
                value = flat(passed.jacobian(outer, inner))
                value = value.reshape(passed.values[inner].shape) if len(value) == 1 else value
            known[f"derivative({outer}, {inner})"] = value
        return known


def flat(jacobian: Tensor) -> Tensor:
    """Return the derivative of a column by a column as one matrix."""
    return jacobian.reshape(jacobian.shape[0] * jacobian.shape[1], -1)


def check_shape(answer: Answer, found: Tensor, sizes: Mapping[str, int]) -> None:
    """Compare the shape that the manifest states with that of a tensor.

    Raises:
        DisagreementError: they differ.

    """
    declared = answer["shape"]
    if declared is None:
        return
    stated = [size(dim, sizes) for dim in declared]
    if tuple((*stated, 1, 1)[:2]) != tuple(found.shape):
        raise DisagreementError(f"the shape {declared} is not {tuple(found.shape)}")


def column(entries: list[float]) -> Tensor:
    """Return numbers as a column."""
    return torch.tensor(entries, dtype=FLOAT).reshape(-1, 1)
