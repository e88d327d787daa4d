"""Choices: of several conditions one holds, and it is that of the right answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.certify.compare import DIFFERENCE_TOLERANCE, EXACT_TOLERANCE, SEED
from exgen.certify.points import trial_points, with_numbers
from exgen.certify.quantity import known_values
from exgen.document import Agreement
from exgen.engine import evaluate, forward, gradients
from exgen.errors import CertificateError
from exgen.graph import is_scalar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
    """Every entry of one expression compares with the other's as the sign says."""

    left: Expr
    sign: str
    right: Expr


@dataclass(frozen=True, slots=True)
class ChoiceClaim:
    """One condition holds, and no other does.

    Attributes:
        graph: the network; conditions may read gradients of its loss.
        conditions: one for each answer to choose from.
        right: the place of the one that holds.
        leaves: the numbers at which they are asked; None where a condition is to hold always.

    """

    graph: Graph
    conditions: tuple[Condition, ...]
    right: int
    leaves: Mapping[str, NDArray[np.object_]] | None

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

    def holding(self, *, by_differences: bool = False) -> tuple[int, ...]:
        """Return the places of the conditions that hold at the numbers, or at every trial point."""
        graph = with_numbers(self.graph)
        if self.leaves is None:
            points = _spread(graph, trial_points(graph, SEED + by_differences))
        else:
            points = (forward(graph, self.leaves, exact=by_differences),)
        known = [self._known(graph, values, by_differences=by_differences) for values in points]
        room = DIFFERENCE_TOLERANCE if by_differences else EXACT_TOLERANCE
        return tuple(
            place
            for place, part in enumerate(self.conditions)
            if all(_holds(part, values, room) for values in known)
        )

    def _known(self, graph: Graph, values: Values, *, by_differences: bool) -> Values:
        """Return values with the gradients that conditions read."""
        floats = {name: array.astype(float) for name, array in values.items()}
        if not is_scalar(graph.shapes[graph.loss]):
            return floats
        sides = [side for part in self.conditions for side in (part.left, part.right)]
        slopes = {} if by_differences else gradients(graph, floats)
        return known_values(graph, floats, slopes, sides)


def _spread(graph: Graph, points: tuple[Values, ...]) -> tuple[Values, ...]:
    """Return points and others further away: what is to hold always may hold nearby by luck."""
    found = list(points)
    for scale in SCALES:
        leaves = {
            leaf.name: points[0][leaf.name] * (1.0 if leaf.role in DATA else scale)
            for leaf in graph.leaves
        }
        with np.errstate(all="ignore"):
            values = forward(graph, leaves)
        if all(np.isfinite(array.astype(float)).all() for array in values.values()):
            found.append(values)
    return tuple(found)


def _holds(part: Condition, values: Values, tolerance: float) -> bool:
    left, right = (evaluate(side, values).astype(float) for side in (part.left, part.right))
    room = tolerance * max(1.0, float(np.abs(left).max()), float(np.abs(right).max()))
    return bool(np.asarray(SIGNS[part.sign](left, right, room)).all())
