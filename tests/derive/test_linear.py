"""Outputs that are linear in one leaf, written out with exact numbers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from exgen.derive.linear import linear_entries
from exgen.errors import KindError, Source
from exgen.language import read_network, to_text

GRAPH = read_network(
    Source("net", "W: const[2, 2]\nb: const[2]\nv: param[2]\nu = W @ v + b\n"), scalar_loss=False
)
SQUARE = read_network(Source("net", "v: param[2]\nu = v ** 2\n"), scalar_loss=False)


def test_every_entry_of_the_leaf_has_its_own_factor() -> None:
    """A leaf of several entries shows each of them with its number."""
    leaves = {
        "W": np.array([[Fraction(2), Fraction(3)], [Fraction(0), Fraction(-1)]]),
        "b": np.array([[Fraction(5)], [Fraction(0)]]),
    }
    rows = linear_entries(GRAPH, leaves, "v")
    assert [[to_text(entry) for entry in row] for row in rows] == [
        ["5 + 2 * v[0, 0] + 3 * v[1, 0]"],
        ["-v[1, 0]"],
    ]


def test_what_is_not_linear_is_refused() -> None:
    """A square is right at 0 and at 1, and is found out at other numbers."""
    with pytest.raises(KindError, match="'u' is not linear in 'v'"):
        linear_entries(SQUARE, {}, "v")
