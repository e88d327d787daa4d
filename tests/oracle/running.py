"""Forward passes and gradients by PyTorch: a network's text in, numbers out."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from tests.oracle.evaluating import Evaluation, UnreadableError, Voice
from tests.oracle.reading import Leaf, Network, expression, letter, names_in, size
from tests.oracle.torch_ops import FLOAT, FUNCTIONS, array, indicator

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Tensor = Any
TRIES = 20


def _index(bound: int, depth: int) -> Tensor:
    return torch.arange(bound).reshape(-1, *(1,) * depth)


def _kept(terms: Tensor, mask: Tensor) -> Tensor:
    return torch.where(torch.as_tensor(mask), torch.as_tensor(terms, dtype=FLOAT), 0.0)


def _total(terms: Tensor, run: Tensor, depth: int) -> Tensor:
    terms = torch.as_tensor(terms, dtype=FLOAT)
    shape = torch.broadcast_shapes(terms.shape, run.shape)
    return terms.expand(shape).sum(dim=-(depth + 1))


TORCH = Voice(FUNCTIONS, array, indicator, _index, _kept, _total)


@dataclass(slots=True)
class Run:
    """One forward pass, and the gradients of its last line.

    Attributes:
        net: the network.
        sizes: a number for each size that is a name.
        values: a tensor for every name.
        upstream: the gradient of the loss by the last line; 1 where that is the loss itself.

    """

    net: Network
    sizes: Mapping[str, int]
    values: dict[str, Tensor]
    upstream: Tensor
    _gradients: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    _partials: dict[tuple[str, str], Tensor] = field(default_factory=dict)

    @property
    def known(self) -> dict[str, Any]:
        """What an expression over names of the forward pass may read."""
        return {**self.sizes, **self.values}

    def gradients(self, of: str | None = None) -> dict[str, Tensor]:
        """Return the gradient by every name: of the loss, or of a scalar line alone."""
        key = "" if of is None else of
        if key not in self._gradients:
            upstream = self.upstream if of is None else torch.ones(1, 1, dtype=FLOAT)
            self._gradients[key] = pulled(self.values, self.values[of or self.net.last], upstream)
        return self._gradients[key]

    def jacobian(self, of: str, by: str) -> Tensor:
        """Return the derivative of every entry of one name by every entry of another."""
        return jacobian(self.values[of], self.values[by])

    def partial(self, of: str, by: str) -> Tensor:
        """Return the derivative of a line by a name it reads, all else that it reads fixed."""
        if (of, by) not in self._partials:
            line = self.net.line(of)
            if line is None:
                raise UnreadableError(f"'{of}' is no line")
            fixed = {name: value.detach() for name, value in self.values.items()}
            fixed[by] = fixed[by].clone().requires_grad_()
            value = array(Evaluation(TORCH, {**self.sizes, **fixed}).of(line))
            self._partials[of, by] = jacobian(value, fixed[by])
        return self._partials[of, by]

    def of(self, text: str, more: Mapping[str, Any] | None = None) -> Tensor:
        """Return the value of an expression in arrays."""
        return array(Evaluation(TORCH, {**self.known, **(more or {})}).of(expression(text)))

    def entries(
        self,
        text: str,
        ranges: Mapping[str, int],
        more: Mapping[str, Any] | None = None,
        fixed: Mapping[str, int] | None = None,
    ) -> Tensor:
        """Return the value of an index form, with an axis for each letter that runs."""
        here = Evaluation(TORCH, {**self.known, **(more or {})}, self.partial, dict(fixed or {}))
        for name, bound in ranges.items():
            here = here.with_letter(letter(name), bound)
        if not here.letters:
            here = here.with_letter("", 1)
        found = torch.as_tensor(here.of(expression(text)), dtype=FLOAT)
        shape = tuple(ranges.values())[::-1]
        while found.dim() > len(shape) and found.shape[0] == 1:
            found = found[0]
        return found.expand(shape).permute(tuple(reversed(range(len(shape)))))


def pulled(values: Mapping[str, Tensor], of: Tensor, upstream: Tensor) -> dict[str, Tensor]:
    """Return the gradient by each value; zeros where nothing depends on it."""
    found = torch.autograd.grad(
        of, list(values.values()), upstream, retain_graph=True, allow_unused=True,
        materialize_grads=True,
    )  # fmt: skip
    return dict(zip(values, found, strict=True))


def jacobian(of: Tensor, by: Tensor) -> Tensor:
    """Return the derivatives of all entries by all entries: two axes for each."""
    if not of.requires_grad:
        return torch.zeros(*of.shape, *by.shape, dtype=FLOAT)
    rows = torch.eye(of.numel(), dtype=FLOAT).reshape(of.numel(), *of.shape)
    if of.numel() == 1:
        found = pulled({"": by}, of, rows[0])[""]
    else:
        found = torch.autograd.grad(
            of, by, rows, retain_graph=True, is_grads_batched=True, allow_unused=True,
            materialize_grads=True,
        )[0]  # fmt: skip
    return found.reshape(*of.shape, *by.shape)


# --- points ---


def run(
    net: Network,
    leaves: Mapping[str, Tensor],
    sizes: Mapping[str, int],
    upstream: Tensor | None = None,
) -> Run:
    """Run a network forwards; every value keeps the way it was computed."""
    values = {name: value.detach().clone().requires_grad_() for name, value in leaves.items()}
    known: dict[str, Any] = {**sizes, **values}
    for name, line in net.lines:
        value = array(Evaluation(TORCH, known).of(line))
        # a line that only renames needs a gradient of its own
        value = value.view_as(value) if isinstance(line, ast.Name) else value
        if not value.requires_grad:
            value = value.clone().requires_grad_()
        known[name] = values[name] = value
    last = values[net.last]
    if upstream is None:
        upstream = torch.ones(last.shape, dtype=FLOAT)
    return Run(net, sizes, values, upstream)


def random_run(net: Network, random: torch.Generator, *, ends_in_loss: bool = True) -> Run:
    """Run a network at a random point where every value is finite.

    What is an output and no loss gets a random upstream gradient.
    """
    sizes = net.sizes()
    for attempt in range(TRIES):
        leaves = random_leaves(net, sizes, random, positive=attempt >= TRIES // 2)
        found = run(net, leaves, sizes)
        if all(bool(torch.isfinite(value).all()) for value in found.values.values()):
            last = found.values[net.last]
            if not ends_in_loss or last.numel() > 1:
                found.upstream = torch.randn(last.shape, generator=random, dtype=FLOAT)
            return found
    raise UnreadableError("no point at which every value is finite")


def random_leaves(
    net: Network, sizes: Mapping[str, int], random: torch.Generator, *, positive: bool = False
) -> dict[str, Tensor]:
    """Return random leaves; weights shrink with their columns, so that nothing saturates."""
    return {
        leaf.name: _drawn(leaf, _axis(net), sizes, random, positive=positive) for leaf in net.leaves
    }


def _axis(net: Network) -> int:
    """Return the axis along which classes run in a batch."""
    return int(any("axis=1" in ast.unparse(line) for _, line in net.lines))


def _drawn(
    leaf: Leaf, axis: int, sizes: Mapping[str, int], random: torch.Generator, *, positive: bool
) -> Tensor:
    rows, columns = size(leaf.rows, sizes), size(leaf.columns, sizes)
    if leaf.role == "onehot":
        if columns == 1 or axis == 0:
            picked = torch.randint(rows, (columns,), generator=random)
            return torch.eye(rows, dtype=FLOAT)[picked].T
        picked = torch.randint(columns, (rows,), generator=random)
        return torch.eye(columns, dtype=FLOAT)[picked]
    if leaf.role == "target" or positive:
        return 0.1 + 0.8 * torch.rand(rows, columns, generator=random, dtype=FLOAT)
    return torch.randn(rows, columns, generator=random, dtype=FLOAT) / columns**0.5


def numbers(stored: Iterable[Iterable[str]]) -> Tensor:
    """Return stored rows of exact numbers as a tensor."""
    return torch.tensor([[_number(entry) for entry in row] for row in stored], dtype=FLOAT)


def _number(text: str) -> float:
    top, _, bottom = text.partition("/")
    return float(top) / float(bottom or 1)


def reads(net: Network, name: str) -> set[str]:
    """Return the arrays that a line reads."""
    line = net.line(name)
    return set() if line is None else names_in(line) & set(net.names)
