"""Tables of quantities: a row for each name, a column for each ask, and asks that fill them best.

These are the shape of a name, for one example or a batch, what a layer gets, and what it puts out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from exgen.asks.numeric import is_numeric
from exgen.asks.scene import Answered, Scene
from exgen.certify.arrows import INPUT, ArrowsClaim
from exgen.certify.equation import Equation
from exgen.certify.quantity import Quantity
from exgen.certify.sizes import ShapeClaim, infer_from_shown
from exgen.derive.batch import batched, in_rows
from exgen.derive.orient import DATA
from exgen.derive.symbols import dim_latex, shape_latex
from exgen.document import Step, Tex
from exgen.errors import CertificateError, KindError
from exgen.graph import Dim, names_in
from exgen.language import to_text
from exgen.problems.base import Setting, Solved, blank
from exgen.problems.boxes import reason, shaped, sized
from exgen.problems.by_layers import chain_fields, layers
from exgen.problems.entries import checked_names
from exgen.problems.units import drawn_sums

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exgen.asks.pieces import Phrase
    from exgen.derive.batch import Batch
    from exgen.graph import Binding, Graph

LAYOUTS = ("columns", "rows")
TABLE = "table"
"""The show and the ask whose cells are asks."""
SLIPS = (
    "before_the_activation",
    "forgot_activation",
    "no_slope_below",
    "forgot_factor",
    "forgot_transpose",
    "needless_transpose",
    "wrong_order",
)
"""The usual mistakes about what goes into a layer and what comes out, the likeliest first."""
BEFORE = "A layer gets what the layer before it puts out; the first one gets the network's input."
LINE = "The output is the layer's own line of the forward pass."
ARROWS = "One term for each arrow."
ACTIVATED = "The activation of the sum."
SHARED = "All examples share the weights, so their shapes stay as they are."
WITH_EXAMPLES = "Each example adds a column, or a row, of its own."


class Head(Struct, frozen=True):
    """What stands above a column, and how wide its cells are, in millimetres; 0 for a blank."""

    says: str
    room: int = 0


HEADS = {
    "shape": Head("Shape"),
    "count": Head("Entries"),
    "value": Head("Value"),
    "gradient": Head("Gradient", 60),
    "input": Head("Input", 20),
    "output": Head("Output", 75),
}
"""The asks that may make a column."""


def asked_shapes(graph: Graph, options: Mapping[str, Any]) -> list[str]:
    """Return the names whose shapes a bank asks for, or those of all weights and data.

    Raises:
        KindError: there are none, or the network has no form for a batch.

    """
    names = {leaf.name: leaf.role for leaf in graph.leaves}
    weights = [name for name, role in names.items() if role == "param"]
    data = [name for name, role in names.items() if role in DATA]
    if not (weights and data):
        raise KindError(
            "the network has no weights and data to ask the shapes of",
            remedy="It needs leaves such as x: input[D] and W: param[K, D].",
        )
    if options.get("layout", LAYOUTS[0]) not in LAYOUTS:
        said = f"'layout' cannot be '{options['layout']}'"
        raise KindError(said, remedy=f"It is {' or '.join(LAYOUTS)}.")
    batched(graph, Dim(0, ("m",)))
    legal = [name for name in graph.names if name != graph.loss]
    return checked_names(options.get("ask", [*weights, *data]), legal, "name")


def needed_shapes(graph: Graph, asked: Sequence[str]) -> list[str]:
    """Return the lines whose shapes a sheet has to state beside those of the data.

    Raises:
        KindError: what is asked does not follow from any that are not asked.

    """
    shown = [leaf.name for leaf in graph.leaves if leaf.role in DATA]
    data = len(shown)
    for binding in (*graph.bindings, None):
        inferred = infer_from_shown(graph, tuple(shown))
        if all(inferred[name] is not None for name in asked):
            return shown[data:]
        if binding and inferred[binding.name] is None and binding.name not in asked:
            shown.append(binding.name)
    raise KindError("the shapes do not follow from those of the other values")


def is_hidden(ask: Phrase, graph: Graph) -> bool:
    """Whether an ask is for a shape that the sheet must not state.

    In a table those of the data are no question: they decide the others.
    """
    if ask.sort != "shape" or "examples" in ask.clauses or ask.verb != "ask":
        return False
    leaf = graph.leaf(ask["name"])
    return not (ask.is_cell and leaf and leaf.role in DATA)


def shape(ask: Phrase, scene: Scene) -> Answered:
    """Return the shape of a name, which has to follow from the shapes that the sheet states."""
    name, graph, printer = scene.name(ask), scene.graph, scene.printer
    if "examples" in ask.clauses:
        return _in_batch(ask, scene)
    found = graph.shapes[name]
    before = scene.setting.shown_in is not None
    if ask.is_cell and (ask.verb != "ask" or (name in scene.stated and not before)):
        return Answered(Tex(shape_latex(found)), ())
    shown = tuple(other for other in graph.names if other in scene.stated)
    if name in scene.stated:
        remedy = "Ask for it in the problem that shows the network first."
        said = f"the sheet states the shape of '{name}' already"
        raise scene.error(said, ask.spans["name"], remedy)
    try:
        inferred = infer_from_shown(graph, shown)[name]
    except CertificateError as error:
        raise scene.error(error.message, ask.spans["name"]) from None
    if inferred is None:
        said = f"the shape of '{name}' does not follow from those that the sheet states"
        raise scene.error(said, ask.spans["name"], "Show one more, as in {show shapes z1}.")
    claim = ShapeClaim(graph, name, found, shown)
    return _blank(sized(ask.name, printer.name(name), claim, reason(graph, name)))


def _in_batch(ask: Phrase, scene: Scene) -> Answered:
    """Return the shape of a name when many examples are processed at once."""
    batch, name = batch_of(ask, scene), scene.name(ask)
    if name == scene.graph.loss:
        raise scene.error(f"'{name}' is the loss, which stays a scalar", ask.spans["name"])
    called = batch.names.get(name, name)
    shown = tuple(leaf.name for leaf in batch.graph.leaves)
    claim = ShapeClaim(batch.graph, called, batch.graph.shapes[called], shown, batch)
    printer = replace(scene.setting, graph=batch.graph).printer
    why = WITH_EXAMPLES if name in batch.names else SHARED
    return _blank(sized(ask.name, printer.name(called), claim, why))


def _blank(solved: Solved) -> Answered:
    return Answered(Tex(f"${blank(solved.name)}$"), (solved,))


def batch_of(phrase: Phrase, scene: Scene) -> Batch:
    """Return the network over as many examples as a phrase says, as rows or as columns."""
    said = phrase.clauses["examples"]
    count = Dim(int(said)) if said.isdecimal() else Dim(0, (said,))
    if said in scene.graph.names:
        span, remedy = phrase.spans["examples"], "Call the number of examples something else."
        raise scene.error(f"'{said}' is a name of the network", span, remedy)
    rows = in_rows(scene.setting.notation, written=phrase.clauses.get("as") == "rows")
    try:
        return batched(scene.graph, count, rows=rows)
    except KindError as error:
        raise scene.error(error.message, phrase.spans["examples"], error.remedy) from None


def show_batch(phrase: Phrase, scene: Scene) -> dict[str, Any]:
    """Show that many examples are processed at once, and how the data are called then."""
    batch = batch_of(phrase, scene)
    printer = replace(scene.setting, graph=batch.graph).printer
    return {
        "show": "batch",
        "count": Tex(dim_latex(count_of(batch))),
        "line": "row" if batch.rows else "column",
        "names": [
            Tex(printer.name(batch.names[leaf.name]))
            for leaf in scene.graph.leaves
            if leaf.role in DATA
        ],
    }


def count_of(batch: Batch) -> Dim:
    """Return how many examples a batch has."""
    return next(batch.graph.shapes[name][0 if batch.rows else 1] for name in batch.names.values())


def source(ask: Phrase, scene: Scene) -> Answered:
    """Return what a layer gets from the layer before it."""
    name, printer = _line(ask, scene).name, scene.printer
    try:
        layer = next(layer for layer in layers(scene.graph) if layer.line == name)
        titles = {part["line"]: part["title"] for part in _chain(scene)}
    except KindError as error:
        raise scene.error(error.message, ask.span, error.remedy) from None
    solved = Solved(
        name=ask.name,
        latex=Tex(printer.name(layer.source)),
        shape=None,
        expr=layer.source,
        steps=(Step("input", Tex(printer.name(layer.source)), BEFORE),),
        claim=ArrowsClaim(scene.graph, INPUT, (layer.source,), name, layer.fixed),
        write=lambda claim: Tex(printer.name(claim.found[0])),
        where=Tex(f"as the input of ${titles[name]}$"),
    )
    return _blank(solved)


def output(ask: Phrase, scene: Scene) -> Answered:
    """Return a line of the forward pass as a formula."""
    line, printer = _line(ask, scene), scene.printer

    def write(claim: Equation) -> Tex:
        return Tex(f"{printer.name(line.name)} = {printer(claim.rights[0])}")

    # of a sum of units their drawing says the same with its arrows
    sums = drawn_sums(scene.graph)
    claim = Equation(scene.graph, Quantity(line.name), (line.expr, *sums.get(line.name, ())))
    why = ARROWS if line.name in sums else ACTIVATED if names_in(line.expr) & {*sums} else LINE
    steps = (Step("output", write(claim), why, claims=(claim,)),)
    return _blank(Solved(ask.name, write(claim), None, to_text(line.expr), steps, claim, write))


def _chain(scene: Scene) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = chain_fields(scene.graph, scene.printer)["layers"]
    return found


def _line(ask: Phrase, scene: Scene) -> Binding:
    """Return the line that an ask is about, if no earlier problem shows it."""
    name, shown_in = scene.name(ask), scene.setting.shown_in
    line = next((line for line in scene.graph.bindings if line.name == name), None)
    if line is None:
        raise scene.error(f"'{name}' is a leaf and has no line", ask.spans["name"])
    if shown_in is not None:
        said = f"Problem {shown_in} already shows the lines of this network"
        raise scene.error(said, ask.span, "Let this be the first problem of its network.")
    return line


def as_line(answered: Answered) -> Answered:
    """Return an ask as one line of several: a mistake in it is told with what it is about."""
    if not isinstance(answered.prints, Tex) or answered.layout != "worked":
        return answered  # its mistakes have their left sides
    where = Tex(f"for {answered.prints.tex.replace(chr(92) + 'displaystyle ', '')}")
    return replace(answered, solved=tuple(replace(part, where=where) for part in answered.solved))


def table(phrase: Phrase, scene: Scene, answered: Sequence[Answered]) -> dict[str, Any]:
    """Return a table for the page.

    Args:
        phrase: the table, shown or asked.
        scene: its problem.
        answered: what each of its cells leads to.

    """
    width = len(phrase.cells) // len(phrase["names"])
    columns, shown = phrase.cells[:width], phrase.verb != "ask"
    filled = list(zip(phrase.cells, answered, strict=True))
    layered = any(cell.sort == "input" for cell in columns)
    titles = {part["line"]: part["title"] for part in _chain(scene)} if layered else {}
    batch = next((batch_of(cell, scene) for cell in columns if "examples" in cell.clauses), None)
    rows = [
        {
            "title": titles.get(name) or Tex(scene.printer.name(name)),
            "called": _called(name, scene, batch),
            "cells": [_cell(*part, shown=shown) for part in filled[n * width : (n + 1) * width]],
        }
        for n, name in enumerate(phrase["names"])
    ]
    return {
        "show": TABLE,
        "layered": layered,
        "columns": [
            {**_column(cell, scene, batch), "names": _names(answered[n::width])}
            for n, cell in enumerate(columns)
        ],
        "rows": rows,
        "names": _names(answered),
        "single": _shapes(scene.setting),
        "batch": _shapes(Setting(batch.graph, scene.setting.notation, None)) if batch else [],
        "line": "row" if batch and batch.rows else "column",
    }


def _names(answered: Sequence[Answered]) -> list[str]:
    return [solved.name for part in answered for solved in part.solved if solved.name]


def _called(name: str, scene: Scene, batch: Batch | None) -> Tex | None:
    """Return what an example's own value is called for all of them; None for what they share."""
    if batch is None or name not in batch.names:
        return None
    return Tex(replace(scene.setting, graph=batch.graph).printer.name(batch.names[name]))


def _column(cell: Phrase, scene: Scene, batch: Batch | None) -> dict[str, Any]:
    said = cell.clauses.get("examples")
    return {
        "sort": cell.sort,
        "says": HEADS[cell.sort].says,
        "room": 0 if is_numeric(cell) else HEADS[cell.sort].room,
        "count": Tex(dim_latex(count_of(batch))) if batch and said else None,
        "single": batch is not None and not said and cell.sort == "shape",
        "digits": scene.digits(cell),
        "of": Tex(scene.printer.name(cell["name"])) if cell.sort == "gradient" else None,
    }


def _cell(cell: Phrase, found: Answered, *, shown: bool) -> dict[str, Any]:
    if not found.solved:
        return {"given": found.prints}
    if shown:
        return {"given": found.solved[0].latex}
    return {"answer": found.solved[0].name, "grid": is_numeric(cell)}


def _shapes(setting: Setting) -> list[dict[str, Tex]]:
    """Return every line but the loss with the shape under each name."""
    lines = [binding for binding in setting.graph.bindings if binding.name != setting.graph.loss]
    return [shaped(setting.printer, line) for line in lines]
