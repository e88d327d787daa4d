"""A network of units: circles in columns, an arrow for each connection, its weight on it."""

from __future__ import annotations

from math import hypot
from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.figures.computation import framed
from exgen.figures.measure import text_width
from exgen.figures.model import (
    Edge,
    Figure,
    Label,
    Node,
    Sort,
    collisions,
    points,
    rounded,
    straight,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SIZE = 9.0
ACROSS = 34.0
DOWN = 19.0
LABEL_HEIGHT = 3.6
PLACES = (0.3, 0.24, 0.36, 0.7, 0.76, 0.64, 0.42, 0.5, 0.18, 0.82)
"""At which shares of its arrow a weight may stand, the best first."""
AIR = 1.2
"""The white around a weight."""


class Connection(Struct, frozen=True):
    """An arrow from a unit to a later one, and the weight on it."""

    source: str
    target: str
    weight: str


def units_figure(
    columns: Sequence[Sequence[str]],
    connections: Sequence[Connection],
    latex: Callable[[str], str],
) -> Figure | None:
    """Lay out a network of units; None where its weights cannot be told apart on paper.

    Args:
        columns: the units of each layer, inputs first.
        connections: the arrows.
        latex: how names are printed.

    """
    most = max(map(len, columns))
    nodes: dict[str, Node] = {}
    for at, column in enumerate(columns):
        for n, name in enumerate(column):
            y = SIZE / 2 + DOWN * ((most - 1) / 2 + (len(column) - 1) / 2 - n)
            sort: Sort = "leaf" if at == 0 else "value"
            nodes[name] = Node(name, sort, SIZE / 2 + at * ACROSS, rounded(y), SIZE, SIZE,
                               latex(name))  # fmt: skip
    edges = tuple(_arrow(nodes[c.source], nodes[c.target]) for c in connections)
    labels: list[Label] = []
    for number, connection in enumerate(connections):
        found = _placed(number, latex(connection.weight), nodes, edges, labels)
        if found is None:
            return None
        labels.append(found)
    description = "Arrows: " + ", ".join(
        f"{c.source} to {c.target} with weight {c.weight}" for c in connections
    )
    figure = framed(tuple(nodes.values()), edges, tuple(labels),
                    description.replace("_", "") + ".")  # fmt: skip
    return None if collisions(figure) else figure


def _arrow(source: Node, target: Node) -> Edge:
    across, up = target.x - source.x, target.y - source.y
    length = hypot(across, up)
    shift = (across / length * SIZE / 2, up / length * SIZE / 2)
    start = (rounded(source.x + shift[0]), rounded(source.y + shift[1]))
    end = (rounded(target.x - shift[0]), rounded(target.y - shift[1]))
    return Edge(source.name, target.name, start, (straight(start, end),), arrow=True)


def _placed(
    number: int,
    text: str,
    nodes: dict[str, Node],
    edges: tuple[Edge, ...],
    labels: list[Label],
) -> Label | None:
    """Return a weight on its arrow where it touches nothing else."""
    edge = edges[number]
    start, end = edge.start, edge.curves[-1].end
    width = text_width(text) + AIR
    for share in PLACES:
        x, y = (start[n] + share * (end[n] - start[n]) for n in (0, 1))
        label = Label(text, rounded(x), rounded(y), rounded(width), LABEL_HEIGHT, number, "weight")
        clear = framed(tuple(nodes.values()), (), (*labels, label), "")
        others = (other for n, other in enumerate(edges) if n != number)
        if not collisions(clear) and not any(_crosses(other, label) for other in others):
            return label
    return None


def _crosses(edge: Edge, label: Label) -> bool:
    return any(
        abs(x - label.x) < label.width / 2 and abs(y - label.y) < label.height / 2
        for x, y in points(edge)
    )
