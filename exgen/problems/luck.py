"""Acceptance rules for numbers: what a draw's forward pass must satisfy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.certify.acceptance import added, none_accepted
from exgen.engine import Values, evaluate, forward
from exgen.errors import RejectedError
from exgen.graph import Call, Expr, Graph, Name, is_scalar
from exgen.language.writer import decimal_text
from exgen.ops import lookup, uses
from exgen.ops.arithmetic import DIV, MUL
from exgen.ops.linear import MATMUL
from exgen.ops.pool import window_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from fractions import Fraction

    from numpy.typing import NDArray

    from exgen.ops.base import Op

PRODUCTS = frozenset(op.name for op in (MUL, MATMUL, DIV))
TRIES = 1000


def first_lucky(
    draw: Callable[[int], dict[str, Any]], options: Iterable[str], tries: int = TRIES
) -> dict[str, Any]:
    """Return the first draw that breaks no rule, and how it came about.

    Args:
        draw: draws anew for the number of the try, and raises RejectedError where a rule is broken.
        options: the keys of a bank that say what is drawn from.
        tries: how often to try.

    Returns:
        The draw, with the number of tries under ``tries`` and, under ``rejected``, how many of
        them each rule turned down. A draw counts under the first rule that it broke.

    Raises:
        AcceptanceError: none of the tries met the rules; it says which rule stands in the way.

    """
    rejected: dict[str, int] = {}
    for attempt in range(1, tries + 1):
        try:
            return {**draw(attempt), "tries": attempt, "rejected": rejected}
        except RejectedError as broken:
            rejected = added(rejected, {broken.rule: 1})
    raise none_accepted("numbers", rejected, options)


def require(rule: str, holds: bool, options: Mapping[str, Any] | None = None) -> None:  # noqa: FBT001 - reads as a sentence
    """Turn a draw down under the name of a rule that does not hold, unless the options waive it."""
    if not holds and rule not in (options or {}).get("waived", ()):
        raise RejectedError(rule)


def off_the_kink(graph: Graph, values: Values) -> bool:
    """Whether nothing that is bent at 0 is applied at 0."""
    return all(
        all(entry != 0 for entry in evaluate(part.args[0], values, exact=True).flat)
        for part in uses(graph, lambda op: op.traits.kink)
    )


def both_signs(graph: Graph, values: Values) -> bool:
    """Whether everything that is bent at 0 meets entries of either sign."""
    bent = uses(graph, lambda op: op.traits.kink)
    arrays = [evaluate(part.args[0], values, exact=True) for part in bent]
    return all(min(a.flat) < 0 < max(a.flat) for a in arrays if a.size > 1)


def several_terms(graph: Graph, values: Values, by: str) -> bool:
    """Whether a slope that all entries share collects at least two of them, below the kink."""
    if not is_scalar(graph.shapes[by]):
        return True
    bent = [p for p in uses(graph, lambda op: op.traits.kink) if Name(by) in p.args[1:]]
    arrays = [evaluate(part.args[0], values, exact=True) for part in bent]
    return not bent or len([entry for array in arrays for entry in array.flat if entry < 0]) > 1


def no_ties(graph: Graph, values: Values) -> bool:
    """Whether every window of a max-pool has one largest entry, and a sort no equal ones."""
    for part in uses(graph, lambda op: op.traits.routed):
        if "stride" in lookup(part.op).options:
            if any(window.count(max(window)) > 1 for window in windows(part, values)):
                return False
        else:
            column = list(evaluate(part.args[0], values, exact=True).flat)
            if len(set(column)) < len(column):
                return False
    return True


def lines_that_break(rule: str, graph: Graph, leaves: Values) -> list[str]:
    """Return the lines at which a rule about kinks or ties does not hold; none for other rules."""
    holds = {"off_the_kink": off_the_kink, "no_ties": no_ties}.get(rule)
    if holds is None:
        return []
    values = forward(graph, leaves, exact=True)
    return [b.name for b in graph.bindings if not holds(only(graph, b.name), values)]


def only(graph: Graph, name: str) -> Graph:
    """Return the network with one line alone."""
    kept = tuple(binding for binding in graph.bindings if binding.name == name)
    return Graph(graph.leaves, kept, graph.shapes, name)


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


def short_decimals(arrays: Iterable[NDArray[Any]], decimals: int, largest: int = 1000) -> bool:
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


def factors(graph: Graph, ranges: Mapping[str, Any]) -> list[str]:
    """Return the leaves that enter a product and are drawn; those an author typed are as meant."""
    read = {_source(arg) for part in uses(graph, _multiplies) for arg in part.args}
    return [
        leaf.name
        for leaf in graph.leaves
        if leaf.name in read and leaf.role != "onehot" and not _is_given(ranges.get(leaf.name))
    ]


def _multiplies(op: Op) -> bool:
    return op.name in PRODUCTS


def _source(expr: Expr) -> str | None:
    """Return the name whose entries a factor consists of, as those of x in ``sort(x)``."""
    while isinstance(expr, Call) and len(expr.args) == 1:
        expr = expr.args[0]
    return expr.name if isinstance(expr, Name) else None


def _is_given(spec: object) -> bool:
    return isinstance(spec, dict) and "is" in spec
