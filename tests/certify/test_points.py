"""Test points: what a point must have so that a wrong answer cannot agree by luck."""

from __future__ import annotations

import pytest

from exgen.certify.gradients import GradientClaim
from exgen.certify.prove import prove
from exgen.errors import CertificateError, Source
from exgen.graph import Name, call
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
