"""What is asked of a network: the value of a name, or the derivative of one name by another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exgen.certify import differences
from exgen.certify.compare import as_function
from exgen.derive.jacobian import is_turned
from exgen.errors import CertificateError
from exgen.graph import (
    Binding,
    Derivative,
    Graph,
    Leaf,
    Name,
    derivatives_in,
    is_scalar,
    names_in,
)
from exgen.shapes import Shapes, shape_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from numpy.typing import NDArray

    from exgen.engine import Values
    from exgen.graph import Expr, Shape


@dataclass(frozen=True, slots=True)
class Quantity:
    """The value of ``of``, or its derivative by ``by``: an array with an axis for each index.

    The value has two axes. A derivative has those of its function and then those of its variable;
    that of a scalar has the variable's alone. With a ``rate``, a number or the name of a leaf, it
    is what ``by`` becomes in one step of gradient descent on ``of``. With a ``count`` it is how
    many numbers these names hold.
    """

    of: str = ""
    by: str = ""
    rate: Decimal | str | None = None
    count: tuple[str, ...] = ()

    def rate_at(self, values: Values) -> float:
        """Return the rate of a step, where the leaves have these values."""
        rate = values[self.rate].item() if isinstance(self.rate, str) else self.rate
        return float(rate if rate is not None else 0)

    @property
    def symbol(self) -> Name | Derivative | None:
        """What stands for it in an expression that reads it; None where nothing can."""
        if self.rate is not None:
            return None
        return Derivative(self.of, self.by) if self.by else Name(self.of)

    def axes(self, graph: Graph) -> Shape:
        """Return the size of each axis."""
        whole = Derivative(self.of, self.by) if self.by else Name(self.of)
        return Shapes(graph.shapes).axes(whole)

    def shape(self, graph: Graph, layout: str) -> Shape:
        """Return the rows and columns in which a layout prints it.

        Raises:
            MisfitError: it has more than two indices, so it is no matrix.

        """
        whole = self.symbol
        if not isinstance(whole, Derivative):
            return graph.shapes[self.by or self.of]
        rows, columns = shape_of(whole, graph.shapes)
        return (columns, rows) if is_turned(whole, graph.shapes, layout) else (rows, columns)


def known_values(graph: Graph, values: Values, slopes: Values, read: Iterable[Expr]) -> Values:
    """Return what expressions can read: names, gradients, and derivatives of single lines.

    Args:
        graph: the network, its sizes numbers.
        values: of the names.
        slopes: the gradients of the loss, each in the shape of its variable.
        read: the expressions. What they have of derivatives of lines comes from differences that
            run their own line alone, so no rule of an op decides what they are. Without
            ``slopes``, so does what they have of gradients, from the whole forward pass.

    """
    known = {**values, **{graph.gradient(name): array for name, array in slopes.items()}}
    for symbol in frozenset[Derivative]().union(*map(derivatives_in, read)) - known.keys():
        known[symbol] = _by_differences(graph, values, symbol)
    return known


def _by_differences(graph: Graph, values: Values, symbol: Derivative) -> NDArray[np.float64]:
    """Return a derivative: of a scalar, of a column by a column, or else with all four axes."""
    expr, at = graph.expr(symbol.of), values[symbol.by].astype(float)
    if symbol.of != graph.loss or not is_scalar(graph.shapes[graph.loss]):
        if expr is None or symbol.by not in names_in(expr):
            raise CertificateError(f"the line of '{symbol.of}' does not read '{symbol.by}'")
        leaves = (Leaf(name, "const", graph.shapes[name], 2) for name in sorted(names_in(expr)))
        line = Binding(symbol.of, expr)
        graph = Graph(tuple(leaves), (line,), graph.shapes, symbol.of)
    run = as_function(graph, values, symbol.by, symbol.of)
    entries = [differences.directional(run, at, unit) for unit in units(at.shape)]
    found = np.stack(entries, axis=-1)
    found = found.reshape(*found.shape[:2], *at.shape)
    if found.shape[:2] == (1, 1):
        return np.asarray(found[0, 0])
    return np.asarray(found[:, 0, :, 0]) if found.shape[1::2] == (1, 1) else found


def units(shape: tuple[int, ...]) -> list[NDArray[np.float64]]:
    """Return the arrays of a shape with a single 1 in them."""
    eye = np.eye(int(np.prod(shape)))
    return [row.reshape(shape) for row in eye]
