"""Pooling: windows that slide over a matrix, and what routes a gradient back through them.

A window is ``size`` x ``size`` (2 unless given) and moves by ``stride`` (its size unless given).
There is no padding, and only whole windows count.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.errors import MisfitError
from exgen.graph import Call, Dim, Expr, Number, OptionValue, Pair, Shape, call, shape_text
from exgen.ops.base import (
    ArgShapes,
    Given,
    Op,
    Option,
    Signature,
    Site,
    Sizes,
    Traits,
    dim_option,
    entry_of,
    named,
    no_entry,
    no_jacobian,
    size_of,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exgen.printing import Printed, Printer

MAX_LATEX, AVG_LATEX = r"\operatorname{maxpool}", r"\operatorname{avgpool}"
DEFAULT_SIZE = 2
WINDOW = (Option("size", "int", required=False), Option("stride", "int", required=False))
POOLED_SHAPE = "A window leaves one entry wherever it fits as it moves by its stride."
ONE_PLACE = "Each window hands its gradient to the one entry that was its largest."


def window_of(options: Given) -> tuple[int, int]:
    """Return the size and the stride of a window."""
    size, stride = options.get("size"), options.get("stride")
    size = size if isinstance(size, int) else DEFAULT_SIZE
    return size, stride if isinstance(stride, int) else size


def _count(dim: Dim, options: Given) -> Dim:
    """Return how many windows fit along an axis."""
    size, stride = window_of(options)
    if size < 1 or stride < 1:
        raise MisfitError("a window's size and stride are at least 1", "Such as maxpool(X, 2, 2).")
    if stride == 1:
        left = Dim(dim.constant - size + 1, dim.names)
    elif dim.is_number:
        left = Dim((dim.constant - size) // stride + 1)
    else:
        raise MisfitError(
            f"how many windows fit along a size of {dim} is open", "Give the sizes as numbers."
        )
    if left.is_number and left.constant < 1:
        raise MisfitError(f"a window of size {size} does not fit along a size of {dim}")
    return left


def _pooled(shape: Shape, options: Given) -> Shape:
    size, stride = window_of(options)
    if any(dim.is_number and 1 <= dim.constant < size for dim in shape):
        raise MisfitError(
            f"a window of size {size} covers {size} x {size} entries and does not fit into "
            f"{shape[0]} x {shape[1]}",
            f"A window is square: size={size} is its side, stride={stride} its step. Use a smaller "
            "size, or a matrix with more rows and columns.",
        )
    return _count(shape[0], options), _count(shape[1], options)


def _cut(array: NDArray[Any], window: Given) -> NDArray[Any]:
    """Return the entries of each window, row by row, along a third axis."""
    size, stride = window_of(window)
    if min(array.shape) < size:
        raise MisfitError(f"a window of size {size} does not fit {array.shape}")
    found = np.lib.stride_tricks.sliding_window_view(array, (size, size))[::stride, ::stride]
    return found.reshape(*found.shape[:2], -1)


def _largest(x: NDArray[Any], window: Given) -> NDArray[Any]:
    """Return where each window's largest entry is in it; among equal ones the first."""
    return np.asarray(np.argmax(_cut(x, window), axis=-1))[..., np.newaxis]


def _pick_value(x: NDArray[Any], h: NDArray[Any], **window: OptionValue) -> NDArray[Any]:
    return np.asarray(np.take_along_axis(_cut(h, window), _largest(x, window), axis=-1)[..., 0])


def _route_value(x: NDArray[Any], g: NDArray[Any], **window: OptionValue) -> NDArray[Any]:
    places = _cut(np.arange(x.size).reshape(x.shape), window)
    found = 0 * x.astype(g.dtype).flatten()
    np.add.at(found, np.take_along_axis(places, _largest(x, window), axis=-1)[..., 0], g)
    return found.reshape(x.shape)


def _average_value(x: NDArray[Any], **window: OptionValue) -> NDArray[Any]:
    return np.asarray(_cut(x, window).sum(axis=-1) / window_of(window)[0] ** 2)


def _windows_value(*, rows: Dim, **window: OptionValue) -> NDArray[Any]:
    size, stride = window_of(window)
    places = np.arange(size_of(rows))
    starts = places[: len(places) - size + 1 : stride, np.newaxis]
    return np.where((starts <= places) & (places < starts + size), 1, 0)


def _matrices(site: Site, shape: Shape) -> tuple[Expr, Expr]:
    """Return the 0/1 matrices that say which rows and which columns a window covers."""
    size, stride = (site.options.get(name) for name in ("size", "stride"))
    rows, columns = (call("windows", rows=dim, size=size, stride=stride) for dim in shape)
    return rows, columns


def _covers(site: Site, out: Pair, arg: Pair) -> Expr:
    """Return 1 where the window ``out`` covers the entry ``arg``, else 0."""
    rows, columns = _matrices(site, site.shapes[0])
    return entry_of(rows, (out[0], arg[0])) * entry_of(columns, (out[1], arg[1]))


def _is_largest(site: Site, out: Pair, arg: Pair) -> Expr:
    """Return 1 where the entry ``arg`` is the largest of the window ``out``, else 0."""
    x = site.args[0]
    largest = entry_of(_use("maxpool", site, x), out)
    return _covers(site, out, arg) * call("greater_equal", entry_of(x, arg), largest)


def _use(op: str, like: Site | Call, *args: Expr) -> Expr:
    """Return a use of an op with the window of another use."""
    given = dict(like.options)
    return Call(op, args, tuple((option.name, given.get(option.name)) for option in WINDOW))


def _every_cell(site: Site) -> Expr:
    rows, columns = _matrices(site, site.shapes[0])
    return rows.T @ site.args[1] @ columns


def _share(site: Site) -> Number:
    return Number(Fraction(1, window_of(site.options)[0] ** 2))


def _average_vjp(site: Site, upstream: Expr) -> tuple[Expr | None, ...]:
    rows, columns = _matrices(site, site.shapes[0])
    return (_share(site) * (rows.T @ upstream @ columns),)


def _route_shape(sizes: Sizes, shapes: ArgShapes, options: Given) -> Shape:
    x, g = (sizes.shape(shape) for shape in shapes)
    pooled = _pooled(x, options)
    sizes.require(g, pooled, f"{shape_text(g)} does not fit the {shape_text(pooled)} windows")
    return sizes.shape(x)


def _pick_shape(sizes: Sizes, shapes: ArgShapes, options: Given) -> Shape:
    x, h = (sizes.shape(shape) for shape in shapes)
    sizes.require(x, h, f"cannot pick from {shape_text(h)} where {shape_text(x)} is largest")
    return _pooled(sizes.shape(x), options)


def _marked(name: str) -> Any:  # noqa: ANN401 - the printing face of a row
    """Return a face that prints a function whose first argument is a mark below it."""

    def tex(printer: Printer, args: tuple[Printed, ...], _this: Call) -> Printed:
        return printer.function(rf"\operatorname{{{name}}}_{{{args[0].latex}}}", args[1:])

    return tex


def _windows_tex(printer: Printer, _args: tuple[Printed, ...], this: Call) -> Printed:
    rows, columns = printer.shape(this)
    return printer.marked("B", rf"{rows} \times {columns}")


ROUTES = Traits(linear=(1,), backward=True)

MAXPOOL = Op(
    name="maxpool",
    signature=Signature(("X",), WINDOW),
    sign="",
    shape=lambda sizes, shapes, options: _pooled(sizes.shape(shapes[0]), options),
    shape_why=POOLED_SHAPE,
    value=lambda x, **window: _pick_value(x, x, **window),
    vjp=lambda site, g: (_use("maxroute", site, site.args[0], g),),
    jacobian=no_jacobian,
    entry=lambda site, _n, out, arg: _is_largest(site, out, arg),
    why="Only the largest entry of a window determines its output, so it alone receives the "
    "gradient of that output; all other entries receive 0.",
    tex=lambda printer, args, _this: printer.function(MAX_LATEX, args),
    formula=None,
    definition=None,
    traits=Traits(routed=lambda use, order: _use("maxpick", use, order, *use.args)),
    words=named(
        "maxpool",
        says=r"Each entry of $\operatorname{maxpool}<argument>$ is the largest entry of a "
        r"$<window> \times <window>$ window, with stride $<stride>$ and no padding.",
        latex=MAX_LATEX,
        slips={"mean_for_max": lambda site: _use("avgpool", site, *site.args)},
    ),
)

AVGPOOL = Op(
    name="avgpool",
    signature=Signature(("X",), WINDOW),
    sign="",
    shape=lambda sizes, shapes, options: _pooled(sizes.shape(shapes[0]), options),
    shape_why=POOLED_SHAPE,
    value=_average_value,
    vjp=_average_vjp,
    jacobian=no_jacobian,
    entry=lambda site, _n, out, arg: _share(site) * _covers(site, out, arg),
    why="Each entry of a window has the same weight in its mean, so it receives the gradient of "
    "that mean times this weight.",
    tex=lambda printer, args, _this: printer.function(AVG_LATEX, args),
    formula=None,
    definition=None,
    traits=Traits(linear=(0,)),
    words=named(
        "avgpool",
        says=r"Each entry of $\operatorname{avgpool}<argument>$ is the mean of a "
        r"$<window> \times <window>$ window, with stride $<stride>$ and no padding.",
        latex=AVG_LATEX,
        slips={"max_for_mean": lambda site: _use("maxpool", site, *site.args)},
    ),
)

MAXROUTE = Op(
    name="maxroute",
    signature=Signature(("X", "g"), WINDOW),
    sign="",
    shape=_route_shape,
    shape_why="What is routed back has the shape of what was pooled.",
    value=_route_value,
    vjp=lambda site, h: (None, _use("maxpick", site, site.args[0], h)),
    jacobian=no_jacobian,
    entry=lambda site, n, out, arg: (
        _is_largest(site, arg, out) if n == 1 else no_entry(site, n, out, arg)
    ),
    why=ONE_PLACE,
    tex=_marked("unpool"),
    formula=None,
    definition=None,
    traits=replace(ROUTES, routed=lambda use, order: _use("maxroute", use, order, *use.args[1:])),
    words=named("maxroute", slips={"every_cell": _every_cell}),
)

MAXPICK = Op(
    name="maxpick",
    signature=Signature(("X", "h"), WINDOW),
    sign="",
    shape=_pick_shape,
    shape_why=POOLED_SHAPE,
    value=_pick_value,
    vjp=lambda site, g: (None, _use("maxroute", site, site.args[0], g)),
    jacobian=no_jacobian,
    entry=lambda site, n, out, arg: (
        _is_largest(site, out, arg) if n == 1 else no_entry(site, n, out, arg)
    ),
    why=ONE_PLACE,
    tex=_marked("pick"),
    formula=None,
    definition=None,
    traits=replace(ROUTES, routed=lambda use, order: _use("maxpick", use, order, *use.args[1:])),
    words=named("maxpick"),
)

WINDOWS = Op(
    name="windows",
    signature=Signature((), (Option("rows", "dim", required=True), *WINDOW)),
    sign="",
    shape=lambda _s, _shapes, options: (
        _count(dim_option(options, "rows"), options),
        dim_option(options, "rows"),
    ),
    shape_why="One row for each window, one column for each entry that it may cover.",
    value=_windows_value,
    vjp=lambda _site, _g: (),
    jacobian=no_jacobian,
    entry=no_entry,
    why="A constant has no gradient.",
    tex=_windows_tex,
    formula=None,
    definition=None,
    traits=Traits(backward=True),
    words=named("windows"),
)

ROWS = (MAXPOOL, AVGPOOL, MAXROUTE, MAXPICK, WINDOWS)
