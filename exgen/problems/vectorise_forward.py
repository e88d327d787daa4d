"""Vectorise the forward pass: lines in index form, to be written for whole arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.certify.equation import Equation
from exgen.certify.quantity import Quantity
from exgen.derive.index import letters_of
from exgen.derive.latex import ONES
from exgen.derive.vectorise import Reasons, equation, expanded
from exgen.document import Step, Tex
from exgen.errors import KindError
from exgen.graph import Name, is_scalar, names_in
from exgen.language import to_text
from exgen.problems.base import Kind, Setting, Solution, Solved
from exgen.problems.entries import (
    check_entries,
    checked_names,
    entry_fields,
    entry_latex,
    line_form,
    ranges_latex,
)
from exgen.problems.steps import said_once

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Graph
    from exgen.seeds import Stream


def legal(graph: Graph) -> list[str]:
    """Return the lines that read an array, and do more than rename it."""
    found: list[str] = []
    for binding in graph.bindings:
        reads_array = any(not is_scalar(graph.shapes[name]) for name in names_in(binding.expr))
        if isinstance(binding.expr, Name) or not reads_array:
            continue
        found.append(binding.name)
    return found


def sample(graph: Graph, options: Mapping[str, Any], _stream: Stream) -> dict[str, Any]:
    """Take the lines that the bank asks for, or all."""
    check_entries(graph)
    names = legal(graph)
    if not names:
        raise KindError(
            "the network has no line over vectors or matrices",
            remedy="vectorise_forward needs a line such as z = W @ x + b.",
        )
    return {"ask": checked_names(options.get("ask", names), names, "line")}


def solve(setting: Setting, draws: Mapping[str, Any]) -> Solution:
    """Print each line in index form, and write it for whole arrays with its sizes."""
    graph, printer = setting.graph, setting.printer
    letters = letters_of(graph)
    reasons = Reasons(printer, letters)
    asks: list[dict[str, Any]] = []
    answers: list[Solved] = []
    for name in draws["ask"]:
        index, form = line_form(graph, name, letters)
        line = graph.expr(name)
        if line is None:
            raise KindError(f"'{name}' is no line of the forward pass")
        expr, shape = expanded(line, graph.shapes), graph.shapes[name]
        left = printer.name(name)
        step = Step("vectorise", Tex(equation(left, shape, expr, printer)), Tex(reasons.of(expr)))
        answers.append(
            Solved(
                name=name,
                latex=Tex(printer(expr)),
                shape=shape,
                expr=to_text(expr),
                steps=(step,),
                claim=Equation(graph, Quantity(name), (expr, form), index),
            )
        )
        asks.append(
            {
                "answer": name,
                "left": Tex(entry_latex(printer, name, index)),
                "right": Tex(printer(form)),
                "range": Tex(ranges_latex(printer, index, shape)),
                "symbol": Tex(printer.name(name)),
            }
        )
    printed = " ".join(answer.latex.tex for answer in answers)
    ones = ONES[setting.notation.ones]
    fields = {
        **entry_fields(setting),
        "asks": asks,
        # Lines that are not asked must be given: the others read their names.
        "whole": len(asks) < len(graph.bindings),
        "ones": Tex(ones if f"{ones}_" in printed else ""),
        "quotient": r"\oslash" in printed,
    }
    return Solution(fields, said_once(answers, parts=True))


KIND = Kind(
    name="vectorise_forward",
    summary="lines of a forward pass in index form, to write for whole arrays",
    options={"ask": (list,)},
    network_rules=("distinct_dims",),
    number_rules=(),
    slips=(),
    needs_loss=False,
    sample=sample,
    solve=solve,
)
