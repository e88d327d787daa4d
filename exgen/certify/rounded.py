"""Rounded numbers: what a wire of a circuit carries, however a student rounds on the way."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from exgen.certify import differences
from exgen.certify.compare import (
    DIFFERENCE_TOLERANCE,
    EXACT_TOLERANCE,
    as_function,
    compare,
)
from exgen.certify.hand import Gate, Worked, gates, rounded, work
from exgen.document import Agreement
from exgen.engine import forward, gradients
from exgen.errors import CertificateError
from exgen.graph import SCALAR, Binding, Graph, Leaf, Name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

UPSTREAM = "upstream_"
TOTAL = "total_"


@dataclass(frozen=True, slots=True)
class RoundedClaim:
    """A wire of a circuit carries a value forwards, or a gradient backwards, as printed.

    Attributes:
        circuit: the gates as a graph.
        leaves: the value of every leaf.
        upstream: the gradient of the loss by the output.
        name: the wire.
        backwards: whether the gradient is meant instead of the value.
        printed: the number as printed.
        digits: the decimals to which the sheet says to round what is written down.
        carry: the decimals with which it says to calculate at least.

    """

    circuit: Graph
    leaves: Mapping[str, Decimal]
    upstream: Decimal
    name: str
    backwards: bool
    printed: str
    digits: int
    carry: int

    def prove(self) -> tuple[Agreement, ...]:
        """Compare with the engine and with differences, and round in every way the sheet allows."""
        every = gates(self.circuit)
        exactly = work(every, self.leaves, self.upstream, digits=None)
        expected = np.full((1, 1), float(self.pick(exactly)))
        if rounded(self.pick(exactly), self.digits) != Decimal(self.printed):
            raise CertificateError(
                f"decimal arithmetic: {self.pick(exactly):.6g} is not {self.printed}"
            )
        every_way = tuple(ways(every, self.leaves, self.upstream, self.carry))
        for way in every_way:
            if rounded(self.pick(way), self.digits) != Decimal(self.printed):
                raise CertificateError(
                    f"rounding on the way: {self.pick(way)} is not {self.printed}"
                )
        safe = Agreement("rounding on the way", 0.0, len(every_way))
        scaled = with_upstream(self.circuit)
        given = {name: np.full((1, 1), float(value)) for name, value in self.leaves.items()}
        values = forward(scaled, {**given, UPSTREAM: np.full((1, 1), float(self.upstream))})
        if not self.backwards:
            run = compare("float forward pass", values[self.name], expected, EXACT_TOLERANCE)
            return Agreement("decimal arithmetic", 0.0, 1), run, safe
        reverse = gradients(scaled, values)[self.name]
        function = as_function(scaled, values, self.name, TOTAL)
        entry = differences.gradient(lambda x: function(x).item(), values[self.name])
        return (
            compare("reverse mode", reverse, expected, EXACT_TOLERANCE),
            compare("differences", entry, expected, DIFFERENCE_TOLERANCE),
            safe,
        )

    def pick(self, worked: Worked) -> Decimal:
        """Return the number this claim is about."""
        return (worked.gradients if self.backwards else worked.values)[self.name]


def ways(
    circuit: tuple[Gate, ...], leaves: Mapping[str, Decimal], upstream: Decimal, carry: int
) -> Iterator[Worked]:
    """Yield the ways in which a student may round: to the decimals to carry, or to more."""
    yield work(circuit, leaves, upstream, digits=carry)
    yield work(circuit, leaves, upstream, digits=carry, round_slopes=True)
    yield work(circuit, leaves, upstream, digits=carry + 1)
    yield work(circuit, leaves, upstream, digits=carry + 2)


def with_upstream(graph: Graph) -> Graph:
    """Return a network that ends in the upstream gradient times its last line."""
    leaf = Leaf(UPSTREAM, "const", SCALAR, 0)
    total = Binding(TOTAL, Name(UPSTREAM) * Name(graph.loss))
    shapes = {**graph.shapes, UPSTREAM: SCALAR, TOTAL: SCALAR}
    return Graph((*graph.leaves, leaf), (*graph.bindings, total), shapes, TOTAL)


def decimals(stored: Mapping[str, list[list[str]]]) -> dict[str, Decimal]:
    """Return stored scalars as decimals."""
    found = {name: Fraction(rows[0][0]) for name, rows in stored.items()}
    return {name: Decimal(f.numerator) / Decimal(f.denominator) for name, f in found.items()}
