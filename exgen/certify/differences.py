"""Derivatives by central differences of a function that is only ever run forwards.

This module knows nothing of graphs or gradient rules: it gets a function from arrays to arrays.
That keeps it independent of what it checks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

STEP = 1e-5
"""The step h: the error of a central difference is of order h², its rounding of order 1e-16/h."""


def directional(
    function: Callable[[NDArray[Any]], NDArray[Any]],
    at: NDArray[Any],
    direction: NDArray[Any],
) -> NDArray[Any]:
    """Return the derivative of a function along a direction, with the shape of its output.

    Args:
        function: from an array of the shape of ``at`` to an array of any shape.
        at: where to differentiate.
        direction: the change of ``at`` for which the change of the output is wanted.

    """
    # A second difference at half the step cancels the error of order h² (Richardson).
    wide, narrow = (
        (function(at + h * direction) - function(at - h * direction)) / (2 * h)
        for h in (STEP, STEP / 2)
    )
    result: NDArray[Any] = (4 * narrow - wide) / 3
    return result


def gradient(function: Callable[[NDArray[Any]], float], at: NDArray[Any]) -> NDArray[Any]:
    """Return the gradient of a scalar function entry by entry, with the shape of ``at``."""
    found = np.zeros(at.shape)
    for place in np.ndindex(at.shape):
        direction = np.zeros(at.shape)
        direction[place] = 1.0
        found[place] = directional(lambda x: np.asarray(function(x)), at, direction).item()
    return found
