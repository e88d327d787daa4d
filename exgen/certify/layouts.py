"""Gradients as printed in a layout, from gradients and Jacobians that are named in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exgen.certify.compare import (
    EXACT_TOLERANCE,
    SEED,
    check_says_something,
    compare,
    over_points,
    same_numbers,
    worst,
)
from exgen.certify.gradients import prove_value_at
from exgen.certify.points import trial_points, with_numbers
from exgen.derive.jacobian import is_denominator, local_jacobian
from exgen.document import Agreement
from exgen.engine import evaluate, gradient_name, gradients
from exgen.errors import CertificateError, MisfitError
from exgen.graph import shape_text
from exgen.shapes import shape_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.derive.factors import Factor
    from exgen.engine import Values
    from exgen.graph import Expr, Graph, Shape


@dataclass(frozen=True, slots=True)
class LayoutGradientClaim:
    """Expressions are the gradient of the loss by a name, as a layout prints it.

    Attributes:
        graph: the network.
        by: the variable.
        exprs: the printed expressions, each equal to the gradient; from names of the forward
            pass, gradients such as ``grad_z2``, and given Jacobians.
        shape: the printed shape.
        shapes: the shape of every name that ``exprs`` read, in the layout.
        layout: ``numerator``: gradients stand transposed; ``denominator``: given Jacobians do;
            ``shape``: those of scalars do.
        factors: the given Jacobians.

    """

    graph: Graph
    by: str
    exprs: tuple[Expr, ...]
    shape: Shape
    shapes: Mapping[str, Shape]
    layout: str
    factors: tuple[Factor, ...] = ()

    def prove(self) -> tuple[Agreement, ...]:
        """Compare shapes, and each expression with reverse mode and with differences."""
        for expr in self.exprs:
            check_layout_shape(expr, self.shapes, self.shape)
            check_says_something(expr, gradient_name(self.by))
        graph = with_numbers(self.graph)
        parts = [self.prove_at(graph, values) for values in trial_points(graph, SEED, self.by)]
        return Agreement("shapes", 0.0, len(self.exprs)), *over_points(parts)

    def prove_at(self, graph: Graph, values: Values) -> tuple[Agreement, Agreement]:
        """Compare each expression with reverse mode, and one of them with differences."""
        expected = gradients(graph, values)
        named = layout_values(graph, values, expected, self.layout, self.factors)
        reverse: list[Agreement] = []
        wanted = expected[self.by]
        for expr in self.exprs:
            printed = evaluate(same_numbers(expr, self.graph), named).astype(float)
            value = printed.T if self.layout == "numerator" else printed
            reverse.append(compare("reverse mode", value, wanted, EXACT_TOLERANCE))
        # All expressions agree by now, so one of them stands for the others.
        _, difference = prove_value_at(graph, self.by, value, values, wanted, limit=1)
        return worst(reverse), difference


def check_layout_shape(expr: Expr, shapes: Mapping[str, Shape], shape: Shape) -> None:
    """Infer the shape of an expression as printed, and compare it with the printed one."""
    try:
        found = shape_of(expr, shapes)
    except MisfitError as error:
        raise CertificateError(f"shapes: {error.message}") from None
    if found != shape:
        raise CertificateError(f"shapes: {shape_text(found)} is not {shape_text(shape)}")


def layout_values(
    graph: Graph, values: Values, found: Values, layout: str, factors: tuple[Factor, ...]
) -> Values:
    """Return what printed names stand for in a layout: values, gradients, given Jacobians."""
    named = dict(values)
    for name, array in found.items():
        named[gradient_name(name)] = array.T if layout == "numerator" else array
    for factor in factors:
        denominator = is_denominator(layout, graph.shapes[factor.of])
        expr = local_jacobian(graph, factor.of, factor.by, denominator=denominator)
        named[factor.name] = evaluate(expr, values).astype(float)
    return named
