"""What a sheet may say of a network: words that are chosen from its lines, leaves and shapes.

Templates only place them. Every function is a statement of fact about the graph it is given, so a
test can hold it against the graph.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.graph import Call, Name, names_in

if TYPE_CHECKING:
    from exgen.graph import Expr, Graph

AT_LEAST_0 = frozenset({"relu", "softplus", "exp", "squared_error", "bce", "cross_entropy"})
LINEAR = frozenset({"add", "sub", "mul", "matmul", "sum", "mean"})


def output_range(graph: Graph) -> str:
    """Return the range of a network's last line, as far as its outermost op tells.

    ``real``, ``probability`` (between 0 and 1), ``bounded`` (between -1 and 1), ``at least 0``, or
    ``unknown``.
    """
    expr: Expr | None = Name(graph.loss)
    while isinstance(expr, Name) and graph.expr(expr.name) is not None:
        expr = graph.expr(expr.name)
    match expr:
        case Call("sigmoid" | "softmax"):
            return "probability"
        case Call("tanh"):
            return "bounded"
        case Call(op) if op in AT_LEAST_0:
            return "at least 0"
        case Call(op) if op in LINEAR:
            # A free parameter as a factor or a term reaches every number.
            free = {leaf.name for leaf in graph.leaves if leaf.role == "param"}
            return "real" if free & names_in(expr) else "unknown"
    return "unknown"
