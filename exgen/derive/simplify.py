"""Bring an expression into the form that a textbook prints, without changing its value.

Gradient rules multiply whatever they are given. The rules of :mod:`exgen.derive.rewriting` put
that in order: numbers and scalars in front, one bar, equal terms collected, what cancels left out.
The certificate evaluates what comes out, so a wrong rule cannot reach a key unseen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.derive.rewriting import matrices
from exgen.derive.rewriting.table import APPLIED
from exgen.derive.rewriting.terms import Known
from exgen.derive.rewriting.views import scaled
from exgen.graph import Call, Entry, Expr, Shape, SumOver, rebuild
from exgen.shapes import Shapes

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["scaled", "simplify", "simplify_with", "transposed"]

MOST_REWRITES = 50_000
"""After so many rewrites an expression is left as it is; it is equal all the same."""


def simplify(expr: Expr, shapes: Mapping[str, Shape]) -> Expr:
    """Return an equal expression that is easier to read.

    Args:
        expr: any expression over the names in ``shapes``.
        shapes: the shape of each name.

    """
    return simplify_with(expr, Known(Shapes(shapes)))


def transposed(expr: Expr, shapes: Mapping[str, Shape]) -> Expr:
    """Return the transpose of a tidy expression, moved inwards as far as it reads better there."""
    return matrices.transposed(expr, Known(Shapes(shapes)))


def simplify_with(expr: Expr, known: Known) -> Expr:
    """Return an equal expression that is easier to read, by rules that may lean on what is known.

    From the inside out, in a loop: a part that stands in several places is worked on once, and a
    part that a rule has made is worked on again.
    """
    # The expressions are kept too, so that no identity is given to another.
    done = known.done
    becomes: dict[int, Expr] = {}
    kept: list[Expr] = []
    waiting = [expr]
    rewrites = 0
    while waiting:
        part = waiting[-1]
        if id(part) in done:
            waiting.pop()
            continue
        later = becomes.get(id(part))
        if later is not None:
            if id(later) in done:
                done[id(part)] = part, done[id(later)][1]
                waiting.pop()
            else:
                waiting.append(later)
            continue
        inner = _inner(part)
        missing = [own for own in inner if id(own) not in done]
        if missing:
            waiting += missing
            continue
        tidy = part
        if any(done[id(own)][1] is not own for own in inner):
            tidy = rebuild(part, lambda own: done[id(own)][1])
        new = _rewritten(tidy, known) if rewrites < MOST_REWRITES else None
        if new is None:
            done[id(part)] = part, tidy
            done[id(tidy)] = tidy, tidy
            waiting.pop()
        else:
            rewrites += 1
            becomes[id(part)] = new
            kept.append(tidy)
    return done[id(expr)][1]


def _inner(expr: Expr) -> tuple[Expr, ...]:
    match expr:
        case Call(args=args):
            return args
        case Entry(of=inner) | SumOver(body=inner):
            return (inner,)
    return ()


def _rewritten(expr: Expr, known: Known) -> Expr | None:
    """Return what the first rule that applies makes of an expression; None where none does."""
    if not isinstance(expr, Call):
        return None
    for apply in APPLIED.get(expr.op, ()):
        found = apply(expr, known)
        if found is not None:
            return found
    return None
