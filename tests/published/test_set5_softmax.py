"""Document 004, part 2c: the slopes of the cross-entropy by the logits.

Erratum of the document: it recalls the rule for the derivative of a logarithm without the
logarithm. Its results are right: output minus one for the class of the target, and the output
for every other class.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from exgen.pipeline import build, load
from exgen.render.tex import render_tex
from tests.sheets import solved_again

if TYPE_CHECKING:
    from exgen.document import ProblemSet

BANK = Path(__file__).with_name("set5_softmax.toml")


@pytest.fixture(scope="module")
def made() -> ProblemSet:
    """Give the set, solved and proven."""
    return build(*load(str(BANK), None), 7)


@pytest.mark.parametrize(("case", "left", "right", "where"), [
    ("same", r"\frac{\partial L}{\partial z_{c}}", "p_{c} - 1", ""),
    ("other", r"\frac{\partial L}{\partial z_{k}}", "p_{k}", r"k \neq c"),
])  # fmt: skip
def test_both_slopes(made: ProblemSet, case: str, left: str, right: str, where: str) -> None:
    """The slope by the target's own logit is output minus one, by another the output."""
    (problem,) = made.problems
    paragraphs = [part for block in problem.fields["blocks"] for part in block["paragraphs"]]
    (asked,) = (part for part in paragraphs if [b["answer"] for b in part["boxed"]] == [case])
    (line,) = (part for part in asked["pieces"] if isinstance(part, dict))
    ends = rf",\quad ${where}$" if where else ""
    assert line["line"].tex == rf"$\displaystyle {left} = {right}${ends}"
    answer = problem.answer(case)
    assert answer.latex.tex == right
    assert {part.method for part in answer.certificate} == {
        "reverse mode", "differences", "SymPy identity",
        "read back",
    }  # fmt: skip


def test_the_quotient_rule_is_written_out(made: ProblemSet) -> None:
    """The softmax is differentiated on the key, not quoted."""
    key = render_tex(made)["solutions"]
    assert r"\exp\left(z_{c}\right)\,\sum_{k=1}^{K} \exp\left(z_{k}\right)" in key
    assert "quotient rule" in key
    assert r"L = -\log p_{c}" in render_tex(made)["problems"]


def test_the_key_comes_back_from_the_manifest(made: ProblemSet) -> None:
    """Reasons with mathematics in them follow from the manifest as such."""
    assert render_tex(solved_again(made)) == render_tex(made)
