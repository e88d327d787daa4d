"""Numbers: the value of a name, or of a gradient, at given leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.certify import differences
from exgen.certify.compare import (
    DIFFERENCE_TOLERANCE,
    EXACT_TOLERANCE,
    as_function,
    compare,
)
from exgen.engine import Values, forward, gradients

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from numpy.typing import NDArray

    from exgen.document import Agreement
    from exgen.graph import Graph


@dataclass(frozen=True, slots=True)
class ForwardClaim:
    """A name has a value in a forward pass.

    Attributes:
        graph: the network, its sizes numbers.
        leaves: an array for each leaf: exact fractions, or floats.
        name: whose value it is.
        value: the value as printed, before rounding.
        digits: how many decimals are printed; None where fractions stand exactly.

    """

    graph: Graph
    leaves: Mapping[str, NDArray[Any]]
    name: str
    value: NDArray[Any]
    digits: int | None = None

    def prove(self) -> tuple[Agreement, ...]:
        """Run the pass in floats, and again in exact fractions."""
        expected = self.value.astype(float)
        run = forward(self.graph, floats(self.leaves))[self.name]
        exact = forward(self.graph, self.leaves, exact=True)[self.name]
        return (
            compare("float forward pass", run, expected, EXACT_TOLERANCE),
            compare("exact fractions", exact.astype(float), expected, EXACT_TOLERANCE),
        )


@dataclass(frozen=True, slots=True)
class GradientValueClaim:
    """The gradient of the loss by a name has a value at given leaves.

    Attributes:
        graph: the network, its sizes numbers; its loss carries the upstream gradient.
        leaves: an array for each leaf: exact fractions, or floats.
        by: the variable.
        value: the gradient in the variable's shape, before rounding.
        digits: how many decimals are printed; None where fractions stand exactly.
        layout: of the notation where the page follows it; ``shape`` where it prints the
            variable's shape.
        rate: where it is given, ``value`` is that of the variable after a step of gradient
            descent with this rate.

    """

    graph: Graph
    leaves: Mapping[str, NDArray[Any]]
    by: str
    value: NDArray[Any]
    digits: int | None = None
    layout: str = "shape"
    rate: Decimal | None = None

    def prove(self) -> tuple[Agreement, ...]:
        """Compare with reverse mode in floats, and with differences entry by entry."""
        expected = self.value.astype(float)
        values = forward(self.graph, floats(self.leaves))
        if self.rate is not None:
            expected = (values[self.by] - expected) / float(self.rate)
        reverse = gradients(self.graph, values)[self.by]
        run = as_function(self.graph, values, self.by, self.graph.loss)
        entries = differences.gradient(lambda x: run(x).item(), values[self.by])
        return (
            compare("reverse mode", reverse, expected, EXACT_TOLERANCE),
            compare("differences", entries, expected, DIFFERENCE_TOLERANCE),
        )


def floats(arrays: Mapping[str, NDArray[Any]]) -> Values:
    """Return arrays of exact fractions as floats."""
    return {name: np.asarray(array, dtype=float) for name, array in arrays.items()}
