"""Gradients of the loss as a sheet prints them, each with the claim that proves what it prints."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from exgen.certify.gradients import GradientClaim
from exgen.derive.gradients import with_gradient_shapes
from exgen.derive.written import as_written
from exgen.document import Tex

if TYPE_CHECKING:
    from exgen.graph import Expr, Shape
    from exgen.problems.base import Setting


@dataclass(frozen=True, slots=True)
class PrintedGradient:
    """A gradient in the setting's notation.

    Attributes:
        symbol: such as ``∇_x L`` or ``∂L/∂x``.
        latex: its expression.
        expr: the same as an expression, in the layout.
        shape: its shape in the layout.
        claim: what has to be proven: the printed expression, in the printed layout.

    """

    symbol: Tex
    latex: Tex
    expr: Expr
    shape: Shape
    claim: GradientClaim


def printed_gradient(setting: Setting, by: str, gradient: Expr) -> PrintedGradient:
    """Return a gradient as the setting's notation writes it.

    Args:
        setting: network and notation.
        by: the variable.
        gradient: a step or a closed form from :func:`exgen.derive.gradients.derive_gradients`.

    """
    graph, notation = setting.graph, setting.notation
    found = as_written(gradient, by, graph, notation)
    shapes = with_gradient_shapes(graph, numerator=found.numerator)
    printer = replace(setting.printer, shapes=shapes)
    return PrintedGradient(
        symbol=Tex(printer.derivative(graph.loss, by)),
        latex=Tex(printer(found.expr)),
        expr=found.expr,
        shape=found.shape,
        claim=GradientClaim(graph, by, found.expr, found.shape, found.numerator),
    )
