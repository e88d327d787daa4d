"""Leaky ReLU and PReLU: the slope for entries that are not positive is an argument."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.errors import MisfitError
from exgen.graph import (
    Call,
    Expr,
    Shape,
    call,
    is_column,
    is_scalar,
    shape_text,
)
from exgen.ops.activations import BENT
from exgen.ops.base import ArgShapes, Given, Op, Site, Sizes, Slips, Words
from exgen.ops.entrywise import ENTRYWISE, entrywise

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from exgen.printing import Printed, Printer


def positive(z: Expr) -> Expr:
    """Return the indicator of positive entries."""
    return call("greater", z, 0)


def not_positive(z: Expr) -> Expr:
    """Return the indicator of entries that are negative or 0."""
    return call("less_equal", z, 0)


def _lrelu_shape(sizes: Sizes, shapes: ArgShapes, _options: Given) -> Shape:
    if not is_scalar(sizes.shape(shapes[1])):
        raise MisfitError(
            f"the slope must be a scalar, and this is {shape_text(shapes[1])}",
            "A slope for each row is prelu(z, alpha).",
        )
    return sizes.shape(shapes[0])


def _prelu_shape(sizes: Sizes, shapes: ArgShapes, _options: Given) -> Shape:
    z, alpha = (sizes.shape(shape) for shape in shapes)
    if is_scalar(alpha) or alpha == z or (is_column(alpha) and sizes.same(alpha[0], z[0])):
        return z
    raise MisfitError(
        f"a slope of shape {shape_text(alpha)} does not fit {shape_text(z)}",
        "The slope is a scalar, has one entry for each row, or the shape of the argument.",
    )


def _slopes(z: Expr, alpha: Expr, _out: Expr) -> tuple[Expr, Expr]:
    return positive(z) + alpha * not_positive(z), z * not_positive(z)


def _leak_above(site: Site) -> Expr:
    z, alpha = site.args
    return z * not_positive(z) + alpha * (z * positive(z))


SLOPES = (
    "PReLU multiplies a positive argument by 1 and a negative one by its slope.",
    "The slope of PReLU multiplies only a negative argument.",
)
SAYS = r"$<latex>_{\alpha}(z)$ is $z$ for $z <sign> 0$ and $\alpha z$ otherwise."
SLIPS: Slips = {
    **BENT,
    "leak_above": _leak_above,
    "no_slope_below": lambda site: call("relu", site.args[0]),
}


def _leaky(
    name: str,
    called: str,
    latex: str,
    shape: Callable[..., Shape],
    why: str,
    slopes: tuple[str, ...],
) -> Op:
    def value(z: NDArray[Any], alpha: NDArray[Any]) -> NDArray[Any]:
        return np.where(z > 0, z, alpha * z)

    def tex(printer: Printer, args: tuple[Printed, ...], _this: Call) -> Printed:
        return printer.function(rf"{latex}_{{{args[1].latex}}}", args[:1])

    return entrywise(
        name,
        *("z", "alpha"),
        shape=shape,
        value=value,
        slopes=_slopes,
        why=why,
        tex=tex,
        formula=lambda m, z, alpha: m.where(z > 0, z, alpha * z),
        traits=replace(ENTRYWISE, kink="side", activation=True),
        words=Words(called, slopes, SAYS.replace("<latex>", latex), latex, SLIPS),
    )


LRELU = _leaky(
    "lrelu",
    "leaky ReLU",
    r"\operatorname{LReLU}",
    _lrelu_shape,
    "Leaky ReLU has derivative 1 for positive arguments and its slope for negative ones.",
    (),
)
PRELU = _leaky(
    "prelu",
    "PReLU",
    r"\operatorname{PReLU}",
    _prelu_shape,
    "PReLU has derivative 1 for positive arguments and its learned slope for negative ones; the "
    "slope receives a contribution from each negative entry that it multiplies.",
    SLOPES,
)

ROWS = (LRELU, PRELU)
