"""The kind ``scalar_graph``: derivatives of scalars, in symbols and at numbers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from exgen.certify.prove import prove
from exgen.errors import AcceptanceError, CertificateError, KindError
from exgen.graph import Number
from exgen.language import read_expression
from exgen.problems import KINDS
from exgen.problems.scalar_graph import usual_asks
from exgen.seeds import Stream
from tests.problems.setting import TWO_LAYERS, graph_of, solve, solved

if TYPE_CHECKING:
    from exgen.certify.prove import Claim
    from exgen.problems.base import Solved

PRODUCT = "x: input\ny: input\nz: input\nq = x + y\nf = q * z\n"
REUSED = "w: param\nx: input\nb: param\nt: target\nz = w * x + b\ny = x + tanh(z)\nL = (y - t) ** 2 / 2\n"  # noqa: E501
NUMBERS = {"x": [["-2"]], "y": [["5"]], "z": [["-4"]]}


def altered(claim: Claim | None, **changes: object) -> Claim:
    """Return a claim with something changed."""
    assert claim is not None
    return replace(claim, **changes)  # type: ignore[type-var]


def by_name(solution: object) -> dict[str, Solved]:
    """Return answers by name."""
    return {answer.name: answer for answer in solution.answers}  # type: ignore[attr-defined]


def test_by_hand() -> None:
    """For f = (x + y) z at (-2, 5, -4) with an upstream gradient of 3: dL/dx = 3 z = -12."""
    asks = [["f", "q"], ["f", "x"], ["L", "x"], ["L", "z"]]
    draws = {
        "ask": asks,
        "figure": True,
        "numbers": NUMBERS,
        "digits": 2,
        "carry": 2,
        "upstream": "3",
    }
    found = by_name(solve("scalar_graph", PRODUCT, draws))
    assert found["f.q"].latex.tex == "z"
    assert found["f.x"].latex.tex == "z"
    assert found["L.x"].latex.tex == r"\frac{\partial L}{\partial f}\,z"
    assert found["L.z"].latex.tex == r"\frac{\partial L}{\partial f}\,q"
    values = [found[f"{of}.{by}.value"].latex.tex for of, by in asks]
    assert values == ["-4", "-4", "-12", "9"]


def test_two_paths_are_summed() -> None:
    """In y = x + tanh(z), z = w x + b, the gradient of x has two terms."""
    found = by_name(solve("scalar_graph", REUSED, {"ask": [["L", "x"]], "figure": False}))
    printed = found["L.x"].steps[0].equation.tex
    assert r"\frac{\partial L}{\partial y} + \frac{\partial L}{\partial z}\,w" in printed
    assert "$x$ is read by the lines of $y$ and $z$" in str(found["L.x"].steps[0].why)


@pytest.mark.parametrize(
    ("text", "of", "by", "equation", "why"),
    [
        (
            "u: input\nw: input\nv: input\nr = u - w\nh = r**2 + v",
            "h", "u",
            (r"\frac{\partial h}{\partial u} = \frac{\partial h}{\partial r}\,"
            r"\frac{\partial r}{\partial u} = 2\,r \cdot 1 = \exanswer{2\,r}"),
            "with respect to its first term is 1.",
        ),
        (
            "t: target\ny: input\nL = (t - y)**2",
            "L", "y",
            (r"\frac{\partial L}{\partial y} = 2\,\left(t - y\right)\,\left(-1\right)"
            r" = \exanswer{-2\,\left(t - y\right)}"),
            "with respect to its second term is $-1$.",
        ),
        (
            "z: input\nt: target\ny = sigmoid(z)\nL = bce(y, t)",
            "L", "y",
            (r"\frac{\partial L}{\partial y} = -\left(\frac{t}{y} - \frac{1 - t}{1 - y}\right)"
            r" = \exanswer{\frac{y - t}{y\,\left(1 - y\right)}}"),
            r"$\log u$ is $1/u$.",
        ),
        (
            "x: input\nL = x * tanh(x)",
            "L", "x",
            r"\frac{\partial L}{\partial x} = ",
            "$x$ occurs twice in the line of $L$",
        ),
    ],
)  # fmt: skip
def test_steps_show_the_chain_rule(text: str, of: str, by: str, equation: str, why: str) -> None:
    """Each step has the product of the chain rule, the local derivatives, and what they rest on."""
    draws = {"ask": [[of, by]], "figure": False}
    step = by_name(solve("scalar_graph", text, draws))[f"{of}.{by}"].steps[0]
    assert step.equation.tex.startswith(equation)
    assert why in str(step.why)
    assert step.claims


@pytest.mark.parametrize("seed", range(40))
def test_draws(seed: int) -> None:
    """Values are short decimals other than 0, and the upstream gradient is one of those given."""
    kind = KINDS["scalar_graph"]
    options = {"numbers": {}, "upstream": [2, -1, 0.5], "figure": True}
    draws = kind.sample(graph_of(PRODUCT), options, Stream(seed, "draws"))
    assert Fraction(draws["upstream"]) in (2, -1, Fraction(1, 2))
    solution = solve("scalar_graph", PRODUCT, draws)
    for answer in solution.answers:
        if answer.name.endswith(".value"):
            value = Fraction(answer.latex.tex)
            assert value != 0
            assert (value * 100).denominator == 1


def test_usual_asks() -> None:
    """Without 'ask' each line is asked by what it reads, then the last one by the leaves."""
    assert usual_asks(graph_of(PRODUCT), upstream=None) == [
        ["f", "z"],
        ["f", "q"],
        ["q", "x"],
        ["q", "y"],
        ["f", "x"],
        ["f", "y"],
    ]


def test_a_value_that_is_no_short_decimal_is_rounded() -> None:
    """Where tanh comes in, values have the stated digits and survive rounding on the way."""
    solution = solved("scalar_graph", REUSED, 3, numbers={}, digits=2, ask=[["L", "w"]])
    value = by_name(solution)["L.w.value"].latex.tex
    assert len(value.partition(".")[2]) <= 2


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (TWO_LAYERS, {}, "asks about scalars"),
        (PRODUCT, {"ask": [["f", "v"]]}, "there is no 'v'"),
        (PRODUCT, {"ask": [["q", "z"]]}, "does not depend on"),
        (PRODUCT, {"ask": [["f"]]}, "is a pair"),
        (PRODUCT, {"upstream": 2}, "need 'numbers'"),
        (PRODUCT, {"numbers": {}, "upstream": 0}, "other than 0"),
        (PRODUCT, {"numbers": {"v": {}}}, "no leaf 'v'"),
    ],
)
def test_refusals(text: str, options: dict[str, object], message: str) -> None:
    """What cannot be asked is refused with what is needed instead."""
    with pytest.raises(KindError, match=message):
        KINDS["scalar_graph"].sample(graph_of(text), options, Stream(1, "test"))


def test_impossible_numbers() -> None:
    """Numbers that always give 0 are given up after a bounded number of tries."""
    options = {"numbers": {"x": [1], "y": [-1]}}
    with pytest.raises(AcceptanceError, match="rejected by: not_tiny 2000"):
        KINDS["scalar_graph"].sample(graph_of(PRODUCT), options, Stream(1, "test"))


def test_wrong_answers_are_refused() -> None:
    """An expression that forgets a path, and a value with the wrong sign, cannot be proven."""
    draws = {"ask": [["L", "x"]], "figure": False}
    claim = by_name(solve("scalar_graph", REUSED, draws))["L.x"].claim
    wrong = read_expression("y - t", graph_of(REUSED))
    with pytest.raises(CertificateError):
        prove(altered(claim, rights=(wrong,)))
    draws = {"ask": [["f", "x"]], "figure": False, "numbers": NUMBERS, "digits": 2, "carry": 2}
    claim = by_name(solve("scalar_graph", PRODUCT, draws))["f.x.value"].claim
    with pytest.raises(CertificateError):
        prove(altered(claim, cells=((Number(Fraction(4)),),)))


def test_a_reason_is_said_once() -> None:
    """The key gives a rule under the first part that uses it, and not under the others."""
    asks = [["f", "z"], ["f", "q"], ["q", "x"], ["q", "y"], ["f", "x"]]
    solution = solve("scalar_graph", PRODUCT, {"ask": asks, "figure": False})
    told = [str(item["why"]) for item in solution.fields["asks"]]
    assert told[0] == "The derivative of a product with respect to one factor is the other factor."
    assert told[1] == ""
    assert told[2] == "The derivative of a sum with respect to a term is 1."
    assert told[3:] == ["", ""]


def test_rules_use_letters_of_their_own() -> None:
    """A rule speaks of u only where no quantity of the network is called so."""
    text = "u: input\nv: input\nh = u**3 / v"
    found = by_name(solve("scalar_graph", text, {"ask": [["h", "u"], ["h", "v"]], "figure": False}))
    assert "the derivative of $s^n$ is" in str(found["h.u"].steps[0].why)
    assert "The derivative of $s/r$ with respect to $r$" in str(found["h.v"].steps[0].why)


def test_the_slope_of_a_function_on_the_way_is_stated_once() -> None:
    """Where only the weights are asked for, the first reason says what softplus' is."""
    text = "w: param\nx: input\nb: param\nz = w * x + b\na = softplus(z)\n"
    asks = [["a", "w"], ["a", "x"], ["a", "b"]]
    solution = solve("scalar_graph", text, {"ask": asks, "figure": False})
    reasons = [item["why"].tex for item in solution.fields["asks"]]
    assert [r"softplus}'" in reason for reason in reasons] == [
        True,
        False,
        False,
    ]
