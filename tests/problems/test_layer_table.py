"""Layer tables: what each layer reads and computes, and networks that are no chain."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exgen import resources
from exgen.certify.arrows import INPUT, ArrowsClaim
from exgen.certify.equation import Equation
from exgen.certify.prove import prove
from exgen.certify.quantity import Quantity
from exgen.derive.notation import load_notation
from exgen.derive.orient import oriented
from exgen.errors import CertificateError, KindError
from exgen.language.network import read_expression
from exgen.problems import KINDS
from exgen.problems.base import Setting, forward_fields
from exgen.seeds import Stream
from tests.problems.setting import DEEP, NOTATIONS, SKIP, graph_of, piece, solved

CHAIN = """\
x: input[4]
y: target[2]
W1: param[3, 4]
b1: param[3]
W2: param[2, 3]
b2: param[2]
z1 = W1 @ x + b1
z2 = lrelu(z1, 0.1)
z3 = W2 @ z2 + b2
yhat = z3
L = squared_error(yhat, y)
"""


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("text", [CHAIN, DEEP])
def test_every_layer(text: str, notation: str) -> None:
    """Each line is a layer with an input and an output, and the output of one is the next's."""
    graph = graph_of(text)
    answers = solved("layer_table", text, 1, notation).answers
    inputs = [answer.expr for answer in answers if answer.name.startswith("input.")]
    lines = [binding.name for binding in graph.bindings]
    assert inputs == ["x", *lines[:-1]]
    assert [answer.name for answer in answers[1::2]] == [f"output.{line}" for line in lines]


def test_by_hand() -> None:
    """The table of a network with one hidden layer."""
    answers = {answer.name: answer.latex.tex for answer in solved("layer_table", CHAIN, 1).answers}
    assert answers["output.z1"] == (
        r"\mathbf{z}^{[1]} = \mathbf{W}^{[1]}\,\mathbf{x} + \mathbf{b}^{[1]}"
    )
    assert answers["input.yhat"] == r"\mathbf{z}^{[3]}"
    assert answers["output.yhat"] == r"\hat{\mathbf{y}} = \mathbf{z}^{[3]}"


def test_titles() -> None:
    """Linear layers are numbered, functions are called by their names."""
    rows = piece(solved("layer_table", CHAIN, 1), "layered")["chain"]["layers"]
    assert [str(row["title"]) for row in rows] == [
        r"\text{Linear 1}",
        r"\operatorname{LReLU}_{0.1}",
        r"\text{Linear 2}",
        r"\text{Identity}",
        r"\text{Loss}",
    ]


def test_titles_where_a_function_is_a_mark() -> None:
    """ReLU as the positive part keeps a place for what it is applied to."""
    graph = CHAIN.replace("lrelu(z1, 0.1)", "relu(z1)")
    rows = piece(solved("layer_table", graph, 1, "nyu"), "layered")["chain"]["layers"]
    assert str(rows[1]["title"]) == r"(\cdot)^{+}"


def test_turned_weights_are_named_as_they_multiply() -> None:
    """With weights in x out, the sentence about a layer says the transpose."""
    rows = piece(solved("layer_table", CHAIN, 1, "cs231n"), "layered")["chain"]["layers"]
    turned = oriented(graph_of(CHAIN), load_notation("cs231n", resources.notations()))
    setting = Setting(turned, load_notation("cs231n", resources.notations()), None)
    draws = KINDS["layer_table"].sample(turned, {}, Stream(1))
    fields = piece(KINDS["layer_table"].solve(setting, draws), "layered")["chain"]["layers"]
    assert str(fields[0]["weight"]) == r"W_{1}^{\mathsf{T}}"
    assert rows[0]["side"] == "left"


def test_a_network_by_its_layers_prints_no_line() -> None:
    """Where the sheet asks for the lines, another network of the kind is named by its layers."""
    profile = load_notation("base", resources.notations())
    setting = Setting(graph_of(CHAIN), profile, None, by_layers=True)
    assert forward_fields(setting)["chain"]["loss"]["called"] == "squared error"
    with pytest.raises(KindError, match="no layer by itself"):
        forward_fields(Setting(graph_of(SKIP), profile, None, by_layers=True))


def test_seeds_draw_nothing() -> None:
    """A hundred seeds agree: all that varies is the network."""
    graph = graph_of(CHAIN)
    lines = {"lines": ["z1", "z2", "z3", "yhat", "L"]}
    assert all(KINDS["layer_table"].sample(graph, {}, Stream(seed)) == lines for seed in range(100))


def test_a_wrong_answer_is_refused() -> None:
    """An output without its bias, and a layer said to read another value, do not pass."""
    graph = graph_of(CHAIN)
    output = Equation(graph, Quantity("z1"), (read_expression("W1 @ x", graph),))
    with pytest.raises(CertificateError, match="forward pass"):
        prove(output)
    source = ArrowsClaim(graph, INPUT, ("z2",), "z3", ("W2", "b2"))
    assert len(prove(source)) == 2
    with pytest.raises(CertificateError, match="reading"):
        prove(replace(source, found=("z1",)))


def test_lines_that_are_shown_already() -> None:
    """After a problem that prints the lines there is nothing left to fill in."""
    profile = load_notation("base", resources.notations())
    with pytest.raises(KindError, match="Problem 1 already shows"):
        KINDS["layer_table"].solve(Setting(graph_of(CHAIN), profile, 1), {"lines": ["z1"]})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SKIP, "no layer by itself"),
        ("x: input[3]\nz = tanh(x)\nL = sum(z)", "no loss of a prediction"),
        (CHAIN.replace("relu(z1, 0.1)", "relu(z1 * z1, 0.1)"), "no layer by itself"),
        (CHAIN.replace("yhat = z3", "s = tanh(z1)\nyhat = z3"), "not the layer before it"),
    ],
)
def test_what_cannot_be_asked(text: str, message: str) -> None:
    """A network that is no chain of layers is refused."""
    with pytest.raises(KindError, match=message):
        solved("layer_table", text, 1)
