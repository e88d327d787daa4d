"""The template engine, and what every template may do with formulas and sentences."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from exgen.document import Step, Tex
from exgen.grading import points_latex
from exgen.languages import ENGLISH
from exgen.page import USUAL, Page
from exgen.readback.declarations import Declared, declare, give
from exgen.readback.sentences import say
from exgen.render.breaking import PAGE, chain, display, pairs, wide
from exgen.render.characters import escape
from exgen.render.widths import formula_width
from exgen.resources import template_engine, templates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from jinja2 import Environment, Template
    from jinja2.runtime import Context

IN_PART, IN_PROBLEM = 17.0, 9.0
"""How much narrower than the text a part is, and a problem without parts, in millimetres."""


def template(name: str) -> Template:
    """Return a template by its path."""
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    """Return the template engine: plain text is escaped unless it is :class:`Tex`.

    There is one, so that each template is compiled once; what a template does with a Tex that
    asks for answers is the ``_fill`` that it is rendered with.
    """
    from jinja2 import pass_context

    @pass_context
    def finalize(context: Context, value: object) -> object:
        if isinstance(value, Tex):
            fill: Callable[[Tex], str] = context["_fill"]
            return fill(value)
        return escape(value) if isinstance(value, str) else value

    environment = template_engine(templates(), keep_trailing_newline=True, finalize=finalize)
    environment.filters |= {
        "display": pass_context(_display),
        "wide": pass_context(_wide),
        "chain": pass_context(_chain),
        "pairs": pass_context(_pairs),
        "reasoned": pass_context(_reasoned),
        "marked": lambda latex: Tex(_marked(str(latex))),
        "unaligned": lambda latex: Tex(
            latex.tex.replace("&=", "=") if _aligned(latex) else latex.tex
        ),
        "points": lambda points: Tex(points_latex(points)),
        "tall": lambda latex: r"\begin{" in str(latex),
        "width": pass_context(_width),
    }
    environment.tests["aligned"] = _aligned
    environment.globals |= {"Tex": Tex, "declared": _declared, "gives": _gives, "says": _says}
    # for what is imported without context
    environment.globals |= {"_fill": str, "_page": USUAL, "_words": ENGLISH}
    return environment


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


def _aligned(equation: Tex) -> bool:
    """Whether a step's equation is a line of an ``align*``."""
    return "&=" in equation.tex.partition(r"\begin")[0]


def _marked(equation: str) -> str:
    """Return an equation whose last side is marked as the answer."""
    left, sign, right = equation.rpartition(" = ")
    return equation if r"\exanswer" in equation else rf"{left}{sign}\exanswer{{{right}}}"


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
        (line, rf"\exreason{{{why if isinstance(why, Tex) else escape(why)}}}" * (n == 0))
        for equation, why in reasons
        for n, line in enumerate(_lines(equation))
    ]
    return Tex(chain(rows, gap, _line(context, parts=parts), context["_words"].page))


def _lines(equation: str) -> list[str]:
    """Return an aligned equation with each of its further sides on a line of its own."""
    sides = equation.split(" = ")
    if any(side.count(r"\left") != side.count(r"\right") for side in sides):
        return [equation]
    return [sides[0], *(f" &= {side}" for side in sides[1:])]


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
