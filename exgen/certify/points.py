"""Test points: values for the leaves at which an answer is evaluated.

They decide nothing that is printed, so NumPy's own generator serves, seeded by a constant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.engine import Values, evaluate, forward
from exgen.errors import CertificateError
from exgen.graph import Call, Graph, Leaf, is_column, walk
from exgen.ops.order import ranks

if TYPE_CHECKING:
    from numpy.typing import NDArray

TRIES = 40
ONE_SIDED_TRIES = 12
"""How many draws are made in search of a point on both sides of every kink."""
SCALAR_POINTS = 6
"""How many points are tried at least where the argument of a kink is a scalar."""
MARGIN = 1e-4
"""How far every pre-activation stays from the kink, well beyond the step of a difference."""
KINKED = frozenset({"relu", "lrelu", "prelu"})
ROUTING = frozenset({"maxpool", "maxroute", "maxpick", "sort", "permutation"})
"""Ops that compare the entries of their first argument with one another."""
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


def trial_points(graph: Graph, seed: int) -> tuple[Values, ...]:
    """Return enough points to have seen both sides of every kink.

    One is enough where the argument of a kink is an array with entries on either side. A scalar
    is on one side only, so more points are drawn.

    Raises:
        CertificateError: no point was found at which every value is finite.

    """
    first = trial_point(graph, seed)
    if not any(z.size == 1 for z in _kinks(graph, first)):
        return (first,)
    points = [first]
    for attempt in range(TRIES // 2):
        values = _run(graph, seed + 1, attempt)
        if values is not None:
            points.append(values)
        sides = [
            np.vstack(entries) for entries in zip(*(_flat(graph, p) for p in points), strict=True)
        ]
        if len(points) >= SCALAR_POINTS and all(z.max() > 0 > z.min() for z in sides):
            break
    return tuple(points)


def _flat(graph: Graph, values: Values) -> list[NDArray[Any]]:
    return [z.reshape(-1, 1) for z in _kinks(graph, values)]


def trial_point(graph: Graph, seed: int) -> Values:
    """Return the values of a forward pass at a random point off every kink, on both sides of it.

    Leaves are drawn so that nothing saturates: weights shrink with their number of columns.
    Where that leaves the domain of a logarithm, the leaves are drawn between 0.1 and 0.9. A kink
    that has both active and inactive entries is preferred: with all of them inactive every
    gradient would be 0, and a wrong one could not be told from a right one. So is an order that
    is not its own inverse, where entries are sorted.

    Raises:
        CertificateError: no point was found at which every value is finite.

    """
    one_sided: Values | None = None
    for attempt in range(TRIES):
        if one_sided is not None and attempt >= ONE_SIDED_TRIES:
            break
        values = _run(graph, seed, attempt)
        if values is None:
            continue
        kinks = _kinks(graph, values)
        both_sides = all(z.max() > 0 and (z.size == 1 or z.min() < 0) for z in kinks)
        if both_sides and not _own_inverse(graph, values):
            return values
        one_sided = one_sided or values
    if one_sided is not None:
        return one_sided
    raise CertificateError(
        "no point was found at which every value of the forward pass is finite",
        remedy="Check the domains of log, / and ** in the network.",
    )


def _run(graph: Graph, seed: int, attempt: int) -> Values | None:
    """Return a forward pass at drawn leaves; None where it is not finite, or on a kink."""
    random = np.random.default_rng((seed, attempt))
    positive = attempt >= TRIES // 2
    leaves = {
        leaf.name: _draw(leaf, random, classes_axis(graph, leaf), positive=positive)
        for leaf in graph.leaves
    }
    with np.errstate(all="ignore"):
        values = forward(graph, leaves)
    if not all(np.isfinite(value).all() for value in values.values()):
        return None
    if _tied(graph, values) or not off_kinks(graph, values):
        return None
    return values


def classes_axis(graph: Graph, leaf: Leaf) -> int:
    """Return the axis along which a one-hot leaf's classes run: its softmax's."""
    for binding in graph.bindings:
        for part in walk(binding.expr):
            alike = graph.shapes[binding.name] == leaf.shape
            if alike and isinstance(part, Call) and part.op == "softmax":
                return 1 if part.option("axis") == 1 else 0
    return 0 if is_column(leaf.shape) else 1


def _draw(leaf: Leaf, random: np.random.Generator, classes: int, *, positive: bool) -> NDArray[Any]:
    rows, columns = (dim.constant for dim in leaf.shape)
    if leaf.role == "onehot":
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


def _own_inverse(graph: Graph, values: Values) -> bool:
    """Whether a sort is its own inverse here, so that its permutation is its transpose."""
    for part in _calls(graph, frozenset({"sort"})):
        order = ranks(evaluate(part.args[0], values), 1 if part.option("descending") else None)
        if (order[order] == np.arange(order.size)).all():
            return True
    return False


def _calls(graph: Graph, ops: frozenset[str]) -> list[Call]:
    return [
        part
        for binding in graph.bindings
        for part in walk(binding.expr)
        if isinstance(part, Call) and part.op in ops
    ]
