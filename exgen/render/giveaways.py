"""Whether a sheet prints what it asks for: answers, looked for in the text of all statements."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.errors import BankError
from exgen.render.tex import problem_bodies

if TYPE_CHECKING:
    from exgen.document import Answer, Problem, ProblemSet

SHOWN = frozenset({"proof", "derivation"})
"""The claims of answers that are lines leading to a result; the result itself is stated."""
MATHEMATICS = re.compile(
    r"\$(.+?)\$|\\\[(.+?)\\\]|\\begin\{align\*\}(.+?)\\end\{align\*\}", re.DOTALL
)
LINE = re.compile(r"\\\\(?:\[.*?\]|\*)?|&&|,\s*\\q?quad|;")
NO_SIGN = re.compile(
    r"\\(?:m?left|m?right|displaystyle|q?quad|boldsymbol|exstrut)(?![A-Za-z])|\\[,;:! ]|\s+|&"
)
INNER = r"((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)"
SHAPED = re.compile(rf"\\exshape\{{{INNER}\}}\{{{INNER}\}}")
"""A name with its shape in a brace."""
DERIVATIVE = re.compile(
    r"\\nabla_\{(?:[^{}]|\{[^{}]*\})*\}\(?\\?[A-Za-z]+(?:\{[A-Za-z]\})?\)?"
    r"|\\frac\{(?:\\partial|\\mathrm\{d\})(?:[^{}]|\{[^{}]*\})*\}"
    r"\{(?:\\partial|\\mathrm\{d\})(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
)
"""The symbol of a gradient, which counts as one name."""
MARK = re.compile(
    r"[_^]\{(?:[^{}]|\{[^{}]*\})*\}|[_^].|\\operatorname\{[^{}]*\}"
    r"|\\(?:math[a-z]+|hat|tilde|bar|top|sigma|tanh|exp|log|max|min|frac|sum|begin|end|text)"
    r"(?:\{[bp]?matrix\})?(?![A-Za-z])"
)
"""What names nothing: indices and exponents, fonts, and functions."""
NAME = re.compile(r"\\[A-Za-z]+|[A-Za-z]")
SIGNS = frozenset({r"\odot", r"\circ", r"\oslash", r"\cdot", r"\times", r"\ast"})
FEWEST_NAMES = 2
REMEDY = (
    "Ask about another network, or show this one otherwise: by its layers (by_layers = true), or "
    "entry by entry where the kind can (entries = true)."
)


class GivenAway(Struct, frozen=True):
    """An answer that the sheet prints.

    Attributes:
        problem: the id of the problem that asks for it.
        answer: its name there.
        where: the id of the problem whose statement prints it.
        same_network: whether both are about the same network.

    """

    problem: str
    answer: str
    where: str
    same_network: bool

    def __str__(self) -> str:
        return f"'{self.where}' prints the answer '{self.answer}' of '{self.problem}'"


def given_away(problem_set: ProblemSet) -> list[GivenAway]:
    """Return the answers that stand on the sheet, in any statement, earlier or later.

    An answer counts as printed where a whole side of an equation, or a whole formula, is the same
    but for the order of its terms; in a problem about another network only where the left side
    is the same too. What names fewer than two quantities is no give-away: a single symbol, a
    function of one, a number, a size. Nor is what a problem states in order to have it shown.
    """
    bodies = problem_bodies(problem_set, key=False)
    printed = [_equations(body) for body in bodies]
    found: list[GivenAway] = []
    for problem in problem_set.problems:
        for answer in problem.answers:
            # among what a choice offers, the right answer stands too
            if _is_exempt(answer) or answer.name in problem.fields.get("choices", ()):
                continue
            own = ordered(answer.latex.tex)
            equations = {
                equation
                for step in answer.steps
                for equation in _equations(f"${step.equation.tex}$")
                if own in equation
            }
            for other, theirs in zip(problem_set.problems, printed, strict=True):
                same = _about(other) == _about(problem)
                if (same and any(own in sides for sides in theirs)) or any(
                    len(equation & sides) > 1 for equation in equations for sides in theirs
                ):
                    found.append(GivenAway(problem.name, answer.name, other.name, same))
    return found


def require_kept(problem_set: ProblemSet, path: str) -> None:
    """See that no statement prints an answer about its own network, whatever is drawn.

    Raises:
        BankError: one does; the bank's author has to ask, or to show the network, in another way.

    """
    for found in given_away(problem_set):
        if found.same_network:
            raise BankError(str(found), place=path, remedy=REMEDY)


def _about(problem: Problem) -> str:
    return problem.network


def _is_exempt(answer: Answer) -> bool:
    return (
        answer.is_rubric
        or answer.sort in SHOWN
        or names_in_formula(answer.latex.tex) < FEWEST_NAMES
    )


def names_in_formula(latex: str) -> int:
    """Return how many names of quantities stand in a formula, each as often as it stands."""
    plain = MARK.sub(" ", DERIVATIVE.sub(" D ", NO_SIGN.sub(" ", latex)))
    return sum(name not in SIGNS for name in NAME.findall(plain))


def _equations(text: str) -> list[frozenset[str]]:
    """Return the sides of every equation in a text, of a formula alone its one side."""
    found: list[frozenset[str]] = []
    for match in MATHEMATICS.finditer(text):
        whole = next(part for part in match.groups() if part is not None)
        for line in LINE.split(whole):
            sides = frozenset(ordered(side) for side in line.split("="))
            found.append(sides - {""})
    return found


def ordered(latex: str) -> str:
    """Return a formula without what only spaces it, its terms in one order."""
    plain = NO_SIGN.sub("", SHAPED.sub(r"\1", latex)).strip(".,")
    terms = [""]
    depth = 0
    for sign in plain:
        depth += {"{": 1, "(": 1, "[": 1, "}": -1, ")": -1, "]": -1}.get(sign, 0)
        if sign == "+" and depth == 0:
            terms.append("")
        else:
            terms[-1] += sign
    return "+".join(sorted(terms))
