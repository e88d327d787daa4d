"""Proofs as chains: each line is the one before, rewritten by one rule, with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exgen.derive.index import Letters, entry_form
from exgen.graph import (
    SCALAR,
    Call,
    Dim,
    Entry,
    Expr,
    Name,
    Shape,
    SumOver,
    as_expr,
    rebuild,
    size_as_number,
    walk,
)
from exgen.ops.activations import EXP, LOG, SOFTMAX
from exgen.ops.losses import CROSS_ENTROPY

if TYPE_CHECKING:
    from collections.abc import Mapping

LETTER = "i"
HOT = "c"
RUNNING = "k"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a proof: what stands there, and why it equals the line before."""

    expr: Expr
    why: str


@dataclass(frozen=True, slots=True)
class Chain:
    """A proof.

    Attributes:
        left: what the chain starts from, as an expression in arrays.
        right: what it ends in; None where the last line is the result itself.
        lines: from the definition to the result.
        shapes: the shape of every name in it.
        letters: the free indices, each with the size it runs through.
        target: the one-hot or smoothed target, if the proof needs one.
        smoothing: the name of the weight that smooths the target; empty where it is one-hot.

    """

    left: Expr
    right: Expr | None
    lines: tuple[Line, ...]
    shapes: Mapping[str, Shape]
    letters: tuple[tuple[str, Dim], ...]
    target: str
    smoothing: str


def softmax_shift(logits: str, shift: str, shape: Shape, *, added: bool = False) -> Chain:
    """Prove that a constant subtracted from every logit, or added, leaves the softmax as it is."""
    shapes = {logits: shape, shift: SCALAR}
    moved = Name(logits) + Name(shift) if added else Name(logits) - Name(shift)
    left = SOFTMAX(moved, axis=None)
    right = SOFTMAX(Name(logits), axis=None)
    # The sum's own letter is k, so that i stays free for the entry.
    start = entry_form(left, (LETTER, 0), shapes, Letters({shape[0]: RUNNING}))
    apart = _split_exponents(start)
    factored = _factor_out(apart)
    lines = (
        Line(start, "definition of the softmax"),
        Line(apart, "law of exponents"),
        Line(factored, "pull the factor out of the sum"),
        Line(_cancel(factored), "cancel the common factor"),
    )
    return Chain(left, right, lines, shapes, ((LETTER, shape[0]),), "", "")


def onehot_cross_entropy(prediction: str, target: str, shape: Shape) -> Chain:
    """Prove that a one-hot target leaves one term of the cross-entropy."""
    shapes = {prediction: shape, target: shape}
    left, start, apart = _cross_entropy(prediction, target, shapes)
    inserted = _insert(apart, target, as_expr(1), as_expr(0))
    lines = (
        Line(start, "definition of the cross-entropy"),
        Line(apart, "split off the correct class"),
        Line(inserted, "the target is one-hot"),
        Line(_drop_zeros(inserted), "terms with a factor 0 vanish"),
    )
    return Chain(left, None, lines, shapes, ((HOT, shape[0]),), target, "")


def smoothed_cross_entropy(prediction: str, target: str, weight: str, shape: Shape) -> Chain:
    """Work out the cross-entropy with a target of which a share is spread over all classes."""
    shapes = {prediction: shape, target: shape, weight: SCALAR}
    left, start, apart = _cross_entropy(prediction, target, shapes)
    share = Name(weight) / size_as_number(shape[0])
    inserted = _insert(apart, target, 1 - Name(weight) + share, share)
    logs = LOG(Entry(Name(prediction), RUNNING, 0))
    own = LOG(Entry(Name(prediction), HOT, 0))
    total = SumOver(RUNNING, shape[0], logs)
    end = -((1 - Name(weight)) * own) - share * total
    lines = (
        Line(start, "definition of the cross-entropy"),
        Line(apart, "split off the correct class"),
        Line(inserted, "insert the target"),
        Line(end, "collect the equal shares"),
    )
    return Chain(left, None, lines, shapes, ((HOT, shape[0]),), target, weight)


def _cross_entropy(
    prediction: str, target: str, shapes: Mapping[str, Shape]
) -> tuple[Expr, Expr, Expr]:
    left = CROSS_ENTROPY(Name(prediction), Name(target))
    size = shapes[prediction][0]
    start = entry_form(left, (0, 0), shapes, Letters({size: RUNNING}))
    return left, start, _split_sum(start)


# --- rules ---


def _everywhere(expr: Expr, rule: str) -> Expr:
    return RULES[rule](rebuild(expr, lambda part: _everywhere(part, rule)))


def _exponent(expr: Expr) -> Expr:
    match expr:
        case Call(EXP.name, (Call("sub", (left, right)),)):
            return EXP(-right) * EXP(left)
        case Call(EXP.name, (Call("add", (left, right)),)):
            return EXP(right) * EXP(left)
    return expr


def _factor(expr: Expr) -> Expr:
    """Pull a factor that does not depend on the index out of a sum."""
    match expr:
        case SumOver(index, size, Call("mul", (front, rest)), None) if not _uses(front, index):
            return front * SumOver(index, size, rest)
    return expr


def _split_exponents(expr: Expr) -> Expr:
    return _everywhere(expr, "exponent")


def _factor_out(expr: Expr) -> Expr:
    """Write both sides of a fraction with the same factor in front."""
    match expr:
        case Call("div", (Call("mul", _) as above, below)):
            return above / _everywhere(below, "factor")
    return expr


def _cancel(expr: Expr) -> Expr:
    match expr:
        case Call("div", (Call("mul", (one, top)), Call("mul", (other, bottom)))) if one == other:
            return top / bottom
    return expr


def _split_sum(expr: Expr) -> Expr:
    """Take the term of the hot class out of every sum."""
    match expr:
        case SumOver(index, size, body, None):
            return _put(body, index) + SumOver(index, size, body, HOT)
    return rebuild(expr, _split_sum)


def _put(expr: Expr, index: str) -> Expr:
    match expr:
        case Entry(of, row, column):
            return Entry(of, HOT if row == index else row, column)
    return rebuild(expr, lambda part: _put(part, index))


def _insert(expr: Expr, target: str, hot: Expr, other: Expr) -> Expr:
    match expr:
        case Entry(Name(name), row, _) if name == target:
            return hot if row == HOT else other
    return rebuild(expr, lambda part: _insert(part, target, hot, other))


def _zero(expr: Expr) -> Expr:
    """Drop a factor of 1, and whatever a factor of 0 makes 0."""
    match expr:
        case Call("mul", (one, rest)) if one == as_expr(1):
            return rest
        case Call("mul", (zero, _)) if zero == as_expr(0):
            return zero
        case SumOver(_, _, body) if body == as_expr(0):
            return body
        case Call("add", (left, right)) if right == as_expr(0):
            return left
    return expr


def _drop_zeros(expr: Expr) -> Expr:
    return _everywhere(expr, "zero")


def _uses(expr: Expr, index: str) -> bool:
    return any(isinstance(p, Entry) and index in (p.row, p.column) for p in walk(expr))


RULES = {"exponent": _exponent, "factor": _factor, "zero": _zero}
