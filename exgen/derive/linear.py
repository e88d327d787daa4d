"""The output of a network as expressions in one leaf, where it is linear in it."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.derive.simplify import scaled
from exgen.engine import forward
from exgen.errors import KindError
from exgen.graph import Entry, Expr, Graph, Name, Number, as_expr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


def linear_entries(
    graph: Graph, leaves: Mapping[str, NDArray[Any]], symbol: str
) -> tuple[tuple[Expr, ...], ...]:
    """Return the output's entries as expressions in a leaf, from runs of the forward pass.

    The output at 0 is the constant part; what one entry of the leaf adds is its factor.

    Args:
        graph: the network, its sizes numbers.
        leaves: exact fractions for the other leaves.
        symbol: the leaf that stays a symbol.

    Raises:
        KindError: the output is not linear in it.

    """
    shape = tuple(dim.constant for dim in graph.shapes[symbol])
    zero = np.full(shape, Fraction(0), dtype=object)

    def run(value: NDArray[Any]) -> NDArray[Any]:
        return forward(graph, {**leaves, symbol: value}, exact=True)[graph.loss]

    constant = run(zero)
    factors: list[tuple[tuple[int, int], NDArray[Any]]] = []
    total = constant
    for place in np.ndindex(shape[0], shape[1]):
        one = zero.copy()
        one[place] = Fraction(1)
        factors.append((place, run(one) - constant))
        total = total + factors[-1][1] * (2 + len(factors))
    mixed = zero.copy()
    for number, place in enumerate(np.ndindex(shape), start=1):
        mixed[place] = Fraction(2 + number)
    if (run(mixed) != total).any():
        raise KindError(
            f"'{graph.loss}' is not linear in '{symbol}'",
            remedy="It has to enter once on the way.",
        )

    def entry(where: tuple[int, ...]) -> Expr:
        expr: Expr = Number(constant[where])
        for place, factor in factors:
            if factor[where] == 0:
                continue
            at: Expr = Name(symbol) if shape == (1, 1) else Entry(Name(symbol), place)
            term = scaled(factor[where], at)
            expr = term if expr == as_expr(0) else expr + term
        return expr

    rows, columns = constant.shape
    return tuple(tuple(entry((r, c)) for c in range(columns)) for r in range(rows))
