"""Test points: values for the leaves at which an answer is evaluated.

They decide nothing that is printed, so NumPy's own generator serves, seeded by a constant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.engine import Values, evaluate, forward
from exgen.errors import CertificateError
from exgen.graph import Call, Graph, Leaf, walk
from exgen.language.classes import classes_axes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

TRIES = 40
ONE_SIDED_TRIES = 12
"""How many draws are made in search of a point on both sides of every kink."""
MARGIN = 1e-4
"""How far every pre-activation stays from the kink, well beyond the step of a difference."""
KINKED = frozenset({"relu", "lrelu", "prelu"})
ROUTING = frozenset({"maxpool", "maxroute", "maxpick", "sort", "permutation"})
"""Ops that compare the entries of their first argument with one another."""
ORDERING = frozenset({"sort", "permutation"})
MOST_UNDONE = 2
"""Of so few entries every order is its own inverse."""
PRIMES = (3, 5, 7, 11, 13, 17, 19, 23)


def with_numbers(graph: Graph) -> Graph:
    """Return a graph with small distinct numbers in place of sizes that are still symbolic."""
    names = graph.size_names
    if len(names) > len(PRIMES):
        raise CertificateError(
            f"{len(names)} symbolic sizes are more than can be tried",
            remedy="Give some of them numbers.",
        )
    return graph.with_sizes(dict(zip(names, PRIMES, strict=False)))


def trial_point(graph: Graph, seed: int) -> Values:
    """Return the values of a forward pass at a random point off every kink, on both sides of it.

    Leaves are drawn so that nothing saturates: weights shrink with their number of columns.
    Where that leaves the domain of a logarithm, the leaves are drawn between 0.1 and 0.9. A kink
    that has both active and inactive entries is preferred: with all of them inactive every
    gradient would be 0, and a wrong one could not be told from a right one.

    Raises:
        CertificateError: no point was found at which every value is finite.

    """
    one_sided: Values | None = None
    for attempt, values in _candidates(graph, seed):
        if one_sided is not None and attempt >= ONE_SIDED_TRIES:
            break
        if all(z.max() > 0 and (z.size == 1 or z.min() < 0) for z in _kinks(graph, values)):
            return values
        one_sided = one_sided or values
    if one_sided is not None:
        return one_sided
    raise CertificateError(
        "no point was found at which every value of the forward pass is finite",
        remedy="Check the domains of log, / and ** in the network.",
    )


def trial_points(graph: Graph, seed: int) -> tuple[Values, ...]:
    """Return a trial point, and others where a single number lies on the other side of its kink.

    An array has entries on both sides at one point; a single pre-activation cannot.

    Raises:
        CertificateError: no point was found at which every value is finite.

    """
    points = [trial_point(graph, seed)]
    seen = _sides(graph, points[0])
    if seen:
        for attempt, values in _candidates(graph, seed):
            if attempt >= ONE_SIDED_TRIES:
                break
            new = _sides(graph, values) - seen
            if new:
                points.append(values)
                seen |= new
    return tuple(points)


def _sides(graph: Graph, values: Values) -> set[tuple[int, bool]]:
    """Return on which side of 0 each single number with a kink lies."""
    kinks = enumerate(_kinks(graph, values))
    return {(number, bool(z.item() > 0)) for number, z in kinks if z.size == 1}


def _candidates(graph: Graph, seed: int) -> Iterator[tuple[int, Values]]:
    """Yield points off every kink and tie, with the numbers of their draws."""
    for attempt in range(TRIES):
        random = np.random.default_rng((seed, attempt))
        positive = attempt >= TRIES // 2
        leaves = {leaf.name: _draw(graph, leaf, random, positive=positive) for leaf in graph.leaves}
        with np.errstate(all="ignore"):
            values = forward(graph, leaves)
        if not all(np.isfinite(value).all() for value in values.values()):
            continue
        if _tied(graph, values) or not off_kinks(graph, values) or _undone(graph, values):
            continue
        yield attempt, values


def classes_axis(graph: Graph, leaf: Leaf) -> int:
    """Return the axis along which a one-hot leaf's classes are drawn.

    Where no softmax shows it, nothing depends on it, and each row is an example.
    """
    return min(classes_axes(graph, leaf), default=1)


def _draw(graph: Graph, leaf: Leaf, random: np.random.Generator, *, positive: bool) -> NDArray[Any]:
    rows, columns = (dim.constant for dim in leaf.shape)
    if leaf.role == "onehot":
        classes = classes_axis(graph, leaf)
        examples, size = (columns, rows) if classes == 0 else (rows, columns)
        picked: NDArray[Any] = np.eye(size)[random.integers(size, size=examples)]
        return picked.T if classes == 0 else picked
    if leaf.role == "target" or positive:
        return random.uniform(0.1, 0.9, (rows, columns))
    drawn: NDArray[Any] = random.standard_normal((rows, columns)) / np.sqrt(columns)
    return drawn


def off_kinks(graph: Graph, values: Values) -> bool:
    """Whether every pre-activation keeps its distance from the kink."""
    return all(np.abs(z).min() >= MARGIN for z in _kinks(graph, values))


def _kinks(graph: Graph, values: Values) -> list[NDArray[Any]]:
    """Return the argument of every op that has a kink at 0."""
    return [evaluate(part.args[0], values) for part in _calls(graph, KINKED)]


def _tied(graph: Graph, values: Values) -> bool:
    """Whether two entries that compete for a place are too close to tell apart."""
    for part in _calls(graph, ROUTING):
        ordered = np.sort(evaluate(part.args[0], values), axis=None)
        if np.diff(ordered).min(initial=np.inf) < MARGIN:
            return True
    return False


def _undone(graph: Graph, values: Values) -> bool:
    """Whether an order is its own inverse: then a permutation and its transpose are one."""
    for part in _calls(graph, ORDERING):
        entries = evaluate(part.args[0], values).ravel()
        order = np.argsort(-entries if part.option("descending") else entries)
        if order.size > MOST_UNDONE and (order[order] == np.arange(order.size)).all():
            return True
    return False


def _calls(graph: Graph, ops: frozenset[str]) -> list[Call]:
    return [
        part
        for binding in graph.bindings
        for part in walk(binding.expr)
        if isinstance(part, Call) and part.op in ops
    ]
