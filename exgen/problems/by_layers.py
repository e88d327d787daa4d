"""Networks as chains of layers: what each line is, and how a sheet calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from exgen.derive.summands import loss_line
from exgen.document import Tex
from exgen.errors import KindError
from exgen.graph import Binding, Call, Expr, Graph, Name, Number, Size, as_expr, names_in
from exgen.ops import lookup

if TYPE_CHECKING:
    from exgen.derive.latex import Printer

REMEDY = (
    "A chain of layers has one layer on each line, such as z = W @ x + b or a = relu(z), "
    "and a last line such as L = squared_error(a, y)."
)


class Layer(Struct, frozen=True):
    """One line as a layer.

    Attributes:
        sort: ``linear``, ``function``, ``identity`` or ``loss``.
        line: the name it computes.
        source: the value it gets from the layer before.
        fixed: what else it reads: parameters and targets.

    """

    sort: str
    line: str
    source: str
    fixed: tuple[str, ...]


def layers(graph: Graph) -> list[Layer]:
    """Read a network as a chain of layers.

    Raises:
        KindError: a line is no layer, or the lines form no chain.

    """
    leaves = {leaf.name: leaf.role for leaf in graph.leaves}
    found: list[Layer] = []
    for binding in graph.bindings:
        read = names_in(binding.expr)
        sources = [name for name in sorted(read) if leaves.get(name, "input") == "input"]
        sort = _sort(binding, graph, sources)
        if len(sources) != 1 or sort is None:
            raise KindError(f"the line of '{binding.name}' is no layer by itself", remedy=REMEDY)
        before = found[-1].line if found else sources[0]
        if sources[0] != before:
            raise KindError(
                f"'{binding.name}' reads '{sources[0]}', not the layer before it", remedy=REMEDY
            )
        fixed = tuple(sorted(read - set(sources)))
        found.append(Layer(sort, binding.name, sources[0], fixed))
    if not found or found[-1].sort != "loss":
        raise KindError("the network does not end in a loss", remedy=REMEDY)
    return found


def _sort(binding: Binding, graph: Graph, sources: list[str]) -> str | None:
    if binding.name == graph.loss:
        return "loss" if loss_line(graph) else None
    match binding.expr:
        case Name():
            return "identity"
        case Call("add", (Call("matmul"), Name())) | Call("matmul", (Name(), Name())):
            return "linear"
        case Call(_, (Name(name), *rest)) if name in sources and all(
            isinstance(part, (Number, Size)) for part in rest
        ):
            return "function"
    return None


def chain_fields(graph: Graph, printer: Printer) -> dict[str, Any]:
    """Return what a template needs to describe a network by its layers, without their formulas.

    Raises:
        KindError: the network is no chain of layers.

    """
    found: list[dict[str, Any]] = []
    linear = 0
    for layer in layers(graph):
        expr = graph.expr(layer.line)
        linear += layer.sort == "linear"
        found.append(
            {
                "title": _title(printer, layer, expr, linear),
                "sort": layer.sort,
                "number": linear,
                "name": Tex(printer.name(layer.line)),
                "line": layer.line,
                **(_linear(printer, layer, expr) if layer.sort == "linear" else {}),
            }
        )
    line = loss_line(graph)
    row = lookup(line.op)
    loss = {
        "called": row.words.rule,
        "total": row.words.says,
        "logarithms": not row.traits.exact,
        "left": Tex(printer.name(graph.loss)),
        "right": Tex(printer(as_expr(0) if (e := graph.expr(graph.loss)) is None else e)),
        "target": Tex(printer.name(line.target)),
        "factor": None if line.factor == as_expr(1) else Tex(printer(line.factor)),
    }
    return {"layers": found, "loss": loss}


def _linear(printer: Printer, layer: Layer, expr: Expr | None) -> dict[str, Any]:
    """Return what a linear layer multiplies by, from which side, and what it adds."""
    product, bias = expr, None
    if isinstance(expr, Call) and expr.op == "add":
        product, bias = expr.args
    if not isinstance(product, Call):
        return {}
    left, right = product.args
    behind = layer.source in names_in(left)
    return {
        "weight": Tex(printer(right if behind else left)),
        "side": "right" if behind else "left",
        "bias": None if bias is None else Tex(printer(bias)),
    }


def _title(printer: Printer, layer: Layer, expr: Expr | None, number: int) -> Tex:
    """Return what a layer is called: its function, or its sort and number."""
    match layer.sort:
        case "linear":
            return Tex(rf"\text{{Linear {number}}}")
        case "identity":
            return Tex(r"\text{Identity}")
        case "loss":
            return Tex(r"\text{Loss}")
    argument = printer.name(layer.source)
    bare = printer(as_expr(0) if expr is None else expr).replace(rf"\left({argument}\right)", "")
    # A function that is only a mark behind its argument keeps a place for it.
    return Tex(rf"(\cdot){bare}" if bare.startswith("^") else bare)
