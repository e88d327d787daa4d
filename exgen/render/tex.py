"""The document as TeX: one template, with one switch between problem sheet and key."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from msgspec import structs

from exgen.document import Problem, ProblemSet, Tex
from exgen.grading import points_text
from exgen.languages import ENGLISH, Language, load_language, nobody
from exgen.page import WORDS, Page
from exgen.render.characters import declarations, escape
from exgen.render.conventions import box, said
from exgen.render.head import head
from exgen.render.jinja import IN_PROBLEM, template
from exgen.render.problem import NOTHING_AROUND, Around, problem_body

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DOCUMENTS: Mapping[str, bool] = {"problems": False, "solutions": True}
"""The documents of a set by name, and whether each is the key."""
PLOT = 85.0
"""How wide a plot is, in millimetres."""


def render_tex(problem_set: ProblemSet, told: Callable[[str], None] = nobody) -> dict[str, str]:
    """Return the TeX source of the problem sheet and of the key, by name.

    Args:
        problem_set: the document.
        told: hears of each sentence that the language of the set has no words for.

    Raises:
        RuntimeError: a template leaves out an answer of its problem, or asks for one twice.

    """
    language = load_language(problem_set.language, told=told)
    return {name: _document(problem_set, language, key=key) for name, key in DOCUMENTS.items()}


def _document(problem_set: ProblemSet, language: Language, *, key: bool) -> str:
    page = _page(problem_set, key=key)
    bodies = problem_bodies(problem_set, language, key=key)
    hints = [(n, _hint(part)) for n, part in enumerate(problem_set.problems, 1)]
    conventions = [Tex(language.page(part.tex)) for part in box(problem_set, bodies)]
    if page.hints == "sheet" and not key:
        bodies = [_hinted(body, hint) for body, (_, hint) in zip(bodies, hints, strict=True)]
    printed = "\n".join(bodies)
    words = [problem_set.title, problem_set.course, problem_set.code, *page.identity, printed]
    words += [getattr(page, name) for name in WORDS]
    return template("documents/sheet.tex.j2").render(
        _fill=str,
        set=problem_set,
        page=page,
        head=head(problem_set, page, key=key),
        **spoken(language),
        letters=declarations(words),
        conventions=conventions,
        hints=[part for part in hints if page.hints == "page" and part[1] and not key],
        bodies=[
            (Tex(problem.name), _in_words(problem), Tex(body))
            for problem, body in zip(problem_set.problems, bodies, strict=True)
        ],
        key=key,
        plots=r"\explot" in printed,
        plot_scale=round(min(page.scale, (page.column - IN_PROBLEM * page.scale) / PLOT), 3),
        drawn=r"\begin{tikzpicture}" in printed,
        total=points_text(sum(problem.points for problem in problem_set.problems)),
    )


def spoken(language: Language) -> Mapping[str, Callable[[Any], Any]]:
    """Return how a document says our words in its language, and its author's where it has them."""
    return {
        "say": lambda text: Tex(language.page(escape(text) if isinstance(text, str) else text.tex)),
        "dated": language.dated,
        "own": lambda text: language.messages.get(text, text),
    }


def _in_words(problem: Problem) -> str:
    """Return what a problem is worth in words; a note that asks nothing is worth nothing."""
    return points_text(problem.points) if problem.points or problem.answers else ""


def problem_bodies(
    problem_set: ProblemSet, language: Language = ENGLISH, *, key: bool
) -> list[str]:
    """Return the TeX of each problem, without the page around it."""
    page = _page(problem_set, key=key)
    around = Around(page, said(problem_set), _derived(problem_set), language)
    return [
        problem_body(problem, number, around, key=key)
        for number, problem in enumerate(problem_set.problems, start=1)
    ]


def _page(problem_set: ProblemSet, *, key: bool) -> Page:
    """Return how a document is set: the key has one column, for its lines are long."""
    return structs.replace(problem_set.page, columns=1) if key else problem_set.page


def problem_alone(problem: Problem, page: Page, language: Language, *, key: bool) -> str:
    """Return the TeX of a problem that stands in a document of its own."""
    body = problem_body(problem, 1, replace(NOTHING_AROUND, page=page, words=language), key=key)
    if page.hints == "sheet" and not key:
        body = _hinted(body, _hint(problem))
    # the parts have points of their own, and a class that adds them up must not count them twice
    counted = bool(problem.parts) or not problem.points
    return body.replace(rf"\question[{problem.points}]", r"\question", 1) if counted else body


def _hint(problem: Problem) -> str:
    """Return the hints of a problem and of its answers; empty where there are none."""
    return " ".join(filter(None, (problem.hint, *problem.fields.get("hints", {}).values())))


def _hinted(body: str, hint: str) -> str:
    """Return a problem with its hint, which stands before its first part or at its end."""
    if not hint:
        return body
    before, parts, after = body.partition(r"\begin{parts}")
    return f"{before.rstrip()}\n\\exhint{{{escape(hint)}}}\n{parts}{after}"


def _derived(problem_set: ProblemSet) -> Mapping[str, int]:
    """Return the number of the first problem whose key derives a rule, by the rule."""
    found: dict[str, int] = {}
    for number, problem in enumerate(problem_set.problems, start=1):
        for rule in problem.fields.get("derives", ()):
            found.setdefault(rule, number)
    return found
