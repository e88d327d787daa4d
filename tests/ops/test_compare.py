"""Comparisons: 1 where they hold, 0 elsewhere."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from exgen.engine import evaluate
from exgen.errors import Source
from exgen.language import read_expression, read_network

NET = read_network(Source("net", "a: input[3]\nb: input[3]\nL = sum(a * b)\n"))


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(
    ("sign", "expected"),
    [(">", [0, 0, 1]), (">=", [0, 1, 1]), ("<", [1, 0, 0]), ("<=", [1, 1, 0])],
)
def test_below_at_and_above(sign: str, expected: list[int], exact: bool) -> None:  # noqa: FBT001
    """Each comparison says by hand what holds below, at and above the other side."""
    a, b = (
        np.array([[Fraction(n) if exact else float(n)] for n in column])
        for column in ([1, 2, 3], [2, 2, 2])
    )
    found = evaluate(read_expression(f"a {sign} b", NET), {"a": a, "b": b}, exact=exact)
    assert found.ravel().tolist() == expected
