"""What a sheet may say of a network: words that are chosen from its lines, leaves and shapes.

Templates only place them. Every function is a statement of fact about the graph it is given, so a
test can hold it against the graph.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.derive.orient import DATA, examples
from exgen.derive.symbols import dim_latex
from exgen.graph import ONE, Call, Name, is_column, is_scalar, names_in
from exgen.ops import lookup, uses

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.derive.latex import Printer
    from exgen.graph import Expr, Graph

RANGES: Mapping[tuple[int | None, int | None], str] = {
    (0, 1): "probability",
    (-1, 1): "bounded",
    (0, None): "at least 0",
}


def output_range(graph: Graph) -> str:
    """Return the range of a network's last line, as far as its outermost op tells.

    ``real``, ``probability`` (between 0 and 1), ``bounded`` (between -1 and 1), ``at least 0``, or
    ``unknown``.
    """
    expr: Expr | None = Name(graph.loss)
    while isinstance(expr, Name) and graph.expr(expr.name) is not None:
        expr = graph.expr(expr.name)
    if not isinstance(expr, Call):
        return "unknown"
    row = lookup(expr.op)
    if row.traits.range in RANGES:
        return RANGES[row.traits.range]
    # A free parameter as a factor or a term of what is linear reaches every number.
    free = {leaf.name for leaf in graph.leaves if leaf.role == "param"}
    linear = len(row.traits.linear) == len(row.signature.args)
    return "real" if linear and free & names_in(expr) else "unknown"


def is_classifier(graph: Graph) -> bool:
    """Whether a network is trained to tell classes apart: one-hot targets, or a cross-entropy."""
    return any(leaf.role == "onehot" for leaf in graph.leaves) or any(
        uses(graph, lambda op: op.traits.classes)
    )


def batch_axes(graph: Graph) -> dict[str, int]:
    """Return the axis along which examples run for each data leaf that is a batch, else nothing."""
    axes = examples(graph)
    return {
        leaf.name: axes[leaf.name]
        for leaf in graph.leaves
        if leaf.role in DATA and leaf.name in axes and not is_scalar(leaf.shape)
    }


def has_several_examples(graph: Graph) -> bool:
    """Whether a network is written for several examples at once, as far as its lines tell."""
    return any(graph.shapes[name][axis] != ONE for name, axis in batch_axes(graph).items())


def what_runs(graph: Graph, printer: Printer) -> str:
    """Return what a network is and how many examples it processes, as the start of a sentence."""
    noun = "A classifier" if is_classifier(graph) else "A network"
    axes = batch_axes(graph)
    if has_several_examples(graph):
        name, axis = next(iter(axes.items()))
        count, line = dim_latex(graph.shapes[name][axis]), "row" if axis == 0 else "column"
        where = f"one in each {line} of ${printer.name(name)}$"
        return f"{noun} processes a batch of ${count}$ examples at once, {where}"
    if any(leaf.role in DATA and not is_column(leaf.shape) for leaf in graph.leaves):
        # A matrix may be one example, such as an image, or many: what is not clear is not said.
        return f"{noun} is applied to its input"
    return f"{noun} processes one example at a time"


def counted(number: int, singular: str, plural: str = "") -> str:
    """Return a number with its noun, such as ``the 3 missing sizes`` or ``the missing size``."""
    return f"the {singular}" if number == 1 else f"the {number} {plural or singular + 's'}"
