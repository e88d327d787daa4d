"""Sorting: the entries of a column in order, and the permutation that puts them there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.errors import MisfitError
from exgen.graph import Call, Expr, OptionValue, Shape, is_column, shape_text
from exgen.ops.base import Op, Option, Pair, Signature, Site, Sizes, entry_of, no_entry, no_jacobian

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from exgen.printing import Printed, Printer

SIGNATURE = Signature(("x",), (Option("descending", "int", required=False),))


def _column(sizes: Sizes, shapes: tuple[Shape, ...], options: Mapping[str, OptionValue]) -> Shape:
    shape = sizes.shape(shapes[0])
    if not is_column(shape):
        raise MisfitError(f"sort takes a column vector, and this is {shape_text(shape)}")
    if options.get("descending") not in (None, 0, 1):
        raise MisfitError("'descending' is 0 or 1", "sort(x, descending=1) starts at the largest.")
    return shape


def ranks(x: NDArray[Any], descending: int | None) -> NDArray[Any]:
    """Return, for each position of the sorted column, where its entry comes from."""
    column = x[:, 0]
    return np.asarray(np.argsort(-column if descending else column, kind="stable"))


def _sort_value(x: NDArray[Any], *, descending: int | None = None) -> NDArray[Any]:
    return np.asarray(x[ranks(x, descending)])


def _permutation_value(x: NDArray[Any], *, descending: int | None = None) -> NDArray[Any]:
    return np.asarray(np.eye(x.shape[0], dtype=int)[ranks(x, descending)])


def _permutation(site: Site) -> Expr:
    return Call("permutation", site.args, (("descending", site.options.get("descending")),))


def _sort_entry(site: Site, _position: int, out: Pair, arg: Pair) -> Expr:
    return entry_of(_permutation(site), (out[0], arg[0]))


def _sort_tex(printer: Printer, args: tuple[Printed, ...], this: Call) -> Printed:
    mark = r"^{\downarrow}" if this.option("descending") else ""
    return printer.function(rf"\operatorname{{sort}}{mark}", args)


def _permutation_tex(printer: Printer, args: tuple[Printed, ...], _this: Call) -> Printed:
    return printer.marked("P", args[0].latex)


SORT = Op(
    name="sort",
    signature=SIGNATURE,
    infix=False,
    shape=_column,
    shape_why="Sorting keeps every entry, so it keeps the shape.",
    value=_sort_value,
    vjp=lambda site, g: (_permutation(site).T @ g,),
    jacobian=lambda site, _n: _permutation(site),
    entry=_sort_entry,
    why="Sorting only moves entries, as a permutation matrix does; the transpose moves the "
    "upstream gradient back.",
    tex=_sort_tex,
)

PERMUTATION = Op(
    name="permutation",
    signature=SIGNATURE,
    infix=False,
    shape=lambda sizes, shapes, options: (_column(sizes, shapes, options)[0],) * 2,
    shape_why="A permutation matrix is square.",
    value=_permutation_value,
    vjp=lambda _site, _g: (None,),
    jacobian=no_jacobian,
    entry=no_entry,
    why="As long as the order does not change, the permutation is constant, so its gradient is 0.",
    tex=_permutation_tex,
)

ROWS = (SORT, PERMUTATION)
