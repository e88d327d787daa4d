"""Pooling and sorting by hand: where values come from, and where gradients go back to."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from exgen.derive.gradients import derive_gradients
from exgen.derive.index import entry_form, letters
from exgen.engine import forward, gradients
from exgen.errors import KindError, LanguageError, Source
from exgen.language import read_network, to_text
from exgen.language.writer import graph_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

Numbers = list[list[Any]]


def exactly(numbers: Numbers) -> NDArray[Any]:
    """Return rows of numbers as exact fractions."""
    return np.array([[Fraction(number) for number in row] for row in numbers], dtype=object)


def run(text: str, by: str, **leaves: Numbers) -> tuple[list[Any], list[Any]]:
    """Return the value of the line before the loss, and the gradient by a leaf."""
    graph = read_network(Source("net", text))
    values = forward(graph, {name: exactly(rows) for name, rows in leaves.items()}, exact=True)
    found = gradients(graph, values, exact=True)[by]
    return values[graph.bindings[-2].name].tolist(), found.tolist()


IMAGE = [[1, 8, "0.5", 6], [3, "1.1", -1, -8], ["-0.5", -6, -3, "-1.1"], [-1, -8, "-0.5", -6]]


def test_max_pool_of_two_by_two_windows() -> None:
    """Each window keeps its largest entry, and only that one receives a gradient."""
    text = "X: input[4, 4]\nG: const[2, 2]\nU = maxpool(X)\nL = sum(G * U)"
    pooled, gradient = run(text, "X", X=IMAGE, G=[[2, 4], [2, "0.8"]])
    half, eight = Fraction(-1, 2), Fraction(4, 5)
    assert pooled == [[8, 6], [half, half]]
    assert gradient == [[0, 2, 0, 4], [0, 0, 0, 0], [2, 0, 0, 0], [0, 0, eight, 0]]


def test_overlapping_windows_add_up() -> None:
    """An entry that is the largest of several windows receives the gradient of each."""
    text = "X: input[3, 3]\nG: const[2, 2]\nU = maxpool(X, 2, 1)\nL = sum(G * U)"
    image = [[1, 2, 3], [4, 9, 5], [6, 7, 8]]
    pooled, gradient = run(text, "X", X=image, G=[[1, 10], [100, 1000]])
    assert pooled == [[9, 9], [9, 9]]
    assert gradient == [[0, 0, 0], [0, 1111, 0], [0, 0, 0]]


def test_average_pool() -> None:
    """A window's gradient is shared evenly; what no whole window covers gets 0."""
    text = "X: input[3, 3]\nG: const[1, 1]\nU = avgpool(X)\nL = sum(G * U)"
    pooled, gradient = run(text, "X", X=[[1, 2, 7], [3, 6, 7], [7, 7, 7]], G=[[8]])
    assert pooled == [[3]]
    assert gradient == [[2, 2, 0], [2, 2, 0], [0, 0, 0]]


def test_stride_is_the_size_unless_given() -> None:
    """A window of size 3 on a 6 x 6 matrix moves by 3 and leaves 2 x 2 entries."""
    graph = read_network(Source("net", "X: input[6, 6]\nU = maxpool(X, 3)"), scalar_loss=False)
    assert [dim.constant for dim in graph.shapes["U"]] == [2, 2]


@pytest.mark.parametrize("descending", [False, True])
def test_sort_routes_the_gradient_back(descending: bool) -> None:  # noqa: FBT001 - a case
    """With x1 < x2 < x0 the gradient is (d2, d0, d1); from the largest down (d0, d2, d1)."""
    option = ", descending=1" if descending else ""
    text = f"x: input[3]\ng: const[3]\nF = sort(x{option})\nL = sum(g * F)"
    ordered, gradient = run(text, "x", x=[[5], [-4], [2]], g=[[10], [20], [30]])
    assert ordered == ([[5], [2], [-4]] if descending else [[-4], [2], [5]])
    assert gradient == ([[10], [30], [20]] if descending else [[30], [10], [20]])


def test_the_gradient_of_sort_is_a_transposed_permutation() -> None:
    """The rule is written as the permutation matrix, transposed, times the upstream gradient."""
    text = "x: input[n]\ng: const[n]\nF = sort(x)\nL = sum(g * F)"
    found = derive_gradients(read_network(Source("net", text)))["x"].closed
    assert to_text(found) == "permutation(x).T @ g"


def test_options_read_back() -> None:
    """Sizes and strides stand in the text of a network and read back as they were."""
    text = "X: input[5, 5]\nU = maxpool(X, size=2, stride=1)\nV = avgpool(U, size=2)\n"
    graph = read_network(Source("net", text), scalar_loss=False)
    assert graph_text(graph) == text
    assert read_network(Source("net", graph_text(graph)), scalar_loss=False) == graph


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("X: input[4, 4]\nU = maxpool(X, 5)", "covers 5 x 5 entries and does not fit into 4 x 4"),
        ("X: input[4]\nU = maxpool(X)", "covers 2 x 2 entries and does not fit into 4 x 1"),
        ("X: input[4, 4]\nU = maxpool(X, 0)", "at least 1"),
        ("X: input[4, 4]\nU = maxpool(X, 2, 0)", "at least 1"),
        ("X: input[N, N]\nU = maxpool(X)", "is open"),
        ("X: input[4, 4]\nU = sort(X)", "column vector"),
        ("x: input[4]\nu = sort(x, 2)", "0 or 1"),
        ("X: input[4, 4]\nG: const[3, 3]\nU = maxroute(X, G)", "does not fit the 2 x 2 windows"),
        ("X: input[4, 4]\nH: const[3, 3]\nU = maxpick(X, H)", "cannot pick"),
    ],
)
def test_what_does_not_fit(text: str, message: str) -> None:
    """A window that does not fit, and a sort of a matrix, are refused with the reason."""
    with pytest.raises(LanguageError, match=message):
        read_network(Source("net", text), scalar_loss=False)


@pytest.mark.parametrize("line", ["sort(x)", "maxpool(x @ x.T)"])
def test_no_index_form(line: str) -> None:
    """Which entry is read depends on the numbers, so an index form is refused."""
    graph = read_network(Source("net", f"x: input[4]\nF = {line}"), scalar_loss=False)
    expr = graph.expr("F")
    assert expr is not None
    with pytest.raises(KindError, match="no index form"):
        entry_form(expr, ("i", 0), graph.shapes, letters(graph.shapes))
