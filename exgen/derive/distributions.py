"""Which names of a network hold probabilities: entries that sum to 1 along an axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.derive.rewriting.rule import Known
from exgen.derive.simplify import simplify_with
from exgen.graph import (
    ONE,
    SCALAR,
    Call,
    Expr,
    Graph,
    Leaf,
    Name,
    as_expr,
    call,
    is_column,
    is_scalar,
    names_in,
    walk,
)
from exgen.ops.base import axis_option
from exgen.shapes import Shapes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Shape

AFFINE = frozenset({"add", "sub", "mul", "div", "neg", "ones"})
"""What may be made of probabilities and leave entries that sum to 1, as in label smoothing."""


def classes_axis(graph: Graph, leaf: Leaf) -> int:
    """Return the axis along which a one-hot leaf's classes run: its softmax's."""
    losses = [
        part
        for binding in graph.bindings
        for part in walk(binding.expr)
        if isinstance(part, Call) and part.op == "cross_entropy"
    ]
    own = [part.args[0] for part in losses if part.args[1] == Name(leaf.name)]
    predicted = [graph.expr(p.name) if isinstance(p, Name) else p for p in own]
    # Another softmax, as that of weights inside the network, may happen to have the same shape.
    alike = [b.expr for b in graph.bindings if graph.shapes[b.name] == leaf.shape]
    for expr in (*predicted, *(() if is_column(leaf.shape) else alike)):
        for part in () if expr is None else walk(expr):
            if isinstance(part, Call) and part.op == "softmax":
                return 1 if part.option("axis") == 1 else 0
    return 0 if is_column(leaf.shape) else 1


def distributions(graph: Graph) -> Mapping[str, int]:
    """Return the names whose entries sum to 1, each with the axis along which they do.

    These are one-hot leaves, every softmax, and mixtures of them whose weights sum to 1.
    """
    found = {leaf.name: classes_axis(graph, leaf) for leaf in graph.leaves if leaf.role == "onehot"}
    # Along the rows of a column every softmax is 1, and no target's entries sum to 1.
    found = {n: axis for n, axis in found.items() if not (axis and is_column(graph.shapes[n]))}
    for binding in graph.bindings:
        expr = binding.expr
        if isinstance(expr, Name) and expr.name in found:
            found[binding.name] = found[expr.name]
        if isinstance(expr, Call) and expr.op == "softmax":
            found[binding.name] = axis_option(dict(expr.options))
        elif isinstance(expr, Call) and expr.op in AFFINE and names_in(expr) & found.keys():
            axes = {found[name] for name in names_in(expr) & found.keys()}
            axis = min(axes)
            if len(axes) == 1 and sums_to_one(expr, axis, graph.shapes, found):
                found[binding.name] = axis
    return found


def sums_to_one(
    expr: Expr, axis: int, shapes: Mapping[str, Shape], whole: Mapping[str, int]
) -> bool:
    """Whether the entries of an expression sum to 1 along an axis, by the rules of sums."""
    if isinstance(expr, Name):
        return whole.get(expr.name) == axis
    if any(isinstance(part, Call) and part.op not in AFFINE for part in walk(expr)):
        return False
    known = Known(Shapes(shapes), whole)
    shape = known.shapes.of(expr)
    if is_scalar(shape):
        return False
    left = (ONE, shape[1]) if axis == 0 else (shape[0], ONE)
    one = as_expr(1) if left == SCALAR else call("ones", rows=left[0], columns=left[1])
    return simplify_with(call("sum", expr, axis=axis), known) == one
