"""Rules for matrix products and transposes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from exgen.derive.rewriting.products import cancelled, entry_at
from exgen.derive.rewriting.rule import rule
from exgen.derive.rewriting.terms import FULL, Product
from exgen.derive.rewriting.views import filled, read_product, write_product
from exgen.derive.turning import fewer
from exgen.graph import ONE, SCALAR, Call, Expr, call, is_scalar, made
from exgen.ops.base import axis_option

if TYPE_CHECKING:
    from exgen.derive.rewriting.terms import Known


# --- products ------------------------------------------------------------------------------------


@rule(
    "a @ s",
    "s * a",
    "a[N], s[]",
    "a is no transpose: W.T @ s is the chain rule, whatever the number of outputs",
)
def by_a_scalar(expr: Call, known: Known) -> Expr | None:
    """Write a product with a matrix of one entry as a multiple."""
    left, right = expr.args
    if is_scalar(known.shapes.of(left)):
        return left * right
    if not is_scalar(known.shapes.of(right)) or made(left, "transpose"):
        return None
    return right * left


@rule("(2 * s * a) @ (b / t)", "2 * s / t * (a @ b)", "a[n, K], b[K, m], s[], t[]")
def scalars_out(expr: Call, known: Known) -> Expr | None:
    """Take numbers and scalars out of the factors of a matrix product."""
    left, right = (read_product(arg, known) for arg in expr.args)
    if left is None or right is None:
        return None
    kept = right.bare
    front = left.coefficient.times(right.coefficient)
    if not right.arrays and is_scalar(right.shape):
        # The gradient that arrives as one number stays behind the transposed weights.
        behind = tuple(factor for factor in right.scalars if factor.power == 1)
        if not behind:
            return expr.args[1] * expr.args[0]
        before = tuple(factor for factor in right.scalars if factor.power != 1)
        kept = Product(FULL, behind, (), SCALAR)
        front = left.coefficient.times(replace(right, scalars=before))
    if front.number == 1 and not front.scalars:
        return None
    return write_product(front) * (write_product(left.bare) @ write_product(kept))


@rule("a @ identity(K)", "a", "a[N, K]")
def by_the_identity(expr: Call, _known: Known) -> Expr | None:
    """Leave the identity out."""
    left, right = expr.args
    if made(left, "identity"):
        return right
    return left if made(right, "identity") else None


@rule("zeros(N, K) @ a", "zeros(N, M)", "a[K, M], b[N]")
def by_zeros(expr: Call, known: Known) -> Expr | None:
    """Write a product with zeros as zeros."""
    if any(made(arg, "zeros") for arg in expr.args):
        return filled("zeros", known.shapes.of(expr))
    return None


@rule(
    "(a @ b.T) @ c", "(b.T @ c) * a", "a[N], b[K], c[K]", "the inner product of b and c is a scalar"
)
def inner_first(expr: Call, known: Known) -> Expr | None:
    """Bring a scalar that hides in a chain of products to the front."""
    left, right = expr.args
    if is_scalar(known.shapes.of(expr)):
        return None
    match left:
        case Call("matmul", (column, row)) if (
            known.shapes.of(row)[0] == ONE == known.shapes.of(right)[1]
        ):
            return (row @ right) * column
    match right:
        case Call("matmul", (column, row)) if (
            known.shapes.of(left)[0] == ONE == known.shapes.of(column)[1]
        ):
            return (left @ column) * row
    return None


@rule("ones(N) @ ones(1, K)", "ones(N, K)", "a[N, K]")
def ones_outer(expr: Call, known: Known) -> Expr | None:
    """Write a column of ones times a row of ones as an array of ones."""
    left, right = expr.args
    if made(left, "ones") and made(right, "ones") and known.shapes.of(left)[1] == ONE:
        return filled("ones", known.shapes.of(expr))
    return None


@rule("a.T @ (b / a)", "sum(b)", "a[N], b[N]", "no entry of a is 0")
def cancels_inside(expr: Call, known: Known) -> Expr | None:
    """Write an inner product in which a factor cancels as a sum."""
    left, right = expr.args
    if not is_scalar(known.shapes.of(expr)) or is_scalar(known.shapes.of(left)):
        return None
    turned = left.args[0] if made(left, "transpose") else None
    pair = None if turned is None else read_product(turned * right, known)
    if pair is None or len(pair.arrays) < 2:  # noqa: PLR2004 - one above and one below
        return None
    less = cancelled.change(pair, known)
    return None if less is None else call("sum", write_product(less), axis=None)


@rule("a.T @ unit(N, 0)", "a[0]", "a[N]")
def picked(expr: Call, known: Known) -> Expr | None:
    """Write an inner product with a unit vector as an entry."""
    match expr.args:
        case (Call("transpose", (column,)), Call("unit", ()) as unit) if (
            known.shapes.of(column)[1] == ONE
        ):
            return entry_at(column, unit)
        case (row, Call("unit", ()) as unit) if known.shapes.of(row)[0] == ONE:
            return entry_at(transposed(row, known), unit)
    return None


@rule("ones(1, N) @ a @ ones(K)", "sum(a)", "a[N, K]")
def times_ones(expr: Call, known: Known) -> Expr | None:
    """Write a product with vectors of ones on every side as a sum of all entries."""
    left, right = expr.args
    if not is_scalar(known.shapes.of(expr)):
        return None
    match left:
        case Call("matmul", (ones, inner)) if made(ones, "ones") and made(right, "ones"):
            return call("sum", inner, axis=None)
    match right:
        case Call("matmul", (inner, ones)) if made(ones, "ones") and made(left, "ones"):
            return call("sum", inner, axis=None)
    if made(left, "ones"):
        return call("sum", right, axis=None)
    return call("sum", left, axis=None) if made(right, "ones") else None


# --- transposes ----------------------------------------------------------------------------------


def transposed(expr: Expr, known: Known) -> Expr:
    """Return the transpose, moved inwards as far as it reads better there."""

    def flip(part: Expr) -> Expr:
        return transposed(part, known)

    symmetric = made(expr, "diag", "identity")
    if symmetric or is_scalar(known.shapes.of(expr)):
        return expr
    flipped: Expr = expr.T
    match expr:
        case Call("transpose", (inner,)):
            flipped = inner
        case Call("matmul", (left, right)):
            flipped = flip(right) @ flip(left)
        case Call("ones" | "zeros" as op):
            rows, columns = known.shapes.of(expr)
            flipped = filled(op, (columns, rows))
        case Call("concat", (first, second)):
            other = 1 - axis_option(dict(expr.options))
            flipped = call("concat", flip(first), flip(second), axis=other)
        case Call("neg", (inner,)):
            flipped = -flip(inner)
        case Call("add" | "sub" as op, (left, right)):
            inside = call(op, flip(left), flip(right))
            flipped = fewer(expr.T, inside)
        case Call("mul", (scale, inner)) if is_scalar(known.shapes.of(scale)):
            flipped = scale * flip(inner)
        case Call("div", (inner, scale)) if is_scalar(known.shapes.of(scale)):
            flipped = flip(inner) / scale
    return flipped


@rule("(2 * (a @ b.T)).T", "2 * (b @ a.T)", "a[N, m], b[K, m]", "where that leaves fewer of them")
def moved_inwards(expr: Call, known: Known) -> Expr | None:
    """Move a transpose inwards."""
    found = transposed(expr.args[0], known)
    return None if found == expr else found
