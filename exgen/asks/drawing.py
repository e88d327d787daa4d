"""Numbers drawn for the asks of a text, until all of them can be worked out and printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.asks.by_hand import NEAR_TIE, TRIES, carried
from exgen.asks.by_hand import RULES as BY_HAND
from exgen.asks.cases import RULES, is_by_cases, require_telling
from exgen.asks.grids import is_in_grid
from exgen.asks.numeric import is_numeric, require_exact, result
from exgen.asks.scalars import is_of_scalars
from exgen.asks.wires import is_on_a_wire, require_workable, rounded_to
from exgen.engine import forward
from exgen.errors import RejectedError
from exgen.graph import Call
from exgen.ops import traits_of
from exgen.problems import luck
from exgen.problems.numbers import draw_numbers, exact_arrays

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from exgen.asks.pieces import Phrase
    from exgen.engine import Values
    from exgen.errors import Source
    from exgen.graph import Expr, Graph
    from exgen.seeds import Stream

MOST_DECIMALS = 4
"""The decimals of a drawn exact answer."""
LARGEST = 1000
NUMBER_RULES = (
    *dict.fromkeys((*BY_HAND, *RULES)),
    *("no_ties", "both_signs", "several_terms", "clear_rounding"),
)
"""The rules for the numbers of any text."""


def drawn_numbers(
    graph: Graph,
    options: Mapping[str, Any],
    phrases: Sequence[Phrase],
    stream: Stream,
    source: Source,
) -> dict[str, Any]:
    """Draw the leaves until every number asked for can be worked out and rounded without doubt."""
    asks = [phrase for phrase in phrases if is_numeric(phrase)]
    by_hand = any(phrase.sort == "rounding" or is_on_a_wire(phrase) for phrase in phrases)
    worked = [ask for ask in asks if by_hand and ask.sort != "update"]
    digits = rounded_to(worked)
    vectors = {p["entry"][0] for p in phrases if p.verb == "ask" and is_by_cases(p, graph)}
    upstream = graph.leaves[-1].name if any(p.sort == "upstream" for p in phrases) else None
    ranges = options.get("numbers", {})
    given = {name for name, spec in ranges.items() if isinstance(spec, dict) and "is" in spec}
    drawn = [leaf.name for leaf in graph.leaves if leaf.name not in given]

    def draw(attempt: int) -> dict[str, Any]:
        numbers = draw_numbers(graph, ranges, stream.child("try", attempt))
        try:
            values = forward(graph, exact_arrays(numbers), exact=True)
        except ZeroDivisionError:
            raise RejectedError("values_exist") from None
        floats = [np.asarray(array, dtype=float) for array in values.values()]
        luck.require("values_exist", all(np.isfinite(array).all() for array in floats))
        luck.require("no_ties", luck.no_ties(graph, values))
        luck.require("off_the_kink", luck.off_the_kink(graph, values))
        for by in vectors:
            require_telling(graph, by, upstream, values, options)
        found: dict[str, Any] = {"numbers": numbers}
        if digits is not None:
            found["carry"] = carried(digits, attempt, drawn=bool(drawn))
        if is_of_scalars(graph) and drawn and asks:
            _require_telling(graph, asks, values, ranges, options)
        if worked:
            require_workable(worked, graph, found, upstream, options)
        if drawn:
            for ask in asks:
                if ask not in worked or not (is_on_a_wire(ask) or "digits" in ask.clauses):
                    _require_workable(ask, result(ask, graph, values), source, options)
        if drawn and any(map(is_in_grid, asks)):
            _require_telling(graph, asks, values, ranges, options)
        return found

    tries = (TRIES if by_hand else luck.TRIES) if drawn else 2 if by_hand else 1
    return luck.first_lucky(draw, ("draw",), tries)


def _require_telling(
    graph: Graph,
    asks: Sequence[Phrase],
    values: Values,
    ranges: Mapping[str, Any],
    options: Mapping[str, Any],
) -> None:
    """Turn numbers down among which a 0, or a lone sign, hides what was done with the others."""
    drawn = luck.factors(graph, ranges)
    luck.require("no_zero_inputs", all(luck.nonzero(values[name]) for name in drawn), options)
    luck.require("both_signs", luck.both_signs(graph, values), options)
    lines = [b.name for b in graph.bindings if not _is_kinked(b.expr)]
    luck.require("no_zero_results", all(luck.nonzero(values[name]) for name in lines), options)
    slopes = [result(ask, graph, values) for ask in asks if ask.sort == "gradient"]
    luck.require("no_zero_gradients", all(slope.any() for slope in slopes), options)
    by = [ask["entry"][0] for ask in asks if ask.sort == "gradient"]
    several = all(luck.several_terms(graph, values, name) for name in by)
    luck.require("several_terms", several, options)


def _require_workable(
    ask: Phrase, array: NDArray[Any], source: Source, options: Mapping[str, Any]
) -> None:
    """Turn a draw down whose answer is long, or hard to round."""
    digits = ask.clauses.get("digits")
    if digits is None:
        require_exact(ask, array, source)
        luck.require(
            "short_decimals", luck.short_decimals([array], MOST_DECIMALS, LARGEST), options
        )
        return
    units = np.abs(array.astype(float)) * 10.0 ** int(digits)
    ties = np.abs(units - np.floor(units) - 0.5)
    luck.require("clear_rounding", bool((ties > float(NEAR_TIE)).all()), options)


def _is_kinked(expr: Expr) -> bool:
    return isinstance(expr, Call) and bool(traits_of(expr).kink)
