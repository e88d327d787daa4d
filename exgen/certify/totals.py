"""Counts: how many numbers some leaves hold."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from exgen.certify.compare import SEED, trial_sizes
from exgen.certify.points import trial_point, with_numbers
from exgen.document import Agreement
from exgen.engine import evaluate
from exgen.errors import CertificateError
from exgen.graph import substitute_sizes

if TYPE_CHECKING:
    from exgen.graph import Expr, Graph


@dataclass(frozen=True, slots=True)
class TotalClaim:
    """Some leaves hold so many numbers in all.

    Attributes:
        graph: the network.
        names: the leaves.
        count: a number, or an expression in the sizes that stay symbolic.

    """

    graph: Graph
    names: tuple[str, ...]
    count: Expr

    def prove(self) -> tuple[Agreement, ...]:
        """Multiply the sizes out, and count the entries of arrays in a forward pass."""
        sizes = trial_sizes(self.graph)
        printed = evaluate(substitute_sizes(self.count, sizes), {}, exact=True).item()
        shapes = [self.graph.shapes[name] for name in self.names]
        multiplied = sum(prod(dim.substitute(sizes).constant for dim in shape) for shape in shapes)
        point = trial_point(with_numbers(self.graph), SEED)
        counted = sum(1 for name in self.names for _ in point[name].flat)
        for method, found in (("sizes", multiplied), ("entries counted", counted)):
            if found != printed:
                raise CertificateError(f"{method}: {found} is not {printed}")
        count = len(self.names)
        return Agreement("sizes", 0.0, count), Agreement("entries counted", 0.0, counted)
