"""Local Jacobians: what may be asked, and how the layout decides rows and columns."""

from __future__ import annotations

import pytest

from exgen import resources
from exgen.certify.equation import Equation
from exgen.derive.notation import notation_names
from exgen.errors import KindError
from exgen.graph import is_column, is_scalar
from exgen.problems.jacobians import DIAGONAL, pairs
from exgen.shapes import shape_of
from tests.problems.setting import DEEP, NETWORKS, NOTATIONS, SKIP, TWO_LAYERS, graph_of, solved


def test_what_can_be_asked() -> None:
    """Every line and every vector that it reads; no loss, and no weight matrix."""
    assert pairs(graph_of(TWO_LAYERS)) == [
        ("x_B", "x"),
        ("z1", "x_B"),
        ("a1", "z1"),
        ("a1_B", "a1"),
        ("z2", "a1_B"),
        ("a2", "z2"),
    ]


@pytest.mark.parametrize("text", NETWORKS, ids=["two layers", "deep", "skip"])
@pytest.mark.parametrize("notation", NOTATIONS)
def test_draws(text: str, notation: str) -> None:
    """As many Jacobians as wanted are asked, each proven, each of the layout's shape."""
    graph = graph_of(text)
    for seed in range(6):
        for count in (1, 2, 3):
            solution = solved("local_jacobian", text, seed, notation, count=count)
            assert len(solution.answers) == count
            for answer in solution.answers:
                of, by = answer.name.split(".")
                shape = graph.shapes[by][0], graph.shapes[of][0]
                assert answer.shape == (shape if notation == "aml5202" else shape[::-1])


def test_more_than_there_are() -> None:
    """A count beyond what the network offers asks for all of it."""
    assert len(solved("local_jacobian", TWO_LAYERS, 1, count=99).answers) == 6


def test_seeds_vary_what_is_asked() -> None:
    """Different seeds ask for different Jacobians."""
    asked = {solved("local_jacobian", TWO_LAYERS, seed).answers[0].name for seed in range(30)}
    assert len(asked) >= 4


def test_what_the_bank_names_is_asked() -> None:
    """``ask`` is kept as it stands, in its order."""
    solution = solved("local_jacobian", TWO_LAYERS, 1, ask=[["z2", "a1_B"], ["a1", "z1"]])
    assert [answer.name for answer in solution.answers] == ["z2.a1_B", "a1.z1"]
    assert [answer.expr for answer in solution.answers] == ["W2", "diag(z1 > 0)"]


@pytest.mark.parametrize("pair", [["L", "W1"], ["a1", "W1"], ["z1", "a1"], ["x", "z1"], ["q", "x"]])
def test_what_cannot_be_asked(pair: list[str]) -> None:
    """A pair of which the one does not stand in the line of the other is refused."""
    with pytest.raises(KindError):
        solved("local_jacobian", TWO_LAYERS, 1, ask=[pair])


def test_a_detour() -> None:
    """Where a name reaches a line by two ways, the line alone does not hold its derivative."""
    assert ("s", "x") not in pairs(graph_of(SKIP))
    assert ("s", "a1") in pairs(graph_of(SKIP))
    with pytest.raises(KindError, match="'x' reaches 's' also through 'a1'"):
        solved("local_jacobian", SKIP, 1, ask=[["s", "x"]])


def test_a_network_without_columns() -> None:
    """A network of scalars and matrices has nothing to ask."""
    with pytest.raises(KindError, match="no line whose Jacobian is a matrix"):
        solved("local_jacobian", "X: input[3, 4]\nZ = relu(X)\nL = sum(Z)", 1)


def test_pairs_are_columns() -> None:
    """Both sides of every pair are vectors, or one is a scalar that a vector reads."""
    for text in NETWORKS:
        graph = graph_of(text)
        for pair in pairs(graph):
            assert all(is_column(graph.shapes[name]) for name in pair)
            assert not any(is_scalar(graph.shapes[name]) for name in pair)


ONE_OUTPUT = """\
x: input[4]
y: target
W1: param[3, 4]
w2: param[3]
z1 = W1 @ x
a1 = tanh(z1)
s = w2.T @ a1
L = squared_error(s, y)
"""


@pytest.mark.parametrize("notation", notation_names(resources.notations()))
def test_the_derivative_of_a_scalar_is_a_gradient(notation: str) -> None:
    """It has the variable's shape, a row in numerator layout only; also where it is given."""
    (direct,) = solved("local_jacobian", ONE_OUTPUT, 1, notation, ask=[["s", "a1"]]).answers
    row = notation == "numerator"
    size = graph_of(ONE_OUTPUT).shapes["a1"]
    assert direct.shape == (size[::-1] if row else size)
    (answer,) = solved(
        "parameter_gradients", ONE_OUTPUT, 1, notation, ask=["a1"], given=["s", ["s", "a1"]]
    ).answers
    assert isinstance(answer.claim, Equation)
    (factor,) = answer.claim.given
    rows = shape_of(factor, answer.claim.graph.shapes)
    assert (rows[::-1] if row else rows) == direct.shape
    assert r"}\right)^" not in answer.latex.tex


@pytest.mark.parametrize("notation", notation_names(resources.notations()))
def test_the_gradient_of_the_loss_is_one_thing(notation: str) -> None:
    """Asked as a local derivative, as a gradient, and by the loss it has the same shape."""
    (local,) = solved("local_jacobian", DEEP, 1, notation, ask=[["L", "z3"]]).answers
    (gradient,) = solved("parameter_gradients", DEEP, 1, notation, ask=["z3"]).answers
    assert local.shape == gradient.shape


def test_the_shape_of_a_scalar_is_stated() -> None:
    """Every part asks for a shape; that of one scalar by another stands in words."""
    text = (
        "x: input[3]\ny: target\nV: param[2, 3]\nw: param[1, 2]\nh = tanh(V @ x)\nz = w @ h\n"
        "p = sigmoid(z)\nL = bce(p, y)"
    )
    solution = solved("local_jacobian", text, 1, ask=[["p", "z"], ["z", "h"]])
    scalar, vector = (str(answer.steps[0].why) for answer in solution.answers)
    assert scalar.endswith("Both are scalars, so the derivative is one too.")
    assert "scalars" not in vector


@pytest.mark.parametrize(
    ("lines", "diagonal"),
    [
        ("a = tanh(x)\nL = sum(a)", True),
        ("a = 3 * x\nL = sum(a)", True),
        ("a = append_one(x)\nL = sum(a)", False),
        ("a = softmax(x)\nL = sum(a * a)", False),
        ("W: param[3, 3]\na = W @ x\nL = sum(a)", False),
    ],
)
def test_diagonal_is_said_of_diagonals(lines: str, diagonal: object) -> None:
    """A ``diag`` or an identity inside a Jacobian does not make it diagonal."""
    (answer,) = solved("local_jacobian", f"x: input[3]\n{lines}", 1, ask=[["a", "x"]]).answers
    assert (DIAGONAL in str(answer.steps[0].why)) is diagonal
