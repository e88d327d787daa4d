"""A circuit worked by hand: decimal arithmetic, forwards and backwards, with or without rounding.

It shares nothing with the engine but the local derivatives of the op table: numbers are
``Decimal`` with thirty digits, and functions are built from ``exp`` and ``ln`` of that type.
"""

from __future__ import annotations

from contextlib import suppress
from decimal import ROUND_HALF_UP, Context, Decimal, DecimalException, localcontext
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct

from exgen.certify.compare import EXACT_TOLERANCE, compare
from exgen.derive.index import entry_form, letters_of
from exgen.derive.simplify import simplify
from exgen.document import Agreement
from exgen.engine import site_of
from exgen.errors import CertificateError, KindError, MisfitError
from exgen.graph import (
    SCALAR,
    Binding,
    Call,
    Entry,
    Expr,
    Graph,
    Leaf,
    Name,
    Number,
    SumOver,
    as_expr,
)
from exgen.ops import lookup
from exgen.ops.scalars import applied

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from fractions import Fraction

    from numpy.typing import NDArray

    from exgen.certify.sides import Sides
    from exgen.certify.trials import Trial

NOWHERE: Mapping[str, int] = {}
UPSTREAM = "upstream_"
TOTAL = "total_"
PRECISION = 30
ONE, ZERO = Decimal(1), Decimal(0)


def decimal(value: Fraction) -> Decimal:
    """Return a fraction as a decimal number."""
    return Decimal(value.numerator) / Decimal(value.denominator)


class _Decimals:
    """The mathematics of decimals, for the formulas of ops."""

    pi = Decimal("3.14159265358979323846264338327950288419716939937510")

    number = staticmethod(decimal)

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


def calculate(expr: Expr, values: Mapping[str, Any], at: Mapping[str, int] = NOWHERE) -> Decimal:
    """Return the value of a scalar expression, or of an index form, in decimal arithmetic."""
    match expr:
        case Name(name):
            value = values[name]
            return Decimal(value if isinstance(value, Decimal) else value.item())
        case Number(value):
            return _Decimals.number(value)
        case Entry(Name(name), (row, column)):
            place = (at[n] if isinstance(n, str) else n for n in (row, column))
            return Decimal(values[name][tuple(place)])
        case SumOver(letter, size, body, None):
            terms = (calculate(body, values, {**at, letter: n}) for n in range(size.constant))
            return sum(terms, ZERO)
        case Call(op, args, _):
            with suppress(MisfitError):
                found = applied(op, [calculate(arg, values, at) for arg in args], _Decimals)
                return Decimal(+found)  # the plus makes 0 of -0
    raise KindError(f"{getattr(expr, 'op', 'this')} cannot be worked by hand")


def by_decimals(graph: Graph, leaves: Mapping[str, NDArray[Any]], of: str) -> NDArray[Any]:
    """Return the value of a line at exact numbers, entry by entry in decimal arithmetic.

    Raises:
        KindError: a line has no index form, or an op no formula.

    """
    values = {name: np.vectorize(decimal, otypes=[object])(part) for name, part in leaves.items()}
    letters = letters_of(graph)
    with localcontext(Context(prec=PRECISION)):
        for line in graph.bindings:
            array = np.empty([dim.constant for dim in graph.shapes[line.name]], dtype=object)
            for place in np.ndindex(array.shape):
                form = entry_form(line.expr, place, graph.shapes, letters)
                array[place] = calculate(form, values)
            values[line.name] = array
            if line.name == of:
                break
    return np.asarray(values[of], dtype=float)


class Gate(Struct, frozen=True):
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


class Worked(Struct, frozen=True):
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


# --- what is written down, however a student rounds on the way ---


def rounded_alike(claim: Sides, trial: Trial) -> tuple[Agreement, Agreement]:
    """Work a circuit by hand, in every way that a sheet allows, and compare what is written down.

    Raises:
        CertificateError: the number is another, or one of the ways rounds to another.

    """
    rounding, leaves = claim.rounding, trial.leaves
    if rounding is None or rounding.carry is None:
        raise CertificateError("nothing is rounded on the way here")
    given = {name: decimal(array.item()) for name, array in leaves.items()}
    every, one = gates(trial.graph), Decimal(1)
    exactly = _picked(work(every, given, one, digits=None), claim)
    found = compare(
        "decimal arithmetic",
        claim.value.astype(float),
        np.full((1, 1), float(exactly)),
        EXACT_TOLERANCE,
    )
    printed = rounded(exactly, rounding.digits)
    every_way = [_picked(way, claim) for way in ways(every, given, one, rounding.carry)]
    for way in every_way:
        if rounded(way, rounding.digits) != printed:
            raise CertificateError(f"rounding on the way: {way} is not {printed}")
    return found, Agreement("rounding on the way", 0.0, len(every_way))


def _picked(worked: Worked, claim: Sides) -> Decimal:
    quantity = claim.quantity
    if quantity is None:
        raise CertificateError("only a number can be rounded")
    return worked.gradients[quantity.by] if quantity.by else worked.values[quantity.of]


def ways(
    circuit: tuple[Gate, ...], leaves: Mapping[str, Decimal], upstream: Decimal, carry: int
) -> Iterator[Worked]:
    """Yield the ways in which a student may round: to the decimals to carry, or to more."""
    yield work(circuit, leaves, upstream, digits=carry)
    yield work(circuit, leaves, upstream, digits=carry, round_slopes=True)
    yield work(circuit, leaves, upstream, digits=carry + 1)
    yield work(circuit, leaves, upstream, digits=carry + 2)


def with_upstream(graph: Graph) -> Graph:
    """Return a network that ends in the upstream gradient times its last line."""
    leaf = Leaf(UPSTREAM, "const", SCALAR, 0)
    total = Binding(TOTAL, Name(UPSTREAM) * Name(graph.loss))
    shapes = {**graph.shapes, UPSTREAM: SCALAR, TOTAL: SCALAR}
    return Graph((*graph.leaves, leaf), (*graph.bindings, total), shapes, TOTAL)
