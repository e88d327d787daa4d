"""Rules for sums over the entries of an array, and what is known of an array's sum."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from exgen.derive.rewriting.rule import rule
from exgen.derive.rewriting.terms import Factor, Sum
from exgen.derive.rewriting.views import (
    filled,
    is_sum,
    read_product,
    read_sum,
    write_product,
    write_sum,
)
from exgen.graph import (
    SCALAR,
    Call,
    Expr,
    Name,
    as_expr,
    is_scalar,
    made,
    size_as_number,
)
from exgen.ops.reduce import count

if TYPE_CHECKING:
    from exgen.derive.rewriting.terms import Known


@rule("sum(s)", "s", "s[]")
def of_a_scalar(expr: Call, known: Known) -> Expr | None:
    """Leave the sum of one number out."""
    inner = expr.args[0]
    return inner if is_scalar(known.shapes.of(inner)) else None


@rule("sum(2 * s * a)", "2 * s * sum(a)", "a[N, m], s[]")
def of_a_multiple(expr: Call, known: Known) -> Expr | None:
    """Take numbers and scalars out of a sum over entries, or out of a stretch of them."""
    product = read_product(expr.args[0], known)
    if product is None or not product.arrays:
        return None
    front = product.coefficient
    if front.number == 1 and not front.scalars:
        return None
    return write_product(front) * Call(expr.op, (write_product(product.bare),), expr.options)


STRETCH = replace(of_a_multiple, left="(2 * s * a)[1:]", right="2 * s * a[1:]")


@rule("sum(a.T)", "sum(a)", "a[N, m]", "all entries are added up")
def of_a_transpose(expr: Call, _known: Known) -> Expr | None:
    """Leave the transpose out where all entries are added up."""
    match expr.args[0]:
        case Call("transpose", (inner,)) if expr.option("axis") is None:
            return Call("sum", (inner,), expr.options)
    return None


@rule("sum(a * a)", "sum(a ** 2)", "a[N, m]")
def of_a_square(expr: Call, known: Known) -> Expr | None:
    """Write the entries times themselves as squares."""
    match expr.args[0]:
        case Call("mul", (left, right)) if left == right and not is_scalar(known.shapes.of(left)):
            return Call("sum", (left**2,), expr.options)
    return None


@rule("sum(ones(N, K), axis=1)", "K * ones(N)", "a[N, K]")
def of_constants(expr: Call, known: Known) -> Expr | None:
    """Count ones, and add zeros and a unit vector up."""
    inner = expr.args[0]
    if not made(inner, "ones", "zeros", "unit"):
        return None
    axis = expr.option("axis")
    if inner.op == "unit":
        return as_expr(1) if axis in (None, 0) else None
    if inner.op == "zeros":
        return filled("zeros", known.shapes.of(expr))
    return count(known.shapes.of(inner), axis) * filled("ones", known.shapes.of(expr))


@rule(
    "sum(p)",
    "1",
    "p[N]",
    "p is one-hot, a softmax, or declared or built so that its entries sum to 1",
)
def of_a_distribution(expr: Call, known: Known) -> Expr | None:
    """Write 1 for the sum of entries that are known to sum to 1."""
    inner, axis = expr.args[0], expr.option("axis")
    if not isinstance(inner, Name) or inner.name not in known.whole:
        return None
    own, shape = known.whole[inner.name], known.shapes.of(inner)
    if axis is not None and axis != own:
        return None
    known.used.add(inner.name)
    if axis is None:
        return size_as_number(shape[1 - own])
    return filled("ones", known.shapes.of(expr))


@rule("sum(s * p + a)", "s * sum(p) + sum(a)", "p[N], a[N], s[]", "the entries of p sum to 1")
def of_known_terms(expr: Call, known: Known) -> Expr | None:
    """Add a sum up term by term where one of them is known to sum to 1."""
    inner = expr.args[0]
    total = read_sum(inner, known) if is_sum(inner) else None
    if total is None or not any(
        len(term.arrays) == 1 and _is_known(term.arrays[0], known) for term in total.terms
    ):
        return None
    ones = filled("ones", total.shape)
    found: Expr | None = None
    for term in total.terms:
        array = (
            write_product(replace(term, shape=total.shape))
            if term.arrays
            else (write_product(term) * ones)
        )
        part = Call("sum", (array,), expr.options)
        found = part if found is None else found + part
    return found


def _is_known(factor: Factor, known: Known) -> bool:
    return factor.power == 1 and isinstance(factor.base, Name) and factor.base.name in known.whole


@rule("p.T @ (a - s)", "p.T @ a - s", "p[N], a[N], s[]", "the entries of p sum to 1")
def of_a_shift(expr: Call, known: Known) -> Expr | None:
    """Take a number out of a mean under probabilities."""
    left, right = expr.args
    match left:
        case Call("transpose", (Name(name),)) if known.whole.get(name) == 0 and is_sum(right):
            total = read_sum(right, known)
        case _:
            return None
    if total is None or not is_scalar(known.shapes.of(expr)):
        return None
    alone = tuple(term for term in total.terms if not term.arrays)
    kept = tuple(term for term in total.terms if term.arrays)
    if not alone or not kept:
        return None
    known.used.add(name)
    return left @ write_sum(Sum(kept, total.shape)) + write_sum(Sum(alone, SCALAR))
