"""Vectorise the forward pass: index forms on the sheet, whole arrays on the key."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exgen.certify.equation import Equation
from exgen.errors import CertificateError, KindError
from exgen.problems import KINDS
from exgen.seeds import Stream
from tests.problems.setting import DEEP, NOTATIONS, SKIP, TWO_LAYERS, graph_of, piece, solved

COLUMNS = """\
X: input[D, N]
T: target[K, N]
W: param[D, K]
b: param[K]
Z = W.T @ X + b
P = softmax(Z)
M = sigmoid(Z)
L = bce(M, T) / N
"""


def network(rows: bool, output: str, loss: str) -> str:  # noqa: FBT001 - one switch of a table
    """Return a linear layer of a batch with an output and a loss."""
    shapes = ("N, D", "N, K") if rows else ("D, N", "K, N")
    line = "X @ W.T + b" if rows else "W @ X + b"
    return (
        f"X: input[{shapes[0]}]\nT: target[{shapes[1]}]\nW: param[K, D]\nb: param[K]\n"
        f"Z = {line}\nP = {output}\nL = {loss}\n"
    )


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("text", [DEEP, SKIP, COLUMNS], ids=["deep", "skip", "columns"])
def test_every_network_is_vectorised(text: str, notation: str) -> None:
    """Deep nets, skips with equal sizes, and batches as columns: every line is asked and proven."""
    solution = solved("vectorise_forward", text, 1, notation)
    lines = [binding.name for binding in graph_of(text).bindings]
    assert [answer.name for answer in solution.answers] == lines


@pytest.mark.parametrize("rows", [True, False])
@pytest.mark.parametrize(("output", "loss"), [
    ("softmax(Z)", "cross_entropy(P, T)"),
    ("softmax(Z)", "cross_entropy(P, T) / N"),
    ("sigmoid(Z)", "bce(P, T) / N"),
    ("tanh(Z)", "squared_error(P, T) / 2"),
    ("2 * Z", "mean((P - T) ** 2)"),
])  # fmt: skip
def test_every_output_and_loss(rows: bool, output: str, loss: str) -> None:  # noqa: FBT001
    """Rows or columns, mean or sum: what is printed is what the network computes."""
    assert solved("vectorise_forward", network(rows, output, loss), 0).answers


def test_draws() -> None:
    """All lines are asked, in order, whatever the seed; the bank may name some."""
    graph = graph_of(COLUMNS)
    for seed in range(100):
        draws = KINDS["vectorise_forward"].sample(graph, {}, Stream(seed, "test"))
        assert draws == {"ask": ["Z", "P", "M", "L"]}
    assert KINDS["vectorise_forward"].sample(graph, {"ask": ["P"]}, Stream(0, "t")) == {
        "ask": ["P"]
    }


def test_a_batch_of_columns_by_hand() -> None:
    """The ones stand on the other side, and the softmax divides each column by its own sum."""
    found = {a.name: a.latex.tex for a in solved("vectorise_forward", COLUMNS, 0).answers}
    assert found["Z"] == (r"\mathbf{W}^{\top}\,\mathbf{X} + \mathbf{b}\,\mathbf{1}_{N}^{\top}")
    assert found["P"] == (
        r"\exp\left(\mathbf{Z}\right) \oslash "
        r"\left(\mathbf{1}_{K}\,\mathbf{1}_{K}^{\top}\,\exp\left(\mathbf{Z}\right)\right)"
    )


@pytest.mark.parametrize("notation", NOTATIONS)
def test_the_ones_are_explained_as_they_are_printed(notation: str) -> None:
    """Whatever sign stands for a vector of ones, the sheet says what its index means."""
    solution = solved("vectorise_forward", COLUMNS, 0, notation)
    ones = piece(solution, "arrays")["ones"].tex
    assert ones
    assert f"{ones}_{{N}}" in " ".join(answer.latex.tex for answer in solution.answers)


def test_the_sheet_does_not_show_the_answer() -> None:
    """The statement gives entries alone: no line of it is the vectorised one."""
    solution = solved("vectorise_forward", COLUMNS, 0)
    parts = solution.fields["blocks"][1:]
    shown = " ".join(str(part["paragraphs"][0]["pieces"]) for part in parts)
    assert "displaystyle" in shown
    assert r"\mathbf" not in shown
    assert r"\top" not in shown


def test_a_corrupted_answer_is_refused() -> None:
    """A forgotten transpose does not fit, and a forgotten bias does not agree."""
    answer = solved("vectorise_forward", COLUMNS, 0).answers[0]
    claim = answer.claim
    assert isinstance(claim, Equation)
    whole, form = claim.rights
    with pytest.raises(CertificateError, match="right side 1: forward pass"):
        replace(claim, rights=(whole + whole, form)).prove()
    with pytest.raises(CertificateError, match="shapes"):
        replace(claim, rights=(whole.T, form)).prove()
    with pytest.raises(CertificateError, match="right side 2: forward pass"):
        replace(claim, rights=(whole, form * 2)).prove()


@pytest.mark.parametrize(("text", "options", "message"), [
    (TWO_LAYERS, {}, "append_one has no index form"),
    ("x: input\nw: param\nz = w * x", {}, "no line over vectors"),
    (COLUMNS, {"ask": ["Q"]}, "there is no line 'Q'"),
    (COLUMNS, {"ask": ["X"]}, "there is no line 'X'"),
])  # fmt: skip
def test_what_is_refused(text: str, options: dict[str, object], message: str) -> None:
    """A network that the kind cannot ask about is refused with what it needs."""
    with pytest.raises(KindError, match=message) as error:
        KINDS["vectorise_forward"].sample(graph_of(text), options, Stream(0, "test"))
    assert error.value.remedy
