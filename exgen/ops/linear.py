"""Matrix products, transposes, and the constant and diagonal matrices they are used with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.errors import MisfitError
from exgen.graph import (
    ONE,
    Delta,
    Expr,
    Pair,
    Shape,
    as_expr,
    call,
    is_column,
    is_scalar,
    shape_text,
)
from exgen.ops.base import (
    PLAIN,
    ArgShapes,
    Given,
    Op,
    Option,
    Signature,
    Site,
    Sizes,
    Traits,
    both,
    dim_option,
    entry_of,
    named,
    no_entry,
    no_jacobian,
    size_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from exgen.graph import Dim

DIAGONAL = r"\operatorname{diag}"

# --- products and transposes ---


def _matmul_shape(sizes: Sizes, shapes: ArgShapes, _options: Given) -> Shape:
    left, right = (sizes.shape(shape) for shape in shapes)
    if not sizes.same(left[1], right[0]):
        remedy = "The columns of the left factor must equal the rows of the right one."
        if is_scalar(left) or is_scalar(right):
            remedy = "A scalar multiplies with '*'."
        raise MisfitError(
            f"cannot multiply {_rows_columns(left)} by {_rows_columns(right)}: "
            f"the inner sizes {left[1]} and {right[0]} differ",
            remedy,
        )
    return sizes.shape((left[0], right[1]))


def _rows_columns(shape: Shape) -> str:
    return f"{shape[0]} x {shape[1]}"


def _matmul_vjp(site: Site, upstream: Expr) -> tuple[Expr | None, ...]:
    left, right = site.args
    return upstream @ right.T, left.T @ upstream


def _matmul_jacobian(site: Site, position: int) -> Expr | None:
    if not is_column(site.out_shape):
        return None
    left, right = site.args
    if position == 1:
        return left
    if not is_column(site.shapes[0]):
        return None
    rows = site.shapes[0][0]
    return right if rows == ONE else right * call("identity", size=rows)


def _matmul_entry(site: Site, position: int, out: Pair, arg: Pair) -> Expr:
    left, right = site.args
    if position == 0:
        return Delta(out[0], arg[0]) * entry_of(right, (arg[1], out[1]))
    weight = entry_of(left, (out[0], arg[0]))
    return weight if out[1] == arg[1] else weight * Delta(arg[1], out[1])


MATMUL = Op(
    name="matmul",
    signature=Signature(("a", "b")),
    sign="@",
    shape=_matmul_shape,
    shape_why="In a product the inner sizes agree; the outer sizes are its shape.",
    value=lambda a, b: a @ b,
    vjp=_matmul_vjp,
    jacobian=_matmul_jacobian,
    entry=_matmul_entry,
    why="A matrix product is linear in each factor, with the other factor as its derivative.",
    tex=lambda printer, args, _this: printer.matrix_product(args),
    formula=None,
    definition=None,
    traits=Traits(linear=(0, 1)),
    words=named("product"),
)

TRANSPOSE = Op(
    name="transpose",
    signature=Signature(("a",)),
    sign=".T",
    shape=lambda sizes, shapes, _o: sizes.shape((shapes[0][1], shapes[0][0])),
    shape_why="A transpose swaps rows and columns.",
    value=lambda a: a.T,
    vjp=lambda _site, g: (g.T,),
    jacobian=lambda site, _n: as_expr(1) if is_scalar(site.out_shape) else None,
    entry=lambda _site, _n, out, arg: both((out[1], out[0]), arg),
    why="The gradient of a transpose is the transposed gradient.",
    tex=lambda printer, args, _this: printer.transposed(args[0]),
    formula=lambda _m, a: a,
    definition=None,
    traits=Traits(linear=(0,)),
    words=named("transpose"),
)


# --- constants ---


def constant(
    name: str,
    signature: Signature,
    shape: Callable[[Given], Shape],
    value: Callable[..., NDArray[Any]],
    shape_why: str,
) -> Op:
    """Return the row of an array of constants, which its options alone determine."""
    return Op(
        name=name,
        signature=signature,
        sign="",
        shape=lambda _sizes, _shapes, options: shape(options),
        shape_why=shape_why,
        value=value,
        vjp=lambda _site, _g: (),
        jacobian=no_jacobian,
        entry=no_entry,
        why="A constant has no gradient.",
        tex=lambda printer, _args, this: printer.constant(name, this),
        formula=None,
        definition=None,
        traits=PLAIN,
        words=named(name),
    )


def _filled_shape(options: Given) -> Shape:
    return dim_option(options, "rows"), dim_option(options, "columns")


def _filled(value: int) -> Callable[..., NDArray[Any]]:
    def build(*, rows: Dim, columns: Dim) -> NDArray[Any]:
        return np.full((size_of(rows), size_of(columns)), value)

    return build


def _unit_shape(options: Given) -> Shape:
    size, position = dim_option(options, "size"), options["position"]
    if isinstance(position, int) and size.is_number and position >= size.constant:
        raise MisfitError(
            f"there is no unit vector {position} of size {size}", "Positions count from 0."
        )
    return size, ONE


def _unit_value(*, size: Dim, position: int) -> NDArray[Any]:
    return np.eye(size_of(size), dtype=int)[:, [position]]


SIZE = Option("size", "dim", required=True)
FILLED = Signature(
    (), (Option("rows", "dim", required=True), Option("columns", "dim", required=False))
)

ONES = constant("ones", FILLED, _filled_shape, _filled(1), "The sizes are given.")
ZEROS = constant("zeros", FILLED, _filled_shape, _filled(0), "The sizes are given.")
IDENTITY = constant(
    "identity",
    Signature((), (SIZE,)),
    lambda options: (dim_option(options, "size"),) * 2,
    lambda *, size: np.eye(size_of(size), dtype=int),
    "The identity is square.",
)
UNIT = constant(
    "unit",
    Signature((), (SIZE, Option("position", "int", required=True))),
    _unit_shape,
    _unit_value,
    "A unit vector is a column.",
)


# --- diagonal matrices ---


def _diag_shape(sizes: Sizes, shapes: ArgShapes, _options: Given) -> Shape:
    shape = sizes.shape(shapes[0])
    if not is_column(shape):
        raise MisfitError(f"diag takes a column vector, and this is {shape_text(shape)}")
    return shape[0], shape[0]


def _diag_vjp(site: Site, upstream: Expr) -> tuple[Expr | None, ...]:
    identity = call("identity", size=site.shapes[0][0])
    return (call("sum", upstream * identity, axis=1),)


DIAG = Op(
    name="diag",
    signature=Signature(("v",)),
    sign="",
    shape=_diag_shape,
    shape_why="A diagonal matrix is square, with the vector's size.",
    value=lambda v: v * np.eye(v.shape[0], dtype=int),
    vjp=_diag_vjp,
    jacobian=no_jacobian,
    entry=lambda _site, _n, out, arg: Delta(out[0], out[1]) * Delta(out[0], arg[0]),
    why="Only the diagonal depends on the vector.",
    tex=lambda printer, args, _this: printer.function(DIAGONAL, args),
    formula=None,
    definition=None,
    traits=Traits(linear=(0,)),
    words=named(
        "diag",
        says=r"$\operatorname{diag}(<letter>)$ is the diagonal matrix of $<letter>$.",
        latex=DIAGONAL,
    ),
)


ROWS = (MATMUL, TRANSPOSE, ONES, ZEROS, IDENTITY, UNIT, DIAG)
