"""A circuit worked by hand: decimal arithmetic, forwards and backwards, with or without rounding.

It shares nothing with the engine but the local derivatives of the op table: numbers are
``Decimal`` with thirty digits, and functions are built from ``exp`` and ``ln`` of that type.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, DecimalException, localcontext
from typing import TYPE_CHECKING

from exgen.derive.simplify import simplify
from exgen.engine import site_of
from exgen.errors import KindError
from exgen.graph import Call, Expr, Graph, Name, Number, as_expr
from exgen.ops import lookup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PRECISION = 30
ONE, ZERO = Decimal(1), Decimal(0)


def _sigmoid(z: Decimal) -> Decimal:
    return ONE / (ONE + (-z).exp())


def _tanh(z: Decimal) -> Decimal:
    return 2 * _sigmoid(2 * z) - ONE


def _power(base: Decimal, exponent: Decimal) -> Decimal:
    whole = exponent == exponent.to_integral_value()
    return ONE if exponent == 0 else base ** int(exponent) if whole else base**exponent


ARITHMETIC: Mapping[str, Callable[..., Decimal]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "pow": _power,
    "exp": lambda a: a.exp(),
    "log": lambda a: a.ln(),
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "softplus": lambda a: (ONE + a.exp()).ln(),
    "relu": lambda a: max(a, ZERO),
    "lrelu": lambda a, alpha: a if a > 0 else alpha * a,
    "squared_error": lambda a, t: (a - t) ** 2,
    "bce": lambda p, t: -t * p.ln() - (ONE - t) * (ONE - p).ln(),
    "greater": lambda a, b: ONE if a > b else ZERO,
}


def calculate(expr: Expr, values: Mapping[str, Decimal]) -> Decimal:
    """Return the value of a scalar expression in decimal arithmetic."""
    match expr:
        case Name(name):
            return values[name]
        case Number(value):
            return Decimal(value.numerator) / Decimal(value.denominator)
        case Call(op, args, _) if op in ARITHMETIC:
            return ARITHMETIC[op](*(calculate(arg, values) for arg in args))
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
