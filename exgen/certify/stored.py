"""Claims as JSON and back: a manifest holds all that it takes to prove them again.

A claim is stored field by field. An expression is its text in the network language, a size and a
shape are texts, exact numbers are fractions as text, and a network is left out where it is the
problem's own. Reading goes by the types of the claim's fields, so a manifest that was tampered
with gives an error with a place, or a claim of the right types, which then has to be proven.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from decimal import Decimal
from fractions import Fraction
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from exgen.errors import DataError, LanguageError, nearest
from exgen.graph import Delta, Dim, Entry, Expr, Graph, Index, Shape, Size, SumOver, walk
from exgen.language.forms import read_form, read_graph
from exgen.language.syntax import NAME
from exgen.language.writer import graph_text, to_text
from exgen.shapes import MAX_SIZE
from exgen.typed import Decoder, annotated, shown

if TYPE_CHECKING:
    from exgen.certify.prove import Claim
    from exgen.typed import Read

RUBRIC = "rubric"
"""The name in place of a claim where no machine can prove an answer."""


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort of claim: its class, and what the name says of its fields."""

    module: str
    name: str
    says: Mapping[str, object] = field(default_factory=dict)

    def load(self) -> Any:  # noqa: ANN401 - a class that is a Claim
        """Return the class; its module is imported when it is asked for."""
        return getattr(import_module(f"exgen.certify.{self.module}"), self.name)

    def fits(self, claim: object) -> bool:
        """Whether a claim is of this sort."""
        kind = type(claim)
        return (kind.__module__, kind.__name__) == (
            f"exgen.certify.{self.module}",
            self.name,
        ) and all(getattr(claim, name) == value for name, value in self.says.items())


CLAIMS: Mapping[str, Sort] = {
    "bottleneck": Sort("facts", "BottleneckClaim"),
    "chain": Sort("chains", "ChainClaim"),
    "count": Sort("totals", "TotalClaim"),
    "equation": Sort("equation", "Equation"),
    "edges": Sort("edges", "EdgesClaim"),
    "fact": Sort("facts", "FactClaim"),
    "input of a layer": Sort("layers", "LayerInputClaim"),
    "mean of gradients": Sort("examples", "MeanGradientClaim"),
    "proof": Sort("identities", "ProofClaim"),
    "shape": Sort("shapes", "ShapeClaim"),
    "shape in a batch": Sort("batches", "BatchShapeClaim"),
}
"""Every claim of an answer by the name that manifests give it."""
STEPS: Mapping[str, Sort] = {
    "equation": CLAIMS["equation"],
}
"""Every claim of a worked step. No answer may rest on an equation that only a step asserts."""

PARTS: Mapping[str, str] = {
    "Batch": "derive.batch",
    "Chain": "derive.proofs",
    "Factor": "derive.factors",
    "Line": "derive.proofs",
    "Quantity": "certify.quantity",
    "Rounding": "certify.sides",
}
"""The values that claims hold besides expressions and numbers, and their modules."""

TYPES: Mapping[str, object] = {
    "Any": Any,
    "Decimal": Decimal,
    "Dim": Dim,
    "Expr": Expr,
    "Graph": Graph,
    "Index": Index,
    "Mapping": Mapping,
    "NDArray": NDArray,
    "Shape": Shape,
}

NUMBER = re.compile(r"-?\d{1,400}")
FRACTION = re.compile(r"-?\d{1,400}(/\d{1,400})?")
DECIMAL = re.compile(r"-?\d{1,40}(\.\d{1,40})?")
SIZE = re.compile(r"\d{1,9}|(\d{1,9} \+ )?[A-Za-z]\w*( \+ [A-Za-z]\w*){0,9}( [+-] \d{1,9})?")


def stored(claim: Claim, network: Graph) -> dict[str, Any]:
    """Return a claim as JSON types.

    Args:
        claim: of a sort in :data:`CLAIMS` or :data:`STEPS`.
        network: the problem's own network, which is stored once, with its problem.

    """
    for name, sort in {**CLAIMS, **STEPS}.items():
        if sort.fits(claim):
            return {"claim": name, **_fields(claim, network, sort.says)}
    raise TypeError(f"{type(claim).__name__} is not in the table of claims")


def restored(
    data: Any,  # noqa: ANN401 - any JSON
    network: Graph,
    path: str = "",
    sorts: Mapping[str, Sort] = CLAIMS,
) -> Claim:
    """Return the claim that :func:`stored` stored.

    Args:
        data: JSON.
        network: the problem's own network.
        path: where the claim stands, for errors.
        sorts: those that it may be of: an answer's, or with :data:`STEPS` a worked step's.

    Raises:
        DataError: the data is no claim; with the path to what does not fit.

    """
    name = data.get("claim") if isinstance(data, dict) else None
    if not isinstance(name, str) or name not in sorts:
        said = f"there is no claim {shown(name)}"
        raise DataError(said, f"{path}.claim", nearest(str(name), sorts))
    sort = sorts[name]
    kind = sort.load()
    given = {key: part for key, part in data.items() if key != "claim"}
    claim: Claim = _decoder(kind, network).fields(kind, given, path, **sort.says)
    return claim


# --- to JSON ---


def _fields(
    value: Any,  # noqa: ANN401 - a claim, or a part of one
    network: Graph,
    left_out: Mapping[str, object],
) -> dict[str, Any]:
    parts = {part.name: getattr(value, part.name) for part in fields(value)}
    return {
        name: _written(part, network)
        for name, part in parts.items()
        if name not in left_out and not (isinstance(part, Graph) and part == network)
    }


def _written(value: Any, network: Graph) -> Any:  # noqa: ANN401 - of any type in a claim
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Expr():
            return _expression(value)
        case Dim() | Decimal():
            return str(value)
        case Graph():
            text = graph_text(value)
            last = value.bindings[-1].name
            return text if value.loss == last else {"text": text, "loss": value.loss}
        case np.ndarray():
            return [[_number(part) for part in row] for row in value]
        case tuple():
            return [_written(part, network) for part in value]
        case Mapping():
            return {name: _written(part, network) for name, part in value.items()}
    if is_dataclass(value):
        return _fields(value, network, {})
    raise TypeError(f"{type(value).__name__} cannot be stored")


def _number(value: object) -> object:
    return str(value) if isinstance(value, (Fraction, int)) else float(str(value))


def _expression(expr: Expr) -> object:
    text = to_text(expr)
    parts = tuple(walk(expr))
    extra: dict[str, object] = {}
    sizes = sorted({part.name for part in parts if isinstance(part, Size)})
    if sizes:
        extra["sizes"] = sizes
    if any(isinstance(part, Entry) for part in parts) and not any(map(_has_letter, parts)):
        extra["entries"] = True
    return {"text": text, **extra} if extra else text


def _has_letter(part: Expr) -> bool:
    """Whether a part shows a reader that the whole is an index form."""
    if isinstance(part, Entry):
        return isinstance(part.row, str) or isinstance(part.column, str)
    return isinstance(part, (SumOver, Delta))


# --- from JSON ---


def _decoder(kind: type, network: Graph) -> Decoder:
    readers: dict[object, Read] = {
        Expr: _read_expr,
        Dim: _read_dim,
        Shape: _read_shape,
        Graph: _read_graph,
        Decimal: _read_decimal,
        NDArray[Any]: _read_array,
    }
    return Decoder({**TYPES, **dict(_parts(kind))}, readers, {Graph: network})


def _parts(kind: type) -> Iterator[tuple[str, type]]:
    """Yield the parts that a claim may hold, and those that they may hold."""
    for name in sorted(annotated(kind) & PARTS.keys()):
        part: type = getattr(import_module(f"exgen.{PARTS[name]}"), name)
        yield name, part
        yield from _parts(part)


def _refused(error: LanguageError, path: str) -> DataError:
    return DataError(error.message, path, error.remedy)


def _read_expr(data: Any, path: str) -> Expr:  # noqa: ANN401
    given = {"text": data} if isinstance(data, str) else data
    match given:
        case {"text": str(text), **rest} if rest.keys() <= {"sizes", "entries"}:
            sizes, entries = rest.get("sizes", []), rest.get("entries", False)
            if isinstance(sizes, list) and isinstance(entries, bool):
                try:
                    return read_form(text, sizes=frozenset(map(str, sizes)), entries=entries)
                except LanguageError as error:
                    raise _refused(error, path) from None
    raise DataError(f"{shown(data)} is not an expression", path)


def _read_graph(data: Any, path: str) -> Graph:  # noqa: ANN401
    match {"text": data} if isinstance(data, str) else data:
        case {"text": str(text), **rest} if not rest.keys() - {"loss"}:
            try:
                return read_graph(text, loss=str(rest.get("loss", "")))
            except LanguageError as error:
                raise _refused(error, path) from None
    raise DataError(f"{shown(data)} is not a network", path)


def _read_dim(data: Any, path: str) -> Dim:  # noqa: ANN401
    if isinstance(data, str) and SIZE.fullmatch(data):
        number, names = 0, []
        for sign, word in re.findall(r"([+-]?) ?(\w+)", data):
            if word.isdigit():
                number += int(word) * (-1 if sign == "-" else 1)
            elif NAME.match(word):
                names.append(word)
        if abs(number) <= MAX_SIZE:
            return Dim(number, tuple(names))
    raise DataError(f"{shown(data)} is not a size", path)


def _read_shape(data: Any, path: str) -> Shape:  # noqa: ANN401
    if not isinstance(data, list):
        raise DataError(f"{shown(data)} is not a list", path)
    if len(data) != 2:  # noqa: PLR2004 - rows and columns
        raise DataError("a shape has two sizes, of its rows and of its columns", path)
    rows, columns = (_read_dim(part, f"{path}[{axis}]") for axis, part in enumerate(data))
    return rows, columns


def _read_decimal(data: Any, path: str) -> Decimal:  # noqa: ANN401
    if isinstance(data, str) and DECIMAL.fullmatch(data):
        return Decimal(data)
    raise DataError(f"{shown(data)} is not a decimal number", path)


def _read_array(data: Any, path: str) -> NDArray[Any]:  # noqa: ANN401
    rows = data if isinstance(data, list) and all(isinstance(row, list) for row in data) else []
    if not rows or not rows[0] or len({len(row) for row in rows}) != 1:
        raise DataError(f"{shown(data)} is not rows of numbers", path)
    parts = [part for row in rows for part in row]
    if all(type(part) is float and np.isfinite(part) for part in parts):
        return np.array(rows, dtype=float)
    for part in parts:
        if not (isinstance(part, str) and FRACTION.fullmatch(part)) or part.endswith("/0"):
            raise DataError(f"{shown(part)} is not an exact number", path)
    found = np.empty((len(rows), len(rows[0])), dtype=object)
    for place in np.ndindex(found.shape):
        found[place] = Fraction(rows[place[0]][place[1]])
    return found
