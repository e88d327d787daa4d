"""What must hold between the faces of a row; each check takes the row, to try broken ones too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.engine import evaluate
from exgen.graph import Name
from exgen.ops.base import Op, Sizes, no_jacobian
from exgen.shapes import shape_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.ops.samples import Sample

STEP = 1e-6
CLOSE = 1e-7


def value(row: Op, sample: Sample, arguments: list[NDArray[Any]]) -> NDArray[Any]:
    """Return the row's own value on changed arguments."""
    return np.asarray(row.value(*arguments, **dict(sample.call.options)), dtype=float)


def arguments(sample: Sample) -> list[NDArray[Any]]:
    """Return the values of the arguments."""
    return [evaluate(arg, sample.floats) for arg in sample.call.args]


def differences(row: Op, sample: Sample, position: int) -> NDArray[Any]:
    """Return every output entry by every entry of one argument, from central differences."""
    args = arguments(sample)
    out = value(row, sample, args)
    found = np.empty(out.shape + args[position].shape)
    for where in np.ndindex(args[position].shape):
        sides = []
        for step in (STEP, -STEP):
            moved = [arg.copy() for arg in args]
            moved[position][where] += step
            sides.append(value(row, sample, moved))
        found[:, :, *where] = (sides[0] - sides[1]) / (2 * STEP)
    return found


def check_shape(row: Op, sample: Sample) -> None:
    """The shape that the table announces is the shape that comes out."""
    shapes = tuple(shape_of(arg, sample.graph.shapes) for arg in sample.call.args)
    announced = row.shape(Sizes(), shapes, dict(sample.call.options))
    assert tuple(dim.constant for dim in announced) == value(row, sample, arguments(sample)).shape


def check_vjp(row: Op, sample: Sample) -> None:
    """The gradient rule agrees with central differences."""
    gradients = row.vjp(sample.site, Name("g"))
    assert len(gradients) == len(sample.call.args)
    for position, gradient in enumerate(gradients):
        expected = np.einsum("ij,ijkl->kl", sample.upstream, differences(row, sample, position))
        if gradient is None:
            constant = not isinstance(sample.call.args[position], Name)
            assert constant or not expected.any(), "a gradient is left out"
            continue
        found = evaluate(gradient, sample.known)
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=CLOSE, atol=CLOSE)


def check_jacobian(row: Op, sample: Sample) -> None:
    """The Jacobian, in numerator layout, agrees with differences and with the gradient rule."""
    gradients = row.vjp(sample.site, Name("g"))
    for position, shape in enumerate(sample.site.shapes):
        jacobian = row.jacobian(sample.site, position)
        columns = sample.site.out_shape[1].constant == shape[1].constant == 1
        if jacobian is None:
            along = sample.call.option("axis") == 1
            assert not columns or row.jacobian is no_jacobian or along, "a Jacobian is left out"
            continue
        assert columns, "a Jacobian of something that is not a column"
        found = evaluate(jacobian, sample.known)
        expected = differences(row, sample, position)[:, 0, :, 0]
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=CLOSE, atol=CLOSE)
        gradient = gradients[position]
        if gradient is not None:
            pulled = evaluate(gradient, sample.known)
            np.testing.assert_allclose(found.T @ sample.upstream, pulled, rtol=CLOSE, atol=CLOSE)


def check_entry(row: Op, sample: Sample) -> None:
    """The index form agrees with differences for every pair of entries."""
    names = ("i", "j"), ("k", "l")
    for position, shape in enumerate(sample.site.shapes):
        expected = differences(row, sample, position)
        # Columns are indexed by one name; the other position is then 0.
        short = (
            ("i", 0 if sample.site.out_shape[1].constant == 1 else "j"),
            ("k", 0 if shape[1].constant == 1 else "l"),
        )
        for out, arg in (names, short):
            entry = row.entry(sample.site, position, out, arg)
            for where in np.ndindex(expected.shape):
                found = evaluate(entry, sample.known, dict(zip("ijkl", where, strict=True)))
                assert found.shape == (1, 1)
                np.testing.assert_allclose(found[0, 0], expected[where], rtol=CLOSE, atol=CLOSE)


CHECKS = (check_shape, check_vjp, check_jacobian, check_entry)
