"""Every op with a kink against a forgotten sign or mask, on both sides of the kink."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

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
from tests.commands import run

if TYPE_CHECKING:
    from pathlib import Path

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


@pytest.mark.parametrize("op", KINKED)
def test_values_at_a_kink_have_the_slope_that_is_told(op: str, tmp_path: Path) -> None:
    """At 0 itself the gradient is that of the side, or 0, and the page says which it assumes."""
    more = f", {float(SLOPE)}" if len(lookup(op).signature.args) > 1 else ""
    net, values = tmp_path / "kink.net", tmp_path / "kink.json"
    net.write_text(f"x: input[2]\nt: target[2]\nL = sum({op}(gelu(x) - t{more}))\n")
    values.write_text('{"x": [0, 1], "t": [0, 0]}')
    ran = run("derive", str(net), "--values", str(values))
    assert ran.code == 0, ran.err
    flat = lookup(op).traits.kink == "flat"
    told = "slope 0" if flat else "slope of its negative side"
    assert f"assumes that {op} has at 0 the {told}" in ran.out
    first = re.search(r"dL/dt.*?= \[(.*?),", ran.out, re.DOTALL)
    assert first is not None
    assert float(first[1]) == (0 if flat else -float(slope_of(op, -1).value))
