"""Vectorise the backward pass: gradients in index form on the sheet, whole arrays on the key."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exgen.certify.equation import Equation
from exgen.errors import CertificateError, KindError
from exgen.pipeline import build, load
from exgen.problems import KINDS
from exgen.render.tex import problem_bodies
from exgen.seeds import Stream
from tests.problems.setting import DEEP, NOTATIONS, SKIP, TWO_LAYERS, graph_of, solved

COLUMNS = """\
X: input[D, N]
T: onehot[K, N]
W: param[D, K]
b: param[K]
Z = W.T @ X + b
P = softmax(Z)
L = cross_entropy(P, T) / N
"""


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("text", [DEEP, SKIP, COLUMNS], ids=["deep", "skip", "columns"])
def test_every_network_is_vectorised(text: str, notation: str) -> None:
    """Deep nets, skips with shared weights, and batches as columns are asked and proven."""
    solution = solved("vectorise_backward", text, 1, notation)
    leaves = {leaf.name for leaf in graph_of(text).leaves if leaf.role == "param"}
    assert leaves <= {answer.name for answer in solution.answers}


def test_draws() -> None:
    """All gradients that the parameters need are asked, the last layer first, for every seed."""
    graph = graph_of(COLUMNS)
    for seed in range(100):
        draws = KINDS["vectorise_backward"].sample(graph, {}, Stream(seed, "test"))
        assert draws == {"ask": ["Z", "W", "b"]}


def test_a_batch_of_columns_by_hand() -> None:
    """With examples as columns the examples' axes meet in X G^T, and the ones add up columns."""
    found = {a.name: a for a in solved("vectorise_backward", COLUMNS, 0).answers}
    assert found["Z"].latex.tex == r"\frac{1}{N}\,\left(\mathbf{P} - \mathbf{T}\right)"
    assert found["W"].latex.tex == (r"\mathbf{X}\,\left(\nabla_{\mathbf{Z}}L\right)^{\top}")
    assert found["b"].latex.tex == r"\nabla_{\mathbf{Z}}L\,\mathbf{1}_{N}"
    assert str(found["W"].steps[0].why) == (
        "The sum over $n$ is a matrix product: two factors meet along the size $N$."
    )
    assert str(found["Z"].steps[0].why).endswith("holds for whole arrays as it stands.")


def test_numerator_layout_by_hand() -> None:
    """Each gradient is the transpose of the array of entries, and is proven as such."""
    found = {a.name: a for a in solved("vectorise_backward", COLUMNS, 0, "numerator").answers}
    slope = r"\frac{\partial L}{\partial \mathbf{Z}}"
    assert found["Z"].latex.tex == (r"\frac{1}{N}\,\left(\mathbf{P} - \mathbf{T}\right)^{\top}")
    assert found["b"].latex.tex == rf"\mathbf{{1}}_{{N}}^{{\top}}\,{slope}"
    assert str(found["Z"].steps[0].why).endswith("holds for whole arrays, here transposed.")
    for answer in found.values():
        assert isinstance(answer.claim, Equation)
        assert answer.claim.layout == "numerator"
        with pytest.raises(CertificateError):
            replace(answer.claim, layout="shape").prove()


def test_a_corrupted_answer_is_refused() -> None:
    """A forgotten transpose does not fit; half of a gradient does not agree."""
    answer = solved("vectorise_backward", COLUMNS, 0).answers[1]
    claim = answer.claim
    assert isinstance(claim, Equation)
    whole, form = claim.rights
    with pytest.raises(CertificateError, match="shapes"):
        replace(claim, rights=(whole.T, form)).prove()
    with pytest.raises(CertificateError, match="right side 1: reverse mode"):
        replace(claim, rights=(whole * 2, form)).prove()
    with pytest.raises(CertificateError, match="right side 2: reverse mode"):
        replace(claim, rights=(whole, form * 2)).prove()


@pytest.mark.parametrize(("text", "options", "message"), [
    (TWO_LAYERS, {}, "append_one has no index form"),
    ("x: input[3]\nL = sum(x)", {}, "no parameter whose gradient"),
    (COLUMNS, {"ask": ["T2"]}, "there is no gradient 'T2'"),
])  # fmt: skip
def test_what_is_refused(text: str, options: dict[str, object], message: str) -> None:
    """A network that the kind cannot ask about is refused with what it needs."""
    with pytest.raises(KindError, match=message) as error:
        KINDS["vectorise_backward"].sample(graph_of(text), options, Stream(0, "test"))
    assert error.value.remedy


@pytest.mark.parametrize(("problem", "needed"), [("backward-single", 0), ("backward-batch", 1)])
def test_ones_are_declared_where_they_are_used(problem: str, needed: int) -> None:
    """One example has no sum over examples, so its question does not speak of ones."""
    (sheet,) = problem_bodies(build(*load("set4", "base"), 5, only=problem), key=False)
    assert sheet.count(r"$\mathbf{1}_{n}$ is the column of") == needed
    assert sheet.count("is the column of") == needed
