"""Figures: nothing overlaps, lines run from left to right, and the same input draws the same."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from exgen import resources
from exgen.derive.elementary import split
from exgen.derive.latex import Printer
from exgen.errors import KindError, Source
from exgen.figures.circuit import circuit_figure
from exgen.figures.columns import spread
from exgen.figures.computation import computation_figure, uses
from exgen.figures.measure import text_width
from exgen.figures.model import Figure, Label, Node, collisions, points
from exgen.language import read_network
from exgen.pipeline import load_profile
from exgen.problems.units import drawing
from tests.strategies import networks, steady

if TYPE_CHECKING:
    from pathlib import Path

    from exgen.graph import Graph

FUNCTIONS = {"f": "relu", "g": "sigmoid", "augment": "append_one", "loss": "bce(_, t)"}
FILES = sorted((resources.banks() / "networks").glob("*.net"))
CIRCUITS = (
    (
        "w_0: param\nx_0: input\nw_1: param\nx_1: input\nw_2: param\n"
        "z = w_0 * x_0 + w_1 * x_1 + w_2\na = 1 / (1 + exp(-z))"
    ),
    "x: input\ny: input\nz: input\nq = x + y\nf = q * z",
    "x: input\nw: param\nb: param\nz = w * x + b\ny = (x + tanh(z)) ** 2",
    "x: input\ny: input\nf = x * y + (x + y) * x",
    "x: input\ny: input\nf = (x - y) / (x * x + 2) - 3 * y / 4",
    "a: input\nb: input\nc: input\ns = a * b\nt = s + c * s\nf = log(exp(t) + a ** 2) - sigmoid(b)",
)


def read(text: str) -> Graph:
    """Read a network, with functions for those that a bank would draw."""
    target = "t" if re.search(r"^t:", text, re.MULTILINE) else "y"
    used = {
        key: value.replace(", t)", f", {target})")
        for key, value in FUNCTIONS.items()
        if f"{key}(" in text
    }
    return read_network(Source("net", text), functions=used, scalar_loss=False)


def computation(graph: Graph, notation: str = "base") -> Figure:
    """Lay out a computation graph."""
    return computation_figure(graph, Printer(load_profile(notation), graph.shapes, graph.loss))


def circuit(text: str, number: str = "-0.53") -> Figure:
    """Lay out a circuit with the same number everywhere."""
    graph = read(text)
    found = split(graph)
    numbers = dict.fromkeys(found.graph.names, number)
    printer = Printer(load_profile("base"), graph.shapes, graph.loss)
    return circuit_figure(found, printer.name, numbers, numbers)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_network_of_a_bank_has_collisions(path: Path) -> None:
    """In the computation graph of every network that comes with exgen nothing overlaps."""
    graph = read(path.read_text())
    figure = computation(graph)
    assert collisions(figure) == []
    assert len(figure.edges) == len(uses(graph))


@steady(120)
@given(networks())
def test_no_random_network_has_collisions(graph: Graph) -> None:
    """Nothing overlaps in random networks either, and every line runs from left to right."""
    figure = computation(graph)
    assert collisions(figure) == []
    for edge in figure.edges:
        along = [x for x, _ in points(edge)]
        assert along == sorted(along)
    assert min(node.x - node.width / 2 for node in figure.nodes) >= 0
    assert min(node.y - node.height / 2 for node in figure.nodes) >= 0


@pytest.mark.parametrize("text", CIRCUITS)
def test_circuits_have_no_collisions(text: str) -> None:
    """In a circuit no gate, wire or number lies on another."""
    assert collisions(circuit(text)) == []


@pytest.mark.parametrize("path", [p for p in FILES if p.stem.startswith("units")],
                         ids=lambda path: path.stem)  # fmt: skip
def test_units_have_no_collisions(path: Path) -> None:
    """A network of units is drawn with every weight clear of all lines but its own."""
    graph = read(path.read_text())
    figure = drawing(graph, Printer(load_profile("base"), graph.shapes, graph.loss))
    assert collisions(figure) == []
    assert len(figure.labels) == len(figure.edges)


def test_a_wide_figure_stands_on_its_side() -> None:
    """Text is never shrunk: a figure that is wider than the text is turned, or refused."""
    assert not circuit(CIRCUITS[1]).turned
    long = "x: input\nz_1 = exp(x)\n" + "".join(f"z_{n} = exp(z_{n - 1})\n" for n in range(2, 12))
    assert circuit(long).turned
    with pytest.raises(KindError, match="more than a page"):
        circuit(long + "".join(f"z_{n} = exp(z_{n - 1})\n" for n in range(12, 24)))


def test_a_wire_goes_to_its_gate_in_one_line() -> None:
    """No wire is drawn in two pieces, and each number stands on its own wire."""
    figure = circuit(CIRCUITS[0])
    sources = [edge.source for edge in figure.edges]
    assert len(sources) == len(set(sources))
    for label in figure.labels:
        assert label.wire is not None
        along = [x for x, _ in points(figure.edges[label.wire])]
        assert min(along) <= label.x <= max(along)


def test_names_and_legend_of_a_circuit() -> None:
    """An intermediate value has its name before it, and a legend says what the numbers are."""
    found = split(read(CIRCUITS[0]))
    numbers = dict.fromkeys(found.graph.names, "2")
    printer = Printer(load_profile("base"), found.graph.shapes, found.graph.loss)
    figure = circuit_figure(found, printer.name, numbers, numbers, {"z"})
    assert [label.latex for label in figure.labels].count("z{=}2") == 1
    assert figure.legend == "Above a wire: the value. Below it: the gradient."
    bare = circuit_figure(found, printer.name, numbers, dict.fromkeys(numbers, ""))
    assert bare.legend == "Above a wire: the value."
    assert collisions(figure) == []
    # Without the braces TeX would set the minus as a difference.
    less = circuit_figure(found, printer.name, dict.fromkeys(numbers, "-2"), numbers, {"z"})
    assert [label.latex for label in less.labels].count("z{=}{-2}") == 1


def test_a_collision_is_seen() -> None:
    """A label moved onto another, and a node moved onto a line, are found."""
    figure = circuit(CIRCUITS[1])
    first, second, *rest = figure.labels
    moved = replace(second, x=first.x, y=first.y)
    assert collisions(replace(figure, labels=(first, moved, *rest)))
    graph = computation(read(CIRCUITS[0]))
    x, y = list(points(graph.edges[0]))[8]
    stray = Node("stray", "leaf", x, y, 4.0, 4.0, "s")
    assert collisions(replace(graph, nodes=(*graph.nodes, stray)))
    label = Label("1", x, y, 4.0, 4.0, None)
    assert collisions(replace(graph, labels=(label,)))


def test_layout_is_deterministic() -> None:
    """The same network gives the same coordinates, to the last digit."""
    text = (resources.banks() / "networks" / "skip.net").read_text()
    assert computation(read(text)) == computation(read(text))
    assert circuit(CIRCUITS[4]) == circuit(CIRCUITS[4])


def test_shared_leaves_have_one_arrow_for_each_use() -> None:
    """In the twin network W1 and b1 are drawn once, with two arrows each."""
    text = (resources.banks() / "networks" / "twin.net").read_text()
    figure = computation(read(text))
    for name in ("W1", "b1"):
        assert [node.name for node in figure.nodes].count(name) == 1
        assert [edge.target for edge in figure.edges if edge.source == name] == ["m_a", "m_b"]


def test_spread_keeps_gaps_and_wishes() -> None:
    """Heights that fit are kept; those too close are moved apart around their mean."""
    assert spread([0.0, 10.0], [4.0]) == [0.0, 10.0]
    assert spread([5.0, 5.0], [4.0]) == [3.0, 7.0]
    assert spread([8.0, 2.0, 5.0], [1.0, 1.0]) == [4.0, 5.0, 6.0]


def test_width_of_labels() -> None:
    """A symbol with marks is wider than its letter, and a wrapper adds nothing."""
    assert text_width("x") < text_width("x_{1}") < text_width("x_{12}")
    assert text_width(r"\mathbf{x}") == text_width("x")
