"""Logarithms of probabilities, evaluated from the logits.

A softmax of far apart logits, and a sigmoid of a large one, are 0 or 1 in double precision, and
their logarithms infinite or wrong. The logits still hold what was lost. So wherever a network takes
the logarithm of such a probability, in a ``log`` or inside a loss, it is read off the logits:

    log softmax(z)      = z - max(z) - log sum exp(z - max(z))
    log sigmoid(z)      = -softplus(-z)
    log(1 - sigmoid(z)) = -softplus(z)

The values of all names stay what they are, and so does the language: these are ways to evaluate
the same expressions. The identities are those of Goodfellow, Bengio and Courville, "Deep Learning"
(2016), sections 3.10 and 4.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.graph import (
    Binding,
    Call,
    Expr,
    Graph,
    Name,
    Number,
    Options,
    call,
    is_column,
    rebuild,
    walk,
)
from exgen.ops.activations import LOG
from exgen.ops.assemble import ITEM, SLICE
from exgen.ops.base import axis_option
from exgen.ops.linear import TRANSPOSE
from exgen.ops.losses import BCE, CROSS_ENTROPY
from exgen.ops.reduce import spread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from exgen.ops.base import Site

TAKES_LOGARITHMS = frozenset(op.name for op in (LOG, CROSS_ENTROPY, BCE))
MOVES_ENTRIES = frozenset(op.name for op in (TRANSPOSE, ITEM, SLICE))
"""Ops that only pick and move entries, so that a logarithm may be taken before them."""


def from_logits(expr: Expr, lines: Mapping[str, Expr]) -> Expr:
    """Return an equal expression that reads logits where it takes logarithms of probabilities.

    Args:
        expr: an expression over the names of a network.
        lines: what the network's names are bound to.

    """
    if not any(isinstance(part, Call) and part.op in TAKES_LOGARITHMS for part in walk(expr)):
        return expr
    return _rewritten(expr, lines)


def _rewritten(expr: Expr, lines: Mapping[str, Expr]) -> Expr:
    match expr:
        case Call("log", (probability,)):
            stable = _log_of(probability, lines)
            if stable is not None:
                return stable
        case Call("cross_entropy", (probability, target)):
            stable = _log_of(probability, lines)
            if stable is not None:
                return -call("sum", target * stable, axis=None)
        case Call("bce", (probability, target)):
            yes, no = _log_of(probability, lines), _log_of(1 - probability, lines)
            if yes is not None and no is not None:
                return -call("sum", target * yes + (1 - target) * no, axis=None)
    return rebuild(expr, lambda part: _rewritten(part, lines))


def _log_of(probability: Expr, lines: Mapping[str, Expr]) -> Expr | None:
    """Return the logarithm of a probability from its logits; None where it has none."""
    inner = _defined(probability, lines)
    match inner:
        case Call("softmax"):
            return call("log", inner)
        case Call("sigmoid", (z,)):
            return -call("softplus", -z)
        case Call("sub", (Number(value), other)) if value == 1:
            match _defined(other, lines):
                case Call("sigmoid", (z,)):
                    return -call("softplus", z)
        case Call(op, (part,), options) if op in MOVES_ENTRIES:
            stable = _log_of(part, lines)
            return None if stable is None else Call(op, (stable,), options)
    return None


def _defined(expr: Expr, lines: Mapping[str, Expr]) -> Expr:
    """Return what a name is bound to, through lines that only rename it."""
    while isinstance(expr, Name) and expr.name in lines:
        expr = lines[expr.name]
    return expr


def graph_from_logits(graph: Graph, start: frozenset[str] = frozenset()) -> Graph:
    """Return a network whose lines read logits; names in ``start`` are not looked into."""
    return graph.once(("from logits", start), lambda: _graph_from_logits(graph, start))


def _graph_from_logits(graph: Graph, start: frozenset[str]) -> Graph:
    lines = {b.name: b.expr for b in graph.bindings if b.name not in start}
    bindings = tuple(Binding(b.name, from_logits(b.expr, lines)) for b in graph.bindings)
    changed = any(new.expr is not b.expr for new, b in zip(bindings, graph.bindings, strict=True))
    return Graph(graph.leaves, bindings, graph.shapes, graph.loss) if changed else graph


def softmax_inside(expr: Expr) -> Call | None:
    """Return the softmax of ``log(softmax(logits))``; None for anything else."""
    match expr:
        case Call("log", (Call("softmax") as softmax,)):
            return softmax
    return None


def log_softmax(z: NDArray[Any], options: Options) -> NDArray[Any]:
    """Return the logarithm of a softmax of logits, finite for all that are."""
    axis = axis_option(dict(options))
    shifted = z - z.max(axis=axis, keepdims=True)
    total = np.exp(shifted).sum(axis=axis, keepdims=True)
    result: NDArray[Any] = shifted - np.log(total)
    return result


def through_log_softmax(site: Site, upstream: Expr) -> Expr:
    """Return the gradient by the logits of ``log(softmax(logits))``: g - softmax · sum(g).

    Args:
        site: the softmax.
        upstream: g, the gradient by the logarithms, in the shape of the logits.

    """
    axis = axis_option(site.options)
    if axis == 0 and is_column(site.out_shape):
        return upstream - site.out * call("sum", upstream, axis=None)
    total = call("sum", upstream, axis=axis)
    return upstream - site.out * spread(total, site.out_shape, axis)
