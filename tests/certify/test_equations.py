"""Worked steps: every equation that a key prints is proven, and a broken one is refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from exgen import resources
from exgen.certify.answers import certify_steps
from exgen.certify.equation import Equation
from exgen.certify.memory import Memory
from exgen.certify.prove import prove
from exgen.derive import worked
from exgen.errors import CertificateError
from exgen.graph import Call, Number, as_expr, walk
from exgen.ops import lookup
from exgen.problems import KINDS
from exgen.seeds import Stream
from tests.problems.setting import graph_of, solve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exgen.document import Step
    from exgen.graph import Expr

UNITS = (
    (resources.banks() / "networks" / "units_231.net")
    .read_text()
    .replace("f(", "softplus(")
    .replace("loss(y)", "squared_error(y, t)")
)
REUSED = "w: param\nx: input\nb: param\nt: target\nz = w * x + b\ny = b + tanh(z)\nL = (t - y)**2"
CHANCE = "w: param\nx: input\nt: target\nz = w * x\ny = sigmoid(z)\nL = bce(y, t)"
LEAKY = "w: param\nx: input\nz = w * x\ny = lrelu(z, 0.1)\nL = exp(y) / x"
CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "reused": (
        "scalar_graph",
        REUSED,
        {"ask": [["L", n] for n in "yzwxb"], "behind": "", "way": {}, "figure": False},
    ),
    "chance": (
        "scalar_graph",
        CHANCE,
        {"ask": [["L", n] for n in "yzwx"], "behind": "", "way": {}, "figure": False},
    ),
    "leaky": (
        "scalar_graph",
        LEAKY,
        {"ask": [["L", n] for n in "yzwx"], "behind": "", "way": {}, "figure": False},
    ),
    "units": ("write_out", UNITS, {}),
}


def steps_of(case: str, notation: str = "base") -> tuple[Step, ...]:
    """Return the steps of all answers of a case."""
    kind, text, draws = CASES[case]
    draws = draws or KINDS[kind].sample(graph_of(text), {}, Stream(1))
    solution = solve(kind, text, draws, notation)
    return tuple(step for answer in solution.answers for step in answer.steps)


def broken(sides: tuple[Expr, ...]) -> Iterator[tuple[Expr, ...]]:
    """Yield the sides with one of them a thousandth too large, or of the other sign."""
    for place, side in enumerate(sides):
        for wrong in (Number(Fraction(1001, 1000)) * side, -side):
            yield (*sides[:place], wrong, *sides[place + 1 :])


@pytest.mark.parametrize("case", CASES)
def test_a_broken_side_is_refused(case: str) -> None:
    """No side of a step can be a thousandth off, or have the other sign."""
    count = 0
    for step in steps_of(case):
        for claim in step.claims:
            assert isinstance(claim, Equation)
            for sides in broken(claim.rights):
                wrong = replace(step, claims=(replace(claim, rights=sides),))
                with pytest.raises(CertificateError, match=r"the step '.*' does not hold"):
                    certify_steps([wrong], Memory())
                count += 1
    assert count > 10


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("notation", ["base", "exam", "numerator", "section3"])
def test_each_step_with_an_equation_is_proven(case: str, notation: str) -> None:
    """A step that prints a sign of equality has a claim, whatever the notation."""
    steps = [step for step in steps_of(case, notation) if step.rule not in ("value", "forward")]
    assert all(step.claims for step in steps)


@pytest.mark.parametrize("op", ["tanh", "sigmoid", "softplus", "mul", "add"])
def test_a_wrong_local_derivative_is_refused(op: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slope that is off in the worked steps alone is found, though the answer is right."""
    row = lookup(op)

    def off(site: Any, upstream: Any) -> Any:  # noqa: ANN401
        found = row.vjp(site, upstream)
        return tuple(
            None if part is None else part * as_expr(Fraction(1001, 1000)) for part in found
        )

    def looked_up(name: str) -> Any:  # noqa: ANN401
        return replace(row, vjp=off) if name == op else lookup(name)

    monkeypatch.setattr(worked, "lookup", looked_up)
    case = next(
        name
        for name, (_, text, _) in CASES.items()
        if any(
            isinstance(part, Call) and part.op == op
            for binding in graph_of(text).bindings
            for part in walk(binding.expr)
        )
    )
    with pytest.raises(CertificateError, match="the step"):
        steps_of(case)


def test_no_answer_rests_on_an_equation_of_a_step() -> None:
    """What a step asserts cannot take the place of an answer's claim, which has more methods."""
    claim = Equation(graph_of(CHANCE), None, (as_expr(1), as_expr(1)))
    assert claim.prove()
    with pytest.raises(CertificateError, match="fewer than two methods"):
        prove(claim)
    assert not claim.sort


def test_one_side_is_no_equation() -> None:
    """A claim with one side says nothing."""
    graph = graph_of(CHANCE)
    with pytest.raises(CertificateError, match="two sides"):
        Equation(graph, None, (as_expr(1),)).prove()
