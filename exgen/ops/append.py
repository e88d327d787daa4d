"""The constant 1 appended to a vector, which folds a bias into the weights."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.graph import ONE, Shape, call
from exgen.ops.assemble import CONCAT
from exgen.ops.base import (
    AXIS,
    ArgShapes,
    Given,
    Op,
    Signature,
    Site,
    Sizes,
    Traits,
    axis_option,
    exact,
    features_axis,
    named,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _one(a: NDArray[Any], axis: int) -> NDArray[Any]:
    # As a fraction among fractions: an integer's powers and quotients would be floats.
    one = Fraction(1) if exact(a) else 1.0
    return np.full((1, a.shape[1]) if axis == 0 else (a.shape[0], 1), one)


def _with_one(name: str, *, first: bool) -> Op:
    where = "front" if first else "end"
    position = int(first)

    def value(a: NDArray[Any], *, axis: int | None = None) -> NDArray[Any]:
        one = _one(a, axis or 0)
        return np.concatenate([one, a] if first else [a, one], axis=axis or 0)

    def shape(sizes: Sizes, shapes: ArgShapes, options: Given) -> Shape:
        before = sizes.shape(shapes[0])
        axis = features_axis(before, options, name)
        grown = before[axis] + ONE
        return (grown, before[1]) if axis == 0 else (before[0], grown)

    def stacked(site: Site) -> Site:
        """Return the same as a stack with ones, which has the same derivatives."""
        rows, columns = shape = site.shapes[0]
        line = (ONE, columns) if axis_option(site.options) == 0 else (rows, ONE)
        ones = call("ones", rows=line[0], columns=line[1])
        parts = ((site.args[0], shape), (ones, line))
        args, shapes = zip(*(reversed(parts) if first else parts), strict=True)
        return Site(site.out, site.out_shape, args, shapes, site.options)

    return Op(
        name=name,
        signature=Signature(("a",), (AXIS,)),
        sign="",
        shape=shape,
        shape_why=f"A constant 1 at the {where} adds one entry.",
        value=value,
        vjp=lambda site, g: (CONCAT.vjp(stacked(site), g)[position],),
        jacobian=lambda site, _n: CONCAT.jacobian(stacked(site), position),
        entry=lambda site, _n, out, arg: CONCAT.entry(stacked(site), position, out, arg),
        why=(
            f"The entries are copied, so their derivatives form an identity; the 1 at the {where} "
            "is a constant, so its derivatives are 0."
        ),
        tex=lambda printer, args, this: printer.with_one(args[0], this, first=first),
        formula=None,
        definition=None,
        traits=Traits(needs_axis=True),
        words=named(name),
    )


APPEND_ONE = _with_one("append_one", first=False)
PREPEND_ONE = _with_one("prepend_one", first=True)

ROWS = (APPEND_ONE, PREPEND_ONE)
