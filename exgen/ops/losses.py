"""Losses. Each adds up all entries into one scalar; a mean is the loss divided by a size."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.graph import (
    SCALAR,
    Call,
    Expr,
    Pair,
    Shape,
    call,
    is_column,
    is_scalar,
    shape_text,
)
from exgen.ops.base import (
    ArgShapes,
    Fusion,
    Given,
    Op,
    Signature,
    Site,
    Sizes,
    Traits,
    Words,
    exact,
    named,
)
from exgen.ops.entrywise import at

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from exgen.printing import Printed, Printer


def _loss_shape(sizes: Sizes, shapes: ArgShapes, _options: Given) -> Shape:
    prediction, target = (sizes.shape(shape) for shape in shapes)
    sizes.require(
        prediction,
        target,
        f"the prediction is {shape_text(prediction)} and the target {shape_text(target)}",
        "A loss compares two arrays of the same shape.",
    )
    return SCALAR


def _loss(
    name: str,
    *,
    value: Callable[[NDArray[Any], NDArray[Any]], Any],
    slopes: Callable[[Expr, Expr], tuple[Expr, Expr]],
    why: str,
    tex: Callable[[Printer, tuple[Printed, ...], Call], Printed],
    definition: Callable[[Expr, Expr], Expr],
    words: Words,
    traits: Traits,
) -> Op:
    """Return a loss from its derivatives by one entry of the prediction and of the target."""

    def vjp(site: Site, upstream: Expr) -> tuple[Expr | None, ...]:
        return tuple(upstream * slope for slope in slopes(*site.args))

    def jacobian(site: Site, position: int) -> Expr | None:
        if not is_column(site.shapes[0]):
            return None
        slope = slopes(*site.args)[position]
        return slope if is_scalar(site.shapes[0]) else slope.T

    def entry(site: Site, position: int, _out: Pair, arg: Pair) -> Expr:
        pair = (at(a, s, arg) for a, s in zip(site.args, site.shapes, strict=True))
        return slopes(*pair)[position]

    def evaluate(prediction: NDArray[Any], target: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(value(prediction, target)).reshape(1, 1)

    return Op(
        name=name,
        signature=Signature(("prediction", "target")),
        sign="",
        shape=_loss_shape,
        shape_why="A loss sums over all entries, so it is a scalar.",
        value=evaluate,
        vjp=vjp,
        jacobian=jacobian,
        entry=entry,
        why=why,
        tex=tex,
        formula=None,
        definition=lambda site: definition(*site.args),
        traits=traits,
        words=words,
    )


def _floats(a: NDArray[Any]) -> NDArray[Any]:
    return a.astype(float) if exact(a) else a


def _cross_entropy(p: NDArray[Any], y: NDArray[Any]) -> Any:  # noqa: ANN401 - a NumPy scalar
    p, y = _floats(p), _floats(y)
    # A class with target 0 adds nothing, even where its probability is 0.
    return -(y * np.log(np.where(y == 0, 1.0, p))).sum()


def _bce(p: NDArray[Any], y: NDArray[Any]) -> Any:  # noqa: ANN401 - a NumPy scalar
    return _cross_entropy(p, y) + _cross_entropy(1 - p, 1 - y)


def _total(expr: Expr) -> Expr:
    return call("sum", expr, axis=None)


LOSS = Traits(loss=True, range=(0, None))
LOGARITHMIC = replace(LOSS, exact=False)
AFTER_SOFTMAX = Fusion(
    "softmax+cross_entropy",
    "softmax",
    "the target's entries sum to 1",
    "The derivative of cross-entropy after a softmax with respect to the logits is output minus "
    "target, because the entries of the target sum to 1.",
)
AFTER_SIGMOID = Fusion(
    "sigmoid+bce",
    "sigmoid",
    "",
    "The derivative of binary cross-entropy after a sigmoid with respect to the pre-activation is "
    "output minus target.",
)
OF_A_LOGARITHM = r"The derivative of $\log <u>$ is $1/<u>$."
OF_A_SQUARE = r"Power rule: the derivative of $<u>^2$ is $2\,<u>$."

CROSS_ENTROPY = _loss(
    "cross_entropy",
    value=_cross_entropy,
    slopes=lambda p, y: (-(y / p), -call("log", p)),
    why="The derivative of each logarithm is the reciprocal of its argument.",
    tex=lambda printer, _args, this: printer.log_loss(this, binary=False),
    definition=lambda p, y: -_total(y * call("log", p)),
    words=named("cross-entropy", OF_A_LOGARITHM, says="summed over the classes"),
    traits=replace(LOGARITHMIC, fusion=AFTER_SOFTMAX, classes=True),
)
BCE = _loss(
    "bce",
    value=_bce,
    slopes=lambda p, y: ((p - y) / (p * (1 - p)), call("log", 1 - p) - call("log", p)),
    why="The derivative of each logarithm is the reciprocal of its argument; over a common "
    "denominator the two terms are one fraction.",
    tex=lambda printer, _args, this: printer.log_loss(this, binary=True),
    definition=lambda p, y: -_total(y * call("log", p) + (1 - y) * call("log", 1 - p)),
    words=named("binary cross-entropy", OF_A_LOGARITHM, says="summed over the entries"),
    traits=replace(LOGARITHMIC, fusion=AFTER_SIGMOID),
)
SQUARED_ERROR = _loss(
    "squared_error",
    value=lambda a, y: ((a - y) * (a - y)).sum(),
    slopes=lambda a, y: (2 * (a - y), -(2 * (a - y))),
    why="The derivative of each square is twice the difference.",
    tex=lambda printer, _args, this: printer.spelled_out(this),
    definition=lambda a, y: _total((a - y) ** 2),
    words=named(
        "squared error", OF_A_SQUARE, OF_A_SQUARE, says="the sum of the squared differences"
    ),
    traits=LOSS,
)

ROWS = (CROSS_ENTROPY, BCE, SQUARED_ERROR)
