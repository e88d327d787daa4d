"""Whether what a manifest records beside a claim is what the claim asserts.

A certificate is about the claim. The shape and the expression of an answer stand beside it, for
whoever reads the manifest; they have to be those that were certified.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.certify.compare import EXACT_TOLERANCE
from exgen.certify.equation import Equation
from exgen.certify.trials import floats
from exgen.engine import evaluate, forward, gradient_name, gradients
from exgen.errors import CertificateError
from exgen.graph import SCALAR, Dim, Expr, Graph, Shape, is_column, is_scalar, shape_text
from exgen.language import read_form, to_text

if TYPE_CHECKING:
    from exgen.certify.prove import Claim

FREE = frozenset({"FactClaim"})
"""Claims about a fact, whose expression is a note in words or numbers."""


def declared(shape: Shape) -> tuple[int | str, ...]:
    """Return a shape as a declaration writes it: no size for a scalar, one for a column."""
    kept: Shape = () if is_scalar(shape) else shape[:1] if is_column(shape) else shape
    return tuple(dim.constant if dim.is_number else str(dim) for dim in kept)


def check_shape_recorded(claim: Claim, recorded: tuple[int | str, ...] | None) -> None:
    """Raise CertificateError where an answer has another shape than its claim."""
    asserted = _shapes(claim)
    if recorded is None or recorded in [declared(shape) for shape in asserted]:
        return
    said = " x ".join(map(str, recorded)) or "scalar"
    raise CertificateError(f"the shape is recorded as {said}, certified is {_either(asserted)}")


def _either(shapes: list[Shape]) -> str:
    return " or ".join(dict.fromkeys(map(shape_text, shapes)))


def _shapes(claim: Any) -> list[Shape]:  # noqa: ANN401 - a claim, of any sort
    """Return the shapes an answer may have: the claim's own, or a scalar where it is an entry."""
    own = getattr(claim, "shape", SCALAR)
    return [own, SCALAR] if getattr(claim, "index", ()) else [own]


def check_expression_recorded(claim: Claim, recorded: str) -> None:
    """Raise CertificateError where an answer's expression is not one of its claim's.

    Where a claim is about a value, an expression that has that value serves.
    """
    if type(claim).__name__ in FREE:
        return
    certified = list(_texts(claim))
    if recorded in certified or _has_value(claim, recorded):
        return
    said = f", certified is '{certified[0]}'" if certified else ""
    raise CertificateError(f"the expression is recorded as '{recorded}'{said}")


def _texts(claim: Any) -> Iterator[str]:  # noqa: ANN401 - a claim, of any sort
    """Yield what a claim asserts as text: its expressions first, then its names."""
    names: list[str] = []
    # What a name of one example is called in a batch.
    names += [claim.called] if hasattr(claim, "called") else []
    for part in fields(claim):
        yield from _written(getattr(claim, part.name), names)
    graph = getattr(claim, "graph", getattr(claim, "circuit", None))
    for name in names:
        if isinstance(graph, Graph) and name not in graph.names:
            continue
        line = graph.expr(name) if isinstance(graph, Graph) else None
        if line is not None:
            yield to_text(line)
        yield name
        yield gradient_name(name)


def _written(value: Any, names: list[str]) -> Iterator[str]:  # noqa: ANN401
    match value:
        case Expr():
            yield to_text(value)
        case str():
            names.append(value)
        case int() if not isinstance(value, bool):
            yield str(value)
        case Dim() | Graph() | Mapping() | np.ndarray():
            pass
        case tuple() if value and all(isinstance(part, tuple) for part in value):
            pairs = [part for part in value if all(isinstance(name, str) for name in part)]
            yield "; ".join(" -> ".join(pair) for pair in pairs)
            for part in value:
                yield from _written(part, names)
        case tuple():
            parts = [text for part in value for text in _written(part, names)]
            yield from reversed(parts)
            texts = parts or [part for part in value if isinstance(part, str)]
            if texts:
                yield ", ".join(texts)
        case _ if is_dataclass(value):
            for part in fields(value):
                yield from _written(getattr(value, part.name), names)


def _has_value(claim: Any, recorded: str) -> bool:  # noqa: ANN401 - a claim, of any sort
    """Whether an expression has the value that a claim is about, or that of one of its entries."""
    if not (isinstance(claim, Equation) and claim.leaves and claim.cells):
        return False
    known = forward(claim.graph, floats(claim.leaves))
    turned = claim.layout == "numerator" and claim.quantity is not None and claim.quantity.by
    value = claim.value.T if turned else claim.value
    if is_scalar(claim.graph.shapes[claim.graph.loss]):
        found = gradients(claim.graph, known)
        known |= {gradient_name(name): array for name, array in found.items()}
    result = evaluate(read_form(recorded), known).astype(float)
    expected = value.astype(float)
    if result.shape == expected.shape:
        return bool(np.allclose(result, expected, rtol=EXACT_TOLERANCE, atol=EXACT_TOLERANCE))
    return result.size == 1 and bool(np.isclose(expected, result.item()).any())
