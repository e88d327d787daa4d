"""What the sides of an equation say at one point, and what they should."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.certify.compare import DIRECTIONS, SEED, between, same_numbers
from exgen.certify.everywhere import everywhere
from exgen.certify.quantity import known_values
from exgen.derive.cases import RANK
from exgen.derive.jacobian import is_denominator
from exgen.engine import Values, evaluate, gradients
from exgen.errors import CertificateError
from exgen.graph import Entry, Expr, Graph, Index, reindexed, walk
from exgen.ops import uses

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from exgen.certify.sides import Sides
    from exgen.certify.trials import Trial

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


def wanted(claim: Sides, trial: Trial, sample: Sample) -> NDArray[Any]:
    """Return what a sample should say, entry after entry, by the forward pass or reverse mode.

    Raises:
        CertificateError: the sample has another shape.

    """
    whole = _whole(claim, trial, sample)
    if whole.shape != sample.array.shape:
        raise CertificateError(f"shapes: {sample.array.shape} is not {whole.shape}")
    entries: NDArray[Any] = whole[sample.said]
    return entries


def _whole(claim: Sides, trial: Trial, sample: Sample) -> NDArray[Any]:
    quantity, graph, values = claim.quantity, trial.graph, trial.values
    if quantity is None or not quantity.by:
        return values[quantity.of if quantity else graph.loss]
    if quantity.of == graph.loss and trial.slopes:
        slope = trial.slopes[quantity.by]
        if quantity.rate is None:
            return slope
        return np.asarray(values[quantity.by] - quantity.rate_at(values) * slope)
    part = between(graph, quantity.of, quantity.by)
    # Handed in rather than multiplied on, so that only rules of this very part are at work.
    return gradients(part, values, upstream=sample.upstream)[quantity.by]


def samples(claim: Sides, right: Expr, trial: Trial) -> Iterator[Sample]:
    """Yield what a side says at a point: all of it, or enough of it where it is very large."""
    quantity = claim.quantity
    if quantity is None:
        return
    expr = same_numbers(right, claim.graph)
    own = trial.values[quantity.of]
    if claim.is_by_entry(right):
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
    known = known_values(trial.graph, trial.values, trial.slopes, (expr,))
    found = evaluate(expr, known).astype(float)
    if not quantity.by:
        yield all_of(found)
        return
    found = as_denominator(claim, trial, found)
    if own.size == 1:
        yield all_of(found)
        return
    random = np.random.default_rng(SEED)
    for _ in range(DIRECTIONS):
        upstream = random.standard_normal(own.shape)
        yield all_of(found @ upstream, upstream)


def as_denominator(claim: Sides, trial: Trial, array: NDArray[Any]) -> NDArray[Any]:
    """Undo the layout: a gradient has its variable's shape, a Jacobian the variable's rows."""
    quantity = claim.quantity
    if quantity is None or not quantity.by or quantity.rate is not None:
        return array
    own = trial.graph.shapes[quantity.of]
    return array if is_denominator(claim.layout, own) else array.T


def cells_at(claim: Sides, trial: Trial) -> NDArray[Any]:
    """Return the values of the cells at a point, the layout undone."""
    known: Values = {**trial.values, **trial.leaves}
    found = [[evaluate(c, known, exact=bool(trial.leaves)).item() for c in r] for r in claim.cells]
    return as_denominator(claim, trial, np.array(found, dtype=float))


def all_of(array: NDArray[Any], upstream: NDArray[Any] = ITSELF) -> Sample:
    """Return a sample that speaks of every entry."""
    return Sample(array, np.ones(array.shape, dtype=bool), upstream)


def _entries(
    claim: Sides,
    expr: Expr,
    trial: Trial,
    index: tuple[Index, ...],
    at: Mapping[str, int],
    upstream: NDArray[Any],
) -> Sample:
    """Evaluate an index form at every place that its letters may stand for."""
    quantity = claim.quantity
    shape = trial.values[quantity.by or quantity.of].shape if quantity else ()
    expr = reindexed(expr, at)
    index = tuple(at.get(i, i) if isinstance(i, str) else i for i in index)
    ranges = {i: size for i, size in zip(index, shape, strict=True) if isinstance(i, str)}
    known = known_values(trial.graph, trial.values, trial.slopes, (expr,))
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


def _ranks(
    expr: Expr, trial: Trial, index: tuple[Index, ...], ranges: Mapping[str, int]
) -> dict[str, tuple[NDArray[Any], Index]]:
    """Return the places that entries take once they are sorted; the sort itself is not asked."""
    found: dict[str, tuple[NDArray[Any], Index]] = {}
    rows = {part.indices[0] for part in walk(expr) if isinstance(part, Entry)}
    for name, rank in ((row, RANK.fullmatch(str(row))) for row in rows):
        if rank is not None:
            column = _sorted_column(trial.graph, trial.values)
            before = (column[None, :] < column[:, None]).sum(axis=1)
            found[str(name)] = before, rank[1] if rank[1] in ranges else index[0]
    return found


def _sorted_column(graph: Graph, values: Values) -> NDArray[Any]:
    """Return what a network sorts, so that the smallest comes first."""
    for part in uses(graph, lambda op: "descending" in op.options):
        column: NDArray[Any] = evaluate(part.args[0], values)[:, 0]
        return -column if part.option("descending") == 1 else column
    raise CertificateError("nothing is sorted here")
