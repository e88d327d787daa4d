"""Rounded numbers: what a wire of a circuit carries, however a student rounds on the way."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from exgen.certify.compare import EXACT_TOLERANCE, compare
from exgen.certify.hand import Gate, Worked, gates, rounded, work
from exgen.document import Agreement
from exgen.errors import CertificateError
from exgen.graph import SCALAR, Binding, Graph, Leaf, Name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from fractions import Fraction

    from exgen.certify.sides import Sides
    from exgen.certify.trials import Trial

UPSTREAM = "upstream_"
TOTAL = "total_"


def rounded_alike(claim: Sides, trial: Trial) -> tuple[Agreement, Agreement]:
    """Work a circuit by hand, in every way that a sheet allows, and compare what is written down.

    Raises:
        CertificateError: the number is another, or one of the ways rounds to another.

    """
    rounding, leaves = claim.rounding, trial.leaves
    if rounding is None or rounding.carry is None:
        raise CertificateError("nothing is rounded on the way here")
    given = {name: decimal(array.item()) for name, array in leaves.items()}
    every, one = gates(trial.graph), Decimal(1)
    exactly = _picked(work(every, given, one, digits=None), claim)
    found = compare(
        "decimal arithmetic",
        claim.value.astype(float),
        np.full((1, 1), float(exactly)),
        EXACT_TOLERANCE,
    )
    printed = rounded(exactly, rounding.digits)
    every_way = [_picked(way, claim) for way in ways(every, given, one, rounding.carry)]
    for way in every_way:
        if rounded(way, rounding.digits) != printed:
            raise CertificateError(f"rounding on the way: {way} is not {printed}")
    return found, Agreement("rounding on the way", 0.0, len(every_way))


def _picked(worked: Worked, claim: Sides) -> Decimal:
    quantity = claim.quantity
    if quantity is None:
        raise CertificateError("only a number can be rounded")
    return worked.gradients[quantity.by] if quantity.by else worked.values[quantity.of]


def ways(
    circuit: tuple[Gate, ...], leaves: Mapping[str, Decimal], upstream: Decimal, carry: int
) -> Iterator[Worked]:
    """Yield the ways in which a student may round: to the decimals to carry, or to more."""
    yield work(circuit, leaves, upstream, digits=carry)
    yield work(circuit, leaves, upstream, digits=carry, round_slopes=True)
    yield work(circuit, leaves, upstream, digits=carry + 1)
    yield work(circuit, leaves, upstream, digits=carry + 2)


def decimal(value: Fraction) -> Decimal:
    """Return a fraction as a decimal number."""
    return Decimal(value.numerator) / Decimal(value.denominator)


def with_upstream(graph: Graph) -> Graph:
    """Return a network that ends in the upstream gradient times its last line."""
    leaf = Leaf(UPSTREAM, "const", SCALAR, 0)
    total = Binding(TOTAL, Name(UPSTREAM) * Name(graph.loss))
    shapes = {**graph.shapes, UPSTREAM: SCALAR, TOTAL: SCALAR}
    return Graph((*graph.leaves, leaf), (*graph.bindings, total), shapes, TOTAL)
