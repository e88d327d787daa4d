"""Expressions back to text, so that reading it gives the same expression."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from exgen.graph import (
    Call,
    Delta,
    Derivative,
    Dim,
    Entry,
    Expr,
    Graph,
    Leaf,
    Name,
    Number,
    Size,
    SumOver,
)
from exgen.ops import TABLE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction


class Level(IntEnum):
    """How tightly Python binds an expression."""

    COMPARE = 1
    SUM = 2
    PRODUCT = 3
    UNARY = 4
    POWER = 5
    ATOM = 6


LEVELS: Mapping[str, Level] = {
    **dict.fromkeys(("+", "-"), Level.SUM),
    **dict.fromkeys(("*", "/", "@"), Level.PRODUCT),
    **dict.fromkeys((">", ">=", "<", "<="), Level.COMPARE),
}
"""How tightly the operators bind that stand between two sides, but for the power."""


def to_text(expr: Expr) -> str:
    """Return an expression in the network language."""
    return _write(expr)[0]


def number_text(value: Fraction) -> str:
    """Return a number as a decimal where it ends, else as a quotient."""
    decimal = decimal_text(value)
    return decimal if decimal is not None else f"{value.numerator} / {value.denominator}"


def decimal_text(value: Fraction) -> str | None:
    """Return the exact decimal of a fraction; None where it does not end."""
    denominator, places = value.denominator, 0
    for prime in (2, 5):
        power = 0
        while denominator % prime == 0:
            denominator //= prime
            power += 1
        places = max(places, power)
    if denominator != 1:
        return None
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def leaf_text(leaf: Leaf) -> str:
    """Return a declaration, such as ``W1: param[128, 785]``."""
    dims = ", ".join(map(str, leaf.dims))
    return f"{leaf.name}: {leaf.role}" + (f"[{dims}]" if dims else "")


def graph_text(graph: Graph) -> str:
    """Return a whole network in the network language."""
    leaves = [leaf_text(leaf) for leaf in graph.leaves]
    return "\n".join([*leaves, *(f"{b.name} = {to_text(b.expr)}" for b in graph.bindings)]) + "\n"


def _wrap(expr: Expr, least: Level) -> str:
    text, level = _write(expr)
    return text if level >= least else f"({text})"


def _write(expr: Expr) -> tuple[str, Level]:
    level = Level.ATOM
    match expr:
        case Name(name) | Size(name):
            text = name
        case Derivative(of, by):
            text = f"derivative({of}, {by})"
        case Number(value):
            text = number_text(value)
            level = Level.PRODUCT if "/" in text else Level.UNARY if value < 0 else Level.ATOM
        case Call():
            text, level = _write_call(expr)
        case Entry(of, indices):
            text = f"{_wrap(of, Level.ATOM)}[{', '.join(map(str, indices))}]"
        case SumOver(index, size, body, but):
            left_out = "" if but is None else f", {index} != {but}"
            text = f"sum_over({index} < {size}{left_out}, {to_text(body)})"
        case Delta(left, right):
            text = f"delta({left}, {right})"
        case _:
            text = repr(expr)
    return text, level


def _write_call(expr: Call) -> tuple[str, Level]:
    args = expr.args
    sign = TABLE[expr.op].sign
    if sign in LEVELS and len(args) > 1:
        level = LEVELS[sign]
        tighter = Level(level + 1)
        least = tighter if level is Level.COMPARE or _mixes(expr.op, args[0]) else level
        left, right = _wrap(args[0], least), _wrap(args[1], tighter)
        # Without brackets two numbers would be read as one, as in 1 / 3.
        if expr.op == "div" and isinstance(args[0], Number) and isinstance(args[1], Number):
            left = f"({to_text(args[0])})"
        return f"{left} {sign} {right}", level
    level = Level.ATOM
    match expr.op:
        case "neg":
            # Without brackets the sign would become part of the number.
            bare = not isinstance(args[0], Number)
            inner = _wrap(args[0], Level.UNARY) if bare else f"({to_text(args[0])})"
            text, level = f"-{inner}", Level.UNARY
        case "pow":
            base, exponent = _wrap(args[0], Level.ATOM), _wrap(args[1], Level.UNARY)
            text, level = f"{base} ** {exponent}", Level.POWER
        case "transpose":
            text = f"{_subject(args[0])}.T"
        case "item":
            positions = (expr.option("row"), expr.option("column"))
            where = ", ".join(str(position) for position in positions if position is not None)
            text = f"{_subject(args[0])}[{where}]"
        case "slice":
            text = f"{_subject(args[0])}[{_slice(expr)}]"
        case _:
            text = f"{expr.op}({', '.join([*map(to_text, args), *_options(expr)])})"
    return text, level


def _mixes(op: str, left: Expr) -> bool:
    """Whether brackets spare the reader from knowing that '@' and '*' bind alike."""
    inner = left.op if isinstance(left, Call) else ""
    entrywise = ("mul", "div")
    return (op == "matmul" and inner in entrywise) or (op in entrywise and inner == "matmul")


def _subject(expr: Expr) -> str:
    """Return what a dot or a bracket follows; a number needs brackets of its own."""
    return f"({to_text(expr)})" if isinstance(expr, Number) else _wrap(expr, Level.ATOM)


def _slice(expr: Call) -> str:
    skip, drop = expr.option("skip"), expr.option("drop")
    # A bare ':' would say nothing about the axis.
    start = "0" if skip == drop == Dim(0) else "" if skip == Dim(0) else str(skip)
    end = ""
    if isinstance(drop, Dim) and drop != Dim(0):
        end = f"-({drop})" if len(drop.names) + bool(drop.constant) > 1 else f"-{drop}"
    return f"{start}:{end}" if expr.option("axis") == 0 else f":, {start}:{end}"


def _options(expr: Call) -> list[str]:
    written: list[str] = []
    kinds = {option.name: option for option in TABLE[expr.op].signature.options}
    for name, value in expr.options:
        if kinds[name].required:
            written.append(str(value))
        elif kinds[name].kind == "dim":
            written += [str(value)] if value != Dim(1) else []
        elif value is not None:
            written.append(f"{name}={value}")
    return written
