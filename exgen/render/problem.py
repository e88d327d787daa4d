"""One problem as TeX: its template, with one switch between problem sheet and key."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from exgen.document import MOST_MISTAKES, Mistake, Problem, Tex
from exgen.grading import points_latex
from exgen.languages import ENGLISH, Language, nobody
from exgen.page import USUAL, Page
from exgen.render.blanks import ASKED, blank, empty_grid, filled
from exgen.render.conventions import Said
from exgen.render.jinja import template
from exgen.render.room import SHORT, fills_a_line, fitted, room, width

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

PART = re.compile(r"\\(?:part|exshort)(?![A-Za-z])")
"""What begins a part; its points come behind it in brackets."""
LAST_SHORT = re.compile(
    r"\\exshort(?![A-Za-z])(?!(?:(?!\\part(?![A-Za-z])|\\exwide).)*\\exshort)", re.DOTALL
)
"""A short part that no other short part follows, at least not at once and not beside it."""
TEXT = "text"
"""The kind of a problem that is given by its text."""


@dataclass(frozen=True, slots=True)
class Around:
    """What a problem knows of the document around it.

    Attributes:
        page: how it is set.
        said: what page 1 says of all networks.
        derived: the number of the first problem whose key derives a rule, by the rule.
        words: its language, which says how wide a reason is.

    """

    page: Page
    said: Said
    derived: Mapping[str, int]
    words: Language = ENGLISH


NOTHING_AROUND = Around(USUAL, Said(frozenset()), {})


def parts_of(problem: Problem) -> list[tuple[str, ...]]:
    """Return the parts of a problem on the sheet, each with the answers that it asks for.

    A problem without parts has none. What is asked before the first part belongs to it.
    """
    asked: list[str] = []
    starts: list[int] = []
    before = 0
    for piece in _pieces(problem, 1, NOTHING_AROUND, asked, key=False):
        # a part asks in the piece that begins it, or in those that follow
        starts += [before] * len(PART.findall(piece))
        before = len(asked)
    if not starts:
        return []
    starts, ends = [0, *starts[1:]], [*starts[1:], len(asked)]
    return [tuple(asked[start:end]) for start, end in zip(starts, ends, strict=True)]


def problem_body(problem: Problem, number: int, around: Around, *, key: bool) -> str:
    """Return the TeX of a problem in its language, each part with its points.

    Raises:
        RuntimeError: its template leaves out an answer or a part, or asks for one twice.

    """
    body = "".join(_pieces(problem, number, around, [], key=key))
    body = LAST_SHORT.sub(lambda last: rf"\exfree{last[0]}", body).replace(r"\exwide", "")
    # an author writes in a language of their choice, which no catalogue has to know
    words = replace(around.words, told=nobody) if problem.kind == TEXT else around.words
    body = words.page(body)
    if not problem.parts:
        return body
    points = iter(problem.parts)

    def worth(match: re.Match[str]) -> str:
        return f"{match[0]}[{points_latex(next(points).points)}]"

    if len(PART.findall(body)) != len(problem.parts):
        raise RuntimeError(f"'{problem.name}' does not have {len(problem.parts)} parts")
    return PART.sub(worth, body)


def _pieces(
    problem: Problem, number: int, around: Around, asked: list[str], *, key: bool
) -> Iterator[str]:
    """Yield the TeX of a problem as its template goes along, and note in ``asked`` what it asks."""
    told: list[str] = []
    slips: set[str] = set()

    def ask(name: str) -> Tex:
        """Register an answer: its value on the key, a blank on the sheet."""
        asked.append(name)
        answer = problem.answer(name)
        return Tex(filled(answer) if key else blank(answer))

    def space(*names: str, columns: int = 1) -> Tex:
        """Give room to write on the sheet, as much as the worked key of these answers takes."""
        return Tex("" if key else _below(_room(problem, page, names, columns)))

    def part(
        *names: str,
        caller: Callable[[], str],
        layout: str = "worked",
        after: str = "",
        worked: bool = True,
    ) -> str:
        """Begin a part, whose question the caller writes, and register its answer by ``work``.

        On the sheet a short answer has its room beside the question, and shares the line with
        another such part; a derivation has the whole width below it. ``after`` is what stands
        behind that room, such as a second blank.
        Unless it is ``worked`` here, the template itself shows the answer on the key.
        """
        question = caller().strip()
        if key:
            solution = work(*names, layout=layout) if worked else ""
            return f"\\part {question}\n{solution}"
        asked.append(names[0])
        high = _room(problem, page, names)
        if not high or layout == "derivation" or high > SHORT:
            return rf"\part {question} {after}{_below(high)}"
        wide = width(problem.answer(names[0]))
        alone = r"\exwide" if fills_a_line(f"{question}{after}", wide, page) else ""
        return rf"{alone}\exshort{{{question}}}{{{after}}}{{{wide}mm}}{{{high}mm}}"

    def work(
        *names: str, layout: str = "worked", high: int | None = None, asks: bool = True
    ) -> Tex:
        """Register answers: their worked solution on the key, room to write on the sheet.

        The layout is that of the solution: ``worked`` line by line, some of it aligned, or
        ``rubric`` with points; ``backward`` and ``examples`` are worked and say what comes. The
        room has the height of these answers, unless one is given. What stands in a blank already
        is worked out without ``asks``.
        """
        begun = [problem.answer(name) for name in asked]
        asked.extend(names if asks else ())
        if not key:
            return Tex(_below(_room(problem, page, names, given=high)))
        answers = [problem.answer(name) for name in names]
        own = {"worth": answers[0].points, "begun": begun, "mistakes": mistakes, "layout": layout}
        return rendered("rubric" if layout == "rubric" else "worked", answers=answers, **own)

    def mistakes(*names: str, verb: str = "wrote") -> Tex:
        """Tell, on the key, the likeliest mistakes in these answers of one part.

        Each slip is told once in a problem: of the first part in which it is likely.
        """
        told.extend(names)
        every = [problem.answer(name).mistakes for name in names]
        found = likeliest([[part for part in own if part.slip not in slips] for own in every])
        slips.update(part.slip for part in found)
        if not key or not found:
            return Tex("")
        return rendered("mistakes", mistakes=found, verb=verb, is_tall=_is_tall)

    def grid(name: str) -> Tex:
        """Register an answer: its value on the key, a grid of empty cells on the sheet."""
        asked.append(name)
        answer = problem.answer(name)
        return Tex(filled(answer) if key else empty_grid(answer))

    def fact(name: str) -> Tex:
        """Register an answer that only the key shows, such as a fact behind a rubric."""
        asked.append(name)
        return Tex(filled(problem.answer(name)) if key else "")

    def figure(drawing: Mapping[str, Any]) -> Tex:
        """Draw a figure; blanks in it are asked like any other."""
        turned, scale = fitted(drawing, page)
        return rendered("figure", figure=drawing, turned=turned, scale=scale)

    def fill(part: Tex) -> str:
        return ASKED.sub(lambda match: str(ask(match[1])), part.tex)

    def rendered(name: str, **fields: object) -> Tex:
        document = template(f"documents/{name}.tex.j2")
        fields |= {"derived_in": around.derived, "number": number}
        return Tex(document.render(_fill=fill, _page=page, _words=around.words, **fields))

    page = around.page

    yield from template(f"problems/{_template_of(problem)}.tex.j2").generate(
        _fill=fill,
        _page=page,
        _words=around.words,
        problem=problem,
        number=number,
        page_says=around.said,
        derived_in=around.derived,
        key=key,
        ask=ask,
        work=work,
        part=part,
        space=space,
        grid=grid,
        fact=fact,
        figure=figure,
        mistakes=mistakes,
        answer=problem.answer,
        **problem.fields,
    )
    _check(problem, asked, told, key=key)


def _template_of(problem: Problem) -> str:
    """Return the name of a problem's template: that of its kind, or of all text with asks."""
    return "text" if "blocks" in problem.fields else problem.kind


def _room(
    problem: Problem,
    page: Page,
    names: Sequence[str],
    columns: int = 1,
    given: int | None = None,
) -> int:
    """Return the height of the room for some answers of a problem, in millimetres; 0 for none."""
    if page.each_point is not None:
        worth = _worth(problem)
        return round(page.each_point * sum(map(worth.__getitem__, names)))
    if given is not None:
        return given
    proofs = problem.fields.get("derives", ())
    return room(map(problem.answer, names), columns, page.column / USUAL.column, proofs)


def _below(high: int) -> str:
    return rf"\exspace{{{high}mm}}" if high else ""


def _worth(problem: Problem) -> Mapping[str, float]:
    """Return the points of each answer: those of its part, divided among the answers there.

    The facts in a rubric, which only the key shows, have none.
    """
    rubrics = [answer for answer in problem.answers if answer.is_rubric]
    facts = {name for rubric in rubrics for step in rubric.steps for name in step.rule.split(", ")}
    parts = [(part.points, part.answers) for part in problem.parts]
    parts = parts or [(problem.points, tuple(answer.name for answer in problem.answers))]
    asked = [(points, [name for name in names if name not in facts]) for points, names in parts]
    return dict.fromkeys(facts, 0.0) | {
        name: points / len(names) for points, names in asked for name in names
    }


def _check(problem: Problem, asked: Sequence[str], told: Sequence[str], *, key: bool) -> None:
    """See to it that a template has asked for every answer once, and told every mistake."""
    expected = sorted(answer.name for answer in problem.answers)
    if sorted(asked) != expected:
        raise RuntimeError(
            f"the template of {problem.kind} asks for {sorted(asked)}, not for {expected}"
        )
    untold = {answer.name for answer in problem.answers if answer.mistakes} - set(told)
    if key and untold:
        raise RuntimeError(f"the template of {problem.kind} does not tell {sorted(untold)}")


def likeliest(answers: Sequence[Sequence[Mistake]]) -> list[Mistake]:
    """Return the mistakes that a key tells of one part: two at most, by different slips.

    Each answer's come with the likeliest first, so the first of each answer go before the second.
    """
    every: dict[str, Mistake] = {}
    for level in zip_longest(*answers):
        for mistake in filter(None, level):
            every.setdefault(mistake.slip, mistake)
    return list(every.values())[:MOST_MISTAKES]


def _is_tall(latex: Tex) -> bool:
    """Whether a formula has a fraction or a sum, which running text sets in too small a size."""
    return re.search(r"\\(?:frac|sum)\b", latex.tex) is not None
