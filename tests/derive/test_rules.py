"""The rules in the margin of a worked derivation."""

from __future__ import annotations

import pytest

from exgen.derive.gradients import derive_gradients
from exgen.derive.rules import rule_name
from exgen.errors import Source
from exgen.language import read_network

GRAPH = read_network(Source("net", """\
x: input[3]
y: target[3]
b: param
a = relu(x)
s = a + tanh(a) * (a > b)
L = squared_error(s, y)
"""))  # fmt: skip


@pytest.mark.parametrize(("name", "expected"), [
    ("L", "start"),
    ("s", "squared error"),
    ("a", "sum, tanh on 2 paths"),
    ("x", "ReLU"),
    ("b", "not used"),
])  # fmt: skip
def test_the_rules_behind_a_gradient(name: str, expected: str) -> None:
    """One use is its rule; several are added over paths; none and the loss are said to be so."""
    assert rule_name(derive_gradients(GRAPH)[name], GRAPH) == expected
