"""What makes a kind of a template: text with asks, worded for what was drawn."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any

from exgen.asks import problem
from exgen.certify.arrows import behind, read
from exgen.derive.symbols import free_name
from exgen.errors import KindError, nearest
from exgen.graph import Call, Name, is_column, is_scalar
from exgen.ops import uses
from exgen.problems.base import Kind
from exgen.problems.wording import output_range
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


def nothing(_graph: Graph, _options: Mapping[str, Any], _stream: Stream) -> dict[str, Any]:
    """Draw nothing: the template says what it needs."""
    return {}


def preset(
    name: str,
    summary: str,
    draw: Draw = nothing,
    *,
    options: Mapping[str, tuple[type, ...]],
    slips: tuple[str, ...],
    network_rules: tuple[str, ...] = (),
    number_rules: tuple[str, ...] = (),
    needs_loss: bool = False,
    takes_numbers: bool = False,
) -> Kind:
    """Return the kind whose wording is ``templates/presets/<name>.txt.j2``.

    ``draw`` draws what the template is worded for, besides what it draws itself, and refuses
    networks that do not fit; the rest is as of every kind.
    """

    def sample(graph: Graph, options: Mapping[str, Any], stream: Stream) -> dict[str, Any]:
        drawn = draw(graph, options, stream)
        numbers = drawn.pop("numbers", options.get("numbers"))
        drawn |= {key: options[key] for key in SENTENCES if key in options}

        def choose(key: str, legal: Collection[Any], **more: Any) -> Any:  # noqa: ANN401
            if key not in drawn:
                drawn[key] = options.get(key, stream.child(key).choose(tuple(legal) or ("",)))
            return _chosen(drawn, key, legal, **more)

        text = worded(name, drawn, graph, choose)
        asked = {**options, "sizes": drawn.get("sizes", {}), problem.TEXT: text}
        if numbers is not None:
            asked["numbers"] = numbers
        found = problem.sample(graph, asked, stream)
        return {**drawn, **{k: v for k, v in found.items() if k != problem.TEXT}}

    def solve(setting: Setting, draws: Mapping[str, Any]) -> Solution:
        text = worded(name, draws, setting.graph, partial(_chosen, draws))
        return problem.solve(setting, draws, text)

    return Kind(
        name=name,
        summary=summary,
        options={**options, **SENTENCES},
        network_rules=network_rules,
        number_rules=number_rules,
        slips=slips,
        needs_loss=needs_loss,
        takes_numbers=takes_numbers,
        sample=sample,
        solve=solve,
    )


def _chosen(
    drawn: Mapping[str, Any],
    key: str,
    legal: Collection[Any],
    *,
    closed: bool = True,
    needs: str = "",
) -> Any:  # noqa: ANN401 - a draw
    """Return what was drawn, where it is legal; what is not ``closed`` may be something else too.

    Raises:
        KindError: it is not, or nothing is: the network ``needs`` something.

    """
    found = drawn.get(key)
    if not legal:
        raise KindError(f"no {key} fits the network", remedy=f"It needs {needs}.")
    if found is None or (closed and found not in legal):
        raise KindError(f"there is no {key} '{found}'", remedy=nearest(str(found), legal))
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


def bottlenecks(graph: Graph) -> dict[str, tuple[str, ...]]:
    """Return the lines that several read, each with the parameters that act through it alone.

    Of these there have to be several.
    """
    sources = [name for name, _ in read(graph)]
    found = {b.name: behind(graph, b.name) for b in graph.bindings if sources.count(b.name) > 1}
    return {name: names for name, names in found.items() if len(names) > 1}


def readers(graph: Graph, name: str) -> list[str]:
    """Return the lines that read a name; in place of a unit's sum the unit."""
    from exgen.problems.units import units_of

    try:
        units = {unit.total: unit.name for unit in units_of(graph)}
    except KindError:
        units = {}
    return [units.get(b.name, b.name) for b in graph.bindings if (name, b.name) in read(graph)]


def worded(
    name: str, drawn: Mapping[str, Any], graph: Graph, draw: Callable[..., Any] | None = None
) -> str:
    """Return the text of a preset for what was drawn.

    A template may also ``draw`` itself, as a bank says or by the seed, and look at the network.
    """
    about = {
        "draw": draw or partial(_chosen, drawn),
        "free": lambda *wishes: free_name(graph, wishes),
        "line": partial(line_of, graph),
        "has": lambda op: any(uses(graph, lambda row: row.name == op)),
        "bottlenecks": partial(bottlenecks, graph),
        "readers": partial(readers, graph),
        "output": {
            "name": graph.loss,
            "range": output_range(graph),
            "scalar": is_scalar(graph.shapes[graph.loss]),
        },
    }
    fields = {**dict.fromkeys(SENTENCES, ""), **about, "drawn": drawn}
    return _environment().get_template(f"{name}.txt.j2").render(fields)


@cache
def _environment() -> Environment:
    from jinja2.runtime import Context

    class Drawn(Context):
        """What was drawn by its name; so whoever gives the draws sees which the template reads."""

        def resolve_or_missing(self, key: str) -> Any:  # noqa: ANN401 - a draw
            drawn = self.parent["drawn"]
            return drawn[key] if key in drawn else super().resolve_or_missing(key)

    environment = template_engine(templates() / "presets")
    environment.context_class = Drawn
    return environment
