"""Entries of a gradient by cases: what one position, or every other one, receives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.certify import differences
from exgen.certify.compare import (
    DIFFERENCE_TOLERANCE,
    EXACT_TOLERANCE,
    SEED,
    as_function,
    compare,
    same_numbers,
    worst,
)
from exgen.certify.points import trial_point, with_numbers
from exgen.derive.cases import rank_of
from exgen.engine import Values, evaluate, forward, gradients
from exgen.errors import CertificateError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exgen.document import Agreement
    from exgen.graph import Expr, Graph

POINTS = 3


@dataclass(frozen=True, slots=True)
class CaseClaim:
    """The gradient by one entry of a column is ``entry``, wherever the case holds.

    Attributes:
        graph: the network; its loss carries the upstream gradient.
        by: the column.
        entry: the printed expression; a scalar.
        letter: the letter of the position; empty where the case is one position.
        label: how the position prints inside a rank.
        only: the positions of the case; None for all but ``but``.
        but: the positions with cases of their own.
        descending: whether ranks count from the largest entry.

    """

    graph: Graph
    by: str
    entry: Expr
    letter: str
    label: str
    only: tuple[int, ...] | None
    but: tuple[int, ...]
    descending: bool

    def prove(self) -> tuple[Agreement, ...]:
        """Evaluate the entry at every position of the case, at several points."""
        graph = with_numbers(self.graph)
        entry = same_numbers(self.entry, self.graph)
        reverse: list[Agreement] = []
        difference: list[Agreement] = []
        for point in range(POINTS):
            values = trial_point(graph, SEED + point)
            both = by_both_ways(graph, values, self.by)
            for position in self.positions(len(values[self.by])):
                rank = int(self.rank(values[self.by][:, 0], position))
                at = {self.letter: position, rank_of(self.label): rank}
                found = evaluate(entry, values, at).astype(float)
                reverse.append(compare("reverse mode", found, both[0][[position]], EXACT_TOLERANCE))
                difference.append(
                    compare("differences", found, both[1][[position]], DIFFERENCE_TOLERANCE)
                )
        return worst(reverse), worst(difference)

    def positions(self, size: int) -> list[int]:
        """Return the positions at which the case holds."""
        if self.only is not None:
            return list(self.only)
        return [position for position in range(size) if position not in self.but]

    def rank(self, column: NDArray[Any], position: int) -> int:
        """Count the entries that come before one; the sort itself is not asked."""
        before = column > column[position] if self.descending else column < column[position]
        return int(before.sum())


@dataclass(frozen=True, slots=True)
class OrderClaim:
    """The gradient by a column, entry by entry, where its order is known.

    Attributes:
        graph: the network, its sizes numbers; its loss carries the upstream gradient.
        by: the column that is sorted.
        order: the positions of the column's entries from the smallest to the largest.
        entries: the printed expressions, one for each entry of the column.

    """

    graph: Graph
    by: str
    order: tuple[int, ...]
    entries: tuple[Expr, ...]

    def prove(self) -> tuple[Agreement, ...]:
        """Draw columns in that order, and compare with reverse mode and with differences."""
        reverse: list[Agreement] = []
        difference: list[Agreement] = []
        for point in range(POINTS):
            random = np.random.default_rng((SEED, point))
            leaves = {
                leaf.name: random.standard_normal([dim.constant for dim in leaf.shape])
                for leaf in self.graph.leaves
            }
            column = np.empty((len(self.order), 1))
            column[list(self.order), 0] = np.cumsum(random.uniform(0.5, 1.5, len(self.order))) - 2
            values = forward(self.graph, {**leaves, self.by: column})
            both = by_both_ways(self.graph, values, self.by)
            found = np.array([[evaluate(e, values).item()] for e in self.entries])
            reverse.append(compare("reverse mode", found, both[0], EXACT_TOLERANCE))
            difference.append(compare("differences", found, both[1], DIFFERENCE_TOLERANCE))
        return worst(reverse), worst(difference)


def by_both_ways(graph: Graph, values: Values, by: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the gradient by a name from reverse mode, and from differences."""
    if by not in graph.names:
        raise CertificateError(f"there is no '{by}' in the network")
    run = as_function(graph, values, by, graph.loss)
    return gradients(graph, values)[by], differences.gradient(lambda x: run(x).item(), values[by])
