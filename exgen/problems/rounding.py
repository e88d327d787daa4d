"""Scalars worked by hand: the rules under which a number survives rounding on the way."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from exgen.certify.hand import (
    calculate,
    decimal,
    rounded,
    ways,
    work,
)
from exgen.errors import KindError, RejectedError
from exgen.graph import Call
from exgen.ops import lookup, traits_of
from exgen.problems.luck import require

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from exgen.certify.hand import Gate, Worked

RULES = (
    "no_zero_inputs",
    "values_exist",
    "off_the_kink",
    "not_saturated",
    "not_tiny",
    "not_large",
    "safe_rounding",
)
"""What a problem with such numbers asks of a draw."""
TRIES = 2000
FIRST_TRIES = 500
"""After so many draws the sheet asks to calculate with more decimals than are written down."""
MORE_DIGITS = 2
LARGEST = 50
LEAST = 5
"""The least absolute value, in units of the last printed digit."""
NEAR_TIE = Decimal("0.001")
"""How far, in units of the last printed digit, a number stays from the middle between two."""


def carried(digits: int, attempt: int, *, drawn: bool = True) -> int:
    """Return the decimals to calculate with: those written down, or more where that is in vain.

    With numbers that are not drawn one try tells.
    """
    return digits if attempt <= (FIRST_TRIES if drawn else 1) else digits + MORE_DIGITS


def worked_exactly(
    every: tuple[Gate, ...],
    leaves: Mapping[str, Decimal],
    upstream: Decimal,
    digits: int,
    options: Mapping[str, Any],
) -> Worked:
    """Work a circuit without rounding, where each gate can be worked.

    Raises:
        RejectedError: a value does not exist, or a gate stands where its slope is no use.

    """
    try:
        exactly = work(every, leaves, upstream, digits=None)
    except KindError:
        raise RejectedError("values_exist") from None
    for gate in every:
        traits = traits_of(gate.expr)
        if isinstance(gate.expr, Call) and traits.kink:
            require("off_the_kink", calculate(gate.expr.args[0], exactly.values) != 0)
        if None not in traits.range and not traits.jump:
            shown = rounded(exactly.values[gate.name], digits)
            require("not_saturated", shown not in (-1, 0, 1), options)
        elif isinstance(gate.expr, Call) and lookup(gate.expr.op).function and not traits.kink:
            slopes = {rounded(calculate(slope, exactly.values), digits) for _, slope in gate.slopes}
            require("not_saturated", 1 not in slopes, options)
    return exactly


def require_sized(numbers: Iterable[Decimal], digits: int, options: Mapping[str, Any]) -> None:
    """Turn a draw down with a number that is almost 0, large, or in the middle of two roundings."""
    for value in numbers:
        unit = abs(value).scaleb(digits)
        tie = abs(unit - int(unit) - Decimal("0.5"))
        require("not_tiny", unit >= LEAST, options)
        require("not_large", abs(value) < LARGEST, options)
        require("safe_rounding", tie > NEAR_TIE)


def require_safe(
    every: tuple[Gate, ...],
    leaves: Mapping[str, Decimal],
    upstream: Decimal,
    carry: int,
    printed: Mapping[tuple[str, bool], Decimal],
    digits: int,
) -> None:
    """Turn a draw down where a way to round that the sheet allows changes a printed number.

    ``printed`` holds what is printed, by the name of the wire and whether it is its gradient.
    """
    try:
        for way in ways(every, leaves, upstream, carry):
            for (name, backwards), value in printed.items():
                found = (way.gradients if backwards else way.values)[name]
                require("safe_rounding", rounded(found, digits) == value)
    except KindError:
        raise RejectedError("safe_rounding") from None


def decimals(stored: Mapping[str, list[list[str]]]) -> dict[str, Decimal]:
    """Return stored scalars as decimals."""
    return {name: decimal(Fraction(rows[0][0])) for name, rows in stored.items()}
