"""The way of ``exgen derive``: a network in, certified gradients by each leaf out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct

from exgen.certify.equation import Equation
from exgen.certify.given import Given, at_kinks, prove_at
from exgen.certify.given import given as at_values
from exgen.certify.prove import prove
from exgen.certify.quantity import Quantity
from exgen.deep import deep_expressions
from exgen.derive.gradients import derive_gradients, premises
from exgen.derive.jacobian import slope_at_zero
from exgen.derive.latex import Printer
from exgen.derive.symbols import check_looks
from exgen.derive.written import as_written
from exgen.engine import forward
from exgen.errors import (
    CertificateError,
    LanguageError,
    MachineError,
    Source,
    ValuesError,
    retold,
)
from exgen.files import read_text
from exgen.language import read_network, to_text
from exgen.shapes import check_sizes
from exgen.values import read_sizes, read_values

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from exgen.derive.notation import Notation
    from exgen.document import Agreement
    from exgen.graph import Expr, Graph, Leaf

MAX_BYTES = 200_000_000


class LeafGradient(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The gradient of the loss by one leaf; as ``--json`` prints it, but for the symbol.

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
    latex: str
    expr: str
    value: Any = None
    why: tuple[str, ...]
    certificate: tuple[Agreement, ...]
    compared: tuple[Agreement, ...] = ()
    symbol: str


class Derivation(Struct, frozen=True):
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
    name = "standard input" if str(path) == "-" else str(path)
    return Source(name, read_text(path, MAX_BYTES, MachineError, pipes=True))


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
    with retold(partial(LanguageError, place=source.name)):
        check_looks(graph)
    case = None
    if values is not None:
        graph, at = _at(graph, values)
        case = at_values(graph, at, notation)
    found = derive_gradients(graph)
    printer = Printer(notation, graph.shapes, graph.loss)
    parts: list[LeafGradient] = []
    for leaf in graph.leaves:
        closed = found[leaf.name].closed
        expr = slope_at_zero(closed, notation)
        written = as_written(closed, graph, notation)
        value, compared = (None, ()) if case is None else _value(case, leaf, expr, values)
        parts.append(
            LeafGradient(
                name=leaf.name,
                shape=tuple(d.constant if d.is_number else str(d) for d in leaf.dims),
                expr=to_text(expr),
                latex=printer(written),
                symbol=printer.derivative(graph.loss, leaf.name),
                why=found[leaf.name].why,
                certificate=_certify(graph, leaf, expr, written, notation.layout),
                value=value,
                compared=compared,
            )
        )
    return Derivation(
        loss=graph.loss,
        loss_value=None if case is None else float(case.at[graph.loss].item()) + 0.0,
        steps=tuple((to_text(graph.gradient(n)), to_text(part.step)) for n, part in found.items()),
        gradients=tuple(parts),
        premises=(*premises(graph, found), *(() if case is None else at_kinks(case))),
    )


def _certify(
    graph: Graph, leaf: Leaf, expr: Expr, written: Expr, layout: str
) -> tuple[Agreement, ...]:
    """Prove a gradient, and what LaTeX prints of it where the notation writes it otherwise."""
    quantity = Quantity(graph.loss, leaf.name)
    try:
        if written != expr:
            prove(Equation(graph, quantity, (written,), layout=layout))
        return prove(Equation(graph, quantity, (expr,)))
    except CertificateError as error:
        raise CertificateError(
            f"the gradient by '{leaf.name}' could not be proven: {error.message}",
            remedy=error.remedy,
        ) from None


def _at(graph: Graph, values: Source) -> tuple[Graph, dict[str, NDArray[Any]]]:
    """Return a graph with the sizes that given arrays have, and the value of every name."""
    given = read_values(values, graph)
    sizes = read_sizes(graph, given, values.name)
    if unknown := [name for name in graph.size_names if name not in sizes]:
        says = f"the sizes {', '.join(unknown)} do not follow from the values"
        raise ValuesError(says, place=values.name)
    sized = graph.with_sizes(sizes)
    with retold(partial(ValuesError, place=values.name)):
        check_sizes(sized)
    found = forward(sized, given)
    for name, value in found.items():
        if not np.isfinite(value).all():
            raise ValuesError(
                f"at these values '{name}' is not finite",
                place=values.name,
                remedy="Check the domains of log, / and **, and the size of exp's argument.",
            )
    return sized, found


def _value(
    case: Given, leaf: Leaf, expr: Expr, source: Source | None
) -> tuple[object, tuple[Agreement, ...]]:
    """Return a gradient as nested lists, and the methods that agree on it at these values."""
    try:
        with retold(partial(ValuesError, place=source.name if source else ""), ValuesError):
            array, compared = prove_at(case, leaf.name, expr)
    except CertificateError as error:
        raise CertificateError(
            f"at these values the gradient by '{leaf.name}' could not be proven: {error.message}",
            remedy=error.remedy,
        ) from None
    dims = tuple(dim.constant for dim in leaf.dims)
    return array.reshape(dims).tolist(), compared
