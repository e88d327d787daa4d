"""Asks in words: a choice, and a rubric of the author's own, whose facts are proven."""

from __future__ import annotations

from string import ascii_uppercase
from typing import TYPE_CHECKING, Any

from exgen.asks.grammar import EQUALS
from exgen.asks.pieces import Fact, Words
from exgen.asks.scene import Answered, Scene
from exgen.certify.equations import EquationClaim
from exgen.document import Step, Tex
from exgen.errors import CertificateError
from exgen.problems.base import Solved
from exgen.problems.steps import claimed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exgen.asks.pieces import Inline, Phrase


def inline(pieces: Sequence[Inline], scene: Scene) -> list[str | Tex]:
    """Return words as plain text, and formulas and facts in the notation."""
    return [_inline(piece, scene) for piece in pieces]


def _inline(piece: Inline, scene: Scene) -> str | Tex:
    if isinstance(piece, Words):
        return piece.text
    sides = piece.sides if isinstance(piece, Fact) else EQUALS.split(piece.text)
    printed = [scene.formula(side, piece.span)[1] for side in sides]
    return Tex(f"${' = '.join(printed)}$")


def _claims(pieces: Sequence[Inline], scene: Scene) -> tuple[Mapping[str, Any], ...]:
    found: list[Mapping[str, Any]] = []
    layout = scene.setting.notation.layout
    for piece in pieces:
        if isinstance(piece, Fact):
            sides = tuple(scene.formula(side, piece.span)[0] for side in piece.sides)
            try:
                EquationClaim(scene.graph, sides, layout, ()).prove()
            except CertificateError as error:
                remedy = f"At trial numbers its sides differ; {error.message}."
                raise scene.error("this fact does not hold", piece.span, remedy) from None
            found += claimed(scene.graph, sides, scene.graph, layout=layout)
    return tuple(found)


def choice(ask: Phrase, scene: Scene) -> Answered:
    """Return a choice in the drawn order; the author writes the right one first."""
    order = scene.draws["order"][ask.name]
    options = [
        {"letter": ascii_uppercase[place], "says": _trimmed(inline(ask.choices[which], scene))}
        for place, which in enumerate(order)
    ]
    right = options[order.index(0)]
    step = Step("choice", Tex(""), "", claims=_claims(ask.choices[0], scene))
    solved = Solved(ask.name, Tex(rf"\text{{{right['letter']}}}"), None, "", (step,), None)
    prints = {
        "show": "choice",
        "answer": ask.name,
        "options": options,
        "right": right["letter"],
        "rubric": [[f"{right['letter']}: ", *right["says"]]],
    }
    return Answered(prints, (solved,))


def rubric(ask: Phrase, scene: Scene) -> Answered:
    """Return an answer in words, of which the key says what a full one has."""
    points = [_trimmed(inline(point, scene)) for point in ask.choices]
    steps = tuple(Step("point", Tex(""), "", claims=_claims(point, scene)) for point in ask.choices)
    solved = Solved(ask.name, Tex(""), None, "", steps, None)
    return Answered({"show": "", "rubric": points}, (solved,), "rubric")


def _trimmed(pieces: list[str | Tex]) -> list[str | Tex]:
    """Return pieces without spaces at either end."""
    found = [" ".join(part.split("\n")) if isinstance(part, str) else part for part in pieces]
    if isinstance(found[0], str):
        found[0] = found[0].lstrip()
    if isinstance(found[-1], str):
        found[-1] = found[-1].rstrip()
    return [part for part in found if part != ""]
