"""Vectorise the backward pass: gradients in index form, to be written for whole arrays."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from exgen.certify.equation import Equation
from exgen.certify.quantity import Quantity
from exgen.derive.derivations import asked_by_default, index_gradient
from exgen.derive.gradients import derive_gradients, with_gradient_shapes
from exgen.derive.index import letters_of
from exgen.derive.jacobian import slope_at_zero
from exgen.derive.latex import ONES
from exgen.derive.vectorise import Reasons, equation
from exgen.derive.written import as_written
from exgen.document import Step, Tex
from exgen.engine import gradient_name
from exgen.errors import KindError
from exgen.graph import is_scalar
from exgen.language import to_text
from exgen.problems.base import Kind, Setting, Solution, Solved
from exgen.problems.entries import (
    check_entries,
    checked_names,
    entry_fields,
    entry_latex,
    ranges_latex,
)
from exgen.problems.steps import said_once

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Graph
    from exgen.seeds import Stream


def legal(graph: Graph) -> list[str]:
    """Return the names of arrays whose gradient has an index form and is not 0."""
    found, letters = derive_gradients(graph), letters_of(graph)
    names: list[str] = []
    for name, gradient in found.items():
        if name == graph.loss or is_scalar(graph.shapes[name]) or not gradient.rules:
            continue
        try:
            index_gradient(graph, name, gradient, letters)
        except KindError:
            continue
        names.append(name)
    return names


def sample(graph: Graph, options: Mapping[str, Any], _stream: Stream) -> dict[str, Any]:
    """Take the gradients that the bank asks for, or all that the parameters need."""
    check_entries(graph)
    names = legal(graph)
    wanted = [name for name in asked_by_default(graph) if name in names]
    if not wanted:
        raise KindError(
            "the network has no parameter whose gradient has an index form",
            remedy="vectorise_backward needs a layer such as z = W @ x + b, its bias separate.",
        )
    return {"ask": checked_names(options.get("ask", wanted), names, "gradient")}


def solve(setting: Setting, draws: Mapping[str, Any]) -> Solution:
    """Print each gradient in index form, and write it for whole arrays with its sizes."""
    graph, printer = setting.graph, setting.printer
    letters, found = letters_of(graph), derive_gradients(graph)
    numerator = setting.notation.layout == "numerator"
    whole = replace(printer, shapes=with_gradient_shapes(graph, numerator=numerator))
    reasons = Reasons(whole, letters)
    asks: list[dict[str, Any]] = []
    answers: list[Solved] = []
    for name in draws["ask"]:
        index, raw = index_gradient(graph, name, found[name], letters)
        form = slope_at_zero(raw, setting.notation)
        written = as_written(found[name].step, name, graph, setting.notation)
        expr, shape = written.expr, written.shape
        gradient = gradient_name(name)
        left = printer.derivative(graph.loss, name)
        step = Step("vectorise", Tex(equation(left, shape, expr, whole)), Tex(reasons.of(expr)))
        answers.append(
            Solved(
                name=name,
                latex=Tex(whole(expr)),
                shape=shape,
                expr=to_text(expr),
                steps=(step,),
                claim=Equation(
                    graph,
                    Quantity(graph.loss, name),
                    (expr, form),
                    index,
                    layout=setting.notation.layout,
                ),
            )
        )
        asks.append(
            {
                "answer": name,
                "left": Tex(entry_latex(printer, gradient, index)),
                "right": Tex(printer(form)),
                "range": Tex(ranges_latex(printer, index, graph.shapes[name])),
                "symbol": Tex(left),
            }
        )
    printed = " ".join(answer.latex.tex for answer in answers)
    ones = ONES[setting.notation.ones]
    fields = {
        **entry_fields(setting),
        "asks": asks,
        "ones": Tex(ones if f"{ones}_" in printed else ""),
        "numerator": numerator,
    }
    return Solution(fields, said_once(answers, parts=True))


KIND = Kind(
    name="vectorise_backward",
    summary="lines of a backward pass in index form, to write for whole arrays",
    options={"ask": (list,)},
    network_rules=("distinct_dims",),
    number_rules=(),
    slips=(),
    needs_loss=True,
    sample=sample,
    solve=solve,
)
