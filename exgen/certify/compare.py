"""What the proofs share: comparing arrays, and one name as a function of another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.certify.held import held
from exgen.certify.points import with_numbers
from exgen.document import Agreement
from exgen.engine import Values, forward, onwards
from exgen.errors import CertificateError, MisfitError
from exgen.graph import (
    Binding,
    Dim,
    Expr,
    Graph,
    Leaf,
    Shape,
    names_in,
    shape_text,
    substitute_sizes,
)
from exgen.ops.logits import graph_from_logits
from exgen.shapes import shape_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

EXACT_TOLERANCE = 1e-9
DIFFERENCE_TOLERANCE = 1e-6
DIFFERENCE_FLOOR = 1e-3
"""Times the size of the function: below it, a difference is worth no more digits."""
DIRECTIONS = 4
ELEMENTWISE_LIMIT = 16
"""Gradients of at most this many entries are also compared entry by entry."""
SEED = 20_240_229
"""What the test points are drawn from; it decides nothing that is printed."""


def compare(
    method: str,
    found: NDArray[Any],
    expected: NDArray[Any],
    tolerance: float,
    *,
    floor: float = 1.0,
) -> Agreement:
    """Return how closely two arrays agree, relative to the largest entry.

    Below ``floor`` the tolerance shrinks no further, because rounding does not either.

    Raises:
        CertificateError: they differ by more than the tolerance, or in shape.

    """
    if found.shape != expected.shape:
        raise CertificateError(f"{method}: shape {found.shape} is not {expected.shape}")
    scale = max(floor, float(np.abs(expected).max(initial=0.0)))
    apart = float(np.abs(found - expected).max(initial=0.0))
    # Where nothing is added up the scale is 0, and only the same zeros agree.
    error = apart / scale if scale else 0.0 if apart == 0 else float("inf")
    # Written so that a NaN counts as disagreement.
    if not error <= tolerance:
        place = np.unravel_index(int(np.abs(found - expected).argmax()), found.shape)
        raise CertificateError(
            f"{method}: {float(found[place]):.6g} is not {float(expected[place]):.6g}"
        )
    return Agreement(method, float(f"{error:.0e}"), int(found.size))


def worst(parts: list[Agreement]) -> Agreement:
    """Return several comparisons by one method as one."""
    return Agreement(
        parts[0].method, max(part.error for part in parts), sum(part.points for part in parts)
    )


def check_shape(expr: Expr, shapes: Mapping[str, Shape], shape: Shape) -> Agreement:
    """Infer the shape of a printed expression and compare it with the printed shape."""
    try:
        found = shape_of(expr, shapes)
    except MisfitError as error:
        raise CertificateError(f"shapes: {error.message}") from None
    if found != shape:
        raise CertificateError(f"shapes: {shape_text(found)} is not {shape_text(shape)}")
    return Agreement("shapes", 0.0, len(found))


def between(graph: Graph, of: str, by: str) -> Graph:
    """Return the part of a network from ``by``, as a leaf, to the line ``of``."""
    leaves = [leaf for leaf in graph.leaves if leaf.name != by]
    leaves.append(Leaf(by, "const", graph.shapes[by], 2))
    kept: list[Binding] = []
    for binding in graph.bindings:
        if binding.name != by:
            kept.append(binding)
        if binding.name == of:
            break
    names = [*(leaf.name for leaf in leaves), *(binding.name for binding in kept)]
    shapes = {name: graph.shapes[name] for name in names}
    return Graph(tuple(leaves), tuple(kept), shapes, of)


def as_function(
    graph: Graph, values: Values, by: str, of: str, *, slope_at_zero: int = 0, ties: bool = True
) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Return ``of`` as a function of ``by``, everything that does not depend on it held.

    Every entry stays on the piece of its op that it stands on: see :mod:`exgen.certify.held`,
    also for the options.
    """
    leaves = {leaf.name: values[leaf.name] for leaf in graph.leaves}
    at = forward(graph, {**leaves, by: values[by]})
    pieces, constants = held(graph, at, slope_at_zero=slope_at_zero, ties=ties)
    # Before lines are left out that rest, as a softmax does for its target.
    pieces = graph_from_logits(pieces, frozenset({by}))
    if pieces is not graph:
        at = forward(pieces, {**leaves, **constants, by: values[by]})
    moving = pieces.once(("moving", by), lambda: _moving(pieces, by))
    part = pieces.once(("up to", of), lambda: _up_to(pieces, of))
    resting = {name: at[name] for name in part.names if name not in moving}
    return onwards(part, resting, by, of)


def _moving(graph: Graph, by: str) -> frozenset[str]:
    """Return a name, and the lines that depend on it."""
    moving = {by}
    for binding in graph.bindings:
        if names_in(binding.expr) & moving:
            moving.add(binding.name)
    return frozenset(moving)


def _up_to(graph: Graph, of: str) -> Graph:
    """Return the lines of a network that a name depends on."""
    needed = {of}
    kept: list[Binding] = []
    for binding in reversed(graph.bindings):
        if binding.name in needed:
            kept.append(binding)
            needed |= names_in(binding.expr)
    leaves = tuple(leaf for leaf in graph.leaves if leaf.name in needed)
    names = [*(leaf.name for leaf in leaves), *(binding.name for binding in kept)]
    shapes = {name: graph.shapes[name] for name in names if name in graph.shapes}
    return Graph(leaves, tuple(reversed(kept)), shapes, of)


def same_numbers(expr: Expr, graph: Graph) -> Expr:
    """Give an expression the numbers that its symbolic network got."""
    return substitute_sizes(expr, trial_sizes(graph))


def trial_sizes(graph: Graph) -> dict[str, Dim]:
    """Return the numbers that a network's symbolic sizes got."""
    return graph.once("trial sizes", lambda: _trial_sizes(graph))


def _trial_sizes(graph: Graph) -> dict[str, Dim]:
    numbered = with_numbers(graph)
    pairs = [
        (dim, number.constant)
        for name, shape in graph.shapes.items()
        for dim, number in zip(shape, numbered.shapes[name], strict=True)
    ]
    # Where a size stands only in sums, such as A + B, the others of the sum come first.
    pairs.sort(key=lambda pair: len(pair[0].names))
    sizes: dict[str, Dim] = {}
    for dim, number in pairs:
        unknown = [name for name in dim.names if name not in sizes]
        if len(unknown) == 1:
            sizes[unknown[0]] = Dim(number - dim.substitute({**sizes, unknown[0]: Dim(0)}).constant)
    return sizes
