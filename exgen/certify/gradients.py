"""Gradients of the loss, in the shape of their variable."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.certify import differences
from exgen.certify.compare import (
    DIFFERENCE_FLOOR,
    DIFFERENCE_TOLERANCE,
    DIRECTIONS,
    ELEMENTWISE_LIMIT,
    EXACT_TOLERANCE,
    SEED,
    as_function,
    check_says_something,
    check_shape,
    compare,
    over_points,
    same_numbers,
    worst,
)
from exgen.certify.magnitude import FAINT, scales
from exgen.certify.points import trial_points, with_numbers
from exgen.derive.gradients import with_gradient_shapes
from exgen.engine import Values, evaluate, gradient_name, gradients

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exgen.document import Agreement
    from exgen.graph import Expr, Graph, Shape


@dataclass(frozen=True, slots=True)
class GradientClaim:
    """``expr`` is the gradient of the loss by a name, in the name's shape.

    The expression may read names of the forward pass and gradients of other names, as
    ``grad_z2``. In numerator layout both are the transposes: the gradient by a column is a row.
    """

    graph: Graph
    by: str
    expr: Expr
    shape: Shape
    numerator: bool = False

    def prove(self) -> tuple[Agreement, ...]:
        """Compare shapes, and the expression with reverse mode and with differences."""
        known = with_gradients(self.graph, numerator=self.numerator)
        shapes = check_shape(self.expr, known, self.shape)
        graph = with_numbers(self.graph)
        check_says_something(self.expr, gradient_name(self.by))
        expr = same_numbers(self.expr, self.graph)
        parts = [
            prove_gradient_at(graph, self.by, expr, values, numerator=self.numerator)
            for values in trial_points(graph, SEED, self.by)
        ]
        return shapes, *over_points(parts)


def with_gradients(graph: Graph, *, numerator: bool = False) -> Graph:
    """Return a graph that also knows the shapes of its gradients' names."""
    return replace(graph, shapes=with_gradient_shapes(graph, numerator=numerator))


def prove_gradient_at(
    graph: Graph, by: str, expr: Expr, values: Values, *, numerator: bool = False
) -> tuple[Agreement, Agreement]:
    """Compare a gradient, evaluated at given values, with reverse mode and with differences."""
    found = gradients(graph, values)
    upstream = {
        gradient_name(name): array.T if numerator else array for name, array in found.items()
    }
    printed = evaluate(expr, {**values, **upstream}).astype(float)
    if numerator:
        printed = printed.T
    return prove_value_at(graph, by, printed, values, found[by])


def prove_value_at(
    graph: Graph,
    by: str,
    printed: NDArray[Any],
    values: Values,
    expected: NDArray[Any],
    *,
    limit: int = ELEMENTWISE_LIMIT,
) -> tuple[Agreement, Agreement]:
    """Compare a gradient's value with reverse mode's and with differences.

    Differences go along random directions, and up to ``limit`` entries also entry by entry.
    """
    exact, size = 1.0, max(1.0, abs(values[graph.loss].item()))
    peak = max(float(np.abs(array).max(initial=0.0)) for array in (printed, expected))
    if 0 < peak < FAINT:
        found = scales(graph, values, by)
        exact, size = min(exact, found.gradient), min(size, found.loss)
    reverse = compare("reverse mode", printed, expected, EXACT_TOLERANCE, floor=exact)
    run = as_function(graph, values, by, graph.loss)
    random = np.random.default_rng(SEED)
    floor = DIFFERENCE_FLOOR * size
    parts: list[Agreement] = []
    for _ in range(DIRECTIONS):
        u = random.standard_normal(values[by].shape)
        along = np.asarray((printed * u).sum()).reshape(1, 1)
        pushed = differences.directional(run, values[by], u)
        parts.append(compare("differences", along, pushed, DIFFERENCE_TOLERANCE, floor=floor))
    if values[by].size <= limit:
        entries = differences.gradient(lambda x: run(x).item(), values[by])
        parts.append(compare("differences", printed, entries, DIFFERENCE_TOLERANCE, floor=floor))
    return reverse, worst(parts)
