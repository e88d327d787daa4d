"""Asks in symbols: gradients, Jacobians, shapes, names in a chain rule, and counts."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import reduce
from operator import add, mul
from typing import TYPE_CHECKING, Any

from exgen.asks.pieces import Words
from exgen.asks.scene import Answered, Scene, placed
from exgen.certify.equation import Equation
from exgen.certify.quantity import Quantity
from exgen.derive.symbols import shape_latex
from exgen.document import Step, Tex
from exgen.engine import evaluate
from exgen.errors import KindError
from exgen.graph import ONE, SCALAR, Dim, Expr, Number, Shape, Size, is_scalar
from exgen.language import to_text
from exgen.problems.base import Solved, blank
from exgen.problems.boxes import boxes, drawn_places
from exgen.problems.chains import blanks_of, check_hidden, check_lines, draw_hidden

if TYPE_CHECKING:
    from exgen.asks.pieces import Phrase
    from exgen.errors import Source
    from exgen.graph import Graph
    from exgen.seeds import Stream


def jacobian(ask: Phrase, scene: Scene) -> Answered:
    """Return the derivative of a line by a name that it reads."""
    from exgen.problems.jacobians import jacobian_answer

    of, by = scene.name(ask), scene.name(ask, "name2")
    try:
        fields, solved = jacobian_answer(scene.setting, of, by)
    except KindError as error:
        raise scene.error(error.message, ask.spans["name2"], error.remedy) from None
    named = replace(solved, name=ask.name)
    symbol = Tex(rf"$\displaystyle {fields['derivative']}$")
    if not fields["is_entry"]:
        return Answered(symbol, (named,), "worked")
    prints = {"show": "entry", "symbol": symbol, "entry": fields["entry"]}
    return Answered(prints, (named,), "worked")


def chain(ask: Phrase, scene: Scene) -> Answered:
    """Return products of Jacobians whose blanks can be filled with names in one way only."""
    first = ask.name == f"chain.{ask['name']}"
    lines = chain_lines(ask)
    hide = _places(ask, scene)
    shown, solved = blanks_of(scene.setting, lines, hide, "" if first else f"{ask.name}.")
    return Answered(
        {"show": "chains", "chains": shown, "names": [answer.name for answer in solved]},
        tuple(solved),
    )


def box_chain(ask: Phrase, scene: Scene) -> Answered:
    """Return the forward pass as a chain of boxes with shapes, some of them left blank."""
    prefix = "" if ask.name == "boxes" else f"{ask.name}."
    fields, solved = boxes(scene.setting, _places(ask, scene), prefix)
    return Answered({"show": "boxes", **fields}, tuple(solved))


def chain_lines(ask: Phrase) -> list[list[str]]:
    """Return the chains of an ask, each from its variable to what is differentiated."""
    texts = ("".join(p.text for p in part if isinstance(p, Words)) for part in ask.choices)
    return [[*(name.strip() for name in text.split(",")), ask["name"]] for text in texts]


def hidden_in(ask: Phrase, graph: Graph, source: Source, stream: Stream) -> list[str]:
    """Take the places of a chain that are to be blank, or draw some."""
    stated = stated_places(ask)
    wanted: dict[str, Any] = {"blanks": int(ask.clauses.get("hiding", 2))}
    try:
        if ask.sort == "boxes":
            if stated is not None:
                wanted = {"hide": stated}
            return drawn_places(graph, wanted, stream)
        lines = chain_lines(ask)
        check_lines(graph, lines)
        if stated is not None:
            check_hidden(graph, lines, stated)
            return stated
    except KindError as error:
        raise placed(error, source, ask.span) from None
    return draw_hidden(graph, lines, wanted, stream)


def stated_places(ask: Phrase) -> list[str] | None:
    """Return the places that a text says are to be blank; None where they are drawn."""
    if "at" not in ask.clauses:
        return None
    return [place.strip() for place in ask.clauses["at"].split(",")]


def _places(ask: Phrase, scene: Scene) -> list[str]:
    return stated_places(ask) or scene.draws["places"][ask.name]


def graph(ask: Phrase, scene: Scene) -> Answered:
    """Return the computation graph, to be drawn with an arrow for each use."""
    from exgen.problems.graphs import check_graph, graph_answer

    try:
        check_graph(scene.graph)
        fields, solved = graph_answer(scene.setting, ask.name)
    except KindError as error:
        raise scene.error(error.message, ask.span, error.remedy) from None
    return Answered(fields, (solved,))


def count(ask: Phrase, scene: Scene) -> Answered:
    """Return how many numbers some names hold, or all parameters, in all."""
    graph = scene.graph
    names = ask.slots.get("names") or [leaf.name for leaf in graph.leaves if leaf.role == "param"]
    if not names:
        raise scene.error("the network has no parameter", ask.span)
    shapes = [graph.shapes[name] for name in names]
    total = reduce(add, map(_entries, shapes))
    numbers = all(dim.is_number for shape in shapes for dim in shape)
    expr: Expr = Number(Fraction(evaluate(total, {}, exact=True).item())) if numbers else total
    printer = scene.printer
    terms = [shape_latex(shape) if not is_scalar(shape) else "1" for shape in shapes]
    said = ", ".join(f"${printer.name(name)}$" for name in names)
    latex = printer(expr)
    equation = rf"{' + '.join(terms)} = \exanswer{{{latex}}}"
    step = Step("count", Tex(equation), Tex(f"The entries of {said}."))
    solved = Solved(
        name=ask.name,
        latex=Tex(latex),
        shape=SCALAR,
        expr=to_text(expr),
        steps=(step,),
        claim=Equation(graph, Quantity(count=tuple(names)), (expr,)),
    )
    return Answered(Tex(f"${blank(ask.name)}$"), (solved,))


def _entries(found: Shape) -> Expr:
    return reduce(mul, [_size(dim) for dim in found if dim != ONE] or [Number(Fraction(1))])


def _size(dim: Dim) -> Expr:
    parts: list[Expr] = [Size(name) for name in dim.names]
    if dim.constant or not parts:
        parts.append(Number(Fraction(dim.constant)))
    return reduce(add, parts)
