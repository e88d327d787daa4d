"""The wording of rubrics: one step for each point that a grader gives, or note to them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from exgen.document import Answer, Problem, Step, Tex
from exgen.render.blanks import ASKED, filled
from exgen.render.characters import escape

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence


def with_rubrics(problem: Problem) -> Problem:
    """Return a problem whose rubrics hold their wording: one step for each point or note.

    The rule of a step names the proven facts that its point states. So whoever has the manifest
    can grade without a template.
    """
    points = problem.fields.get("rubrics", {})
    answers = tuple(
        replace(answer, steps=_points(problem, answer, points[answer.name]))
        if answer.is_rubric
        else answer
        for answer in problem.answers
    )
    return replace(problem, answers=answers)


def _points(
    problem: Problem, answer: Answer, points: Sequence[Sequence[str | Tex]]
) -> tuple[Step, ...]:
    def write(match: re.Match[str]) -> str:
        return filled(problem.answer(match[1]))

    texts = (
        "".join(part.tex if isinstance(part, Tex) else escape(part) for part in point)
        for point in points
    )
    return tuple(
        replace(step, rule=", ".join(ASKED.findall(text)), why=Tex(ASKED.sub(write, text)))
        for step, text in zip(answer.steps, texts, strict=True)
    )
