"""Problems for an author's own document: a file of TeX for each, and the style file they need."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from msgspec import structs

from exgen.document import Tex
from exgen.languages import load_language
from exgen.page import FRAGMENT, USUAL
from exgen.render.characters import T5_PREAMBLE, spelled
from exgen.render.conventions import box
from exgen.render.jinja import template
from exgen.render.tex import problem_alone, spoken

if TYPE_CHECKING:
    from exgen.document import Problem, ProblemSet
    from exgen.languages import Language

STYLE = "exgen.sty"


def fragments(problem_set: ProblemSet) -> dict[str, bytes]:
    """Return the files by name: the style file, and ``problem-ID.tex`` for each problem."""
    language = load_language(problem_set.language)
    style = template("documents/exgen.sty.j2").render(
        _fill=str, **spoken(language), plot_scale=1, t5=Tex(T5_PREAMBLE)
    )
    files = {
        f"problem-{part.name}.tex": _fragment(problem_set, part, language)
        for part in problem_set.problems
    }
    return {name: text.encode() for name, text in {STYLE: style, **files}.items()}


def _fragment(problem_set: ProblemSet, problem: Problem, language: Language) -> str:
    own = problem_set.page
    page = structs.replace(own, columns=1, size=USUAL.size, width=own.width or FRAGMENT)
    sheet, key = (problem_alone(problem, page, language, key=key) for key in (False, True))
    said = box(replace(problem_set, problems=(problem,)), [sheet, key])
    text = template("documents/fragment.tex.j2").render(
        _fill=str,
        set=problem_set,
        name=Tex(f"problem-{problem.name}"),
        conventions=[Tex(language.page(part.tex)) for part in said],
        sheet=Tex(sheet),
        key=Tex(key),
    )
    return spelled(text)
