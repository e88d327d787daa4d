"""Every set in every notation: certified, and written as the notation says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from exgen.banks import bank_names
from exgen.derive.notation import notation_names
from exgen.pipeline import build, load
from exgen.render.tex import problem_bodies
from exgen.resources import banks, notations

if TYPE_CHECKING:
    from exgen.document import Answer, ProblemSet

SEED = 4
PAIRS = [(s, n) for s in bank_names(banks()) for n in notation_names(notations())]
MIRRORS = {
    0: re.compile(r"(\\ge|(?<!\\)<) 0\\right\]"),
    1: re.compile(r"(>|\\le) 0\\right\]"),
}
"""Indicators that give a kink the slope of its other side, by the notation's slope at 0."""
BY_ARRAY = r"\\frac\{[^{}]*(\{[^{}]*\}[^{}]*)*\}\{\\partial (\\hat\{)?\\(mathbf|boldsymbol)\{"
"""A fraction by a vector or matrix; by a scalar or one entry, nabla is not written either."""
FOREIGN = {
    ("gradient", "nabla"): rf"\\frac\{{\\mathrm\{{d\}}|{BY_ARRAY}",
    ("gradient", "partial"): r"\\frac\{\\mathrm\{d\}",
    ("gradient", "d"): r"\\nabla|\\frac\{\\partial [^}]*\}\{\\partial [^_}]*\}",
    ("hadamard", "circ"): r"\\odot",
    ("hadamard", "odot"): r"(?<!\{)\\circ\b",
    ("transpose", "T"): r"\\top",
    ("transpose", "top"): r"\\mathsf\{T\}",
    ("relu", "plus"): r"\\operatorname\{ReLU\}",
    ("layer", "subscript"): r"\^\{[(\[]\d[)\]]",
    ("layer", "bracket"): r"\^\{\(\d+\)",
    ("layer", "parenthesis"): r"\^\{\[\d+\]",
    ("bold", False): r"\\mathbf\{[a-zA-Z]",
}
"""What a choice of a setting never prints."""
SCALAR_KINDS = {"scalar_graph", "circuit", "write_out"}
"""Kinds about scalars alone: a derivative is a quotient, and has no layout."""
ENTRIES = re.compile(
    r"\\frac\{\\partial [^{}]*(\{[^{}]*\}[^{}]*)*\}\{\\partial [^{}]*(\{[^{}]*\}[^{}]*)*?_"
)
FIRST_EXAMPLE = re.compile(r"\^\{[(\[]1[)\]]\}")


def made(set_name: str, notation: str) -> ProblemSet:
    """Return a set in a notation."""
    return build(*load(set_name, notation), SEED)


@pytest.mark.parametrize(("set_name", "notation"), PAIRS)
def test_each_pair_is_proven_and_in_its_notation(set_name: str, notation: str) -> None:
    """Each answer is certified, and the key prints no sign of another notation."""
    problem_set = made(set_name, notation)
    for problem in problem_set.problems:
        for answer in problem.answers:
            assert answer.is_rubric or len({part.method for part in answer.certificate}) > 1
    settings = problem_set.notation
    for problem, body in zip(
        problem_set.problems, problem_bodies(problem_set, key=True), strict=True
    ):
        wrong = [MIRRORS[settings["relu_at_zero"]].search(body)]
        for (setting, choice), pattern in FOREIGN.items():
            # Single entries have partial derivatives, and no gradient symbol of their own.
            nabla = (setting, choice) == ("gradient", "nabla")
            if nabla and problem.kind in SCALAR_KINDS:
                continue
            text = ENTRIES.sub("", body) if nabla else body
            if setting == "layer" and problem.fields.get("examples"):
                text = FIRST_EXAMPLE.sub("", text)  # the prediction for the first example
            wrong += [re.search(pattern, text)] if settings[setting] == choice else []
        assert [found[0] for found in wrong if found] == [], problem.name


def is_plain(answer: Answer) -> bool:
    """Whether a gradient is a scalar, or its transpose is what the key prints on the left."""
    return not answer.shape or answer.steps[0].equation.tex.startswith(r"\left(\frac")


@pytest.mark.parametrize("set_name", bank_names(banks()))
def test_numerator_gradients_are_claimed_as_such(set_name: str) -> None:
    """In numerator layout each gradient of the loss is proven as the transpose that is printed.

    A problem that writes them in the shape of their grids says so on the sheet.
    """
    problem_set = made(set_name, "numerator")
    sheets = problem_bodies(problem_set, key=False)
    for problem, sheet in zip(problem_set.problems, sheets, strict=True):
        if "each gradient is written in the shape of its grid, not transposed" in sheet:
            assert problem.kind in ("grid", "alpha_gradient")
            continue
        for answer in problem.answers:
            gradient = answer.sort == "gradient" and problem.kind not in SCALAR_KINDS
            if gradient and not is_plain(answer):
                assert answer.claim.layout == "numerator", (problem.name, answer.name)
