"""Layer tables: what goes into each layer of a network and what comes out, to be filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.certify.arrows import INPUT, ArrowsClaim
from exgen.certify.equation import Equation
from exgen.certify.quantity import Quantity
from exgen.document import Step, Tex
from exgen.errors import KindError
from exgen.language import to_text
from exgen.problems.base import Setting, Solved
from exgen.problems.by_layers import chain_fields, layers

if TYPE_CHECKING:
    from collections.abc import Callable

    from exgen.derive.latex import Printer

SLIPS = (
    "before_the_activation",
    "forgot_activation",
    "no_slope_below",
    "forgot_factor",
    "forgot_transpose",
    "needless_transpose",
    "wrong_order",
)
"""The usual mistakes in such a table, the likeliest first."""
BEFORE = "A layer gets what the layer before it puts out; the first one gets the network's input."
LINE = "The output is the layer's own line of the forward pass."


def layer_rows(setting: Setting, prefix: str) -> tuple[list[dict[str, Any]], list[Solved]]:
    """Return a row for each layer, and the answers for its input and its output.

    ``prefix`` begins the names of the answers.

    Raises:
        KindError: an earlier problem shows the lines, or the network is no chain of layers.

    """
    graph, printer = setting.graph, setting.printer
    if setting.shown_in is not None:
        raise KindError(
            f"Problem {setting.shown_in} already shows the lines of this network",
            remedy="Let this be the first problem of its network.",
        )
    chain = chain_fields(graph, printer)
    titles = {part["line"]: part["title"] for part in chain["layers"]}
    answers: list[Solved] = []
    for layer in layers(graph):
        expr = graph.expr(layer.line)
        if expr is None:
            continue
        output = f"{printer.name(layer.line)} = {printer(expr)}"
        answers += [
            Solved(
                name=f"{prefix}{layer.line}.in",
                latex=Tex(printer.name(layer.source)),
                shape=None,
                expr=layer.source,
                steps=(Step("input", Tex(printer.name(layer.source)), BEFORE),),
                claim=ArrowsClaim(graph, INPUT, (layer.source,), layer.line, layer.fixed),
                write=lambda claim: Tex(printer.name(claim.found[0])),
                where=Tex(f"as the input of ${titles[layer.line]}$"),
            ),
            Solved(
                name=f"{prefix}{layer.line}.out",
                latex=Tex(output),
                shape=None,
                expr=to_text(expr),
                steps=(Step("output", Tex(output), LINE),),
                claim=Equation(graph, Quantity(layer.line), (expr,)),
                write=_equation(printer, layer.line),
            ),
        ]
    rows = [
        {
            "title": part["title"],
            "line": part["line"],
            "names": [n + part["line"] + m for n, m in ((prefix, ".in"), (prefix, ".out"))],
        }
        for part in chain["layers"]
    ]
    return rows, answers


def _equation(printer: Printer, line: str) -> Callable[[Equation], Tex]:
    return lambda claim: Tex(f"{printer.name(line)} = {printer(claim.rights[0])}")
