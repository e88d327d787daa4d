"""Local Jacobians: of one name by another that its line reads, from the ops' rows."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from exgen.derive.simplify import simplify, transposed
from exgen.engine import site_of
from exgen.errors import KindError
from exgen.graph import (
    Call,
    Expr,
    Graph,
    Name,
    Number,
    call,
    is_column,
    is_scalar,
    names_in,
    rebuild,
)
from exgen.ops import lookup
from exgen.ops.compare import ZERO_ON_THE_OTHER_SIDE
from exgen.shapes import shape_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.derive.notation import Notation
    from exgen.graph import Derivative, Shape


def is_denominator(layout: str, of: Shape) -> bool:
    """Whether a derivative has a row for each entry of the variable.

    Args:
        layout: as a notation has it; with ``shape``, Jacobians have numerator layout.
        of: the shape of what is differentiated; the derivative of a scalar is a gradient.

    """
    return layout == "denominator" or (layout == "shape" and is_scalar(of))


def line_reading(graph: Graph, of: str, by: str) -> Expr:
    """Return the line of a name that another one stands in.

    Raises:
        KindError: it does not.

    """
    expr = graph.expr(of)
    if expr is None or by not in names_in(expr):
        raise KindError(
            f"'{of}' has no local Jacobian by '{by}': its line does not read it",
            remedy="Ask for a name and one that stands in its own line.",
        )
    return expr


def is_turned(symbol: Derivative, shapes: Mapping[str, Shape], layout: str) -> bool:
    """Whether a derivative's symbol stands for the transpose of its value in a layout.

    As a value a gradient has the variable's shape, a Jacobian a row for each entry of the function.
    """
    own = shapes[symbol.of]
    turned = is_denominator(layout, own) != is_scalar(own)
    return turned and not is_scalar(shape_of(symbol, shapes))


def local_jacobian(graph: Graph, of: str, by: str, *, denominator: bool) -> Expr:
    """Return the Jacobian of a name by one that its line reads.

    Args:
        graph: the network.
        of: a name bound to an expression; a column vector.
        by: a name in that expression; a column vector.
        denominator: the layout: shape (by, of) if true, else (of, by).

    Raises:
        KindError: the line does not read the name, reads it by a detour as well, or an op on
            the way has no matrix Jacobian.

    """
    expr = line_reading(graph, of, by)
    for name in (of, by):
        if not is_column(graph.shapes[name]):
            raise KindError(
                f"the Jacobian of '{of}' by '{by}' is no matrix: '{name}' is not a column vector",
                remedy="Ask about columns: one example, and no weight matrix.",
            )
    if others := detours(graph, of, by):
        raise KindError(
            f"'{by}' reaches '{of}' also through '{others[0]}', so the Jacobian of this line "
            "is not the whole derivative",
            remedy="Ask about a name that enters the line in one way only.",
        )
    found = _chain(graph, expr, by, Name(of))
    if found is None:
        raise KindError(
            f"'{of}' has no Jacobian by '{by}' that can be written as one matrix",
            remedy="Give the parts of its line names of their own.",
        )
    tidy = simplify(found, graph.shapes)
    return simplify(transposed(tidy, graph.shapes), graph.shapes) if denominator else tidy


def detours(graph: Graph, of: str, by: str) -> list[str]:
    """Return the names in a line that depend on another name in it, other than that name."""
    reached = {by}
    for binding in graph.bindings:
        read = names_in(binding.expr) & reached
        if binding.name == of:
            return sorted(read - {by})
        if read:
            reached.add(binding.name)
    return []


def _chain(graph: Graph, expr: Expr, by: str, out: Expr) -> Expr | None:
    """Return the Jacobian of an expression by a name it reads, in numerator layout."""
    if isinstance(expr, Name):
        return call("identity", size=graph.shapes[by][0])
    if not isinstance(expr, Call):
        return None
    site = site_of(expr, out, graph.shapes)
    parts: list[Expr] = []
    for position, arg in enumerate(expr.args):
        if by not in names_in(arg):
            continue
        outer = lookup(expr.op).jacobian(site, position)
        inner = _chain(graph, arg, by, arg)
        if outer is None or inner is None:
            return None
        parts.append(outer if isinstance(arg, Name) else outer @ inner)
    return reduce(lambda left, right: left + right, parts)


def slope_at_zero(expr: Expr, notation: Notation) -> Expr:
    """Return a derivative with the notation's slope at a kink: 0 has the left or the right one."""
    if notation.relu_at_zero == 0:
        return expr
    match expr:
        case Call(op, (z, Number(value))) if op in ZERO_ON_THE_OTHER_SIDE and value == 0:
            return ZERO_ON_THE_OTHER_SIDE[op](z, 0)
    return rebuild(expr, lambda part: slope_at_zero(part, notation))
