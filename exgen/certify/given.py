"""A gradient at values that a user gave: compared two ways there, or refused with the reason.

A trial point is chosen so that every method works. Values that a user gives may lie at a kink,
beyond the edge of a domain or where a number is too large, so each of these is looked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.certify import differences
from exgen.certify.compare import (
    DIFFERENCE_FLOOR,
    DIFFERENCE_TOLERANCE,
    DIRECTIONS,
    ELEMENTWISE_LIMIT,
    EXACT_TOLERANCE,
    SEED,
    as_function,
    compare,
    worst,
)
from exgen.derive.jacobian import slope_at_zero
from exgen.engine import backward, evaluate
from exgen.errors import CertificateError, ValuesError
from exgen.graph import Call, Expr, Graph, walk
from exgen.language import to_text
from exgen.ops import traits_of
from exgen.ops.logits import from_logits, graph_from_logits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from exgen.derive.notation import Notation
    from exgen.document import Agreement
    from exgen.engine import Values

    Function = Callable[[NDArray[Any]], NDArray[Any]]

SCALES = (1.0, 1e-2, 1e2, 1e-3, 1e-4)
"""Steps of a difference, as multiples of the usual one: a domain may be narrow, a number large."""
ONE_SIDED = (1e-4, 1e-6)
"""Two steps of one-sided differences; where a derivative exists, the two sides meet with them."""
NEARER = 0.1
"""How much nearer the two sides come, at the smaller step, at most, where they do not meet."""
MOVE = "Move the values a little, or choose others."
WRITE = "Write the loss with cross_entropy or bce, whose gradient by the logits has no quotient."


@dataclass(frozen=True, slots=True)
class Given:
    """A network at values that a user gave, and what holds there.

    Attributes:
        graph: the network, its sizes numbers.
        at: the value of every name.
        notation: says which slope a kink has at 0.
        reverse: the gradient of the loss by each leaf, by reverse mode, in floats.

    """

    graph: Graph
    at: Values
    notation: Notation
    reverse: Values


def given(graph: Graph, at: Values, notation: Notation) -> Given:
    """Run the backward pass at values, with logarithms of probabilities read off the logits."""
    back = backward(graph_from_logits(graph))
    found: Values = dict(at)
    for name in back.order():
        expr = slope_at_zero(back.gradient(name), notation)
        found[graph.gradient(name)] = evaluate(expr, found).astype(float)
    reverse = {leaf.name: found[graph.gradient(leaf.name)] for leaf in graph.leaves}
    return Given(graph, at, notation, reverse)


def prove_at(case: Given, by: str, expr: Expr) -> tuple[NDArray[Any], tuple[Agreement, ...]]:
    """Return a gradient's value, and how closely reverse mode and differences agree with it.

    Args:
        case: the network at the values.
        by: the leaf.
        expr: the gradient, over names of the forward pass.

    Raises:
        ValuesError: it is not finite there, does not exist, or cannot be compared.
        CertificateError: two methods disagree.

    """
    lines = {binding.name: binding.expr for binding in case.graph.bindings}
    stable = from_logits(expr, lines)
    # Without the sign of a zero, which says nothing of a gradient.
    printed = evaluate(stable, case.at).astype(float) + 0.0
    if not np.isfinite(printed).all():
        run = _function(case, by)
        if any(_apart(run, case.at[by], u) for u in _directions(case.at[by])):
            raise _no_gradient(by)
        part = to_text(_not_finite(stable, case.at))
        raise ValuesError(
            f"at these values the gradient by '{by}' cannot be evaluated: '{part}' is not finite",
            # Reverse mode goes from the logarithm to the logits, and meets no such quotient.
            remedy=WRITE if np.isfinite(case.reverse[by]).all() else MOVE,
        )
    if not np.isfinite(case.reverse[by]).all():
        raise ValuesError(
            f"at these values the gradient by '{by}' cannot be compared: reverse mode meets a "
            "number that is not finite",
            remedy=MOVE,
        )
    reverse = compare("reverse mode", printed, case.reverse[by], EXACT_TOLERANCE)
    return printed, (reverse, _by_differences(case, by, printed))


def at_kinks(case: Given) -> tuple[str, ...]:
    """Return what is assumed of kinks at which these values lie, one sentence for each."""
    found: list[str] = []
    slope = case.notation.relu_at_zero
    for binding in case.graph.bindings:
        for part in walk(binding.expr):
            if isinstance(part, Call) and traits_of(part).kink:
                z = evaluate(part.args[0], case.at)
                if (z == 0).any():
                    side = f"slope of its {'positive' if slope else 'negative'} side"
                    if traits_of(part).kink == "flat":
                        side = "slope 0"
                    found.append(f"{part.op} has at 0 the {side}, in '{binding.name}'")
    return tuple(dict.fromkeys(found))


def _not_finite(expr: Expr, values: Values) -> Expr:
    """Return the innermost part whose value is not finite."""
    inner = expr.args if isinstance(expr, Call) else ()
    for part in inner:
        if not np.isfinite(evaluate(part, values).astype(float)).all():
            return _not_finite(part, values)
    return expr


def _function(case: Given, by: str) -> Function:
    slope = case.notation.relu_at_zero
    return as_function(case.graph, case.at, by, case.graph.loss, slope_at_zero=slope, ties=False)


def _by_differences(case: Given, by: str, printed: NDArray[Any]) -> Agreement:
    run, at = _function(case, by), case.at[by]
    floor = DIFFERENCE_FLOOR * max(1.0, abs(case.at[case.graph.loss].item()))
    parts: list[Agreement] = []
    for direction in _directions(at):
        along = np.asarray((printed * direction).sum()).reshape(1, 1)
        parts.append(_along(run, at, direction, along, floor=floor, by=by))
    return worst(parts)


def _directions(at: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield random directions, and for a small array each entry's; as long as the entries are."""
    scale = np.maximum(1.0, np.abs(at))
    random = np.random.default_rng(SEED)
    for _ in range(DIRECTIONS):
        yield random.standard_normal(at.shape) * scale
    if at.size <= ELEMENTWISE_LIMIT:
        for place in np.ndindex(at.shape):
            direction = np.zeros(at.shape)
            direction[place] = scale[place]
            yield direction


def _along(
    run: Function,
    at: NDArray[Any],
    direction: NDArray[Any],
    along: NDArray[Any],
    *,
    floor: float,
    by: str,
) -> Agreement:
    """Compare the slope along a direction with differences, at the first step that serves."""
    failed: CertificateError | None = None
    with np.errstate(all="ignore"):
        for scale in SCALES:
            pushed = differences.directional(run, at, direction * scale) / scale
            if not np.isfinite(pushed).all():
                continue
            try:
                return compare("differences", along, pushed, DIFFERENCE_TOLERANCE, floor=floor)
            except CertificateError as error:
                failed = failed or error
    if failed is None:
        raise ValuesError(
            f"at these values the gradient by '{by}' cannot be compared with differences: the "
            "forward pass is not finite beside them",
            remedy=MOVE,
        )
    raise _no_gradient(by) if _apart(run, at, direction) else failed


def _no_gradient(by: str) -> ValuesError:
    return ValuesError(
        f"at these values the gradient by '{by}' does not exist: the loss has a kink there, or "
        "a jump",
        remedy=MOVE,
    )


def _apart(run: Function, at: NDArray[Any], direction: NDArray[Any]) -> bool:
    """Whether the slopes on the two sides of a point stay apart as the step shrinks."""
    with np.errstate(all="ignore"):
        here = run(at).item()
        wide, narrow = (
            abs(run(at + h * direction).item() - 2 * here + run(at - h * direction).item()) / h
            for h in ONE_SIDED
        )
    # A rounded value is off by a part in 1e16 of itself; what that makes of a slope is no kink.
    rounding = DIFFERENCE_TOLERANCE * max(1.0, abs(here))
    return bool(narrow > NEARER * wide and narrow > rounding)
