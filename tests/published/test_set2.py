"""Document 000 with its own values: the answers are those that were derived by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from exgen.engine import evaluate, forward
from exgen.errors import Source
from exgen.language import read_network
from exgen.language.network import read_expression
from exgen.pipeline import build, load
from exgen.render.tex import render_tex

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exgen.document import Answer, ProblemSet

BANK = Path(__file__).with_name("set2.toml")


@pytest.fixture(scope="module")
def made() -> ProblemSet:
    """Give the set, solved and proven."""
    return build(*load(str(BANK), None), 7)


def answers(made: ProblemSet, name: str) -> tuple[Answer, ...]:
    """Return the answers of one problem."""
    return next(problem.answers for problem in made.problems if problem.name == name)


def values(made: ProblemSet, name: str) -> list[tuple[NDArray[Any], dict[str, NDArray[Any]]]]:
    """Return each answer's expression as numbers, at random leaves, with the forward pass."""
    problem = next(problem for problem in made.problems if problem.name == name)
    graph = read_network(Source("net", problem.network), scalar_loss=False)
    random = np.random.default_rng(5)
    given = {
        leaf.name: random.standard_normal(tuple(dim.constant for dim in leaf.shape))
        for leaf in graph.leaves
    }
    run = forward(graph, given)
    found = [read_expression(answer.expr, graph) for answer in problem.answers]
    return [(evaluate(expr, run), run) for expr in found]


def test_gradient_of_the_augmented_vector(made: ProblemSet) -> None:
    """Problem 1: [I_128 0], of shape 128 x 129, its last column zero."""
    (answer,) = answers(made, "p1")
    ((value, _),) = values(made, "p1")
    assert answer.shape == (128, 129)
    np.testing.assert_array_equal(value, np.hstack([np.eye(128), np.zeros((128, 1))]))
    assert answer.latex.tex == r"\begin{bmatrix} \mathbf{I}_{128} & \mathbf{0} \end{bmatrix}"


def test_gradient_of_relu(made: ProblemSet) -> None:
    """Problem 2: diag(1[z > 0]), of shape 128 x 128."""
    (answer,) = answers(made, "p2")
    ((value, run),) = values(made, "p2")
    assert answer.shape == (128, 128)
    np.testing.assert_array_equal(value, np.diag((run["z"][:, 0] > 0).astype(float)))
    assert (
        answer.latex.tex == r"\operatorname{diag}\left(\mathbf{1}\left[\mathbf{z} > 0\right]\right)"
    )


def test_missing_shapes(made: ProblemSet) -> None:
    """Problem 3: the seven sizes of the boxed forward pass."""
    found = {answer.name: answer.shape for answer in answers(made, "p3")}
    assert found == {
        "z1.W1": (128, 785),
        "a1": (128,),
        "a1_B": (129,),
        "z2.W2": (10, 129),
        "z2.a1_B": (129,),
    }
    printed = [answer.latex.tex for answer in answers(made, "p3")]
    assert printed == [r"128 \times 785", "128", "129", r"10 \times 129", "129"]


def test_missing_shapes_on_the_sheet(made: ProblemSet) -> None:
    """Problem 3 prints as many blanks as sizes are missing, and says how many."""
    sheet = render_tex(made)["problems"]
    chain = sheet.partition(r"\begin{exchain}")[2].partition(r"\end{exchain}")[0]
    assert chain.count(r"\exblank") == 7
    assert "Fill in the 7 missing sizes" in sheet


def test_chain_rule_blanks(made: ProblemSet) -> None:
    """Problem 4: a1, z2 and z1, in this order."""
    found = answers(made, "p4")
    assert [answer.expr for answer in found] == ["a1", "z2", "z1"]
    printed = [answer.latex.tex for answer in found]
    assert printed == [r"\mathbf{a}^{[1]}", r"\mathbf{z}^{[2]}", r"\mathbf{z}^{[1]}"]


def test_chain_rule_lines(made: ProblemSet) -> None:
    """Problem 4 prints the document's two lines, from the inside out, with its three blanks."""
    sheet = render_tex(made)["problems"]
    assert (
        r"\nabla_{\mathbf{a}^{[1]}}(L) &= \nabla_{\exblank}(\mathbf{a}_{B}^{[1]}) \times "
        r"\nabla_{\mathbf{a}_{B}^{[1]}}(\mathbf{z}^{[2]}) \times \nabla_{\exblank}(L)"
    ) in sheet
    assert (
        r"\nabla_{\exblank}(L) &= \nabla_{\mathbf{z}^{[1]}}(\mathbf{a}^{[1]}) \times "
        r"\nabla_{\mathbf{a}^{[1]}}(L)"
    ) in sheet


def test_two_local_jacobians(made: ProblemSet) -> None:
    """Problem 5: the transpose of W2, 129 x 10, and diag(1[z1 > 0]), 128 x 128."""
    first, second = answers(made, "p5")
    (weights, run), (mask, _) = values(made, "p5")
    assert first.shape == (129, 10)
    assert second.shape == (128, 128)
    np.testing.assert_array_equal(weights, run["W2"].T)
    np.testing.assert_array_equal(mask, np.diag((run["z1"][:, 0] > 0).astype(float)))
    assert first.latex.tex == r"\mathbf{W}^{[2]\top}"
    assert (
        second.latex.tex
        == r"\operatorname{diag}\left(\mathbf{1}\left[\mathbf{z}^{[1]} > 0\right]\right)"
    )


def test_the_product_of_the_key(made: ProblemSet) -> None:
    """[I 0] times the transpose of W2 is W2 without its bias column, transposed."""
    ((augment, _),) = values(made, "p1")
    (weights, run), _ = values(made, "p5")
    np.testing.assert_array_equal(augment @ weights, run["W2"][:, :-1].T)


def test_every_answer_is_proven(made: ProblemSet) -> None:
    """Each of the answers carries at least two methods."""
    certificates = [a.certificate for problem in made.problems for a in problem.answers]
    assert len(certificates) == 12
    assert all(len({part.method for part in proof}) >= 2 for proof in certificates)
