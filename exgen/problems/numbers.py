"""Numbers for the leaves of a network: drawn exactly, stored as text, printed as written."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.errors import KindError, nearest
from exgen.language.writer import decimal_text
from exgen.values import exact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from exgen.graph import Graph, Leaf
    from exgen.seeds import Stream

DEFAULT = {"from": -5, "to": 5, "step": 1}
MAX_ENTRIES = 400
MAX_CHOICES = 10_000

Stored = list[list[str]]
"""Rows of exact numbers as text, such as ``"0.5"`` or ``"-1/3"``: JSON keeps them as they are."""


def draw_numbers(graph: Graph, ranges: Mapping[str, Any], stream: Stream) -> dict[str, Stored]:
    """Draw an exact array for every leaf.

    Args:
        graph: the network, its sizes numbers.
        ranges: for a leaf, ``{from, to, step, zero}`` (whole steps; 0 only where ``zero`` is
            true), a list of numbers to draw each entry from, or ``{is = …}`` with the number,
            list or rows themselves. Leaves not mentioned are drawn from -5 to 5 without 0;
            one-hot leaves are drawn as such.
        stream: each leaf has its own child of it.

    Raises:
        KindError: a leaf is unknown, a range is malformed, or an array is too large.

    """
    names = [leaf.name for leaf in graph.leaves]
    for name in ranges:
        if name not in names:
            raise KindError(f"there is no leaf '{name}' to draw", remedy=nearest(name, names))
    return {leaf.name: _draw(leaf, ranges.get(leaf.name), stream) for leaf in graph.leaves}


def _draw(leaf: Leaf, spec: object, stream: Stream) -> Stored:
    if not all(dim.is_number for dim in leaf.shape):
        raise KindError(f"the size of '{leaf.name}' must be a number", remedy="Draw it.")
    rows, columns = (dim.constant for dim in leaf.shape)
    if rows * columns > MAX_ENTRIES:
        raise KindError(f"'{leaf.name}' has more than {MAX_ENTRIES} entries")
    own = stream.child("numbers", leaf.name)
    if isinstance(spec, dict) and "is" in spec:
        return _given(leaf, spec["is"])
    if leaf.role == "onehot" and spec is None:
        hot = [own.below(rows) for _ in range(columns)]
        return [["1" if hot[c] == r else "0" for c in range(columns)] for r in range(rows)]
    choices = _choices(leaf, DEFAULT if spec is None else spec)
    return [[text(own.choose(choices)) for _ in range(columns)] for _ in range(rows)]


def _choices(leaf: Leaf, spec: Any) -> list[Fraction]:  # noqa: ANN401 - a list, or a range
    if not isinstance(spec, dict):
        return [exact(part) for part in spec]
    low, high, step = (exact(spec.get(key, DEFAULT[key])) for key in DEFAULT)
    if not (step > 0 and low <= high and (high - low) / step <= MAX_CHOICES):
        raise KindError(
            f"'{leaf.name}' is drawn from a range that holds nothing, or too much",
            remedy="Such as x = { from = -3, to = 3, step = 0.5 }.",
        )
    found = [low + n * step for n in range(int((high - low) / step) + 1)]
    return found if spec.get("zero") else [number for number in found if number]


def _given(leaf: Leaf, value: object) -> Stored:
    rows, columns = (dim.constant for dim in leaf.shape)
    table = value if isinstance(value, list) else [value]
    nested = [row if isinstance(row, list) else [row] for row in table]
    if len(nested) != rows or any(len(row) != columns for row in nested):
        raise KindError(f"the numbers of '{leaf.name}' do not have its shape")
    try:
        return [[text(exact(part)) for part in row] for row in nested]
    except (ValueError, ArithmeticError):
        said = f"'{leaf.name}' is given something that is not a number"
        raise KindError(said, remedy="Such as 0.5, or '1/3'.") from None


def text(value: Fraction) -> str:
    """Return an exact number as text: a decimal where it ends, else a quotient."""
    return decimal_text(value) or f"{value.numerator}/{value.denominator}"


def exact_arrays(stored: Mapping[str, Stored]) -> dict[str, NDArray[Any]]:
    """Return stored numbers as arrays of exact fractions."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, rows in stored.items():
        array = np.empty((len(rows), len(rows[0])), dtype=object)
        for place in np.ndindex(array.shape):
            array[place] = Fraction(rows[place[0]][place[1]])
        arrays[name] = array
    return arrays


def number_latex(value: Fraction | float, digits: int = 4) -> str:
    """Return a number as LaTeX: exact where it is a fraction, else rounded to ``digits`` places."""
    if isinstance(value, float):
        return f"{value:.{digits}f}"
    decimal = decimal_text(Fraction(value))
    if decimal is not None:
        return decimal
    sign = "-" if value < 0 else ""
    return rf"{sign}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"
