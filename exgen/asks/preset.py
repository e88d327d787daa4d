"""What makes a kind of a template: text with asks, worded for what was drawn."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from exgen.asks import problem
from exgen.errors import KindError, nearest
from exgen.graph import Call, Name, is_column
from exgen.problems.base import Kind
from exgen.resources import template_engine, templates

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from jinja2 import Environment

    from exgen.graph import Graph
    from exgen.problems.base import Setting, Solution
    from exgen.seeds import Stream

    Draw = Callable[[Graph, Mapping[str, Any], Stream], dict[str, Any]]

SENTENCES: Mapping[str, tuple[type, ...]] = {"intro": (str,), "ask_text": (str,)}
"""The sentences of a template that a bank may replace: how it begins, and how it asks."""


def preset(
    name: str,
    summary: str,
    draw: Draw,
    *,
    options: Mapping[str, tuple[type, ...]],
    slips: tuple[str, ...],
    network_rules: tuple[str, ...] = (),
    number_rules: tuple[str, ...] = (),
    needs_loss: bool = False,
) -> Kind:
    """Return the kind whose wording is ``templates/presets/<name>.txt.j2``.

    ``draw`` draws what the template is worded for, and refuses networks that do not fit; the rest
    is as of every kind.
    """

    def sample(graph: Graph, options: Mapping[str, Any], stream: Stream) -> dict[str, Any]:
        drawn = draw(graph, options, stream)
        sentences = {key: options[key] for key in SENTENCES if key in options}
        text = worded(name, {**drawn, **sentences})
        asked = {**options, "sizes": drawn.get("sizes", {}), problem.TEXT: text}
        found = problem.sample(graph, asked, stream)
        return {**drawn, **sentences, **{k: v for k, v in found.items() if k != problem.TEXT}}

    def solve(setting: Setting, draws: Mapping[str, Any]) -> Solution:
        return problem.solve(setting, {**draws, problem.TEXT: worded(name, draws)})

    return Kind(
        name=name,
        summary=summary,
        options={**options, **SENTENCES},
        network_rules=network_rules,
        number_rules=number_rules,
        slips=slips,
        needs_loss=needs_loss,
        sample=sample,
        solve=solve,
    )


def chosen(key: str, legal: Collection[str], options: Mapping[str, Any], stream: Stream) -> str:
    """Return what a bank chooses of what is legal, or draw it.

    Raises:
        KindError: the bank chooses something else.

    """
    found: str = options.get(key) or stream.child(key).choose(tuple(legal))
    if found not in legal:
        raise KindError(f"there is no {key} '{found}'", remedy=nearest(found, legal))
    return found


def line_of(graph: Graph, needed: str) -> dict[str, Any]:
    """Return the first line that is an op of columns, as in ``p = softmax(z)``, for a template.

    It has the line's ``name``, its ``args``, and the ``size`` of the first of them.

    Raises:
        KindError: the network has none.

    """
    op = needed.split(" = ")[1].partition("(")[0]
    for line in graph.bindings:
        if isinstance(line.expr, Call) and line.expr.op == op:
            args = [arg.name for arg in line.expr.args if isinstance(arg, Name)]
            if len(args) == len(line.expr.args) and all(is_column(graph.shapes[n]) for n in args):
                return {"name": line.name, "args": args, "size": str(graph.shapes[args[0]][0])}
    raise KindError(
        f"the network has no line that is a {op} of vectors", remedy=f"Such as {needed}."
    )


def worded(name: str, drawn: Mapping[str, Any]) -> str:
    """Return the text of a preset for what was drawn."""
    fields = {**dict.fromkeys(SENTENCES, ""), **drawn}
    return _environment().get_template(f"{name}.txt.j2").render(fields)


@cache
def _environment() -> Environment:
    return template_engine(templates() / "presets")
