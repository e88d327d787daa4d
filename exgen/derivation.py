"""The way of ``exgen derive``: a network in, certified gradients by each leaf out."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.certify.given import Given, at_kinks, prove_at
from exgen.certify.given import given as at_values
from exgen.certify.gradients import GradientClaim
from exgen.certify.prove import prove
from exgen.deep import deep_expressions
from exgen.derive.gradients import derive_gradients, premises, with_gradient_shapes
from exgen.derive.jacobian import slope_at_zero
from exgen.derive.latex import Printer
from exgen.derive.symbols import check_looks
from exgen.derive.written import as_written
from exgen.engine import forward
from exgen.errors import (
    CertificateError,
    LanguageError,
    MachineError,
    MisfitError,
    Source,
    ValuesError,
    nearest,
)
from exgen.files import read as read_file
from exgen.graph import Dim
from exgen.language import read_network, to_text
from exgen.language.classes import classes_axes
from exgen.ops.base import Sizes
from exgen.shapes import check_sizes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from exgen.derive.notation import Notation
    from exgen.derive.written import Written
    from exgen.document import Agreement
    from exgen.graph import Expr, Graph, Leaf

MAX_ENTRIES = 10_000_000
MAX_BYTES = 200_000_000


@dataclass(frozen=True, slots=True)
class LeafGradient:
    """The gradient of the loss by one leaf.

    Attributes:
        name: the leaf.
        shape: its sizes as declared: none for a scalar, one for a vector, two for a matrix.
        expr: the gradient in the network language, from names of the forward pass.
        latex: the same as LaTeX, in the notation asked for.
        symbol: the gradient's symbol as LaTeX.
        why: one sentence for each rule used.
        certificate: the methods that agreed.
        value: the gradient at the values given, nested as the leaf is; None without values.
        compared: the methods that agreed on ``value``.

    """

    name: str
    shape: tuple[int | str, ...]
    expr: str
    latex: str
    symbol: str
    why: tuple[str, ...]
    certificate: tuple[Agreement, ...]
    value: Any
    compared: tuple[Agreement, ...] = ()


@dataclass(frozen=True, slots=True)
class Derivation:
    """Every leaf's gradient, the loss's value where values were given, and what is assumed."""

    loss: str
    loss_value: float | None
    steps: tuple[tuple[str, str], ...]
    gradients: tuple[LeafGradient, ...]
    premises: tuple[str, ...]


def read_source(path: Path) -> Source:
    """Read a text file or a pipe that somebody writes to; standard input where the path is ``-``.

    Raises:
        MachineError: it cannot be read, is neither a file nor such a pipe, or is not UTF-8.

    """
    is_pipe = str(path) == "-"
    place = "standard input" if is_pipe else str(path)
    try:
        raw = (
            sys.stdin.buffer.read(MAX_BYTES + 1)
            if is_pipe
            else read_file(path, MAX_BYTES, pipes=True)
        )
    # AttributeError: there is no standard input
    except (OSError, ValueError, AttributeError) as error:
        reason = getattr(error, "strerror", None) or "it is closed"
        raise MachineError(f"cannot be read: {reason}", place=place) from None
    if len(raw) > MAX_BYTES:
        raise MachineError(f"is larger than {MAX_BYTES} bytes", place=place)
    try:
        return Source(place, raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise MachineError("is not UTF-8 text", place=place, remedy="Save it as UTF-8.") from None


def derive(
    source: Source, notation: Notation, *, values: Source | None = None, loss: str | None = None
) -> Derivation:
    """Derive and certify the gradient of a network's loss by each leaf.

    Args:
        source: the network.
        notation: how to write LaTeX, and which slope a kink has.
        values: JSON with a number, a list or a list of lists for each leaf; sizes that are
            still symbolic are read off it.
        loss: the name to differentiate; the last line unless given.

    Raises:
        LanguageError: the network is not legal.
        ValuesError: the values do not fit it.
        CertificateError: a gradient could not be proven.

    """
    graph = read_network(source, loss=loss)
    with deep_expressions():
        return _derived(graph, source, notation, values)


def _derived(graph: Graph, source: Source, notation: Notation, values: Source | None) -> Derivation:
    try:
        check_looks(graph)
    except MisfitError as error:
        raise LanguageError(error.message, place=source.name, remedy=error.remedy) from None
    given = None if values is None else read_values(values, graph)
    if given is not None:
        graph = _sized(graph, given, values)
    found = derive_gradients(graph)
    numerator = notation.layout == "numerator"
    shapes = with_gradient_shapes(graph, numerator=numerator)
    printer = Printer(notation, shapes, graph.loss)
    case = None if given is None else at_values(graph, _run(graph, given, values), notation)
    parts: list[LeafGradient] = []
    for leaf in graph.leaves:
        closed = found[leaf.name].closed
        expr = slope_at_zero(closed, notation)
        written = as_written(closed, leaf.name, graph, notation)
        value, compared = (None, ()) if case is None else _value(case, leaf, expr, values)
        parts.append(
            LeafGradient(
                name=leaf.name,
                shape=tuple(d.constant if d.is_number else str(d) for d in leaf.dims),
                expr=to_text(expr),
                latex=printer(written.expr),
                symbol=printer.derivative(graph.loss, leaf.name),
                why=found[leaf.name].why,
                certificate=_certify(graph, leaf, expr, written),
                value=value,
                compared=compared,
            )
        )
    return Derivation(
        loss=graph.loss,
        loss_value=None if case is None else float(case.at[graph.loss].item()) + 0.0,
        steps=tuple((f"grad_{name}", to_text(part.step)) for name, part in found.items()),
        gradients=tuple(parts),
        premises=(*premises(graph, found), *(() if case is None else at_kinks(case))),
    )


def _certify(graph: Graph, leaf: Leaf, expr: Expr, written: Written) -> tuple[Agreement, ...]:
    """Prove a gradient, and what LaTeX prints of it where the notation writes it otherwise."""
    name = leaf.name
    try:
        if written.expr != expr:
            prove(GradientClaim(graph, name, written.expr, written.shape, written.numerator))
        return prove(GradientClaim(graph, name, expr, leaf.shape))
    except CertificateError as error:
        raise CertificateError(
            f"the gradient by '{leaf.name}' could not be proven: {error.message}",
            remedy=error.remedy,
        ) from None


def _sized(graph: Graph, given: Mapping[str, NDArray[Any]], source: Source | None) -> Graph:
    """Put in the sizes that the arrays have, and check what only they can show."""
    sized = graph.with_sizes(_sizes(graph, given, source))
    try:
        check_sizes(sized)
    except MisfitError as error:
        place = source.name if source else ""
        raise ValuesError(error.message, place=place, remedy=error.remedy) from None
    return sized


def _run(
    graph: Graph, given: Mapping[str, NDArray[Any]], source: Source | None
) -> dict[str, NDArray[Any]]:
    values = forward(graph, given)
    for name, value in values.items():
        if not np.isfinite(value).all():
            raise ValuesError(
                f"at these values '{name}' is not finite",
                place=source.name if source else "",
                remedy="Check the domains of log, / and **, and the size of exp's argument.",
            )
    return values


def _value(
    case: Given, leaf: Leaf, expr: Expr, source: Source | None
) -> tuple[object, tuple[Agreement, ...]]:
    """Return a gradient as nested lists, and the methods that agree on it at these values."""
    try:
        array, compared = prove_at(case, leaf.name, expr)
    except ValuesError as error:
        place = source.name if source else ""
        raise ValuesError(error.message, place=place, remedy=error.remedy) from None
    except CertificateError as error:
        raise CertificateError(
            f"at these values the gradient by '{leaf.name}' could not be proven: {error.message}",
            remedy=error.remedy,
        ) from None
    dims = tuple(dim.constant for dim in leaf.dims)
    return array.reshape(dims).tolist(), compared


# --- values --------------------------------------------------------------------------------------


def read_values(source: Source, graph: Graph) -> dict[str, NDArray[Any]]:
    """Return the arrays that a JSON text gives for the leaves of a graph.

    Raises:
        ValuesError: not JSON, a leaf missing or unknown, or not numbers in the declared nesting.

    """
    try:
        data = json.loads(source.text, object_pairs_hook=partial(_object, source.name))
    # RecursionError: nested without end; ValueError: a number with thousands of digits
    except (ValueError, RecursionError) as error:
        place, reason = source.name, ""
        if isinstance(error, json.JSONDecodeError):
            place = f"{source.name}:{error.lineno}:{error.colno}"
            reason = f": {error.msg[:1].lower()}{error.msg[1:]}"
        raise ValuesError(f"this is not legal JSON{reason}", place=place) from None
    if not isinstance(data, dict):
        raise ValuesError("must be an object with one entry for each leaf", place=source.name)
    names = [leaf.name for leaf in graph.leaves]
    for name in data:
        if name not in names:
            raise ValuesError(
                f"there is no leaf '{name}'", place=source.name, remedy=nearest(name, names)
            )
    missing = [name for name in names if name not in data]
    if missing:
        raise ValuesError(
            f"no value for {', '.join(missing)}",
            place=source.name,
            remedy="Every leaf needs one: a number, a list, or a list of rows.",
        )
    arrays = {leaf.name: _array(data[leaf.name], leaf, source.name) for leaf in graph.leaves}
    for leaf in graph.leaves:
        _check_onehot(arrays[leaf.name], leaf, graph, source.name)
    return arrays


def _object(place: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; refuse a key given twice, where Python would keep the last."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValuesError(f"'{key}' is given twice", place=place, remedy="Keep one.")
        found[key] = value
    return found


def _check_onehot(array: NDArray[Any], leaf: Leaf, graph: Graph, place: str) -> None:
    if leaf.role != "onehot":
        return
    # Where no softmax shows along which axis the classes run, either will do.
    axes = classes_axes(graph, leaf) or (0, 1)
    one_each = any(((array == 1).sum(axis=axis) == 1).all() for axis in axes)
    if not (np.isin(array, (0, 1)).all() and one_each):
        raise ValuesError(
            f"'{leaf.name}' is declared onehot, but not every example has a single 1 among 0s",
            place=place,
            remedy="Declare it as a target if its entries may be anything.",
        )


def _array(data: object, leaf: Leaf, place: str) -> NDArray[Any]:
    wanted = ("a number", "a list of numbers", "a list of rows of the same length")[leaf.axes]
    if not _only_numbers(data, leaf.axes):
        raise ValuesError(f"'{leaf.name}' must be {wanted}", place=place)
    try:
        array = np.array(data, dtype=float)
    except OverflowError:
        raise ValuesError(f"'{leaf.name}' has an entry that is not finite", place=place) from None
    except ValueError:
        raise ValuesError(f"'{leaf.name}' must be {wanted}", place=place) from None
    if array.ndim != leaf.axes or array.size == 0 or array.size > MAX_ENTRIES:
        raise ValuesError(f"'{leaf.name}' must be {wanted}", place=place)
    if not np.isfinite(array).all():
        raise ValuesError(f"'{leaf.name}' has an entry that is not finite", place=place)
    rows, columns = (*array.shape, 1, 1)[:2]
    return array.reshape(rows, columns)


def _only_numbers(data: object, axes: int) -> bool:
    if axes == 0:
        return isinstance(data, (int, float)) and not isinstance(data, bool)
    return isinstance(data, list) and all(_only_numbers(part, axes - 1) for part in data)


def _sizes(
    graph: Graph, given: Mapping[str, NDArray[Any]], source: Source | None
) -> dict[str, int]:
    """Read symbolic sizes off the arrays, and refuse arrays that do not fit the declarations."""
    place = source.name if source else ""
    sizes = Sizes()
    renamed = {name: Dim(0, (f"?{name}",)) for name in graph.size_names}
    for leaf in graph.leaves:
        declared = tuple(dim.substitute(renamed) for dim in leaf.shape)
        actual = tuple(Dim(size) for size in given[leaf.name].shape)
        wanted = " x ".join(map(str, leaf.dims)) or "scalar"
        found = " x ".join(map(str, actual[: leaf.axes]))
        known = {
            n: sizes.resolve(renamed[n])
            for n in dict.fromkeys(n for d in leaf.dims for n in d.names)
        }
        elsewhere = ", ".join(f"{n} = {size}" for n, size in known.items() if size.is_number)
        wanted += f" with {elsewhere}" if elsewhere else ""
        try:
            sizes.require(declared, actual, f"'{leaf.name}' is {found}, but declared {wanted}")
        except MisfitError as error:
            raise ValuesError(error.message, place=place) from None
    found_sizes = {name: sizes.resolve(dim) for name, dim in renamed.items()}
    unknown = [name for name, dim in found_sizes.items() if not dim.is_number]
    if unknown:
        raise ValuesError(
            f"the sizes {', '.join(unknown)} do not follow from the values", place=place
        )
    return {name: dim.constant for name, dim in found_sizes.items()}
