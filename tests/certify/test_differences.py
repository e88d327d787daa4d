"""Differences: derivatives that come from the function alone."""

from __future__ import annotations

import numpy as np
import pytest

from exgen.certify.differences import directional, gradient


def test_the_error_of_a_second_order_cancels() -> None:
    """A cubic, whose central differences are off by the square of the step, comes out right."""
    at, direction = np.array([[1.0], [-2.0]]), np.array([[2.0], [0.5]])
    found = directional(lambda x: x**3, at, direction)
    assert found == pytest.approx(3 * at**2 * direction, rel=1e-10)


def test_a_gradient_has_an_entry_for_each_number() -> None:
    """Each entry is what moving that one number does."""
    at = np.array([[1.0, 2.0], [3.0, -4.0]])
    assert gradient(lambda x: float((x**2).sum()), at) == pytest.approx(2 * at, rel=1e-9)
