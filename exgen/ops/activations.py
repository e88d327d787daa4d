"""Activations: functions of each entry alone, and the softmax, which couples the entries."""

from __future__ import annotations

from dataclasses import replace
from math import erfc, pi, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.graph import (
    ONE,
    Delta,
    Expr,
    Pair,
    Shape,
    as_expr,
    call,
    is_column,
)
from exgen.ops.base import (
    AXIS,
    ArgShapes,
    Given,
    Op,
    Signature,
    Site,
    Sizes,
    Slips,
    Traits,
    along,
    axis_option,
    entry_of,
    exact,
    features_axis,
    named,
)
from exgen.ops.entrywise import ENTRYWISE, entrywise, shown_as
from exgen.ops.reduce import spread

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


def inexact(function: Callable[[NDArray[Any]], NDArray[Any]]) -> Callable[..., NDArray[Any]]:
    """Return a transcendental function, which takes exact fractions as floats."""

    def value(z: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(function(z.astype(float) if exact(z) else z))

    return value


def _argument(site: Site) -> Expr:
    return site.args[0]


def _sigmoid(z: NDArray[Any]) -> NDArray[Any]:
    # exp of -|z| cannot overflow.
    small = np.exp(-np.abs(z))
    return np.asarray(np.where(z >= 0, 1.0, small) / (1 + small))


_tail = np.vectorize(lambda z: erfc(-z / sqrt(2)) / 2, otypes=[float])


def _density(z: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(np.exp(-z * z / 2) / sqrt(2 * pi))


SMOOTH = replace(ENTRYWISE, exact=False)
LEFT_OUT: Slips = {"forgot_activation": _argument}
BENT: Slips = {**LEFT_OUT, "no_activation": _argument}

RELU = entrywise(
    "relu",
    "z",
    value=lambda z: np.where(z > 0, z, 0 * z),
    slopes=lambda z, _out: (call("greater", z, 0),),
    why="ReLU has derivative 1 where its argument is positive and 0 where it is negative.",
    traits=replace(ENTRYWISE, kink="side", activation=True, range=(0, None)),
    words=named("ReLU", latex=r"\operatorname{ReLU}", slips=BENT),
    formula=lambda m, z: m.where(z > 0, z, 0 * z),
)
SIGMOID = entrywise(
    "sigmoid",
    "z",
    value=inexact(_sigmoid),
    slopes=lambda _z, out: (out * (1 - out),),
    why="The derivative of the sigmoid is its output times one minus its output.",
    traits=replace(SMOOTH, activation=True, range=(0, 1)),
    words=named(
        "sigmoid", says=r"$\sigma(z) = 1 / (1 + e^{-z})$.", latex=r"\sigma", slips=LEFT_OUT
    ),
    definition=lambda z: 1 / (as_expr(1) + call("exp", -z)),
)
TANH = entrywise(
    "tanh",
    "z",
    value=inexact(np.tanh),
    slopes=lambda _z, out: (1 - out**2,),
    why="The derivative of tanh is one minus the square of its output.",
    traits=replace(SMOOTH, activation=True, range=(-1, 1)),
    words=named("tanh", latex=r"\tanh", slips=LEFT_OUT),
    formula=lambda m, z: m.tanh(z),
)
SOFTPLUS = entrywise(
    "softplus",
    "z",
    value=inexact(lambda z: np.logaddexp(0.0, z)),
    slopes=lambda z, _out: (call("sigmoid", z),),
    why="The derivative of softplus, log(1 + exp z), is the sigmoid.",
    traits=replace(SMOOTH, activation=True, range=(0, None)),
    words=named(
        "softplus",
        says=r"$\operatorname{softplus}(z) = \log(1 + e^{z})$.",
        latex=r"\operatorname{softplus}",
        slips=LEFT_OUT,
    ),
    definition=lambda z: call("log", as_expr(1) + call("exp", z)),
)
EXP = entrywise(
    "exp",
    "z",
    value=inexact(np.exp),
    slopes=lambda _z, out: (out,),
    why="The exponential is its own derivative.",
    traits=replace(SMOOTH, activation=True, range=(0, None)),
    words=named("exponential", latex=r"\exp"),
    formula=lambda m, z: m.exp(z),
)
LOG = entrywise(
    "log",
    "z",
    value=inexact(np.log),
    slopes=lambda z, _out: (1 / z,),
    why="The derivative of the logarithm is the reciprocal of its argument.",
    traits=replace(SMOOTH, bare=True),
    words=named("logarithm", says=r"$\log$ is the natural logarithm.", latex=r"\log"),
    formula=lambda m, z: m.log(z),
)
ABS = entrywise(
    "abs",
    "z",
    value=np.abs,
    slopes=lambda z, _out: (call("sign", z),),
    traits=replace(ENTRYWISE, kink="flat", range=(0, None)),
    words=shown_as(r"\lvert", r"$\lvert z \rvert$ is $z$ for $z > 0$ and $-z$ otherwise."),
    formula=lambda _m, z: abs(z),
)
SIGN = entrywise(
    "sign",
    "z",
    value=lambda z: np.where(z > 0, 1, np.where(z < 0, -1, 0)),
    slopes=None,
    why="The sign is constant on either side of 0, so its derivative is 0.",
    traits=replace(ENTRYWISE, jump=True, range=(-1, 1)),
    words=named(
        "sign",
        says=r"$\operatorname{sign}(z)$ is $1$ for $z > 0$, $-1$ for $z < 0$, and $0$ for $z = 0$.",
        latex=r"\operatorname{sign}",
    ),
    formula=lambda m, z: m.where(z > 0, 1, m.where(z < 0, -1, 0)),
)
NORMAL_PDF = entrywise(
    "normal_pdf",
    "z",
    value=inexact(_density),
    slopes=lambda z, out: (-(z * out),),
    why="The derivative of the normal density is minus its argument times the density.",
    traits=replace(SMOOTH, range=(0, 1)),
    words=named(
        "normal density",
        says=r"$\varphi$ is the density of the standard normal distribution.",
        latex=r"\varphi",
    ),
    formula=lambda m, z: m.exp(-z * z / 2) / m.sqrt(2 * m.pi),
)
NORMAL_CDF = entrywise(
    "normal_cdf",
    "z",
    value=inexact(_tail),
    slopes=lambda z, _out: (call("normal_pdf", z),),
    why="The derivative of a distribution function is its density.",
    traits=replace(SMOOTH, range=(0, 1)),
    words=named(
        "normal distribution",
        says=r"$\Phi$ is the distribution function of the standard normal distribution.",
        latex=r"\Phi",
    ),
    formula=lambda m, z: (1 + m.erf(z / m.sqrt(2))) / 2,
)
# The exact form (Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016, section 2), which is
# PyTorch's default; not its approximation by tanh.
GELU = entrywise(
    "gelu",
    "z",
    value=inexact(lambda z: z * _tail(z)),
    slopes=lambda z, _out: (call("normal_cdf", z) + z * call("normal_pdf", z),),
    traits=replace(SMOOTH, activation=True),
    words=shown_as(
        r"\operatorname{GELU}", r"$\operatorname{GELU}(z) = z \, \Phi(z)$.", slips=LEFT_OUT
    ),
    definition=lambda z: z * call("normal_cdf", z),
)


# --- softmax ---

SOFTMAX_LATEX = r"\operatorname{softmax}"


def _softmax_shape(sizes: Sizes, shapes: ArgShapes, options: Given) -> Shape:
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
    return (p * (upstream - spread(mean, site.out_shape, axis)),)


def _softmax_jacobian(site: Site, _position: int) -> Expr | None:
    if not is_column(site.out_shape) or axis_option(site.options) != 0:
        return None
    return call("diag", site.out) - site.out @ site.out.T


def _softmax_definition(site: Site) -> Expr:
    z, (rows, columns) = site.args[0], site.shapes[0]
    powers = call("exp", z)
    across = call("ones", rows=ONE, columns=rows)
    if is_column(site.shapes[0]):
        return powers / (across @ powers)
    if axis_option(site.options) == 0:
        return powers / (call("ones", rows=rows, columns=ONE) @ (across @ powers))
    down = call("ones", rows=columns, columns=ONE)
    return powers / (powers @ down @ call("ones", rows=ONE, columns=columns))


def _softmax_entry(site: Site, _position: int, out: Pair, arg: Pair) -> Expr:
    axis = axis_option(site.options)
    own = entry_of(site.out, out)
    across = (arg[0], out[1]) if axis == 0 else (out[0], arg[1])
    slope = own * (Delta(out[axis], arg[axis]) - entry_of(site.out, across))
    return along(axis, slope, out, arg)


SOFTMAX = Op(
    name="softmax",
    signature=Signature(("z",), (AXIS,)),
    sign="",
    shape=_softmax_shape,
    shape_why="The softmax gives one probability for each logit.",
    value=_softmax_value,
    vjp=_softmax_vjp,
    jacobian=_softmax_jacobian,
    entry=_softmax_entry,
    why="Every probability depends on every logit through the common denominator.",
    tex=lambda printer, args, _this: printer.function(SOFTMAX_LATEX, args),
    formula=None,
    definition=_softmax_definition,
    traits=Traits(activation=True, needs_axis=True, exact=False, range=(0, 1)),
    words=named(
        "softmax", says="The softmax acts on each <line> of $<argument>$.", latex=SOFTMAX_LATEX
    ),
)

ROWS = (
    *(RELU, SIGMOID, TANH, SOFTPLUS, EXP, LOG, ABS, SIGN, GELU, NORMAL_CDF, NORMAL_PDF),
    SOFTMAX,
)
