"""How large the terms are that cancel, and so how exactly numbers can be compared.

A gradient of 1e-240 may be right in all its digits, as in a long product, or be what rounding left
of terms that cancel. Compared to a fixed accuracy both would agree with anything, with 0 too. So a
faint gradient is compared relative to the size of the terms that it was added up from, carried
through the backward pass (first-order rounding analysis: Higham, "Accuracy and Stability of
Numerical Algorithms", 2002, chapter 3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct

from exgen.engine import backward, evaluate
from exgen.graph import Call, Derivative, Expr, Graph, Name, Number
from exgen.ops import lookup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from exgen.engine import Values

FAINT = 1e-3
"""A gradient none of whose entries is larger is compared relative to its terms."""


class Scales(Struct, frozen=True):
    """The size of what is added up.

    Attributes:
        gradient: the terms of a gradient, those of the gradients that it was made from included.
        loss: the terms of every line, each times what it weighs in the loss.

    """

    gradient: float
    loss: float


def scales(graph: Graph, values: Mapping[str, NDArray[Any]], by: str) -> Scales:
    """Return the scales of a loss and of its gradient by a name, at given values."""
    back = backward(graph)
    sizes: Values = {name: np.abs(array) for name, array in values.items()}
    signed: Values = dict(values)
    weights: Values = {}
    for name in back.order():
        expr, key = back.gradient(name), graph.gradient(name)
        weights[name] = magnitude(expr, signed, sizes)
        signed[key] = evaluate(expr, signed)
        sizes[key] = weights[name]
    loss = sum(
        float((weights[b.name] * magnitude(b.expr, signed, sizes)).sum()) for b in graph.bindings
    )
    return Scales(float(weights[by].max(initial=0.0)), loss)


def magnitude(
    expr: Expr, values: Mapping[Any, NDArray[Any]], sizes: Mapping[Any, NDArray[Any]]
) -> NDArray[Any]:
    """Return a bound for the terms that an expression adds up, in its shape.

    Args:
        expr: an expression whose sizes are all numbers.
        values: the value of every name and derivative.
        sizes: the size of each one's own terms.

    """
    match expr:
        case Name(name):
            return sizes[name]
        case Derivative():
            return sizes[expr]
        case Number(value):
            return np.full((1, 1), abs(float(value)))
        case Call("neg", (inner,)):
            return magnitude(inner, values, sizes)
        case Call("sub", args):
            left, right = (magnitude(arg, values, sizes) for arg in args)
            return np.asarray(left + right)
        case Call("div", (above, below)):
            divisor = np.abs(evaluate(below, values).astype(float))
            return np.asarray(magnitude(above, values, sizes) / divisor)
        case Call(op, args, options) if len(lookup(op).traits.linear) == len(args):
            # It only adds and multiplies, so that larger terms make a larger result.
            parts = [magnitude(arg, values, sizes) for arg in args]
            return np.asarray(lookup(op).value(*parts, **dict(options)))
    return np.asarray(np.abs(evaluate(expr, values).astype(float)))
