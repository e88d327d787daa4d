"""Asks in symbols: gradients, Jacobians, shapes, names in a chain rule, and counts."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import reduce
from operator import add, mul
from typing import TYPE_CHECKING, Any

from exgen.asks.cases import entry, in_order, is_by_cases
from exgen.asks.numeric import gradient_value
from exgen.asks.pieces import Words
from exgen.asks.scene import Answered, Scene, backward_of, placed
from exgen.certify.equation import Equation
from exgen.certify.quantity import Quantity
from exgen.certify.sizes import ShapeClaim, TotalClaim, infer_from_shown
from exgen.derive.factors import read_given
from exgen.derive.symbols import dim_latex
from exgen.document import Step, Tex
from exgen.engine import evaluate
from exgen.errors import CertificateError, KindError
from exgen.graph import SCALAR, Dim, Expr, Number, Shape, Size, is_column, is_scalar
from exgen.language import to_text
from exgen.problems.base import Solved, blank
from exgen.problems.boxes import boxes, drawn_places, reason
from exgen.problems.chains import blanks_of, check_hidden, check_lines, draw_hidden
from exgen.problems.layer_rows import layer_rows
from exgen.problems.steps import claimed

if TYPE_CHECKING:
    from exgen.asks.pieces import Phrase
    from exgen.certify.prove import Claim
    from exgen.errors import Source
    from exgen.graph import Graph
    from exgen.problems.backward import Backward
    from exgen.seeds import Stream


QUAD = r"\quad"


def gradient(ask: Phrase, scene: Scene) -> Answered:
    """Return the gradient of a scalar by a name: in closed form, in one step, or at numbers."""
    if {"digits", "exactly"} & ask.clauses.keys():
        return gradient_value(ask, scene)
    by, index = scene.name(ask, "entry"), ask["entry"][1]
    inner = scene.ending_in(scene.name(ask), ask)
    if index:
        return entry(ask, inner) if is_by_cases(ask, inner.graph) else _entry(ask, inner, by)
    if "sorted" in ask.clauses:
        return in_order(ask, inner)
    one_step = "upstream" in ask.clauses
    kept = ask.clauses.get("given", ())
    for name in kept:
        inner.known(name, ask, "given")
    given = read_given(inner.graph, list(kept))
    work = backward_of(inner, given)
    found = work.found.get(by)
    if found is None or by == inner.graph.loss or not found.rules:
        raise scene.error(f"'{inner.graph.loss}' does not depend on '{by}'", ask.spans["entry"])
    if by in kept:
        raise scene.error(f"the gradient by '{by}' is given", ask.spans["given"])
    written = work.written(found.step if one_step else found.closed)
    printer = inner.printer
    symbol = printer.derivative(inner.graph.loss, by)
    steps = _steps(ask, inner, work, by, one_step=one_step)
    solved = Solved(
        name=ask.name,
        latex=Tex(printer(written)),
        shape=work.shape(by),
        expr=to_text(written),
        steps=steps,
        claim=Equation(
            inner.graph,
            Quantity(inner.graph.loss, by),
            (written,),
            layout=work.layout,
        ),
        write=lambda claim: Tex(printer(claim.rights[0])),
    )
    return Answered(Tex(rf"$\displaystyle {symbol}$"), (solved,), "worked")


def _steps(
    ask: Phrase, scene: Scene, work: Backward, by: str, *, one_step: bool
) -> tuple[Step, ...]:
    """Return the lines of the backward pass that lead to a gradient and were not shown before."""
    known = scene.given_gradients
    for earlier in scene.earlier(ask):
        if earlier.sort == "gradient" and earlier["name"] == scene.graph.loss:
            other = earlier["entry"][0]
            if other in work.found and "given" not in earlier.clauses:
                alone = "upstream" in earlier.clauses
                known += [other] if alone else [*work.needed(other, known), other]
    stages = [by] if one_step else [*work.needed(by, known), by]
    steps: list[Step] = []
    for stage in stages:
        step = work.step(stage)
        told, claims = work.reasons(stage)
        plain = [str(part) for part in told if not isinstance(part, Tex)]
        shown = [part.tex for part in told if isinstance(part, Tex)]
        why = Tex(" ".join([*plain, *shown])) if shown else " ".join(plain)
        sides = str(step.equation).split(" = ")
        if stage == by:
            closed = work.printed(work.found[by].closed)
            if not one_step and closed not in sides:
                sides.append(closed)
                step = replace(step, claims=_all_sides(work, by))
            sides[-1] = rf"\exanswer{{{sides[-1]}}}"
        steps.append(
            replace(step, equation=Tex(" = ".join(sides)), why=why, claims=(*step.claims, *claims))
        )
    return tuple(steps)


def _all_sides(work: Backward, by: str) -> tuple[Claim, ...]:
    """Return the claim that the symbol, the step and the closed form are equal."""
    found = work.found[by]
    symbol = work.written(work.graph.gradient(by))
    parts = (work.written(found.step), work.written(found.closed))
    return claimed(work.graph, tuple(dict.fromkeys((symbol, *parts))))


def _entry(ask: Phrase, scene: Scene, by: str) -> Answered:
    """Return an entry of a gradient in index form, derived line by line."""
    from exgen.asks.proofs import proven

    answered, (left, _, runs) = proven(replace(ask, slots={"name": by}), scene, ask.spans["entry"])
    prints = Tex(rf"$\displaystyle {left}{rf',{QUAD} {runs}' if runs else ''}$")
    return replace(answered, prints=prints)


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


def shape(ask: Phrase, scene: Scene) -> Answered:
    """Return the shape of a name, which has to follow from the shapes that the sheet states."""
    name, graph = scene.name(ask), scene.graph
    shown = tuple(other for other in graph.names if other in scene.stated)
    if name in scene.stated:
        raise scene.error(
            f"the sheet states the shape of '{name}' already",
            ask.spans["name"],
            "Ask for it in the problem that shows the network first.",
        )
    try:
        inferred = infer_from_shown(graph, shown)[name]
    except CertificateError as error:
        raise scene.error(error.message, ask.spans["name"]) from None
    if inferred is None:
        raise scene.error(
            f"the shape of '{name}' does not follow from those that the sheet states",
            ask.spans["name"],
            "Show one more, as in {show shapes z1}.",
        )
    found, printer = graph.shapes[name], scene.printer
    latex = shape_text_latex(found)
    step = Step(
        "shape", Tex(rf"{printer.name(name)}\colon \exanswer{{{latex}}}"), reason(graph, name)
    )
    solved = Solved(
        name=ask.name,
        latex=Tex(latex),
        shape=found,
        expr=name,
        steps=(step,),
        claim=ShapeClaim(graph, name, found, shown),
        write=lambda claim: Tex(shape_text_latex(claim.shape)),
        where=Tex(f"for ${printer.name(name)}$"),
    )
    return Answered(Tex(f"${blank(ask.name)}$"), (solved,))


def shape_text_latex(found: Shape) -> str:
    """Return a shape as its sizes: one for a column, two for a matrix."""
    return r" \times ".join(dim_latex(dim) for dim in (found[:1] if is_column(found) else found))


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


def layers(ask: Phrase, scene: Scene) -> Answered:
    """Return a table of layers whose inputs and outputs are asked for."""
    prefix = "" if ask.name == "layers" else f"{ask.name}."
    try:
        rows, solved = layer_rows(scene.setting, prefix)
    except KindError as error:
        raise scene.error(error.message, ask.span, error.remedy) from None
    return Answered({"show": "table", "rows": rows}, tuple(solved))


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
    """Return how many numbers the parameters hold, in all."""
    graph = scene.graph
    found = [leaf for leaf in graph.leaves if leaf.role == "param"]
    if not found:
        raise scene.error("the network has no parameter", ask.span)
    total = reduce(add, (_entries(leaf.shape) for leaf in found))
    numbers = all(dim.is_number for leaf in found for dim in leaf.shape)
    expr: Expr = Number(Fraction(evaluate(total, {}, exact=True).item())) if numbers else total
    printer = scene.printer
    terms = [
        f"{shape_text_latex(leaf.shape)}" if not is_scalar(leaf.shape) else "1" for leaf in found
    ]
    names = ", ".join(f"${printer.name(leaf.name)}$" for leaf in found)
    latex = printer(expr)
    equation = rf"{' + '.join(terms)} = \exanswer{{{latex}}}"
    step = Step("count", Tex(equation), Tex(f"The entries of {names}."))
    solved = Solved(
        name=ask.name,
        latex=Tex(latex),
        shape=SCALAR,
        expr=to_text(expr),
        steps=(step,),
        claim=TotalClaim(graph, tuple(leaf.name for leaf in found), expr),
    )
    return Answered(Tex(f"${blank(ask.name)}$"), (solved,))


def _entries(found: Shape) -> Expr:
    return reduce(mul, (_size(dim) for dim in found))


def _size(dim: Dim) -> Expr:
    parts: list[Expr] = [Size(name) for name in dim.names]
    if dim.constant or not parts:
        parts.append(Number(Fraction(dim.constant)))
    return reduce(add, parts)
