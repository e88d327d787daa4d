"""The order of terms and factors decides nothing: a sum means the same in each, or is refused."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from exgen.engine import forward
from exgen.errors import LanguageError, Source
from exgen.language import read_network

LEAVES = """
X: input[3, 3]
x: input[1, 3]
u: input[3]
C: const[3, 3]
W: param[3, 3]
V: param[3, 3]
b: param[3]
c: param[3]
r: param[1, 3]
"""
SUMS = [
    ("b", "X @ W"),
    ("b", "V @ X"),
    ("b", "X @ W", "X @ V", "C"),
    ("b", "c", "V @ X", "r"),
    ("b", "X", "tanh(X @ W)"),
    ("b", "C @ X", "X @ W"),
    ("b", "x @ W"),
    ("b", "V @ u", "X @ W"),
]
UNCLEAR = [
    ("b", "X @ W", "V @ X"),
    ("b", "c", "V @ X", "X @ W"),
    ("b", "(V @ X) @ W"),
    ("b", "softmax(X @ W)", "2 * (V @ X)"),
    ("b", "X @ W - V @ X"),
    ("b", "r", "C"),
]


def meaning(line: str) -> object:
    """Return the value of a sum at fixed values; None where it is refused."""
    try:
        graph = read_network(Source("net", f"{LEAVES}Z = {line}\nL = sum(Z)"))
    except LanguageError:
        return None
    random = np.random.default_rng(7)
    values = {
        leaf.name: random.standard_normal([dim.constant for dim in leaf.shape])
        for leaf in graph.leaves
    }
    return forward(graph, values)["Z"].round(9).tolist()


def orders(terms: tuple[str, ...]) -> list[str]:
    """Return a sum in every order, from the left and with brackets on the right."""
    found = [" + ".join(order) for order in permutations(terms)]
    return found + [f"{first} + ({' + '.join(rest)})" for first, *rest in permutations(terms)]


@pytest.mark.parametrize("terms", SUMS, ids=" + ".join)
def test_the_order_of_terms_decides_nothing(terms: tuple[str, ...]) -> None:
    """No two orders of a sum mean different things; a row plus a column is no sum yet."""
    found = {line: meaning(line) for line in orders(terms)}
    legal = [value for value in found.values() if value is not None]
    assert all(value == legal[0] for value in legal), found
    assert "r" in terms or len(legal) == len(found)


@pytest.mark.parametrize("terms", UNCLEAR, ids=" + ".join)
def test_what_has_two_readings_is_refused_in_every_order(terms: tuple[str, ...]) -> None:
    """A bias that fits both ways is never told apart by where it stands."""
    assert all(meaning(line) is None for line in orders(terms))


@pytest.mark.parametrize("line", ["softmax({})", "append_one({})", "prepend_one({})"])
def test_the_order_of_terms_does_not_choose_an_axis(line: str) -> None:
    """Neither does it where a softmax or an appended 1 learns its axis."""
    for terms in (("X @ W", "V @ X"), ("X @ W", "C"), ("V @ X", "b", "C @ X")):
        found = [meaning(line.format(" + ".join(order))) for order in permutations(terms)]
        assert all(value == found[0] for value in found)
    assert meaning(line.format("X @ W + V @ X")) is None
    assert meaning(line.format("(X @ W) * (V @ X)")) is None
    assert meaning(line.format("X @ W + C")) is not None
