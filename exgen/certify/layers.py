"""Layers: what a line of a forward pass reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exgen.certify.compare import (
    EXACT_TOLERANCE,
    SEED,
    compare,
)
from exgen.certify.points import trial_point, with_numbers
from exgen.document import Agreement
from exgen.engine import evaluate, forward
from exgen.errors import CertificateError
from exgen.graph import names_in

if TYPE_CHECKING:
    from exgen.graph import Graph


@dataclass(frozen=True, slots=True)
class LayerInputClaim:
    """A line reads one value that comes from the layer before; all else it reads is fixed."""

    graph: Graph
    line: str
    source: str
    fixed: tuple[str, ...]

    def prove(self) -> tuple[Agreement, ...]:
        """Read the line, and see the output follow a change of the input alone."""
        expr = self.graph.expr(self.line)
        read = frozenset() if expr is None else names_in(expr)
        if read - {*self.fixed} != {self.source}:
            raise CertificateError(f"reading: '{self.line}' reads {', '.join(sorted(read))}")
        graph = with_numbers(self.graph)
        values = trial_point(graph, SEED)
        other = trial_point(graph, SEED + 1)
        mixed = {name: values[name] for name in read} | {self.source: other[self.source]}
        line = graph.expr(self.line)
        if line is None:
            raise CertificateError(f"'{self.line}' is no line")
        moved = evaluate(line, mixed)
        leaves = {leaf.name: values[leaf.name] for leaf in graph.leaves}
        run = forward(graph, {**leaves, self.source: other[self.source]})[self.line]
        agreed = compare("forward pass", moved, run, EXACT_TOLERANCE)
        if np.allclose(moved, values[self.line]):
            raise CertificateError(f"forward pass: '{self.source}' does not change '{self.line}'")
        return Agreement("reading", 0.0, len(read)), agreed
