"""A circuit worked by hand: decimal arithmetic, forwards and backwards, with or without rounding.

It shares nothing with the engine but the local derivatives of the op table: numbers are
``Decimal`` with thirty digits, and functions are built from ``exp`` and ``ln`` of that type.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, DecimalException, localcontext
from typing import TYPE_CHECKING

from exgen.derive.simplify import simplify
from exgen.engine import site_of
from exgen.errors import KindError, MisfitError
from exgen.graph import Call, Expr, Graph, Name, Number, as_expr
from exgen.ops import lookup
from exgen.ops.scalars import applied

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

PRECISION = 30
ONE, ZERO = Decimal(1), Decimal(0)


class _Decimals:
    """The mathematics of decimals, for the formulas of ops."""

    pi = Decimal("3.14159265358979323846264338327950288419716939937510")

    @staticmethod
    def number(value: Fraction) -> Decimal:
        return Decimal(value.numerator) / Decimal(value.denominator)

    @staticmethod
    def exp(x: Decimal) -> Decimal:
        return x.exp()

    @staticmethod
    def log(x: Decimal) -> Decimal:
        return x.ln()

    @staticmethod
    def tanh(x: Decimal) -> Decimal:
        return 2 / (ONE + (-2 * x).exp()) - ONE

    @classmethod
    def erf(cls, x: Decimal) -> Decimal:
        """Sum the series of DLMF 7.6.2, in which no terms cancel."""
        term = total = 2 * x * (-x * x).exp() / cls.pi.sqrt()
        odd = 1
        while total + term != total:
            odd += 2
            term *= 2 * x * x / odd
            total += term
        return total

    @staticmethod
    def sqrt(x: Decimal | int) -> Decimal:
        return Decimal(x).sqrt()

    @staticmethod
    def power(base: Decimal, exponent: Decimal) -> Decimal:
        return base**exponent if exponent else ONE

    @staticmethod
    def where(holds: bool, yes: Decimal | int, no: Decimal | int) -> Decimal:  # noqa: FBT001
        return Decimal(yes if holds else no)


def calculate(expr: Expr, values: Mapping[str, Decimal]) -> Decimal:
    """Return the value of a scalar expression in decimal arithmetic."""
    match expr:
        case Name(name):
            return values[name]
        case Number(value):
            return _Decimals.number(value)
        case Call(op, args, _):
            with suppress(MisfitError):
                found = applied(op, [calculate(arg, values) for arg in args], _Decimals)
                return Decimal(+found)  # the plus makes 0 of -0
    raise KindError(f"{getattr(expr, 'op', 'this')} cannot be worked by hand")


@dataclass(frozen=True, slots=True)
class Gate:
    """One line of a circuit: its expression, and its local derivative by each name it reads."""

    name: str
    expr: Expr
    slopes: tuple[tuple[str, Expr], ...]


def gates(circuit: Graph) -> tuple[Gate, ...]:
    """Return the lines of a circuit with their local derivatives, from the op table."""
    found: list[Gate] = []
    for line in circuit.bindings:
        slopes: list[tuple[str, Expr]] = []
        expr = line.expr
        if isinstance(expr, Name):
            slopes.append((expr.name, as_expr(1)))
        elif isinstance(expr, Call):
            site = site_of(expr, Name(line.name), circuit.shapes)
            for position, arg in enumerate(expr.args):
                slope = lookup(expr.op).jacobian(site, position)
                if isinstance(arg, Name) and slope is not None:
                    slopes.append((arg.name, simplify(slope, circuit.shapes)))
        found.append(Gate(line.name, expr, tuple(slopes)))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Worked:
    """The value of every name of a circuit, and the gradient by it."""

    values: Mapping[str, Decimal]
    gradients: Mapping[str, Decimal]


def work(
    circuit: tuple[Gate, ...],
    leaves: Mapping[str, Decimal],
    upstream: Decimal,
    *,
    digits: int | None,
    round_slopes: bool = False,
) -> Worked:
    """Work a circuit forwards and backwards.

    Args:
        circuit: its gates, in order; the last one is the output.
        leaves: the value of every leaf.
        upstream: the gradient of the loss by the output.
        digits: to how many decimals every result is rounded before it is used again; None for
            not at all.
        round_slopes: whether local derivatives are rounded too.

    Raises:
        KindError: at these leaves some value does not exist.

    """
    with localcontext(Context(prec=PRECISION)):
        try:
            return _work(circuit, leaves, upstream, digits, round_slopes=round_slopes)
        except DecimalException:
            raise KindError("at these numbers a value of the circuit does not exist") from None


def _work(
    circuit: tuple[Gate, ...],
    leaves: Mapping[str, Decimal],
    upstream: Decimal,
    digits: int | None,
    *,
    round_slopes: bool,
) -> Worked:
    def kept(value: Decimal) -> Decimal:
        return value if digits is None else rounded(value, digits)

    values = dict(leaves)
    for gate in circuit:
        values[gate.name] = kept(calculate(gate.expr, values))
    gradients = {circuit[-1].name: upstream}
    for gate in reversed(circuit):
        above = gradients.get(gate.name, ZERO)
        for name, slope in gate.slopes:
            local = calculate(slope, values)
            if round_slopes:
                local = kept(local)
            gradients[name] = gradients.get(name, ZERO) + kept(above * local)
    return Worked(values, gradients)


def rounded(value: Decimal, digits: int) -> Decimal:
    """Return a number rounded to decimals as in school: a half goes away from 0; no -0."""
    found = value.quantize(ONE.scaleb(-digits), rounding=ROUND_HALF_UP)
    return found or abs(found)
