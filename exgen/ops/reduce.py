"""Sums and means over all entries, or along one axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.graph import (
    ONE,
    SCALAR,
    Call,
    Delta,
    Expr,
    Number,
    OptionValue,
    Pair,
    Shape,
    as_expr,
    call,
    is_column,
    size_as_number,
)
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
    named,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from exgen.printing import Printed, Printer


def _shape(sizes: Sizes, shapes: ArgShapes, options: Given) -> Shape:
    shape = sizes.shape(shapes[0])
    if options.get("axis") is None:
        return SCALAR
    return (ONE, shape[1]) if axis_option(options) == 0 else (shape[0], ONE)


def count(shape: Shape, axis: OptionValue) -> Expr:
    """Return how many entries are summed into one, as an expression."""
    if axis is not None:
        return size_as_number(shape[0 if axis == 0 else 1])
    rows, columns = (size_as_number(dim) for dim in shape)
    if isinstance(rows, Number) and isinstance(columns, Number):
        return Number(rows.value * columns.value)
    return rows if columns == as_expr(1) else rows * columns


def spread(total: Expr, shape: Shape, axis: OptionValue) -> Expr:
    """Return what was added up, along an axis or of all entries, at each entry of a shape."""
    rows, columns = shape
    if axis is None:
        return total * call("ones", rows=rows, columns=columns)
    if axis == 0:
        return call("ones", rows=rows, columns=ONE) @ total
    return total @ call("ones", rows=ONE, columns=columns)


def _row_of_ones(site: Site) -> Expr | None:
    if not (is_column(site.shapes[0]) and site.options.get("axis") in (None, 0)):
        return None
    return call("ones", rows=ONE, columns=site.shapes[0][0])


def _same_line(site: Site, out: Pair, arg: Pair) -> Expr:
    axis = site.options.get("axis")
    if axis is None:
        return as_expr(1)
    kept = 1 if axis == 0 else 0
    return as_expr(1) if out[kept] == arg[kept] else Delta(out[kept], arg[kept])


def _reduction(
    name: str, value: Callable[[NDArray[Any], int | None], NDArray[Any]], why: str, *, mean: bool
) -> Op:
    def share(site: Site) -> Expr:
        entries = count(site.shapes[0], site.options.get("axis"))
        return Number(1 / entries.value) if isinstance(entries, Number) else 1 / entries

    def vjp(site: Site, upstream: Expr) -> tuple[Expr | None, ...]:
        each = spread(upstream, site.shapes[0], site.options.get("axis"))
        return (each * share(site) if mean else each,)

    def jacobian(site: Site, _position: int) -> Expr | None:
        row = _row_of_ones(site)
        return row if row is None or not mean else share(site) * row

    def entry(site: Site, _position: int, out: Pair, arg: Pair) -> Expr:
        line = _same_line(site, out, arg)
        return share(site) * line if mean else line

    def evaluate(a: NDArray[Any], *, axis: int | None = None) -> NDArray[Any]:
        return value(a, axis)

    def tex(printer: Printer, args: tuple[Printed, ...], this: Call) -> Printed:
        return printer.summed(args[0], this, mean=mean)

    return Op(
        name=name,
        signature=Signature(("a",), (AXIS,)),
        sign="",
        shape=_shape,
        shape_why="A sum of all entries is a scalar; a sum along one axis leaves size 1 there.",
        value=evaluate,
        vjp=vjp,
        jacobian=jacobian,
        entry=entry,
        why=why,
        tex=tex,
        formula=lambda _m, a: a,
        definition=None,
        traits=Traits(linear=(0,)),
        words=named(name),
    )


def _sum(a: NDArray[Any], axis: int | None = None) -> NDArray[Any]:
    return np.asarray(a.sum(axis=axis, keepdims=True), dtype=object if exact(a) else None)


def _mean(a: NDArray[Any], axis: int | None = None) -> NDArray[Any]:
    entries = a.size if axis is None else a.shape[axis]
    return _sum(a, axis) / entries


SUM = _reduction(
    "sum", _sum, "The derivative of a sum with respect to each of its entries is 1.",
    mean=False,
)  # fmt: skip
MEAN = _reduction(
    "mean",
    _mean,
    "The derivative of a mean with respect to each of its entries is one over their number.",
    mean=True,
)

ROWS = (SUM, MEAN)
