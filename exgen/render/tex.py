"""The document as TeX: one template, with one switch between problem sheet and key."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from msgspec import structs

from exgen.document import MOST_MISTAKES, Answer, Mistake, Problem, ProblemSet, Step, Tex
from exgen.grading import points_latex, points_text
from exgen.languages import ENGLISH, Language, load_language, nobody
from exgen.page import USUAL, WORDS, Page
from exgen.readback.declarations import Declared, declare, give
from exgen.readback.sentences import say
from exgen.render.breaking import PAGE, chain, display, pairs, wide
from exgen.render.characters import declarations, escape
from exgen.render.conventions import Said, box, said
from exgen.render.head import head
from exgen.render.plots import plots
from exgen.render.room import SHORT, fitted, room, width
from exgen.render.widths import formula_width
from exgen.resources import templates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from jinja2 import Environment, Template
    from jinja2.runtime import Context

ASKED = re.compile(r"\\exgenask\{([^{}]*)\}")
PART = re.compile(r"\\(?:part|exshort)(?![A-Za-z])")
"""What begins a part; its points come behind it in brackets."""
LAST_SHORT = re.compile(
    r"\\exshort(?![A-Za-z])(?!(?:(?!\\part(?![A-Za-z])).)*\\exshort)", re.DOTALL
)
"""A short part that no other short part follows, at least not at once."""
RUBRIC_PART = re.compile(r"\\(item|note) (.*?)(?=\\(?:item|note) |\Z)", re.DOTALL)
"""A point of a rubric, or a note to the grader that is worth nothing by itself."""
DOCUMENTS: Mapping[str, bool] = {"problems": False, "solutions": True}
"""The documents of a set by name, and whether each is the key."""
IN_PART, IN_PROBLEM = 17.0, 9.0
"""How much narrower than the text a part is, and a problem without parts, in millimetres."""
TEXT = "text"
"""The kind of a problem that is given by its text."""
PLOT = 85.0
"""How wide a plot is, in millimetres."""


@dataclass(frozen=True, slots=True)
class _Around:
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


NOTHING_AROUND = _Around(USUAL, Said(frozenset()), {})


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
    template = _environment().get_template("documents/sheet.tex.j2")
    return template.render(
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
        plots=plots(printed),
        plot_scale=round(min(page.scale, (page.column - IN_PROBLEM * page.scale) / PLOT), 3),
        drawn=r"\begin{tikzpicture}" in printed,
        total=points_text(sum(problem.points for problem in problem_set.problems)),
    )


def spoken(language: Language) -> Mapping[str, Callable[[Any], Any]]:
    """Return how a document says our words in its language, and its author's where it has them."""
    return {
        "say": lambda text: Tex(language.page(escape(text) if isinstance(text, str) else text.tex)),
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
    around = _Around(page, said(problem_set), _derived(problem_set), language)
    return [
        _problem(problem, number, around, key=key)
        for number, problem in enumerate(problem_set.problems, start=1)
    ]


def _page(problem_set: ProblemSet, *, key: bool) -> Page:
    """Return how a document is set: the key has one column, for its lines are long."""
    return structs.replace(problem_set.page, columns=1) if key else problem_set.page


def problem_alone(problem: Problem, page: Page, language: Language, *, key: bool) -> str:
    """Return the TeX of a problem that stands in a document of its own."""
    body = _problem(problem, 1, replace(NOTHING_AROUND, page=page, words=language), key=key)
    if page.hints == "sheet" and not key:
        body = _hinted(body, _hint(problem))
    # the parts have points of their own, and a class that adds them up must not count them twice
    return body.replace(rf"\question[{problem.points}]", r"\question", 1) if problem.parts else body


def template(name: str) -> Template:
    """Return a template by its path."""
    return _environment().get_template(name)


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


def _problem(problem: Problem, number: int, around: _Around, *, key: bool) -> str:
    body = "".join(_pieces(problem, number, around, [], key=key))
    body = LAST_SHORT.sub(lambda last: rf"\exfree{last[0]}", body)
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
    problem: Problem, number: int, around: _Around, asked: list[str], *, key: bool
) -> Iterator[str]:
    """Yield the TeX of a problem as its template goes along, and note in ``asked`` what it asks."""
    told: list[str] = []
    slips: set[str] = set()

    def ask(name: str) -> Tex:
        """Register an answer: its value on the key, a blank on the sheet."""
        asked.append(name)
        answer = problem.answer(name)
        return Tex(_filled(answer) if key else _blank(answer))

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
        return rf"\exshort{{{question}}}{{{after}}}{{{wide}mm}}{{{high}mm}}"

    def work(
        name: str,
        *others: str,
        layout: str = "worked",
        columns: int = 1,
        high: int | None = None,
    ) -> Tex:
        """Register an answer: its worked solution on the key, room to write on the sheet.

        The layout is that of the solution: ``worked``, ``derivation`` with aligned lines, or
        ``rubric`` with points. The room is that of this answer and others, in so many columns,
        unless its height is given.
        """
        asked.append(name)
        if not key:
            return Tex(_below(_room(problem, page, (name, *others), columns, high)))
        worked = environment.get_template(f"documents/{layout}.tex.j2")
        answer = problem.answer(name)
        worth = [Tex(points_latex(points)) for points in answer.points]
        return rendered(worked, answer=answer, mistakes=mistakes, worth=worth)

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
        template = environment.get_template("documents/mistakes.tex.j2")
        return rendered(template, mistakes=found, verb=verb, is_tall=_is_tall)

    def grid(name: str) -> Tex:
        """Register an answer: its value on the key, a grid of empty cells on the sheet."""
        asked.append(name)
        answer = problem.answer(name)
        return Tex(_filled(answer) if key else _empty_grid(answer))

    def fact(name: str) -> Tex:
        """Register an answer that only the key shows, such as a fact behind a rubric."""
        asked.append(name)
        return Tex(_filled(problem.answer(name)) if key else "")

    def figure(drawing: Mapping[str, Any]) -> Tex:
        """Draw a figure; blanks in it are asked like any other."""
        template = environment.get_template("documents/figure.tex.j2")
        turned, scale = fitted(drawing, page)
        return rendered(template, figure=drawing, turned=turned, scale=scale)

    def fill(part: Tex) -> str:
        return ASKED.sub(lambda match: str(ask(match[1])), part.tex)

    def rendered(template: Template, **fields: object) -> Tex:
        return Tex(template.render(_fill=fill, _page=page, _words=around.words, **fields))

    page = around.page

    environment = _environment()
    yield from environment.get_template(f"problems/{_template_of(problem)}.tex.j2").generate(
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


def _marked(equation: str) -> str:
    """Return an equation whose last side is marked as the answer."""
    left, sign, right = equation.rpartition(" = ")
    return equation if r"\exanswer" in equation else rf"{left}{sign}\exanswer{{{right}}}"


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
    return room(map(problem.answer, names), columns, page.column / USUAL.column)


def _below(high: int) -> str:
    return rf"\exspace{{{high}mm}}" if high else ""


def _worth(problem: Problem) -> Mapping[str, float]:
    """Return the points of each answer: those of its part, divided among the answers there."""
    parts = [(part.points, part.answers) for part in problem.parts]
    parts = parts or [(problem.points, tuple(answer.name for answer in problem.answers))]
    return {name: points / len(names) for points, names in parts for name in names}


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
        return f"${_filled(problem.answer(match[1]))}$"

    template = _environment().get_template(f"problems/rubrics/{problem.fields['topic']}.tex.j2")
    text = template.render(_fill=str, _page=USUAL, proven=proven, **problem.fields)
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


def _says(kind: str, **slots: object) -> Tex:
    """Return what a problem says of its network; the reader of the page knows the same words."""
    return Tex(say(kind, **slots))


def _declared(leaves: list[Mapping[str, Any]], *, hot: bool = True) -> Tex:
    """Return the sentence that declares a network's arrays, and which of them are one-hot."""
    return Tex(declare(tuple(_leaf(leaf, hot=hot) for leaf in leaves)))


def _gives(leaf: Mapping[str, Any]) -> Tex:
    """Return the sentence that declares an input or a target."""
    return Tex(give(_leaf(leaf, hot=True), "input" if leaf["role"] == "input" else "target"))


def _leaf(leaf: Mapping[str, Any], *, hot: bool) -> Declared:
    lines = leaf["hot"] if hot else ""
    return Declared(str(leaf["symbol"]), leaf["sort"], str(leaf["size"]), lines)


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


def _line(context: Context, *, parts: bool = True) -> float:
    """Return how wide a line is, in millimetres of the size at which formulas are measured."""
    page: Page = context["_page"]
    return page.line - (IN_PART if parts else IN_PROBLEM)


def _chain(
    context: Context,
    steps: Iterable[Step | Mapping[str, Any]],
    reason: str = "why",
    gap: str = "",
    *,
    parts: bool = True,
) -> Tex:
    """Return the equations of steps with their reasons, as the body of an ``align*``.

    A step may also be a table of a problem's fields, with the same names. A problem without
    ``parts`` has wider lines.
    """
    reasons = [
        (step.equation.tex, getattr(step, reason))
        if isinstance(step, Step)
        else (step["equation"].tex, step[reason])
        for step in steps
    ]
    rows = [
        (equation, rf"\exreason{{{why if isinstance(why, Tex) else escape(why)}}}")
        for equation, why in reasons
    ]
    return Tex(chain(rows, gap, _line(context, parts=parts), context["_words"].page))


def _display(context: Context, latex: Tex) -> Tex:
    """Return a formula for display style, in several lines if needed."""
    return Tex(display(str(latex), _line(context)))


def _width(context: Context, latex: Tex) -> float:
    """Return the width of a formula in a line that is as wide as one of the usual page."""
    return formula_width(str(latex)) * PAGE / _line(context)


def _wide(context: Context, right: Tex, left: Tex) -> Tex:
    """Return the right side of a line, in several lines if needed."""
    return Tex(wide(right.tex, left.tex, _line(context)))


def _reasoned(
    context: Context, rows: Iterable[tuple[object, object, object]], gap: str = ""
) -> Tex:
    """Return left sides, right sides and reasons as the body of an ``align*``."""
    lines = [(f"{left} &= {right}".strip(), str(reason)) for left, right, reason in rows]
    return Tex(chain(lines, gap, _line(context), context["_words"].page))


def _pairs(context: Context, equations: Sequence[Tex]) -> Tex:
    """Return equations as the body of an ``align*``: two to a line where they fit."""
    return Tex(pairs([equation.tex for equation in equations], _line(context)))


def _filled(answer: Answer) -> str:
    return rf"\exanswer{{{answer.latex}}}"


def _blank(answer: Answer) -> str:
    if answer.shape is None:
        return r"\exblank"
    return r" \,\times\, ".join([r"\exblank"] * max(1, len(answer.shape)))


def _empty_grid(answer: Answer) -> str:
    sizes = (*(answer.shape or ()), 1, 1)[:2]
    if sizes == (1, 1):
        return r"\exblank"
    rows, columns = map(int, sizes)
    row = " & ".join([r"\excell"] * columns) + r" \\ \hline"
    return rf"\begin{{array}}{{{'|c' * columns}|}} \hline {' '.join([row] * rows)} \end{{array}}"


@cache
def _environment() -> Environment:
    """Return the template engine: plain text is escaped unless it is :class:`Tex`.

    There is one, so that each template is compiled once; what a template does with a Tex that
    asks for answers is the ``_fill`` that it is rendered with.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context

    @pass_context
    def finalize(context: Context, value: object) -> object:
        if isinstance(value, Tex):
            fill: Callable[[Tex], str] = context["_fill"]
            return fill(value)
        return escape(value) if isinstance(value, str) else value

    environment = Environment(
        loader=FileSystemLoader(templates()),
        undefined=StrictUndefined,
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - this is TeX; finalize escapes
        finalize=finalize,
    )
    environment.filters |= {
        "display": pass_context(_display),
        "wide": pass_context(_wide),
        "chain": pass_context(_chain),
        "pairs": pass_context(_pairs),
        "reasoned": pass_context(_reasoned),
        "marked": lambda latex: Tex(_marked(str(latex))),
        "tall": lambda latex: r"\begin{" in str(latex),
        "width": pass_context(_width),
    }
    environment.globals |= {"Tex": Tex, "declared": _declared, "gives": _gives, "says": _says}
    # for what is imported without context
    environment.globals |= {"_fill": str, "_page": USUAL, "_words": ENGLISH}
    return environment
