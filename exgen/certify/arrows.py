"""The arrows of a computation graph, and what follows from them: which quantity reads which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
EDGES, INPUT, BEHIND = "edges", "input of a layer", "bottleneck"
"""What is asked: every arrow; what a line reads; the parameters that act through it alone."""

Arrows = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ArrowsClaim:
    """What is found of a graph's arrows is all that there is.

    Attributes:
        graph: the network.
        sort: which of the three things is asked.
        found: the arrows, as pairs of a quantity and the line that reads it; or names.
        about: the line that is asked about.
        fixed: what it reads besides, and is not asked for.

    """

    graph: Graph
    sort: str
    found: tuple[Any, ...]
    about: str = ""
    fixed: tuple[str, ...] = ()

    def prove(self) -> tuple[Agreement, ...]:
        """Read the expressions; and move each quantity alone, to see which lines move."""
        if len(set(self.found)) != len(self.found):
            raise CertificateError("an arrow is drawn twice")
        ways = {
            "reading the expressions": read(self.graph),
            "moving each quantity": moved(self.graph),
        }
        for method, arrows in ways.items():
            expected = self.answer(arrows)
            for part in sorted(expected ^ set(self.found)):
                what = (
                    f"'{part}'"
                    if isinstance(part, str)
                    else "an arrow from '{}' to '{}'".format(*part)
                )
                says = "there is" if part in expected else "there is not"
                raise CertificateError(f"{method}: {says} {what}")
        return tuple(Agreement(method, 0.0, len(self.found)) for method in ways)

    def answer(self, arrows: Arrows) -> set[Any]:
        """Return what is asked, where these are the arrows."""
        if self.sort == EDGES:
            return set(arrows)
        if self.sort == INPUT:
            return {name for name, line in arrows if line == self.about} - {*self.fixed}
        return set(behind(self.graph, self.about, arrows))


def read(graph: Graph) -> Arrows:
    """Return the arrows that the lines of a network show."""
    return graph.once(
        "arrows", lambda: frozenset((n, b.name) for b in graph.bindings for n in names_in(b.expr))
    )


def moved(graph: Graph) -> Arrows:
    """Return which lines change where one quantity is changed and all others are held.

    More points are tried only as long as a change that the lines show has not shown yet.
    """
    return graph.once("moved arrows", lambda: _moved(with_numbers(graph)))


def _moved(graph: Graph) -> Arrows:
    found: set[tuple[str, str]] = set()
    for point in range(POINTS):
        if point >= LEAST_POINTS and read(graph) <= found:
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
    return frozenset(found)


def separates(
    graph: Graph, start: str, stage: str, loss: str, arrows: Arrows | None = None
) -> bool:
    """Whether every path from ``start`` to the loss goes through ``stage``, and one does."""
    if start == stage:
        return False
    known = read(graph) if arrows is None else arrows
    reached, through = {start}, False
    for binding in graph.bindings:
        if any((name, binding.name) in known for name in reached):
            if binding.name == stage:
                through = True
            else:
                reached.add(binding.name)
    return through and (stage == loss or loss not in reached)


def behind(graph: Graph, stage: str, arrows: Arrows | None = None) -> tuple[str, ...]:
    """Return the parameters all of whose paths to the loss go through a stage."""
    params = (leaf.name for leaf in graph.leaves if leaf.role == "param")
    return tuple(p for p in params if separates(graph, p, stage, graph.loss, arrows))
