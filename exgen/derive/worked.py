"""Worked steps: the chain-rule product behind a derivative, and the slope of each function in it.

What stands here is built from the ops' gradient rules, side by side with the closed form of a
derivation; :mod:`exgen.certify.against` evaluates every side.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.derive.jacobian import detours, slope_at_zero
from exgen.derive.latex import Printer
from exgen.derive.simplify import simplify
from exgen.derive.summands import loss_line
from exgen.engine import site_of
from exgen.errors import KindError
from exgen.graph import (
    SCALAR,
    Binding,
    Call,
    Derivative,
    Expr,
    Graph,
    Leaf,
    Name,
    Number,
    as_expr,
    names_in,
    walk,
)
from exgen.ops import lookup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.derive.gradients import Gradient

ONE_ = as_expr(1)


class Path(Struct, frozen=True):
    """One way from a line of scalars to a name that it reads.

    Attributes:
        line: the line.
        ops: the ops on the way, from the outside in, each with the position of the argument.
        slopes: the derivative of each.

    """

    line: str
    ops: tuple[tuple[str, int], ...]
    slopes: tuple[Expr, ...]

    @property
    def local(self) -> Expr:
        """The product of the derivatives, from the outside in; a factor of 1 is not written."""
        told = [slope for slope in self.slopes if slope != ONE_]
        return reduce(lambda left, right: left * right, told) if told else ONE_


def paths(graph: Graph, name: str) -> tuple[Path, ...]:
    """Return every way from a line to a name in a network of scalars, last lines first."""
    found: list[Path] = []

    def visit(line: str, expr: Expr, out: Expr, path: Path) -> None:
        if expr == Name(name):
            found.append(path)
        if not isinstance(expr, Call) or name not in names_in(expr):
            return
        site = site_of(expr, out, graph.shapes)
        slopes = lookup(expr.op).vjp(site, ONE_)
        for position, (arg, slope) in enumerate(zip(expr.args, slopes, strict=True)):
            if slope is not None:
                step = simplify(slope, graph.shapes)
                ops = (*path.ops, (expr.op, position))
                visit(line, arg, arg, Path(line, ops, (*path.slopes, step)))

    for binding in reversed(graph.bindings):
        visit(binding.name, binding.expr, Name(binding.name), Path(binding.name, (), ()))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Chained:
    """A derivative of the last line in a network of scalars, as a chain-rule product.

    Attributes:
        sides: its symbol, the products with the symbols of local derivatives, the products with
            these inserted, and the closed form; sides that say the same stand once.
        paths: what was multiplied and added up.

    """

    sides: tuple[Expr, ...]
    paths: tuple[Path, ...]


def chained(graph: Graph, name: str, found: Mapping[str, Gradient], *, inner: bool) -> Chained:
    """Return the chain rule for the derivative of the last line by a name.

    Args:
        graph: a network of scalars.
        name: the variable.
        found: the gradients of the network, not fused.
        inner: whether the derivatives by the lines on the way are inserted too, or stay symbols
            to the end.

    """
    ways = paths(graph, name)
    symbols: list[Expr] = []
    inserted: list[Expr] = []
    by_symbol = True
    for line in dict.fromkeys(way.line for way in ways):
        local = _total([way.local for way in ways if way.line == line])
        if line == graph.loss:
            symbols.append(local)
            inserted.append(_by_terms(graph, name) or local)
            continue
        upstream: Expr = graph.gradient(line)
        whole = found[line].closed if inner else upstream
        inserted.append(local if whole == ONE_ else _times(whole, local))
        # Where the name reaches the line by a detour too, its symbol would mean more than that.
        by_symbol = by_symbol and not detours(graph, line, name)
        symbols.append(upstream * Derivative(line, name))
    last = found[name].closed if inner else found[name].step
    left: Expr = graph.gradient(name)
    middle: list[Expr] = []
    if any(way.line != graph.loss for way in ways):
        middle.append(_total(symbols) if by_symbol else found[name].step)
    if ways:
        middle.append(_total(inserted))
    return Chained(tuple(dict.fromkeys((left, *middle, last))), ways)


def _by_terms(graph: Graph, name: str) -> Expr | None:
    """Return the derivative of a loss by its prediction, term by term; None for another line."""
    try:
        line = loss_line(graph)
    except KindError:
        return None
    return line.at(Name(line.prediction), Name(line.target)) if line.prediction == name else None


def _times(whole: Expr, local: Expr) -> Expr:
    """Return a product with the sign of its first factor in front, so that it needs no brackets."""
    bare = _without_sign(whole)
    return whole * local if bare is None else -(bare * local)


def _total(terms: list[Expr]) -> Expr:
    def add(left: Expr, right: Expr) -> Expr:
        bare = _without_sign(right)
        return left + right if bare is None else left - bare

    return reduce(add, terms)


def _without_sign(expr: Expr) -> Expr | None:
    """Return an expression without the minus in front of it; None where there is none."""
    match expr:
        case Call("neg", (inner,)):
            return inner
        case Number(value) if value < 0:
            return Number(-value)
        case Call("mul", (left, right)) if (bare := _without_sign(left)) is not None:
            return bare * right
    return None


# --- the derivative of one function ---


class Slope(Struct, frozen=True):
    """The derivative of a function of one number: an equation about a network of one line.

    Attributes:
        latex: the equation, as ``σ'(z) = σ(z)(1 - σ(z))``.
        graph: the line.
        right: what the derivative of the line by its leaf is.

    """

    latex: str
    graph: Graph
    right: Expr


def slope_of(call: Call, printer: Printer, letter: str) -> Slope | None:
    """Return the derivative of a function of one number; None for any other op.

    Args:
        call: a use of the function.
        printer: how to write it.
        letter: what its argument is called.

    """
    if not lookup(call.op).function or not all(isinstance(arg, Number) for arg in call.args[1:]):
        return None
    shapes = {letter: SCALAR, "f_of": SCALAR}
    expr = Call(call.op, (Name(letter), *call.args[1:]), call.options)
    graph = Graph((Leaf(letter, "input", SCALAR, 0),), (Binding("f_of", expr),), shapes, "f_of")
    slope = lookup(call.op).vjp(site_of(expr, expr, shapes), ONE_)[0]
    if slope is None:
        return None
    right = slope_at_zero(simplify(slope, shapes), printer.notation)
    plain = Printer(printer.notation, shapes, "")
    return Slope(f"{_primed(plain(expr), letter)} = {plain(right)}", graph, right)


def _primed(latex: str, letter: str) -> str:
    """Mark a function of a letter as its derivative."""
    argument = rf"\left({letter}\right)"
    if not latex.endswith(argument):
        return rf"\frac{{\mathrm{{d}}}}{{\mathrm{{d}}{letter}}}\,{latex}"
    name = latex.removesuffix(argument)
    head, mark, below = name.partition("_")
    return f"{head}'{mark}{below}{argument}"


def functions_on(expr: Expr) -> tuple[Call, ...]:
    """Return the functions of one number that an expression applies, each once."""
    found = (part for part in walk(expr) if isinstance(part, Call) and lookup(part.op).function)
    return tuple({(part.op, part.args[1:]): part for part in found}.values())
