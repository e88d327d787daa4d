"""What a figure is: boxes, lines and labels at coordinates in millimetres, y pointing up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from exgen.document import Tex

if TYPE_CHECKING:
    from collections.abc import Iterator

Point = tuple[float, float]
Sort = Literal["leaf", "value", "loss", "gate", "fork", "name"]

SAMPLES = 16
"""Into how many pieces a curve is cut to see what it touches."""
TOUCH = 0.05
"""Boxes may share a border; they overlap from this depth on."""


class Node(Struct, frozen=True):
    """A quantity, an operation or a fork: a box around its centre.

    Attributes:
        name: unique within the figure.
        sort: how it is drawn: a circled ``leaf`` or ``value``, the ``loss``, the ``gate`` of a
            circuit, the dot of a ``fork``, or a bare ``name``.
        latex: what stands in it.

    """

    name: str
    sort: Sort
    x: float
    y: float
    width: float
    height: float
    latex: str


class Curve(Struct, frozen=True):
    """A cubic curve: two control points and the end; it starts where the last one ended."""

    first: Point
    second: Point
    end: Point


@dataclass(frozen=True, slots=True)
class Edge:
    """A line from one node to another through curves, with an arrowhead at its end or without."""

    source: str
    target: str
    start: Point
    curves: tuple[Curve, ...]
    arrow: bool


@dataclass(frozen=True, slots=True)
class Label:
    """A text at its centre, with room of its own.

    Attributes:
        latex: what is printed.
        wire: the edge it may stand on, by number; None where it stands on none.
        sort: a ``number`` beside its wire, or a ``weight`` that interrupts it.

    """

    latex: str
    x: float
    y: float
    width: float
    height: float
    wire: int | None
    sort: Literal["number", "weight"] = "number"


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing and its description in words, for those who cannot see it.

    Attributes:
        width: in millimetres, at the size of its text: a drawing is never shrunk.
        height: likewise.
        turned: whether it stands on its side, because it is wider than the text of a page.
        nodes: its boxes.
        edges: its lines.
        labels: its texts beside and on lines.
        words: what it shows, in words.
        legend: what the numbers in it mean; empty where there are none.

    """

    width: float
    height: float
    turned: bool
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    labels: tuple[Label, ...]
    words: str
    legend: str = ""

    def fields(self) -> dict[str, Any]:
        """Return the figure as JSON types for a template; labels are mathematics."""
        return {
            "width": self.width,
            "height": self.height,
            "turned": self.turned,
            "legend": self.legend,
            "words": self.words,
            "nodes": [
                {
                    "sort": node.sort,
                    "x": node.x,
                    "y": node.y,
                    "width": node.width,
                    "height": node.height,
                    "latex": Tex(node.latex),
                }
                for node in self.nodes
            ],
            "edges": [
                {
                    "start": list(edge.start),
                    "curves": [[*c.first, *c.second, *c.end] for c in edge.curves],
                    "arrow": edge.arrow,
                }
                for edge in self.edges
            ],
            "labels": [
                {"sort": part.sort, "x": part.x, "y": part.y, "latex": Tex(part.latex)}
                for part in self.labels
            ],
        }


def rounded(value: float) -> float:
    """Return a coordinate to a hundredth of a millimetre; -0.0 is 0.0."""
    return round(value, 2) + 0.0


def curve(start: Point, end: Point) -> Curve:
    """Return a curve that leaves and arrives horizontally; a straight line where both agree."""
    reach = (end[0] - start[0]) / 2
    return Curve((rounded(start[0] + reach), start[1]), (rounded(end[0] - reach), end[1]), end)


def straight(start: Point, end: Point) -> Curve:
    """Return a straight line as a curve."""
    thirds = [
        (rounded(start[0] + t * (end[0] - start[0])), rounded(start[1] + t * (end[1] - start[1])))
        for t in (1 / 3, 2 / 3)
    ]
    return Curve(thirds[0], thirds[1], end)


def points(edge: Edge) -> Iterator[Point]:
    """Yield points along an edge, close enough together to see what it touches."""
    at = edge.start
    yield at
    for part in edge.curves:
        for n in range(1, SAMPLES + 1):
            t = n / SAMPLES
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
            through = (at, part.first, part.second, part.end)
            yield (
                sum(w * p[0] for w, p in zip(weights, through, strict=True)),
                sum(w * p[1] for w, p in zip(weights, through, strict=True)),
            )
        at = part.end


def collisions(figure: Figure) -> list[str]:
    """Return in words what lies on top of what: boxes on boxes, and lines through boxes.

    A line may touch the nodes it joins, and a label may stand on its own line.
    """
    boxes: list[tuple[str, Node | Label]] = [(f"node {n.name}", n) for n in figure.nodes]
    boxes += [(f"label {n} ({part.latex})", part) for n, part in enumerate(figure.labels)]
    found = [
        f"{name} on {other}"
        for place, (name, one) in enumerate(boxes)
        for other, two in boxes[place + 1 :]
        if _overlap(one, two)
    ]
    for number, edge in enumerate(figure.edges):
        own = {f"node {edge.source}", f"node {edge.target}"}
        along = list(points(edge))
        for name, box in boxes:
            if name in own or (isinstance(box, Label) and box.wire == number):
                continue
            if any(_inside(point, box) for point in along):
                found.append(f"line {edge.source} to {edge.target} through {name}")
    return found


def _overlap(one: Node | Label, two: Node | Label) -> bool:
    return (
        abs(one.x - two.x) < (one.width + two.width) / 2 - TOUCH
        and abs(one.y - two.y) < (one.height + two.height) / 2 - TOUCH
    )


def _inside(point: Point, box: Node | Label) -> bool:
    return (
        abs(point[0] - box.x) < box.width / 2 - TOUCH
        and abs(point[1] - box.y) < box.height / 2 - TOUCH
    )
