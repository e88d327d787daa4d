"""A fragment of a network: what a name depends on, or a network with a loss put behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.derive.symbols import free_name
from exgen.graph import SCALAR, Binding, Graph, Leaf, Name, call, is_column, is_scalar, names_in

if TYPE_CHECKING:
    from collections.abc import Iterable

LOSS = "L"


def with_upstream(
    graph: Graph,
    wishes: Iterable[str] = ("g", "q"),
    losses: Iterable[str] = (LOSS, "loss", "L_total"),
) -> tuple[Graph, str]:
    """Return the network ending in a loss of which its last line has a given gradient.

    The loss is the sum of the last line's entries, each times its entry of a new leaf; so that
    leaf, whose name is returned too, is the gradient of the loss by the last line.
    """
    output, shape = graph.loss, graph.shapes[graph.loss]
    name = free_name(graph, wishes)
    loss = free_name(graph, losses)
    product = Name(name) * Name(output)
    expr = product if is_scalar(shape) else call("sum", product, axis=None)
    leaf = Leaf(name, "const", shape, 0 if is_scalar(shape) else 1 if is_column(shape) else 2)
    shapes = {**graph.shapes, name: shape, loss: SCALAR}
    kept = graph.bindings[: [b.name for b in graph.bindings].index(output) + 1]
    return Graph((*graph.leaves, leaf), (*kept, Binding(loss, expr)), shapes, loss), name


def part_of(graph: Graph, of: str) -> Graph:
    """Return what a name depends on, as a network that ends in it."""
    return graph.once(("part", of), lambda: _part_of(graph, of))


def _part_of(graph: Graph, of: str) -> Graph:
    needed = {of}
    for binding in reversed(graph.bindings):
        if binding.name in needed:
            needed |= names_in(binding.expr)
    if of == graph.loss and needed.issuperset(graph.names):
        return graph  # so that both have what is worked out of either
    leaves = tuple(leaf for leaf in graph.leaves if leaf.name in needed)
    bindings = tuple(b for b in graph.bindings if b.name in needed)
    return Graph(leaves, bindings, {n: graph.shapes[n] for n in graph.names if n in needed}, of)
