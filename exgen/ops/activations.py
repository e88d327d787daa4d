"""Activations: functions of each entry alone, and the softmax, which couples the entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.graph import (
    ONE,
    Delta,
    Expr,
    OptionValue,
    Shape,
    call,
    is_column,
)
from exgen.ops.arithmetic import at, entrywise_jacobian
from exgen.ops.base import (
    AXIS,
    Op,
    Pair,
    Signature,
    Site,
    Sizes,
    axis_option,
    both,
    entry_of,
    exact,
    features_axis,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray


ENTRYWISE_SHAPE = "A function that is applied to each entry keeps the shape."


def inexact(function: Callable[[NDArray[Any]], NDArray[Any]]) -> Callable[..., NDArray[Any]]:
    """Return a transcendental function, which takes exact fractions as floats."""

    def value(z: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(function(z.astype(float) if exact(z) else z))

    return value


def _entrywise(
    name: str,
    *,
    value: Callable[..., NDArray[Any]],
    slope: Callable[[Expr, Expr], Expr],
    why: str,
    latex: str,
) -> Op:
    """Return the row of a function of one argument; ``slope`` gets the argument and the output."""

    def jacobian(site: Site, _position: int) -> Expr | None:
        return entrywise_jacobian(site, 0, slope(site.args[0], site.out), site.out_shape)

    def entry(site: Site, _position: int, out: Pair, arg: Pair) -> Expr:
        z = at(site.args[0], site.shapes[0], out)
        return slope(z, at(site.out, site.out_shape, out)) * both(out, arg)

    return Op(
        name=name,
        signature=Signature(("z",)),
        infix=False,
        shape=lambda sizes, shapes, _o: sizes.shape(shapes[0]),
        shape_why=ENTRYWISE_SHAPE,
        value=value,
        vjp=lambda site, g: (g * slope(site.args[0], site.out),),
        jacobian=jacobian,
        entry=entry,
        why=why,
        tex=lambda printer, args, _this: printer.function(latex, args),
    )


def _sigmoid(z: NDArray[Any]) -> NDArray[Any]:
    # exp of -|z| cannot overflow.
    small = np.exp(-np.abs(z))
    return np.asarray(np.where(z >= 0, 1.0, small) / (1 + small))


RELU = _entrywise(
    "relu",
    value=lambda z: np.where(z > 0, z, 0 * z),
    slope=lambda z, _out: call("greater", z, 0),
    why="ReLU has derivative 1 where its argument is positive and 0 where it is negative.",
    latex=r"\operatorname{ReLU}",
)
SIGMOID = _entrywise(
    "sigmoid",
    value=inexact(_sigmoid),
    slope=lambda _z, out: out * (1 - out),
    why="The derivative of the sigmoid is its output times one minus its output.",
    latex=r"\sigma",
)
TANH = _entrywise(
    "tanh",
    value=inexact(np.tanh),
    slope=lambda _z, out: 1 - out**2,
    why="The derivative of tanh is one minus the square of its output.",
    latex=r"\tanh",
)
SOFTPLUS = _entrywise(
    "softplus",
    value=inexact(lambda z: np.logaddexp(0.0, z)),
    slope=lambda z, _out: call("sigmoid", z),
    why="The derivative of softplus, log(1 + exp z), is the sigmoid.",
    latex=r"\operatorname{softplus}",
)
EXP = _entrywise(
    "exp",
    value=inexact(np.exp),
    slope=lambda _z, out: out,
    why="The exponential is its own derivative.",
    latex=r"\exp",
)
LOG = _entrywise(
    "log",
    value=inexact(np.log),
    slope=lambda z, _out: 1 / z,
    why="The derivative of the logarithm is the reciprocal of its argument.",
    latex=r"\log",
)


# --- softmax ---


def _softmax_shape(
    sizes: Sizes, shapes: tuple[Shape, ...], options: Mapping[str, OptionValue]
) -> Shape:
    shape = sizes.shape(shapes[0])
    features_axis(shape, options, "softmax")
    return shape


def _softmax_value(z: NDArray[Any], *, axis: int | None = None) -> NDArray[Any]:
    numbers = z.astype(float) if exact(z) else z
    axis = axis or 0
    shifted = np.exp(numbers - numbers.max(axis=axis, keepdims=True))
    result: NDArray[Any] = shifted / shifted.sum(axis=axis, keepdims=True)
    return result


def _softmax_vjp(site: Site, upstream: Expr) -> tuple[Expr | None, ...]:
    axis = axis_option(site.options)
    p = site.out
    if site.out_shape[1 - axis] == ONE and axis == 0:
        return (p * (upstream - p.T @ upstream),)
    mean = call("sum", p * upstream, axis=axis)
    size = site.out_shape[axis]
    if axis == 0:
        return (p * (upstream - call("ones", rows=size, columns=ONE) @ mean),)
    return (p * (upstream - mean @ call("ones", rows=ONE, columns=size)),)


def _softmax_jacobian(site: Site, _position: int) -> Expr | None:
    if not is_column(site.out_shape) or axis_option(site.options) != 0:
        return None
    return call("diag", site.out) - site.out @ site.out.T


def _softmax_entry(site: Site, _position: int, out: Pair, arg: Pair) -> Expr:
    axis = axis_option(site.options)
    own = entry_of(site.out, out)
    across = (arg[0], out[1]) if axis == 0 else (out[0], arg[1])
    slope = own * (Delta(out[axis], arg[axis]) - entry_of(site.out, across))
    other = 1 - axis
    return slope if out[other] == arg[other] else slope * Delta(out[other], arg[other])


SOFTMAX = Op(
    name="softmax",
    signature=Signature(("z",), (AXIS,)),
    infix=False,
    shape=_softmax_shape,
    shape_why="The softmax gives one probability for each logit.",
    value=_softmax_value,
    vjp=_softmax_vjp,
    jacobian=_softmax_jacobian,
    entry=_softmax_entry,
    why="Every probability depends on every logit through the common denominator.",
    tex=lambda printer, args, _this: printer.function(r"\operatorname{softmax}", args),
)

ROWS = (RELU, SIGMOID, TANH, SOFTPLUS, EXP, LOG, SOFTMAX)
