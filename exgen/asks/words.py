"""Asks in words: a choice, and a rubric of the author's own, whose facts are proven."""

from __future__ import annotations

from dataclasses import replace
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any

from exgen.asks.grammar import EQUALS
from exgen.asks.pieces import Fact, Formula, Where, Words
from exgen.asks.scene import Answered, Scene
from exgen.certify.choices import ChoiceClaim, Condition
from exgen.certify.equation import Equation
from exgen.document import Step, Tex
from exgen.errors import CertificateError, MisfitError
from exgen.language import to_text
from exgen.problems.base import Solved
from exgen.problems.steps import claimed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exgen.asks.pieces import Inline, Phrase
    from exgen.certify.prove import Claim


NOTE = "note:"


def inline(pieces: Sequence[Inline], scene: Scene) -> list[str | Tex]:
    """Return words as plain text, and formulas and facts in the notation."""
    return [_inline(piece, scene) for piece in pieces if not isinstance(piece, Where)]


def _inline(piece: Words | Formula | Fact, scene: Scene) -> str | Tex:
    if isinstance(piece, Words):
        return piece.text
    sides = piece.sides if isinstance(piece, Fact) else EQUALS.split(piece.text)
    printed = [scene.formula(side, piece.span)[1] for side in sides]
    return Tex(f"${' = '.join(printed)}$")


def _claims(pieces: Sequence[Inline], scene: Scene) -> tuple[Claim, ...]:
    found: list[Claim] = []
    for piece in pieces:
        if isinstance(piece, Fact):
            sides = tuple(scene.formula(side, piece.span)[0] for side in piece.sides)
            try:
                Equation(scene.graph, None, sides).prove()
            except CertificateError as error:
                remedy = f"At trial numbers its sides differ; {error.message}."
                raise scene.error("this fact does not hold", piece.span, remedy) from None
            found += claimed(scene.graph, sides)
    return tuple(found)


def proven_words(
    pieces: Sequence[Inline], scene: Scene
) -> tuple[list[str | Tex], tuple[Claim, ...]]:
    """Return words without spaces at either end, and the claims of the facts in them, proven."""
    return _trimmed(inline(pieces, scene)), _claims(pieces, scene)


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
    step = Step("choice", Tex(""), "", claims=_claims(ask.choices[first], scene))
    holds = claim.conditions[first] if claim else None
    expr = f"{to_text(holds.left)} {holds.sign} {to_text(holds.right)}" if holds else right
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
    conditions = tuple(
        Condition(
            scene.formula(part.left, part.span)[0],
            part.sign,
            scene.formula(part.right, part.span)[0],
        )
        for (part,) in parts
    )
    leaves = scene.leaves if "numbers" in scene.draws else None
    claim = ChoiceClaim(scene.graph, conditions, 0, leaves)
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
    points = [_trimmed(inline(point, scene)) for point in ask.choices]
    notes = [_is_note(point) for point in points]
    steps = tuple(
        Step("point", Tex(""), "", note=note, claims=_claims(point, scene))
        for point, note in zip(ask.choices, notes, strict=True)
    )
    solved = Solved(ask.name, Tex(""), None, "", steps, None)
    return Answered({"show": "", "rubric": points}, (solved,), "rubric")


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
