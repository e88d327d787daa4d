"""A circuit: gates in circles, a wire after each, with room above and below it for two numbers."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.derive.elementary import gate_latex
from exgen.errors import KindError
from exgen.figures.columns import Box, Link, arrange
from exgen.figures.computation import entry_points, framed, joined
from exgen.figures.measure import text_width
from exgen.figures.model import Edge, Figure, Label, Node, Point, rounded, straight
from exgen.graph import Call, Name, Number, names_in
from exgen.language.writer import number_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from exgen.derive.elementary import Circuit

ASKED = re.compile(r"\\exgenask\{[^{}]*\}")
GATE = 6.6
DOT = 1.4
BLANK = 7.4
"""The width of a blank for a number."""
LABEL_HEIGHT = 3.8
RISE = 2.4
"""How far above and below its wire the middle of a number stands."""
BETWEEN = 1.6
HALF = RISE + LABEL_HEIGHT / 2
TIP = 0.6
"""Room between the last wire and the name of the output."""


class _Spacing(Struct, frozen=True):
    """How much room a circuit takes along its wires, in millimetres.

    Attributes:
        air: what a wire is longer than a number on it, at each end.
        shortest: the least length of a wire.
        clear: what a wire is longer still where a name stands on it, so that it is not read with
            its gate.
        slant: the least room between two columns of gates.
        level: the same where all lines between them are level.

    """

    air: float
    shortest: float
    clear: float
    slant: float
    level: float


ROOMY = _Spacing(air=0.5, shortest=7.0, clear=1.4, slant=3.6, level=1.6)
TIGHT = _Spacing(air=0.3, shortest=5.5, clear=1.0, slant=2.8, level=0.7)
"""For a circuit that would have to be turned on its side otherwise."""


def circuit_figure(
    circuit: Circuit,
    name: Callable[[str], str],
    above: Mapping[str, str],
    below: Mapping[str, str],
    named: Collection[str] = (),
) -> Figure:
    """Lay out a circuit.

    Args:
        circuit: the gates.
        name: the LaTeX of a leaf, and of the output.
        above: what stands above the wire of each name: its value, or a blank.
        below: what stands below it: the gradient, or a blank.
        named: the intermediate values whose names stand before what is above their wires.

    Raises:
        KindError: the circuit does not fit on a page.

    """
    above = {
        wire: f"{name(wire)}{{=}}{_signed(text)}" if text and wire in named else text
        for wire, text in above.items()
    }
    with suppress(KindError):
        roomy = _laid_out(circuit, name, above, below, named, ROOMY)
        if not roomy.turned:
            return roomy
    return _laid_out(circuit, name, above, below, named, TIGHT)


def _laid_out(
    circuit: Circuit,
    name: Callable[[str], str],
    above: Mapping[str, str],
    below: Mapping[str, str],
    named: Collection[str],
    spacing: _Spacing,
) -> Figure:
    graph = circuit.graph
    bodies = [(leaf.name, text_width(name(leaf.name)) + 1.5) for leaf in graph.leaves]
    bodies += [(line.name, _gate_width(line.expr, circuit.letter)) for line in graph.bindings]
    boxes: list[Box] = []
    links: list[Link] = []
    inside: dict[str, Node] = {}
    wires: dict[str, float] = {}
    for wire, width in bodies:
        wires[wire] = (spacing.clear if wire in named and above[wire] else 0.0) + max(
            spacing.shortest, *(_label_width(t[wire]) + 2 * spacing.air for t in (above, below))
        )
        boxes.append(Box(wire, width / 2, width / 2 + wires[wire], HALF))
        if wire in circuit.forks:
            boxes.append(Box(f"{wire}*", DOT / 2, DOT / 2, HALF))
            links.append(Link(wire, f"{wire}*", 4.0))
    for line in graph.bindings:
        links += [Link(_end(circuit, source), line.name, 2.0) for source in _reads(line.expr)]
    boxes = _in_order(boxes, links)
    placed = arrange(boxes, links, gap=spacing.slant, between=BETWEEN, level=spacing.level)
    exprs = {line.name: line.expr for line in graph.bindings}
    ends: dict[str, Point] = {}
    edges: list[Edge] = []
    labels: list[Label] = []
    for wire, width in bodies:
        x, y = placed.places[wire]
        is_gate = isinstance(exprs.get(wire), Call)
        if is_gate:
            text = gate_latex(exprs[wire], circuit.letter)
            inside[wire] = Node(wire, "gate", x, y, rounded(width), GATE, text)
        elif wire not in exprs:
            inside[wire] = Node(wire, "name", x, y, rounded(width), LABEL_HEIGHT, name(wire))
        start = (rounded(x + width / 2), y)
        end = (rounded(x + width / 2 + wires[wire]), y)
        ends[wire] = end
        edges.append(Edge(wire, wire, start, (straight(start, end),), arrow=wire == graph.loss))
        middle = rounded((start[0] + end[0]) / 2)
        number = len(edges) - 1
        for text, side in ((above[wire], RISE), (below[wire], -RISE)):
            if not text:
                continue
            room = rounded(_label_width(text))
            labels.append(Label(text, middle, rounded(y + side), room, LABEL_HEIGHT, number))
        if wire in circuit.forks:
            at = placed.places[f"{wire}*"]
            inside[f"{wire}*"] = Node(f"{wire}*", "fork", *at, DOT, DOT, "")
            ends[f"{wire}*"] = at
    gates = {name for name, node in inside.items() if node.sort == "gate"}

    def spots(name: str, count: int) -> list[Point]:
        return entry_points(inside[name], count) if name in gates else [placed.places[name]]

    joints = [
        Edge(link.source, link.target, ends[link.source], path, arrow=link.target in gates)
        for number, path in joined(links, placed, ends, spots).items()
        if path
        for link in [links[number]]
    ]
    edges = _continued(edges, joints)
    last, tip = text_width(name(graph.loss)) + 1.5, ends[graph.loss]
    out = Node("*", "name", rounded(tip[0] + TIP + last / 2), tip[1], rounded(last), LABEL_HEIGHT,
               name(graph.loss))  # fmt: skip
    legend = "Above a wire: the value."
    if any(below.values()):
        legend = "Above a wire: the value. Below it: the gradient."
    nodes = (*inside.values(), out)
    return framed(nodes, tuple(edges), tuple(labels), _words(circuit, above), legend)


def _signed(text: str) -> str:
    """Return a number whose minus is a sign, also after what TeX takes for a term."""
    return f"{{{text}}}" if text.startswith("-") else text


def _continued(wires: list[Edge], joints: list[Edge]) -> list[Edge]:
    """Return each wire and the line that goes on from its end as one line, without a seam."""
    following = {joint.source: joint for joint in joints}
    whole = [
        replace(
            wire,
            target=following[wire.source].target,
            curves=wire.curves + following[wire.source].curves,
            arrow=following[wire.source].arrow,
        )
        if wire.source in following
        else wire
        for wire in wires
    ]
    sources = {wire.source for wire in wires}
    return [*whole, *(joint for joint in joints if joint.source not in sources)]


def _label_width(text: str) -> float:
    """Return the width of what stands on a wire, blanks included."""
    blanks = len(ASKED.findall(text))
    return text_width(ASKED.sub("", text)) + BLANK * blanks


def _gate_width(expr: object, letter: str) -> float:
    if not isinstance(expr, Call):
        return 0.0
    return max(GATE, text_width(gate_latex(expr, letter)) + 1.6)


def _reads(expr: object) -> list[str]:
    if isinstance(expr, Name):
        return [expr.name]
    return (
        [arg.name for arg in expr.args if isinstance(arg, Name)] if isinstance(expr, Call) else []
    )


def _end(circuit: Circuit, name: str) -> str:
    return f"{name}*" if name in circuit.forks else name


def _in_order(boxes: list[Box], links: list[Link]) -> list[Box]:
    """Return the boxes so that every link runs from an earlier one to a later one."""
    waiting = {
        box.name: {link.source for link in links if link.target == box.name} for box in boxes
    }
    found: list[Box] = []
    while len(found) < len(boxes):
        done = {box.name for box in found}
        found += [box for box in boxes if box.name not in done and waiting[box.name] <= done][:1]
    return found


SIGNS: Mapping[str, str] = {"add": "+", "mul": "times", "div": "1/u", "pow": "power"}
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def _words(circuit: Circuit, above: Mapping[str, str]) -> str:
    """Return the circuit in words, with the values that stand above its wires."""

    def wire(name: str) -> str:
        value = above[name]
        return f"{name} = {value}" if NUMBER.fullmatch(value) else name

    parts: list[str] = []
    for line in circuit.graph.bindings:
        if isinstance(line.expr, Call):
            sources = " and ".join(map(wire, sorted(names_in(line.expr))))
            numbers = [number_text(arg.value) for arg in line.expr.args if isinstance(arg, Number)]
            sign = SIGNS.get(line.expr.op, line.expr.op)
            if numbers and line.expr.op != "div":
                sign = f"{sign} {numbers[0]}"
            parts.append(f"{sources} into {sign}: {wire(line.name)}")
    return ("Gates: " + "; ".join(parts) + ".").replace("_", "")
