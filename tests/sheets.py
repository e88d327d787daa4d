"""Sheets without proofs: what tests need that read pages, of many sets and seeds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from exgen.certify.recorded import declared
from exgen.certify.stored import RUBRIC, stored
from exgen.document import Answer, Problem, ProblemSet
from exgen.draw import draw_problem
from exgen.language.writer import graph_text
from exgen.pipeline import settings
from exgen.readback.sentences import read_page
from exgen.render.conventions import box
from exgen.render.tex import problem_bodies

if TYPE_CHECKING:
    from exgen.derive.notation import Notation
    from exgen.graph import Graph
    from exgen.readback.sentences import Fact
    from exgen.tables import Bank


@dataclass(frozen=True, slots=True)
class Sheet:
    """A problem sheet: page 1, the problems in LaTeX, and the network of each."""

    problem_set: ProblemSet
    notation: Notation
    page: tuple[Fact, ...]
    bodies: list[str]
    graphs: list[Graph]


def sheet(bank: Bank, notation: Notation, seed: int) -> Sheet:
    """Draw and solve a set, and print its sheet; no answer is proven."""
    problems: list[Problem] = []
    graphs: list[Graph] = []
    for entry, network, setting in settings(bank, notation, seed):
        draws = draw_problem(bank, entry, setting.graph, seed).draws
        solution = entry.kind.solve(setting, draws)
        answers = tuple(
            Answer(
                name=part.name,
                latex=part.latex,
                shape=None if part.shape is None else declared(part.shape),
                expr=part.expr,
                steps=part.steps,
                claim={"claim": RUBRIC}
                if part.claim is None
                else stored(part.claim, network.graph),
                certificate=(),
                mistakes=(),
                points=(),
            )
            for part in solution.answers
        )
        graphs.append(setting.graph)
        problems.append(
            Problem(
                name=entry.name,
                kind=entry.kind.name,
                points=1,
                parts=(),
                covers=entry.covers,
                network=graph_text(setting.graph),
                draws={},
                tries=1,
                rejected={},
                waived=(),
                fields=solution.fields,
                statement=(),
                answers=answers,
            )
        )
    made = ProblemSet(
        bank.name, bank.title, bank.course, seed, asdict(notation), {}, tuple(problems)
    )
    bodies = problem_bodies(made, key=False)
    page = read_page(sentence.tex for sentence in box(made, bodies))
    return Sheet(made, notation, page, bodies, graphs)
