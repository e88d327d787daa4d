"""The computation graph of a network: one node for each quantity, one arrow for each use."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING

from exgen.errors import KindError
from exgen.figures.columns import Box, Link, arrange
from exgen.figures.measure import text_width
from exgen.figures.model import Curve, Edge, Figure, Label, Node, Point, Sort, curve, rounded
from exgen.graph import names_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from exgen.derive.latex import Printer
    from exgen.figures.columns import Arrangement
    from exgen.graph import Graph

SIZE = 8.5
MARGIN = 3.0
GAP, NARROW = 9.0, 5.0
"""Between two columns, and where they would not fit on the page."""
BETWEEN = 3.0
MAIN = 4.0
"""How much straighter the way from value to value is kept than that from a leaf."""
ENTRY = 0.34
"""Within which share of its height, up and down, arrows arrive at a node."""
TEXT_WIDTH, TEXT_HEIGHT = 160.0, 238.0
"""What a problem has room for on a page."""


def uses(graph: Graph) -> tuple[tuple[str, str], ...]:
    """Return the edges of the computation graph: each name, and each line that reads it."""
    return tuple(
        (name, binding.name)
        for binding in graph.bindings
        for name in graph.names
        if name in names_in(binding.expr)
    )


def computation_figure(graph: Graph, printer: Printer) -> Figure:
    """Lay out the computation graph of a network from left to right."""
    pairs = uses(graph)
    used = {name for pair in pairs for name in pair}
    names = [name for name in graph.names if name in used]
    widths = {name: max(SIZE, text_width(printer.name(name)) + MARGIN) for name in names}
    boxes = [Box(name, widths[name] / 2, widths[name] / 2, SIZE / 2) for name in names]
    links = [Link(a, b, 1.0 if graph.leaf(a) else MAIN) for a, b in pairs]
    placed = arrange(boxes, links, gap=GAP, between=BETWEEN)
    if max(right for _, right in placed.edges.values()) > TEXT_WIDTH:
        placed = arrange(boxes, links, gap=NARROW, between=BETWEEN)
    nodes = tuple(
        Node(
            name,
            sort(graph, name),
            *placed.places[name],
            rounded(widths[name]),
            SIZE,
            printer.name(name),
        )
        for name in names
    )
    by_name = {node.name: node for node in nodes}
    starts = {node.name: (rounded(node.x + node.width / 2), node.y) for node in nodes}
    paths = joined(links, placed, starts, lambda name, count: entry_points(by_name[name], count))
    edges = tuple(
        Edge(link.source, link.target, starts[link.source], paths[number], arrow=True)
        for number, link in enumerate(links)
    )
    return framed(nodes, edges, (), words(pairs))


def sort(graph: Graph, name: str) -> Sort:
    """Return how a quantity is drawn."""
    if graph.leaf(name):
        return "leaf"
    return "loss" if name == graph.loss else "value"


def words(pairs: Sequence[tuple[str, str]]) -> str:
    """Return the edges in words."""
    return "Arrows: " + ", ".join(f"{a} to {b}" for a, b in pairs) + "."


def entry_points(node: Node, count: int) -> list[Point]:
    """Return where ``count`` arrows arrive on the left rim of a node, from the top down."""
    radius = min(node.width, node.height) / 2
    straight_part = node.width / 2 - radius
    found: list[Point] = []
    for n in range(count):
        up = 0.0 if count == 1 else ENTRY * node.height * (1 - 2 * n / (count - 1))
        inward = straight_part + sqrt(max(radius**2 - up**2, 0.0))
        found.append((rounded(node.x - inward), rounded(node.y + up)))
    return found


def joined(
    links: Sequence[Link],
    placed: Arrangement,
    starts: Mapping[str, Point],
    spots: Callable[[str, int], Sequence[Point]],
) -> dict[int, tuple[Curve, ...]]:
    """Return the curves of every link, by its number, and those of each box from the top down.

    A line is level within columns, and bends only in the gaps between them.

    Args:
        links: the lines.
        placed: where their boxes stand, and through which points they run.
        starts: where the lines that leave a box begin.
        spots: where so many lines arrive at a box, from the top down.

    """
    arriving: dict[str, list[tuple[float, int]]] = {}
    for number, link in enumerate(links):
        way = (starts[link.source], *placed.routes[number])
        arriving.setdefault(link.target, []).append((-way[-1][1], number))
    found: dict[int, tuple[Curve, ...]] = {}
    for target, arrivals in arriving.items():
        for (_, number), spot in zip(sorted(arrivals), spots(target, len(arrivals)), strict=True):
            start, right = starts[links[number].source], placed.edges[links[number].source][1]
            leaves = (rounded(right), start[1])
            arrives = (rounded(placed.edges[target][0]), spot[1])
            stops = [start, leaves, *placed.routes[number], arrives, spot]
            found[number] = tuple(curve(one, two) for one, two in pairwise(stops) if one != two)
    return found


def framed(
    nodes: tuple[Node, ...],
    edges: tuple[Edge, ...],
    labels: tuple[Label, ...],
    description: str,
    legend: str = "",
) -> Figure:
    """Return a figure with its size, on its side where it is wider than the text.

    Its text has the size of a footnote, so it is not shrunk.

    Raises:
        KindError: it does not fit on a page either way.

    """
    boxes: list[Node | Label] = [*nodes, *labels]
    width = rounded(max(box.x + box.width / 2 for box in boxes))
    height = rounded(max(box.y + box.height / 2 for box in boxes))
    turned = width > TEXT_WIDTH
    if max(width, height) > TEXT_HEIGHT or (turned and height > TEXT_WIDTH):
        raise KindError(
            f"its figure would be {width:.0f} mm wide and {height:.0f} mm high, more than a page",
            remedy="Ask about a smaller network or a part of this one, or leave out 'figure'.",
        )
    return Figure(width, height, turned, nodes, edges, labels, description, legend)
