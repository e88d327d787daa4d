"""The room to write an answer follows from its worked key."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from exgen.document import Agreement, Answer, Step, Tex
from exgen.page import USUAL, Page
from exgen.pipeline import build, load
from exgen.render.room import LEAST, LINE, MARGIN, MOST, POINT, ROW, TALL, fills_a_line, room, width
from exgen.render.tex import problem_bodies, render_tex

LONG = " + ".join(rf"w_{{{n}}}\,x_{{{n}}}" for n in range(18))
EQUATIONS = [
    (("y = x",), LINE),
    ((r"y = \frac{1}{2}",), TALL),
    (("y = x", "z = y"), 2 * LINE),
    ((r"\begin{aligned} y &= x \\ z &= y \\ u &= z \end{aligned}",), 3 * LINE),
    ((r"y = \begin{bmatrix} 1 \\ 2 \\ 3 \end{bmatrix}",), 3 * ROW + MARGIN),
    ((r"\begin{array}{|c|} \hline 1 \\ \hline 2 \\ \hline \end{array}",), 3 * ROW + MARGIN),
    ((f"y = {LONG}",), 3 * LINE),
    (("",), LINE),
]


def answer(*equations: str, latex: str = "x") -> Answer:
    """Return an answer with a step for each equation."""
    steps = tuple(Step("", Tex(equation), "") for equation in equations)
    return Answer(
        "a",
        Tex(latex),
        (),
        "x",
        "gradient",
        steps,
        (Agreement("shapes", 0.0, 1), Agreement("differences", 0.0, 1)),
        (),
        (),
    )


@pytest.mark.parametrize(("equations", "height"), EQUATIONS)
def test_lines_are_counted(equations: tuple[str, ...], height: int) -> None:
    """Rows, fractions, matrices and long lines take the room of handwriting."""
    assert room([answer(*equations)]) == max(LEAST, height + MARGIN)


def test_words_take_a_sentence_a_point() -> None:
    """A rubric's answer has room for each of its points."""
    rubric = replace(answer("", "", ""), certificate=())
    assert room([rubric]) == 3 * POINT + MARGIN


def test_room_grows_with_the_work_and_ends() -> None:
    """More answers need more room, in columns less of it, and never more than a page."""
    one = answer("y = x", "z = y")
    assert room([one]) < room([one] * 3) < room([one] * 6)
    assert room([one] * 6, columns=2) == room([one] * 3)
    assert room([one] * 1000) == MOST


def test_a_long_answer_is_wide() -> None:
    """The room beside a question is as wide as what is written there."""
    assert width(answer(latex="x")) < width(answer(latex=r"w^{2}\,x + b\,\sigma(z)"))
    assert width(answer(latex=LONG)) <= 100


@pytest.mark.parametrize("name", ["1", "4"])
def test_short_parts_share_lines(name: str) -> None:
    """Short answers stand beside their questions on the sheet, and nowhere on the key."""
    made = render_tex(build(*load(name, None), 1))
    assert made["problems"].count(r"\exshort[") > 5
    assert r"\exshort[" not in made["solutions"]
    assert r"\exspace{" not in made["solutions"].partition(r"\begin{document}")[2]


def test_a_derivation_has_the_whole_width() -> None:
    """Room for a derivation is below its statement; a last short part has the rest of its line."""
    made = build(*load("4", None), 1)
    bodies = {
        problem.kind: body
        for problem, body in zip(made.problems, problem_bodies(made, key=False), strict=True)
    }
    assert r"\exshort" not in bodies["show_that"]
    assert bodies["show_that"].count(r"\exspace{") == 7
    before, free, after = bodies["scalar_graph"].rpartition(r"\exfree")
    assert free
    assert r"\exshort" in before
    assert after.count(r"\exshort") == 1


def test_a_part_fills_the_line_that_the_next_one_cannot_share() -> None:
    """What is surely wider than half a line has none beside it, in larger type sooner."""
    question = r"Give the entry $\displaystyle \frac{\partial J}{\partial x_{0}}$."
    assert not fills_a_line(question, 20, USUAL)
    assert fills_a_line(question, 50, USUAL)
    assert fills_a_line(question, 20, Page(size=18))
    assert fills_a_line(question, 20, Page(columns=2))


def test_ones_are_explained_where_an_answer_has_them() -> None:
    """The sheet says what a vector of ones is where an answer needs one, and nowhere else."""
    made = build(*load("4", None), 1)
    said = {
        problem.name: r"\mathbb{1}_{n}$ is the column" in body
        for problem, body in zip(made.problems, problem_bodies(made, key=False), strict=True)
        if problem.kind.startswith("vectorise") and "is the column" in body
    }
    assert said == {
        problem.name: True
        for problem in made.problems
        if problem.kind.startswith("vectorise")
        and any(r"\mathbb{1}_" in answer.latex.tex for answer in problem.answers)
    }


def test_mistakes_are_not_set_small() -> None:
    """A fraction or a sum in a mistake is set in display style, as large as its letters."""
    made = render_tex(build(*load("1", None), 1))["solutions"]
    told = re.findall(r"\\begin\{exmistakes\}(.*?)\\end\{exmistakes\}", made, re.DOTALL)
    tall = [part for text in told for part in re.findall(r"\$([^$]*)\$", text) if "frac" in part]
    assert tall
    assert all(part.startswith(r"\displaystyle ") for part in tall)
