"""Jacobians: one name by another, as one matrix in a layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exgen.certify.compare import SEED, both_ways, check_shape, over_points, same_numbers
from exgen.certify.points import trial_points, with_numbers
from exgen.engine import evaluate
from exgen.language import to_text

if TYPE_CHECKING:
    from exgen.document import Agreement
    from exgen.graph import Expr, Graph, Shape


@dataclass(frozen=True, slots=True)
class JacobianClaim:
    """``expr`` is the Jacobian of one name by another, in a layout.

    Attributes:
        graph: the network.
        of: the function's name, a column.
        by: the variable's name, a column.
        expr: the printed expression.
        denominator: whether it has a row for each entry of the variable (denominator layout)
            instead of one for each entry of the function (numerator layout).
        shape: the printed shape.

    """

    graph: Graph
    of: str
    by: str
    expr: Expr
    denominator: bool
    shape: Shape

    def stored(self) -> dict[str, object]:
        """Return the claim as JSON types; the network is stored once, with its problem."""
        return {
            "claim": "jacobian",
            "of": self.of,
            "by": self.by,
            "expr": to_text(self.expr),
            "layout": "denominator" if self.denominator else "numerator",
        }

    def prove(self) -> tuple[Agreement, ...]:
        """Compare shapes, and the expression with reverse mode and with differences."""
        shapes = check_shape(self.expr, self.graph, self.shape)
        graph = with_numbers(self.graph)
        expr = same_numbers(self.expr, self.graph)
        parts: list[tuple[Agreement, ...]] = []
        for values in trial_points(graph, SEED):
            jacobian = evaluate(expr, values).astype(float)
            numerator = jacobian.T if self.denominator else jacobian
            parts.append(both_ways(graph, values, self.of, self.by, numerator))
        return shapes, *over_points(parts)
