"""Derivatives of a vector by a matrix: three indices, so an entry at a time instead of a matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.derive.index import letters
from exgen.engine import site_of
from exgen.errors import KindError
from exgen.graph import Call, Delta, Expr, Graph, Index, Name, as_expr, is_column, names_in, rebuild
from exgen.ops import lookup
from exgen.ops.arithmetic import TERMS

if TYPE_CHECKING:
    from exgen.ops.base import Pair


class TensorForm(Struct, frozen=True):
    """One entry of the derivative of a name by another.

    Attributes:
        out: the indices of the function's entry; 0 along an axis of length 1.
        arg: the indices of the variable's entry.
        entry: the derivative of the one by the other, in index form.
        nonzero: its value where no delta is 0; None where there is none to leave out.

    """

    out: tuple[Index, Index]
    arg: tuple[Index, Index]
    entry: Expr
    nonzero: Expr | None


def tensor_form(graph: Graph, of: str, by: str) -> TensorForm:
    """Return the derivative of an entry of a column by an entry of a matrix in its line.

    Raises:
        KindError: the line does not read the matrix, or reads it in a way without such a form.

    """
    expr = graph.expr(of)
    if expr is None or by not in names_in(expr):
        raise KindError(
            f"'{of}' has no local Jacobian by '{by}': its line does not read it",
            remedy="Ask for a name and one that stands in its own line.",
        )
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
    entry = _entry(graph, expr, by, Name(of), out, (row, column))
    nonzero = _tidy(_without_deltas(entry))
    return TensorForm(
        out, (row, column), _tidy(entry), None if nonzero == _tidy(entry) else nonzero
    )


def _other(used: set[Index]) -> str:
    """Return a letter for an index beside those in use."""
    return next(letter for letter in "ljkpqrs" if letter not in used)


def _entry(graph: Graph, expr: Expr, by: str, whole: Expr, out: Pair, arg: Pair) -> Expr:
    if isinstance(expr, Call):
        site = site_of(expr, whole, graph.shapes)
        at = [n for n, part in enumerate(expr.args) if by in names_in(part)]
        if len(at) == 1:
            outer, inner = lookup(expr.op).entry, expr.args[at[0]]
            if inner == Name(by):
                return outer(site, at[0], out, arg)
            if inner == Name(by).T:
                return outer(site, at[0], out, (arg[1], arg[0]))
            if expr.op in TERMS:
                slope = outer(site, at[0], out, out)
                return slope * _entry(graph, inner, by, inner, out, arg)
    raise KindError(
        f"the line of '{whole.name if isinstance(whole, Name) else by}' reads '{by}' inside "
        "another function",
        remedy="Give the product with it a name of its own: z = W @ x + b.",
    )


def _without_deltas(expr: Expr) -> Expr:
    return as_expr(1) if isinstance(expr, Delta) else rebuild(expr, _without_deltas)


def _tidy(expr: Expr) -> Expr:
    """Drop factors of 1, and deltas of an index with itself."""
    match rebuild(expr, _tidy):
        case Delta(left, right) if left == right:
            return as_expr(1)
        case Call("mul", (left, right)) if left == as_expr(1):
            return right
        case Call("mul", (left, right)) if right == as_expr(1):
            return left
        case tidy:
            return tidy
