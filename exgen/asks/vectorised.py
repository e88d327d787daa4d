"""Asks for lines in index form to be written for whole arrays: of the forward or backward pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.asks.scene import Answered, Scene
from exgen.certify.equation import Equation
from exgen.certify.quantity import Quantity
from exgen.derive.derivations import index_gradient
from exgen.derive.gradients import derive_gradients
from exgen.derive.index import letters_of
from exgen.derive.jacobian import slope_at_zero
from exgen.derive.latex import ONES
from exgen.derive.vectorise import Reasons, equation, expanded
from exgen.derive.written import as_written, written_shape
from exgen.document import Step, Tex
from exgen.errors import KindError
from exgen.graph import Derivative, Entry, Name, is_scalar, names_in
from exgen.language import to_text
from exgen.problems.base import Solved
from exgen.problems.entries import check_entries, line_form, ranges_latex

if TYPE_CHECKING:
    from exgen.asks.pieces import Phrase
    from exgen.graph import Graph, Shape

SORTS = ("line", "backward")
"""The asks of this module; each of their answers is a part of its own."""


def lines(graph: Graph) -> list[str]:
    """Return the lines that read an array, and do more than rename it."""
    return [
        binding.name
        for binding in graph.bindings
        if not isinstance(binding.expr, Name)
        and any(not is_scalar(graph.shapes[name]) for name in names_in(binding.expr))
    ]


def gradients(graph: Graph) -> list[str]:
    """Return the names of arrays whose gradient has an index form and is not 0."""
    return graph.once("gradients by entries", lambda: _gradients(graph))


def _gradients(graph: Graph) -> list[str]:
    names: list[str] = []
    for name, gradient in derive_gradients(graph).items():
        if name == graph.loss or is_scalar(graph.shapes[name]) or not gradient.rules:
            continue
        try:
            index_gradient(graph, name)
        except KindError:
            continue
        names.append(name)
    return names


def line(ask: Phrase, scene: Scene) -> Answered:
    """Return a line of the forward pass for whole arrays."""
    name, graph = _legal(ask, scene, lines(scene.graph)), scene.graph
    index, form = line_form(graph, name, letters_of(graph))
    expr = expanded(graph.expr(name) or Name(name), graph.shapes)
    claim = Equation(graph, Quantity(name), (expr, form), index)
    left = scene.printer.name(name)
    return _answered(ask, scene, (Name(name), left, graph.shapes[name]), claim)


def backward(ask: Phrase, scene: Scene) -> Answered:
    """Return a line of the backward pass for whole arrays."""
    name, graph = _legal(ask, scene, gradients(scene.graph)), scene.graph
    notation = scene.setting.notation
    index, form = index_gradient(graph, name)
    written = as_written(derive_gradients(graph)[name].step, graph, notation)
    claim = Equation(
        graph,
        Quantity(graph.loss, name),
        (written, slope_at_zero(form, notation)),
        index,
        layout=notation.layout,
    )
    left = scene.printer.derivative(graph.loss, name)
    shape = written_shape(graph.shapes[name], notation)
    return _answered(ask, scene, (graph.gradient(name), left, shape), claim)


def _legal(ask: Phrase, scene: Scene, names: list[str]) -> str:
    try:
        check_entries(scene.graph)
    except KindError as error:
        raise scene.error(error.message, ask.span, error.remedy) from None
    name = scene.name(ask)
    if name not in names:
        said = f"'{name}' has no line entry by entry to write for whole arrays"
        raise scene.error(said, ask.spans["name"], f"Legal here: {', '.join(names)}.")
    return name


def _answered(
    ask: Phrase, scene: Scene, named: tuple[Name | Derivative, str, Shape], claim: Equation
) -> Answered:
    """Return the answer of a claim with two right sides: for whole arrays, and entry by entry."""
    (symbol, left, shape), (expr, form), printer = named, claim.rights, scene.printer
    why = Reasons(printer, letters_of(scene.graph)).of(expr)
    solved = Solved(
        name=ask.name,
        latex=Tex(printer(expr)),
        shape=shape,
        expr=to_text(expr),
        steps=(Step("vectorise", Tex(equation(left, shape, expr, printer)), Tex(why)),),
        claim=claim,
    )
    row, column = claim.index
    runs = ranges_latex(printer, (row, column), printer.shape(symbol))
    shown = rf"$\displaystyle {printer(Entry(symbol, (row, column)))} = {printer(form)}$"
    # The key prints it too: it is more than the left side of the answer.
    prints = {"show": "line", "line": Tex(rf"{shown},\quad ${runs}$" if runs else shown)}
    return Answered(prints, (solved,), "worked")


def show(phrase: Phrase, scene: Scene) -> dict[str, Any]:
    """Show what whole arrays may be written with, as far as the asks need it."""
    asks = [ask for ask in scene.asks if ask.sort in SORTS]
    found = [(line if ask.sort == "line" else backward)(ask, scene) for ask in asks]
    printed = " ".join(answered.solved[0].latex.tex for answered in found)
    ones = ONES[scene.setting.notation.ones]
    return {
        "show": phrase.sort,
        "loss": Tex(scene.printer.name(scene.graph.loss)),
        "backward": any(ask.sort == "backward" for ask in asks),
        "numerator": scene.setting.notation.layout == "numerator",
        "ones": Tex(ones if f"{ones}_" in printed else ""),
        "quotient": r"\oslash" in printed,
    }
