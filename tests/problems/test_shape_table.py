"""Shape tables: one example and a batch, as columns and as rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from exgen import resources
from exgen.certify.prove import prove
from exgen.certify.sizes import BatchShapeClaim
from exgen.derive.batch import batched
from exgen.derive.notation import load_notation
from exgen.engine import forward
from exgen.errors import CertificateError, KindError
from exgen.graph import Dim
from exgen.problems import KINDS
from exgen.problems.base import Setting
from exgen.problems.shape_table import stated
from exgen.seeds import Stream
from tests.problems.setting import DEEP, NOTATIONS, SKIP, TWO_LAYERS, graph_of, solved

BINARY = """\
x: input[D]
y: target
W1: param[H, D]
b1: param[H]
W2: param[1, H]
b2: param
z1 = W1 @ x + b1
a1 = relu(z1)
z2 = W2 @ a1 + b2
yhat = sigmoid(z2)
L = bce(yhat, y)
"""


def sizes(text: str, layout: str) -> dict[str, str]:
    """Return every answer as text."""
    solution = solved("shape_table", text, 1, layout=layout)
    return {answer.name: answer.latex.tex for answer in solution.answers}


def test_columns_by_hand() -> None:
    """Examples as columns: X is D x m, Y is 1 x m, and the weights stay."""
    found = sizes(BINARY, "columns")
    for name, shape in {"W1": r"H \times D", "b1": "H", "W2": r"1 \times H", "b2": "1"}.items():
        assert found[f"{name}.one"] == found[f"{name}.many"] == shape
    assert found["x.many"] == r"D \times m"
    assert found["y.many"] == r"1 \times m"


def test_rows_by_hand() -> None:
    """Examples as rows: X is m x D, Y has m entries, and the weights stay too."""
    found = sizes(BINARY, "rows")
    assert found["W1.one"] == found["W1.many"] == r"H \times D"
    assert found["x.many"] == r"m \times D"
    assert found["y.many"] == "m"


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("text", [BINARY, DEEP, SKIP])
def test_networks(text: str, notation: str) -> None:
    """Both layouts are drawn, and each answer is proven."""
    layouts = set()
    for seed in range(6):
        solution = solved("shape_table", text, seed, notation)
        layouts.add(solution.fields["layout"])
    assert layouts == {"columns", "rows"}


def test_draws() -> None:
    """A hundred seeds ask for the same shapes, in one layout or the other."""
    graph = graph_of(BINARY)
    draws = [KINDS["shape_table"].sample(graph, {}, Stream(seed)) for seed in range(100)]
    assert all(drawn["ask"] == ["W1", "b1", "W2", "b2", "x", "y"] for drawn in draws)
    assert 30 <= sum(drawn["layout"] == "rows" for drawn in draws) <= 70


def test_what_is_stated() -> None:
    """The sheet states the data and the hidden vector, without which nothing follows."""
    assert stated(graph_of(BINARY), ["W1", "b1", "W2", "b2"]) == ["x", "y", "z1"]


@pytest.mark.parametrize("rows", [False, True])
def test_a_batch_is_its_examples(rows: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Three examples at once give the mean of their losses."""
    graph = graph_of(BINARY).with_sizes({"D": 2, "H": 3})
    random = np.random.default_rng(1)
    weights = {name: random.standard_normal(s) for name, s in
               {"W1": (3, 2), "b1": (3, 1), "W2": (1, 3), "b2": (1, 1)}.items()}  # fmt: skip
    x, y = random.standard_normal((2, 3)), random.uniform(0.1, 0.9, (1, 3))
    one = [forward(graph, {**weights, "x": x[:, [n]], "y": y[:, [n]]})["L"] for n in range(3)]
    batch = batched(graph, Dim(3), rows=rows)
    data = {"X": x.T if rows else x, "Y": y.T if rows else y}
    assert forward(batch.graph, {**weights, **data})["J"] == pytest.approx(sum(one) / 3)


def test_a_wrong_shape_is_refused() -> None:
    """The published Y, m x 1 beside columns, does not pass."""
    batch = batched(graph_of(BINARY), Dim(0, ("m",)))
    right = BatchShapeClaim(batch, "y", (Dim(1), Dim(0, ("m",))))
    assert len(prove(right)) == 2
    with pytest.raises(CertificateError, match="inference: 'y' is 1 x m, not m"):
        prove(replace(right, shape=right.shape[::-1]))


def test_shapes_that_are_shown_already() -> None:
    """After a problem that states the shapes there is nothing left to ask."""
    profile = load_notation("base", resources.notations())
    graph = graph_of(BINARY)
    draws = KINDS["shape_table"].sample(graph, {}, Stream(1))
    with pytest.raises(KindError, match="Problem 2 already states"):
        KINDS["shape_table"].solve(Setting(graph, profile, 2), draws)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("x: input[3]\nL = sum(x * x)", {}, "no weights and data"),
        (BINARY, {"layout": "diagonal"}, "'layout' cannot be 'diagonal'"),
        (BINARY, {"ask": ["W7"]}, "there is no 'W7'"),
        (BINARY, {"ask": ["L"]}, "is the loss"),
        (TWO_LAYERS, {}, "append_one has no batch form"),
        (
            "X: input[3, 2]\nW: param[4, 3]\nZ = W @ X\nL = sum(Z)",
            {},
            "no network for one example",
        ),
    ],
)
def test_what_cannot_be_asked(text: str, options: dict[str, Any], message: str) -> None:
    """A network without a batch form is refused with what the kind needs."""
    with pytest.raises(KindError, match=message):
        solved("shape_table", text, 1, **options)


@pytest.mark.parametrize("rows", [False, True])
@pytest.mark.parametrize("penalty", ["+ lam / 2 * sum(W * W)", "- 0.1 * sum(W)"])
def test_a_penalty_is_its_own_mean(penalty: str, rows: bool) -> None:  # noqa: FBT001 - a parameter
    """What the loss adds for the weights alone counts once, not once for each example."""
    text = (
        "x: input[5]\ny: onehot[3]\nW: param[3, 5]\nb: param[3]\nlam: const\nz = W @ x + b\n"
        f"p = softmax(z)\nL = cross_entropy(p, y) {penalty}"
    )
    text = text if "lam /" in text else text.replace("lam: const\n", "")
    layout = "rows" if rows else "columns"
    solution = solved("shape_table", text, 1, layout=layout)
    assert {answer.name for answer in solution.answers} >= {"W.one", "W.many", "x.many"}


def test_a_penalty_inside_a_product_is_refused() -> None:
    """A mean of a multiple of loss and penalty is not taken apart."""
    text = (
        "x: input[5]\nt: target[3]\nW: param[3, 5]\nz = W @ x\n"
        "L = 2 * (squared_error(z, t) + sum(W * W))"
    )
    with pytest.raises(KindError, match="the same for every example"):
        solved("shape_table", text, 1)
