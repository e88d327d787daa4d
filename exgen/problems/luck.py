"""Acceptance rules for numbers: what a draw's forward pass must satisfy."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.engine import Values, evaluate
from exgen.errors import AcceptanceError, KindError
from exgen.graph import Call, Graph, walk
from exgen.language.writer import decimal_text
from exgen.ops.pool import window_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from exgen.seeds import Stream

KINKED = frozenset({"relu", "lrelu", "prelu"})
TRIES = 1000


def first_lucky(
    draw: Callable[[Stream], dict[str, Any] | None], stream: Stream, remedy: str
) -> Any:  # noqa: ANN401 - JSON
    """Return the first draw that is not None, with the number of tries under ``tries``.

    Raises:
        AcceptanceError: none of the tries met the rules.

    """
    for attempt in range(1, TRIES + 1):
        found = draw(stream.child("try", attempt))
        if found is not None:
            return {**found, "tries": attempt}
    raise AcceptanceError(f"none of {TRIES} draws of numbers met the rules", remedy=remedy)


def calls(graph: Graph, ops: Iterable[str]) -> Iterator[Call]:
    """Yield every use of some ops."""
    wanted = frozenset(ops)
    for binding in graph.bindings:
        for part in walk(binding.expr):
            if isinstance(part, Call) and part.op in wanted:
                yield part


def off_kinks(graph: Graph, values: Values) -> bool:
    """Whether nothing that is bent at 0 is applied at 0."""
    return all(
        all(entry != 0 for entry in evaluate(part.args[0], values, exact=True).flat)
        for part in calls(graph, KINKED)
    )


def both_signs(graph: Graph, values: Values) -> bool:
    """Whether everything that is bent at 0 meets entries of either sign."""
    arrays = [evaluate(part.args[0], values, exact=True) for part in calls(graph, KINKED)]
    return all(min(a.flat) < 0 < max(a.flat) for a in arrays if a.size > 1)


def no_ties(graph: Graph, values: Values) -> bool:
    """Whether every window of a max-pool has one largest entry, and a sort no equal ones."""
    for part in calls(graph, ("sort",)):
        column = list(evaluate(part.args[0], values, exact=True).flat)
        if len(set(column)) < len(column):
            return False
    for part in calls(graph, ("maxpool",)):
        if any(window.count(max(window)) > 1 for window in windows(part, values)):
            return False
    return True


def windows(part: Call, values: Values) -> list[list[Fraction]]:
    """Return the entries of each window of a pooling, row by row."""
    array = evaluate(part.args[0], values, exact=True)
    size, stride = window_of(dict(part.options))
    rows, columns = ((length - size) // stride + 1 for length in array.shape)
    return [
        list(array[r * stride : r * stride + size, c * stride : c * stride + size].flat)
        for r, c in np.ndindex(rows, columns)
    ]


def order_of(entries: list[Fraction]) -> list[int]:
    """Return the positions of entries from the smallest to the largest."""
    return sorted(range(len(entries)), key=lambda position: entries[position])


def short(arrays: Iterable[NDArray[Any]], decimals: int, largest: int = 1000) -> bool:
    """Whether every entry ends after a few decimals and is not large."""
    return all(
        _is_short(entry, decimals) and abs(entry) < largest for a in arrays for entry in a.flat
    )


def _is_short(entry: Fraction, decimals: int) -> bool:
    text = decimal_text(entry)
    return text is not None and len(text.partition(".")[2]) <= decimals


def nonzero(array: NDArray[Any]) -> bool:
    """Whether no entry is 0."""
    return all(entry != 0 for entry in array.flat)


def require_rational(graph: Graph, values: Values, kind: str) -> None:
    """Raise where a line does not compute with fractions."""
    for binding in graph.bindings:
        if not all(isinstance(entry, Fraction) for entry in values[binding.name].flat):
            raise KindError(
                f"{kind} needs a network that computes with fractions, and '{binding.name}' "
                "does not",
                remedy="Use relu, lrelu, prelu, pooling and sums; no exp or log.",
            )
