"""Scalars worked by hand: a network as a circuit at numbers, and which numbers will do."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from exgen.asks.scalars import is_rational
from exgen.certify.equation import Equation
from exgen.certify.hand import (
    TOTAL,
    UPSTREAM,
    Gate,
    Worked,
    calculate,
    decimal,
    gates,
    rounded,
    ways,
    with_upstream,
    work,
)
from exgen.certify.quantity import Quantity
from exgen.certify.sides import Rounding
from exgen.derive.elementary import Circuit, split
from exgen.errors import KindError, RejectedError
from exgen.graph import Call, Graph, Number
from exgen.ops import lookup, traits_of
from exgen.problems.luck import require
from exgen.problems.numbers import Stored, exact_arrays
from exgen.problems.upstream import part_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

Wire = tuple[str, bool]
"""A wire, and whether what it carries backwards is meant: a gradient."""
RULES = (
    "no_zero_inputs",
    "no_zero_results",
    "values_exist",
    "off_the_kink",
    "not_saturated",
    "not_tiny",
    "not_large",
    "short_decimals",
    "safe_rounding",
)
"""What numbers that are worked by hand have to meet."""
TRIES = 2000
FIRST_TRIES = 500
"""After so many draws the sheet asks to calculate with more decimals than are written down."""
MORE_DIGITS = 2
DIGITS = 2
"""The decimals by which a number is judged where none is rounded."""
LONGEST = 4
"""The most decimals of an exact number."""
LARGEST = 50
LEAST = 5
"""The least absolute value, in units of the last printed digit."""
NEAR_TIE = Decimal("0.001")
"""How far, in units of the last printed digit, a number stays from the middle between two."""
SIMPLEST = 10**6
"""The largest denominator of an exact number, which is worked in decimals."""


def carried(digits: int, attempt: int, *, drawn: bool) -> int:
    """Return the decimals to calculate with: those written down, or more where that is in vain.

    With numbers that are not drawn one try tells.
    """
    return digits if attempt <= (FIRST_TRIES if drawn else 1) else digits + MORE_DIGITS


@dataclass(frozen=True)
class ByHand:
    """A circuit at numbers.

    Attributes:
        circuit: its gates.
        leaves: the number of each leaf, and under ``UPSTREAM`` the gradient of what is
            differentiated by the output.

    """

    circuit: Circuit
    leaves: Mapping[str, NDArray[Any]]

    @property
    def graph(self) -> Graph:
        """The gates as a network."""
        return self.circuit.graph

    @cached_property
    def every(self) -> tuple[Gate, ...]:
        """The gates with their slopes."""
        return gates(self.graph)

    @cached_property
    def inputs(self) -> tuple[dict[str, Decimal], Decimal]:
        """The leaves and the upstream gradient as decimals."""
        found = {name: decimal(array.item()) for name, array in self.leaves.items()}
        return found, found.pop(UPSTREAM)

    @cached_property
    def worked(self) -> Worked:
        """All numbers, before any is rounded."""
        return work(self.every, *self.inputs, digits=None)

    def number(self, wire: Wire, worked: Worked | None = None) -> Decimal:
        """Return what a wire carries."""
        found, (name, backwards) = worked or self.worked, wire
        return (found.gradients if backwards else found.values)[name]

    def claim(self, wire: Wire, digits: int | None, carry: int | None) -> Equation:
        """Return the claim that a wire carries its number, however a student rounds on the way."""
        number, (name, backwards) = Fraction(self.number(wire)), wire
        exact = number.limit_denominator(SIMPLEST) if digits is None else number
        return Equation(
            with_upstream(self.graph),
            Quantity(TOTAL, name) if backwards else Quantity(name),
            cells=((Number(exact),),),
            leaves=self.leaves,
            rounding=None if digits is None else Rounding(digits, carry),
        )

    def require(
        self, wires: Iterable[Wire], digits: int | None, carry: int, options: Mapping[str, Any]
    ) -> None:
        """Turn numbers down that are hard to print, or that rounding on the way would change.

        Args:
            wires: what is asked for.
            digits: to how many decimals it is rounded; None where it is exact.
            carry: the decimals to calculate with.
            options: of the problem, which may waive rules.

        Raises:
            RejectedError: a rule does not hold.
            KindError: an exact number is no fraction.

        """
        if digits is None and not is_rational(self.graph):
            raise KindError(
                "a number on a wire is no fraction, so it cannot be asked for exactly",
                remedy="Say to how many decimals, as in 'to 3 digits'.",
            )
        try:
            values = self.worked.values
        except KindError:
            raise RejectedError("values_exist") from None
        for gate in self.every:
            self._require_slope(gate, digits or DIGITS, options)
        numbers = {wire: self.number(wire) for wire in wires}
        for number in (*values.values(), *numbers.values()):
            require("not_tiny", abs(number).scaleb(digits or DIGITS) >= LEAST, options)
            require("not_large", abs(number) < LARGEST, options)
        if digits is None:
            short = all(rounded(number, LONGEST) == number for number in numbers.values())
            require("short_decimals", short, options)
            return
        for number in numbers.values():
            unit = abs(number).scaleb(digits)
            require("safe_rounding", abs(unit - int(unit) - Decimal("0.5")) > NEAR_TIE)
        try:
            for way in ways(self.every, *self.inputs, carry):
                for wire, number in numbers.items():
                    found = rounded(self.number(wire, way), digits)
                    require("safe_rounding", found == rounded(number, digits))
        except KindError:
            raise RejectedError("safe_rounding") from None

    def _require_slope(self, gate: Gate, digits: int, options: Mapping[str, Any]) -> None:
        """Turn numbers down at which a gate stands where its slope is no use."""
        traits, values = traits_of(gate.expr), self.worked.values
        if isinstance(gate.expr, Call) and traits.kink:
            require("off_the_kink", calculate(gate.expr.args[0], values) != 0)
        if None not in traits.range and not traits.jump:
            saturated = rounded(values[gate.name], digits) in (-1, 0, 1)
            require("not_saturated", not saturated, options)
        elif isinstance(gate.expr, Call) and lookup(gate.expr.op).function and not traits.kink:
            slopes = {rounded(calculate(slope, values), digits) for _, slope in gate.slopes}
            require("not_saturated", 1 not in slopes, options)


def by_hand(
    graph: Graph, stored: Mapping[str, Stored], upstream: str | None, of: str = ""
) -> ByHand:
    """Return a network of scalars as a circuit.

    Args:
        graph: the network, with the loss behind it where there is one.
        stored: the numbers of its leaves.
        upstream: the leaf that is the upstream gradient of its last line.
        of: the line in which the circuit ends; the last one unless given.

    Raises:
        KindError: the network has no circuit.

    """
    given: Stored = [["1"]]
    if upstream is not None and of in ("", graph.loss):
        of, given = graph.bindings[-2].name, stored[upstream]
    circuit = split(part_of(graph, of or graph.loss))
    own = {leaf.name: stored[leaf.name] for leaf in circuit.graph.leaves}
    return ByHand(circuit, exact_arrays({**own, UPSTREAM: given}))
