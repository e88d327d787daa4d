"""Gradients by a vector whose entries are reused or sorted: by cases, and in a known order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.asks.scene import Answered, Scene
from exgen.certify.equation import Equation
from exgen.certify.quantity import Quantity
from exgen.derive.cases import entry_by_cases, reused
from exgen.derive.gradients import derive_gradients
from exgen.document import Step, Tex
from exgen.engine import evaluate
from exgen.errors import KindError
from exgen.graph import Call, Dim, Entry, Expr, Graph, Name, is_column, is_scalar
from exgen.language import to_text
from exgen.ops import uses
from exgen.ops.order import PERMUTATION, SORT
from exgen.problems import luck
from exgen.problems.base import Solved
from exgen.problems.upstream import with_upstream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.asks.pieces import Phrase
    from exgen.engine import Values

AT_ITSELF = "The unit vector is 1 at this position, so every term of the gradient counts."
AT_OTHERS = "The unit vector is 0 at every other position, so its term drops out."
MOVED = "The transposed permutation moves an entry of the upstream gradient back."
BACK = (
    "Each entry of ${}$ belongs to the entry of ${}$ at the same position. "
    "It goes back to the position in ${}$ from which that entry came."
)
RULES = (
    "distinct_entries",
    "distinct_upstream",
    "order_matters",
    "no_zero_inputs",
    "live_paths",
    "no_zero_gradients",
)
"""What the numbers must show beside a question about single entries."""

SLIPS = (
    "dropped_path",
    "own_position",
    "forgot_transpose",
    "put_in_order_again",
    "sorted_the_other_way",
    "forgot_factor",
)
"""The usual mistakes, the likeliest first."""
ORDERS = ([1, 2, 0], [2, 0, 1])
"""The orders of three in which sorting is not its own inverse."""
NEEDS = "vector_gradient needs a vector x: input[n] and a line such as F = x[0] * sort(x)."


def vector_case(graph: Graph) -> dict[str, Any]:
    """Return the names and what is reused and sorted of a function from a vector to a vector.

    Raises:
        KindError: the network is none, or its gradient has no entries that can be written down.

    """
    inputs = [leaf.name for leaf in graph.leaves if leaf.role == "input"]
    if len(inputs) != 1 or len(graph.leaves) != 1:
        raise KindError("the network does not read one vector alone", remedy=NEEDS)
    (by,) = inputs
    for name in (by, graph.loss):
        if not is_column(graph.shapes[name]) or is_scalar(graph.shapes[name]):
            raise KindError(f"'{name}' is not a vector", remedy=NEEDS)
    extended, upstream = with_upstream(graph)
    closed = derive_gradients(extended)[by].closed
    entry_by_cases(closed, extended.shapes, "i", "i")
    found = {
        "by": by,
        "output": graph.loss,
        "loss": extended.loss,
        "upstream": upstream,
        "own": list(reused(closed)),
        "sorts": sorting(graph) is not None,
        "factor": "",
    }
    match graph.expr(graph.loss):
        case Call("mul", (Call("item") as factor, Call(SORT.name, (inner,)) as call)):
            other = Call(SORT.name, (factor * inner,), call.options)
            found |= {"factor": to_text(factor), "other": to_text(other)}
    return found


def sorting(graph: Graph) -> Call | None:
    """Return the first sort of a network."""
    return next(uses(graph, lambda op: "descending" in op.options), None)


def _descending(call: Call | None) -> bool:
    return call is not None and call.option("descending") == 1


def is_by_cases(ask: Phrase, graph: Graph) -> bool:
    """Whether an ask is for an entry that is not as all others are, or of what was sorted."""
    if ask.sort != "gradient" or len(ask["entry"][1]) != 1:
        return False
    by, (index,) = ask["entry"]
    if not is_column(graph.shapes[by]):
        return False
    if index.isdecimal() or sorting(graph) is not None:
        return True
    return bool(reused(derive_gradients(graph)[by].closed))


def entry(ask: Phrase, scene: Scene) -> Answered:
    """Return one entry of a gradient: at a position, or at every one without a case of its own."""
    by, (index,) = ask["entry"]
    graph, printer = scene.graph, scene.printer
    closed, call = derive_gradients(graph)[by].closed, sorting(graph)
    position = int(index) if index.isdecimal() else None
    base, own = printer.notation.index_base, reused(closed)
    label = index if position is None else str(position + base)
    try:
        at = index if position is None else position
        expr = entry_by_cases(closed, graph.shapes, at, label)
    except KindError as error:
        raise scene.error(error.message, ask.spans["entry"], error.remedy) from None
    why = MOVED if call is not None else ""
    if own:
        why = AT_OTHERS if position not in own else AT_ITSELF
    symbol = printer.partial(by, label)
    solved = Solved(
        name=ask.name,
        latex=Tex(printer(expr)),
        shape=None,
        expr=to_text(expr),
        steps=(Step("cases", Tex(rf"{symbol} = \exanswer{{{printer(expr)}}}"), why),),
        claim=Equation(
            graph,
            Quantity(graph.loss, by),
            (expr,),
            (index if position is None else position, 0),
            different=tuple((index, n) for n in own if position is None),
        ),
        write=lambda claim: Tex(printer(claim.rights[0])),
    )
    asked = Tex(rf"$\displaystyle {symbol}$")
    apart = [Tex(rf"${index} \neq {n + base}$") for n in own]
    if position is not None or not apart:
        return Answered(asked, (solved,), "worked")
    return Answered({"show": "where", "symbol": asked, "where": apart}, (solved,), "worked")


def in_order(ask: Phrase, scene: Scene) -> Answered:
    """Return a gradient where the order is known: the upstream entries, moved back."""
    by, (order, span) = ask["entry"][0], (ask.clauses["sorted"], ask.spans["sorted"])
    positions = [int(position) for position in order]
    if sorted(order) != list(range(len(order))):
        raise scene.error("this is no order of positions from 0", span, "Such as 1, 2, 0.")
    call, output = sorting(scene.graph), scene.upstream
    if call is None or call.args != (Name(by),) or output is None:
        remedy = "It needs a line such as F = sort(x), and {show upstream g of L}."
        raise scene.error(f"'{by}' is not sorted", span, remedy)
    size = scene.graph.shapes[by][0]
    if size.is_number and size != Dim(len(order)):
        said = f"'{by}' has {size} entries, and this is an order of {len(order)}"
        raise scene.error(said, span, f"Leave the size as a name, such as {by}: input[N].")
    graph = scene.graph.with_sizes(dict.fromkeys(scene.graph.size_names, len(order)))
    upstream = Name(output)
    entries = tuple(Entry(upstream, (positions.index(n), 0)) for n in range(len(positions)))
    printer, rows = scene.printer, r" \\ "

    def column(parts: tuple[Expr, ...]) -> str:
        return rf"\begin{{bmatrix}} {rows.join(map(printer, parts))} \end{{bmatrix}}"

    ascending = tuple(reversed(positions)) if _descending(call) else tuple(positions)
    claim = Equation(
        graph,
        Quantity(graph.loss, by),
        cells=tuple((entry,) for entry in entries),
        order=ascending,
    )
    symbol = printer.derivative(graph.loss, by)
    if scene.setting.notation.layout == "numerator":
        symbol = printer.transpose_of(symbol)
    equation = Tex(rf"{symbol} = \exanswer{{{column(entries)}}}")
    why = BACK.format(printer.name(output), printer(call), printer.name(by))
    solved = Solved(
        name=ask.name,
        latex=Tex(column(entries)),
        shape=(Dim(len(order)), Dim(1)),
        expr=", ".join(map(to_text, entries)),
        steps=(Step("order", equation, Tex(why)),),
        claim=claim,
        write=lambda claim: Tex(column(tuple(cell for (cell,) in claim.cells))),
    )
    known = column(tuple(Entry(Name(by), (n, 0)) for n in positions))
    prints = {
        "show": "ordered",
        "symbol": Tex(rf"$\displaystyle {symbol}$"),
        "order": Tex(f"${printer(call)} = {known}$"),
    }
    return Answered(prints, (solved,), "worked")


def show(phrase: Phrase, scene: Scene) -> dict[str, Any]:
    """Show what an answer by cases may be written with."""
    by, printer = scene.name(phrase), scene.printer
    fields: dict[str, Any] = {
        "show": "cases",
        "by": Tex(printer.name(by)),
        "unit": bool(reused(derive_gradients(scene.graph)[by].closed)),
        "e": Tex(r"\mathbf{e}_{i}" if printer.notation.bold else "e_{i}"),
        "sorts": False,
    }
    call = sorting(scene.graph)
    if call is None:
        return fields
    return {
        **fields,
        "sorts": True,
        "descending": _descending(call),
        "matrix": Tex(printer(Call(PERMUTATION.name, call.args, call.options))),
        "sorted": Tex(printer(call)),
        "sorted_by": Tex(printer(call.args[0])),
    }


def paths(expr: Expr) -> tuple[Expr, ...]:
    """Return the terms of a gradient: one for each path to the variable."""
    match expr:
        case Call("add", (left, right)):
            return (*paths(left), *paths(right))
    return (expr,)


def require_telling(
    graph: Graph, by: str, upstream: str | None, values: Values, options: Mapping[str, Any]
) -> None:
    """Turn numbers down at which a mistake with single entries would not show.

    Args:
        graph: the network, its sizes numbers.
        by: the vector by whose entries it is differentiated.
        upstream: the leaf that is the upstream gradient.
        values: a forward pass, in exact fractions.
        options: of the problem; ``first`` says which sign the first entry has.

    """
    entries = list(values[by].flat)
    closed = derive_gradients(graph)[by].closed
    luck.require("distinct_entries", len(set(entries)) == len(entries), options)
    luck.require("first_sign", _sign_holds(entries[0], options))
    call = sorting(graph)
    if call is not None:
        arriving = list(values[upstream].flat) if upstream else []
        luck.require("distinct_upstream", len(set(arriving)) == len(arriving), options)
        order = luck.order_of(entries)[:: -1 if _descending(call) else 1]
        is_own_inverse = [order.index(n) for n in range(len(order))] == order
        luck.require("order_matters", not is_own_inverse, options)
    drawn = luck.factors(graph, options.get("numbers", {}))
    luck.require("no_zero_inputs", all(luck.nonzero(values[name]) for name in drawn), options)
    # a path that brings nothing could be forgotten without a trace
    each = [evaluate(path, values, exact=True) for path in paths(closed)]
    luck.require("live_paths", all(path.any() for path in each), options)
    luck.require("no_zero_gradients", luck.nonzero(sum(each[1:], each[0])), options)


def _sign_holds(first: Any, options: Mapping[str, Any]) -> bool:  # noqa: ANN401 - a fraction
    wanted = options.get("first", "any")
    if wanted not in ("any", "negative", "positive"):
        raise KindError("'first' is 'any', 'negative' or 'positive'")
    return bool(wanted == "any" or (first < 0) == (wanted == "negative"))
