"""What is asked of a network: the value of a name, or the derivative of one name by another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exgen.certify import differences
from exgen.certify.compare import as_function
from exgen.derive.factors import Factor
from exgen.derive.gradients import with_gradient_shapes
from exgen.derive.jacobian import is_denominator
from exgen.engine import Values, gradient_name
from exgen.errors import CertificateError, MisfitError
from exgen.graph import is_column, is_scalar, names_in

if TYPE_CHECKING:
    from decimal import Decimal

    from numpy.typing import NDArray

    from exgen.graph import Graph, Shape


@dataclass(frozen=True, slots=True)
class Quantity:
    """The value of ``of``, or its derivative by ``by``: an array with an axis for each index.

    The value has two axes. A derivative has those of its function and then those of its variable;
    that of a scalar has the variable's alone. With a ``rate`` it is what ``by`` becomes in one step
    of gradient descent on ``of``.
    """

    of: str
    by: str = ""
    rate: Decimal | None = None

    def called(self, graph: Graph) -> str:
        """Return what an expression that reads it calls it; "" where none can."""
        if self.rate is not None:
            return ""
        if not self.by:
            return self.of
        return gradient_name(self.by) if self.of == graph.loss else Factor(self.of, self.by).name

    def axes(self, graph: Graph) -> Shape:
        """Return the size of each axis."""
        own = graph.shapes[self.of]
        if not self.by:
            return own
        return graph.shapes[self.by] if is_scalar(own) else own + graph.shapes[self.by]

    def shape(self, graph: Graph, layout: str) -> Shape:
        """Return the rows and columns in which a layout prints it.

        Raises:
            MisfitError: it has more than two indices, so it is no matrix.

        """
        own = graph.shapes[self.of]
        if not self.by:
            return own
        arg = graph.shapes[self.by]
        if self.rate is not None:
            return arg
        if is_scalar(own):
            rows, columns = arg
        elif is_column(own) and is_column(arg):
            rows, columns = arg[0], own[0]
        else:
            raise MisfitError(f"the derivative of '{self.of}' by '{self.by}' is no matrix")
        return (rows, columns) if is_denominator(layout, own) else (columns, rows)


def printed_shapes(graph: Graph, layout: str, factors: tuple[Factor, ...] = ()) -> dict[str, Shape]:
    """Return the shapes, in a layout, of names, of gradients and of given Jacobians."""
    known = with_gradient_shapes(graph, numerator=layout == "numerator")
    for factor in factors:
        known[factor.name] = Quantity(factor.of, factor.by).shape(graph, layout)
    return known


def printed_values(
    graph: Graph, values: Values, slopes: Values, layout: str, factors: tuple[Factor, ...] = ()
) -> Values:
    """Return what can be read, in a layout.

    Args:
        graph: the network, its sizes numbers.
        values: of the names.
        slopes: the gradients of the loss, each in the shape of its variable.
        layout: as a notation has it.
        factors: given Jacobians. They come from differences that run their own line alone, so no
            rule of an op decides what they are.

    """
    turned = layout == "numerator"
    known = dict(values)
    known |= {gradient_name(name): a.T if turned else a for name, a in slopes.items()}
    for factor in factors:
        jacobian = _by_differences(graph, values, factor)
        denominator = is_denominator(layout, graph.shapes[factor.of])
        known[factor.name] = jacobian.T if denominator else jacobian
    return known


def _by_differences(graph: Graph, values: Values, factor: Factor) -> NDArray[np.float64]:
    """Return the Jacobian of a line by a name that it reads: rows of the line's entries."""
    expr = graph.expr(factor.of)
    if expr is None or factor.by not in names_in(expr):
        raise CertificateError(f"the line of '{factor.of}' does not read '{factor.by}'")
    run, at = as_function(graph, values, factor.by, factor.of), values[factor.by].astype(float)
    columns = [differences.directional(run, at, unit).reshape(-1) for unit in units(at.shape)]
    return np.stack(columns, axis=1)


def units(shape: tuple[int, ...]) -> list[NDArray[np.float64]]:
    """Return the arrays of a shape with a single 1 in them."""
    eye = np.eye(int(np.prod(shape)))
    return [row.reshape(shape) for row in eye]
