"""The wording of rubrics: one step for each point that a grader gives, or note to them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from exgen.document import Answer, Problem, Step, Tex
from exgen.page import USUAL
from exgen.render.blanks import ASKED, filled
from exgen.render.characters import escape
from exgen.render.jinja import template

if TYPE_CHECKING:
    from collections.abc import Sequence

RUBRIC_PART = re.compile(r"\\(item|note) (.*?)(?=\\(?:item|note) |\Z)", re.DOTALL)
"""A point of a rubric, or a note to the grader that is worth nothing by itself."""


def with_rubrics(problem: Problem) -> Problem:
    """Return a problem whose rubrics hold their wording: one step for each point or note.

    The rule of a step names the proven facts that its point states. So whoever has the manifest
    can grade without a template.
    """
    own = problem.fields.get("rubrics")
    answers = tuple(
        answer
        if not answer.is_rubric
        else replace(answer, steps=_points(problem))
        if own is None
        else replace(answer, steps=_own_points(answer, own[answer.name]))
        for answer in problem.answers
    )
    return replace(problem, answers=answers)


def _own_points(answer: Answer, points: Sequence[Sequence[str | Tex]]) -> tuple[Step, ...]:
    """Return the steps of a rubric with the words that its author gave each."""
    texts = (
        "".join(part.tex if isinstance(part, Tex) else escape(part) for part in point)
        for point in points
    )
    return tuple(
        replace(step, why=Tex(text)) for step, text in zip(answer.steps, texts, strict=True)
    )


def _points(problem: Problem) -> tuple[Step, ...]:
    def proven(name: str) -> Tex:
        return Tex(rf"\exgenask{{{name}}}")

    def write(match: re.Match[str]) -> str:
        return f"${filled(problem.answer(match[1]))}$"

    wording = template(f"problems/rubrics/{problem.fields['topic']}.tex.j2")
    text = wording.render(_fill=str, _page=USUAL, proven=proven, **problem.fields)
    parts = [(part[1], " ".join(part[2].split())) for part in RUBRIC_PART.finditer(text)]
    return tuple(
        Step(
            ", ".join(ASKED.findall(part)),
            Tex(""),
            Tex(ASKED.sub(write, part)),
            note=sort == "note",
        )
        for sort, part in parts
    )
