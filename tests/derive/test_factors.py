"""Gradients from derivatives that are given: what is given is used, and not bypassed."""

from __future__ import annotations

import pytest

from exgen.derive.factors import Given, gradients_given, read_given
from exgen.errors import Source
from exgen.graph import Derivative, derivatives_in
from exgen.language import read_network, to_text

GRAPH = read_network(
    Source("net", "z: input[3]\ny: onehot[3]\np = softmax(z)\nL = cross_entropy(p, y)\n")
)


def test_without_anything_given_softmax_and_loss_are_one() -> None:
    """The output and its loss are differentiated together, which is simplest."""
    assert to_text(gradients_given(GRAPH, Given())["z"].closed) == "p - y"


@pytest.mark.parametrize(("given", "symbol"), [
    ("p", Derivative("L", "p")),
    (["p", "z"], Derivative("p", "z")),
])  # fmt: skip
def test_what_is_given_is_used(given: object, symbol: Derivative) -> None:
    """A gradient alone, or a Jacobian alone, stands in what is derived from it."""
    found = gradients_given(GRAPH, read_given(GRAPH, [given]))["z"]
    assert symbol in derivatives_in(found.closed)
