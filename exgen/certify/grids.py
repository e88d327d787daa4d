"""Grids with a symbol in them: entries that depend on a slope that has no value yet."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.certify.compare import EXACT_TOLERANCE, SEED, compare, worst
from exgen.certify.numbers import floats
from exgen.engine import evaluate, forward

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from exgen.document import Agreement
    from exgen.graph import Expr, Graph

POINTS = 3


@dataclass(frozen=True, slots=True)
class SymbolicGridClaim:
    """Every entry of a name is an expression in one leaf that stays a symbol.

    Attributes:
        graph: the network, its sizes numbers.
        leaves: exact fractions for every leaf but the symbol.
        name: whose entries they are.
        symbol: the leaf without a value.
        entries: the expressions as printed, row by row.

    """

    graph: Graph
    leaves: Mapping[str, NDArray[Any]]
    name: str
    symbol: str
    entries: tuple[tuple[Expr, ...], ...]

    def prove(self) -> tuple[Agreement, ...]:
        """Give the symbol several values: fractions near 1/4, and any floats."""
        shape = tuple(dim.constant for dim in self.graph.shapes[self.symbol])
        exact: list[Agreement] = []
        run: list[Agreement] = []
        random = np.random.default_rng(SEED)
        for point in range(POINTS):
            fractions = np.empty(shape, dtype=object)
            for place, index in enumerate(np.ndindex(shape)):
                fractions[index] = Fraction(2 * place + point + 3, 17)
            exact.append(self._compare("exact fractions", fractions, exact=True))
            run.append(self._compare("float forward pass", random.uniform(-1, 2, shape)))
        return worst(exact), worst(run)

    def _compare(self, method: str, value: NDArray[Any], *, exact: bool = False) -> Agreement:
        given = dict(self.leaves) if exact else floats(self.leaves)
        known = {**given, self.symbol: value}
        expected = forward(self.graph, known, exact=exact)[self.name].astype(float)
        printed = np.array(
            [[evaluate(e, known, exact=exact).item() for e in row] for row in self.entries],
            dtype=float,
        )
        return compare(method, printed, expected, EXACT_TOLERANCE)
