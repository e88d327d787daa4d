"""Draw the graph: the computation graph of a forward pass, with an arrow for each use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.certify.arrows import EDGES, ArrowsClaim, moved
from exgen.document import Step, Tex
from exgen.errors import KindError
from exgen.figures.computation import computation_figure, uses
from exgen.problems.base import Setting, Solved

if TYPE_CHECKING:
    from exgen.graph import Graph

LEAST_LINES = 2
MOST_NAMES = 40
MARGIN = 14
"""Millimetres of a statement's text, and of each line of its forward pass."""


def check_graph(graph: Graph) -> None:
    """Raise where a graph is not worth drawing, too large, or not clear."""
    if len(graph.bindings) < LEAST_LINES:
        raise KindError(
            "the network has one line, so its graph is a star",
            remedy=f"draw_graph needs at least {LEAST_LINES} lines.",
        )
    if len(graph.names) > MOST_NAMES:
        raise KindError(
            f"a graph of {len(graph.names)} quantities does not fit a sheet",
            remedy=f"draw_graph takes {MOST_NAMES} at most.",
        )
    used = {name for pair in uses(graph) for name in pair}
    for name in graph.names:
        if name not in used:
            raise KindError(
                f"'{name}' is read by no line and reads nothing", remedy="Leave it out."
            )
    drawn = set(uses(graph))
    for name, line in sorted(drawn - moved(graph)):
        raise KindError(
            f"the line of '{line}' reads '{name}', but never changes with it",
            remedy="Whether an arrow belongs there is anybody's guess. Write the line without it.",
        )


def graph_answer(setting: Setting, name: str) -> tuple[dict[str, Any], Solved]:
    """Lay out the graph, and list which line reads what; return the fields and the answer."""
    graph, printer = setting.graph, setting.printer
    edges = uses(graph)
    figure = computation_figure(graph, printer)

    def row(line: str, drawn: tuple[tuple[str, str], ...]) -> str:
        read = ", ".join(printer.name(a) for a, b in drawn if b == line)
        return rf"{read} \to {printer.name(line)}"

    def write(claim: ArrowsClaim) -> Tex:
        if claim.found == edges:
            return Tex(equation)
        other = {line for _, line in set(claim.found) ^ set(edges)}
        changed = [line.name for line in graph.bindings if line.name in other]
        left = ", ".join(row(line, claim.found) for line in changed)
        return Tex(left)

    rows = [row(line.name, edges) for line in graph.bindings]
    equation = r",\quad ".join(rows)
    answer = Solved(
        name=name,
        latex=Tex(equation),
        shape=None,
        expr="; ".join(f"{a} -> {b}" for a, b in edges),
        steps=(Step("edges", Tex(equation), "One arrow for each use of a quantity."),),
        claim=ArrowsClaim(graph, EDGES, edges),
        write=write,
        where=Tex("only"),
    )
    counts = {name: sum(a == name for a, _ in edges) for name in graph.names}
    shared = [
        {"symbol": Tex(printer.name(name)), "count": count}
        for name, count in counts.items()
        if count > 1
    ]
    fields = {
        "show": "drawing",
        "answer": name,
        "drawing": figure.fields(),
        "room": round(figure.width if figure.turned else figure.height) + MARGIN,
        "rows": [Tex(row) for row in rows],
        "shared": shared,
        "nodes": len(figure.nodes),
        "arrows": len(edges),
    }
    return fields, answer
