"""Wiring: a network of scalar units computes what its drawing says."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from typing import TYPE_CHECKING

import numpy as np

from exgen.certify import differences
from exgen.certify.compare import (
    DIFFERENCE_TOLERANCE,
    EXACT_TOLERANCE,
    SEED,
    as_function,
    check_says_something,
    compare,
    over_points,
    worst,
)
from exgen.certify.hand import PRECISION, calculate
from exgen.certify.points import trial_point, trial_points
from exgen.engine import evaluate
from exgen.graph import SCALAR, Binding, Graph, Leaf

if TYPE_CHECKING:
    from exgen.document import Agreement
    from exgen.engine import Values
    from exgen.graph import Expr


@dataclass(frozen=True, slots=True)
class WeightedSumClaim:
    """A line of the forward pass is the sum over the arrows that arrive at a unit.

    Attributes:
        graph: the network.
        name: the line.
        expr: its right side, as printed.
        arrows: the source and the weight of each arrow of the drawing.
        bias: the unit's bias, or None.

    """

    graph: Graph
    name: str
    expr: Expr
    arrows: tuple[tuple[str, str], ...]
    bias: str | None

    def prove(self) -> tuple[Agreement, ...]:
        """Add up over the arrows; and see that each source acts with its weight, and no other."""
        check_says_something(self.expr, self.name)
        values = trial_point(self.graph, SEED)
        plain = {name: value.item() for name, value in values.items()}
        total = sum(plain[weight] * plain[source] for source, weight in self.arrows)
        total += plain[self.bias] if self.bias else 0.0
        line = _line(self.graph, self.name, self.expr)
        drawn = compare("sum over the arrows", np.full((1, 1), total),
                        evaluate(self.expr, values),
                        EXACT_TOLERANCE)  # fmt: skip
        slopes: dict[str, float] = dict.fromkeys(line.names, 0.0)
        for source, weight in self.arrows:
            slopes[source] += plain[weight]
            slopes[weight] += plain[source]
        if self.bias:
            slopes[self.bias] += 1.0
        checks = []
        for leaf in line.leaves:
            run = as_function(line, values, leaf.name, self.name)
            one = np.ones((1, 1))
            found = differences.directional(run, values[leaf.name], one)
            expected = np.full((1, 1), slopes[leaf.name])
            checks.append(compare("differences", found, expected, DIFFERENCE_TOLERANCE))
        return drawn, worst(checks)


def _line(graph: Graph, name: str, expr: Expr) -> Graph:
    """Return one line as a network of its own, every earlier name a leaf."""
    earlier = graph.names[: graph.names.index(name)]
    leaves = tuple(Leaf(n, "const", SCALAR, 0) for n in earlier)
    shapes = dict.fromkeys((*earlier, name), SCALAR)
    return Graph(leaves, (Binding(name, expr),), shapes, name)


@dataclass(frozen=True, slots=True)
class FunctionClaim:
    """A line of the forward pass is an expression of what it reads.

    Attributes:
        graph: the network.
        name: the line.
        expr: its right side, as printed.

    """

    graph: Graph
    name: str
    expr: Expr

    def prove(self) -> tuple[Agreement, ...]:
        """Evaluate it in floats and in decimal arithmetic, beside a run of the network."""
        check_says_something(self.expr, self.name)
        return over_points([self.prove_at(values) for values in trial_points(self.graph, SEED)])

    def prove_at(self, values: Values) -> tuple[Agreement, Agreement]:
        """Compare at one point of the leaves."""
        alone = evaluate(self.expr, values)
        with localcontext(Context(prec=PRECISION)):
            plain = {name: Decimal(value.item()) for name, value in values.items()}
            decimal = float(calculate(self.expr, plain))
        return (
            compare("float forward pass", alone, values[self.name], EXACT_TOLERANCE),
            compare("decimal arithmetic", np.full((1, 1), decimal), values[self.name],
                    EXACT_TOLERANCE),
        )  # fmt: skip
