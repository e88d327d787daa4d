"""Asks in words: a choice, and a rubric of the author's own, whose facts are proven."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any

from exgen.asks.arrays import cells_latex
from exgen.asks.grammar import EQUALS
from exgen.asks.pieces import Behind, Fact, Formula, Where, Words
from exgen.asks.scene import Answered, Scene
from exgen.certify.arrows import BEHIND, ArrowsClaim, behind
from exgen.certify.choices import ChoiceClaim, Condition
from exgen.certify.equation import Equation, as_cells
from exgen.certify.quantity import Quantity
from exgen.certify.sides import Rounding
from exgen.derive.symbols import free_name
from exgen.document import Step, Tex
from exgen.engine import forward
from exgen.errors import CertificateError, MisfitError, nearest
from exgen.graph import Binding, Graph, names_in
from exgen.language import to_text
from exgen.problems.base import Solved, blank
from exgen.shapes import shape_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exgen.asks.pieces import Inline, Phrase
    from exgen.graph import Expr


NOTE = "note:"
PRINTED = {"<=": r"\le", ">=": r"\ge"}


def inline(pieces: Sequence[Inline], scene: Scene) -> list[str | Tex]:
    """Return words as plain text, and formulas and facts in the notation."""
    return [_inline(piece, scene) for piece in pieces if not isinstance(piece, Where)]


def _inline(piece: Words | Formula | Fact | Behind, scene: Scene) -> str | Tex:
    if isinstance(piece, Words):
        return piece.text
    if isinstance(piece, Formula):
        printed = [
            latex for _, latex in scene.formulas((s, piece.span) for s in EQUALS.split(piece.text))
        ]
        return Tex(f"${' = '.join(printed)}$")
    before, solved = stated(piece, scene, "")
    return Tex(f"${before}{solved.latex}$")


def stated(piece: Fact | Behind, scene: Scene, name: str) -> tuple[str, Solved]:
    """Return what stands before a fact, and the fact as an answer that only the key shows.

    Raises:
        KindError: it does not hold.

    """
    if isinstance(piece, Behind):
        return "", _behind(piece, scene, name)
    scene = scene.ending(piece.of, piece.span)
    read = scene.sides(piece)
    for sign, ((one, _), (other, _)) in zip(piece.signs, pairwise(read), strict=True):
        scene.check_sides(one, other, piece.span, sign)
    if not piece.signs:
        return _value(piece, read[0], scene, name)
    signs = [PRINTED.get(sign, sign) for sign in piece.signs]
    latex = read[0][1] + "".join(
        f" {sign} {side}" for sign, (_, side) in zip(signs, read[1:], strict=True)
    )
    condition = Condition(tuple(expr for expr, _ in read), piece.signs)
    claim = ChoiceClaim(scene.graph, (condition,))
    found = claim.refuted()
    if found and _has_numbers(scene):
        claim = replace(claim, leaves=scene.leaves)
        found = claim.refuted()
    if found:
        raise scene.error("this fact does not hold", piece.span, f"At trial numbers {found}.")
    expr = to_text(read[-1][0])
    return "", Solved(name, Tex(latex), None, expr, (), claim)


def _behind(piece: Behind, scene: Scene, name: str) -> Solved:
    graph, printer = scene.graph, scene.printer
    if piece.name not in graph.names:
        message, remedy = f"the network has no '{piece.name}'", nearest(piece.name, graph.names)
        raise scene.error(message, piece.span, remedy)
    found = behind(graph, piece.name)
    if not found:
        raise scene.error(f"no parameter acts through '{piece.name}' alone", piece.span)
    latex = r",\; ".join(map(printer.name, found))
    claim = ArrowsClaim(graph, BEHIND, found, piece.name)
    return Solved(name, Tex(latex), None, ", ".join(found), (), claim)


def _value(piece: Fact, read: tuple[Expr, str], scene: Scene, name: str) -> tuple[str, Solved]:
    """Return the value of an expression, at the numbers if it reads any name."""
    expr, latex = read
    graph = scene.graph if names_in(expr) else Graph((), (), {}, "")
    if graph.names and not _has_numbers(scene):
        raise scene.error("there are no numbers to work this out at", piece.span)
    graph = graph.with_sizes(scene.draws.get("sizes", {}))
    of = free_name(graph, ("value",))
    shapes = {**graph.shapes, of: shape_of(expr, graph.shapes)}
    graph = Graph(graph.leaves, (*graph.bindings, Binding(of, expr)), shapes, of)
    leaves = scene.leaves if graph.leaves else {}
    array = forward(graph, leaves, exact=True)[of]
    rounding = None if piece.digits is None else Rounding(piece.digits)
    claim = Equation(graph, Quantity(of), cells=as_cells(array), leaves=leaves, rounding=rounding)
    sign = "=" if rounding is None else r"\approx"
    shown = Tex(cells_latex(array, piece.digits))
    return f"{latex} {sign} ", Solved(name, shown, shapes[of], to_text(expr), (), claim)


def _has_numbers(scene: Scene) -> bool:
    numbers = scene.draws.get("numbers", {})
    return all(leaf.name in numbers for leaf in scene.graph.leaves)


def proven_words(pieces: Sequence[Inline], scene: Scene) -> list[str | Tex]:
    """Return words without spaces at either end, the facts in them proven."""
    return _trimmed(inline(pieces, scene))


def choice(ask: Phrase, scene: Scene) -> Answered:
    """Return a choice in the drawn order.

    Where each answer has a condition, the right one is that whose condition holds, and no other's
    may; else it is the one that the author writes first, and nothing proves that it is right.
    """
    says = [_trimmed(inline(part, scene)) for part in ask.choices]
    claim = _conditions(ask, scene)
    first = 0 if claim is None else claim.right
    prints = _options(says, scene.draws["order"][ask.name], ask.name, first)
    right = prints["right"]
    facts = (piece for piece in ask.choices[first] if isinstance(piece, Fact | Behind))
    step = Step("choice", Tex(""), "", claims=tuple(stated(f, scene, "")[1].claim for f in facts))
    expr = right
    if claim:
        (left, other), (sign,) = claim.conditions[first].sides, claim.conditions[first].signs
        expr = f"{to_text(left)} {sign} {to_text(other)}"
    solved = Solved(ask.name, Tex(rf"\text{{{right}}}"), None, expr, (step,), claim)
    if claim is not None:
        return Answered(prints, (solved,))
    return Answered({**prints, "rubric": [[f"{right}: ", *says[first]]]}, (solved,))


def _conditions(ask: Phrase, scene: Scene) -> ChoiceClaim | None:
    """Return the claim that one condition of a choice holds; None where there are none.

    Raises:
        KindError: an answer has no condition, or not exactly one condition holds.

    """
    parts = [[piece for piece in part if isinstance(piece, Where)] for part in ask.choices]
    if not any(parts):
        return None
    if any(len(part) != 1 for part in parts):
        remedy = "Give every answer one, or none of them."
        raise scene.error("each answer of this choice needs its condition", ask.span, remedy)
    (of,) = {part.of for (part,) in parts if part.of} or {""}
    scene = scene.ending(of, ask.span)
    conditions = tuple(
        Condition(tuple(expr for expr, _ in scene.sides(part)), part.signs) for (part,) in parts
    )
    for (part,), condition in zip(parts, conditions, strict=True):
        (left, right), (sign,) = condition.sides, condition.signs
        scene.check_sides(left, right, part.span, sign)
    claim = ChoiceClaim(scene.graph, conditions, 0, scene.leaves if _has_numbers(scene) else None)
    found = claim.holding()
    if len(found) != 1:
        said = "no condition of this choice holds" if not found else "more than one condition holds"
        raise scene.error(said, ask.span, "Exactly one has to.")
    return replace(claim, right=found[0])


def among(ask: Phrase, scene: Scene, answered: Answered) -> Answered:
    """Return an ask as a choice: what it is answered by, among the author's wrong answers.

    Raises:
        KindError: one of them is right too.

    """
    (solved,) = answered.solved
    says: list[list[str | Tex]] = [[Tex(f"${solved.latex}$")]]
    for wrong in ask.choices:
        said = [part for part in wrong if not (isinstance(part, Words) and part.text.isspace())]
        if len(said) == 1 and isinstance(said[0], Formula) and _is_right(solved, said[0], scene):
            raise scene.error("this is right too", said[0].span, "Write a wrong answer.")
        says.append(_trimmed(inline(wrong, scene)))
    prints = _options(says, scene.draws["order"][ask.name], ask.name)
    return Answered({**prints, "asked": answered.prints}, answered.solved, answered.layout)


def _is_right(solved: Solved, formula: Formula, scene: Scene) -> bool:
    """Whether the claim of an answer holds of another formula as well."""
    expr, latex = scene.formula(formula)
    if latex == solved.latex.tex:
        return True
    claim: Any = solved.claim
    other = {"rights": (expr,)} if isinstance(claim, Equation) else {"expr": expr}
    try:
        replace(claim, **other).prove()
    except (CertificateError, MisfitError, ValueError, LookupError):
        return False
    return True


def _options(
    says: list[list[str | Tex]], order: Sequence[int], name: str, first: int = 0
) -> dict[str, Any]:
    """Return what is chosen from, in an order; ``first`` is the place of the right one."""
    options = [
        {"letter": ascii_uppercase[place], "says": says[which]} for place, which in enumerate(order)
    ]
    right = ascii_uppercase[order.index(first)]
    return {"show": "choice", "asked": "", "answer": name, "options": options, "right": right}


def rubric(ask: Phrase, scene: Scene) -> Answered:
    """Return an answer in words, of which the key says what a full one has."""
    facts: list[Solved] = []
    points: list[list[str | Tex]] = []
    for choice in ask.choices:
        said: list[str | Tex] = []
        for piece in choice:
            if isinstance(piece, Fact | Behind):
                before, solved = stated(piece, scene, f"{ask.name}.{len(facts) + 1}")
                facts.append(solved)
                said.append(Tex(f"${before}{blank(solved.name)}$"))
            else:
                said += inline((piece,), scene)
        points.append(_trimmed(said))
    steps = tuple(Step("point", Tex(""), "", note=_is_note(point)) for point in points)
    solved = Solved(ask.name, Tex(""), None, "", steps, None)
    return Answered({"show": "", "rubric": points}, (solved, *facts), "rubric")


def _is_note(point: list[str | Tex]) -> bool:
    """Whether a point is a note to the grader; the word that says so is cut off."""
    first = point[0]
    if isinstance(first, str) and first.startswith(NOTE):
        point[0] = first.removeprefix(NOTE).lstrip()
        return True
    return False


def _trimmed(pieces: list[str | Tex]) -> list[str | Tex]:
    """Return pieces without spaces at either end."""
    found = [" ".join(part.split("\n")) if isinstance(part, str) else part for part in pieces]
    if isinstance(found[0], str):
        found[0] = found[0].lstrip()
    if isinstance(found[-1], str):
        found[-1] = found[-1].rstrip()
    return [part for part in found if part != ""]
