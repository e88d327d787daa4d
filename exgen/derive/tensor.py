"""Derivatives of a vector by a matrix: three indices, so an entry at a time instead of a matrix."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.derive.index import letters
from exgen.derive.jacobian import line_reading
from exgen.derive.partials import partial
from exgen.derive.simplify import simplify
from exgen.errors import KindError
from exgen.graph import (
    Call,
    Delta,
    Expr,
    Graph,
    Index,
    Name,
    as_expr,
    is_column,
    made,
    names_in,
    operands,
    rebuild,
)
from exgen.ops.arithmetic import TERMS

if TYPE_CHECKING:
    from exgen.graph import Pair


class TensorForm(Struct, frozen=True):
    """One entry of the derivative of a name by another.

    Attributes:
        out: the indices of the function's entry; 0 along an axis of length 1.
        arg: the indices of the variable's entry.
        entry: the derivative of the one by the other, in index form.
        nonzero: its value where no delta is 0; None where there is none to leave out.

    """

    out: Pair
    arg: Pair
    entry: Expr
    nonzero: Expr | None


def tensor_form(graph: Graph, of: str, by: str) -> TensorForm:
    """Return the derivative of an entry of a column by an entry of a matrix in its line.

    Raises:
        KindError: the line does not read the matrix, or reads it in a way without such a form.

    """
    expr = line_reading(graph, of, by)
    if not is_column(graph.shapes[of]):
        raise KindError(
            f"the derivative of '{of}' by '{by}' has four indices",
            remedy="Ask about a column: one example.",
        )
    chosen = letters(graph.shapes)
    rows, columns = graph.shapes[by]
    out = chosen.pair(graph.shapes[of])
    row, column = chosen.pair((rows, columns))
    if row == out[0] != 0:
        row = _other({out[0], column})
    elif column == out[0] != 0:
        column = _other({out[0], row})
    if not _is_open(expr, by):
        raise KindError(
            f"the line of '{of}' reads '{by}' inside another function",
            remedy="Give the product with it a name of its own: z = W @ x + b.",
        )
    factors = operands(partial(graph, of, out, by, (row, column), chosen), "mul")
    deltas_first = sorted(factors, key=lambda part: not isinstance(part, Delta))
    entry = reduce(lambda left, right: left * right, deltas_first)
    nonzero = simplify(_without_deltas(entry), graph.shapes)
    return TensorForm(out, (row, column), entry, None if nonzero == entry else nonzero)


def _other(used: set[Index]) -> str:
    """Return a letter for an index beside those in use."""
    return next(letter for letter in "ljkpqrs" if letter not in used)


def _is_open(expr: Expr, by: str) -> bool:
    """Whether a line adds up terms, of which one has the name as its only factor of that name."""
    reading = [arg for arg in expr.args if by in names_in(arg)] if isinstance(expr, Call) else []
    if len(reading) != 1:
        return False
    return reading[0] in (Name(by), Name(by).T) or (made(expr, *TERMS) and _is_open(reading[0], by))


def _without_deltas(expr: Expr) -> Expr:
    return as_expr(1) if isinstance(expr, Delta) else rebuild(expr, _without_deltas)
