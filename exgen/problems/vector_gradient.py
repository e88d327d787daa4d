"""Gradients by a vector whose entries are reused or sorted, from a given upstream gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.certify.acceptance import added
from exgen.certify.equation import Equation, as_cells
from exgen.certify.quantity import Quantity
from exgen.derive.cases import Cases, reused
from exgen.derive.gradients import Gradient, derive_gradients, with_gradient_shapes
from exgen.derive.latex import Printer
from exgen.document import Step, Tex
from exgen.engine import evaluate, forward
from exgen.errors import KindError
from exgen.graph import Call, Dim, Entry, Expr, Graph, Name, is_column, is_scalar
from exgen.language import to_text
from exgen.ops import uses
from exgen.ops.order import PERMUTATION, SORT
from exgen.problems import luck
from exgen.problems.base import Kind, Setting, Solution, Solved, forward_fields
from exgen.problems.numbers import array_latex, draw_numbers, exact_arrays
from exgen.problems.upstream import with_upstream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.engine import Values
    from exgen.seeds import Stream

LETTER = "i"
SIZES = (3, 4)
EXAMPLE = 3
MAX_DECIMALS = 2
WISHES = ("g", "q")
NEEDS = "vector_gradient needs a vector x: input[n] and a line such as F = x[0] * sort(x)."


AT_ITSELF = "The unit vector is 1 at this position, so every term of the gradient counts."
AT_OTHERS = "The unit vector is 0 at every other position, so its term drops out."
MOVED = "The transposed permutation moves an entry of the upstream gradient back."


def variable(graph: Graph) -> str:
    """Return the vector by which to differentiate.

    Raises:
        KindError: the network is not a function from one vector to a vector.

    """
    inputs = [leaf for leaf in graph.leaves if leaf.role == "input"]
    if len(inputs) != 1 or len(graph.leaves) != 1:
        raise KindError("the network does not read one vector alone", remedy=NEEDS)
    for name in (inputs[0].name, graph.loss):
        if not is_column(graph.shapes[name]) or is_scalar(graph.shapes[name]):
            raise KindError(f"'{name}' is not a vector", remedy=NEEDS)
    return inputs[0].name


def _sorting(graph: Graph) -> Call | None:
    return next(uses(graph, lambda op: "descending" in op.options), None)


def _derived(graph: Graph) -> tuple[Graph, str, Gradient]:
    by = variable(graph)
    extended, upstream = with_upstream(graph, WISHES)
    return extended, upstream, derive_gradients(extended)[by]


def _numbered(graph: Graph, size: int) -> Graph:
    return graph.with_sizes(dict.fromkeys(graph.size_names, size))


def sample(graph: Graph, options: Mapping[str, Any], stream: Stream) -> dict[str, Any]:
    """Draw the numbers of the example, and an order where the network sorts."""
    extended, upstream, gradient = _derived(graph)
    by = gradient.name
    if _sorting(graph) is not None and not graph.size_names:
        raise KindError(
            f"the size of '{by}' has a value, and the order that is asked about has its own",
            remedy=f"Leave it as a name, such as {by}: input[N].",
        )
    own = reused(gradient.closed)
    Cases(extended.shapes, LETTER, LETTER).entry(gradient.closed)
    least = max((*own, 1)) + 2
    sizes = [size for size in (*SIZES, least) if size >= least]
    values = options.get("values", {})

    def draw(attempt: int) -> dict[str, Any]:
        tried = stream.child("try", attempt)
        size = options.get("size") or tried.child("size").choose(sizes)
        fixed = _numbered(extended, int(size))
        numbers = draw_numbers(fixed, values, tried)
        leaves = exact_arrays(numbers)
        entries = list(leaves[by].flat)
        luck.require("distinct_entries", len(set(entries)) == len(entries), options)
        luck.require("first_sign", _sign_holds(leaves, by, options))
        if _sorting(graph) is not None:
            arriving = list(leaves[upstream].flat)
            luck.require("distinct_upstream", len(set(arriving)) == len(arriving), options)
            moved = not _is_own_inverse(luck.order_of(entries))
            luck.require("order_matters", moved, options)
        drawn = luck.factors(fixed, values)
        luck.require("no_zero_inputs", all(luck.nonzero(leaves[n]) for n in drawn), options)
        passed = forward(fixed, leaves, exact=True)
        luck.require_rational(fixed, passed, "vector_gradient")
        closed = derive_gradients(fixed)[by].closed
        found = evaluate(closed, passed, exact=True)
        # a path that brings nothing could be forgotten without a trace
        paths = (evaluate(path, passed, exact=True) for path in _paths(closed))
        luck.require("live_paths", all(path.any() for path in paths), options)
        luck.require("no_ties", luck.no_ties(fixed, passed))
        luck.require("no_zero_gradients", luck.nonzero(found), options)
        luck.require("short_decimals", luck.short_decimals([found], MAX_DECIMALS), options)
        return {"numbers": numbers, "size": int(size)}

    draws = luck.first_lucky(draw, ("values", "size"))
    if _sorting(graph) is not None and not own:
        order = _order(options, stream.child("order"))
        draws["order"] = order["order"]
        draws["tries"] += order["tries"] - 1
        draws["rejected"] = added(draws["rejected"], order["rejected"])
    return draws


def _paths(closed: Expr) -> tuple[Expr, ...]:
    """Return the terms of a gradient: one for each path to the variable."""
    match closed:
        case Call("add", (left, right)):
            return (*_paths(left), *_paths(right))
    return (closed,)


def _is_own_inverse(order: list[int]) -> bool:
    """Whether sorting and unsorting are the same here, so that a slip would not show."""
    return [order.index(n) for n in range(len(order))] == order


def _sign_holds(leaves: Values, by: str, options: Mapping[str, Any]) -> bool:
    """Whether the first entry has the sign that the bank asks for."""
    wanted = options.get("first", "any")
    if wanted not in ("any", "negative", "positive"):
        raise KindError("'first' is 'any', 'negative' or 'positive'")
    is_negative = bool(leaves[by][0, 0] < 0)
    return bool(wanted == "any" or is_negative == (wanted == "negative"))


def _order(options: Mapping[str, Any], stream: Stream) -> dict[str, Any]:
    """Return an order in which something moves and that is not its own inverse."""
    if "order" in options:
        order = [int(position) for position in options["order"]]
        if sorted(order) != list(range(len(order))):
            raise KindError(f"{order} is no order of positions from 0", remedy="Such as [1, 2, 0].")
        return {"order": order, "tries": 1, "rejected": {}}

    def draw(_attempt: int) -> dict[str, Any]:
        order = list(stream.shuffle(range(EXAMPLE)))
        luck.require("order_matters", not _is_own_inverse(order), options)
        return {"order": order}

    return luck.first_lucky(draw, ("order",))


def solve(setting: Setting, draws: Mapping[str, Any]) -> Solution:
    """Derive the gradient as a vector and by cases, then put numbers in."""
    graph, notation = setting.graph, setting.notation
    extended, upstream, gradient = _derived(graph)
    printer = Printer(notation, with_gradient_shapes(extended), extended.loss)
    by, own = gradient.name, reused(gradient.closed)
    symbol = _symbol(setting, printer, by)
    sorting = _sorting(graph)
    answers = [
        Solved(
            name="vector",
            latex=Tex(printer(gradient.closed)),
            shape=gradient.shape,
            expr=to_text(gradient.closed),
            steps=(
                Step(
                    gradient.rules[0],
                    Tex(f"{symbol} = {printer(gradient.closed)}"),
                    " ".join(gradient.why),
                ),
            ),
            claim=Equation(extended, Quantity(extended.loss, by), (gradient.closed,)),
            write=lambda claim: Tex(printer(claim.rights[0])),
        )
    ]
    cases: list[dict[str, Any]] = []
    for position in (*own, None):
        answers.append(_case(extended, printer, gradient, position))
        index = LETTER if position is None else str(position + notation.index_base)
        cases.append(
            {
                "answer": answers[-1].name,
                "symbol": Tex(printer.partial(by, index)),
                "apart": [Tex(str(n + notation.index_base)) for n in own],
                "every": position is None,
            }
        )
    fields: dict[str, Any] = {
        **forward_fields(setting),
        "by": Tex(printer.name(by)),
        "output": Tex(printer.name(graph.loss)),
        "loss": Tex(printer.name(extended.loss)),
        "upstream": Tex(printer.name(upstream)),
        "upstream_symbol": Tex(_inline(setting, printer, graph.loss)),
        "symbol": Tex(symbol),
        "unit": Tex(r"\mathbf{e}_{i}" if notation.bold else "e_{i}"),
        "cases": cases,
        "sorts": sorting is not None,
        "descending": sorting is not None and sorting.option("descending") == 1,
        "permutation": Tex(printer(call_permutation(sorting)) if sorting else ""),
        "sorted": Tex(printer(sorting) if sorting else ""),
        "sorted_by": Tex(printer(sorting.args[0]) if sorting else ""),
        "order": [],
    }
    if "order" in draws:
        answer, shown = _example(printer, extended, upstream, gradient, draws["order"])
        answers.append(answer)
        fields["order"] = shown
    numeric, shown_numbers = _numeric(printer, graph, gradient, draws, symbol)
    answers += numeric
    return Solution({**fields, **shown_numbers}, tuple(answers))


def call_permutation(sorting: Call) -> Call:
    """Return the permutation matrix that sorts as a sort does."""
    return Call(PERMUTATION.name, sorting.args, sorting.options)


def _symbol(setting: Setting, printer: Printer, by: str) -> str:
    """Return the gradient's symbol; in numerator layout it is a row, and transposed a column."""
    symbol = printer.derivative(printer.loss, by)
    return printer.transpose_of(symbol) if setting.notation.layout == "numerator" else symbol


def _inline(setting: Setting, printer: Printer, by: str) -> str:
    """Return the gradient's symbol for running text, where a fraction would part the lines."""
    notation = setting.notation
    if notation.gradient == "nabla":
        return _symbol(setting, printer, by)
    sign = r"\mathrm{d}" if notation.gradient == "d" else r"\partial "
    flat = f"{sign}{printer.name(printer.loss)} / {sign}{printer.name(by)}"
    return printer.transpose_of(flat) if notation.layout == "numerator" else flat


def _case(extended: Graph, printer: Printer, gradient: Gradient, position: int | None) -> Solved:
    """Return one entry of the gradient: at a position that is reused, or at any other."""
    base = printer.notation.index_base
    label = LETTER if position is None else str(position + base)
    index = LETTER if position is None else position
    entry = Cases(extended.shapes, index, label).entry(gradient.closed)
    sorting = _sorting(extended)
    left = printer.partial(gradient.name, label)
    why = MOVED if sorting is not None else ""
    if reused(gradient.closed):
        why = AT_OTHERS if position is None else AT_ITSELF
    return Solved(
        name="others" if position is None else f"entry{position}",
        latex=Tex(printer(entry)),
        shape=None,
        expr=to_text(entry),
        steps=(Step("cases", Tex(f"{left} = {printer(entry)}"), why),),
        claim=Equation(
            extended,
            Quantity(extended.loss, gradient.name),
            (entry,),
            (index, 0),
            different=tuple((LETTER, n) for n in reused(gradient.closed) if position is None),
        ),
        write=lambda claim: Tex(printer(claim.rights[0])),
    )


def _example(
    printer: Printer, extended: Graph, upstream: str, gradient: Gradient, order: list[int]
) -> tuple[Solved, list[Tex]]:
    """Return the gradient where the order is known: the upstream entries, moved back."""
    sorting = _sorting(extended)
    descending = sorting is not None and sorting.option("descending") == 1
    fixed = _numbered(extended, len(order))
    entries = tuple(_at_rank(upstream, order, n) for n in range(len(order)))
    ascending = tuple(reversed(order)) if descending else tuple(order)

    def write(claim: Equation) -> Tex:
        column = r" \\ ".join(printer(cell) for (cell,) in claim.cells)
        return Tex(rf"\begin{{bmatrix}} {column} \end{{bmatrix}}")

    claim = Equation(
        fixed,
        Quantity(fixed.loss, gradient.name),
        cells=tuple((entry,) for entry in entries),
        order=ascending,
    )
    answer = Solved(
        name="example",
        latex=write(claim),
        shape=(Dim(len(order)), Dim(1)),
        expr=", ".join(map(to_text, entries)),
        steps=(),
        claim=claim,
        write=write,
    )
    return answer, [Tex(printer(Entry(Name(gradient.name), n, 0))) for n in order]


def _at_rank(upstream: str, order: list[int], position: int) -> Expr:
    return Entry(Name(upstream), order.index(position), 0)


def _numeric(
    printer: Printer, graph: Graph, gradient: Gradient, draws: Mapping[str, Any], symbol: str
) -> tuple[list[Solved], dict[str, Any]]:
    """Return the value of the line and of the gradient at the drawn numbers."""
    by, size = gradient.name, int(draws["size"])
    plain = _numbered(graph, size)
    fixed, upstream = with_upstream(plain, WISHES)
    leaves = exact_arrays(draws["numbers"])
    values = forward(fixed, leaves, exact=True)
    closed = derive_gradients(fixed)[by].closed
    found = evaluate(closed, values, exact=True)
    inputs = {name: array for name, array in leaves.items() if name != upstream}
    shape = fixed.shapes[by]
    answers = [
        Solved(
            name="output",
            latex=Tex(array_latex(values[graph.loss])),
            shape=plain.shapes[graph.loss],
            expr=to_text(plain.expr(graph.loss) or Name(graph.loss)),
            steps=(),
            claim=Equation(
                plain, Quantity(graph.loss), cells=as_cells(values[graph.loss]), leaves=inputs
            ),
            write=lambda claim: Tex(f"{printer.name(graph.loss)} = {array_latex(claim.value)}"),
        ),
        Solved(
            name="value",
            latex=Tex(array_latex(found)),
            shape=shape,
            expr=to_text(closed),
            steps=(Step("numbers", Tex(f"{symbol} = {array_latex(found)}"), ""),),
            claim=Equation(fixed, Quantity(fixed.loss, by), cells=as_cells(found), leaves=leaves),
            write=lambda claim: Tex(f"{symbol} = {array_latex(claim.value)}"),
        ),
    ]
    numbers = [
        {"name": Tex(printer.name(name)), "value": Tex(array_latex(leaves[name]))}
        for name in (by, upstream)
    ]
    paths = [Tex(array_latex(evaluate(path, values, exact=True))) for path in _paths(closed)]
    swapped = _swapped(printer, graph, values)
    return answers, {"numbers": numbers, "paths": paths, "swapped": swapped}


def _swapped(printer: Printer, graph: Graph, values: Values) -> dict[str, Any]:
    """Return the line with the factor multiplied in before sorting, and the factor's sign."""
    match graph.expr(graph.loss):
        case Call("mul", (Call("item") as factor, Call(SORT.name, (inner,)) as sorting)):
            other = Call(SORT.name, (factor * inner,), sorting.options)
        case _:
            return {}
    return {
        "expr": Tex(printer(other)),
        "factor": Tex(printer(factor)),
        "negative": bool(evaluate(factor, values, exact=True).item() < 0),
    }


KIND = Kind(
    name="vector_gradient",
    summary="the gradient by a vector whose entries are reused or sorted",
    options={
        "values": (dict,),
        "size": (int,),
        "order": (list,),
        "first": (str,),
    },
    network_rules=(),
    number_rules=(
        "distinct_entries",
        "first_sign",
        "distinct_upstream",
        "order_matters",
        "no_zero_inputs",
        "live_paths",
        "no_ties",
        "no_zero_gradients",
        "short_decimals",
    ),
    slips=(
        "dropped_path",
        "own_position",
        "forgot_transpose",
        "put_in_order_again",
        "sorted_the_other_way",
        "forgot_factor",
    ),
    needs_loss=False,
    sample=sample,
    solve=solve,
)
