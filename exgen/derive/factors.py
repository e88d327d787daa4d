"""Gradients from derivatives that are given: Jacobians and gradients kept as symbols.

A question may name ``dL/dyhat`` and ``dyhat/dz3`` and ask for the rest "using only these".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exgen.derive.gradients import derive_gradients, gradients_from, in_order
from exgen.derive.jacobian import local_jacobian
from exgen.engine import Backward, Contribution, backward
from exgen.errors import KindError, nearest
from exgen.graph import Derivative, Graph, is_scalar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.derive.gradients import Gradient


@dataclass(frozen=True, slots=True)
class Given:
    """What a question gives: gradients of the loss by these names, and these Jacobians."""

    gradients: tuple[str, ...] = ()
    factors: tuple[Derivative, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is given."""
        return not (self.gradients or self.factors)


NOTHING = Given()


def read_given(graph: Graph, given: object) -> Given:
    """Return what a bank's ``given`` names: a name, or a pair [function, variable].

    Raises:
        KindError: a name is unknown, or a pair has no Jacobian that is a matrix.

    """
    parts = given if isinstance(given, list) else []
    gradients: list[str] = []
    factors: list[Derivative] = []
    for part in parts:
        if isinstance(part, str):
            known_name(graph, part)
            gradients.append(part)
        elif isinstance(part, list) and len(part) == 2:  # noqa: PLR2004 - of, by
            factors.append(_factor(graph, str(part[0]), str(part[1])))
        else:
            raise KindError("each entry of 'given' is a name or a pair [function, variable]")
    return Given(tuple(gradients), tuple(factors))


def known_name(graph: Graph, name: str) -> str:
    """Return a name of the network, or say that there is none."""
    if name not in graph.names:
        raise KindError(f"there is no '{name}' in it", remedy=nearest(name, graph.names))
    return name


def _factor(graph: Graph, of: str, by: str) -> Derivative:
    # What has no such Jacobian raises the error that says why.
    local_jacobian(graph, known_name(graph, of), known_name(graph, by), denominator=False)
    return Derivative(of, by)


def gradients_given(graph: Graph, given: Given) -> Mapping[str, Gradient]:
    """Derive every gradient in the order of the forward pass's uses, from what is given.

    Without anything given, output and loss are differentiated together where that is simpler.
    """
    if given.is_empty:
        return derive_gradients(graph)
    return graph.once(("gradients", given), lambda: _gradients_given(graph, given))


def _gradients_given(graph: Graph, given: Given) -> Mapping[str, Gradient]:
    # Nothing is fused: a derivative that is given must not be bypassed.
    contributions = dict(in_order(backward(graph)).contributions)
    for factor in given.factors:
        kept = [p for p in contributions[factor.by] if p.consumer != factor.of]
        # of a scalar it has the variable's shape
        turned = factor if is_scalar(graph.shapes[factor.of]) else factor.T
        through = Contribution("chain", factor.of, None, turned @ graph.gradient(factor.of))
        contributions[factor.by] = (through, *kept)
    return gradients_from(Backward(graph, contributions), frozenset(given.gradients))
