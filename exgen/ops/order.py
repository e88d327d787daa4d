"""Sorting: the entries of a column in order, and the permutation that puts them there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.errors import MisfitError
from exgen.graph import Call, Expr, Shape, is_column, shape_text
from exgen.ops.assemble import Moved
from exgen.ops.base import (
    ArgShapes,
    Given,
    Op,
    Option,
    Signature,
    Site,
    Sizes,
    Slips,
    Traits,
    named,
    no_entry,
    no_jacobian,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exgen.printing import Printed, Printer

SORT_LATEX = r"\operatorname{sort}"
SIGNATURE = Signature(("x",), (Option("descending", "int", required=False),))


def _column(sizes: Sizes, shapes: ArgShapes, options: Given) -> Shape:
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


def _permutation(use: Site | Call, order: Expr) -> Expr:
    """Return the permutation that sorts an array as a use of an op sorts."""
    return Call("permutation", (order,), (("descending", dict(use.options).get("descending")),))


def _other_way(op: str) -> Slips:
    def turned(site: Site) -> Expr:
        descending = 0 if site.options.get("descending") else 1
        return Call(op, site.args, (("descending", descending),))

    return {"sorted_the_other_way": turned}


def _sorted(site: Site, _position: int) -> Expr:
    return _permutation(site, site.args[0])


def _sort_tex(printer: Printer, args: tuple[Printed, ...], this: Call) -> Printed:
    mark = r"^{\downarrow}" if this.option("descending") else ""
    return printer.function(SORT_LATEX + mark, args)


def _permutation_tex(printer: Printer, args: tuple[Printed, ...], _this: Call) -> Printed:
    return printer.marked("P", args[0].latex)


SORT = Op(
    name="sort",
    signature=SIGNATURE,
    sign="",
    shape=_column,
    shape_why="Sorting keeps every entry, so it keeps the shape.",
    value=_sort_value,
    vjp=lambda site, g: (_permutation(site, site.args[0]).T @ g,),
    jacobian=Moved(_sorted).jacobian,
    entry=Moved(_sorted).entry,
    why="Sorting only moves entries, as a permutation matrix does; the transpose moves the "
    "upstream gradient back.",
    tex=_sort_tex,
    formula=None,
    definition=None,
    traits=Traits(routed=lambda use, order: _permutation(use, order) @ use.args[0]),
    words=named("sort", latex=SORT_LATEX, slips=_other_way("sort")),
)

PERMUTATION = Op(
    name="permutation",
    signature=SIGNATURE,
    sign="",
    shape=lambda sizes, shapes, options: (_column(sizes, shapes, options)[0],) * 2,
    shape_why="A permutation matrix is square.",
    value=_permutation_value,
    vjp=lambda _site, _g: (None,),
    jacobian=no_jacobian,
    entry=no_entry,
    why="As long as the order does not change, the permutation is constant, so its gradient is 0.",
    tex=_permutation_tex,
    formula=None,
    definition=None,
    traits=Traits(backward=True, routed=_permutation),
    words=named("permutation", slips=_other_way("permutation")),
)

ROWS = (SORT, PERMUTATION)
