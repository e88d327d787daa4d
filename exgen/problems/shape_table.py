"""Shape tables: the shapes of weights and data, for one example and for many at once."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import fields as fields_of
from typing import TYPE_CHECKING, Any

from exgen.certify.sizes import BatchShapeClaim, ShapeClaim, infer_from_shown
from exgen.derive.batch import batched, cost_name, in_rows
from exgen.derive.factors import known_name
from exgen.derive.latex import Printer
from exgen.derive.symbols import dim_latex, shape_latex
from exgen.derive.turning import turned
from exgen.document import Step, Tex
from exgen.errors import KindError
from exgen.graph import SCALAR, Binding, Call, Dim, Graph, Name, is_scalar
from exgen.printing import Level, Printed
from exgen.problems.base import Kind, Setting, Solution, Solved, forward_fields
from exgen.problems.boxes import reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Expr, Shape
    from exgen.seeds import Stream

DATA = ("input", "target", "onehot")
LAYOUTS = ("columns", "rows")
SHARED = "All examples share the weights, so their shapes stay as they are."
WITH_EXAMPLES = "Each example adds a column, or a row, of its own."


def sample(graph: Graph, options: Mapping[str, Any], stream: Stream) -> dict[str, Any]:
    """Draw whether examples are columns or rows, unless the bank or the notation says."""
    weights = [leaf.name for leaf in graph.leaves if leaf.role == "param"]
    data = [leaf.name for leaf in graph.leaves if leaf.role in DATA]
    if not (weights and data):
        raise KindError(
            "the network has no weights and data to ask the shapes of",
            remedy="shape_table needs leaves such as x: input[D] and W: param[K, D].",
        )
    asked = options.get("ask", [*weights, *data])
    for name in asked:
        known_name(graph, str(name))
        if name == graph.loss:
            raise KindError(f"'{name}' is the loss, which stays a scalar")
    layout = options.get("layout", stream.child("layout").choose(LAYOUTS))
    if layout not in LAYOUTS:
        raise KindError(f"'layout' cannot be '{layout}'", remedy="It is columns or rows.")
    batched(graph, Dim(0, ("m",)), rows=layout == "rows")
    return {"ask": list(asked), "layout": layout, "examples": options.get("examples", "m")}


def stated(graph: Graph, asked: list[str]) -> list[str]:
    """Return the names whose shapes the sheet states: data, and as many others as are needed."""
    shown = [leaf.name for leaf in graph.leaves if leaf.role in DATA]
    hidden = [name for name in asked if name not in shown]
    for binding in graph.bindings:
        inferred = infer_from_shown(graph, tuple(shown))
        if all(inferred[name] is not None for name in hidden):
            return shown
        if inferred[binding.name] is None and binding.name not in asked:
            shown.append(binding.name)
    if any(infer_from_shown(graph, tuple(shown))[name] is None for name in hidden):
        raise KindError("the shapes do not follow from those of the other values")
    return shown


def solve(setting: Setting, draws: Mapping[str, Any]) -> Solution:
    """Give each shape twice: for one example, and over a batch."""
    graph, printer = setting.graph, setting.printer
    if setting.shown_in is not None:
        raise KindError(
            f"Problem {setting.shown_in} already states the shapes of this network",
            remedy="Let shape_table be the first problem of its network.",
        )
    examples = draws["examples"]
    count = Dim(examples) if isinstance(examples, int) else Dim(0, (str(examples),))
    rows_of_examples = in_rows(setting.notation, written=draws["layout"] == "rows")
    batch = batched(graph, count, rows=rows_of_examples)
    many = Setting(batch.graph, setting.notation, None).printer
    shown = stated(graph, draws["ask"])
    answers: list[Solved] = []
    rows: list[dict[str, Any]] = []
    for name in draws["ask"]:
        called = batch.names.get(name, name)
        shape, together = graph.shapes[name], batch.graph.shapes[called]
        one = None
        why = WITH_EXAMPLES if name in batch.names else SHARED
        if name not in shown:
            one = f"{name}.one"
            claim = ShapeClaim(graph, name, shape, tuple(shown))
            answers.append(_answer(one, printer.name(name), shape, reason(graph, name), claim))
        batch_claim = BatchShapeClaim(batch, name, together)
        answers.append(_answer(f"{name}.many", many.name(called), together, why, batch_claim))
        rows.append(
            {
                "name": Tex(printer.name(name)),
                "one": one,
                "given": Tex(shape_latex(shape)),
                "called": Tex(many.name(called)),
                "many": f"{name}.many",
                "shared": name not in batch.names,
            }
        )
    fields = {
        **forward_fields(setting, {cost_name(graph): SCALAR}),
        "rows": rows,
        "layout": "rows" if rows_of_examples else "columns",
        "count": Tex(dim_latex(count)),
        "stated": [
            {
                "symbol": Tex(printer.name(name)),
                "size": Tex(shape_latex(graph.shapes[name])),
                "scalar": is_scalar(graph.shapes[name]),
                "role": _role(graph, name),
            }
            for name in shown
        ],
        "single": [_shaped(printer, b) for b in graph.bindings if b.name != graph.loss],
        "batch": [_shaped(many, b) for b in batch.graph.bindings if b.name != batch.graph.loss],
    }
    return Solution(fields, tuple(answers))


def _role(graph: Graph, name: str) -> str:
    leaf = graph.leaf(name)
    return "value" if leaf is None else leaf.role


def _answer(
    label: str, symbol: str, shape: Shape, why: str, claim: ShapeClaim | BatchShapeClaim
) -> Solved:
    latex = shape_latex(shape)
    return Solved(
        name=label,
        latex=Tex(latex),
        shape=shape,
        expr=claim.called if isinstance(claim, BatchShapeClaim) else claim.name,
        steps=(Step("shape", Tex(rf"{symbol}\colon {latex}"), why),),
        claim=claim,
        write=lambda wrong: Tex(shape_latex(wrong.shape)),
        where=Tex(f"for ${symbol}$"),
    )


@dataclass(frozen=True)
class _ShapedPrinter(Printer):
    """Prints one brace under a name with its transpose mark, not the transpose of a brace."""

    def printed(self, expr: Expr) -> Printed:
        """Return an expression as LaTeX with its level."""
        match expr:
            case Call("transpose", (Name(name),)) if not is_scalar(self.shapes[name]):
                bare = Printer(self.notation, self.shapes, self.loss, batch=self.batch)(expr)
                size = shape_latex(turned(self.shapes[name]))
                return Printed(rf"\exshape{{{bare}}}{{{size}}}", Level.SCRIPT)
        return Printer.printed(self, expr)


def _shaped(printer: Printer, binding: Binding) -> dict[str, Tex]:
    """Return a line with the shape under every name."""

    def decorate(name: str, latex: str) -> str:
        if is_scalar(printer.shapes[name]):
            return latex
        return rf"\exshape{{{latex}}}{{{shape_latex(printer.shapes[name])}}}"

    fields = {field.name: getattr(printer, field.name) for field in fields_of(printer)}
    shaped = _ShapedPrinter(**{**fields, "decorate": decorate})
    return {"left": Tex(shaped(Name(binding.name))), "right": Tex(shaped(binding.expr))}


KIND = Kind(
    name="shape_table",
    summary="shapes of weights and data, for one example and for a batch",
    options={"ask": (list,), "layout": (str,), "examples": (str, int)},
    network_rules=("distinct_dims",),
    number_rules=(),
    slips=("swapped_shape", "forgot_the_one", "one_example", "bias_for_each"),
    needs_loss=True,
    sample=sample,
    solve=solve,
)
