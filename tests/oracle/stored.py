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
from exgen.graph import Delta, Dim, Entry, Expr, Graph, Size, SumOver, walk
from exgen.language import to_text
from exgen.language.writer import graph_text


def stored(claim: Any, network: str) -> dict[str, Any]:  # noqa: ANN401 - a claim of any class
    """Return a claim as JSON types.

    Args:
        claim: that of an answer; None for a rubric.
        network: the text of the problem's own network, which is left out.

    """
    own = {} if claim is None else _fields(claim, network)
    return {"claim": sort_of(claim), **{key: own[key] for key in own if key != "backwards"}}


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
        return isinstance(part.row, str) or isinstance(part.column, str)
    return isinstance(part, (SumOver, Delta))
