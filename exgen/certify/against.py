"""The sides of an equation at one point, against each way to the quantity."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
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
    check_shape,
    compare,
    same_numbers,
)
from exgen.certify.hand import by_decimals, rounded_alike
from exgen.certify.magnitude import FAINT, scales
from exgen.certify.quantity import known_values, units
from exgen.certify.samples import Sample, all_of, cells_at, samples, wanted
from exgen.engine import evaluate, forward
from exgen.errors import CertificateError, KindError
from exgen.graph import Expr, derivatives_in, is_scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from exgen.certify.quantity import Quantity
    from exgen.certify.sides import Sides
    from exgen.certify.trials import Trial
    from exgen.document import Agreement

MOST_DECIMALS = 100
"""Values of more entries than this are not worked out again in decimals."""
MIXED_TOLERANCE = 1e-7
"""Of a side with a partial derivative, which is taken by differences."""


def check_shapes(claim: Sides) -> Iterator[Agreement]:
    """Infer the shape of every side in whole arrays, and compare it with the quantity's."""
    if claim.quantity is None or claim.leaves:
        return
    for right in claim.rights:
        if not claim.is_by_entry(right):
            shape = claim.quantity.shape(claim.graph, claim.layout)
            yield check_shape(right, claim.graph.shapes, shape)


def side_by_side(claim: Sides, trial: Trial) -> Iterator[Agreement]:
    """Compare each side with the one before."""
    known = known_values(trial.graph, trial.values, trial.slopes, claim.rights)
    sides = [evaluate(same_numbers(right, claim.graph), known) for right in claim.rights]
    for n, (before, after) in enumerate(pairwise(sides), start=1):
        tolerance = max(_tolerance(claim, right) for right in claim.rights[n - 1 : n + 1])
        floats = after.astype(float), before.astype(float)
        yield compare("each side evaluated", *floats, tolerance, floor=DIFFERENCE_FLOOR)


def _tolerance(claim: Sides, right: Expr) -> float:
    if claim.given & derivatives_in(right):
        return MIXED_TOLERANCE if claim.is_by_entry(right) else DIFFERENCE_TOLERANCE
    return EXACT_TOLERANCE


def against_the_network(claim: Sides, trial: Trial) -> Iterator[Agreement]:
    """Compare each side with the quantity; differences with the last, as all agree by then."""
    quantity = claim.quantity
    if quantity is None:
        return
    sides: list[tuple[list[Sample], float]] = [
        (list(samples(claim, right, trial)), _tolerance(claim, right)) for right in claim.rights
    ]
    if claim.rounding is not None and claim.rounding.carry is not None:
        yield from rounded_alike(claim, trial)
    if claim.cells:
        sides.append(([all_of(cells_at(claim, trial))], EXACT_TOLERANCE))
    for number, (found, tolerance) in enumerate(sides, start=1):
        try:
            yield from _side(claim, trial, found, tolerance, last=number == len(sides))
        except CertificateError as error:
            which = f"right side {number}: " if len(sides) > 1 else ""
            raise CertificateError(f"{which}{error.message}") from None
    by_hand = claim.rounding is not None and claim.rounding.carry is not None
    if (trial.leaves or not trial.graph.leaves) and not quantity.by and not by_hand:
        method, exact = _without_floats(trial, quantity.of)
        for (sample, *_), tolerance in sides:
            yield compare(method, sample.entries, exact[sample.said], tolerance)
    if not quantity.by:
        yield from _entry_by_entry(claim, sides)


def _without_floats(trial: Trial, of: str) -> tuple[str, NDArray[Any]]:
    """Return a value in exact fractions; in decimals where a function is no fraction."""
    exact = forward(trial.graph, trial.leaves, exact=True)
    size = sum(array.size for array in exact.values())
    if size <= MOST_DECIMALS and any(isinstance(part, float) for part in exact[of].flat):
        with suppress(KindError):
            return "decimals", by_decimals(trial.graph, trial.leaves, of)
    return "exact fractions", exact[of].astype(float)


def _side(
    claim: Sides, trial: Trial, found: list[Sample], tolerance: float, *, last: bool
) -> Iterator[Agreement]:
    for sample in found:
        expected = wanted(claim, trial, sample)
        if claim.quantity is None or not claim.quantity.by:
            yield compare("forward pass", sample.entries, expected, tolerance)
            continue
        floors = _floors(claim, trial, sample.entries, expected)
        yield compare("reverse mode", sample.entries, expected, tolerance, floor=floors[0])
        if last:
            yield from _by_differences(claim, trial, _slope(claim, trial, sample), floors[1])


def _slope(claim: Sides, trial: Trial, sample: Sample) -> Sample:
    """Return the gradient along which a step of gradient descent went."""
    quantity = claim.quantity
    if quantity is None or quantity.rate is None:
        return sample
    step = trial.values[quantity.by] - sample.array
    return replace(sample, array=step / quantity.rate_at(trial.values))


def _entry_by_entry(claim: Sides, sides: list[tuple[list[Sample], float]]) -> Iterator[Agreement]:
    """Compare each index form of a value with a side that says the same in whole arrays."""
    rights = list(zip(claim.rights, sides, strict=False))
    whole = next((found[0] for r, (found, _) in rights if not claim.is_by_entry(r)), None)
    for right, ((sample, *_), tolerance) in rights:
        if whole is not None and claim.is_by_entry(right):
            beside = whole.array[sample.said]
            yield compare("index form", sample.entries, beside, tolerance)


def _floors(
    claim: Sides, trial: Trial, printed: NDArray[Any], expected: NDArray[Any]
) -> tuple[float, float]:
    """Return how large the numbers are that reverse mode, and that differences, are about."""
    quantity, graph, exact = claim.quantity, trial.graph, 1.0
    if quantity is None or quantity.of != graph.loss or not is_scalar(graph.shapes[graph.loss]):
        return exact, exact
    size = max(1.0, abs(trial.values[graph.loss].item()))
    peak = max(float(np.abs(array).max(initial=0.0)) for array in (printed, expected))
    if 0 < peak < FAINT:
        found = scales(graph, trial.values, quantity.by)
        exact, size = min(exact, found.gradient), min(size, found.loss)
    return exact, DIFFERENCE_FLOOR * size


def _by_differences(
    claim: Sides, trial: Trial, sample: Sample, floor: float
) -> Iterator[Agreement]:
    """Move the variable along random directions, and if it is small each of its entries."""
    quantity = claim.quantity
    if quantity is None:
        return
    # Equations about the same derivative at the same point share what was moved there.
    moved = trial.graph.once(
        ("moved", quantity.of, quantity.by, trial.place(quantity.by), sample.said.tobytes()),
        lambda: _moved(trial, quantity, sample.said),
    )
    for move, change in moved:
        along = np.full((1, 1), (sample.array * move).sum())
        pushed = np.full((1, 1), (sample.upstream * change).sum())
        yield compare("differences", along, pushed, DIFFERENCE_TOLERANCE, floor=floor)


def _moved(
    trial: Trial, quantity: Quantity, said: NDArray[np.bool_]
) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Return directions of the variable, each with how the function changes along it."""
    at = trial.values[quantity.by]
    run = as_function(trial.graph, trial.values, quantity.by, quantity.of)
    random = np.random.default_rng(SEED)
    moves = [random.standard_normal(at.shape) * said for _ in range(DIRECTIONS)]
    if at.size <= ELEMENTWISE_LIMIT:
        moves += [unit for unit in units(at.shape) if (unit * said).any()]
    return [(move, differences.directional(run, at, move)) for move in moves]
