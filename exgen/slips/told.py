"""Which wrong answers are told: what a student could write, and what is wrong wherever it is read.

A certificate refuses more than is a mistake: a product whose sizes do not fit, an index that
nothing binds, a column where a matrix is asked for. Nobody writes these down as an answer, so a
key that lists them teaches nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct

from exgen.certify.compare import EXACT_TOLERANCE, SEED, same_numbers
from exgen.certify.hand import UPSTREAM
from exgen.certify.points import trial_points, with_numbers
from exgen.certify.prove import prove
from exgen.certify.quantity import known_values
from exgen.certify.trials import slopes_at
from exgen.derive.cases import RANK
from exgen.engine import evaluate, forward
from exgen.errors import CertificateError, MisfitError
from exgen.graph import (
    ONE,
    Delta,
    Entry,
    Expr,
    Graph,
    SumOver,
    is_scalar,
    walk,
)
from exgen.shapes import Shapes, shape_of
from exgen.slips.claims import NOTHING, places, scene_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from exgen.certify.memory import Memory
    from exgen.certify.prove import Claim
    from exgen.engine import Values
    from exgen.graph import Dim, Index, Shape
    from exgen.slips.base import Scene
    from exgen.slips.claims import Wrong


class Drawn(Struct, frozen=True):
    """The numbers that a problem puts in: each set of them is one point of its leaves."""

    points: tuple[Mapping[str, NDArray[Any]], ...] = ()


def drawn_numbers(claims: Iterable[object]) -> Drawn:
    """Return the numbers at which the claims of a problem evaluate its network."""
    found: dict[str, Mapping[str, NDArray[Any]]] = {}
    for claim in claims:
        leaves = getattr(claim, "leaves", None)
        if not leaves:
            continue
        point = {name: value.astype(float) for name, value in leaves.items()}
        # of a derivative of another line than the last the upstream gradient is no number drawn
        if point.get(UPSTREAM) == 1:
            del point[UPSTREAM]
        found.setdefault(repr(sorted((name, a.tolist()) for name, a in point.items())), point)
    return Drawn(tuple(found.values()))


def is_told(right: Claim, wrong: Wrong, memory: Memory, drawn: Drawn) -> bool:
    """Whether what a slip made of a claim is a mistake for the key.

    It is if what it asserts is well-formed, with no index left free, is a scalar, a vector, or a
    matrix as the right answer is, is more than that turned round, and has another value, at test
    points and at the problem's own numbers.

    Args:
        right: what the answer asserts.
        wrong: what a slip makes of it.
        memory: shared by the answers of a problem.
        drawn: the numbers of the problem.

    """
    if wrong.claim is None or not is_refused(wrong) or not _same_sort(right, wrong.claim):
        return False
    scene = scene_of(right, memory)
    pairs = zip(places(right), places(wrong.claim), strict=True)
    return all(
        _is_mistake(right, one, other, scene, drawn)
        for (one, _), (other, _) in pairs
        if one != other
    )


def is_refused(wrong: Wrong) -> bool:
    """Whether the certificate refuses what a slip made; else the slip is no mistake here."""
    if wrong.claim is None:
        return False
    try:
        prove(wrong.claim)
    except CertificateError:
        return True
    return False


def _same_sort(right: Claim, wrong: Claim) -> bool:
    """Whether numbers come in as many rows and columns as they should."""
    cells = [getattr(claim, "cells", ()) for claim in (right, wrong)]
    return len({(len(rows), *map(len, rows)) for rows in cells}) <= 1


def _is_mistake(claim: Claim, right: Expr, wrong: Expr, scene: Scene, drawn: Drawn) -> bool:
    if _has_indices(right) or _has_indices(wrong):
        return free_letters(wrong) <= free_letters(right) and _counts_alike(right, wrong, scene)
    try:
        shapes = shape_of(right, scene.shapes), shape_of(wrong, scene.shapes)
    except MisfitError:
        return False
    if _sort(shapes[0]) != _sort(shapes[1]):
        return False
    turned = shapes[0] != shapes[1] and shapes[0] == shapes[1][::-1]
    vector = _sort(shapes[0]) == "vector"
    as_column = turned and vector and not _asks_for_rows(claim)
    trials, numbers = _points(claim, scene.graph, drawn)

    def alike(values: Values) -> bool:
        try:
            one, other = (
                evaluate(same_numbers(expr, scene.graph), values).astype(float)
                for expr in (right, wrong)
            )
        except (MisfitError, ValueError, LookupError, ArithmeticError):
            return False
        return _alike(one, other.T if as_column else other)

    # on one side of a kink a forgotten mask makes no difference; the numbers lie on one side
    return not (trials and all(map(alike, trials))) and not any(map(alike, numbers))


def _asks_for_rows(claim: Claim) -> bool:
    """Whether the question asks for the orientation too: there a transposed vector is wrong."""
    quantity, graph = getattr(claim, "quantity", None), getattr(claim, "graph", NOTHING)
    if quantity is None or not quantity.by:
        return False
    return quantity.of != graph.loss or not is_scalar(graph.shapes[quantity.of])


def _alike(one: NDArray[Any], other: NDArray[Any]) -> bool:
    if one.shape != other.shape or not np.isfinite(other).all():
        return False
    return bool(np.allclose(one, other, rtol=EXACT_TOLERANCE, atol=EXACT_TOLERANCE))


def _sort(shape: Shape) -> str:
    if is_scalar(shape):
        return "scalar"
    return "vector" if ONE in shape else "matrix"


def _points(claim: Claim, graph: Graph, drawn: Drawn) -> tuple[list[Values], list[Values]]:
    """Return the values of all names at test points, and at the numbers that were drawn."""
    if not graph.names:
        return [], []
    numbered = with_numbers(graph)
    runs: list[Values] = []
    for point in drawn.points:
        leaves = {leaf.name: point.get(leaf.name, point.get(UPSTREAM)) for leaf in numbered.leaves}
        if all(
            array is not None and array.shape == tuple(dim.constant for dim in leaf.shape)
            for leaf, array in zip(numbered.leaves, leaves.values(), strict=True)
        ):
            given = {name: array for name, array in leaves.items() if array is not None}
            runs.append(dict(forward(numbered, given)))
    trials = [_named(claim, numbered, dict(run)) for run in trial_points(numbered, SEED)]
    return trials, [_named(claim, numbered, run) for run in runs]


def _named(claim: Claim, graph: Graph, run: Values) -> Values:
    """Return the values of names, of gradients, and of the derivatives that a claim reads."""
    if not is_scalar(graph.shapes[graph.loss]):
        return run
    return known_values(graph, run, slopes_at(graph, run), [part for part, _ in places(claim)])


def _has_indices(expr: Expr) -> bool:
    return any(isinstance(part, Entry | SumOver | Delta) for part in walk(expr))


def free_letters(expr: Expr) -> frozenset[str]:
    """Return the letters of an index form that no sum binds."""
    match expr:
        case SumOver(index, _, body, but):
            return (free_letters(body) - {index}) | _letters(but)
        case Entry(of, indices):
            return _letters(*indices) | free_letters(of)
        case Delta(left, right):
            return _letters(left, right)
    inner = getattr(expr, "args", ())
    return frozenset(letter for part in inner for letter in free_letters(part))


def _counts_alike(right: Expr, wrong: Expr, scene: Scene) -> bool:
    """Whether each letter counts along the same axes as in the right formula, also in a delta."""
    return all(
        dims <= own if (own := _axes(right, scene).get(letter)) else True
        for letter, dims in _axes(wrong, scene).items()
    ) and _deltas(wrong) <= _deltas(right)


def _axes(expr: Expr, scene: Scene) -> dict[str, set[Dim]]:
    """Return the sizes of the axes along which each letter of an index form counts."""
    found: dict[str, set[Dim]] = {}
    for part in walk(expr):
        match part:
            case Entry(of, indices):
                for index, dim in zip(indices, Shapes(scene.shapes).axes(of), strict=True):
                    for letter in _letters(index):
                        found.setdefault(letter, set()).add(dim)
            case SumOver(index, size):
                found.setdefault(index, set()).add(size)
    return found


def _deltas(expr: Expr) -> set[frozenset[Index]]:
    return {frozenset((d.left, d.right)) for d in walk(expr) if isinstance(d, Delta)}


def _letters(*indices: Index | None) -> frozenset[str]:
    """Return the letters among indices; a position after sorting has that of its entry."""
    texts = [index for index in indices if isinstance(index, str)]
    plain = [rank[1] if (rank := RANK.fullmatch(text)) else text for text in texts]
    return frozenset(text for text in plain if not text.isdigit())
