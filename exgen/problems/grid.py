"""Numeric passes through grids: pooling, an activation, a weighted sum, forwards and backwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.certify.equation import Equation, as_cells
from exgen.certify.quantity import Quantity
from exgen.document import Step, Tex
from exgen.engine import Values, evaluate, forward, gradients
from exgen.errors import KindError, nearest
from exgen.graph import SCALAR, Graph, Number, is_scalar
from exgen.language import to_text
from exgen.ops import uses
from exgen.problems import luck
from exgen.problems.base import Kind, Setting, Solution, Solved
from exgen.problems.grid_steps import Grids, grid_latex
from exgen.problems.notes import notes
from exgen.problems.numbers import draw_numbers, exact_arrays, fraction, number_latex, text
from exgen.problems.steps import said_once
from exgen.problems.upstream import with_upstream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.derive.gradients import Gradient
    from exgen.ops.base import Op
    from exgen.seeds import Stream

UPSTREAM = (2, -1, 3, "0.5", -2, 4)
MAX_DECIMALS = 3


def asked(graph: Graph, options: Mapping[str, Any]) -> list[str]:
    """Return the names by which gradients are asked, from the output inwards."""
    inner = [b.name for b in reversed(graph.bindings) if b.name != graph.loss]
    inner += [leaf.name for leaf in graph.leaves if leaf.role == "input"]
    by = options.get("by", inner)
    for name in by:
        if name not in graph.names or name == graph.loss:
            raise KindError(
                f"there is no '{name}' to differentiate by", remedy=nearest(str(name), graph.names)
            )
    return list(by)


def _check(graph: Graph) -> None:
    if not is_scalar(graph.shapes[graph.loss]):
        raise KindError(
            f"'{graph.loss}' is not a scalar",
            remedy="grid needs a network that ends in one number, such as y = sum(V * W).",
        )
    if graph.size_names:
        raise KindError(
            f"the size {graph.size_names[0]} has no value", remedy="grid needs sizes as numbers."
        )
    if all(is_scalar(graph.shapes[b.name]) for b in graph.bindings):
        raise KindError(
            "no line of the network is a grid",
            remedy="grid needs lines such as U = maxpool(X) and V = lrelu(U, 0.1).",
        )


def sample(graph: Graph, options: Mapping[str, Any], stream: Stream) -> dict[str, Any]:
    """Draw the leaves and the upstream gradient, until the passes can be worked by hand."""
    _check(graph)
    by = asked(graph, options)
    choices = options.get("upstream", list(UPSTREAM))
    extended, upstream = with_upstream(graph)

    ranges = options.get("numbers", {})
    drawn = luck.factors(graph, ranges)

    def draw(attempt: int) -> dict[str, Any]:
        own = stream.child("try", attempt)
        numbers = draw_numbers(graph, ranges, own)
        leaves = exact_arrays(numbers)
        values = forward(graph, leaves, exact=True)
        luck.require_rational(graph, values, "grid")
        luck.require("no_zero_inputs", all(luck.nonzero(leaves[n]) for n in drawn), options)
        _require_lines(graph, values, options)
        factor = text(fraction(extended.leaves[-1], own.child("upstream").choose(choices)))
        leaves |= exact_arrays({upstream: [[factor]]})
        found = gradients(extended, forward(extended, leaves, exact=True), exact=True)
        asked_for = [found[name] for name in by]
        luck.require("short_decimals", luck.short_decimals(asked_for, MAX_DECIMALS), options)
        luck.require("no_zero_gradients", all(array.any() for array in asked_for), options)
        return {"numbers": numbers, "upstream": factor, "by": by}

    return luck.first_lucky(draw, ("draw", "upstream"))


def _require_lines(graph: Graph, values: Values, options: Mapping[str, Any]) -> None:
    """Turn a draw down where a line cannot be worked by hand without a doubt."""

    def bent(op: Op) -> object:
        return op.traits.kink

    kinked = {b.name for b in graph.bindings if any(uses(luck.only(graph, b.name), bent))}
    luck.require("no_ties", luck.no_ties(graph, values))
    luck.require("off_the_kink", luck.off_the_kink(graph, values))
    luck.require("both_signs", luck.both_signs(graph, values), options)
    lines = {binding.name: values[binding.name] for binding in graph.bindings}
    luck.require("short_decimals", luck.short_decimals(lines.values(), MAX_DECIMALS), options)
    straight = [array for name, array in lines.items() if name not in kinked]
    luck.require("no_zero_results", all(map(luck.nonzero, straight)), options)


def solve(setting: Setting, draws: Mapping[str, Any]) -> Solution:
    """Run both passes in fractions, and work out each grid from the one before."""
    graph = setting.graph
    extended, upstream = with_upstream(graph)
    leaves = exact_arrays({**draws["numbers"], upstream: [[draws["upstream"]]]})
    grids = Grids(setting.notation, extended, forward(extended, leaves, exact=True))
    lines = [binding.name for binding in graph.bindings]
    answers = [_forward_answer(grids, graph, name) for name in lines]
    derived = grids.derived
    outer = draws["by"][0]
    answers += [_formula(grids, derived[outer]), _first(grids, outer)]
    answers += [_backward_answer(grids, derived[name]) for name in draws["by"]]
    printer = grids.printer
    fields = {
        "own_shape": setting.notation.layout == "numerator",
        "lines": [
            {"left": Tex(printer.name(name)), "right": Tex(grids.line(name))} for name in lines
        ],
        "notes": notes(graph, printer),
        "given": [
            {"name": Tex(printer.name(leaf.name)), "value": Tex(grid_latex(leaves[leaf.name]))}
            for leaf in graph.leaves
        ],
        "forward": [
            {"answer": name, "name": Tex(printer.name(name)), "scalar": is_scalar(shape)}
            for name in lines
            for shape in [graph.shapes[name]]
        ],
        "output": Tex(grids.gradient_symbol(graph.loss)),
        "upstream": Tex(number_latex(leaves[upstream].item())),
        "loss": Tex(printer.name(extended.loss)),
        "end": Tex(printer.name(graph.loss)),
        "outer": Tex(grids.gradient_symbol(outer)),
        "reads": [Tex(symbol) for symbol in grids.reads(derived[outer].step)],
        "first": Tex(grids.first_symbol(outer)),
        "backward": [
            {
                "answer": f"grad_{name}",
                "name": Tex(grids.gradient_symbol(name)),
                "scalar": is_scalar(graph.shapes[name]),
            }
            for name in draws["by"]
        ],
    }
    return Solution(fields, said_once(answers))


def _forward_answer(grids: Grids, graph: Graph, name: str) -> Solved:
    value = grids.values[name]
    leaves = {leaf.name: grids.values[leaf.name] for leaf in graph.leaves}
    return Solved(
        name=name,
        latex=Tex(grid_latex(value)),
        shape=graph.shapes[name],
        expr=to_text(grids.bound(name)),
        steps=grids.forward_steps(name),
        claim=Equation(graph, Quantity(name), cells=as_cells(value), leaves=leaves),
        write=_write,
    )


def _formula(grids: Grids, gradient: Gradient) -> Solved:
    expr = gradient.step
    equation = f"{grids.gradient_symbol(gradient.name)} = {grids.printer(expr)}"
    return Solved(
        name="formula",
        latex=Tex(grids.printer(expr)),
        shape=gradient.shape,
        expr=to_text(expr),
        steps=(Step(gradient.rules[0], Tex(equation), " ".join(gradient.why)),),
        claim=Equation(grids.graph, Quantity(grids.graph.loss, gradient.name), (expr,)),
        write=lambda claim: Tex(grids.printer(claim.rights[0])),
    )


def _first(grids: Grids, name: str) -> Solved:
    found = grids.gradient(name)
    return Solved(
        name="first",
        latex=Tex(number_latex(found[0, 0])),
        shape=SCALAR,
        expr=text(found[0, 0]),
        steps=(),
        claim=Equation(
            grids.graph,
            Quantity(grids.graph.loss, name),
            (Number(found[0, 0]),),
            index=(0, 0),
            leaves=grids.leaves,
        ),
        write=lambda claim: Tex(number_latex(claim.rights[0].value)),
    )


def _backward_answer(grids: Grids, gradient: Gradient) -> Solved:
    value = evaluate(gradient.step, grids.with_gradients(), exact=True)
    return Solved(
        name=f"grad_{gradient.name}",
        latex=Tex(grid_latex(value)),
        shape=gradient.shape,
        expr=to_text(gradient.step),
        steps=grids.backward_steps(gradient),
        claim=Equation(
            grids.graph,
            Quantity(grids.graph.loss, gradient.name),
            cells=as_cells(value),
            leaves=grids.leaves,
        ),
        write=_write,
    )


def _write(claim: Equation) -> Tex:
    return Tex(grid_latex(claim.value))


KIND = Kind(
    name="grid",
    summary="numeric forward and backward pass through grids, with pooling",
    options={"upstream": (list,), "by": (list,)},
    network_rules=(),
    number_rules=(
        "no_zero_inputs",
        "no_ties",
        "off_the_kink",
        "both_signs",
        "short_decimals",
        "no_zero_results",
        "no_zero_gradients",
    ),
    slips=(
        "mean_for_max",
        "max_for_mean",
        "no_activation",
        "no_slope_below",
        "leak_above",
        "matrix_product",
        "no_slope",
        "slope_on_the_wrong_side",
        "every_cell",
        "not_shared_out",
        "forgot_upstream",
    ),
    needs_loss=False,
    sample=sample,
    solve=solve,
    takes_numbers=True,
)
