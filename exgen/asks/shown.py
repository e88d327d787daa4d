"""What a text shows: the network or parts of it, its graph, its layers, numbers, symbols."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.asks.arrays import cells_latex
from exgen.asks.words import proven_words
from exgen.derive.symbols import shape_latex
from exgen.document import Tex
from exgen.engine import evaluate
from exgen.errors import KindError
from exgen.graph import Name, is_scalar
from exgen.problems.by_layers import chain_fields
from exgen.problems.cellwise import Grids
from exgen.problems.entries import check_entries, entry_fields
from exgen.problems.steps import listed
from exgen.problems.wording import what_runs

if TYPE_CHECKING:
    from exgen.asks.pieces import Phrase
    from exgen.asks.scene import Scene

Shown = Tex | dict[str, Any]


def network(_phrase: Phrase, _scene: Scene) -> Shown:
    """Show the whole forward pass, with what its leaves are."""
    return {"show": "network"}


def entries(_phrase: Phrase, scene: Scene) -> Shown:
    """Show the forward pass in index form; where all its lines are asked for they stand there."""
    check_entries(scene.graph)
    fields = entry_fields(scene.setting)
    kept = ("leaves", "entries", "batch", "examples")
    asked = {ask["name"] for ask in scene.asks if ask.sort == "line"}
    below = asked >= {binding.name for binding in scene.graph.bindings}
    return {"show": "entries", "below": below, **{name: fields[name] for name in kept}}


def chain(phrase: Phrase, scene: Scene) -> Shown:
    """Show the network as a chain of layers."""
    try:
        return {"show": "layered", "chain": chain_fields(scene.graph, scene.printer)}
    except KindError as error:
        raise scene.error(error.message, phrase.span, error.remedy) from None


def runs(_phrase: Phrase, scene: Scene) -> Shown:
    """Show what the network is and works on."""
    return Tex(what_runs(scene.graph, scene.printer))


def data(_phrase: Phrase, _scene: Scene) -> Shown:
    """Show what the inputs and the targets are."""
    return {"show": "data"}


def notes(_phrase: Phrase, _scene: Scene) -> Shown:
    """Show what the formulas leave open."""
    return {"show": "notes"}


def lines(phrase: Phrase, scene: Scene) -> Shown:
    """Show some lines of the forward pass."""
    found = [scene.known(name, phrase, "names") for name in phrase["names"]]
    return {"show": "lines", "lines": [_line(name, phrase, scene) for name in found]}


def formulas(phrase: Phrase, scene: Scene) -> Shown:
    """Show some lines of the forward pass in running text."""
    found = [_line(scene.known(name, phrase, "names"), phrase, scene) for name in phrase["names"]]
    return Tex(listed([f"${line['left']} = {line['right']}$" for line in found]))


def _line(name: str, phrase: Phrase, scene: Scene) -> dict[str, Tex]:
    expr = scene.graph.expr(name)
    if expr is None:
        raise scene.error(f"'{name}' is a leaf and has no line", phrase.spans["names"])
    right = Grids(scene.setting.notation, scene.graph, {}).line(name)
    return {"left": Tex(scene.printer.name(name)), "right": Tex(right)}


def untransposed(_phrase: Phrase, _scene: Scene) -> Shown:
    """Show that each gradient has the shape of its array, where the notation would turn it."""
    return {"show": "untransposed"}


def graph(phrase: Phrase, scene: Scene) -> Shown:
    """Show the computation graph as a figure."""
    from exgen.figures.computation import computation_figure

    try:
        figure = computation_figure(scene.graph, scene.printer)
    except KindError as error:
        raise scene.error(error.message, phrase.span, error.remedy) from None
    return {"show": "figure", "figure": figure.fields()}


def units(_phrase: Phrase, scene: Scene) -> Shown:
    """Show a network of scalar units as a figure, and any other by its lines."""
    from exgen.problems.units import drawing, units_of

    try:
        figure = drawing(scene.graph, scene.printer)
    except KindError:
        return {"show": "network"}
    biased = any(unit.bias for unit in units_of(scene.graph))
    return {"show": "units", "drawing": figure.fields(), "biased": biased}


def plot(phrase: Phrase, _scene: Scene) -> Shown:
    """Show a curve on the key."""
    return {"show": "plot", "plot": phrase["word"]}


def values(phrase: Phrase, scene: Scene) -> Shown:
    """Show numbers: of these names, or of all leaves."""
    scene, grid = scene.numbered(phrase), "grid" in phrase.clauses
    wanted = phrase.slots.get("names") or tuple(leaf.name for leaf in scene.graph.leaves)
    items = [
        {"name": Tex(_called(name, scene)), "value": Tex(cells_latex(array, None, grid=grid))}
        for name in (scene.known(name, phrase, "names") for name in wanted)
        for array in [scene.values[name]]
    ]
    return {"show": "values", "items": items}


def shapes(phrase: Phrase, scene: Scene) -> Shown:
    """Show the shapes of names."""
    found = [scene.known(name, phrase, "names") for name in phrase["names"]]
    sizes = {name: shape_latex(scene.graph.shapes[name]) for name in found}
    parts = [rf"${scene.printer.name(n)} \in \mathbb{{R}}^{{{sizes[n]}}}$" for n in found]
    return Tex(", ".join(parts))


def word(phrase: Phrase, scene: Scene) -> Shown:
    """Show what the notation calls the derivative of these names."""
    if scene.setting.notation.gradient == "nabla":
        return {"show": "word", "word": "gradient"}
    shapes = [scene.graph.shapes[scene.known(name, phrase, "names")] for name in phrase["names"]]
    return {"show": "word", "word": "derivative" if any(map(is_scalar, shapes)) else "Jacobian"}


def gradient(phrase: Phrase, scene: Scene) -> Shown:
    """Show the symbol of a gradient, or of a Jacobian."""
    of, by = scene.name(phrase), scene.name(phrase, "name2")
    return Tex(rf"$\displaystyle {scene.printer.derivative(of, by)}$")


def upstream(phrase: Phrase, scene: Scene) -> Shown:
    """Show the gradient that is given of the last line."""
    symbol = _arriving(scene)
    if scene.unnamed:
        return Tex(f"${symbol}$")
    given = Name(phrase["name"])
    turned = scene.setting.notation.layout == "numerator"
    return Tex(f"${symbol} = {scene.printer(given.T if turned else given)}$")


def _arriving(scene: Scene) -> str:
    """Return the symbol of the gradient that is given, flat, as it stands in running text."""
    printer, notation = scene.printer, scene.setting.notation
    loss, (output,) = scene.graph.loss, scene.given_gradients
    if notation.gradient == "nabla":
        return printer.derivative(loss, output)
    sign = r"\mathrm{d}" if notation.gradient == "d" else r"\partial "
    return f"{sign}{printer.name(loss)} / {sign}{printer.name(output)}"


def _called(name: str, scene: Scene) -> str:
    """Return the symbol of a name; of an upstream gradient without one, that of the gradient."""
    unnamed = scene.unnamed and name == scene.upstream
    return _arriving(scene) if unnamed else scene.printer.name(name)


def remark(phrase: Phrase, scene: Scene) -> Shown:
    """Show words on the key, where the numbers meet their condition."""
    condition = phrase.slots.get("condition")
    if condition is not None:
        scene = scene.numbered(phrase)
        expr, _ = scene.formula(condition, phrase.spans["condition"])
        if not evaluate(expr, scene.values, exact=True).all():
            return {"show": ""}
    return {"show": "remark", "says": proven_words(phrase.choices[0], scene)}
