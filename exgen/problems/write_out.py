"""Write out: both passes of a drawn network of scalar units, line by line."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from exgen.certify.equation import Equation
from exgen.certify.quantity import Quantity
from exgen.derive.gradients import gradients_from
from exgen.derive.latex import Printer
from exgen.derive.worked import chained, functions_on, tidied
from exgen.document import Step, Tex
from exgen.engine import backward
from exgen.errors import KindError
from exgen.figures.units import Connection, units_figure
from exgen.graph import SCALAR, Call, Expr, Graph, Name, is_scalar, names_in
from exgen.language import to_text
from exgen.problems.base import Kind, Setting, Solution, Solved, forward_fields
from exgen.problems.steps import scalar_notation, scalar_step, slope_reasons

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from exgen.figures.model import Figure
    from exgen.seeds import Stream

NEEDS = (
    "write_out needs units of scalars: lines such as m = w_1 * x_1 + w_2 * x_2 + b, each followed "
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


def sample(graph: Graph, _options: Mapping[str, Any], _stream: Stream) -> dict[str, Any]:
    """Draw nothing: wiring, widths and functions are drawn with the network."""
    units_of(graph)
    return {}


def solve(setting: Setting, _draws: Mapping[str, Any]) -> Solution:
    """Write out the forward pass from the arrows, and the backward pass from the gradient rules."""
    graph = setting.graph
    notation = scalar_notation(setting.notation)
    printer = Printer(notation, graph.shapes, graph.loss)
    units = units_of(graph)
    answers: list[Solved] = []
    sums = {unit.total: unit for unit in units}
    passed: list[str] = []
    for binding in graph.bindings[:-1]:
        name, expr = binding.name, binding.expr
        # of a sum the drawing says the same with its arrows
        drawn = (sums[name].drawn,) if name in sums else ()
        claim = Equation(graph, Quantity(name), (expr, *drawn))
        equation = Tex(f"{printer.name(name)} &= {printer(expr)}")
        why = "One term for each arrow." if name in sums else "The activation of the sum."
        step = Step("forward", equation, why)
        answers.append(Solved(f"forward:{name}", Tex(printer(expr)), SCALAR, to_text(expr),
                              (step,), claim, _equation(printer, printer.name(name))))  # fmt: skip
        passed.append(f"forward:{name}")
    back = backward(graph)
    found = gradients_from(back)
    inputs = {leaf.name for leaf in graph.leaves if leaf.role != "param"}
    # of a weight there is nothing to get wrong that its sum does not show
    learned = {leaf.name for leaf in graph.leaves}
    returned: list[str] = []
    for name in back.order():
        if name in inputs:
            continue
        chain = tidied(chained(graph, name, found, inner=False), notation)
        expr = chain.sides[-1]
        left = printer.derivative(graph.loss, name)
        step = scalar_step(graph, name, chain, printer, graph, aligned=True)
        answers.append(
            Solved(f"backward:{name}", Tex(printer(expr)), SCALAR, to_text(expr), (step,),
                   Equation(graph, Quantity(graph.loss, name), (expr,)),
                   None if name in learned else _equation(printer, left))
        )  # fmt: skip
        returned.append(f"backward:{name}")
    hidden, last = units[:-1], units[-1]
    calls = [part for unit in units for part in functions_on(graph.expr(unit.name) or Name(""))]
    slopes, _ = slope_reasons(calls, printer, graph)
    fields = {
        **forward_fields(setting),
        "drawing": drawing(graph, printer).fields(),
        "units": [_unit(graph, printer, unit) for unit in hidden],
        "output": _unit(graph, printer, last),
        "loss": {"left": Tex(printer.name(graph.loss)),
                 "right": Tex(printer(graph.bindings[-1].expr))},
        "targets": [
            Tex(printer.name(leaf.name))
            for leaf in graph.leaves if leaf.role in ("target", "onehot")
        ],
        "biased": any(unit.bias for unit in units),
        "passed": passed,
        "returned": returned,
        "slopes": [Tex(formula) for formula in slopes],
        "sums": [Tex(printer.derivative(graph.loss, name)) for name in _several(graph)],
    }  # fmt: skip
    return Solution(fields, tuple(answers))


def _equation(printer: Printer, left: str) -> Callable[[Any], Tex]:
    """Return how one of many lines is printed: with its left side, to tell it from the others."""
    return lambda claim: Tex(f"{left} = {printer(claim.rights[0])}")


def _unit(graph: Graph, printer: Printer, unit: Unit) -> dict[str, Any]:
    expr = graph.expr(unit.name) or Name(unit.name)
    return {
        "name": Tex(printer.name(unit.name)),
        "total": Tex(printer.name(unit.total)),
        "right_of": Tex(f"{printer.name(unit.name)} = {printer(expr)}"),
        "bias": Tex(printer.name(unit.bias)) if unit.bias else None,
    }


def _several(graph: Graph) -> list[str]:
    """Return the units whose output goes to more than one place."""
    reads = [name for b in graph.bindings for name in names_in(b.expr)]
    return [b.name for b in graph.bindings if reads.count(b.name) > 1]


KIND = Kind(
    name="write_out",
    summary="the forward and the backward pass of a drawn network of scalar units",
    options={},
    network_rules=(),
    number_rules=(),
    slips=(
        "dropped_path",
        "no_slope",
        "forgot_upstream",
        "forgot_bias",
        "dropped_input",
        "forgot_activation",
        "output_for_preactivation",
        "wrong_sign",
        "slope_on_the_wrong_side",
    ),
    needs_loss=True,
    sample=sample,
    solve=solve,
)
