"""Test points: what a point must have so that a wrong answer cannot agree by luck."""

from __future__ import annotations

from fractions import Fraction

import pytest

from exgen.certify.gradients import GradientClaim
from exgen.certify.prove import prove
from exgen.errors import CertificateError, Source
from exgen.graph import Name, Number, call
from exgen.language import read_network


@pytest.mark.parametrize("size", ["n", "3", "4", "5"])
@pytest.mark.parametrize("descending", [None, 1])
def test_sorting_is_not_its_own_inverse(size: str, descending: int | None) -> None:
    """The permutation of a sort cannot be mistaken for its transpose."""
    order = "" if descending is None else f", descending={descending}"
    text = f"x: input[{size}]\ng: const[{size}]\nL = sum(g * sort(x{order}))"
    graph = read_network(Source("sort", text))
    permutation = call("permutation", Name("x"), descending=descending)
    shape = graph.shapes["x"]
    prove(GradientClaim(graph, "x", permutation.T @ Name("g"), shape))
    with pytest.raises(CertificateError):
        prove(GradientClaim(graph, "x", permutation @ Name("g"), shape))


@pytest.mark.parametrize("act", ["relu(s)", "lrelu(s, 0.1)"])
def test_both_sides_of_a_scalar_kink(act: str) -> None:
    """A gradient that forgets the slope on one side of a kink is refused, of a scalar too."""
    graph = read_network(Source("kink", f"w: param\nx: input\ns = w * x\nL = {act}"))
    slope = call("greater", Name("s"), 0)
    if "lrelu" in act:
        slope = slope + call("less_equal", Name("s"), 0) * Number(Fraction(1, 10))
    shape = graph.shapes["s"]
    prove(GradientClaim(graph, "w", slope * Name("x"), shape))
    for wrong in (Name("x"), call("greater", Name("s"), 1) * Name("x"), slope * Name("w")):
        with pytest.raises(CertificateError):
            prove(GradientClaim(graph, "w", wrong, shape))
