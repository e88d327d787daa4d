"""The preset ``circuit``: gates, laws of its draws, wrong numbers. Its answers are text cases."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from exgen import resources
from exgen.certify.equation import Equation
from exgen.certify.hand import decimal, gates, rounded, ways, work
from exgen.certify.prove import prove
from exgen.certify.reading.page import Page
from exgen.certify.reading.readers import check_printed
from exgen.derive.elementary import gate_latex, split
from exgen.derive.notation import load_notation
from exgen.errors import CertificateError
from exgen.graph import Number
from exgen.language.writer import graph_text
from exgen.problems import KINDS
from exgen.seeds import Stream
from tests.problems.setting import graph_of, solved

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


def decimals_of(stored: dict[str, list[list[str]]]) -> dict[str, Decimal]:
    """Return stored scalars as decimals."""
    return {name: decimal(Fraction(rows[0][0])) for name, rows in stored.items()}


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
    worked = work(gates(circuit.graph), decimals_of(NUMBERS), Decimal(1), digits=None)
    shown = {name: str(rounded(value, 2)) for name, value in worked.gradients.items()}
    assert str(rounded(worked.values["alpha"], 2)) == "0.73"
    assert shown["z"] == "0.20"
    leaves = [shown[name] for name in NUMBERS]
    assert leaves == ["-0.20", "0.39", "-0.39", "-0.59", "0.20"]


@pytest.mark.parametrize("seed", range(25))
def test_draws_survive_rounding(seed: int) -> None:
    """Whoever rounds to the stated decimals on the way finds the numbers that are printed."""
    ranges = {**{n: {"from": -3, "to": 3} for n in NUMBERS}, "upstream": [1, 2, -1]}
    graph = graph_of(NEURON)
    draws = KINDS["circuit"].sample(graph, {"numbers": ranges}, Stream(seed, "draws"))
    circuit, leaves = gates(split(graph).graph), decimals_of(draws["numbers"])
    exactly = work(circuit, leaves, leaves["upstream"], digits=None)
    for way in ways(circuit, leaves, leaves["upstream"], draws["carry"]):
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
    assert all(claim for answer in solution.answers if answer.name.startswith("grad")
               for step in answer.steps for claim in [step.claims])  # fmt: skip


def test_a_fork_adds_up() -> None:
    """The gradient before a dot is the sum of those after it."""
    solution = solved("circuit", FORKED, 2)
    found = {answer.name: Decimal(answer.latex.tex) for answer in solution.answers}
    assert found["grad:x"] == found["grad:x_1"] + found["grad:x_2"]
    assert found["grad:y"] == found["grad:y_1"] + found["grad:y_2"]


@pytest.mark.parametrize("wrong", ["0.21", "-0.20", "0.2"])
def test_wrong_numbers_are_refused(wrong: str) -> None:
    """A number off by one digit or with the wrong sign cannot be proven; 0.2 is 0.20."""
    given = {name: {"is": 1} for name in NUMBERS} | {"w_2": {"is": -1}}
    solution = solved("circuit", NEURON, 1, numbers=given)
    claim = next(a.claim for a in solution.answers if a.name == "grad:z")
    assert isinstance(claim, Equation)
    page = Page(wrong, load_notation("base", resources.notations()))
    if wrong == "0.2":
        assert check_printed(claim, page)
        return
    with pytest.raises(CertificateError, match="rounded"):
        check_printed(claim, page)
    with pytest.raises(CertificateError):
        prove(replace(claim, cells=((Number(Fraction(wrong)),),)))
