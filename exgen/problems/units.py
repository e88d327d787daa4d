"""Networks of scalar units: weighted sums, each with its activation, and how they are drawn."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.errors import KindError
from exgen.graph import Call, Expr, Graph, Name, is_scalar, names_in

if TYPE_CHECKING:
    from exgen.derive.latex import Printer
    from exgen.figures.model import Figure

NEEDS = (
    "It needs units of scalars: lines such as m = w_1 * x_1 + w_2 * x_2 + b, each followed "
    "by an activation such as h = relu(m), and a loss."
)


class Unit(Struct, frozen=True):
    """A unit: what it adds up, and what it makes of the sum.

    Attributes:
        name: its output.
        total: the weighted sum.
        arrows: source and weight of each term.
        bias: what is added without a source, or None.

    """

    name: str
    total: str
    arrows: tuple[tuple[str, str], ...]
    bias: str | None

    @property
    def drawn(self) -> Expr:
        """What the arrows say that it adds up."""
        terms: list[Expr] = [Name(weight) * Name(source) for source, weight in self.arrows]
        terms += [Name(self.bias)] if self.bias else []
        return reduce(lambda left, right: left + right, terms)


def units_of(graph: Graph) -> tuple[Unit, ...]:
    """Return the units of a network in order.

    Raises:
        KindError: the network is not made of scalar units.

    """
    if not all(is_scalar(shape) for shape in graph.shapes.values()):
        raise KindError("not every quantity of the network is a scalar", remedy=NEEDS)
    inputs = {leaf.name for leaf in graph.leaves if leaf.role == "input"}
    sums: dict[str, tuple[tuple[tuple[str, str], ...], str | None]] = {}
    units: list[Unit] = []
    outputs = set(inputs)
    for binding in graph.bindings[:-1]:
        read = names_in(binding.expr)
        if len(read) == 1 and (total := next(iter(read))) in sums:
            arrows, bias = sums.pop(total)
            units.append(Unit(binding.name, total, arrows, bias))
            outputs.add(binding.name)
        else:
            sums[binding.name] = _weighted_sum(graph, binding.name, binding.expr, outputs)
    if sums:
        raise KindError(f"'{next(iter(sums))}' has no activation", remedy=NEEDS)
    if not units or not names_in(graph.bindings[-1].expr) & {unit.name for unit in units}:
        raise KindError("the last line is no loss of a unit's output", remedy=NEEDS)
    weights = [weight for unit in units for _, weight in unit.arrows]
    if len(set(weights)) < len(weights):
        raise KindError("a weight stands on two arrows", remedy="Give each its own.")
    return tuple(units)


def drawn_sums(graph: Graph) -> dict[str, tuple[Expr]]:
    """Return what the arrows say of each sum; nothing where the network is not made of units."""
    try:
        return {unit.total: (unit.drawn,) for unit in units_of(graph)}
    except KindError:
        return {}


def _weighted_sum(
    graph: Graph, name: str, expr: Expr, outputs: set[str]
) -> tuple[tuple[tuple[str, str], ...], str | None]:
    params = {leaf.name for leaf in graph.leaves if leaf.role == "param"}
    arrows: list[tuple[str, str]] = []
    bias: str | None = None
    for term in _terms(expr):
        match term:
            case Call("mul", (Name(weight), Name(source))) if weight in params:
                pass
            case Call("mul", (Name(source), Name(weight))) if weight in params:
                pass
            case Name(other) if other in params and bias is None:
                bias = other
                continue
            case _:
                raise KindError(f"'{name}' is not a sum of weights times units", remedy=NEEDS)
        if source not in outputs:
            raise KindError(f"'{name}' reads '{source}', which is no unit", remedy=NEEDS)
        arrows.append((source, weight))
    return tuple(arrows), bias


def _terms(expr: Expr) -> list[Expr]:
    match expr:
        case Call("add", (left, right)):
            return [*_terms(left), *_terms(right)]
    return [expr]


def drawing(graph: Graph, printer: Printer) -> Figure:
    """Draw the network.

    Raises:
        KindError: it cannot be drawn so that every weight is seen to belong to its arrow.

    """
    from exgen.figures.units import Connection, units_figure

    units = units_of(graph)
    column = {leaf.name: 0 for leaf in graph.leaves if leaf.role == "input"}
    for unit in units:
        column[unit.name] = 1 + max(column[source] for source, _ in unit.arrows)
    columns = [
        [name for name, at in column.items() if at == number]
        for number in range(1 + max(column.values()))
    ]
    connections = [Connection(s, unit.name, w) for unit in units for s, w in unit.arrows]
    figure = units_figure(columns, connections, printer.name)
    if figure is None:
        raise KindError(
            "the network has too many crossing connections to be drawn clearly",
            remedy="Use three units in a layer at most, and no connection that skips a layer.",
        )
    return figure
