"""Facts and choices: a condition that holds, and of several the one that does."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.certify.compare import DIFFERENCE_TOLERANCE, EXACT_TOLERANCE, SEED, same_numbers
from exgen.certify.points import trial_points, with_numbers
from exgen.certify.quantity import known_values
from exgen.document import Agreement
from exgen.engine import evaluate, forward, gradients
from exgen.errors import CertificateError
from exgen.graph import is_scalar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from exgen.engine import Values
    from exgen.graph import Expr, Graph

SIGNS: Mapping[str, Callable[[NDArray[Any], NDArray[Any], float], object]] = {
    "<": lambda left, right, room: left < right - room,
    ">": lambda left, right, room: left > right + room,
    "<=": lambda left, right, room: left <= right + room,
    ">=": lambda left, right, room: left >= right - room,
    "=": lambda left, right, room: np.abs(left - right) <= room,
}
"""What each sign says of two numbers, which are equal up to a tolerance."""


SCALES = (-1.0, 6.0, -6.0, 30.0)
"""How much larger the leaves are at the points further away."""
DATA = ("target", "onehot")


@dataclass(frozen=True, slots=True)
class Condition:
    """Every entry of each side compares with that of the next one as the sign between them says."""

    sides: tuple[Expr, ...]
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChoiceClaim:
    """One condition holds, and no other does; where there is only one, it is a fact.

    Attributes:
        graph: the network; conditions may read gradients of its loss.
        conditions: one for each answer to choose from.
        right: the place of the one that holds.
        leaves: the numbers at which they are asked; None where a condition is to hold always.

    """

    graph: Graph
    conditions: tuple[Condition, ...]
    right: int = 0
    leaves: Mapping[str, NDArray[np.object_]] | None = None

    @property
    def sort(self) -> str:
        """What a manifest calls it."""
        return "fact" if len(self.conditions) == 1 else "choice"

    def prove(self) -> tuple[Agreement, ...]:
        """Evaluate every condition twice: by reverse mode, and by differences at other numbers.

        Where the numbers are given, the second run is in exact fractions.
        """
        for method, by_differences in (("reverse mode", False), ("differences", True)):
            found = self.holding(by_differences=by_differences)
            if found != (self.right,):
                raise CertificateError(f"{method}: what holds is {list(found)}, not {self.right}")
        count = len(self.conditions)
        return Agreement("reverse mode", 0.0, count), Agreement("differences", 0.0, count)

    @property
    def _numbered(self) -> list[Condition]:
        """The conditions, with the numbers that symbolic sizes get."""
        return [
            Condition(tuple(same_numbers(side, self.graph) for side in part.sides), part.signs)
            for part in self.conditions
        ]

    def holding(self, *, by_differences: bool = False) -> tuple[int, ...]:
        """Return the places of the conditions that hold at the numbers, or at every trial point."""
        room = DIFFERENCE_TOLERANCE if by_differences else EXACT_TOLERANCE
        points = self.points(by_differences=by_differences)
        return tuple(
            place
            for place, part in enumerate(self._numbered)
            if all(_holds(part, values, room) for values in points)
        )

    def refuted(self) -> str:
        """Return where the first condition does not hold; empty where it does everywhere."""
        found = (_refuted(self._numbered[0], v, EXACT_TOLERANCE) for v in self.points())
        return next(chain.from_iterable(found), "")

    def points(self, *, by_differences: bool = False) -> tuple[Values, ...]:
        """Return the values, with the gradients that are read, at which conditions are asked.

        Further away a gradient may be out of range where the forward pass is not.
        """
        graph = with_numbers(self.graph)
        if self.leaves is not None:
            values = forward(graph, self.leaves, exact=by_differences)
            return (self._known(graph, values, by_differences=by_differences),)
        near = trial_points(graph, SEED + by_differences)
        with np.errstate(all="ignore"):
            known = [self._known(graph, values, by_differences=by_differences)
                     for values in (*near, *_spread(graph, near[0]))]  # fmt: skip
        return tuple(values for n, values in enumerate(known) if n < len(near) or _finite(values))

    def _known(self, graph: Graph, values: Values, *, by_differences: bool) -> Values:
        """Return values with the gradients that conditions read."""
        floats = {name: array.astype(float) for name, array in values.items()}
        if not is_scalar(graph.shapes[graph.loss]):
            return floats
        sides = [side for part in self._numbered for side in part.sides]
        slopes = {} if by_differences else gradients(graph, floats)
        return known_values(graph, floats, slopes, sides)


def _spread(graph: Graph, point: Values) -> Iterator[Values]:
    """Yield points further away: what is to hold always may hold nearby by luck."""
    for scale in SCALES:
        leaves = {
            leaf.name: point[leaf.name] * (1.0 if leaf.role in DATA else scale)
            for leaf in graph.leaves
        }
        with np.errstate(all="ignore"):
            values = forward(graph, leaves)
        if _finite(values):
            yield values


def _finite(values: Values) -> bool:
    return all(np.isfinite(array.astype(float)).all() for array in values.values())


def _holds(part: Condition, values: Values, tolerance: float) -> bool:
    return not any(_refuted(part, values, tolerance))


def _refuted(part: Condition, values: Values, tolerance: float) -> Iterator[str]:
    """Yield where a condition does not hold, side by side."""
    sides = [evaluate(side, values).astype(float) for side in part.sides]
    for sign, (left, right) in zip(part.signs, pairwise(sides), strict=True):
        room = tolerance * max(1.0, float(np.abs(left).max()), float(np.abs(right).max()))
        wrong = ~np.asarray(SIGNS[sign](left, right, room), dtype=bool)
        if wrong.any():
            one, other = (
                np.broadcast_to(side, wrong.shape)[wrong][0] + 0.0 for side in (left, right)
            )
            yield f"{one:.6g} {sign} {other:.6g} does not hold"
