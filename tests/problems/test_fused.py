"""Output minus target: derived once on a sheet, line by line, and named afterwards."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from exgen.certify.answers import certify_steps
from exgen.certify.equation import Equation
from exgen.certify.memory import Memory
from exgen.errors import CertificateError
from exgen.graph import Number
from exgen.pipeline import build, load
from exgen.render.tex import problem_bodies
from tests.problems.setting import solve

if TYPE_CHECKING:
    from pathlib import Path

SOFTMAX = (
    "x: input[4]\ny: onehot[3]\nW: param[3, 4]\nb: param[3]\nz = W @ x + b\np = softmax(z)\n"
    "L = cross_entropy(p, y)"
)
SIGMOID = (
    "x: input[4]\nt: target\nW: param[1, 4]\nb: param\nz = W @ x + b\ny = sigmoid(z)\nL = bce(y, t)"
)
MEAN = SIGMOID.replace("[1, 4]", "[3, 4]").replace("t: target", "t: target[3]")
MEAN = MEAN.replace("b: param", "b: param[3]").replace("bce(y, t)", "bce(y, t) / 3")
BATCH = (
    "X: input[5, 4]\nY: onehot[5, 3]\nW: param[4, 3]\nZ = X @ W\nP = softmax(Z, axis=1)\n"
    "L = cross_entropy(P, Y) / 5"
)
PLAIN = SOFTMAX.replace("cross_entropy(p, y)", "squared_error(p, y)")
NETWORKS = {"softmax": SOFTMAX, "sigmoid": SIGMOID, "mean": MEAN, "batch": BATCH}
DERIVES = {
    "softmax": "softmax+cross_entropy",
    "sigmoid": "sigmoid+bce",
    "mean": "sigmoid+bce",
    "batch": "softmax+cross_entropy",
}


@pytest.mark.parametrize("notation", ["base", "numerator", "section3"])
@pytest.mark.parametrize("which", NETWORKS)
def test_the_derivation_is_proven(which: str, notation: str) -> None:
    """The key has a line for each rule; a line that is a thousandth off is refused."""
    solution = solve(
        "parameter_gradients", NETWORKS[which], {"loss": "L", "ask": [["W"]]}, notation
    )
    assert solution.fields["derives"] == [DERIVES[which]]
    steps = [step for answer in solution.answers for step in answer.steps]
    (start,) = (n for n, step in enumerate(steps) if str(step.why).startswith("Output minus"))
    assert len([step for step in steps[start:] if step.equation.tex]) >= 4
    claims = [claim for step in steps for claim in step.claims]
    (claim,) = (c for c in claims if isinstance(c, Equation) and c.quantity is not None)
    last = next(step for step in steps if step.claims)
    for place in range(len(claim.rights)):
        lines = [*claim.rights]
        lines[place] = Number(Fraction(1001, 1000)) * lines[place]
        wrong = replace(last, claims=(replace(claim, rights=tuple(lines)),))
        with pytest.raises(CertificateError, match="does not hold"):
            certify_steps([wrong], Memory())


def test_nothing_is_derived_where_nothing_is_fused() -> None:
    """A squared error after a softmax leaves no output minus target."""
    solution = solve("parameter_gradients", PLAIN, {"loss": "L", "ask": [["W"]]})
    assert solution.fields["derives"] == []
    assert not any("Output minus" in str(step.why) for a in solution.answers for step in a.steps)


def test_a_sheet_derives_it_once(tmp_path: Path) -> None:
    """The second problem that rests on it names the first; the sheet says nothing of it."""
    bank = tmp_path / "bank.toml"
    problem = '\n[[problems]]\nid = "{0}"\nkind = "{1}"\nnetwork = "{2}"\npoints = 4\n'
    other = SOFTMAX.replace("[4]", "[6]").replace("3, 4]", "3, 6]")
    bank.write_text(
        'title = "T"\ncourse = "C"\nnotation = "base"\n'
        + "".join(
            f'[networks.{name}]\ntext = """\n{text}\n"""\n'
            for name, text in (("a", SOFTMAX), ("b", other), ("c", SIGMOID))
        )
        + "".join(problem.format(name, "parameter_gradients", name) for name in "abc")
    )
    made = build(*load(str(bank), None), 1)
    first, second, third = problem_bodies(made, key=True)
    assert r"\exreason{" in first
    assert "follows from the chain rule, entry by entry" in first
    assert "Output minus target is derived in Problem 1." in second
    assert "follows from the chain rule, entry by entry" not in second
    assert "follows from the chain rule:" in third
    assert not any("utput minus target" in body for body in problem_bodies(made, key=False))
