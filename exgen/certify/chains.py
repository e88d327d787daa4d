"""Chains: the gradient of the loss as a product of Jacobians, and blanks with one filling."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product
from typing import TYPE_CHECKING

import numpy as np

from exgen.certify import differences
from exgen.certify.compare import (
    DIFFERENCE_TOLERANCE,
    DIRECTIONS,
    EXACT_TOLERANCE,
    SEED,
    as_function,
    both_ways,
    compare,
    same_numbers,
    worst,
)
from exgen.certify.points import trial_point, with_numbers
from exgen.document import Agreement
from exgen.engine import evaluate, gradients
from exgen.errors import CertificateError
from exgen.graph import names_in

if TYPE_CHECKING:
    from exgen.graph import Expr, Graph


@dataclass(frozen=True, slots=True)
class ChainClaim:
    """The gradient of the loss by a name is a product of Jacobians along a chain of names.

    Attributes:
        graph: the network.
        chain: the names, from the variable through each stage to the loss.
        jacobians: the expression of each factor but the last, in the layout.
        denominator: the layout; it also says that the factors stand from the inside out.
        hidden: the positions in the chain that are not shown anywhere in the line.

    """

    graph: Graph
    chain: tuple[str, ...]
    jacobians: tuple[Expr, ...]
    denominator: bool
    hidden: tuple[int, ...]

    def prove(self) -> tuple[Agreement, ...]:
        """Multiply the factors in the printed order, and compare with the gradient."""
        graph = with_numbers(self.graph)
        values = trial_point(graph, SEED)
        by, last = self.chain[0], self.chain[-2]
        factors = [
            evaluate(same_numbers(expr, self.graph), values).astype(float)
            for expr in self.jacobians
        ]
        checks: list[Agreement] = []
        for (inner, outer), factor in zip(pairwise(self.chain[:-1]), factors, strict=True):
            numerator = factor.T if self.denominator else factor
            checks.append(both_ways(graph, values, outer, inner, numerator)[1])
        loss = gradients(graph, values)
        ordered = [*factors, loss[last]] if self.denominator else [loss[last].T, *reversed(factors)]
        for left, right in pairwise(ordered):
            if left.shape[1] != right.shape[0]:
                raise CertificateError(f"shapes: {left.shape} times {right.shape} does not conform")
        total = ordered[0]
        for factor in ordered[1:]:
            total = total @ factor
        gradient = total if self.denominator else total.T
        reverse = compare("reverse mode", gradient, loss[by], EXACT_TOLERANCE)
        run = as_function(graph, values, by, graph.loss)
        random = np.random.default_rng(SEED)
        for _ in range(DIRECTIONS):
            u = random.standard_normal(values[by].shape)
            along = np.asarray((gradient * u).sum()).reshape(1, 1)
            pushed = differences.directional(run, values[by], u)
            checks.append(compare("differences", along, pushed, DIFFERENCE_TOLERANCE))
        self.check_unique()
        return (
            Agreement("shapes", 0.0, len(ordered)),
            reverse,
            worst(checks),
            Agreement("only one filling", 0.0, len(self.hidden)),
        )

    def check_unique(self) -> None:
        """Raise where other names fit the hidden positions as well."""
        if fillings(self.graph, self.chain, self.hidden) != 1:
            raise CertificateError("only one filling: other names fit the blanks as well")


def fillings(graph: Graph, chain: tuple[str, ...], hidden: tuple[int, ...]) -> int:
    """Count the ways to fill the hidden positions so that the chain rule holds.

    Each position needs a name that the next one depends on, through which every path to it goes.
    """
    names = [name for name in graph.names if name not in chain or chain.index(name) in hidden]
    count = 0
    for names_tried in product(names, repeat=len(hidden)):
        trial = dict(enumerate(chain)) | dict(zip(hidden, names_tried, strict=True))
        count += all(separates(graph, a, b, chain[-1]) for a, b in pairwise(trial.values()))
    return count


def separates(graph: Graph, start: str, stage: str, loss: str) -> bool:
    """Whether every path from ``start`` to the loss goes through ``stage``, and one does."""
    if start == stage:
        return False
    reached, through = {start}, False
    for binding in graph.bindings:
        if names_in(binding.expr) & reached:
            if binding.name == stage:
                through = True
            else:
                reached.add(binding.name)
    return through and (stage == loss or loss not in reached)
