"""Edges of a computation graph: which quantity is read by which line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exgen.certify.compare import SEED
from exgen.certify.points import trial_point, with_numbers
from exgen.document import Agreement
from exgen.engine import evaluate
from exgen.errors import CertificateError
from exgen.graph import names_in

if TYPE_CHECKING:
    from exgen.graph import Graph

LEAST_POINTS = 2
POINTS = 12
"""At how many points a change is tried: behind a ReLU it may show at some of them only."""
CHANGES = (0.05, 0.4)
LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class EdgesClaim:
    """The arrows of a drawn computation graph are those of the network.

    Attributes:
        graph: the network.
        edges: the arrows, as pairs of a quantity and the line that reads it.

    """

    graph: Graph
    edges: tuple[tuple[str, str], ...]

    def prove(self) -> tuple[Agreement, ...]:
        """Read the expressions; and move each quantity alone, to see which lines move."""
        if len(set(self.edges)) != len(self.edges):
            raise CertificateError("an arrow is drawn twice")
        read = {(name, b.name) for b in self.graph.bindings for name in names_in(b.expr)}
        self.check("reading the expressions", read)
        self.check("moving each quantity", moved(self.graph, set(self.edges)))
        count = len(self.edges)
        return (
            Agreement("reading the expressions", 0.0, count),
            Agreement("moving each quantity", 0.0, count),
        )

    def check(self, method: str, found: set[tuple[str, str]]) -> None:
        """Raise where the arrows are not those found."""
        for one, other in sorted(found ^ set(self.edges)):
            says = "there is an arrow" if (one, other) in found else "there is no arrow"
            raise CertificateError(f"{method}: {says} from '{one}' to '{other}'")


def moved(graph: Graph, expected: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return which lines change where one quantity is changed and all others are held.

    More points are tried only as long as an expected change has not shown yet.
    """
    graph = with_numbers(graph)
    return graph.once(("moved", frozenset(expected)), lambda: _moved(graph, expected))


def _moved(graph: Graph, expected: set[tuple[str, str]]) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for point in range(POINTS):
        if point >= LEAST_POINTS and expected <= found:
            break
        values = trial_point(graph, SEED + point)
        random = np.random.default_rng((SEED, point))
        for name in graph.names:
            for size in CHANGES:
                change = random.uniform(0.2, 1.0, values[name].shape) * size
                other = {**values, name: values[name] + change}
                for binding in graph.bindings:
                    if (name, binding.name) in found or binding.name == name:
                        continue
                    shift = np.abs(evaluate(binding.expr, other) - values[binding.name]).max()
                    if shift > LEAST:
                        found.add((name, binding.name))
    return found
