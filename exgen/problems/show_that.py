"""Show that: gradients in index form, derived line by line with the rule at the right."""

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
from exgen.derive.index import letters_of
from exgen.derive.jacobian import slope_at_zero
from exgen.document import Step, Tex
from exgen.errors import KindError
from exgen.graph import SCALAR, Call, Delta, Dim, Entry, Name, SumOver, is_scalar, walk
from exgen.language import to_text
from exgen.ops.losses import AFTER_SOFTMAX
from exgen.problems.base import Kind, Setting, Solution, Solved
from exgen.problems.entries import check_entries, checked_names, entry_fields, range_latex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.derive.latex import Printer
    from exgen.graph import Expr, Graph
    from exgen.seeds import Stream

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
}
"""What stands at the right of a line, by the line's rule."""


def names_with_gradient(graph: Graph) -> list[str]:
    """Return the names that the loss depends on, the last lines first."""
    found = derive_gradients(graph).items()
    return [name for name, gradient in found if name != graph.loss and gradient.rules]


"""The rule that a derivation with a premise derives."""


def sample(graph: Graph, options: Mapping[str, Any], _stream: Stream) -> dict[str, Any]:
    """Take the gradients that the bank asks for, or all that the parameters need."""
    check_entries(graph)
    if options.get("case") is not None:
        hot_names(graph)
        return {"case": checked_names(options["case"], CASES, "case"), "ask": []}
    names = names_with_gradient(graph)
    wanted = [name for name in asked_by_default(graph) if name in names]
    if not wanted:
        raise KindError(
            "the network has no parameter whose gradient has an index form",
            remedy="show_that needs a layer such as z = W @ x + b, its bias separate; or 'case'.",
        )
    asked = checked_names(options.get("ask", wanted), names, "gradient")
    for name in asked:
        # Deriving it raises the error that says what is wrong with its line.
        derivation(graph, name)
    return {"case": [], "ask": asked}


def solve(setting: Setting, draws: Mapping[str, Any]) -> Solution:
    """Derive each gradient, every line with its reason."""
    graph = setting.graph
    parts = [(name, derivation(graph, name)) for name in draws["ask"]]
    parts += [
        (case, hot_derivation(graph, same=case == "same", letter=_hot(graph)))
        for case in draws["case"]
    ]
    answers = tuple(_answer(setting, name, found) for name, found in parts)
    asks = [_ask(setting, name, found) for name, found in parts]
    shown = [line.expr for _, found in parts for line in found.lines]
    fields = {
        **entry_fields(setting),
        "asks": asks,
        "premise": any(found.premise == "target" for _, found in parts),
        "delta": _delta(shown),
        "derives": [AFTER_SOFTMAX.rule] if any(found.premise for _, found in parts) else [],
        "softmax": _softmax_fact(setting, parts),
        "hot": _hot_fields(setting) if draws["case"] else {},
    }
    return Solution(fields, answers)


def _hot(graph: Graph) -> str:
    """Return a letter for the class of the target that nothing else in the network has."""
    taken = {*graph.names, *letters_of(graph).of.values()}
    return next(letter for letter in HOTS if letter not in taken)


def _delta(lines: list[Expr]) -> bool:
    return any(isinstance(part, Delta) for line in lines for part in walk(line))


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


def derived(setting: Setting, by: str) -> tuple[dict[str, Any], Solved]:
    """Return the fields and the answer for one entry of a gradient in index form.

    Raises:
        KindError: the network has no such form.

    """
    check_entries(setting.graph)
    raw = derivation(setting.graph, by)
    return _ask(setting, by, raw), _answer(setting, by, raw)


def _answer(setting: Setting, name: str, raw: Derivation) -> Solved:
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


def lines_of(setting: Setting, raw: Derivation) -> tuple[Step, ...]:
    """Return the lines of a derivation as steps, each with its rule."""
    printer, found = setting.printer, _with_slopes(setting, raw)
    left = printer(found.lines[0].expr)
    return tuple(
        Step(
            line.rule,
            Tex(f"{left if n == 0 else ''} &= {printer(line.expr)}"),
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


def _ask(setting: Setting, name: str, raw: Derivation) -> dict[str, Any]:
    printer, found = setting.printer, _with_slopes(setting, raw)
    runs = r",\ ".join(range_latex(printer, letter, dim) for letter, dim in found.ranges)
    if found.premise == "hot":
        runs = "" if len(found.ranges) == 1 else rf"{found.ranges[1][0]} \neq {_hot(setting.graph)}"
    return {
        "answer": name,
        "left": Tex(printer(found.lines[0].expr)),
        "right": Tex(printer(found.lines[-1].expr)),
        "range": Tex(runs),
    }


def _softmax_fact(setting: Setting, parts: list[tuple[str, Derivation]]) -> Tex:
    """Return the derivative of the softmax, which the derivation of the logits' gradient uses."""
    for _, found in parts:
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
        "one": Tex(f"{printer(Entry(Name(target), own, 0))} = 1"),
        "zero": Tex(f"{printer(Entry(Name(target), letter, 0))} = 0"),
        "others": Tex(rf"{letter} \neq {own}"),
        "loss": Tex(rf"{printer.name(graph.loss)} = -\log {printer(Entry(Name(output), own, 0))}"),
        "output": Tex(printer.name(output)),
        "logits": Tex(printer.name(logits)),
    }


KIND = Kind(
    name="show_that",
    summary="gradients in index form, to derive line by line",
    options={"ask": (list,), "case": (list,)},
    network_rules=("distinct_dims",),
    number_rules=(),
    slips=(),
    needs_loss=True,
    sample=sample,
    solve=solve,
)
