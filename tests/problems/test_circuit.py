"""The kind ``circuit``: numbers along the wires, right however a student rounds."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from exgen import resources
from exgen.certify.hand import gates, rounded, ways, work
from exgen.certify.prove import prove
from exgen.certify.reading.page import Page
from exgen.certify.reading.readers import check_printed
from exgen.derive.elementary import gate_latex, split
from exgen.derive.notation import load_notation
from exgen.errors import AcceptanceError, CertificateError, KindError
from exgen.graph import Number
from exgen.language.writer import graph_text
from exgen.problems import KINDS
from exgen.problems.rounding import decimals
from exgen.seeds import Stream
from tests.problems.setting import TWO_LAYERS, graph_of, solve, solved

if TYPE_CHECKING:
    from exgen.certify.prove import Claim

NEURON = """\
w_0: param
x_0: input
w_1: param
x_1: input
w_2: param
z = w_0 * x_0 + w_1 * x_1 + w_2
alpha = 1 / (1 + exp(-z))
"""
FORKED = "x: input\ny: input\nq = x * y\nf = q + 3 * x - y / 2\n"
NUMBERS = {"w_0": [["2"]], "x_0": [["-1"]], "w_1": [["-3"]], "x_1": [["-2"]], "w_2": [["-3"]]}


def altered(claim: Claim | None, **changes: object) -> Claim:
    """Return a claim with something changed."""
    assert claim is not None
    return replace(claim, **changes)  # type: ignore[type-var]


def test_split_into_gates() -> None:
    """The neuron has nine gates of one thing each, in the order of the calculation."""
    circuit = split(graph_of(NEURON))
    signs = [gate_latex(line.expr, circuit.letter) for line in circuit.graph.bindings]
    assert signs == [
        *(r"\times", r"\times", "+", "+", r"{\times}(-1)"),
        *(r"\exp", "+1", "1/u"),
    ]
    assert circuit.forks == ()


def test_reuse_becomes_a_fork() -> None:
    """A value used twice is copied, and its copies are used once each."""
    circuit = split(graph_of(FORKED))
    assert circuit.forks == ("x", "y")
    assert "x_1 = x\nx_2 = x\n" in graph_text(circuit.graph)


def test_by_hand() -> None:
    """The classic neuron: sigmoid(1) = 0.73 with slope 0.20, and the weights' gradients."""
    circuit = split(graph_of(NEURON))
    worked = work(gates(circuit.graph), decimals(NUMBERS), Decimal(1), digits=None)
    shown = {name: str(rounded(value, 2)) for name, value in worked.gradients.items()}
    assert str(rounded(worked.values["alpha"], 2)) == "0.73"
    assert shown["z"] == "0.20"
    leaves = [shown[name] for name in NUMBERS]
    assert leaves == ["-0.20", "0.39", "-0.39", "-0.59", "0.20"]


@pytest.mark.parametrize("seed", range(25))
def test_draws_survive_rounding(seed: int) -> None:
    """Whoever rounds to the stated decimals on the way finds the numbers that are printed."""
    options = {"numbers": {n: {"from": -3, "to": 3} for n in NUMBERS}, "upstream": [1, 2, -1]}
    graph = graph_of(NEURON)
    draws = KINDS["circuit"].sample(graph, options, Stream(seed, "draws"))
    circuit = gates(split(graph).graph)
    given = (circuit, decimals(draws["numbers"]), Decimal(draws["upstream"]))
    exactly = work(*given, digits=None)
    for way in ways(*given, draws["carry"]):
        for name, value in exactly.gradients.items():
            assert rounded(way.gradients[name], 2) == rounded(value, 2) != 0


@pytest.mark.parametrize("hide", ["gradients", "all"])
@pytest.mark.parametrize("text", [NEURON, FORKED])
def test_every_blank_is_proven(text: str, hide: str) -> None:
    """Each blank is an answer with its own certificate; the upstream gradient is given."""
    solution = solved("circuit", text, 5, hide=hide)
    names = {answer.name for answer in solution.answers}
    assert not any(name in names for name in ("grad:alpha", "grad:f"))
    assert ("value:q" in names or "value:z" in names) == (hide == "all")
    assert len(names) == solution.fields["blanks"]


def test_exact_circuits_have_short_numbers() -> None:
    """Where no number needs rounding the sheet does not speak of it: -4, not -4.00."""
    text = "x: input\ny: input\nz: input\nq = x + y\nf = q * z\n"
    draws = {"numbers": {"x": [["-2"]], "y": [["5"]], "z": [["-4"]]}, "upstream": "1",
             "digits": 2, "carry": 2, "hide": "all"}  # fmt: skip
    solution = solve("circuit", text, draws)
    assert solution.fields["short"]
    assert {a.name: a.latex.tex for a in solution.answers} == {
        "grad:x": "-4", "grad:y": "-4", "grad:z": "3", "grad:q": "-4", "value:q": "3",
        "value:f": "-12",
    }  # fmt: skip


def test_a_fork_adds_up() -> None:
    """The gradient before a dot is the sum of those after it."""
    solution = solved("circuit", FORKED, 2)
    found = {answer.name: Decimal(answer.latex.tex) for answer in solution.answers}
    assert found["grad:x"] == found["grad:x_1"] + found["grad:x_2"]
    assert found["grad:y"] == found["grad:y_1"] + found["grad:y_2"]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (TWO_LAYERS, {}, "made of scalars"),
        ("x: input\nt: target\nL = lrelu(x, 0.1) * t\n", {}, "no gate for 'lrelu'"),
        ("x: input\ny: input\nz = x * y\nf = x + 1\n", {}, "leads nowhere"),
        (NEURON, {"hide": "some"}, "'hide' cannot be"),
        (NEURON, {"upstream": [1, 0]}, "other than 0"),
    ],
)
def test_refusals(text: str, options: dict[str, object], message: str) -> None:
    """What has no circuit is refused with what is needed instead."""
    with pytest.raises(KindError, match=message):
        KINDS["circuit"].sample(graph_of(text), options, Stream(1, "test"))


def test_impossible_numbers() -> None:
    """A saturated neuron is given up after a bounded number of tries."""
    options = {"numbers": {"w_2": [40]}}
    with pytest.raises(AcceptanceError, match="rejected by: not_tiny 1"):
        KINDS["circuit"].sample(graph_of(NEURON), options, Stream(1, "test"))


@pytest.mark.parametrize("wrong", ["0.21", "-0.20", "0.2"])
def test_wrong_numbers_are_refused(wrong: str) -> None:
    """A number off by one digit or with the wrong sign cannot be proven; 0.2 is 0.20."""
    draws = {"numbers": {**NUMBERS, "w_0": [["1"]], "x_0": [["1"]], "w_1": [["1"]],
                         "x_1": [["1"]], "w_2": [["-1"]]},
             "upstream": "1", "digits": 2, "carry": 2, "hide": "gradients"}  # fmt: skip
    solution = solve("circuit", NEURON, draws)
    claim = next(a.claim for a in solution.answers if a.name == "grad:z")
    assert claim is not None
    page = Page(wrong, load_notation("base", resources.notations()))
    if wrong == "0.2":
        assert check_printed(claim, page)
        return
    with pytest.raises(CertificateError, match="rounded"):
        check_printed(claim, page)
    with pytest.raises(CertificateError):
        prove(altered(claim, cells=((Number(Fraction(wrong)),),)))
