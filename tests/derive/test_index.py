"""Index forms: letters along the data flow, and entries of every sort of line."""

from __future__ import annotations

import pytest

from exgen.derive.index import entry_form, examples_of, letters_of
from exgen.errors import KindError, Source
from exgen.graph import Dim, Graph
from exgen.language import read_network, to_text


def network(text: str) -> Graph:
    """Return a network."""
    return read_network(Source("net", text))


ROWS = """\
T: onehot[N, K]
W: param[H, D]
V: param[H, K]
X: input[N, D]
b: param[H]
Z = X @ W.T + b
A = relu(Z)
S = A @ V
P = softmax(S)
L = cross_entropy(P, T) / N
"""


def test_letters_follow_the_data() -> None:
    """Inputs are i, then j and k for each layer, and examples n, however leaves are declared."""
    letters = letters_of(network(ROWS))
    assert {str(dim): letter for dim, letter in letters.of.items()} == {
        "N": "n", "D": "i", "H": "j", "K": "k",
    }  # fmt: skip


def test_letters_keep_clear_of_names() -> None:
    """A network that has a leaf called j or n does not use that letter as an index."""
    letters = letters_of(
        network("X: input[N, D]\nn: param[D]\nj: param\ns = X @ n + j\nL = sum(s)")
    )
    assert letters[Dim(0, ("D",))] == "i"
    assert letters[Dim(0, ("N",))] not in ("n", "j", "i")


def test_a_network_without_weights_counts_classes() -> None:
    """The only axis of a softmax on its own is that of the classes."""
    assert letters_of(network("z: input[K]\np = softmax(z)\nL = sum(p)"))[Dim(0, ("K",))] == "k"


@pytest.mark.parametrize(("text", "expected"), [
    (ROWS, "N"),
    ("X: input[D, M]\nW: param[K, D]\nZ = W @ X\nL = sum(Z)", "M"),
    ("x: input[D]\nW: param[K, D]\nZ = W @ x\nL = sum(Z)", "None"),
])  # fmt: skip
def test_the_examples_axis(text: str, expected: str) -> None:
    """The axis of the data that no weight has is that of the examples."""
    assert str(examples_of(network(text))) == expected


@pytest.mark.parametrize(("line", "expected"), [
    ("Z", "sum_over(i < D, X[n, i] * W[j, i]) + b[j, 0]"),
    ("A", "relu(Z[n, j])"),
    ("S", "sum_over(j < H, A[n, j] * V[j, k])"),
    ("P", "exp(S[n, k]) / sum_over(k' < K, exp(S[n, k']))"),
    ("L", "-sum_over(n < N, sum_over(k < K, T[n, k] * log(P[n, k]))) / N"),
])  # fmt: skip
def test_lines_in_index_form(line: str, expected: str) -> None:
    """Products, biases, functions, the softmax and the loss of a batch, by hand."""
    graph = network(ROWS)
    letters, expr = letters_of(graph), graph.expr(line)
    assert expr is not None
    index = letters.pair(graph.shapes[line])
    assert to_text(entry_form(expr, index, graph.shapes, letters)) == expected


def test_bce_in_index_form() -> None:
    """Binary cross-entropy has both of its logarithms at the same entry."""
    graph = network("y: input[K]\nt: target[K]\nL = bce(y, t)")
    expr = graph.expr("L")
    assert expr is not None
    assert to_text(entry_form(expr, (0, 0), graph.shapes, letters_of(graph))) == (
        "-sum_over(k < K, t[k, 0] * log(y[k, 0]) + (1 - t[k, 0]) * log(1 - y[k, 0]))"
    )


def test_squared_error_in_index_form() -> None:
    """Each entry's difference is squared, and nothing stands in front of the sum."""
    graph = network("y: input[K]\nt: target[K]\nL = squared_error(y, t)")
    expr = graph.expr("L")
    assert expr is not None
    assert to_text(entry_form(expr, (0, 0), graph.shapes, letters_of(graph))) == (
        "sum_over(k < K, (y[k, 0] - t[k, 0]) ** 2)"
    )


def test_what_has_no_index_form() -> None:
    """A folded bias has cases by position, and the refusal says what to use instead."""
    graph = network("x: input[D]\nx_B = append_one(x)\nL = sum(x_B)")
    expr = graph.expr("x_B")
    assert expr is not None
    with pytest.raises(KindError, match="append_one has no index form") as error:
        entry_form(expr, ("i", 0), graph.shapes, letters_of(graph))
    assert "separate biases" in error.value.remedy
