"""Scalars worked by hand: a network as a circuit of gates, with two numbers on each wire."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from exgen.asks.arrays import cell_latex
from exgen.asks.scalars import is_of_scalars, is_rational
from exgen.asks.scene import Answered, Scene
from exgen.certify.equation import Equation
from exgen.certify.hand import (
    TOTAL,
    UPSTREAM,
    Gate,
    Worked,
    calculate,
    decimal,
    gates,
    rounded,
    with_upstream,
    work,
)
from exgen.certify.quantity import Quantity
from exgen.certify.sides import Rounding
from exgen.derive.elementary import Circuit, gate_latex, has_letter, split, takes_one
from exgen.derive.worked import slope_of
from exgen.document import Step, Tex
from exgen.errors import KindError
from exgen.graph import SCALAR, Call, Expr, Name, Number
from exgen.language import to_text
from exgen.language.writer import number_text
from exgen.problems import rounding
from exgen.problems.base import Solved, blank
from exgen.problems.luck import require, short_decimals
from exgen.problems.numbers import Stored, exact_arrays
from exgen.problems.upstream import part_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from exgen.asks.pieces import Phrase
    from exgen.certify.prove import Claim
    from exgen.derive.latex import Printer
    from exgen.graph import Graph

RULES = (*rounding.RULES, "no_zero_results")
"""What the numbers in a circuit have to meet."""
BESIDE = ("short_decimals", "no_zero_gradients")
"""What those have to meet besides that are asked for outside of it."""
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
WIRE, EVERY = "wire", "every"
"""The clause of a number on a wire, and the ask for all of them."""
BY_HAND = ("circuit", "rounding")
"""The shows of a text whose numbers are worked by hand."""
DIGITS = 2
"""The decimals by which a number is judged, and shown, where no ask states any."""
LONGEST, LARGEST = 4, 1000
"""The decimals of an exact number, and how large it may be."""
SIMPLEST = 10**6
"""The largest denominator of an exact number that is worked in decimals."""
TWO = 2
WHY = (
    "The gate at the left end of the wire, applied to its inputs.",
    "The gradient to the right of the gate, times the gate's local derivative.",
)


def is_on_a_wire(ask: Phrase) -> bool:
    """Whether an answer stands in the circuit that is shown."""
    return ask.sort == EVERY or WIRE in ask.clauses


@dataclass(frozen=True)
class ByHand:
    """A circuit at numbers.

    Attributes:
        circuit: its gates.
        stored: the number of each leaf, as it is drawn.
        upstream: the gradient of what is differentiated by the output of the circuit.

    """

    circuit: Circuit
    stored: Mapping[str, Stored]
    upstream: Decimal

    @cached_property
    def every(self) -> tuple[Gate, ...]:
        """The gates with their slopes."""
        return gates(self.circuit.graph)

    @cached_property
    def worked(self) -> Worked:
        """All numbers, before any is rounded."""
        return work(self.every, rounding.decimals(self.stored), self.upstream, digits=None)

    def number(self, wire: str, *, backwards: bool) -> Decimal:
        """Return what a wire carries: forwards a value, backwards a gradient."""
        return (self.worked.gradients if backwards else self.worked.values)[wire]

    def is_short(self, digits: int) -> bool:
        """Whether no number has more decimals than this, so that none is rounded."""
        numbers = (*self.worked.values.values(), *self.worked.gradients.values())
        return all(rounded(number, digits) == number for number in numbers)

    def shown(self, number: Decimal, digits: int | None) -> str:
        """Return a number as printed: exactly, or rounded, where that is needed anywhere."""
        if digits is None:
            return cell_latex(Fraction(number).limit_denominator(SIMPLEST), None)
        kept = Fraction(rounded(number, digits))
        return cell_latex(kept, None if self.is_short(digits) else digits)

    def writer(self, digits: int | None) -> Callable[[Any], Tex]:
        """Return how a claim about one number is printed."""
        return lambda claim: Tex(self.shown(decimal(claim.value.item()), digits))

    def claim(self, wire: str, digits: int | None, carry: int | None, *, backwards: bool) -> Claim:
        """Return the claim that a wire carries its number, however a student rounds on the way."""
        number = Fraction(self.number(wire, backwards=backwards))
        number = number if digits is not None else number.limit_denominator(SIMPLEST)
        return Equation(
            with_upstream(self.circuit.graph),
            Quantity(TOTAL, wire) if backwards else Quantity(wire),
            cells=((Number(number),),),
            leaves=self.leaves,
            rounding=None if digits is None else Rounding(digits, carry),
        )

    @cached_property
    def leaves(self) -> dict[str, Any]:
        """The leaves of the circuit and the upstream gradient, as exact fractions."""
        own = {leaf.name: self.stored[leaf.name] for leaf in self.circuit.graph.leaves}
        return exact_arrays({**own, UPSTREAM: [[str(Fraction(self.upstream))]]})


def by_hand(
    graph: Graph, stored: Mapping[str, Stored], upstream: str | None, of: str = ""
) -> ByHand:
    """Return a network of scalars as a circuit.

    Args:
        graph: the network, with the loss behind it where there is one.
        stored: the numbers of its leaves.
        upstream: the leaf that is the upstream gradient of its last line.
        of: the line in which the circuit ends; the last one unless given.

    Raises:
        KindError: the network has no circuit.

    """
    given = Decimal(1)
    if upstream is not None and of in ("", graph.loss):
        of, given = graph.bindings[-2].name, rounding.decimals({"": stored[upstream]})[""]
    return ByHand(split(part_of(graph, of or graph.loss)), stored, given)


def of_scene(scene: Scene, of: str = "") -> ByHand:
    """Return the circuit of a problem."""
    return by_hand(scene.graph, scene.draws["numbers"], scene.upstream, of)


# --- which numbers will do ---


def require_workable(
    asks: Iterable[Phrase],
    graph: Graph,
    drawn: Mapping[str, Any],
    upstream: str | None,
    options: Mapping[str, Any],
) -> None:
    """Turn numbers down that are hard to print, or that rounding on the way would change.

    ``drawn`` holds the numbers of the leaves, and to how many decimals to calculate.
    """
    wanted: dict[str, list[tuple[str, bool]]] = {}
    digits = rounded_to(asks)
    for ask in asks:
        on_wire = is_on_a_wire(ask)
        of, by = ask.slots.get("name", ""), ask.slots.get("entry", ("", ()))[0]
        wires = [("", False), ("", True)] if on_wire else [(by or of, bool(by))]
        wanted.setdefault("" if on_wire else of, []).extend(wires)
    for of, wires in wanted.items():
        hand = by_hand(graph, drawn["numbers"], upstream, of)
        if digits is None and not is_rational(hand.circuit.graph):
            raise KindError(
                "a number on a wire is no fraction, so it cannot be asked for exactly",
                remedy="Say to how many decimals, as in 'to 3 digits'.",
            )
        leaves = rounding.decimals(drawn["numbers"])
        exactly = rounding.worked_exactly(
            hand.every, leaves, hand.upstream, digits or DIGITS, options
        )
        names = hand.circuit.graph.names
        every = {(n, b) for wire, b in wires for n in (names if wire == "" else [wire])}
        numbers = {
            (name, backwards): (exactly.gradients if backwards else exactly.values)[name]
            for name, backwards in sorted(every)
        }
        sized = (*exactly.values.values(), *numbers.values())
        rounding.require_sized(sized, digits or DIGITS, options)
        if digits is None:
            fractions = [exact_arrays({"": [[str(Fraction(n))]]})[""] for n in sized]
            require("short_decimals", short_decimals(fractions, LONGEST, LARGEST), options)
            continue
        printed = {wire: rounded(number, digits) for wire, number in numbers.items()}
        rounding.require_safe(hand.every, leaves, hand.upstream, drawn["carry"], printed, digits)


def rounded_to(asks: Iterable[Phrase]) -> int | None:
    """Return the most decimals that an ask rounds to; None where none does."""
    return max((int(a.clauses["digits"]) for a in asks if "digits" in a.clauses), default=None)


# --- answers ---


def decimals(ask: Phrase, scene: Scene) -> int | None:
    """Return to how many decimals an answer is rounded; None where it is exact as it stands."""
    digits = scene.digits(ask)
    if digits is None or not is_by_hand(scene):
        return digits
    hand = of_scene(scene, ask["name"])
    return None if is_rational(hand.circuit.graph) and hand.is_short(digits) else digits


def is_by_hand(scene: Scene) -> bool:
    """Whether a sheet says how to round on the way."""
    return scene.draws.get("carry") is not None


def beside(ask: Phrase, scene: Scene, solved: Solved, wire: str, *, backwards: bool) -> Solved:
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
    return replace(solved, claim=hand.claim(wire, decimals(ask, scene), carry, backwards=backwards))


def single(ask: Phrase, scene: Scene) -> Answered:
    """Return the number on one wire, whose blank is in the circuit."""
    scene = scene.numbered(ask)
    ((wire, backwards),) = _wires(ask, scene)
    return Answered(Tex(""), (_answer(ask, scene, wire, backwards=backwards),))


def every(ask: Phrase, scene: Scene) -> Answered:
    """Return all numbers of a circuit but those that are given: its values, or its gradients."""
    scene = scene.numbered(ask)
    wires = _wires(ask, scene)
    return Answered(Tex(""), tuple(_answer(ask, scene, n, backwards=b) for n, b in wires))


def _answer(ask: Phrase, scene: Scene, wire: str, *, backwards: bool) -> Solved:
    digits, hand = scene.digits(ask), of_scene(scene)
    graph = hand.circuit.graph
    if wire not in graph.names:
        raise scene.error(f"'{wire}' is on no wire", ask.span, "It has to lead to the last line.")
    write = hand.writer(digits)
    claim = hand.claim(wire, digits, scene.draws.get("carry"), backwards=backwards)
    line, printed = graph.expr(wire), write(claim)
    value = to_text(Name(wire) if line is None else line)
    if backwards:
        value = to_text(with_upstream(hand.circuit.graph).gradient(wire))
    step = Step("chain rule" if backwards else "forward", printed, WHY[backwards])
    step = replace(step, claims=_claims(hand, wire) if backwards else ())
    where = f"{'below' if backwards else 'above'} the wire {_called(wire, scene, hand)}"
    return Solved(
        name=_name(wire, backwards=backwards),
        latex=printed,
        shape=SCALAR,
        expr=value,
        steps=(step,),
        claim=claim,
        write=write,
        where=Tex(where),
    )


def _name(wire: str, *, backwards: bool) -> str:
    return f"{'grad' if backwards else 'value'}:{wire}"


def _claims(hand: ByHand, wire: str) -> tuple[Claim, ...]:
    """Return the claim that a gradient is the sum of the next ones, each times a slope."""
    graph = with_upstream(hand.circuit.graph)
    terms = [
        graph.gradient(gate.name) * slope
        for gate in hand.every
        for name, slope in gate.slopes
        if name == wire
    ]
    if not terms:
        return ()
    total: Expr = terms[0]
    for term in terms[1:]:
        total = total + term
    return (Equation(graph, None, (graph.gradient(wire), total), leaves=hand.leaves),)


def _wires(ask: Phrase, scene: Scene) -> list[tuple[str, bool]]:
    """Return the wires that an ask is about, and whether it is about what they carry backwards."""
    if ask.sort != EVERY:
        backwards = ask.sort == "gradient"
        return [(ask["entry"][0] if backwards else ask["name"], backwards)]
    graph = of_scene(scene).circuit.graph
    if ask["word"] == "gradient":
        return [(name, True) for name in graph.names if name != graph.loss]
    return [(name, False) for name in graph.names if graph.leaf(name) is None]


def _called(wire: str, scene: Scene, hand: ByHand) -> str:
    """Return which wire is meant, in words: by its name, or by the gate that it comes from."""
    if wire in scene.graph.names:
        return f"of ${scene.printer.name(wire)}$"
    expr = hand.circuit.graph.expr(wire)
    if expr is None or isinstance(expr, Name):
        return "behind a dot"
    return f"behind the gate ${gate_latex(expr, hand.circuit.letter)}$"


# --- what is shown ---


def rounds(phrase: Phrase, scene: Scene) -> dict[str, Any]:
    """Show how to round on the way; nothing where no number has to be rounded."""
    asks = [ask for ask in scene.asks if "digits" in ask.clauses]
    digits = {int(ask.clauses["digits"]) for ask in asks}
    if len(digits) > 1:
        remedy = "Ask for all numbers to as many digits."
        raise scene.error("numbers are rounded to several decimals", phrase.span, remedy)
    ends = {"" if is_on_a_wire(ask) else ask["name"] for ask in asks}
    if all(of_scene(scene, of).is_short(d) for of in ends for d in digits):
        return {"show": ""}
    return {"show": "rounding", "digits": digits.pop(), "carry": scene.draws["carry"]}


def circuit(phrase: Phrase, scene: Scene) -> dict[str, Any]:
    """Show the gates with values above the wires; what is asked for on a wire is blank."""
    from exgen.figures.circuit import circuit_figure

    scene = scene.numbered(phrase)
    hand, printer = of_scene(scene), scene.printer
    graph, letter = hand.circuit.graph, hand.circuit.letter
    digits = rounded_to(scene.asks)
    if digits is None and not is_rational(graph):
        digits = DIGITS
    asked = [pair for ask in scene.asks if is_on_a_wire(ask) for pair in _wires(ask, scene)]
    if len(set(asked)) < len(asked):
        raise scene.error("a number on a wire is asked for twice", phrase.span)
    backwards = any(back for _, back in asked)
    # what is asked for beside the figure does not stand in it
    told = not any(ask.sort == "value" and not is_on_a_wire(ask) for ask in scene.asks)

    def on(wire: str, *, back: bool) -> str:
        if (wire, back) in asked:
            return blank(_name(wire, backwards=back))
        given = scene.upstream is not None or backwards
        known = wire == graph.loss and given if back else told or graph.leaf(wire) is not None
        return hand.shown(hand.number(wire, backwards=back), digits) if known else ""

    lines = frozenset(line.name for line in scene.graph.bindings) - {graph.loss}
    above = {wire: on(wire, back=False) for wire in graph.names}
    below = {wire: on(wire, back=True) for wire in graph.names}
    rows = _rows(hand, digits, printer, scene) if backwards else []
    one_input = [b for b in graph.bindings if isinstance(b.expr, Call) and takes_one(b.expr)]
    return {
        "show": "circuit",
        "output": Tex(printer.name(graph.loss)),
        "of": Tex(printer.name(scene.graph.loss)),
        "values": any(not back for _, back in asked),
        "gradients": backwards,
        "figure": circuit_figure(hand.circuit, printer.name, above, below, lines).fields(),
        "letter": Tex(letter) if has_letter(hand.circuit) else None,
        "slope_letter": Tex(letter) if one_input else None,
        "forks": bool(hand.circuit.forks) and backwards,
        "gates": rows,
        "names": [_name(wire, backwards=back) for wire, back in asked],
    }


def _rows(hand: ByHand, digits: int | None, printer: Printer, scene: Scene) -> list[dict[str, Any]]:
    """Return each gate from the last to the first: upstream times local derivative."""
    letter = hand.circuit.letter

    def factor(number: Decimal) -> str:
        text = hand.shown(number, digits)
        return f"({text})" if text.startswith("-") else text

    rows: list[dict[str, Any]] = []
    worked = hand.worked
    for gate in reversed(hand.every):
        if isinstance(gate.expr, Name):
            continue
        products = []
        for name, slope in gate.slopes:
            local, result = calculate(slope, worked.values), worked.gradients[name]
            named = scene.graph.leaf(name) is not None
            whose = rf"\text{{ for }} {printer.name(name)}" if named else ""
            product = rf"{factor(worked.gradients[gate.name])} \cdot {factor(local)}"
            products.append(Tex(f"{product} = {hand.shown(result, digits)}{whose}"))
        slope_text = _local_latex(gate.expr, letter, printer)
        rows.append({"gate": Tex(gate_latex(gate.expr, letter)), "local": Tex(slope_text),
                     "products": products})  # fmt: skip
    for name in reversed(hand.circuit.forks):
        copies = [g.name for g in hand.every if g.expr == Name(name)]
        parts = " + ".join(factor(worked.gradients[copy]) for copy in copies)
        total = hand.shown(worked.gradients[name], digits)
        rows.append({"gate": Tex(r"\bullet"), "local": Tex(""),
                     "products": [Tex(f"{parts} = {total}")]})  # fmt: skip
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
            lower = "" if power == TWO else f"^{{{number_text(power - 1)}}}"
            return rf"{number_text(power)}\,{letter}{lower}"
        case Call("div"):
            return f"-1/{letter}^{{2}}"
        case Call() if (slope := slope_of(expr, printer, letter)) is not None:
            return replace(printer, shapes={letter: SCALAR}, loss="")(slope.right)
    return ""
