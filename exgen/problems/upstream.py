"""A fragment of a network with a loss put behind it, so that its upstream gradient is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.derive.symbols import free_name
from exgen.graph import SCALAR, Binding, Graph, Leaf, Name, call, is_column, is_scalar

if TYPE_CHECKING:
    from collections.abc import Iterable

LOSS = "L"


def with_upstream(graph: Graph, wishes: Iterable[str] = ("g", "q")) -> tuple[Graph, str]:
    """Return the network ending in a loss of which its last line has a given gradient.

    The loss is the sum of the last line's entries, each times its entry of a new leaf; so that
    leaf, whose name is returned too, is the gradient of the loss by the last line.
    """
    output, shape = graph.loss, graph.shapes[graph.loss]
    name = free_name(graph, wishes)
    loss = free_name(graph, (LOSS, "loss", "L_total"))
    product = Name(name) * Name(output)
    expr = product if is_scalar(shape) else call("sum", product, axis=None)
    leaf = Leaf(name, "const", shape, 0 if is_scalar(shape) else 1 if is_column(shape) else 2)
    shapes = {**graph.shapes, name: shape, loss: SCALAR}
    kept = graph.bindings[: [b.name for b in graph.bindings].index(output) + 1]
    return Graph((*graph.leaves, leaf), (*kept, Binding(loss, expr)), shapes, loss), name
