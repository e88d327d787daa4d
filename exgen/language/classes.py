"""Along which axis the classes of a one-hot leaf run, as far as the network shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.errors import MisfitError
from exgen.graph import Call, Name, is_column, names_in, walk
from exgen.ops.activations import SOFTMAX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exgen.graph import Expr, Graph, Leaf

NONE: frozenset[int] = frozenset()


def classes_axes(graph: Graph, leaf: Leaf) -> frozenset[int]:
    """Return the axes of the softmaxes that a one-hot leaf is compared with.

    Where it meets none, those of the softmaxes that have its shape count. Nothing is returned
    where there is none of these either, and both axes where they contradict one another.
    """
    if is_column(leaf.shape):
        return frozenset({0})
    met = NONE.union(*(_softmax_axis(graph, expr) for expr in _partners(graph, leaf)))
    if met:
        return met
    alike = [b.expr for b in graph.bindings if graph.shapes[b.name] == leaf.shape]
    return NONE.union(*(_softmax_axis(graph, expr) for expr in alike))


def check_classes(graph: Graph, name: str) -> None:
    """Refuse a one-hot leaf whose classes run along both axes.

    Raises:
        MisfitError: with both readings.

    """
    leaf = graph.leaf(name)
    if leaf is not None and leaf.role == "onehot" and len(classes_axes(graph, leaf)) > 1:
        raise MisfitError(
            f"'{name}' meets a softmax along axis=0, for which each column is an example, and one "
            "along axis=1, for which each row is",
            f"Let both run along one axis, or declare '{name}' as a target.",
        )


def _partners(graph: Graph, leaf: Leaf) -> Iterator[Expr]:
    """Yield what stands beside the leaf in an op of two arguments, such as a loss."""
    for binding in graph.bindings:
        for part in walk(binding.expr):
            if isinstance(part, Call) and part.op != "matmul" and Name(leaf.name) in part.args:
                yield from (arg for arg in part.args if leaf.name not in names_in(arg))


def _softmax_axis(graph: Graph, expr: Expr) -> frozenset[int]:
    """Return the axis of the outermost softmax in an expression, or in the line it names."""
    line = graph.expr(expr.name) if isinstance(expr, Name) else expr
    for part in () if line is None else walk(line):
        if SOFTMAX.made(part):
            return frozenset({1 if part.option("axis") == 1 else 0})
    return NONE
