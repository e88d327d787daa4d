"""Numbers that a user gives for the leaves of a network: checked, and sizes read off them.

A scalar has a number, a vector a list, a matrix a list of rows; a fraction is a text, such as
``"1/3"``. ``exgen derive`` reads them from JSON, a bank has them under ``give``.
"""

from __future__ import annotations

import json
import re
import sys
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.errors import ValuesError, nearest, retold
from exgen.graph import Dim
from exgen.language.classes import classes_axes
from exgen.ops.base import Sizes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from exgen.errors import Source
    from exgen.graph import Graph, Leaf

MAX_ENTRIES = 10_000_000
QUOTIENT = re.compile(r"-?\d{1,18}/0*[1-9]\d{0,17}")


def read_values(source: Source, graph: Graph) -> dict[str, NDArray[Any]]:
    """Return the arrays that a JSON text gives for all leaves of a graph, as floats.

    Raises:
        ValuesError: not JSON, a leaf missing or unknown, or not numbers in the declared nesting.

    """
    try:
        data = json.loads(source.text, object_pairs_hook=partial(_object, source.name))
    # RecursionError: nested without end; ValueError: a number with thousands of digits
    except (ValueError, RecursionError) as error:
        place, reason = source.name, ""
        if isinstance(error, json.JSONDecodeError):
            place = f"{source.name}:{error.lineno}:{error.colno}"
            reason = f": {error.msg[:1].lower()}{error.msg[1:]}"
        raise ValuesError(f"this is not legal JSON{reason}", place=place) from None
    if not isinstance(data, dict):
        raise ValuesError("must be an object with one entry for each leaf", place=source.name)
    arrays = given_arrays(data, graph, source.name)
    if missing := [leaf.name for leaf in graph.leaves if leaf.name not in data]:
        raise ValuesError(
            f"no value for {', '.join(missing)}",
            place=source.name,
            remedy="Every leaf needs one: a number, a list, or a list of rows.",
        )
    return {name: array.astype(float) for name, array in arrays.items()}


def given_arrays(
    data: Mapping[str, Any], graph: Graph, place: str, *, fractions: bool = False
) -> dict[str, NDArray[Any]]:
    """Return the arrays for the leaves that numbers are given for: floats, or exact fractions.

    Raises:
        ValuesError: no such leaf, not numbers in the declared nesting, or a one-hot leaf that is
            not one.

    """
    names = [leaf.name for leaf in graph.leaves]
    for name in data:
        if name not in names:
            raise ValuesError(
                f"there is no leaf '{name}'", place=place, remedy=nearest(name, names)
            )
    given = [leaf for leaf in graph.leaves if leaf.name in data]
    arrays = {leaf.name: _array(data[leaf.name], leaf, place, fractions) for leaf in given}
    for leaf in given:
        _check_onehot(arrays[leaf.name], leaf, graph, place)
    return arrays


def exact(value: Any) -> Fraction:  # noqa: ANN401 - a number as it was read
    """Return a number exactly as it was written: 0.1 is one tenth."""
    return Fraction(value if isinstance(value, (str, Fraction)) else Decimal(str(value)))


def _object(place: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; refuse a key given twice, where Python would keep the last."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValuesError(f"'{key}' is given twice", place=place, remedy="Keep one.")
        found[key] = value
    return found


def _check_onehot(array: NDArray[Any], leaf: Leaf, graph: Graph, place: str) -> None:
    if leaf.role != "onehot":
        return
    # Where no softmax shows along which axis the classes run, either will do.
    axes = classes_axes(graph, leaf) or (0, 1)
    one_each = any(((array == 1).sum(axis=axis) == 1).all() for axis in axes)
    if not (((array == 0) | (array == 1)).all() and one_each):
        raise ValuesError(
            f"'{leaf.name}' is declared onehot, but not every example has a single 1 among 0s",
            place=place,
            remedy="Declare it as a target if its entries may be anything.",
        )


def _array(data: Any, leaf: Leaf, place: str, fractions: bool) -> NDArray[Any]:  # noqa: ANN401, FBT001
    wanted = ("a number", "a list of numbers", "a list of rows of the same length")[leaf.axes]
    # a column may be written as one, with a row for each entry
    column = isinstance(data, list) and all(isinstance(r, list) and len(r) == 1 for r in data)
    if leaf.axes == 1 and column:
        data = [row[0] for row in data]
    sorts = _sorts(data, leaf.axes)
    if "infinite" in sorts:
        raise ValuesError(f"'{leaf.name}' has an entry that is not finite", place=place)
    exactly = fractions or "quotient" in sorts
    try:
        array = np.array(data, dtype=object if exactly else float)
    except (TypeError, ValueError):
        sorts |= {"nothing"}
    if "nothing" in sorts or array.ndim != leaf.axes or not 0 < array.size <= MAX_ENTRIES:
        such = ("3", '[3, "1/3"]', '[[3, "1/3"], [0.5, -1]]')[leaf.axes]
        remedy = f"Such as {leaf.name} = {such}." if fractions else ""
        raise ValuesError(f"'{leaf.name}' must be {wanted}", place=place, remedy=remedy)
    if exactly:
        array = np.vectorize(exact, otypes=[object])(array)
    return array.reshape((*array.shape, 1, 1)[:2])


def _sorts(data: object, axes: int) -> set[str]:
    """Return which sorts of entries nested lists have: numbers, quotients, or nothing legal."""
    if axes:
        found = data if isinstance(data, list) else [None]
        return {sort for part in found for sort in _sorts(part, axes - 1)}
    if isinstance(data, str):
        return {"quotient" if QUOTIENT.fullmatch(data) else "nothing"}
    if isinstance(data, bool) or not isinstance(data, (int, float)):
        return {"nothing"}
    return {"number" if abs(data) < sys.float_info.max else "infinite"}


def read_sizes(graph: Graph, given: Mapping[str, NDArray[Any]], place: str) -> dict[str, int]:
    """Return the named sizes that follow from arrays for some leaves.

    Raises:
        ValuesError: an array does not fit its declaration, or another array.

    """
    sizes = Sizes()
    renamed = {name: Dim(0, (f"?{name}",)) for name in graph.size_names}
    for leaf in graph.leaves:
        if leaf.name not in given:
            continue
        declared = tuple(dim.substitute(renamed) for dim in leaf.shape)
        actual = tuple(Dim(size) for size in given[leaf.name].shape)
        wanted = " x ".join(map(str, leaf.dims)) or "scalar"
        found = " x ".join(map(str, actual[: leaf.axes]))
        known = {
            n: sizes.resolve(renamed[n])
            for n in dict.fromkeys(n for d in leaf.dims for n in d.names)
        }
        elsewhere = ", ".join(f"{n} = {size}" for n, size in known.items() if size.is_number)
        wanted += f" with {elsewhere}" if elsewhere else ""
        with retold(partial(ValuesError, place=place)):
            sizes.require(declared, actual, f"'{leaf.name}' is {found}, but declared {wanted}")
    known_sizes = {name: sizes.resolve(dim) for name, dim in renamed.items()}
    return {name: dim.constant for name, dim in known_sizes.items() if dim.is_number}
