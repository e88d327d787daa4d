"""Equality: a vectorised expression and an index form say the same, entry by entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exgen.certify.compare import (
    EXACT_TOLERANCE,
    SEED,
    check_says_something,
    check_shape,
    compare,
    over_points,
    same_numbers,
)
from exgen.certify.everywhere import everywhere
from exgen.certify.gradients import prove_value_at, with_gradients
from exgen.certify.points import trial_points, with_numbers
from exgen.engine import evaluate, gradient_name, gradients
from exgen.graph import is_scalar

if TYPE_CHECKING:
    from exgen.document import Agreement
    from exgen.engine import Values
    from exgen.graph import Expr, Graph, Index, Shape


@dataclass(frozen=True, slots=True)
class EqualityClaim:
    """Every entry of ``expr`` is what ``entry`` says, and both are the value of a name.

    Attributes:
        graph: the network.
        name: the line, or the gradient such as ``grad_W2``, that both stand for.
        expr: the vectorised expression, as printed.
        entry: the index form, as printed; a scalar over the indices.
        index: the letters of the row and the column in ``entry``; 0 along an axis of length 1.
        shape: the printed shape.
        numerator: whether ``expr`` is in numerator layout: it is the transpose of the value, and
            so is every gradient that it reads.

    """

    graph: Graph
    name: str
    expr: Expr
    entry: Expr
    index: tuple[Index, Index]
    shape: Shape
    numerator: bool = False

    def prove(self) -> tuple[Agreement, ...]:
        """Evaluate both sides at every entry, and compare them with a run of the network."""
        known = with_gradients(self.graph, numerator=self.numerator)
        shapes = check_shape(self.expr, known, self.shape)
        check_says_something(self.expr, self.name)
        graph = with_numbers(self.graph)
        by = self.name.removeprefix(gradient_name(""))
        parts = [self.prove_at(graph, values) for values in trial_points(graph, SEED, by)]
        return shapes, *over_points(parts)

    def prove_at(self, graph: Graph, point: Values) -> tuple[Agreement, ...]:
        """Compare at one point of the leaves; a gradient also with differences."""
        values = dict(point)
        if is_scalar(graph.shapes[graph.loss]):
            found = gradients(graph, values)
            values |= {gradient_name(name): array for name, array in found.items()}
        expr = same_numbers(self.expr, self.graph)
        if self.numerator:
            turned = {name: array.T for name, array in values.items() if name not in graph.shapes}
            printed = evaluate(expr, {**values, **turned}).astype(float).T
        else:
            printed = evaluate(expr, values).astype(float)
        expected = values[self.name]
        entry = same_numbers(self.entry, self.graph)
        ranges = {
            letter: size
            for letter, size in zip(self.index, expected.shape, strict=True)
            if isinstance(letter, str)
        }
        by_index = everywhere(entry, values, ranges).reshape(expected.shape)
        index_form = compare("index form", printed, by_index, EXACT_TOLERANCE)
        by = self.name.removeprefix(gradient_name(""))
        if by == self.name:
            run = compare("forward pass", printed, expected, EXACT_TOLERANCE)
            return index_form, run
        return index_form, *prove_value_at(graph, by, printed, point, expected, limit=1)
