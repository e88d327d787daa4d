"""What makes a kind of a template: text with asks, worded for what was drawn."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from exgen.asks import problem
from exgen.problems.base import Kind
from exgen.resources import template_engine, templates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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


def worded(name: str, drawn: Mapping[str, Any]) -> str:
    """Return the text of a preset for what was drawn."""
    fields = {**dict.fromkeys(SENTENCES, ""), **drawn}
    return _environment().get_template(f"{name}.txt.j2").render(fields)


@cache
def _environment() -> Environment:
    return template_engine(templates() / "presets")
