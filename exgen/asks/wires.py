"""Numbers on the wires of a circuit: asked for there, and shown."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

from exgen.asks.arrays import cell_latex
from exgen.asks.by_hand import DIGITS, SIMPLEST, ByHand, Wire, by_hand
from exgen.asks.scalars import is_of_scalars, is_rational
from exgen.asks.scene import Answered, Scene
from exgen.certify.equation import Equation
from exgen.certify.hand import calculate, decimal, rounded, with_upstream
from exgen.derive.elementary import gate_latex, has_letter, takes_one
from exgen.derive.worked import slope_of
from exgen.document import Step, Tex
from exgen.errors import KindError
from exgen.graph import SCALAR, Call, Derivative, Expr, Name, Number
from exgen.language import to_text
from exgen.language.writer import number_text
from exgen.problems.base import Solved, blank

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from decimal import Decimal

    from exgen.asks.pieces import Phrase
    from exgen.certify.prove import Claim
    from exgen.derive.latex import Printer
    from exgen.graph import Graph

EVERY = "every"
"""The ask for all numbers of a circuit."""
SLIPS = (
    "dropped_path",
    "own_factor",
    "no_local",
    "no_slope",
    "forgot_upstream",
    "missing_minus",
    "forgot_factor",
)
"""The usual mistakes on a wire, the likeliest first."""
WHY = (
    "The gate at the left end of the wire, applied to its inputs.",
    "The gradient to the right of the gate, times the gate's local derivative.",
)


def is_on_a_wire(ask: Phrase) -> bool:
    """Whether an answer stands in the circuit that is shown."""
    return ask.sort == EVERY or "wire" in ask.clauses


def is_by_hand(scene: Scene) -> bool:
    """Whether a sheet says how to round on the way."""
    return "carry" in scene.draws


def rounded_to(asks: Iterable[Phrase]) -> int | None:
    """Return the most decimals that an ask rounds to; None where none does."""
    return max((int(a.clauses["digits"]) for a in asks if "digits" in a.clauses), default=None)


def require_workable(
    asks: Iterable[Phrase],
    graph: Graph,
    drawn: Mapping[str, Any],
    upstream: str | None,
    options: Mapping[str, Any],
) -> None:
    """Turn numbers down that cannot be worked by hand, see :meth:`ByHand.require`."""
    wanted: dict[str, list[Wire]] = {}
    for ask in asks:
        of = "" if is_on_a_wire(ask) else ask["name"]
        circuit = by_hand(graph, drawn["numbers"], upstream, of).graph
        wanted.setdefault(of, []).extend(_wires(ask, circuit))
    for of, wires in wanted.items():
        hand = by_hand(graph, drawn["numbers"], upstream, of)
        hand.require(wires, rounded_to(asks), drawn.get("carry", 0), options)


def of_scene(scene: Scene, of: str = "") -> ByHand:
    """Return the circuit of a problem."""
    return by_hand(scene.graph, scene.draws["numbers"], scene.upstream, of)


def _wires(ask: Phrase, circuit: Graph) -> list[Wire]:
    """Return the wires that an ask is about."""
    if ask.sort != EVERY:
        backwards = ask.sort == "gradient"
        return [(ask["entry"][0] if backwards else ask["name"], backwards)]
    if ask["word"] == "gradient":
        return [(name, True) for name in circuit.names if name != circuit.loss]
    return [(binding.name, False) for binding in circuit.bindings]


# --- answers ---


def beside(ask: Phrase, scene: Scene, solved: Solved, wire: Wire) -> Solved:
    """Return a number as that on a wire of the circuit, which is right however a student rounds.

    A network without a circuit keeps its own claim.
    """
    if not is_of_scalars(scene.graph):
        return solved
    try:
        hand = of_scene(scene, ask["name"])
    except KindError:
        return solved
    carry = scene.draws.get("carry")
    return replace(solved, claim=hand.claim(wire, scene.digits(ask), carry))


def on_wires(ask: Phrase, scene: Scene) -> Answered:
    """Return numbers whose blanks are in the circuit."""
    scene = scene.numbered(ask)
    hand = of_scene(scene)
    wires = _wires(ask, hand.graph)
    return Answered(Tex(""), tuple(_answer(ask, scene, hand, wire) for wire in wires))


def _answer(ask: Phrase, scene: Scene, hand: ByHand, wire: Wire) -> Solved:
    (name, backwards), shown = wire, _printer(scene.digits(ask))
    if name not in hand.graph.names:
        raise scene.error(f"'{name}' is on no wire", ask.span, "It has to lead to the last line.")

    def write(claim: Any) -> Tex:  # noqa: ANN401 - an equation with one number
        return Tex(shown(decimal(claim.value.item())))

    claim = hand.claim(wire, scene.digits(ask), scene.draws.get("carry"))
    line, where = hand.graph.expr(name), "below" if backwards else "above"
    sort, claims = ("chain rule", _claims(hand, name)) if backwards else ("forward", ())
    return Solved(
        name=_name(wire),
        latex=write(claim),
        shape=SCALAR,
        expr=to_text(Derivative(scene.graph.loss, name) if backwards else line or Name(name)),
        steps=(Step(sort, write(claim), WHY[backwards], claims=claims),),
        claim=claim,
        write=write,
        where=Tex(f"{where} the wire {_called(name, scene, hand)}"),
    )


def _name(wire: Wire) -> str:
    return f"{'grad' if wire[1] else 'value'}:{wire[0]}"


def _printer(digits: int | None) -> Callable[[Decimal], str]:
    """Return how numbers are printed: exactly, or rounded as in school."""
    if digits is None:
        return lambda n: cell_latex(Fraction(n).limit_denominator(SIMPLEST), None)
    return lambda n: cell_latex(rounded(n, digits), digits)


def _claims(hand: ByHand, wire: str) -> tuple[Claim, ...]:
    """Return the claim that a gradient is the sum of the next ones, each times a slope."""
    graph = with_upstream(hand.graph)
    terms = [
        graph.gradient(gate.name) * slope
        for gate in hand.every
        for name, slope in gate.slopes
        if name == wire
    ]
    sides = (graph.gradient(wire), reduce(add, terms))
    return (Equation(graph, None, sides, leaves=hand.leaves),)


def _called(wire: str, scene: Scene, hand: ByHand) -> str:
    """Return which wire is meant, in words: by its name, or by the gate that it comes from."""
    if wire in scene.graph.names:
        return f"of ${scene.printer.name(wire)}$"
    expr = hand.graph.expr(wire)
    if expr is None or isinstance(expr, Name):
        return "behind a dot"
    return f"behind the gate ${gate_latex(expr, hand.circuit.letter)}$"


# --- what is shown ---


def rounds(phrase: Phrase, scene: Scene) -> dict[str, Any]:
    """Show how to round on the way; nothing where no number is rounded."""
    digits = {int(ask.clauses["digits"]) for ask in scene.asks if "digits" in ask.clauses}
    if len(digits) > 1:
        remedy = "Ask for all numbers to as many digits."
        raise scene.error("numbers are rounded to several decimals", phrase.span, remedy)
    if not digits:
        return {"show": ""}
    return {"show": "rounding", "digits": digits.pop(), "carry": scene.draws["carry"]}


def circuit(phrase: Phrase, scene: Scene) -> dict[str, Any]:
    """Show the gates with values above the wires; what is asked for on a wire is blank."""
    from exgen.figures.circuit import circuit_figure

    scene = scene.numbered(phrase)
    hand, printer = of_scene(scene), scene.printer
    graph, letter = hand.graph, hand.circuit.letter
    digits = rounded_to(scene.asks)
    shown = _printer(DIGITS if digits is None and not is_rational(graph) else digits)
    asked = [wire for a in scene.asks if is_on_a_wire(a) for wire in _wires(a, graph)]
    if len(set(asked)) < len(asked):
        raise scene.error("a number on a wire is asked for twice", phrase.span)
    backwards = any(back for _, back in asked)
    # what is asked for beside the figure does not stand in it
    told = not any(ask.sort == "value" and not is_on_a_wire(ask) for ask in scene.asks)

    def on(name: str, *, back: bool) -> str:
        if (name, back) in asked:
            return blank(_name((name, back)))
        given = name == graph.loss and (scene.upstream is not None or backwards)
        known = given if back else told or graph.leaf(name) is not None
        return shown(hand.number((name, back))) if known else ""

    above, below = ({n: on(n, back=back) for n in graph.names} for back in (False, True))
    lines = frozenset(line.name for line in scene.graph.bindings) - {graph.loss}
    one_input = any(isinstance(b.expr, Call) and takes_one(b.expr) for b in graph.bindings)
    return {
        "show": "circuit",
        "output": Tex(printer.name(graph.loss)),
        "of": Tex(printer.name(scene.graph.loss)),
        "values": any(not back for _, back in asked),
        "figure": circuit_figure(hand.circuit, printer.name, above, below, lines).fields(),
        "letter": Tex(letter) if has_letter(hand.circuit) else None,
        "slope_letter": Tex(letter) if one_input else None,
        "forks": bool(hand.circuit.forks) and backwards,
        "gates": _rows(hand, shown, printer, scene.graph) if backwards else [],
        "names": list(map(_name, asked)),
    }


def _rows(
    hand: ByHand, shown: Callable[[Decimal], str], printer: Printer, network: Graph
) -> list[dict[str, Any]]:
    """Return each gate from the last to the first: upstream times local derivative."""
    letter, (values, slopes) = hand.circuit.letter, (hand.worked.values, hand.worked.gradients)

    def factor(number: Decimal) -> str:
        text = shown(number)
        return f"({text})" if text.startswith("-") else text

    rows: list[dict[str, Any]] = []
    for gate in reversed(hand.every):
        if not isinstance(gate.expr, Name):
            products = []
            for name, slope in gate.slopes:
                product = rf"{factor(slopes[gate.name])} \cdot {factor(calculate(slope, values))}"
                whose = rf"\text{{ for }} {printer.name(name)}" if network.leaf(name) else ""
                products.append(Tex(f"{product} = {shown(slopes[name])}{whose}"))
            sign = Tex(gate_latex(gate.expr, letter))
            local = Tex(_local_latex(gate.expr, letter, printer))
            rows.append({"gate": sign, "local": local, "products": products})
    for name in reversed(hand.circuit.forks):
        copies = [factor(slopes[gate.name]) for gate in hand.every if gate.expr == Name(name)]
        total = Tex(f"{' + '.join(copies)} = {shown(slopes[name])}")
        rows.append({"gate": Tex(r"\bullet"), "local": Tex(""), "products": [total]})
    return rows


def _local_latex(expr: Expr, letter: str, printer: Printer) -> str:
    """Return a gate's local derivative in terms of its input, which the letter stands for."""
    match expr:
        case Call("mul", (Name(), Name())):
            return r"\text{the other input}"
        case Call("mul", (_, number)):
            return to_text(number)
        case Call("add"):
            return "1"
        case Call("pow", (_, Number(power))):
            lower = "" if power == 2 else f"^{{{number_text(power - 1)}}}"  # noqa: PLR2004
            return rf"{number_text(power)}\,{letter}{lower}"
        case Call("div"):
            return f"-1/{letter}^{{2}}"
        case Call() if (slope := slope_of(expr, printer, letter)) is not None:
            return replace(printer, shapes={letter: SCALAR}, loss="")(slope.right)
    return ""
