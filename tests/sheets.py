"""Sheets without proofs: what tests need that read pages, of many sets and seeds."""

from __future__ import annotations

import re
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from exgen.again import again
from exgen.certify.answers import sort_of
from exgen.document import Answer, Problem, ProblemSet
from exgen.draw import draw_problem
from exgen.language.writer import graph_text
from exgen.manifest import manifest_bytes, read_manifest
from exgen.pipeline import settings
from exgen.readback.sentences import read_page
from exgen.render.conventions import box
from exgen.render.tex import problem_bodies
from exgen.solve import declared
from exgen.write import MANIFEST

if TYPE_CHECKING:
    from exgen.derive.notation import Notation
    from exgen.graph import Graph
    from exgen.readback.sentences import Fact
    from exgen.tables import Bank


FREE = re.compile(
    r"set\.(versions\.\w+|problems\[\d+\]\.(tries|rejected|waived|covers|hint|draws\.sizes)\b.*|slips"
    r"|(notation|page)\.\w+)"
)


def is_free(path: str) -> bool:
    """Whether something in a manifest may be another where that changes nothing on its pages.

    That is which versions made a set, how many draws it took by which rules, and what it is for.
    Where a set has nothing that they decide, it is also a setting of its notation or of its pages,
    a hint, a drawn size that no text names, and whether mistakes are shown.
    """
    return FREE.fullmatch(path) is not None


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
    for entry, _, setting in settings(bank, notation, seed):
        draws = draw_problem(bank, entry, setting.graph, seed).draws
        solution = entry.kind.solve(setting, draws)
        answers = tuple(
            Answer(
                name=part.name,
                latex=part.latex,
                shape=None if part.shape is None else declared(part.shape),
                expr=part.expr,
                sort=sort_of(part.claim),
                steps=part.steps,
                certificate=(),
                mistakes=(),
                points=(),
                claim=part.claim,
            )
            for part in solution.answers
        )
        graphs.append(setting.graph)
        problems.append(
            Problem(
                name=entry.name,
                kind=entry.kind.name,
                covers=entry.covers,
                worth=None,
                by_layers=setting.by_layers,
                network=graph_text(setting.graph),
                draws={},
                tries=1,
                rejected={},
                points=1,
                parts=(),
                fields=solution.fields,
                statement=(),
                answers=answers,
            )
        )
    made = ProblemSet(
        name=bank.name,
        title=bank.title,
        course=bank.course,
        seed=seed,
        notation=asdict(notation),
        slips=True,
        versions={},
        problems=tuple(problems),
    )
    bodies = problem_bodies(made, key=False)
    page = read_page(sentence.tex for sentence in box(made, bodies))
    return Sheet(made, notation, page, bodies, graphs)


def solved_again(made: ProblemSet) -> ProblemSet:
    """Return a set as its manifest gives it, which has to be the same."""
    with tempfile.TemporaryDirectory() as folder:
        names = ("problems.tex", "solutions.tex")
        (Path(folder) / MANIFEST).write_bytes(manifest_bytes(made, dict.fromkeys(names, b"")))
        found = again(read_manifest(Path(folder)))
    assert not found.failures
    return found.problem_set
