"""Worked steps that several kinds share: an equation, the claim that it holds, and its reason."""

from __future__ import annotations

import re
from dataclasses import replace
from string import ascii_lowercase
from typing import TYPE_CHECKING

from exgen.certify.equation import Equation
from exgen.certify.quantity import Quantity
from exgen.derive.worked import functions_on, slope_of
from exgen.document import Step, Tex
from exgen.graph import Name, as_expr
from exgen.ops import lookup

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from exgen.certify.prove import Claim
    from exgen.derive.latex import Printer
    from exgen.derive.notation import Notation
    from exgen.derive.worked import Chained, Path
    from exgen.graph import Call, Expr, Graph
    from exgen.problems.base import Solved

SAME = "By the same rule."
SENTENCE = re.compile(r"(?<=\.) (?=[A-Z$])")
ITSELF = "The derivative of a quantity with respect to itself is 1."


def claimed(graph: Graph, sides: tuple[Expr, ...]) -> tuple[Claim, ...]:
    """Return the claim that all sides are equal, as a step holds it; none for a single side."""
    if len(sides) < 2:  # noqa: PLR2004 - an equation has two sides
        return ()
    return (Equation(graph, None, sides),)


def said_once(
    answers: Iterable[Solved], parts: Mapping[str, int] | None = None
) -> tuple[Solved, ...]:
    """Return answers whose steps leave out every sentence that an earlier step has said.

    A step that says nothing new points at the step before it, or says it again where that step
    rests on something else. Where answers are in ``parts`` of a question, it points at those that
    told all of it.
    """
    said: dict[str, int] = {}
    before: set[str] = set()

    def pointer(every: list[str]) -> str | None:
        told = sorted({said[text] for text in every})
        if told[0] >= 0 and told[-1] < len(ascii_lowercase):
            letters = listed([f"({ascii_lowercase[place]})" for place in told])
            return f"As in part{'s' if len(told) > 1 else ''} {letters}."
        return SAME if before.issuperset(every) else None

    def once(step: Step, part: int) -> Step:
        every = [text for text in SENTENCE.split(str(step.why)) if text]
        # beside an aligned line stands its rule, and what leads to lines is needed each time
        if not every or "&=" in step.equation.tex or every[-1].endswith(":"):
            return step
        new = [text for text in every if text not in said]
        text = " ".join(new)
        if step.equation.tex and not new:
            text = pointer(every) or str(step.why)
        said.update((text, part) for text in new)
        before.clear()
        before.update(every)
        return replace(step, why=Tex(text) if isinstance(step.why, Tex) else text)

    return tuple(
        replace(
            answer,
            steps=tuple(
                told
                for step in answer.steps
                for told in [once(step, part)]
                if told.equation.tex or str(told.why) or not str(step.why)
            ),
        )
        for answer in answers
        for part in [(parts or {}).get(answer.name, -1)]
    )


def free_letters(network: Graph) -> list[str]:
    """Return letters for the argument of a rule that no quantity of the network has."""
    return [letter for letter in "uvsrqghk" if letter not in network.names]


def slope_reasons(
    calls: Iterable[Call], printer: Printer, network: Graph
) -> tuple[list[str], tuple[Claim, ...]]:
    """Return what the derivatives of functions are, as formulas with the claims that they hold."""
    letter = free_letters(network)[0]
    said: list[str] = []
    claims: list[Claim] = []
    for part in calls:
        slope = slope_of(part, printer, letter)
        if slope is not None and slope.latex not in said:
            said.append(slope.latex)
            graph, by = slope.graph, slope.graph.leaves[0].name
            claims.append(Equation(graph, Quantity(graph.loss, by), (slope.right,)))
    return said, tuple(claims)


def listed(parts: list[str]) -> str:
    """Return parts of a sentence as a list: ``a``, ``a and b``, ``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


# --- networks of scalars ---


def scalar_notation(notation: Notation) -> Notation:
    """Return a notation for scalars: a derivative is a quotient, not a nabla."""
    return replace(notation, gradient="partial") if notation.gradient == "nabla" else notation


def scalar_step(
    graph: Graph,
    by: str,
    chain: Chained,
    printer: Printer,
    network: Graph,
    *,
    value: str = "",
    aligned: bool = False,
) -> Step:
    """Return the step that derives one derivative in a network of scalars.

    Args:
        graph: the network that ends in what is differentiated.
        by: the variable.
        chain: the sides of the equation.
        printer: how to write them.
        network: the problem's own network.
        value: the last side, where it is a number that the answer's own claim proves.
        aligned: whether the first sign of equality is an alignment point.

    """
    shown = _distinct(list(map(printer, chain.sides)))
    if value and value != shown[-1]:
        shown.append(value)
    if not aligned:
        shown[-1] = rf"\exanswer{{{shown[-1]}}}"
    equation = " = ".join(shown)
    if aligned:
        equation = equation.replace(" = ", " &= ", 1)
    claims = claimed(graph, chain.sides)
    why, proven = scalar_reasons(graph, by, chain.paths, printer, network)
    rule = "+".join(dict.fromkeys(op for way in chain.paths for op, _ in way.ops)) or "start"
    return Step(rule, Tex(equation), Tex(" ".join(why)), claims=(*claims, *proven))


def _rule(op: str, place: int) -> tuple[str, ...]:
    """Return why the derivative by an argument is what it is, where its row says so in words."""
    return tuple(filter(None, lookup(op).words.slopes[place : place + 1]))


def _distinct(sides: list[str]) -> list[str]:
    """Return the sides as printed, without one that the next only frees of brackets."""
    bare = [re.sub(r"\\left\(|\\right\)|\\,", "", side) for side in sides]
    kept = [n for n in range(len(sides)) if n + 1 == len(sides) or bare[n] != bare[n + 1]]
    return [sides[n] for n in kept]


def scalar_reasons(
    graph: Graph, by: str, ways: tuple[Path, ...], printer: Printer, network: Graph
) -> tuple[list[str], tuple[Claim, ...]]:
    """Return the reasons behind a chain rule of scalars, one sentence each, and their claims."""
    if not ways:
        return [ITSELF], ()
    told: dict[str, None] = {}
    for way in ways:
        pairs = list(zip(way.ops, way.slopes, strict=True))
        # A derivative of 1 is worth a word only where there is no other.
        steep = [op for op, slope in pairs if slope != as_expr(1)] or [op for op, _ in pairs]
        told |= dict.fromkeys(rule for op, place in steep for rule in _rule(op, place))
    one, other = free_letters(network)[:2]
    sentences = [text.replace("<u>", one).replace("<v>", other) for text in told]
    lines = list(dict.fromkeys(way.line for way in ways))
    reads = {op for way in ways for op, _ in way.ops}
    calls = [
        part
        for line in lines
        for part in functions_on(graph.expr(line) or Name(line))
        if part.op in reads
    ]
    formulas, claims = slope_reasons(calls, printer, network)
    if formulas:
        sentences.append(f"Here ${'$ and $'.join(formulas)}$.")
    name = f"${printer.name(by)}$"
    if len(lines) > 1:
        places = listed([f"${printer.name(line)}$" for line in lines])
        sentences.append(
            f"{name} is read by the lines of {places}, so the derivative is the sum over these "
            "paths."
        )
    elif len(ways) > 1:
        often = "twice" if len(ways) == 2 else f"{len(ways)} times"  # noqa: PLR2004 - a word
        sentences.append(
            f"{name} occurs {often} in the line of ${printer.name(lines[0])}$, and the "
            "contributions add up."
        )
    return sentences, claims
