"""Layers from left to right: which column each box stands in, in which order, and at what height.

Lines run from left to right only. One that spans several columns gets a place in each column on
its way, so it goes around the boxes there. The order within the columns is the one with the
fewest crossings that some sweeps find; all of it is deterministic.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec import Struct, field

from exgen.figures.model import Point, rounded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SWEEPS = 12
RELAXATIONS = 40
STRAIGHTENING = 3
"""In the last sweeps a box follows what comes before it, so that chains are level."""
LANE = 1.6
"""Half the height kept free around a line that passes a column."""
PASSING = 8.0
"""How much more than others a line that passes a column wants to be straight."""
STEEPNESS = 0.4
"""A gap is at least this share of the height that a line climbs in it."""
FLAT = 0.05
"""A line that climbs less is level."""


class Box(Struct, frozen=True):
    """Something to place: how far it reaches from its anchor to the left, the right, and up."""

    name: str
    left: float
    right: float
    half: float


class Link(Struct, frozen=True):
    """A line from one box to a later one; a heavier one is kept straighter."""

    source: str
    target: str
    weight: float = 1.0


class Arrangement(Struct, frozen=True):
    """Where boxes stand, and through which points each link runs between its ends."""

    places: Mapping[str, Point]
    routes: tuple[tuple[Point, ...], ...]
    edges: Mapping[str, tuple[float, float]]
    """For each box the left and the right end of its column."""


class _Columns(Struct):
    boxes: dict[str, Box]
    links: Sequence[Link]
    layer: dict[str, int]
    gap: float
    between: float
    pieces: list[tuple[str, str, float]] = field(default_factory=list)
    passing: list[list[str]] = field(default_factory=list)
    order: list[list[str]] = field(default_factory=list)
    height: dict[str, float] = field(default_factory=dict)


def arrange(
    boxes: Sequence[Box],
    links: Sequence[Link],
    *,
    gap: float,
    between: float,
    level: float | None = None,
) -> Arrangement:
    """Place boxes in columns.

    Args:
        boxes: in an order in which every link goes from an earlier one to a later one.
        links: the lines to draw.
        gap: the least room between two columns.
        between: the least room between two boxes of a column.
        level: the least room between two columns that only level lines join; as ``gap`` unless
            given.

    """
    columns = _Columns({box.name: box for box in boxes}, links, _layers(boxes, links), gap, between)
    _insert_lanes(columns)
    _choose_order(columns)
    _choose_heights(columns)
    return _coordinates(columns, gap if level is None else level)


# --- which column ---


def _layers(boxes: Sequence[Box], links: Sequence[Link]) -> dict[str, int]:
    """Put each box right of all it depends on; what feeds one box alone moves up close to it."""
    sources: dict[str, list[str]] = {box.name: [] for box in boxes}
    targets: dict[str, list[str]] = {box.name: [] for box in boxes}
    for link in links:
        sources[link.target].append(link.source)
        targets[link.source].append(link.target)
    layer: dict[str, int] = {}
    free: dict[str, bool] = {}
    for box in boxes:
        inner = sources[box.name]
        layer[box.name] = 1 + max((layer[name] for name in inner), default=-1)
        free[box.name] = all(free[name] and set(targets[name]) == {box.name} for name in inner)
    for box in reversed(boxes):
        if free[box.name] and targets[box.name]:
            layer[box.name] = min(layer[name] for name in targets[box.name]) - 1
    first = min(layer.values())
    return {name: number - first for name, number in layer.items()}


def _insert_lanes(columns: _Columns) -> None:
    count = 1 + max(columns.layer.values())
    columns.order = [[] for _ in range(count)]
    for name in columns.boxes:
        columns.order[columns.layer[name]].append(name)
    fed = {link.target for link in columns.links}
    for column in columns.order:
        # What is fed from the left stands between what is not, so that the main way is level.
        loose = [name for name in column if name not in fed]
        half = (len(loose) + 1) // 2
        column[:] = [*loose[:half], *(n for n in column if n in fed), *loose[half:]]
    for number, link in enumerate(columns.links):
        way: list[str] = []
        for at in range(columns.layer[link.source] + 1, columns.layer[link.target]):
            lane = f"~{number}.{at}"
            columns.boxes[lane] = Box(lane, 0.0, 0.0, LANE)
            columns.layer[lane] = at
            columns.order[at].append(lane)
            way.append(lane)
        stations = [link.source, *way, link.target]
        for one, two in pairwise(stations):
            both = one.startswith("~") and two.startswith("~")
            columns.pieces.append((one, two, PASSING if both else link.weight))
        columns.passing.append(way)


# --- in which order ---


def _neighbours(columns: _Columns) -> dict[str, list[tuple[str, float]]]:
    found: dict[str, list[tuple[str, float]]] = {name: [] for name in columns.boxes}
    for one, two, weight in columns.pieces:
        found[one].append((two, weight))
        found[two].append((one, weight))
    return found


def _crossings(columns: _Columns, order: list[list[str]]) -> int:
    place = {name: n for column in order for n, name in enumerate(column)}
    by_layer: dict[int, list[tuple[int, int]]] = {}
    for one, two, _ in columns.pieces:
        by_layer.setdefault(columns.layer[one], []).append((place[one], place[two]))
    return sum(
        (a[0] - b[0]) * (a[1] - b[1]) < 0
        for pairs in by_layer.values()
        for n, a in enumerate(pairs)
        for b in pairs[n + 1 :]
    )


def _choose_order(columns: _Columns) -> None:
    neighbours = _neighbours(columns)
    best, fewest = columns.order, _crossings(columns, columns.order)
    for start in (columns.order, [column[::-1] for column in columns.order]):
        order = [list(column) for column in start]
        for sweep in range(SWEEPS):
            if fewest == 0:
                break
            forwards = sweep % 2 == 0
            numbers = range(len(order)) if forwards else range(len(order) - 1, -1, -1)
            for at in numbers:
                order[at] = _sorted(order, at, neighbours, -1 if forwards else 1)
            found = _crossings(columns, order)
            if found < fewest:
                best, fewest = [list(column) for column in order], found
    columns.order = _swapped(columns, [list(column) for column in best], fewest)


def _sorted(
    order: list[list[str]],
    at: int,
    neighbours: Mapping[str, list[tuple[str, float]]],
    side: int,
) -> list[str]:
    """Return a column sorted by the mean place of its neighbours on one side."""
    if not 0 <= at + side < len(order):
        return order[at]
    place = {name: n for n, name in enumerate(order[at + side])}

    def mean(item: tuple[int, str]) -> tuple[float, int]:
        own, name = item
        seen = [place[other] for other, _ in neighbours[name] if other in place]
        return (sum(seen) / len(seen) if seen else float(own)), own

    return [name for _, name in sorted(enumerate(order[at]), key=mean)]


def _swapped(columns: _Columns, order: list[list[str]], fewest: int) -> list[list[str]]:
    """Swap neighbours in a column as long as that removes crossings."""
    better = fewest > 0
    while better:
        better = False
        for column in order:
            for n in range(len(column) - 1):
                column[n], column[n + 1] = column[n + 1], column[n]
                found = _crossings(columns, order)
                if found < fewest:
                    fewest, better = found, True
                else:
                    column[n], column[n + 1] = column[n + 1], column[n]
    return order


# --- at what height ---


def _choose_heights(columns: _Columns) -> None:
    """Draw each box towards the mean of its neighbours, as far as those in its column let it."""
    neighbours = _neighbours(columns)
    for column in columns.order:
        gaps = _gaps(columns, column)
        middle = sum(gaps) / 2
        for name, offset in zip(column, _offsets(gaps), strict=True):
            columns.height[name] = offset - middle
    for sweep in range(RELAXATIONS):
        last = sweep >= RELAXATIONS - STRAIGHTENING
        forwards = last or sweep % 2 == 0
        for column in columns.order if forwards else columns.order[::-1]:
            wanted = []
            for name in column:
                near = neighbours[name]
                before = [pair for pair in near if columns.layer[pair[0]] < columns.layer[name]]
                if last and before:
                    near = before
                total = sum(weight for _, weight in near)
                drawn = sum(weight * columns.height[other] for other, weight in near)
                wanted.append(drawn / total if total else columns.height[name])
            for name, height in zip(column, spread(wanted, _gaps(columns, column)), strict=True):
                columns.height[name] = height


def _gaps(columns: _Columns, column: list[str]) -> list[float]:
    boxes = [columns.boxes[name] for name in column]
    return [one.half + two.half + columns.between for one, two in pairwise(boxes)]


def _offsets(gaps: Sequence[float]) -> Iterator[float]:
    total = 0.0
    yield total
    for gap in gaps:
        total += gap
        yield total


def spread(wanted: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """Return the heights nearest to those wanted (least squares) that keep the gaps between."""
    offsets = list(_offsets(gaps))[: len(wanted)]
    blocks: list[tuple[float, int]] = []
    for target, offset in zip(wanted, offsets, strict=True):
        blocks.append((target - offset, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (a, m), (b, n) = blocks[-2:]
            blocks[-2:] = [((a * m + b * n) / (m + n), m + n)]
    flat = [value for value, count in blocks for _ in range(count)]
    return [value + offset for value, offset in zip(flat, offsets, strict=True)]


# --- coordinates ---


def _coordinates(columns: _Columns, level: float) -> Arrangement:
    climbs = [0.0] * len(columns.order)
    for one, two, _ in columns.pieces:
        at = columns.layer[one]
        climbs[at] = max(climbs[at], abs(columns.height[one] - columns.height[two]))
    anchors: list[tuple[float, float, float]] = []
    x = 0.0
    for at, column in enumerate(columns.order):
        left = max(columns.boxes[name].left for name in column)
        right = max(columns.boxes[name].right for name in column)
        anchors.append((x, x + left, x + left + right))
        gap = columns.gap if climbs[at] > FLAT else level
        x += left + right + max(gap, STEEPNESS * climbs[at])
    lowest = max(columns.height[name] + box.half for name, box in columns.boxes.items())
    places: dict[str, Point] = {}
    for name in columns.boxes:
        places[name] = (
            rounded(anchors[columns.layer[name]][1]),
            rounded(lowest - columns.height[name]),
        )
    routes: list[tuple[Point, ...]] = []
    for way in columns.passing:
        through: list[Point] = []
        for lane in way:
            left, _, right = anchors[columns.layer[lane]]
            y = places[lane][1]
            through += [(rounded(left), y), (rounded(right), y)]
        routes.append(tuple(through))
    real = [name for name in columns.boxes if not name.startswith("~")]
    return Arrangement(
        {name: places[name] for name in real},
        tuple(routes),
        {name: (anchors[columns.layer[name]][0], anchors[columns.layer[name]][2]) for name in real},
    )
