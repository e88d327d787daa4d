"""Test points lie where a wrong answer shows: on both sides of every kink, and in no symmetry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from exgen.certify.compare import SEED, compare
from exgen.certify.equation import Equation
from exgen.certify.points import MARGIN, classes_axis, trial_point, trial_points, with_numbers
from exgen.certify.prove import prove
from exgen.certify.quantity import Quantity
from exgen.errors import CertificateError, Source
from exgen.language import read_network
from exgen.language.network import read_expression

if TYPE_CHECKING:
    from exgen.graph import Expr, Graph

UNIT = "x: input\nw: param\nt: target\nz = w * x\na = relu(z)\nL = (a - t) ** 2"
TWO_UNITS = "x: input\nu: param\nv: param\nL = relu(u * x) + 3 * relu(v * x)"
SORTED = "x: input[n]\ng: input[n]\ns = sort(x)\nL = sum(g * s)"


def network(text: str) -> Graph:
    """Read a network from text."""
    return read_network(Source("net", text))


def claim(text: str, by: str, expr: str) -> Equation:
    """Return the claim that an expression is the gradient by a name."""
    graph = network(text)
    printed: Expr = read_expression(expr, graph)
    return Equation(graph, Quantity(graph.loss, by), (printed,))


def test_a_single_unit_is_tried_on_both_sides() -> None:
    """A pre-activation that is one number is positive at one point and negative at another."""
    points = trial_points(with_numbers(network(UNIT)), SEED)
    assert {point["z"].item() > 0 for point in points} == {True, False}


def test_each_of_two_units_is_tried_on_both_sides() -> None:
    """Units that share an input get enough points for both sides of each."""
    points = trial_points(network(TWO_UNITS), SEED)
    for weight in "uv":
        sides = {point[weight].item() * point["x"].item() > 0 for point in points}
        assert sides == {True, False}


@pytest.mark.parametrize("text", [
    "x: input[3]\nL = sum(relu(x))",
    "x: input[3]\nL = sum(x ** 2)",
])  # fmt: skip
def test_one_point_serves_where_no_single_number_has_a_kink(text: str) -> None:
    """An array has entries on both sides at one point, so no second one is tried."""
    assert len(trial_points(network(text), SEED)) == 1


def test_a_forgotten_mask_of_a_single_unit_is_refused() -> None:
    """On the positive side alone the gradient without its mask would agree."""
    prove(claim(UNIT, "w", "2 * (a - t) * (z > 0) * x"))
    with pytest.raises(CertificateError, match="is not"):
        prove(claim(UNIT, "w", "2 * (a - t) * x"))


@pytest.mark.parametrize("use", ["maxroute(S, G)", "maxpick(S, H)", "maxpool(S)", "sort(x)"])
def test_entries_that_compete_are_not_tied(use: str) -> None:
    """What an op compares keeps its distance, also where the op has a second argument."""
    text = "X: input[4, 4]\nG: const[2, 2]\nH: const[4, 4]\nv: input[16]\n"
    graph = network(f"{text}S = X / 20\nx = v / 20\nU = {use}\nL = sum(U)")
    compared = "x" if "(x" in use else "S"
    for seed in range(20):
        entries = np.sort(trial_point(graph, seed)[compared], axis=None)
        assert np.diff(entries).min() >= MARGIN


def test_no_order_is_its_own_inverse() -> None:
    """Sorted by such an order, a permutation and its transpose would be one."""
    for size in (3, 4, 5):
        graph = network(SORTED.replace("[n]", f"[{size}]"))
        for seed in range(20):
            order = np.argsort(trial_point(graph, seed)["x"].ravel())
            assert (order[order] != np.arange(size)).any()
    trial_point(network(SORTED.replace("[n]", "[2]")), SEED)


@pytest.mark.parametrize("options", ["", ", descending=1"])
def test_a_forgotten_transpose_of_a_permutation_is_refused(options: str) -> None:
    """The gradient through a sort goes back by the transpose."""
    text = SORTED.replace("sort(x)", f"sort(x{options})")
    prove(claim(text, "x", f"permutation(x{options}).T @ g"))
    with pytest.raises(CertificateError, match="is not"):
        prove(claim(text, "x", f"permutation(x{options}) @ g"))


@pytest.mark.parametrize(
    ("text", "axis"),
    [
        ("z: input[2]\ny: onehot[2]\np = softmax(z)", 0),
        ("Z: input[3, 3]\ny: onehot[3, 3]\np = softmax(Z, axis=1)", 1),
        ("Z: input[3, 3]\ny: onehot[3, 3]\np = softmax(Z, axis=0)", 0),
        ("x: input[1, 2]\ny: onehot[2]\nh = softmax(x.T, axis=1)\np = softmax(x.T * h)", 0),
        ("X: input[3, 3]\ny: onehot[3, 3]\nh = softmax(X, axis=0)\np = softmax(X * h, axis=1)", 1),
    ],
)
def test_the_classes_of_a_target_run_as_in_its_own_softmax(text: str, axis: int) -> None:
    """Another softmax of the same shape says nothing about the target: its loss does."""
    graph = network(f"{text}\nL = cross_entropy(p, y)")
    leaf = graph.leaf("y")
    assert leaf is not None
    assert classes_axis(graph, leaf) == axis
    assert (trial_point(graph, SEED)["y"].sum(axis=axis) == 1).all()


@pytest.mark.parametrize("found", [3e-4, -1e-300, float("nan")])
def test_nothing_but_zero_is_zero(found: float) -> None:
    """Where all terms are 0 there is no scale, so any other number is refused."""
    zero = np.zeros((1, 1))
    assert compare("x", zero, zero, 1e-9, floor=0.0).error == 0
    with pytest.raises(CertificateError):
        compare("x", np.full((1, 1), found), zero, 1e-9, floor=0.0)
