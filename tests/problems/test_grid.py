"""Grids: what every draw of their numbers meets, whatever the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exgen.engine import forward
from exgen.presets.grid import KIND
from exgen.problems import luck
from exgen.problems.numbers import exact_arrays
from exgen.problems.upstream import with_upstream
from tests.problems.drawn import draw, network

if TYPE_CHECKING:
    from exgen.graph import Graph

NET = "X: input[4, 4]\nW: param[2, 2]\nU = {pool}\nV = {act}\ny = sum(V * W)"
NETWORKS = [
    network(NET.format(pool="maxpool(X)", act="lrelu(U, 0.1)")),
    network(NET.format(pool="avgpool(X)", act="relu(U)")),
    network(NET.replace("4, 4", "3, 3").format(pool="maxpool(X, 2, 1)", act="lrelu(U, 0.2)")),
]


@pytest.mark.parametrize("graph", NETWORKS, ids=["max", "mean", "overlap"])
def test_draws_can_be_worked_by_hand(graph: Graph) -> None:
    """No ties, no kinks, either sign before the activation, and at most four decimals."""
    whole, _ = with_upstream(graph, ("upstream",))
    for seed in range(35):
        draws = draw(KIND, graph, seed, numbers={"W": [1, 2, 5, 10, -1]})
        values = forward(whole, exact_arrays(draws["numbers"]), exact=True)
        assert luck.no_ties(graph, values)
        assert luck.off_the_kink(graph, values)
        assert min(values["U"].flat) < 0 < max(values["U"].flat)
        assert luck.short_decimals([values[line.name] for line in graph.bindings], 4)
        assert draw(KIND, graph, seed, numbers={"W": [1, 2, 5, 10, -1]}) == draws
