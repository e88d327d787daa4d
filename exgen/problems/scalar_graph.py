"""Scalar graphs: derivatives of one quantity by another, in symbols and at drawn numbers."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from exgen.certify.equation import Equation
from exgen.certify.hand import Gate, gates, rounded, work
from exgen.certify.quantity import Quantity
from exgen.certify.sides import Rounding
from exgen.derive.elementary import Circuit, has_letter, split
from exgen.derive.gradients import derive_gradients
from exgen.derive.jacobian import slope_at_zero
from exgen.derive.latex import Printer
from exgen.derive.worked import chained, functions_on
from exgen.document import Step, Tex
from exgen.errors import KindError, nearest
from exgen.figures.circuit import circuit_figure
from exgen.graph import (
    SCALAR,
    Binding,
    Call,
    Derivative,
    Graph,
    Leaf,
    Name,
    is_scalar,
    names_in,
    substitute,
    walk,
)
from exgen.language import to_text
from exgen.ops import traits_of
from exgen.problems.base import Kind, Setting, Solution, Solved, forward_fields
from exgen.problems.circuit import between, decimal_of, printed_number, upstream_choices
from exgen.problems.luck import factors, first_lucky, require
from exgen.problems.numbers import draw_numbers, text
from exgen.problems.rounding import (
    RULES,
    TRIES,
    carried,
    decimals,
    on_a_wire,
    require_safe,
    require_sized,
    wire_text,
    worked_exactly,
)
from exgen.problems.steps import scalar_reasons, scalar_step, slope_reasons
from exgen.problems.upstream import part_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.derive.notation import Notation
    from exgen.derive.worked import Chained
    from exgen.graph import Expr
    from exgen.seeds import Stream

GIVEN = "given_"
"""The leaf that stands for the upstream gradient."""


def upstream_name(graph: Graph) -> str:
    """Return a name for the loss that lies beyond the network."""
    return next(name for name in ("L", "J", "C", "Loss") if name not in graph.names)


def with_given(graph: Graph, upstream: str) -> Graph:
    """Return a network that goes on from its last line to a loss with a given slope."""
    leaf = Leaf(GIVEN, "const", SCALAR, 0)
    total = Binding(upstream, Name(GIVEN) * Name(graph.loss))
    shapes = {**graph.shapes, GIVEN: SCALAR, upstream: SCALAR}
    return Graph((*graph.leaves, leaf), (*graph.bindings, total), shapes, upstream)


def usual_asks(graph: Graph, *, upstream: str | None) -> list[list[str]]:
    """Return each line by what it reads, the last line by the rest, the loss by the leaves."""
    found: list[list[str]] = []
    for binding in reversed(graph.bindings):
        read = names_in(binding.expr)
        direct = [name for name in graph.names if name in read and _once(graph, binding.name, name)]
        found += [[binding.name, name] for name in direct]
    last = graph.loss
    reached = part_of(graph, last)
    rest = [leaf.name for leaf in reached.leaves if [last, leaf.name] not in found]
    found += [[last, name] for name in rest]
    if upstream is not None:
        found += [[upstream, leaf.name] for leaf in reached.leaves]
    return found


def leaf_asks(graph: Graph) -> list[list[str]]:
    """Return the last line by each leaf."""
    return [[graph.loss, leaf.name] for leaf in part_of(graph, graph.loss).leaves]


def loss_asks(graph: Graph) -> list[list[str]]:
    """Return the last line by itself, by every other line, and by every leaf but the targets."""
    leaves = [leaf.name for leaf in graph.leaves if leaf.role not in ("target", "onehot")]
    lines = [binding.name for binding in reversed(graph.bindings)]
    return [
        [graph.loss, name] for name in (*lines, *leaves) if name in part_of(graph, graph.loss).names
    ]


def _once(graph: Graph, of: str, by: str) -> bool:
    """Whether a line reads a name directly and reaches it in no other way."""
    expr = graph.expr(of)
    others = names_in(expr) - {by} if expr else frozenset()
    return not any(by in part_of(graph, other).names for other in others if graph.expr(other))


def sample(graph: Graph, options: Mapping[str, Any], stream: Stream) -> dict[str, Any]:
    """Draw the numbers, until every value asked for is a short one that is not 0."""
    for name, shape in graph.shapes.items():
        if not is_scalar(shape):
            raise KindError(
                f"scalar_graph asks about scalars, and '{name}' is none",
                remedy="Use a network whose leaves are declared without sizes.",
            )
    upstream = upstream_name(graph) if "upstream" in options else None
    asks = _checked(graph, options["ask"], upstream) if "ask" in options else None
    if options.get("loss"):
        asks = loss_asks(graph)
    elif options.get("leaves"):
        asks = leaf_asks(graph)
    asks = asks or usual_asks(graph, upstream=upstream)
    draws: dict[str, Any] = {"ask": asks, "figure": bool(options.get("figure", False))}
    if "numbers" not in options:
        if upstream is not None or draws["figure"]:
            raise KindError("'upstream' and 'figure' need 'numbers' to go with them")
        return draws
    digits = int(options.get("digits", 2))
    choices = upstream_choices(options.get("upstream", 1))
    parts = {of: _gates(graph, of, upstream) for of in dict.fromkeys(of for of, _ in asks)}
    wanted = {of: [b for o, b in asks if o == of] for of in parts}
    drawn = factors(graph, options["numbers"])

    def draw(attempt: int) -> dict[str, Any]:
        own = stream.child(attempt)
        numbers = draw_numbers(graph, options["numbers"], own)
        given = own.child("upstream").choose(choices)
        leaves, carry = decimals(numbers), carried(digits, attempt)
        require("no_zero_inputs", all(leaves[name] for name in drawn), options)
        for of, part in parts.items():
            slope = decimal_of(given) if of == upstream else Decimal(1)
            _require_workable(part, leaves, slope, wanted[of], digits, carry, options)
        chosen = {"numbers": numbers, "digits": digits, "carry": carry}
        return draws | chosen | ({} if upstream is None else {"upstream": text(given)})

    return first_lucky(draw, ("numbers", "digits"), TRIES)


def _checked(graph: Graph, asks: object, upstream: str | None) -> list[list[str]]:
    legal = (*graph.names, *([upstream] if upstream else []))
    found: list[list[str]] = []
    for pair in asks if isinstance(asks, list) else []:
        if not (isinstance(pair, list) and len(pair) == 2):  # noqa: PLR2004 - of, by
            raise KindError("each entry of 'ask' is a pair [function, variable]")
        of, by = map(str, pair)
        for name in (of, by):
            if name not in legal:
                raise KindError(f"there is no '{name}' to ask about", remedy=nearest(name, legal))
        inner = graph.names if of == upstream else part_of(graph, of).names
        if by not in inner:
            raise KindError(
                f"'{of}' does not depend on '{by}'", remedy="Its derivative would be 0."
            )
        found.append([of, by])
    return found


def _circuit(graph: Graph, of: str, upstream: str | None) -> Circuit:
    return split(part_of(graph, graph.loss if of == upstream else of))


def _gates(graph: Graph, of: str, upstream: str | None) -> tuple[Gate, ...]:
    return gates(_circuit(graph, of, upstream).graph) if graph.expr(of) or of == upstream else ()


def is_rational(every: tuple[Gate, ...]) -> bool:
    """Whether every gate computes with fractions, so that its numbers can be exact."""
    return all(traits_of(gate.expr).exact for gate in every)


def _require_workable(
    every: tuple[Gate, ...],
    leaves: Mapping[str, Decimal],
    upstream: Decimal,
    wanted: list[str],
    digits: int,
    carry: int,
    options: Mapping[str, Any],
) -> None:
    """Turn a draw down where a value or a slope asked for is hard to print, or changed on the way.

    Where every gate computes with fractions, the values have to be exact.
    """
    exactly = worked_exactly(every, leaves, upstream, digits, options)
    require_sized(exactly.values.values(), digits, options)
    if is_rational(every):
        short = all(rounded(value, digits) == value for value in exactly.values.values())
        require("short_decimals", short, options)
    require_sized((exactly.gradients[name] for name in wanted), digits, options)
    printed = {(name, True): rounded(exactly.gradients[name], digits) for name in wanted}
    require_safe(every, leaves, upstream, carry, printed, digits)


def scalar_notation(notation: Notation) -> Notation:
    """Return a notation for scalars: a derivative is a quotient, not a nabla."""
    return replace(notation, gradient="partial") if notation.gradient == "nabla" else notation


def solve(setting: Setting, draws: Mapping[str, Any]) -> Solution:
    """Derive each quantity in symbols, and evaluate it at the numbers."""
    graph = setting.graph
    notation = scalar_notation(setting.notation)
    upstream = upstream_name(graph) if "upstream" in draws else None
    asks: list[dict[str, Any]] = []
    answers: list[Solved] = []
    exact = True
    # A reason is said once in a problem.
    said: set[str] = set()
    for of, by in draws["ask"]:
        value, short = _value(graph, draws, of, by, upstream)
        exact = exact and short
        symbolic, derivative, reasons = _symbolic(graph, notation, of, by, upstream, value)
        answers.append(symbolic)
        new = [reason for reason in reasons if reason not in said]
        said |= set(new)
        item = {
            "answer": symbolic.name,
            "derivative": Tex(derivative),
            "value": "",
            "why": Tex(" ".join(new)),
        }
        if value is not None:
            answers.append(value)
            item["value"] = value.name
        asks.append(item)
    fields = {
        **forward_fields(setting),
        "asks": asks,
        "exact": exact,
        "several": _several(graph, draws["ask"]),
        "values": [],
        "digits": draws.get("digits", 0),
        "carry": draws.get("carry", 0),
        **dict.fromkeys(("figured", "letter", "given")),
    }
    if "numbers" in draws:
        fields |= _numbers(graph, notation, draws, upstream)
    return Solution(fields, tuple(answers))


def _several(graph: Graph, asks: list[list[str]]) -> bool:
    """Whether some variable asked about is read by more than one line, or twice by one."""
    reads = [part.name for b in graph.bindings for part in walk(b.expr) if isinstance(part, Name)]
    return any(reads.count(by) > 1 for _, by in asks)


def _numbers(
    graph: Graph, notation: Notation, draws: Mapping[str, Any], upstream: str | None
) -> dict[str, Any]:
    """Return the numbers for the template, and the circuit with its forward values."""
    target = upstream or graph.loss
    shapes = {**graph.shapes, target: SCALAR}
    printer = Printer(notation, shapes, target)
    leaves, digits = decimals(draws["numbers"]), int(draws["digits"])
    found: dict[str, Any] = {
        "values": [
            {"symbol": Tex(printer.name(leaf.name)),
             "value": Tex(printed_number(leaves[leaf.name], digits))}
            for leaf in graph.leaves
        ]
    }  # fmt: skip
    if upstream is not None:
        of, by = printer.name(upstream), printer.name(graph.loss)
        sign = r"\mathrm{d}" if notation.gradient == "d" else r"\partial "
        left = rf"{sign}{of} / {sign}{by}"
        given = printed_number(Decimal(draws["upstream"]), digits)
        found["given"] = {"loss": Tex(printer.name(upstream)), "derivative_inline": Tex(left),
                          "of": Tex(printer.name(graph.loss)), "value": Tex(given)}  # fmt: skip
    if draws["figure"]:
        circuit = _circuit(graph, graph.loss, None)
        worked = work(gates(circuit.graph), leaves, Decimal(draws.get("upstream", 1)), digits=None)
        above = {n: printed_number(worked.values[n], digits) for n in circuit.graph.names}
        below = dict.fromkeys(circuit.graph.names, "")
        if upstream is not None:
            below[graph.loss] = printed_number(Decimal(draws["upstream"]), digits)
        found["letter"] = Tex(circuit.letter) if has_letter(circuit) else None
        found["figured"] = circuit_figure(
            circuit, printer.name, above, below, between(graph)
        ).fields()
    return found


def _symbolic(
    graph: Graph, notation: Notation, of: str, by: str, upstream: str | None, value: Solved | None
) -> tuple[Solved, str, list[str]]:
    """Return the derivative in terms of names of the forward pass, its symbol, and its reasons."""
    network = with_given(part_of(graph, graph.loss), of) if of == upstream else part_of(graph, of)
    found = derive_gradients(network)
    known = {GIVEN: Derivative(of, graph.loss)} if of == upstream else {}

    def tidy(expr: Expr) -> Expr:
        return slope_at_zero(substitute(expr, known), notation)

    closed = tidy(found[by].closed)
    raw = chained(network, by, found, inner=True)
    sides = tuple(dict.fromkeys(map(tidy, raw.sides)))
    chain = replace(raw, sides=sides)
    printer = Printer(notation, network.shapes, of)
    left = printer.derivative(of, by)
    number = "" if value is None else value.latex.tex
    formulas, proven = slope_reasons(_inserted(network, by, chain), printer, graph)
    step = scalar_step(network, by, chain, printer, graph, value=number)
    step = replace(step, claims=(*step.claims, *proven))
    claim = Equation(network, Quantity(network.loss, by), (closed,))
    answer = Solved(
        name=f"{of}.{by}",
        latex=Tex(printer(closed)),
        shape=SCALAR,
        expr=to_text(closed),
        steps=(step,),
        claim=claim,
        write=lambda wrong: Tex(printer(wrong.rights[0])),
    )
    reasons, _ = scalar_reasons(network, by, chain.paths, printer, graph)
    if formulas:
        reasons.append(f"Here ${'$ and $'.join(formulas)}$.")
    return answer, left, reasons


def _inserted(network: Graph, by: str, chain: Chained) -> list[Call]:
    """Return the functions behind the lines that read a name, whose slopes are inserted too."""
    reading = {path.line for path in chain.paths}
    later = [b for b in network.bindings if b.name not in reading | {by}]
    return [
        part
        for line in later
        if by in part_of(network, line.name).names
        for part in functions_on(line.expr)
    ]


def _value(
    graph: Graph, draws: Mapping[str, Any], of: str, by: str, upstream: str | None
) -> tuple[Solved | None, bool]:
    """Return the derivative's value at the drawn numbers, and whether it is exact."""
    if "numbers" not in draws:
        return None, True
    circuit = _circuit(graph, of, upstream)
    names = {leaf.name for leaf in circuit.graph.leaves}
    leaves = {n: v for n, v in decimals(draws["numbers"]).items() if n in names}
    given = Decimal(draws["upstream"]) if of == upstream else Decimal(1)
    digits = int(draws["digits"])
    found = work(gates(circuit.graph), leaves, given, digits=None)
    short = all(rounded(v, digits) == v for v in (*found.values.values(), found.gradients[by]))
    printed = printed_number(found.gradients[by], digits)
    rounding = Rounding(digits, int(draws["carry"]))
    claim = on_a_wire(
        circuit.graph, leaves, given, by, found.gradients[by], rounding, backwards=True
    )
    step = Step("value", Tex(printed), "The expression, at the drawn numbers.")
    answer = Solved(
        name=f"{of}.{by}.value",
        latex=Tex(printed),
        shape=SCALAR,
        expr=printed,
        steps=(step,),
        claim=claim,
        write=lambda wrong: Tex(wire_text(wrong, printed)),
        where=Tex("at these numbers"),
    )
    return answer, short


KIND = Kind(
    name="scalar_graph",
    summary="derivatives in a graph of scalars, in symbols and at numbers",
    options={
        "ask": (list,),
        "numbers": (dict,),
        "upstream": (int, float, list),
        "digits": (int,),
        "figure": (bool,),
        "leaves": (bool,),
        "loss": (bool,),
    },
    network_rules=(),
    number_rules=(*RULES, "short_decimals", "safe_rounding"),
    slips=(
        "dropped_path",
        "own_factor",
        "forgot_upstream",
        "no_slope",
        "no_local",
        "wrong_sign",
        "forgot_factor",
        "missing_minus",
        "slope_at_the_input",
    ),
    needs_loss=True,
    sample=sample,
    solve=solve,
)
