"""Indicators: 1 where a comparison holds, else 0. They carry no gradient."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.ops.base import Op, named
from exgen.ops.entrywise import ENTRYWISE, entrywise

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from exgen.graph import Call
    from exgen.printing import Printed, Printer


def _comparison(name: str, sign: str, holds: Callable[[Any, Any], Any], latex: str) -> Op:
    def value(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        return np.where(holds(a, b), 1, 0)

    def tex(printer: Printer, args: tuple[Printed, ...], _this: Call) -> Printed:
        return printer.indicator(args, latex)

    return entrywise(
        name,
        *("a", "b"),
        sign=sign,
        shape_why="An indicator has the shape of what it tests.",
        value=value,
        slopes=None,
        why="An indicator is constant on either side of its jump: its gradient is 0.",
        tex=tex,
        formula=lambda m, a, b: m.where(holds(a, b), 1, 0),
        traits=replace(ENTRYWISE, jump=True, range=(0, 1)),
        words=named(name, latex=latex),
    )


GREATER = _comparison("greater", ">", lambda a, b: a > b, ">")
GREATER_EQUAL = _comparison("greater_equal", ">=", lambda a, b: a >= b, r"\ge")
LESS = _comparison("less", "<", lambda a, b: a < b, "<")
LESS_EQUAL = _comparison("less_equal", "<=", lambda a, b: a <= b, r"\le")

OPPOSITE = {
    one.name: other
    for one, other in (
        (GREATER, LESS_EQUAL),
        (GREATER_EQUAL, LESS),
        (LESS, GREATER_EQUAL),
        (LESS_EQUAL, GREATER),
    )
}
"""For each comparison the one that holds exactly where it does not."""
ZERO_ON_THE_OTHER_SIDE = {GREATER.name: GREATER_EQUAL, LESS_EQUAL.name: LESS}
"""For the masks of gradient rules, in which 0 counts as negative, those in which it is positive."""

ROWS = (GREATER, GREATER_EQUAL, LESS, LESS_EQUAL)
