"""Leaky ReLU and PReLU: the slope for entries that are not positive is an argument."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.errors import MisfitError
from exgen.graph import (
    ONE,
    Call,
    Delta,
    Expr,
    Number,
    OptionValue,
    Shape,
    call,
    is_column,
    is_scalar,
    shape_text,
)
from exgen.ops.activations import BENT, ENTRYWISE_SHAPE
from exgen.ops.arithmetic import ENTRYWISE, at, entrywise_jacobian
from exgen.ops.base import Op, Pair, Signature, Site, Sizes, Slips, Words, both

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from exgen.printing import Printed, Printer


def positive(z: Expr) -> Expr:
    """Return the indicator of positive entries."""
    return call("greater", z, 0)


def not_positive(z: Expr) -> Expr:
    """Return the indicator of entries that are negative or 0."""
    return call("less_equal", z, 0)


def _lrelu_shape(
    sizes: Sizes, shapes: tuple[Shape, ...], _options: Mapping[str, OptionValue]
) -> Shape:
    if not is_scalar(sizes.shape(shapes[1])):
        raise MisfitError(
            f"the slope must be a scalar, and this is {shape_text(shapes[1])}",
            "A slope for each row is prelu(z, alpha).",
        )
    return sizes.shape(shapes[0])


def _prelu_shape(
    sizes: Sizes, shapes: tuple[Shape, ...], _options: Mapping[str, OptionValue]
) -> Shape:
    z, alpha = (sizes.shape(shape) for shape in shapes)
    if is_scalar(alpha) or alpha == z or (is_column(alpha) and sizes.same(alpha[0], z[0])):
        return z
    raise MisfitError(
        f"a slope of shape {shape_text(alpha)} does not fit {shape_text(z)}",
        "The slope is a scalar, has one entry for each row, or the shape of the argument.",
    )


def _spread(site: Site) -> Expr:
    """Return the slope, repeated along the columns where it has one entry for each row."""
    alpha, shape = site.args[1], site.shapes[1]
    if is_scalar(shape) or shape == site.shapes[0]:
        return alpha
    return alpha @ call("ones", rows=ONE, columns=site.shapes[0][1])


def _leaky_slope(site: Site) -> Expr:
    z = site.args[0]
    return positive(z) + _spread(site) * not_positive(z)


def _leaky_vjp(site: Site, upstream: Expr) -> tuple[Expr | None, ...]:
    z, alpha = site.args
    to_z = upstream * _leaky_slope(site)
    if isinstance(alpha, Number):
        return to_z, None
    masked = upstream * (z * not_positive(z))
    if is_scalar(site.shapes[1]):
        return to_z, call("sum", masked, axis=None) if not is_scalar(site.shapes[0]) else masked
    return to_z, masked if site.shapes[1] == site.shapes[0] else call("sum", masked, axis=1)


def _leaky_jacobian(site: Site, position: int) -> Expr | None:
    z = site.args[0]
    if position == 1:
        return entrywise_jacobian(site, 1, z * not_positive(z), site.out_shape)
    return entrywise_jacobian(site, 0, _leaky_slope(site), site.out_shape)


def _leaky_entry(site: Site, position: int, out: Pair, arg: Pair) -> Expr:
    z = at(site.args[0], site.shapes[0], out)
    alpha_shape = site.shapes[1]
    if position == 1:
        slope = z * not_positive(z)
        if is_scalar(alpha_shape):
            return slope
        same = both(out, arg) if alpha_shape == site.shapes[0] else Delta(out[0], arg[0])
        return slope * same
    per_row = not is_scalar(alpha_shape) and alpha_shape != site.shapes[0]
    alpha = at(site.args[1], alpha_shape, (out[0], 0) if per_row else out)
    return (positive(z) + alpha * not_positive(z)) * both(out, arg)


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

    return Op(
        name=name,
        signature=Signature(("z", "alpha")),
        sign="",
        shape=shape,
        shape_why=ENTRYWISE_SHAPE,
        value=value,
        vjp=_leaky_vjp,
        jacobian=_leaky_jacobian,
        entry=_leaky_entry,
        why=why,
        tex=tex,
        formula=lambda m, z, alpha: m.where(z > 0, z, alpha * z),
        definition=None,
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
