"""Gradients of a cost over many examples: a mean of one-example gradients, and a batch form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.certify import differences
from exgen.certify.compare import (
    DIFFERENCE_TOLERANCE,
    DIRECTIONS,
    EXACT_TOLERANCE,
    SEED,
    as_function,
    check_shape,
    compare,
    same_numbers,
    worst,
)
from exgen.certify.points import off_kinks, trial_point, with_numbers
from exgen.certify.quantity import known_values
from exgen.derive.batch import batched
from exgen.engine import Values, evaluate, forward, gradients
from exgen.errors import CertificateError
from exgen.graph import Dim

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exgen.derive.batch import Batch
    from exgen.document import Agreement
    from exgen.graph import Expr, Graph, Shape

COUNT = 4
TRIES = 100


def example_points(graph: Graph, shared: frozenset[str]) -> list[Values]:
    """Return forward passes of several examples through the same weights, all off their kinks."""
    points: list[Values] = []
    first = trial_point(graph, SEED)
    attempt = 0
    while len(points) < COUNT:
        attempt += 1
        if attempt > TRIES:
            raise CertificateError(
                "no examples were found that keep off every kink",
                remedy="Ask about a network whose kinks are not met wherever the examples lie.",
            )
        drawn = trial_point(graph, SEED + attempt)
        leaves = {
            leaf.name: (first if leaf.name in shared else drawn)[leaf.name] for leaf in graph.leaves
        }
        values = forward(graph, leaves)
        if off_kinks(graph, values):
            points.append(values)
    return points


@dataclass(frozen=True, slots=True)
class MeanGradientClaim:
    """The gradient of the mean loss by a weight is the mean of a one-example expression.

    Attributes:
        graph: the network for one example.
        by: a weight; it is the same for all examples.
        expr: the one-example gradient, as printed behind the sum.
        shape: the printed shape.
        layout: in ``numerator`` layout the gradient stands transposed.
        batch: the same network over a batch.

    """

    graph: Graph
    by: str
    expr: Expr
    shape: Shape
    layout: str
    batch: Batch

    @property
    def sort(self) -> str:
        """What a manifest calls it."""
        return "mean of gradients"

    def prove(self) -> tuple[Agreement, ...]:
        """Average over examples; compare with the batch's reverse mode and with differences."""
        shapes = check_shape(self.expr, self.graph.shapes, self.shape)
        graph = with_numbers(self.graph)
        shared = frozenset(graph.names) - frozenset(self.batch.names)
        points = example_points(graph, shared)
        expr = same_numbers(self.expr, self.graph)
        parts = [
            evaluate(expr, known_values(graph, p, gradients(graph, p), (expr,))) for p in points
        ]
        printed = sum(parts, start=np.zeros(parts[0].shape)) / len(points)
        value = printed.T if self.layout == "numerator" else printed
        expected = _batch_gradient(self.batch, points, self.by)
        reverse = compare("reverse mode over the batch", value, expected, EXACT_TOLERANCE)

        runs = [as_function(graph, point, self.by, graph.loss) for point in points]

        def cost(array: NDArray[Any]) -> NDArray[Any]:
            return np.asarray(sum((run(array) for run in runs), np.zeros((1, 1))) / len(points))

        random = np.random.default_rng(SEED)
        checks: list[Agreement] = []
        for _ in range(DIRECTIONS):
            u = random.standard_normal(value.shape)
            pushed = differences.directional(cost, points[0][self.by], u)
            along = np.asarray((value * u).sum()).reshape(1, 1)
            checks.append(compare("differences", along, pushed, DIFFERENCE_TOLERANCE))
        return shapes, reverse, worst(checks)


def stacked(batch: Batch, points: list[Values]) -> Values:
    """Return the leaves of a batch, from those of its examples."""
    leaves: Values = {}
    for leaf in batch.single.leaves:
        if leaf.name in batch.names:
            together = np.hstack([point[leaf.name] for point in points])
            leaves[batch.names[leaf.name]] = together.T if batch.rows else together
        else:
            leaves[leaf.name] = points[0][leaf.name]
    return leaves


def batch_of(batch: Batch, count: int) -> Graph:
    """Return the batch's network with numbers for its sizes, and a number of examples."""
    return batched(with_numbers(batch.single), Dim(count), rows=batch.rows).graph


def _batch_gradient(batch: Batch, points: list[Values], by: str) -> NDArray[Any]:
    graph = batch_of(batch, len(points))
    return gradients(graph, forward(graph, stacked(batch, points)))[by]
