"""``exgen derive``: from a text file to every gradient, as text, LaTeX, JSON and numbers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from exgen.engine import evaluate, forward
from exgen.errors import Source
from exgen.language import read_network
from exgen.language.network import read_expression
from tests.commands import run

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

COLUMN = """\
x: input[4]
y: onehot[3]
W1: param[5, 4]
b1: param[5]
W2: param[3, 5]
z1 = W1 @ x + b1
a1 = tanh(z1)
z2 = W2 @ a1
a2 = softmax(z2)
L = cross_entropy(a2, y)
"""
ROWS = """\
X: input[N, D]
Y: onehot[N, K]
W1: param[D, H]
b1: param[H]
W2: param[H, K]
Z1 = X @ W1 + b1
A1 = relu(Z1)
Z2 = A1 @ W2
P = softmax(Z2, axis=1)
L = cross_entropy(P, Y) / N
"""
COLUMNS = """\
X: input[D, N]
Y: onehot[K, N]
W1: param[H, D]
b1: param[H]
W2: param[K, H]
Z1 = W1 @ X + b1
A1 = relu(Z1)
Z2 = W2 @ A1
P = softmax(Z2, axis=0)
L = cross_entropy(P, Y) / N
"""


def derive(folder: Path, text: str, *options: str, values: object = None) -> Any:  # noqa: ANN401
    """Run ``derive --json`` and return what it printed."""
    (folder / "net.txt").write_text(text)
    arguments = ["derive", str(folder / "net.txt"), "--json", *options]
    if values is not None:
        (folder / "values.json").write_text(json.dumps(values))
        arguments += ["--values", str(folder / "values.json")]
    ran = run(*arguments)
    assert (ran.code, ran.err) == (0, "")
    return json.loads(ran.out)


def by_name(found: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the gradients of a derivation by leaf."""
    return {part["name"]: part for part in found["gradients"]}


def softmax(z: NDArray[Any], axis: int) -> NDArray[Any]:
    """Return the softmax, written here once more."""
    powers = np.exp(z - z.max(axis=axis, keepdims=True))
    result: NDArray[Any] = powers / powers.sum(axis=axis, keepdims=True)
    return result


def test_text(tmp_path: Path) -> None:
    """The text form has each gradient with its shape, its expression and its proof."""
    (tmp_path / "net.txt").write_text("x: input[3]\nw: param[3]\nL = sum(w * x)\n")
    ran = run("derive", str(tmp_path / "net.txt"))
    first, second = ran.out.strip().split("\n\n")
    assert first.startswith("dL/dx  (3)\n    w\n    proven by shapes, reverse mode")
    assert second.startswith("dL/dw  (3)\n    x\n    proven by")


def test_latex(tmp_path: Path) -> None:
    """The LaTeX form has one line for an align environment each, in the notation asked for."""
    (tmp_path / "net.txt").write_text("x: input[3]\nw: param[3]\nL = w.T @ x\n")
    base = run("derive", str(tmp_path / "net.txt"), "--latex").out
    assert base == (
        "\\nabla_{\\mathbf{x}}L &= \\mathbf{w} \\\\\n\\nabla_{\\mathbf{w}}L &= \\mathbf{x}\n"
    )
    other = run("derive", str(tmp_path / "net.txt"), "--latex", "--notation", "numerator").out
    assert r"\frac{\partial L}{\partial \mathbf{x}}" in other


def test_json(tmp_path: Path) -> None:
    """Each leaf has name, shape, latex and expr; value only where values were given."""
    found = derive(tmp_path, COLUMN)
    assert found["loss"] == {"name": "L"}
    parts = by_name(found)
    assert list(parts) == ["x", "y", "W1", "b1", "W2"]
    assert [part["shape"] for part in parts.values()] == [[4], [3], [5, 4], [5], [3, 5]]
    for part in parts.values():
        assert part.keys() == {"name", "shape", "latex", "expr", "why", "certificate"}
        assert len({agreement["method"] for agreement in part["certificate"]}) >= 2
    assert parts["W2"]["expr"] == "(a2 - y) @ a1.T"


@pytest.mark.parametrize(
    ("declared", "shape", "value"),
    [
        ("", [], 2.0),
        ("[1]", [1], [2.0]),
        ("[8]", [8], [2.0] * 8),
        ("[1, 8]", [1, 8], [[2.0] * 8]),
        ("[8, 1]", [8, 1], [[2.0]] * 8),
        ("[1, 1]", [1, 1], [[2.0]]),
        ("[2, 3]", [2, 3], [[2.0] * 3] * 2),
    ],
)
def test_shapes_as_declared(tmp_path: Path, declared: str, shape: list[int], value: object) -> None:
    """A gradient has the very nesting that its leaf was declared with."""
    zeros = np.zeros(shape).tolist()
    found = derive(tmp_path, f"a: param{declared}\nL = sum(2 * a)\n", values={"a": zeros})
    (part,) = found["gradients"]
    assert part["shape"] == shape
    assert part["value"] == value


def test_a_column_by_hand(tmp_path: Path) -> None:
    """A net with two layers for one example: every gradient as worked out by hand in NumPy."""
    random = np.random.default_rng(3)
    x, b1 = random.standard_normal((2, 5))[:, :5]
    x, y = x[:4], np.array([0.0, 1.0, 0.0])
    w1, w2 = random.standard_normal((5, 4)), random.standard_normal((3, 5))
    a1 = np.tanh(w1 @ x + b1)
    p = softmax(w2 @ a1, 0)
    d2 = p - y
    d1 = (w2.T @ d2) * (1 - a1 * a1)
    expected = {"x": w1.T @ d1, "y": -np.log(p), "W1": np.outer(d1, x), "b1": d1}
    expected["W2"] = np.outer(d2, a1)
    given = {"x": x, "y": y, "W1": w1, "b1": b1, "W2": w2}
    found = derive(tmp_path, COLUMN, values={name: v.tolist() for name, v in given.items()})
    assert found["loss"]["value"] == pytest.approx(-np.log(p[1]))
    assert by_name(found).keys() == expected.keys()
    for name, part in by_name(found).items():
        np.testing.assert_allclose(np.array(part["value"]), expected[name], atol=1e-12)


@pytest.mark.parametrize(("text", "rows"), [(ROWS, True), (COLUMNS, False)])
def test_a_batch_by_hand(tmp_path: Path, text: str, rows: bool) -> None:  # noqa: FBT001
    """A batch in rows or in columns, all sizes symbolic: as worked out by hand in NumPy."""
    random = np.random.default_rng(4)
    x, y = random.standard_normal((6, 4)), np.eye(3)[[0, 2, 1, 1, 0, 2]]
    w1, b1, w2 = (random.standard_normal(size) for size in ((4, 5), (5,), (5, 3)))
    z1 = x @ w1 + b1
    a1 = np.maximum(z1, 0)
    p = softmax(a1 @ w2, 1)
    d2 = (p - y) / 6
    d1 = (d2 @ w2.T) * (z1 > 0)
    expected = {"X": d1 @ w1.T, "W1": x.T @ d1, "b1": d1.sum(axis=0), "W2": a1.T @ d2}
    given = {"X": x, "Y": y, "W1": w1, "b1": b1, "W2": w2}
    values = {name: (value if rows else value.T).tolist() for name, value in given.items()}
    found = by_name(derive(tmp_path, text, values=values))
    for name, gradient in expected.items():
        wanted = gradient if rows else gradient.T
        np.testing.assert_allclose(np.array(found[name]["value"]), wanted, atol=1e-12)


@pytest.mark.parametrize("text", [ROWS, COLUMNS])
def test_symbolic_sizes(tmp_path: Path, text: str) -> None:
    """Without values the sizes stay names, in shapes and in expressions."""
    found = by_name(derive(tmp_path, text))
    assert sorted(found["W1"]["shape"]) == ["D", "H"]
    assert found["b1"]["shape"] == ["H"]
    assert "N" in found["W2"]["expr"]


@pytest.mark.parametrize("text", [COLUMN, ROWS, COLUMNS])
def test_expressions_can_be_read_back(tmp_path: Path, text: str) -> None:
    """Anyone can evaluate ``expr`` in the network language, and gets ``value``."""
    sizes = {"N": 6, "D": 4, "H": 5, "K": 3}
    graph = read_network(Source("net", text)).with_sizes(
        {name: sizes[name] for name in read_network(Source("net", text)).size_names}
    )
    random = np.random.default_rng(9)
    values = {
        leaf.name: random.standard_normal(tuple(dim.constant for dim in leaf.shape))
        for leaf in graph.leaves
    }
    for leaf in graph.leaves:
        if leaf.role == "onehot":
            values[leaf.name] = np.zeros_like(values[leaf.name])
            label = values[leaf.name]
            label[(slice(None), 0) if text is ROWS else 0] = 1.0
    given = {
        leaf.name: values[leaf.name].reshape([d.constant for d in leaf.dims]).tolist()
        for leaf in graph.leaves
    }
    found = by_name(derive(tmp_path, text, values=given))
    run_values = forward(graph, values)
    for part in found.values():
        array = evaluate(read_expression(part["expr"], graph), run_values)
        np.testing.assert_allclose(
            array.reshape(np.shape(part["value"])), part["value"], atol=1e-12
        )


def test_another_target(tmp_path: Path) -> None:
    """``--loss`` differentiates another scalar line."""
    found = derive(tmp_path, "x: input\na = x ** 2\nL = a + 1\n", "--loss", "a")
    assert found["loss"] == {"name": "a"}
    assert by_name(found)["x"]["expr"] == "2 * x"


def test_a_threshold_has_gradient_zero(tmp_path: Path) -> None:
    """What only an indicator reads has gradient 0 in its own shape, a number or an array."""
    text = "x: input[2]\nb: param\nc: param[2]\nL = sum((x > b) * (x > c) * x)\n"
    values = {"x": [1, 3], "b": 0.5, "c": [2, 2]}
    found = by_name(derive(tmp_path, text, values=values))
    assert {name: part["value"] for name, part in found.items()} == {
        "x": [0.0, 1.0],
        "b": 0.0,
        "c": [0.0, 0.0],
    }


def test_the_slope_at_a_kink(tmp_path: Path) -> None:
    """At 0 the notation decides ReLU's slope, and the value follows it."""
    found = derive(tmp_path, "x: input[3]\nL = sum(relu(x))\n", values={"x": [-1, 0, 1]})
    assert found["gradients"][0]["value"] == [0.0, 0.0, 1.0]


def test_what_is_assumed_is_said(tmp_path: Path) -> None:
    """The short gradient of softmax with cross-entropy names its premise."""
    assert derive(tmp_path, COLUMN)["assumes"] == ["the target's entries sum to 1"]


@pytest.mark.parametrize(
    "text",
    [
        "x: input[2]\ny: onehot[2]\nz = softmax(x, axis=1) / 2\np = softmax(z)\n",
        "X: input[4, 3]\nY: onehot[4, 3]\nA = softmax(X, axis=0)\np = softmax(A, axis=1)\n",
    ],
)
def test_a_label_belongs_to_its_own_softmax(tmp_path: Path, text: str) -> None:
    """Where softmaxes run along both axes, the one in the loss says where the classes are."""
    label = "y" if "y:" in text else "Y"
    parts = by_name(derive(tmp_path, f"{text}L = cross_entropy(p, {label})\n"))
    assert all(len(part["certificate"]) >= 2 for part in parts.values())
