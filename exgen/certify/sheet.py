"""A sheet as a whole: a symbol that stands for something else in a later problem is told there.

Problems about one network share its names. Another network may use a name for an array of another
shape, or give it another line. Its problem states its own forward pass, and the sheet has to say
that names then have a meaning of their own, for else one symbol would have two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.derive.latex import Printer
from exgen.derive.notation import restored_notation
from exgen.derive.orient import examples
from exgen.language import read_graph

if TYPE_CHECKING:
    from exgen.derive.notation import Notation
    from exgen.document import Problem, ProblemSet
    from exgen.graph import Graph, Shape


LOSSES = frozenset({"L", "J"})


class Meaning(Struct, frozen=True):
    """What a symbol stands for in a problem: an array of a shape, and the line that gives it."""

    shape: Shape
    line: str


class Clash(Struct, frozen=True):
    """A symbol that two networks of a sheet use for different things.

    Attributes:
        symbol: as printed.
        first: the number of the problem that uses it first.
        later: the number of the problem that introduces the other network.

    """

    symbol: str
    first: int
    later: int


def clashes(problem_set: ProblemSet) -> tuple[Clash, ...]:
    """Return every symbol that has another meaning in a network than in an earlier one.

    A loss called L or J is left out: every network has its own.
    """
    notation = restored_notation(problem_set.notation)
    seen: dict[str, dict[Meaning, int]] = {}
    networks: set[str] = set()
    found: list[Clash] = []
    for number, problem in enumerate(problem_set.problems, start=1):
        if problem.network in networks:
            continue
        networks.add(problem.network)
        for symbol, meaning in meanings(problem, notation).items():
            before = seen.setdefault(symbol, {})
            if before and meaning not in before:
                found.append(Clash(symbol, min(before.values()), number))
            before.setdefault(meaning, number)
    return tuple(found)


def meanings(problem: Problem, notation: Notation) -> dict[str, Meaning]:
    """Return what each symbol of a problem's network stands for."""
    if not problem.network.strip():
        return {}
    graph = read_graph(problem.network)
    return graph.once(("meanings", notation), lambda: _meanings(graph, notation))


def _meanings(graph: Graph, notation: Notation) -> dict[str, Meaning]:
    printer = Printer(notation, graph.shapes, graph.loss, batch=examples(graph))
    found: dict[str, Meaning] = {}
    for name in graph.names:
        line = graph.expr(name)
        if not (name == graph.loss and name in LOSSES):
            printed = "" if line is None else printer(line)
            found[printer.name(name)] = Meaning(graph.shapes[name], printed)
    return found
