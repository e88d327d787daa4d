"""Test points: values for the leaves at which an answer is evaluated.

They decide nothing that is printed, so NumPy's own generator serves, seeded by a constant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.engine import Values, evaluate, forward
from exgen.errors import CertificateError
from exgen.graph import Call, Graph, Leaf, Name, is_column, walk

if TYPE_CHECKING:
    from numpy.typing import NDArray

TRIES = 40
ONE_SIDED_TRIES = 12
"""How many draws are made in search of a point on both sides of every kink."""
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
    for attempt in range(TRIES):
        if one_sided is not None and attempt >= ONE_SIDED_TRIES:
            break
        random = np.random.default_rng((seed, attempt))
        positive = attempt >= TRIES // 2
        leaves = {
            leaf.name: _draw(leaf, random, classes_axis(graph, leaf), positive=positive)
            for leaf in graph.leaves
        }
        with np.errstate(all="ignore"):
            values = forward(graph, leaves)
        if not all(np.isfinite(value).all() for value in values.values()):
            continue
        kinks = _kinks(graph, values)
        if _tied(graph, values) or any(np.abs(z).min() < MARGIN for z in kinks):
            continue
        if all(z.max() > 0 and (z.size == 1 or z.min() < 0) for z in kinks):
            return values
        one_sided = one_sided or values
    if one_sided is not None:
        return one_sided
    raise CertificateError(
        "no point was found at which every value of the forward pass is finite",
        remedy="Check the domains of log, / and ** in the network.",
    )


def classes_axis(graph: Graph, leaf: Leaf) -> int:
    """Return the axis along which a one-hot leaf's classes run: its softmax's.

    That is the softmax which the loss compares with it, or else one of the same shape.
    """
    if is_column(leaf.shape):
        return 0
    for loss in _calls(graph, frozenset({"cross_entropy"})):
        output, label = loss.args
        if isinstance(output, Name):
            output = graph.expr(output.name) or output
        if label == Name(leaf.name) and isinstance(output, Call) and output.op == "softmax":
            return 1 if output.option("axis") == 1 else 0
    for binding in graph.bindings:
        for part in walk(binding.expr):
            alike = graph.shapes[binding.name] == leaf.shape
            if alike and isinstance(part, Call) and part.op == "softmax":
                return 1 if part.option("axis") == 1 else 0
    return 1


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


def _calls(graph: Graph, ops: frozenset[str]) -> list[Call]:
    return [
        part
        for binding in graph.bindings
        for part in walk(binding.expr)
        if isinstance(part, Call) and part.op in ops
    ]
