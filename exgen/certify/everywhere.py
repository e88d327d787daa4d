"""Index forms at all positions at once: every index is an axis of its own.

This is a second evaluator for index forms, beside :func:`exgen.engine.evaluate`, which takes one
position at a time. A derivation has thousands of positions, so it needs arrays.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.engine import evaluate
from exgen.errors import CertificateError
from exgen.graph import Call, Delta, Derivative, Entry, Expr, Index, Name, Number, SumOver, walk
from exgen.ops import lookup
from exgen.ops.base import size_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

NO_RANKS: Mapping[str, tuple[NDArray[Any], Index]] = {}
MAX_PLACES = 10_000_000
"""More positions than this are not tried at once: it would take all memory."""


def everywhere(
    expr: Expr,
    values: Mapping[Any, NDArray[Any]],
    ranges: Mapping[str, int],
    ranks: Mapping[str, tuple[NDArray[Any], Index]] = NO_RANKS,
) -> NDArray[Any]:
    """Return the value of an index form at all positions of its free indices.

    Args:
        expr: a scalar over entries, whose sizes are all numbers.
        values: what it reads, as :func:`exgen.certify.quantity.known_values` has it.
        ranges: how far each free index runs.
        ranks: indices that another one decides: what it is for each of that one's positions.

    Returns:
        An array with one axis for each free index, in the order of ``ranges``.

    Raises:
        CertificateError: there are too many positions.

    """
    sizes = dict(ranges)
    for part in walk(expr):
        if isinstance(part, SumOver):
            sizes[part.index] = size_of(part.size)
    if prod(sizes.values()) > MAX_PLACES:
        raise CertificateError(
            f"{prod(sizes.values())} positions are too many to try", remedy="Use smaller sizes."
        )
    axes = {
        letter: np.arange(size).reshape([-1 if n == axis else 1 for n in range(len(sizes))])
        for axis, (letter, size) in enumerate(sizes.items())
    }
    axes |= {
        name: table[axes[of] if isinstance(of, str) else np.full([1] * len(sizes), of)]
        for name, (table, of) in ranks.items()
    }
    with np.errstate(all="ignore"):
        found = _at(expr, values, axes, tuple(sizes))
    shape = [*ranges.values(), *([1] * (len(sizes) - len(ranges)))]
    return np.broadcast_to(found, shape).reshape(list(ranges.values()))


def _at(
    expr: Expr,
    values: Mapping[Any, NDArray[Any]],
    axes: Mapping[str, NDArray[Any]],
    order: tuple[str, ...],
) -> NDArray[Any]:

    def place(index: Index) -> NDArray[Any]:
        return (
            np.asarray(index).reshape([1] * len(order)) if isinstance(index, int) else axes[index]
        )

    match expr:
        case Number(value):
            return np.full([1] * len(order), float(value))
        case Name() | Derivative() if (whole := evaluate(expr, values)).size == 1:
            return np.full([1] * len(order), float(whole.item()))
        case Entry(of, indices):
            whole = evaluate(of, values)
            # what is kept as a matrix is the derivative of a column by a column
            whole = whole[:, None, :, None] if whole.ndim < len(indices) else whole
            return np.asarray(whole[tuple(map(place, indices))])
        case Delta(left, right):
            return np.asarray(place(left) == place(right)).astype(float)
        case SumOver(index, _, body, but):
            inner = _at(body, values, axes, order)
            if but is not None:
                inner = np.where(axes[index] == place(but), 0.0, inner)
            axis = order.index(index)
            full = [axes[index].size if n == axis else size for n, size in enumerate(inner.shape)]
            return np.asarray(np.broadcast_to(inner, full).sum(axis=axis, keepdims=True))
        case Call(op, args, options):
            parts = [_at(arg, values, axes, order) for arg in args]
            return np.asarray(lookup(op).value(*parts, **dict(options))).astype(float)
    raise CertificateError(f"{type(expr).__name__} cannot stand in an index form")
