"""Test points: values for the leaves at which an answer is evaluated.

They decide nothing that is printed, so NumPy's own generator serves, seeded by a constant.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from math import isqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.engine import Values, evaluate, forward
from exgen.errors import CertificateError, MisfitError
from exgen.graph import Graph, Leaf
from exgen.language.classes import classes_axes
from exgen.ops import traits_of, uses
from exgen.shapes import check_sizes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from exgen.graph import Call

TRIES = 60
ONE_SIDED_TRIES = 24
"""How many draws are made in search of a point on both sides of every kink."""
MARGIN = 1e-4
"""How far every pre-activation stays from the kink, well beyond the step of a difference."""
MOST_UNDONE = 2
"""Of so few entries every order is its own inverse."""
FIRST_SIZES = (3, 11, 31, 101)
"""The smallest number that a symbolic size gets; the larger ones where an entry lies beyond it."""
SPREAD = 0.25
"""How many of the entries of a large array may be expected within the margin of a kink."""
MANY = 100
"""An array of more entries than this has its margins by their number."""
NUDGE = 1e-9
"""How far the leaves are moved, both ways, to see which entries stay what they are."""


def with_numbers(graph: Graph) -> Graph:
    """Return a graph with small distinct primes in place of sizes that are still symbolic.

    Raises:
        CertificateError: it is no legal network at any of the sizes that are tried.

    """

    def numbered() -> Graph:
        sizes = fitting_sizes(graph, map(_primes, FIRST_SIZES))
        return graph.with_sizes(sizes) if sizes else graph

    return graph.once("with numbers", numbered)


def fitting_sizes(graph: Graph, choices: Iterable[Iterable[int]]) -> dict[str, int]:
    """Return numbers for the sizes that are still symbolic: the first choice that is legal.

    Raises:
        CertificateError: it is no legal network at any of the sizes that are tried.

    """
    names = graph.size_names
    if not names:
        return {}
    reason: MisfitError | None = None
    for numbers in choices:
        sizes = dict(zip(names, numbers, strict=False))
        try:
            check_sizes(graph.with_sizes(sizes))
        except MisfitError as error:
            reason = reason or error
            continue
        return sizes
    raise CertificateError(
        f"no sizes for {', '.join(names)} fit this network; at the smallest, {reason}",
        remedy="Give the sizes as numbers.",
    )


def _primes(first: int) -> Iterator[int]:
    """Yield the primes from one of them on."""
    return (n for n in count(first) if all(n % k for k in range(2, isqrt(n) + 1)))


def trial_point(graph: Graph, seed: int) -> Values:
    """Return the values of a forward pass at a random point off every kink, on both sides of it.

    Leaves are drawn so that nothing saturates: weights shrink with their number of columns.
    Where that leaves the domain of a logarithm, the leaves are drawn between 0.1 and 0.9. A kink
    that has both active and inactive entries is preferred: with all of them inactive every
    gradient would be 0, and a wrong one could not be told from a right one.

    Raises:
        CertificateError: no point was found at which every value is finite.

    """
    return dict(graph.once(("trial point", seed), lambda: _trial_point(graph, seed)))


def _trial_point(graph: Graph, seed: int) -> Values:
    best: Values | None = None
    most = -1
    for attempt, values in _candidates(graph, seed):
        if best is not None and attempt >= ONE_SIDED_TRIES:
            break
        if all((z > 0).any() and (z.size == 1 or (z < 0).any()) for z in kinks(graph, values)):
            return values
        seen = len(_sides(graph, values))
        if seen > most:
            best, most = values, seen
    if best is not None:
        return best
    raise CertificateError(
        "no point was found at which every value of the forward pass is finite and off its kinks",
        remedy="Check the domains of log, / and ** in the network.",
    )


def trial_points(graph: Graph, seed: int, by: str | None = None) -> tuple[Values, ...]:
    """Return a trial point, and others where a kink has a side that it does not show.

    An array mostly has entries on both sides at one point; a single pre-activation cannot.

    Args:
        graph: a network whose sizes are all numbers.
        seed: what the points are drawn from.
        by: a name that is moved by itself, as a derivative with respect to it does. Behind a unit
            that is off a line may rest at its kink, where only a convention gives it a derivative;
            such points are left out, if there are others.

    Raises:
        CertificateError: no point was found at which every value is finite.

    """
    points = graph.once(("trial points", seed, by), lambda: _trial_points(graph, seed, by))
    return tuple(map(dict, points))


def _trial_points(graph: Graph, seed: int, by: str | None) -> tuple[Values, ...]:
    points = [trial_point(graph, seed)]
    seen = _sides(graph, points[0])
    if len(seen) < 2 * len(_bent(graph)):
        for attempt, values in _candidates(graph, seed):
            if attempt >= ONE_SIDED_TRIES:
                break
            new = _sides(graph, values) - seen
            if new:
                points.append(values)
                seen |= new
    if by is None or graph.expr(by) is None:
        return tuple(points)
    freed = _freed(graph, by)
    return tuple(values for values in points if off_kinks(freed, values)) or tuple(points)


def _freed(graph: Graph, by: str) -> Graph:
    """Return a network in which a line is a leaf, which moves by itself."""
    leaf = Leaf(by, "const", graph.shapes[by], 2)
    lines = tuple(binding for binding in graph.bindings if binding.name != by)
    return replace(graph, leaves=(*graph.leaves, leaf), bindings=lines)


def _sides(graph: Graph, values: Values) -> set[tuple[int, bool]]:
    """Return on which sides of 0 each kink has entries; one that rests at 0 is on neither."""
    return {
        (number, side)
        for number, z in enumerate(kinks(graph, values))
        for side in np.unique(z[z != 0] > 0).tolist()
    }


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
        if not off_kinks(graph, values) or _undone(graph, values):
            continue
        for value in values.values():
            value.setflags(write=False)  # a point is shared by all that is proven at it
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
    """Whether every pre-activation keeps its distance from its kink, and no entries are tied.

    An entry that stays what it is wherever the leaves move, as a 0 that a ReLU made, reaches no
    kink and needs no distance: what is made of it is constant there.
    """
    moved: list[Values] | None = None
    for part in uses(graph, lambda op: op.traits.kink or op.traits.routed):
        argument = part.args[0]
        array = evaluate(argument, values)
        near = _at_kink if traits_of(part).kink else _tied
        if not near(array, np.ones(array.shape, dtype=bool)):
            continue
        moved = _nudged(graph, values) if moved is None else moved
        moves = np.zeros(array.shape, dtype=bool)
        for other in moved:
            moves |= evaluate(argument, other) != array
        if near(array, moves):
            return False
    return True


def _nudged(graph: Graph, values: Values) -> list[Values]:
    """Return forward passes from leaves that were moved a little, there and back."""
    random = np.random.default_rng(0)
    moves = {leaf.name: random.standard_normal(values[leaf.name].shape) for leaf in graph.leaves}
    with np.errstate(all="ignore"):
        return [
            forward(graph, {name: values[name] + step * move for name, move in moves.items()})
            for step in (NUDGE, -NUDGE)
        ]


def _at_kink(z: NDArray[Any], moves: NDArray[np.bool_]) -> bool:
    """Whether an entry that moves is too close to 0."""
    # Among very many entries some are near by chance, so that margin shrinks with their number.
    margin = MARGIN
    if z.size > MANY:
        margin = min(margin, SPREAD * float(np.abs(z).mean()) / z.size)
    return bool((np.abs(z)[moves] < margin).any() or (z[moves] == 0).any())


def _tied(array: NDArray[Any], moves: NDArray[np.bool_]) -> bool:
    """Whether two entries that compete for a place, and move, are too close to tell apart."""
    entries = np.concatenate([array[moves], np.unique(array[~moves])])
    gaps = np.diff(np.sort(entries))
    margin = MARGIN
    if array.size > MANY:
        margin = min(margin, SPREAD * float(np.ptp(array)) / array.size**2)
    return bool(gaps.size and (gaps.min() < margin or gaps.min() == 0))


def kinks(graph: Graph, values: Values) -> list[NDArray[Any]]:
    """Return the argument of every op that has a kink at 0."""
    return [evaluate(part.args[0], values) for part in _bent(graph)]


def _bent(graph: Graph) -> list[Call]:
    return list(uses(graph, lambda op: op.traits.kink))


def _undone(graph: Graph, values: Values) -> bool:
    """Whether an order is its own inverse: then a permutation and its transpose are one."""
    for part in uses(graph, lambda op: "descending" in op.options):
        entries = evaluate(part.args[0], values).ravel()
        order = np.argsort(-entries if part.option("descending") else entries)
        if order.size > MOST_UNDONE and (order[order] == np.arange(order.size)).all():
            return True
    return False
