"""Claims as JSON types: what the oracle, which knows nothing of exgen, is told of each answer.

An expression is its text in the network language, a size and a shape are texts, exact numbers are
fractions as text, and a network is left out where it is the problem's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from exgen.certify.answers import sort_of
from exgen.certify.equation import Equation
from exgen.certify.hand import TOTAL, UPSTREAM
from exgen.derive.jacobian import is_denominator
from exgen.graph import Delta, Dim, Entry, Expr, Graph, Number, Size, SumOver, walk
from exgen.language import to_text
from exgen.language.writer import graph_text


def stored(claim: Any, network: str, sort: str) -> dict[str, Any]:  # noqa: ANN401 - of any class
    """Return a claim as JSON types.

    Args:
        claim: that of an answer; None for a rubric.
        network: the text of the problem's own network, which is left out.
        sort: what the manifest calls it.

    """
    if isinstance(claim, Equation):
        graph = {} if _is(claim.graph, network) else {"graph": _written(claim.graph, network)}
        return {**_told(claim, network, sort), **graph}
    own = {} if claim is None else _fields(claim, network)
    return {"claim": sort_of(claim), **own}


def _told(claim: Equation, network: str, sort: str) -> dict[str, Any]:
    """Return what an equation asserts, by the way in which it is compared."""
    assert claim.quantity is not None
    graph, of, by = claim.graph, claim.quantity.of, claim.quantity.by
    rights = [_expression(right) for right in claim.rights]
    found = {"of": of, "by": by, "layout": claim.layout, "index": list(claim.index)}
    if claim.leaves or claim.cells:
        return found | _in_numbers(claim, network)
    if sort in ("derivation", "proof") and claim.quantity.symbol is not None:
        row, column = claim.index or (0, 0)
        return found | {
            "claim": sort,
            "ranges": [[letter, str(dim)] for letter, dim in claim.letters.items()],
            "hot": claim.hot and list(claim.hot),
            "different": list(map(list, claim.different)),
            "lines": [
                to_text(Entry(claim.quantity.symbol, (row, column))),
                *(_expression(right) for right in claim.rights if claim.is_by_entry(right)),
            ],
        }
    if len(claim.index) > len(graph.shapes[of]):
        return found | {"claim": "derivative by a matrix"}
    if claim.index and len(rights) > 1:
        return found | {"claim": "equality", "expr": rights[0], "entry": rights[1]}
    if claim.index:
        only = None if isinstance(claim.index[0], str) else [claim.index[0]]
        but = [place for _, place in claim.different]
        return found | {"claim": "gradient entry", "only": only, "but": but}
    if not by:
        return found | {"claim": "line"}
    if claim.sort == "gradient":
        return found | {"claim": "gradient", "exprs": rights}
    across = is_denominator(claim.layout, graph.shapes[of])
    return found | {"claim": "jacobian", "layout": "denominator" if across else "numerator"}


def _in_numbers(claim: Equation, network: str) -> dict[str, Any]:
    assert claim.quantity is not None
    graph, of, by = claim.graph, claim.quantity.of, claim.quantity.by
    numbers = all(isinstance(cell, Number) for row in claim.cells for cell in row)
    if graph.loss == TOTAL:
        lines = graph.bindings[:-1]
        shapes = {n: s for n, s in graph.shapes.items() if n not in (UPSTREAM, graph.loss)}
        circuit = graph_text(Graph(graph.leaves[:-1], lines, shapes, lines[-1].name))
        own = {} if circuit == network else {"circuit": circuit}
        sort = "gradient on a wire" if by else "value on a wire"
        digits = claim.rounding.digits if claim.rounding else None
        return {"claim": sort, "of": by or of, "digits": digits, **own}
    if numbers and not by and f"{of} = " not in network and f"{of}: " not in network:
        return {"claim": "number", "of": of, "digits": claim.rounding and claim.rounding.digits}
    if claim.order:
        return {"claim": "gradient in order", "order": list(claim.order)}
    opened = [leaf.name for leaf in graph.leaves if leaf.name not in claim.leaves]
    if opened:
        entries = [[_expression(cell) for cell in row] for row in claim.cells]
        return {"claim": "symbolic grid", "symbol": opened[0], "entries": entries}
    return {"claim": "gradient value" if by else "forward"}


def _fields(value: Any, network: str) -> dict[str, Any]:  # noqa: ANN401
    parts = {part.name: getattr(value, part.name) for part in fields(value)}
    return {
        name: _written(part, network)
        for name, part in parts.items()
        if not (isinstance(part, Graph) and _is(part, network))
    }


def _is(graph: Graph, network: str) -> bool:
    return graph_text(graph) == network and graph.loss == graph.bindings[-1].name


def _written(value: Any, network: str) -> Any:  # noqa: ANN401
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Expr():
            return _expression(value)
        case Dim() | Decimal():
            return str(value)
        case Graph():
            text = graph_text(value)
            return text if _is(value, text) else {"text": text, "loss": value.loss}
        case np.ndarray():
            return [[_number(part) for part in row] for row in value]
        case tuple():
            return [_written(part, network) for part in value]
        case Mapping():
            return {name: _written(part, network) for name, part in value.items()}
    if is_dataclass(value):
        return _fields(value, network)
    raise TypeError(f"{type(value).__name__} is not known here")


def _number(value: object) -> object:
    return str(value) if isinstance(value, (Fraction, int)) else float(str(value))


def _expression(expr: Expr) -> object:
    parts = tuple(walk(expr))
    extra: dict[str, object] = {}
    sizes = sorted({part.name for part in parts if isinstance(part, Size)})
    if sizes:
        extra["sizes"] = sizes
    if any(isinstance(part, Entry) for part in parts) and not any(map(_has_letter, parts)):
        extra["entries"] = True
    return {"text": to_text(expr), **extra} if extra else to_text(expr)


def _has_letter(part: Expr) -> bool:
    """Whether a part shows a reader that the whole is an index form."""
    if isinstance(part, Entry):
        return any(isinstance(index, str) for index in part.indices)
    return isinstance(part, (SumOver, Delta))
