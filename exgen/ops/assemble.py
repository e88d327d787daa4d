"""Taking arrays apart and putting them together: entries, stretches, stacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from exgen.errors import MisfitError
from exgen.graph import (
    ONE,
    SCALAR,
    Dim,
    Expr,
    Pair,
    Shape,
    call,
    is_column,
    shape_text,
)
from exgen.ops.base import (
    AXIS,
    ArgShapes,
    Given,
    Op,
    Option,
    Signature,
    Site,
    Sizes,
    Traits,
    along,
    axis_option,
    both,
    dim_option,
    entry_of,
    named,
    size_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


def minus(left: Dim, right: Dim) -> Dim | None:
    """Return the difference of two sizes, or None where names do not cancel."""
    names = list(left.names)
    for name in right.names:
        if name not in names:
            return None
        names.remove(name)
    return Dim(left.constant - right.constant, tuple(names))


# --- one entry ---


def _item_shape(sizes: Sizes, shapes: ArgShapes, options: Given) -> Shape:
    shape = sizes.shape(shapes[0])
    if options["column"] is None and not is_column(shape):
        raise MisfitError(
            f"one position does not pick an entry of {shape_text(shape)}",
            "A matrix takes two, such as X[0, 2].",
        )
    for dim, name in zip(shape, ("row", "column"), strict=True):
        position = options[name]
        if isinstance(position, int) and dim.is_number and position >= dim.constant:
            raise MisfitError(
                f"there is no entry {position}: the size is {dim}", "Positions count from 0."
            )
    return SCALAR


def _picked(site: Site) -> tuple[int, int]:
    row, column = (site.options[name] for name in ("row", "column"))
    return row if isinstance(row, int) else 0, column if isinstance(column, int) else 0


def _item_value(a: NDArray[Any], *, row: int, column: int | None = None) -> NDArray[Any]:
    column = column or 0
    if row >= a.shape[0] or column >= a.shape[1]:
        # A size that was symbolic when the shapes were checked may turn out too small.
        raise MisfitError(f"there is no entry [{row}, {column}] in {a.shape[0]} x {a.shape[1]}")
    return a[row : row + 1, column : column + 1]


def _item_vjp(site: Site, upstream: Expr) -> tuple[Expr | None, ...]:
    row, column = _picked(site)
    rows, columns = site.shapes[0]
    place: Expr = call("unit", size=rows, position=row)
    if columns != ONE:
        place = place @ call("unit", size=columns, position=column).T
    return (upstream * place,)


def _item_jacobian(site: Site, _position: int) -> Expr | None:
    if not is_column(site.shapes[0]):
        return None
    return call("unit", size=site.shapes[0][0], position=_picked(site)[0]).T


ITEM = Op(
    name="item",
    signature=Signature(
        ("a",), (Option("row", "int", required=True), Option("column", "int", required=False))
    ),
    sign="[i]",
    shape=_item_shape,
    shape_why="One entry is a scalar.",
    value=_item_value,
    vjp=_item_vjp,
    jacobian=_item_jacobian,
    entry=lambda site, _n, _out, arg: both(_picked(site), arg),
    why="The derivative is 1 with respect to the entry that is picked, and 0 otherwise.",
    tex=lambda printer, args, this: printer.picked(args[0], this),
    formula=None,
    definition=None,
    traits=Traits(linear=(0,)),
    words=named("item"),
)

# --- stretches and stacks ---


def _slice_shape(sizes: Sizes, shapes: ArgShapes, options: Given) -> Shape:
    axis, shape = axis_option(options), sizes.shape(shapes[0])
    skip, drop = dim_option(options, "skip"), dim_option(options, "drop")
    left = minus(shape[axis], skip + drop)
    if left is None or (left.is_number and left.constant < 1):
        raise MisfitError(f"cannot take {skip} + {drop} entries off a size of {shape[axis]}")
    return (left, shape[1]) if axis == 0 else (shape[0], left)


def _slice_value(a: NDArray[Any], *, skip: Dim, drop: Dim, axis: int | None = None) -> NDArray[Any]:
    size = a.shape[axis or 0]
    start, stop = size_of(skip), size - size_of(drop)
    if start >= stop:
        raise MisfitError(f"cannot take {skip} + {drop} entries off a size of {size}")
    return a[:, start:stop] if axis == 1 else a[start:stop]


def block(parts: tuple[Expr | None, ...], axis: int) -> Expr:
    """Stack the parts that are there, from the first to the last."""
    present = [part for part in parts if part is not None]
    stacked = present[-1]
    for part in reversed(present[:-1]):
        stacked = call("concat", part, stacked, axis=axis)
    return stacked


def _padding(rows: Dim, columns: Dim) -> Expr | None:
    if Dim(0) in (rows, columns):
        return None
    return call("zeros", rows=rows, columns=columns)


def _slice_vjp(site: Site, upstream: Expr) -> tuple[Expr | None, ...]:
    axis = axis_option(site.options)
    skip, drop = dim_option(site.options, "skip"), dim_option(site.options, "drop")
    other = site.out_shape[1 - axis]

    def pad(dim: Dim) -> Expr | None:
        return _padding(dim, other) if axis == 0 else _padding(other, dim)

    return (block((pad(skip), upstream, pad(drop)), axis),)


def selection(skip: Dim, keep: Dim, drop: Dim) -> Expr:
    """Return ``[0 I 0]``, which keeps the middle entries of a column."""
    identity = call("identity", size=keep)
    return block((_padding(keep, skip), identity, _padding(keep, drop)), axis=1)


class Moved(NamedTuple):
    """The Jacobian and the index form of an op that moves entries along an axis."""

    matrix: Callable[[Site, int], Expr]
    """For each entry of the output along the axis, which entry of an argument it is: 0 or 1."""

    def jacobian(self, site: Site, position: int) -> Expr | None:
        """Return the matrix, of columns that are moved along the column."""
        along_it = is_column(site.out_shape) and axis_option(site.options) == 0
        return self.matrix(site, position) if along_it else None

    def entry(self, site: Site, position: int, out: Pair, arg: Pair) -> Expr:
        """Return an entry of the matrix: the index form of a position that is shifted."""
        axis = axis_option(site.options)
        chosen = entry_of(self.matrix(site, position), (out[axis], arg[axis]))
        return along(axis, chosen, out, arg)


def _sliced(site: Site, _position: int) -> Expr:
    skip, drop = dim_option(site.options, "skip"), dim_option(site.options, "drop")
    return selection(skip, site.out_shape[axis_option(site.options)], drop)


SLICE = Op(
    name="slice",
    signature=Signature(
        ("a",),
        (Option("skip", "dim", required=True), Option("drop", "dim", required=True), AXIS),
    ),
    sign="[:]",
    shape=_slice_shape,
    shape_why="The entries that are kept give the shape.",
    value=_slice_value,
    vjp=_slice_vjp,
    jacobian=Moved(_sliced).jacobian,
    entry=Moved(_sliced).entry,
    why="The derivative is 1 with respect to each entry that is kept, and 0 otherwise.",
    tex=lambda printer, args, this: printer.sliced(args[0], this),
    formula=None,
    definition=None,
    traits=Traits(linear=(0,)),
    words=named("slice"),
)


def _concat_shape(sizes: Sizes, shapes: ArgShapes, options: Given) -> Shape:
    axis = axis_option(options)
    first, second = (sizes.shape(shape) for shape in shapes)
    if not sizes.same(first[1 - axis], second[1 - axis]):
        raise MisfitError(
            f"cannot stack {shape_text(first)} and {shape_text(second)} along axis {axis}",
            "The sizes along the other axis must be equal.",
        )
    total = first[axis] + second[axis]
    return sizes.shape((total, first[1]) if axis == 0 else (first[0], total))


def _concat_vjp(site: Site, upstream: Expr) -> tuple[Expr | None, ...]:
    axis = axis_option(site.options)
    first, second = (shape[axis] for shape in site.shapes)
    none = Dim(0)
    return (
        call("slice", upstream, skip=none, drop=second, axis=axis),
        call("slice", upstream, skip=first, drop=none, axis=axis),
    )


def _stacked(site: Site, position: int) -> Expr:
    first, second = (shape[axis_option(site.options)] for shape in site.shapes)
    none = Dim(0)
    return (selection(first, second, none) if position else selection(none, first, second)).T


CONCAT = Op(
    name="concat",
    signature=Signature(("a", "b"), (AXIS,)),
    sign="",
    shape=_concat_shape,
    shape_why="Stacking adds the sizes along its axis.",
    value=lambda a, b, *, axis=None: np.concatenate([a, b], axis=axis or 0),
    vjp=_concat_vjp,
    jacobian=Moved(_stacked).jacobian,
    entry=Moved(_stacked).entry,
    why="Each part is copied to its own rows or columns, so its gradient is that block.",
    tex=lambda printer, _args, this: printer.blocks(this),
    formula=None,
    definition=None,
    traits=Traits(linear=(0, 1)),
    words=named("concat"),
)


ROWS = (ITEM, SLICE, CONCAT)
