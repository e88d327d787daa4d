"""A numeric circuit: gates with a number above each wire and its gradient below, some left out."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from exgen.certify.hand import calculate, gates, rounded, work
from exgen.certify.sides import Rounding
from exgen.derive.elementary import gate_latex, has_letter, split, takes_one
from exgen.derive.worked import slope_of
from exgen.document import Step, Tex
from exgen.errors import KindError
from exgen.figures.circuit import circuit_figure
from exgen.graph import SCALAR, Call, Expr, Name, Number
from exgen.language import to_text
from exgen.language.writer import decimal_text, number_text
from exgen.problems.base import Kind, Setting, Solution, Solved, blank, forward_fields
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

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from exgen.certify.hand import Gate, Worked
    from exgen.derive.elementary import Circuit
    from exgen.derive.latex import Printer
    from exgen.graph import Graph
    from exgen.seeds import Stream

TWO = 2
WHY = (
    "The gate at the left end of the wire, applied to its inputs.",
    "The gradient to the right of the gate, times the gate's local derivative.",
)
HIDE = ("gradients", "all")


def sample(graph: Graph, options: Mapping[str, Any], stream: Stream) -> dict[str, Any]:
    """Draw the leaves and the upstream gradient until every number is safe to round."""
    circuit = split(graph)
    hide = options.get("hide", HIDE[0])
    if hide not in HIDE:
        raise KindError(f"'hide' cannot be '{hide}'", remedy=f"Legal here: {', '.join(HIDE)}.")
    digits = int(options.get("digits", 2))
    every = gates(circuit.graph)
    choices = upstream_choices(options.get("upstream", 1))
    ranges = options.get("numbers", {})
    drawn = factors(graph, ranges)

    def draw(attempt: int) -> dict[str, Any]:
        own = stream.child(attempt)
        numbers = draw_numbers(graph, ranges, own)
        upstream = own.child("upstream").choose(choices)
        carry = carried(digits, attempt)
        leaves = decimals(numbers)
        require("no_zero_inputs", all(leaves[name] for name in drawn), options)
        require_workable(every, leaves, decimal_of(upstream), digits, carry, options)
        return {
            "numbers": numbers,
            "upstream": text(upstream),
            "digits": digits,
            "carry": carry,
            "hide": hide,
        }

    return first_lucky(draw, ("numbers", "digits"), TRIES)


def upstream_choices(value: object) -> list[Fraction]:
    """Return what the upstream gradient is drawn from: a number, or a list of numbers."""
    values = value if isinstance(value, list) else [value]
    found: list[Fraction] = []
    for part in values:
        if isinstance(part, bool) or not isinstance(part, (int, float)) or part == 0:
            raise KindError("'upstream' must be a number other than 0, or a list of such numbers")
        found.append(Fraction(str(part)))
    return found


def decimal_of(value: Fraction) -> Decimal:
    """Return an exact number as a decimal."""
    return Decimal(value.numerator) / Decimal(value.denominator)


def require_workable(
    every: tuple[Gate, ...],
    leaves: Mapping[str, Decimal],
    upstream: Decimal,
    digits: int,
    carry: int,
    options: Mapping[str, Any],
) -> None:
    """Turn a draw down where a number is hard to print, or changed by rounding on the way."""
    exactly = worked_exactly(every, leaves, upstream, digits, options)
    require_sized(_numbers(exactly), digits, options)
    values = {(name, False): value for name, value in exactly.values.items()}
    slopes = {(name, True): value for name, value in exactly.gradients.items()}
    printed = {wire: rounded(value, digits) for wire, value in (values | slopes).items()}
    require_safe(every, leaves, upstream, carry, printed, digits)


def printed_number(value: Decimal, digits: int) -> str:
    """Return a number as printed: short where it is exact, else rounded."""
    found = rounded(value, digits)
    return decimal_text(Fraction(str(found))) or str(found) if found == value else str(found)


def _numbers(worked: Worked) -> Iterator[Decimal]:
    yield from worked.values.values()
    yield from worked.gradients.values()


def solve(setting: Setting, draws: Mapping[str, Any]) -> Solution:
    """Draw the circuit with its numbers, and work it gate by gate."""
    graph, digits = setting.graph, int(draws["digits"])
    circuit = split(graph)
    every = gates(circuit.graph)
    leaves, upstream = decimals(draws["numbers"]), Decimal(draws["upstream"])
    worked = work(every, leaves, upstream, digits=None)
    short = all(rounded(value, digits) == value for value in _numbers(worked))
    answers: list[Solved] = []

    def shown(value: Decimal) -> str:
        text = str(rounded(value, digits))
        return decimal_text(Fraction(text)) or text if short else text

    def asked(name: str, value: Decimal, *, backwards: bool) -> str:
        answer = f"{'grad' if backwards else 'value'}:{name}"
        rounding = Rounding(digits, int(draws["carry"]))
        printed = shown(value)
        claim = on_a_wire(
            circuit.graph, leaves, upstream, name, value, rounding, backwards=backwards
        )
        line = circuit.graph.expr(name)
        right: Expr = Name(name) if line is None else line
        expr = to_text(circuit.graph.gradient(name) if backwards else right)
        step = Step("chain rule" if backwards else "forward", Tex(printed), WHY[backwards])
        where = Tex(f"{'below' if backwards else 'above'} the wire {wires[name]}")
        answers.append(
            Solved(
                answer,
                Tex(printed),
                SCALAR,
                expr,
                (step,),
                claim,
                lambda wrong: Tex(wire_text(wrong, printed)),
                where,
            )
        )
        return blank(answer)

    wires = {name: _wire(name, setting, circuit, every) for name in circuit.graph.names}
    above, below = {}, {}
    for name in circuit.graph.names:
        value, gradient = worked.values[name], worked.gradients[name]
        hidden = draws["hide"] == "all" and graph.leaf(name) is None
        above[name] = asked(name, value, backwards=False) if hidden else shown(value)
        given = name == graph.loss
        below[name] = shown(gradient) if given else asked(name, gradient, backwards=True)
    printer = setting.printer
    named = {leaf.name: printer.name(leaf.name) for leaf in graph.leaves if leaf.name in above}
    figure = circuit_figure(circuit, printer.name, above, below, between(graph))
    fields = {
        **forward_fields(setting),
        "circuit": figure.fields(),
        "blanks": len(answers),
        "values": [
            {
                "symbol": Tex(printer.name(leaf.name)),
                "value": Tex(printed_number(leaves[leaf.name], digits)),
            }
            for leaf in graph.leaves
        ],
        "output": Tex(printer.name(graph.loss)),
        "upstream": Tex(printed_number(upstream, digits)),
        "forward_given": draws["hide"] == "gradients",
        "digits": digits,
        "carry": int(draws["carry"]),
        "short": short,
        "letter": Tex(circuit.letter) if has_letter(circuit) else None,
        "slope_letter": Tex(circuit.letter),
        "slopes": any(
            isinstance(line.expr, Call) and takes_one(line.expr)
            for line in circuit.graph.bindings
        ),
        "forks": bool(circuit.forks),
        "gates": _explained(circuit, every, worked, shown, named, printer),
    }  # fmt: skip
    return Solution(fields, tuple(answers))


def _wire(name: str, setting: Setting, circuit: Circuit, every: tuple[Gate, ...]) -> str:
    """Return which wire is meant, in words: by its name, or by the gate that it comes from."""
    if name in setting.graph.names:
        return f"of ${setting.printer.name(name)}$"
    gate = next((gate for gate in every if gate.name == name), None)
    if gate is None or isinstance(gate.expr, Name):
        return "behind a dot"
    return f"behind the gate ${gate_latex(gate.expr, circuit.letter)}$"


def between(graph: Graph) -> frozenset[str]:
    """Return the names of the intermediate values: of all lines but the last."""
    return frozenset(line.name for line in graph.bindings) - {graph.loss}


def _explained(
    circuit: Circuit,
    every: tuple[Gate, ...],
    worked: Worked,
    shown: Any,  # noqa: ANN401 - a function from Decimal to text
    named: Mapping[str, str],
    printer: Printer,
) -> list[dict[str, Any]]:
    """Return each gate from the last to the first: upstream times local derivative."""
    rows: list[dict[str, Any]] = []
    for gate in reversed(every):
        if isinstance(gate.expr, Name):
            continue
        out = shown(worked.gradients[gate.name])
        products = []
        for name, slope in gate.slopes:
            local = shown(calculate(slope, worked.values))
            result = shown(worked.gradients[name])
            whose = rf"\text{{ for }} {named[name]}" if name in named else ""
            products.append(Tex(rf"{_factor(out)} \cdot {_factor(local)} = {result}{whose}"))
        rows.append({"gate": Tex(gate_latex(gate.expr, circuit.letter)),
                     "local": Tex(local_latex(gate.expr, circuit.letter, printer)),
                     "products": products})  # fmt: skip
    for name in reversed(circuit.forks):
        copies = [g.name for g in every if g.expr == Name(name)]
        parts = " + ".join(_factor(shown(worked.gradients[copy])) for copy in copies)
        rows.append({"gate": Tex(r"\bullet"), "local": Tex(""),
                     "products": [Tex(rf"{parts} = {shown(worked.gradients[name])}")]})  # fmt: skip
    return rows


def _factor(number: str) -> str:
    return f"({number})" if number.startswith("-") else number


def local_latex(expr: Expr, letter: str, printer: Printer) -> str:
    """Return a gate's local derivative in terms of its input, which the letter stands for."""
    match expr:
        case Call("mul", (Name(), Name())):
            return r"\text{the other input}"
        case Call("mul", (_, number)):
            return to_text(number)
        case Call("add"):
            return "1"
        case Call("pow", (_, Number(power))):
            lower = "" if power == TWO else f"^{{{number_text(power - 1)}}}"
            return rf"{number_text(power)}\,{letter}{lower}"
        case Call("div"):
            return f"-1/{letter}^{{2}}"
        case Call() if (slope := slope_of(expr, printer, letter)) is not None:
            return replace(printer, shapes={letter: SCALAR}, loss="")(slope.right)
    return ""


KIND = Kind(
    name="circuit",
    summary="numbers to fill in along the wires of a circuit of gates",
    options={"numbers": (dict,), "upstream": (int, float, list), "digits": (int,), "hide": (str,)},
    network_rules=(),
    number_rules=(*RULES, "safe_rounding"),
    slips=(
        "dropped_path",
        "own_factor",
        "no_local",
        "no_slope",
        "forgot_upstream",
        "missing_minus",
        "forgot_factor",
    ),
    needs_loss=True,
    sample=sample,
    solve=solve,
)
