"""The constant 1 appended to a vector, which folds a bias into the weights."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.graph import ONE, Delta, Dim, Expr, OptionValue, Shape, call, is_column
from exgen.ops.assemble import selection
from exgen.ops.base import (
    AXIS,
    PLAIN,
    Op,
    Pair,
    Signature,
    Site,
    Sizes,
    axis_option,
    entry_of,
    exact,
    features_axis,
    named,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


def _one(a: NDArray[Any], axis: int) -> NDArray[Any]:
    # As a fraction among fractions: an integer's powers and quotients would be floats.
    one = Fraction(1) if exact(a) else 1.0
    return np.full((1, a.shape[1]) if axis == 0 else (a.shape[0], 1), one)


def _with_one(name: str, *, first: bool) -> Op:
    skip, drop = (ONE, Dim(0)) if first else (Dim(0), ONE)
    where = "front" if first else "end"

    def value(a: NDArray[Any], *, axis: int | None = None) -> NDArray[Any]:
        one = _one(a, axis or 0)
        return np.concatenate([one, a] if first else [a, one], axis=axis or 0)

    def shape(sizes: Sizes, shapes: tuple[Shape, ...], options: Mapping[str, OptionValue]) -> Shape:
        before = sizes.shape(shapes[0])
        axis = features_axis(before, options, name)
        grown = before[axis] + ONE
        return (grown, before[1]) if axis == 0 else (before[0], grown)

    def vjp(site: Site, upstream: Expr) -> tuple[Expr | None, ...]:
        axis = axis_option(site.options)
        return (call("slice", upstream, skip=skip, drop=drop, axis=axis),)

    def jacobian(site: Site, _position: int) -> Expr | None:
        if not is_column(site.out_shape) or axis_option(site.options) != 0:
            return None
        return selection(skip, site.shapes[0][0], drop).T

    def entry(site: Site, _position: int, out: Pair, arg: Pair) -> Expr:
        axis = axis_option(site.options)
        size = site.shapes[0][axis]
        chosen = entry_of(selection(skip, size, drop), (arg[axis], out[axis]))
        other = 1 - axis
        return chosen if out[other] == arg[other] else chosen * Delta(out[other], arg[other])

    return Op(
        name=name,
        signature=Signature(("a",), (AXIS,)),
        sign="",
        shape=shape,
        shape_why=f"A constant 1 at the {where} adds one entry.",
        value=value,
        vjp=vjp,
        jacobian=jacobian,
        entry=entry,
        why=(
            f"The entries are copied, so their derivatives form an identity; the 1 at the {where} "
            "is a constant, so its derivatives are 0."
        ),
        tex=lambda printer, args, this: printer.with_one(args[0], this, first=first),
        formula=None,
        definition=None,
        traits=replace(PLAIN, needs_axis=True),
        words=named(name),
    )


APPEND_ONE = _with_one("append_one", first=False)
PREPEND_ONE = _with_one("prepend_one", first=True)

ROWS = (APPEND_ONE, PREPEND_ONE)
