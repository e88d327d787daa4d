"""What tests of kinds share: a network, draws for many seeds, and a solution in a notation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.certify.prove import prove
from exgen.derive.notation import load_notation
from exgen.errors import Source
from exgen.language import read_network
from exgen.problems.base import Setting
from exgen.resources import notations
from exgen.seeds import Stream

if TYPE_CHECKING:
    from exgen.graph import Graph
    from exgen.problems.base import Kind, Solution, Solved


def network(text: str) -> Graph:
    """Return a network that may end in anything."""
    return read_network(Source("net", text), scalar_loss=False)


def draw(kind: Kind, graph: Graph, seed: int, **options: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a kind's draws for a seed."""
    return kind.sample(graph, options, Stream(seed, "test", kind.name))


def solve(
    kind: Kind, graph: Graph, draws: dict[str, Any], notation: str = "base"
) -> tuple[Solution, dict[str, Solved]]:
    """Return a solution and its answers by name; every answer with a claim is proven."""
    setting = Setting(graph, load_notation(notation, notations()), None)
    solution = kind.solve(setting, draws)
    for answer in solution.answers:
        if answer.claim is not None:
            prove(answer.claim)
    return solution, {answer.name: answer for answer in solution.answers}
