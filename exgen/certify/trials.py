"""Where an equation is tried: points of the leaves at which it has to hold."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct

from exgen.certify.compare import SEED
from exgen.certify.points import kinks, trial_points, with_numbers
from exgen.engine import Values, forward, gradients
from exgen.graph import derivatives_in, is_scalar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from exgen.certify.sides import Sides
    from exgen.graph import Graph

Point = tuple["Mapping[str, NDArray[Any]]", Values, dict[str, int]]
POINTS = 3
"""At how many points of what is left open an equation is tried, where the rest is given."""


class Trial(Struct, frozen=True):
    """One point.

    Attributes:
        graph: the network, its sizes numbers.
        leaves: exact numbers where they are given; empty where any will do.
        values: of every name, in floats.
        slopes: the gradient of the loss by every name; empty where nothing asks for one.
        fixed: the positions that letters stand for here.

    """

    graph: Graph
    leaves: Mapping[str, NDArray[Any]]
    values: Values
    slopes: Values
    fixed: Mapping[str, int]

    def place(self, *names: str) -> tuple[bytes, ...]:
        """Return what tells the point from others: its leaves, and further names."""
        return _place(self.graph, self.values, *names)


def _place(graph: Graph, values: Values, *names: str) -> tuple[bytes, ...]:
    return tuple(values[n].tobytes() for n in (*(leaf.name for leaf in graph.leaves), *names))


def slopes_at(graph: Graph, values: Values) -> Values:
    """Return the gradients at a point, which equations about the same network share."""
    return graph.once(("slopes", _place(graph, values)), lambda: gradients(graph, values))


def trials(claim: Sides) -> tuple[Trial, ...]:
    """Return the points at which an equation is tried."""
    graph = with_numbers(claim.graph)
    points: Iterable[Point]
    if claim.leaves:
        given = _completed(graph, claim.leaves)
        points = ((leaves, forward(graph, floats(leaves)), {}) for leaves in given)
    elif claim.order:
        points = (({}, values, {}) for values in _in_order(claim, graph))
    else:
        by = None if claim.quantity is None else claim.quantity.by
        key = "trials", by, claim.hot, _asks_for_gradients(claim)
        points = (({}, values, fixed) for values, fixed in _anywhere(claim, graph))
        return graph.once(key, lambda: _with_gradients(claim, graph, points))
    return _with_gradients(claim, graph, points)


def _with_gradients(claim: Sides, graph: Graph, points: Iterable[Point]) -> tuple[Trial, ...]:
    asks = _asks_for_gradients(claim)
    return tuple(
        Trial(graph, leaves, values, slopes_at(graph, values) if asks else {}, fixed)
        for leaves, values, fixed in points
    )


def _asks_for_gradients(claim: Sides) -> bool:
    graph, quantity = claim.graph, claim.quantity
    if not is_scalar(graph.shapes[graph.loss]):
        return False
    if quantity is not None and quantity.by and quantity.of == graph.loss:
        return True
    return any(part.of == graph.loss for right in claim.rights for part in derivatives_in(right))


def floats(arrays: Mapping[str, NDArray[Any]]) -> Values:
    """Return arrays of exact fractions as floats."""
    return {name: np.asarray(array, dtype=float) for name, array in arrays.items()}


def _completed(
    graph: Graph, given: Mapping[str, NDArray[Any]]
) -> Iterator[Mapping[str, NDArray[Any]]]:
    """Yield given leaves with numbers for those that are left open."""
    opened = [leaf for leaf in graph.leaves if leaf.name not in given]
    for point in range(POINTS if opened else 1):
        random = np.random.default_rng((SEED, point))
        drawn = {}
        for leaf in opened:
            shape = tuple(dim.constant for dim in leaf.shape)
            drawn[leaf.name] = np.vectorize(lambda n: Fraction(int(n), 17), otypes=[object])(
                random.integers(-17, 34, shape)
            )
        yield {**given, **drawn}


def _in_order(claim: Sides, graph: Graph) -> Iterator[Values]:
    """Yield runs at which the entries of the variable stand in the claim's order."""
    by = "" if claim.quantity is None else claim.quantity.by
    for point in range(POINTS):
        random = np.random.default_rng((SEED, point))
        leaves = {
            leaf.name: random.standard_normal([dim.constant for dim in leaf.shape])
            for leaf in graph.leaves
        }
        column = np.empty((len(claim.order), 1))
        column[list(claim.order), 0] = np.cumsum(random.uniform(0.5, 1.5, len(claim.order))) - 2
        yield forward(graph, {**leaves, by: column})


def _anywhere(claim: Sides, graph: Graph) -> Iterator[tuple[Values, dict[str, int]]]:
    by = None if claim.quantity is None else claim.quantity.by or None
    points = trial_points(graph, SEED, by)
    if claim.quantity is None:
        # At a kink the two sides may follow different conventions, and both be right.
        off = (p for p in points if not any((z == 0).any() for z in kinks(graph, p)))
        points = tuple(off) or points
    for values in points:
        if claim.hot is None:
            yield values, {}
            continue
        leaf, letter = claim.hot
        for position in range(values[leaf].shape[0]):
            hot = np.zeros(values[leaf].shape)
            hot[position, 0] = 1.0
            leaves = {x.name: values[x.name] for x in graph.leaves}
            yield forward(graph, {**leaves, leaf: hot}), {letter: position}
