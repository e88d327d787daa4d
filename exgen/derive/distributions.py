"""Which names of a network hold probabilities: entries that sum to 1 along an axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.derive.rewriting.terms import Known
from exgen.derive.simplify import simplify_with
from exgen.graph import (
    ONE,
    SCALAR,
    Call,
    Expr,
    Name,
    as_expr,
    call,
    is_scalar,
    names_in,
    walk,
)
from exgen.language.classes import classes_axes
from exgen.ops.activations import SOFTMAX
from exgen.ops.base import axis_option
from exgen.shapes import Shapes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Graph, Shape

AFFINE = frozenset({"add", "sub", "mul", "div", "neg", "ones"})
"""What may be made of probabilities and leave entries that sum to 1, as in label smoothing."""


def distributions(graph: Graph) -> Mapping[str, int]:
    """Return the names whose entries sum to 1, each with the axis along which they do.

    These are one-hot leaves, every softmax, and mixtures of them whose weights sum to 1.
    """
    found: dict[str, int] = {}
    for leaf in graph.leaves:
        axes: frozenset[int] = classes_axes(graph, leaf) if leaf.role == "onehot" else frozenset()
        if len(axes) == 1:
            found[leaf.name] = min(axes)
    for binding in graph.bindings:
        expr = binding.expr
        if isinstance(expr, Name) and expr.name in found:
            found[binding.name] = found[expr.name]
        if SOFTMAX.made(expr):
            found[binding.name] = axis_option(dict(expr.options))
        elif isinstance(expr, Call) and expr.op in AFFINE and names_in(expr) & found.keys():
            along = {found[name] for name in names_in(expr) & found.keys()}
            axis = min(along)
            if len(along) == 1 and sums_to_one(expr, axis, graph.shapes, found):
                found[binding.name] = axis
    return found


def quotients(graph: Graph) -> Mapping[str, Call]:
    """Return the lines that are a quotient of values, by name: a gradient may use the name."""
    return {
        binding.name: binding.expr
        for binding in graph.bindings
        if isinstance(binding.expr, Call)
        and binding.expr.op == "div"
        and names_in(binding.expr.args[1])
        and binding.name != graph.loss
    }


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
