"""Every op with a kink against a forgotten sign or mask, on both sides of the kink."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from exgen.certify.equation import Equation
from exgen.certify.prove import prove
from exgen.certify.quantity import Quantity
from exgen.derive.gradients import derive_gradients
from exgen.errors import CertificateError, Source
from exgen.graph import Name, Number
from exgen.language import read_network
from exgen.ops import TABLE, lookup

KINKED = sorted(op for op, row in TABLE.items() if row.traits.kink)
SLOPE = Fraction(3, 10)


def claim_of(op: str, lines: str, size: str) -> Equation:
    """Return the claim of the gradient by ``a``, where ``v`` is the op of ``z``."""
    more = f", {float(SLOPE)}" if len(lookup(op).signature.args) > 1 else ""
    text = f"a: input{size}\nt: input{size}\n{lines.format(f'{op}(z{more})')}"
    graph = read_network(Source("net", text))
    return Equation(graph, Quantity(graph.loss, "a"), (derive_gradients(graph)["a"].closed,))


def slope_of(op: str, side: int) -> Number:
    """Return the slope of an op on one side of its kink, from its values alone."""
    more = [np.full((1, 1), SLOPE)] * (len(lookup(op).signature.args) - 1)
    found = lookup(op).value(np.full((1, 1), Fraction(side)), *more).item()
    return Number(Fraction(found) * side)


@pytest.mark.parametrize("op", KINKED)
@pytest.mark.parametrize("size", ["", "[3]", "[2, 3]"])
@pytest.mark.parametrize("side", [1, -1], ids=["positive", "negative"])
def test_the_slope_of_one_side_is_not_proven(op: str, size: str, side: int) -> None:
    """For |z| z the gradient 2 z is right on one side only, and so refused; the true one holds."""
    claim = claim_of(op, "z = a - t\nv = {}\nL = sum(v * z)", size)
    prove(claim)
    z = Name("a") - Name("t")
    wrong = 2 * z if slope_of(op, side) == Number(Fraction(1)) else 2 * (slope_of(op, side) * z)
    with pytest.raises(CertificateError):
        prove(replace(claim, rights=(wrong,)))
