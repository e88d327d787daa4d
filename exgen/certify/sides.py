"""The sides of an equation at one point: what is printed, against each way to the quantity."""

from __future__ import annotations

from dataclasses import dataclass
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
    between,
    check_shape,
    compare,
    same_numbers,
)
from exgen.certify.everywhere import everywhere, partial_name
from exgen.certify.magnitude import FAINT, scales
from exgen.certify.points import ORDERING
from exgen.certify.quantity import printed_values, units
from exgen.certify.rounding import worked_and_rounded
from exgen.derive.cases import RANK
from exgen.derive.jacobian import is_denominator
from exgen.engine import Values, evaluate, forward, gradients
from exgen.errors import CertificateError
from exgen.graph import (
    ONE,
    Call,
    Delta,
    Entry,
    Expr,
    Graph,
    Index,
    Name,
    Partial,
    SumOver,
    is_scalar,
    names_in,
    rebuild,
    walk,
)
from exgen.shapes import shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from exgen.certify.equation import Equation
    from exgen.certify.trials import Trial
    from exgen.document import Agreement

MIXED_TOLERANCE = 1e-7
"""Of a side with a partial derivative, which is taken by differences."""
OUTPUTS = 3
"""At how many outputs an index form of a derivative of an array is tried."""
ITSELF = np.ones((1, 1))


@dataclass(frozen=True, slots=True)
class Sample:
    """A side at a point: an array in the shape of a name, and where in it the side speaks.

    Attributes:
        array: the value of a name, or the gradient of a scalar by one.
        said: at which entries.
        upstream: what the function's entries are weighed with to make a scalar of it.

    """

    array: NDArray[Any]
    said: NDArray[np.bool_]
    upstream: NDArray[Any]

    @property
    def entries(self) -> NDArray[Any]:
        """What the side says, entry after entry."""
        return self.array[self.said]


def is_index_form(claim: Equation, right: Expr) -> bool:
    """Whether a side is one entry, of which the claim says the place."""
    if not claim.index or claim.quantity is None:
        return False
    by_entry = (Entry, SumOver, Delta, Partial)
    if not isinstance(right, Call | Name) or any(isinstance(p, by_entry) for p in walk(right)):
        return True
    several = any(dim != ONE for dim in claim.quantity.axes(claim.graph))
    return several and is_scalar(shape_of(right, claim.shapes))


def check_shapes(claim: Equation) -> Iterator[Agreement]:
    """Infer the shape of every side in whole arrays, and compare it with the quantity's."""
    if claim.quantity is None or claim.leaves:
        return
    for right in claim.rights:
        if not is_index_form(claim, right):
            shape = claim.quantity.shape(claim.graph, claim.layout)
            yield check_shape(right, claim.shapes, shape)


def side_by_side(claim: Equation, trial: Trial) -> Iterator[Agreement]:
    """Compare each side with the one before."""
    known = printed_values(trial.graph, trial.values, trial.slopes, claim.layout, claim.factors)
    sides = [evaluate(same_numbers(right, claim.graph), known) for right in claim.rights]
    for n, (before, after) in enumerate(pairwise(sides), start=1):
        tolerance = max(_tolerance(claim, right) for right in claim.rights[n - 1 : n + 1])
        floats = after.astype(float), before.astype(float)
        yield compare("each side evaluated", *floats, tolerance, floor=DIFFERENCE_FLOOR)


def _tolerance(claim: Equation, right: Expr) -> float:
    if {factor.name for factor in claim.factors} & names_in(right):
        return DIFFERENCE_TOLERANCE
    mixed = any(isinstance(part, Partial) for part in walk(right))
    return MIXED_TOLERANCE if mixed else EXACT_TOLERANCE


def compared(claim: Equation, trial: Trial) -> Iterator[Agreement]:
    """Compare each side with the quantity; differences with the last, as all agree by then."""
    quantity = claim.quantity
    if quantity is None:
        return
    sides: list[tuple[list[Sample], float]] = [
        (list(samples(claim, right, trial)), _tolerance(claim, right)) for right in claim.rights
    ]
    if claim.rounding is not None:
        exactly, agreed = worked_and_rounded(claim, trial)
        yield from agreed
        sides.append(([_all_of(exactly)], EXACT_TOLERANCE))
    elif claim.cells:
        sides.append(([_all_of(cells_at(claim, trial))], EXACT_TOLERANCE))
    for number, (found, tolerance) in enumerate(sides, start=1):
        for sample in found:
            expected = wanted(claim, trial, sample)[sample.said]
            if not quantity.by:
                yield compare("forward pass", sample.entries, expected, tolerance)
                continue
            floors = _floors(claim, trial, sample.entries, expected)
            yield compare("reverse mode", sample.entries, expected, tolerance, floor=floors[0])
            if number == len(sides):
                yield from _by_differences(claim, trial, sample, floors[1])
    if trial.leaves and not quantity.by and claim.rounding is None:
        exact = forward(trial.graph, trial.leaves, exact=True)[quantity.of].astype(float)
        for (sample, *_), tolerance in sides:
            yield compare("exact fractions", sample.entries, exact[sample.said], tolerance)
    if not quantity.by:
        yield from _entry_by_entry(claim, sides)


def _entry_by_entry(
    claim: Equation, sides: list[tuple[list[Sample], float]]
) -> Iterator[Agreement]:
    """Compare each index form of a value with a side that says the same in whole arrays."""
    rights = list(zip(claim.rights, sides, strict=False))
    whole = next((found[0] for r, (found, _) in rights if not is_index_form(claim, r)), None)
    for right, ((sample, *_), tolerance) in rights:
        if whole is not None and is_index_form(claim, right):
            beside = whole.array[sample.said]
            yield compare("index form", sample.entries, beside, tolerance)


def _floors(
    claim: Equation, trial: Trial, printed: NDArray[Any], expected: NDArray[Any]
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
    claim: Equation, trial: Trial, sample: Sample, floor: float
) -> Iterator[Agreement]:
    """Move the variable along random directions, and if it is small each of its entries."""
    quantity = claim.quantity
    if quantity is None:
        return
    at = trial.values[quantity.by]
    run = as_function(trial.graph, trial.values, quantity.by, quantity.of)
    random = np.random.default_rng(SEED)
    moves = [random.standard_normal(at.shape) * sample.said for _ in range(DIRECTIONS)]
    if at.size <= ELEMENTWISE_LIMIT:
        moves += [unit for unit in units(at.shape) if (unit * sample.said).any()]
    for move in moves:
        along = np.full((1, 1), (sample.array * move).sum())
        pushed = np.full((1, 1), (sample.upstream * differences.directional(run, at, move)).sum())
        yield compare("differences", along, pushed, DIFFERENCE_TOLERANCE, floor=floor)


def wanted(claim: Equation, trial: Trial, sample: Sample) -> NDArray[Any]:
    """Return the quantity by the forward pass, or by reverse mode, as a sample has it."""
    quantity, graph, values = claim.quantity, trial.graph, trial.values
    if quantity is None or not quantity.by:
        return values[quantity.of if quantity else graph.loss]
    if quantity.of == graph.loss and trial.slopes:
        return trial.slopes[quantity.by]
    part = between(graph, quantity.of, quantity.by)
    # Handed in rather than multiplied on, so that only rules of this very part are at work.
    return gradients(part, values, upstream=sample.upstream)[quantity.by]


# --- what is printed ---


def samples(claim: Equation, right: Expr, trial: Trial) -> Iterator[Sample]:
    """Yield what a side says at a point: all of it, or enough of it where it is very large."""
    quantity = claim.quantity
    if quantity is None:
        return
    expr = same_numbers(right, claim.graph)
    own = trial.values[quantity.of]
    if is_index_form(claim, right):
        at = dict(trial.fixed)
        if not quantity.by or own.size == 1:
            yield _entries(claim, expr, trial, claim.index, at, ITSELF)
            return
        row, column = claim.index[:2]
        tried = {round(n) for n in np.linspace(0, own.shape[0] - 1, OUTPUTS)}
        for place in sorted(tried) if isinstance(row, str) else [row]:
            upstream = np.zeros(own.shape)
            if isinstance(row, str):
                at[row] = place
            if isinstance(column, str):
                raise CertificateError("the function of a derivative in index form is a column")
            upstream[place, column] = 1.0
            yield _entries(claim, expr, trial, claim.index[2:], at, upstream)
        return
    known = printed_values(trial.graph, trial.values, trial.slopes, claim.layout, claim.factors)
    found = evaluate(expr, known).astype(float)
    if not quantity.by:
        yield _all_of(found)
        return
    if not is_denominator(claim.layout, trial.graph.shapes[quantity.of]):
        found = found.T
    if own.size == 1:
        yield _all_of(found)
        return
    random = np.random.default_rng(SEED)
    for _ in range(DIRECTIONS):
        upstream = random.standard_normal(own.shape)
        yield _all_of(found @ upstream, upstream)


def cells_at(claim: Equation, trial: Trial) -> NDArray[Any]:
    """Return the values of the cells at a point."""
    known: Values = {**trial.values, **trial.leaves}
    found = [[evaluate(c, known, exact=bool(trial.leaves)).item() for c in r] for r in claim.cells]
    return np.array(found, dtype=float)


def _all_of(array: NDArray[Any], upstream: NDArray[Any] = ITSELF) -> Sample:
    return Sample(array, np.ones(array.shape, dtype=bool), upstream)


def _entries(
    claim: Equation,
    expr: Expr,
    trial: Trial,
    index: tuple[Index, ...],
    at: Mapping[str, int],
    upstream: NDArray[Any],
) -> Sample:
    """Evaluate an index form at every place that its letters may stand for."""
    quantity = claim.quantity
    shape = trial.values[quantity.by or quantity.of].shape if quantity else ()
    expr = placed(expr, at)
    index = tuple(at.get(i, i) if isinstance(i, str) else i for i in index)
    ranges = {i: size for i, size in zip(index, shape, strict=True) if isinstance(i, str)}
    known = printed_values(trial.graph, trial.values, trial.slopes, "shape")
    for part in walk(expr):
        if isinstance(part, Partial):
            _add_partial(trial.graph, part, known)
    found = everywhere(expr, known, ranges, _ranks(expr, trial, index, ranges))
    where = dict(zip(ranges, np.indices(tuple(ranges.values())), strict=True))
    allowed = np.ones(tuple(ranges.values()), dtype=bool)
    for pair in claim.different:
        one, other = (where.get(i, at.get(i)) if isinstance(i, str) else i for i in pair)
        allowed = allowed & np.asarray(one != other)
    place = tuple(
        np.broadcast_to(where[i] if isinstance(i, str) else i, allowed.shape)[allowed]
        for i in index
    )
    array, said = np.zeros(shape), np.zeros(shape, dtype=bool)
    array[place], said[place] = found[allowed], True
    return Sample(array, said, upstream)


def placed(expr: Expr, at: Mapping[str, int]) -> Expr:
    """Put positions in place of letters."""

    def put(index: Index) -> Index:
        return at.get(index, index) if isinstance(index, str) else index

    match expr:
        case Entry(of, row, column):
            return Entry(of, put(row), put(column))
        case Delta(left, right):
            return Delta(put(left), put(right))
        case Partial(Entry(of, row, column), Entry(by, n, m)):
            return Partial(Entry(of, put(row), put(column)), Entry(by, put(n), put(m)))
        case SumOver(letter, size, body, but):
            return SumOver(letter, size, placed(body, at), None if but is None else put(but))
    return rebuild(expr, lambda part: placed(part, at))


def _ranks(
    expr: Expr, trial: Trial, index: tuple[Index, ...], ranges: Mapping[str, int]
) -> dict[str, tuple[NDArray[Any], Index]]:
    """Return the places that entries take once they are sorted; the sort itself is not asked."""
    found: dict[str, tuple[NDArray[Any], Index]] = {}
    rows = {part.row for part in walk(expr) if isinstance(part, Entry)}
    for name, rank in ((row, RANK.fullmatch(str(row))) for row in rows):
        if rank is not None:
            column = _sorted_column(trial.graph, trial.values)
            before = (column[None, :] < column[:, None]).sum(axis=1)
            found[str(name)] = before, rank[1] if rank[1] in ranges else index[0]
    return found


def _sorted_column(graph: Graph, values: Values) -> NDArray[Any]:
    """Return what a network sorts, so that the smallest comes first."""
    for binding in graph.bindings:
        for part in walk(binding.expr):
            if isinstance(part, Call) and part.op in ORDERING:
                column: NDArray[Any] = evaluate(part.args[0], values)[:, 0]
                return -column if part.option("descending") == 1 else column
    raise CertificateError("nothing is sorted here")


def _add_partial(graph: Graph, part: Partial, known: Values) -> None:
    """Add the derivatives of a line by a name it reads, by differences of that line alone."""
    of, by = part.of.of, part.by.of
    if not (isinstance(of, Name) and isinstance(by, Name)):
        raise CertificateError("a partial derivative is of an entry of a name, by another")
    key, expr = partial_name(of.name, by.name), graph.expr(of.name)
    if key in known:
        return
    if expr is None:
        raise CertificateError(f"'{of.name}' is no line")
    at = known[by.name]

    def run(x: NDArray[Any]) -> NDArray[Any]:
        return evaluate(expr, {**known, by.name: x})

    found = [differences.directional(run, at, unit) for unit in units(at.shape)]
    known[key] = np.stack(found, axis=-1).reshape(*known[of.name].shape, *at.shape)
