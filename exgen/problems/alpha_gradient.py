"""A learned slope: the forward pass with the slope as a symbol, and the gradient by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.certify.equation import Equation, as_cells
from exgen.certify.quantity import Quantity
from exgen.derive.linear import linear_entries
from exgen.document import Step, Tex
from exgen.engine import Values, evaluate, forward, gradients
from exgen.errors import KindError
from exgen.graph import Call, Entry, Graph, Name, is_column, is_scalar
from exgen.language import to_text
from exgen.ops import uses
from exgen.problems import luck
from exgen.problems.base import Kind, Setting, Solution, Solved
from exgen.problems.cellwise import Grids, grid_latex, ruled
from exgen.problems.notes import notes
from exgen.problems.numbers import draw_numbers, exact_arrays, number_latex
from exgen.problems.steps import claimed
from exgen.problems.upstream import with_upstream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from exgen.derive.gradients import Gradient
    from exgen.ops.base import Op
    from exgen.seeds import Stream

WISHES = ("G", "G_V", "Q")
UPSTREAM = {"from": -4, "to": 4, "step": 0.5}
MOST_ENTRIES = 16
MAX_DECIMALS = 2
NEEDS = "alpha_gradient needs a line such as V = prelu(U, alpha) with alpha: param."


def _has_slope(op: Op) -> bool:
    """Whether an op is bent at 0, and its slope below 0 is its second argument."""
    return bool(op.traits.kink) and len(op.signature.args) > 1


def slope_of(graph: Graph) -> str:
    """Return the leaf that is the slope of the network's PReLU.

    Raises:
        KindError: there is none, or the output is too large for a grid.

    """
    for part in uses(graph, _has_slope):
        slope = part.args[1]
        leaf = graph.leaf(slope.name) if isinstance(slope, Name) else None
        if leaf is not None and leaf.role == "param":
            break
    else:
        raise KindError("the network has no slope that is learned", remedy=NEEDS)
    if graph.size_names:
        raise KindError(
            f"the size {graph.size_names[0]} has no value",
            remedy="alpha_gradient needs sizes as numbers.",
        )
    rows, columns = (dim.constant for dim in graph.shapes[graph.loss])
    if not 1 < rows * columns <= MOST_ENTRIES:
        raise KindError(
            f"'{graph.loss}' has {rows * columns} entries",
            remedy=f"alpha_gradient asks for a grid of 2 to {MOST_ENTRIES} entries; {NEEDS}",
        )
    return leaf.name


def sample(graph: Graph, options: Mapping[str, Any], stream: Stream) -> dict[str, Any]:
    """Draw the input and the upstream gradient; the slope itself gets a value for checks only."""
    slope = slope_of(graph)
    extended, upstream = with_upstream(graph, WISHES)
    ranges = {upstream: UPSTREAM, **options.get("values", {})}
    if "upstream" in options:
        ranges[upstream] = options["upstream"]

    drawn = luck.factors(extended, ranges)

    def draw(attempt: int) -> dict[str, Any]:
        numbers = draw_numbers(extended, ranges, stream.child("try", attempt))
        leaves = exact_arrays(numbers)
        values = forward(extended, leaves, exact=True)
        luck.require_rational(graph, values, "alpha_gradient")
        linear_entries(graph, leaves, slope)
        luck.require("no_zero_inputs", all(luck.nonzero(leaves[n]) for n in drawn), options)
        luck.require("off_the_kink", luck.off_the_kink(graph, values))
        luck.require("both_signs", luck.both_signs(graph, values), options)
        luck.require("several_terms", _has_several(graph, values, slope), options)
        found = gradients(extended, values, exact=True)[slope]
        # Where every entry has its own slope, those of positive entries have the gradient 0.
        each = found.size > 1 and found.shape == values[graph.loss].shape
        luck.require("no_zero_gradients", each or luck.nonzero(found), options)
        luck.require("short_decimals", luck.short_decimals([found], MAX_DECIMALS), options)
        return {"numbers": numbers}

    return luck.first_lucky(draw, ("values", "upstream"))


def _has_several(graph: Graph, values: Values, slope: str) -> bool:
    """Whether a shared slope collects at least two entries, so that they have to be summed."""
    if not is_scalar(graph.shapes[slope]):
        return True
    least = 2
    arguments = [
        evaluate(part.args[0], values, exact=True)
        for part in uses(graph, _has_slope)
        if part.args[1] == Name(slope)
    ]
    return len([entry for array in arguments for entry in array.flat if entry < 0]) >= least


def solve(setting: Setting, draws: Mapping[str, Any]) -> Solution:
    """Print the grid in the slope, and sum the masked products for its gradient."""
    graph = setting.graph
    slope = slope_of(graph)
    extended, upstream = with_upstream(graph, WISHES)
    leaves = exact_arrays(draws["numbers"])
    grids = Grids(setting.notation, extended, forward(extended, leaves, exact=True))
    printer = grids.printer
    cells = linear_entries(graph, leaves, slope)
    given = [leaf for leaf in graph.leaves if leaf.name != slope]
    shown = {name: array for name, array in leaves.items() if name not in (slope, upstream)}

    def write(claim: Equation) -> Tex:
        return Tex(ruled([[printer(cell) for cell in row] for row in claim.cells]))

    claim = Equation(graph, Quantity(graph.loss), cells=cells, leaves=shown)
    forward_answer = Solved(
        name=graph.loss,
        latex=write(claim),
        shape=graph.shapes[graph.loss],
        expr=to_text(grids.bound(graph.loss)),
        steps=(),
        claim=claim,
        write=write,
    )
    gradient = grids.derived[slope]
    value = evaluate(gradient.closed, grids.with_gradients(), exact=True)
    gradient_answer = Solved(
        name="gradient",
        latex=Tex(grid_latex(value)),
        shape=gradient.shape,
        expr=to_text(gradient.closed),
        steps=_steps(grids, gradient, value),
        claim=Equation(
            extended, Quantity(extended.loss, slope), cells=as_cells(value), leaves=leaves
        ),
        write=lambda claim: Tex(grid_latex(claim.value)),
    )
    shape = graph.shapes[slope]
    fields = {
        "own_shape": setting.notation.layout == "numerator",
        "lines": [
            {"left": Tex(printer.name(b.name)), "right": Tex(grids.line(b.name))}
            for b in graph.bindings
        ],
        # This kind says itself what each slope belongs to.
        "notes": [note for note in notes(graph, printer) if note["unless"] != "slopes"],
        "given": [
            {"name": Tex(printer.name(leaf.name)), "value": Tex(grid_latex(leaves[leaf.name]))}
            for leaf in given
        ],
        "slope": Tex(printer.name(slope)),
        "shared": "all" if is_scalar(shape) else "row" if is_column(shape) else "none",
        "output": Tex(printer.name(graph.loss)),
        "upstream": Tex(grids.gradient_symbol(graph.loss)),
        "upstream_value": Tex(grid_latex(leaves[upstream])),
        "loss": Tex(printer.name(extended.loss)),
        "by": Tex(grids.gradient_symbol(slope)),
    }
    return Solution(fields, (forward_answer, gradient_answer))


def _steps(grids: Grids, gradient: Gradient, value: NDArray[Any]) -> tuple[Step, ...]:
    """Return the rule, the masked products as a grid, and their sum over what shares the slope."""
    why = " ".join(gradient.why)
    symbol = grids.gradient_symbol(gradient.name)
    sides = (grids.graph.gradient(gradient.name), gradient.step)
    claims = claimed(grids.graph, sides)
    if not (isinstance(gradient.step, Call) and gradient.step.op == "sum"):
        equation = f"{symbol} = {grids.printer(gradient.step)}"
        return (Step(gradient.rules[0], Tex(equation), why, claims=claims),)
    masked = gradient.step.args[0]
    products = evaluate(masked, grids.with_gradients(), exact=True)
    equation = rf"{grids.printer(masked)} =\; {grid_latex(products)}"
    first = Step(gradient.rules[0], Tex(equation), why, claims=claims)
    rows = [products] if value.size == 1 else [products[n : n + 1] for n in range(len(products))]
    places = list(np.ndindex(value.shape))
    sums = [
        f"{_entry(grids, gradient.name, place)} &= {_sum(row)}"
        for place, row in zip(places, rows, strict=True)
    ]
    body = r" \\ ".join(sums)
    return first, Step("sum", Tex(rf"\begin{{aligned}} {body} \end{{aligned}}"), "")


def _entry(grids: Grids, name: str, place: tuple[int, ...]) -> str:
    if is_scalar(grids.graph.shapes[name]):
        return grids.gradient_symbol(name)
    return grids.printer(Entry(grids.graph.gradient(name), place[0], place[1]))


def _sum(row: NDArray[Any]) -> str:
    terms = [entry for entry in row.flat if entry != 0]
    text = number_latex(terms[0]) if terms else "0"
    for term in terms[1:]:
        text += f" {'-' if term < 0 else '+'} {number_latex(abs(term))}"
    return text if len(terms) < 2 else f"{text} = {number_latex(sum(terms))}"  # noqa: PLR2004


KIND = Kind(
    name="alpha_gradient",
    summary="PReLU with its slope as a symbol, and the gradient by a shared slope",
    options={"values": (dict,), "upstream": (dict, list)},
    network_rules=(),
    number_rules=(
        "no_zero_inputs",
        "off_the_kink",
        "both_signs",
        "several_terms",
        "no_zero_gradients",
        "short_decimals",
    ),
    slips=(
        "no_slope_below",
        "leak_above",
        "either_sign",
        "slope_on_the_wrong_side",
        "forgot_upstream",
    ),
    needs_loss=False,
    sample=sample,
    solve=solve,
)
