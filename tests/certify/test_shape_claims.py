"""What proves a shape: it follows from what is shown, and the forward pass comes out so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exgen.certify.sizes import ShapeClaim
from exgen.errors import CertificateError, Source
from exgen.graph import Dim
from exgen.language import read_network

GRAPH = read_network(Source("net", "x: input[4]\nW: param[3, 4]\nz = W @ x\nL = sum(z)\n"))
THREE, ONE = Dim(3), Dim(1)


def test_a_shape_that_follows_is_proven_without_a_difference() -> None:
    """Both methods agree to the digit, on the number of axes."""
    claim = ShapeClaim(GRAPH, "z", (THREE, ONE), ("x", "W"))
    found = [(part.method, part.error, part.points) for part in claim.prove()]
    assert found == [("inference", 0.0, 2), ("forward pass", 0.0, 2)]


def test_shown_shapes_that_contradict_a_line_are_refused() -> None:
    """Where what is shown cannot be true of the lines, the claim fails and says so."""
    wrong = replace(GRAPH, shapes={**GRAPH.shapes, "x": (Dim(5), ONE)})
    with pytest.raises(CertificateError, match=r"^inference: "):
        ShapeClaim(wrong, "z", (THREE, ONE), ("x", "W")).prove()
