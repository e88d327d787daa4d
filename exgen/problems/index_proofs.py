"""Gradients in index form, derived line by line with the rule at the right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.certify.equation import Equation
from exgen.certify.quantity import Quantity
from exgen.derive.derivations import (
    Derivation,
    Line,
    asked_by_default,
    derivation,
    hot_derivation,
    hot_names,
)
from exgen.derive.gradients import derive_gradients
from exgen.derive.index import examples_of, letters_of
from exgen.derive.jacobian import slope_at_zero
from exgen.document import Step, Tex
from exgen.errors import KindError
from exgen.graph import SCALAR, Call, Delta, Dim, Entry, Name, SumOver, is_scalar, walk
from exgen.language import to_text
from exgen.problems.base import Setting, Solved
from exgen.problems.entries import checked_names, range_latex

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from exgen.derive.latex import Printer
    from exgen.graph import Expr, Graph

HOTS = ("c", "y", "r")
"""What the class of the target may be called."""
CASES = ("same", "other")
RULES: Mapping[str, str] = {
    "chain": "chain rule over all entries of {}",
    "own chain": "chain rule",
    "multiply out": "multiply out",
    "local": "differentiate the line of {}",
    "loss": "differentiate the loss",
    "delta": "only the term {} is left",
    "cancel": "simplify",
    "slopes": "slopes of the loss and of {}",
    "cancel output": "the entries of {} cancel",
    "split": "split the sum",
    "premise": "{} sums to $1$",
    "log": r"chain rule, slope of $-\log$",
    "quotient": "quotient rule",
    "in terms of": "in terms of {}",
    "put in": "insert the gradient by {}",
}
"""What stands at the right of a line, by the line's rule."""


def provable(graph: Graph, asked: object = None) -> list[str]:
    """Return the names, among those asked for or that the parameters need, as far as legal.

    Raises:
        KindError: there is none, or one has no derivation.

    """
    found = derive_gradients(graph).items()
    names = [name for name, gradient in found if name != graph.loss and gradient.rules]
    wanted = [name for name in asked_by_default(graph) if name in names]
    if not wanted:
        raise KindError(
            "the network has no parameter whose gradient has an index form",
            remedy="show_that needs a layer such as z = W @ x + b, its bias separate; or 'case'.",
        )
    kept = checked_names(wanted if asked is None else asked, names, "gradient")
    for name in kept:
        # Deriving it raises the error that says what is wrong with its line.
        derivation(graph, name)
    return kept


def _hot(graph: Graph) -> str:
    """Return a letter for the class of the target that nothing else in the network has."""
    taken = {*graph.names, *letters_of(graph).of.values()}
    return next(letter for letter in HOTS if letter not in taken)


def claim_of(graph: Graph, found: Derivation) -> Equation:
    """Return what has to be proven of a derivation."""
    hot = (hot_names(graph)[2], _hot(graph)) if found.premise == "hot" else None
    letters = [letter for letter, _ in found.ranges]
    return Equation(
        graph,
        Quantity(graph.loss, found.name),
        tuple(line.expr for line in found.lines[1:]),
        found.index,
        different=((letters[0], letters[1]),) if hot and len(letters) > 1 else (),
        hot=hot,
        symbolic=bool(found.premise),
    )


def _with_slopes(setting: Setting, found: Derivation) -> Derivation:
    """Return a derivation whose slopes at a kink are those of the notation."""
    lines = tuple(
        Line(slope_at_zero(line.expr, setting.notation), line.rule, line.about)
        for line in found.lines
    )
    return Derivation(found.name, found.index, found.ranges, lines, found.premise)


def raw_of(graph: Graph, asked: str) -> Derivation:
    """Return the derivation of the gradient by a name, or of a case of the target's class.

    Raises:
        KindError: the network has no such form.

    """
    if asked not in CASES:
        return derivation(graph, asked)
    return hot_derivation(graph, same=asked == CASES[0], letter=_hot(graph))


def proof_of(setting: Setting, name: str, raw: Derivation) -> Solved:
    """Return the answer that a derivation leads to, line by line."""
    graph, printer = setting.graph, setting.printer
    found = _with_slopes(setting, raw)
    last = found.lines[-1].expr
    steps = lines_of(setting, raw)

    return Solved(
        name=name,
        latex=Tex(printer(last)),
        shape=SCALAR,
        expr=to_text(last),
        steps=steps,
        claim=claim_of(graph, found),
        sort="derivation",
    )


def lines_of(
    setting: Setting,
    raw: Derivation,
    shown: Callable[[Expr], str] | None = None,
    left: str = "",
) -> tuple[Step, ...]:
    """Return the lines of a derivation as steps, each with its rule.

    Args:
        setting: the network.
        raw: the derivation.
        shown: how an expression is printed, if not as everywhere.
        left: the left side, if not what the derivation begins with.

    """
    printer, found = setting.printer, _with_slopes(setting, raw)
    shown = shown or printer
    left = left or shown(found.lines[0].expr)
    return tuple(
        Step(
            line.rule,
            Tex(f"{left if n == 0 else ''} &= {shown(line.expr)}"),
            Tex(rule_text(printer, line, setting.graph.loss)),
        )
        for n, line in enumerate(found.lines[1:])
    )


def rule_text(printer: Printer, line: Line, loss: str) -> str:
    """Return what stands at the right of a line."""
    if line.rule == "local" and line.about == (loss,):
        return RULES["loss"]
    if line.rule == "delta" and not line.about:
        return RULES["cancel"]
    if line.rule == "delta":
        pairs = (pair.split("=") for pair in line.about)
        return RULES["delta"].format(", ".join(f"${a} = {b}$" for a, b in pairs))
    if line.rule == "chain" and all(is_scalar(printer.shapes[name]) for name in line.about):
        return RULES["own chain"]
    names = (f"${printer.name(name)}$" for name in line.about)
    return RULES[line.rule].format(" and ".join(names))


def sides_of(setting: Setting, raw: Derivation) -> tuple[str, str, str]:
    """Return what a derivation begins with and ends in, and how far its letters run."""
    printer, found = setting.printer, _with_slopes(setting, raw)
    runs = r",\ ".join(range_latex(printer, letter, dim) for letter, dim in found.ranges)
    if found.premise == "hot":
        runs = "" if len(found.ranges) == 1 else rf"{found.ranges[1][0]} \neq {_hot(setting.graph)}"
    return printer(found.lines[0].expr), printer(found.lines[-1].expr), runs


def premises(setting: Setting, parts: list[Derivation]) -> dict[str, Any]:
    """Return what derivations use that the sheet has to state."""
    lines = [line.expr for found in parts for line in found.lines]
    batch = examples_of(setting.graph) is not None
    return {
        "premise": any(found.premise == "target" for found in parts),
        "batch": batch,
        "delta": any(isinstance(part, Delta) for line in lines for part in walk(line)),
        "softmax": _softmax_fact(setting, parts),
        "hot": _hot_fields(setting) if any(found.premise == "hot" for found in parts) else {},
    }


def _softmax_fact(setting: Setting, parts: list[Derivation]) -> Tex:
    """Return the derivative of the softmax, which the derivation of the logits' gradient uses."""
    for found in parts:
        if found.premise != "target":
            continue
        match found.lines[1].expr, found.lines[2].expr:
            case SumOver(body=Call("mul", (_, by))), SumOver(body=Call("mul", (_, slope))):
                return Tex(f"{setting.printer(by)} = {setting.printer(slope)}")
    return Tex("")


def _hot_fields(setting: Setting) -> dict[str, Any]:
    """Return what the sheet says of the target's class, and of the loss that it leaves."""
    graph, printer = setting.graph, setting.printer
    logits, output, target = hot_names(graph)
    dim: Dim = graph.shapes[logits][0]
    letter, own = letters_of(graph)[dim], _hot(graph)
    return {
        "letter": Tex(own),
        "one": Tex(f"{printer(Entry(Name(target), (own, 0)))} = 1"),
        "zero": Tex(f"{printer(Entry(Name(target), (letter, 0)))} = 0"),
        "others": Tex(rf"{letter} \neq {own}"),
        "loss": Tex(
            rf"{printer.name(graph.loss)} = -\log {printer(Entry(Name(output), (own, 0)))}"
        ),
        "output": Tex(printer.name(output)),
        "logits": Tex(printer.name(logits)),
    }
