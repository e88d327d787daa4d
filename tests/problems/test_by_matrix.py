"""Derivatives of scalars and by matrices: the parts of ``local_jacobian`` beyond square ones."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from exgen.certify.equation import Equation
from exgen.certify.prove import prove
from exgen.certify.quantity import Quantity
from exgen.derive.tensor import tensor_form
from exgen.errors import CertificateError, KindError
from exgen.graph import Number
from tests.problems.setting import NOTATIONS, graph_of, solved

NETWORK = """\
x: input[4]
y: target
W1: param[3, 4]
b1: param[3]
W2: param[1, 3]
b2: param
z1 = W1 @ x + b1
a1 = relu(z1)
z2 = W2 @ a1 + b2
yhat = sigmoid(z2)
L = bce(yhat, y)
"""


@pytest.mark.parametrize("notation", NOTATIONS)
def test_a_vector_by_a_matrix(notation: str) -> None:
    """An entry is 0 off the row, and the input's entry on it, in every layout."""
    (answer,) = solved("local_jacobian", NETWORK, 1, notation, ask=[["z1", "W1"]]).answers
    assert answer.name == "z1.W1"
    claim = answer.claim
    assert isinstance(claim, Equation)
    assert claim.index == ("j", 0, "l", "i")
    assert r"\delta_{jl}" in answer.latex.tex
    assert r"\begin{cases} x_{i} & \text{if } j = l" in answer.steps[0].equation.tex


def test_a_scalar_by_a_row() -> None:
    """A single row has no other row to be 0 in: the entry is the input's alone."""
    (answer,) = solved("local_jacobian", NETWORK, 1, ask=[["z2", "W2"]]).answers
    assert answer.latex.tex == r"a_{j}^{[1]}"


def test_a_wrong_entry_is_refused() -> None:
    """Without its delta, or with the wrong factor, an entry does not pass."""
    graph = graph_of(NETWORK)
    form = tensor_form(graph, "z1", "W1")
    assert form.nonzero is not None
    claim = Equation(graph, Quantity("z1", "W1"), (form.entry,), (*form.out, *form.arg))
    assert len(prove(claim)) == 2
    for wrong in (form.nonzero, Number(Fraction(2)) * form.entry):
        with pytest.raises(CertificateError, match="reverse mode"):
            prove(replace(claim, rights=(wrong,)))


def test_a_matrix_inside_a_function() -> None:
    """A line that hides the product in a function has no entry to print."""
    text = "x: input[4]\nW: param[3, 4]\na = tanh(W @ x)"
    with pytest.raises(KindError, match="reads 'W' inside another function"):
        solved("local_jacobian", text, 1, ask=[["a", "W"]])


@pytest.mark.parametrize(
    ("notation", "shape", "latex"),
    [
        ("base", (3, 1), r"\mathbf{W}^{[2]\top}"),
        ("aml5202", (3, 1), r"\mathbf{W}^{[2]\top}"),
        ("numerator", (1, 3), r"\mathbf{W}^{(2)}"),
    ],
)
def test_a_scalar_by_a_vector(notation: str, shape: tuple[int, int], latex: str) -> None:
    """The derivative of a scalar is a row in numerator layout, else it has the vector's shape."""
    (answer,) = solved("local_jacobian", NETWORK, 1, notation, ask=[["z2", "a1"]]).answers
    assert answer.shape is not None
    assert tuple(dim.constant for dim in answer.shape) == shape
    assert answer.latex.tex == latex


def test_a_scalar_by_a_scalar() -> None:
    """The sigmoid's slope is printed from its output, and from its argument too."""
    (answer,) = solved("local_jacobian", NETWORK, 1, ask=[["yhat", "z2"]]).answers
    assert answer.expr == "yhat * (1 - yhat)"
    assert answer.steps[0].equation.tex.count(r"\sigma") == 2


def test_a_vector_by_a_matrix_that_stands_transposed() -> None:
    """With inputs first, an entry of the output belongs to a column of the weights."""
    text = NETWORK.replace("param[3, 4]", "param[4, 3]").replace("W1 @ x", "W1.T @ x")
    (answer,) = solved("local_jacobian", text, 1, "cs231n", ask=[["z1", "W1"]]).answers
    assert answer.latex.tex == r"\delta_{jl}\,x_{i}"
    assert "A column of the matrix" in str(answer.steps[0].why)
    assert isinstance(answer.claim, Equation)
    assert answer.claim.index[2:] == ("i", "l")
    assert len(prove(answer.claim)) == 2
