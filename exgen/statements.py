"""The statements of a set: every network that a sheet shows is read back from that sheet alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from exgen.certify.first_page import check_page, check_slopes
from exgen.certify.statement import check_statement
from exgen.errors import CertificateError
from exgen.readback.sentences import read_page
from exgen.render.conventions import box
from exgen.render.tex import DOCUMENTS, problem_bodies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exgen.derive.notation import Notation
    from exgen.document import Agreement, Problem, ProblemSet
    from exgen.graph import Graph
    from exgen.readback.sentences import Fact

REMEDY = "Nothing was written. This is a bug in exgen; please report it with the seed."


def with_statements(
    problem_set: ProblemSet, graphs: Sequence[Graph], notation: Notation
) -> ProblemSet:
    """Return a set whose problems carry the certificates of their statements.

    Args:
        problem_set: the set.
        graphs: the network of each problem.
        notation: how the set is written.

    Raises:
        CertificateError: a sheet says something else than its network, or leaves it open.

    """
    found = read_statements(problem_set, graphs, notation)
    problems = zip(problem_set.problems, found, strict=True)
    return replace(
        problem_set, problems=tuple(replace(part, statement=proof) for part, proof in problems)
    )


def read_statements(
    problem_set: ProblemSet, graphs: Sequence[Graph], notation: Notation
) -> list[tuple[Agreement, ...]]:
    """Read page 1 and every problem that shows its network; return what agreed, by problem.

    Raises:
        CertificateError: as above; its place names the problem.

    """
    page: tuple[Fact, ...] = ()
    sheet: list[str] = []
    for key in sorted(DOCUMENTS.values(), reverse=True):
        sheet = problem_bodies(problem_set, key=key)
        try:
            page = read_page(sentence.tex for sentence in box(problem_set, sheet))
            check_page(page, graphs, notation)
            check_slopes("\n".join(sheet), graphs, notation)
        except CertificateError as error:
            raise _placed(error, problem_set, "page 1") from None
    proofs: list[tuple[Agreement, ...]] = []
    for problem, body, graph in zip(problem_set.problems, sheet, graphs, strict=True):
        if problem.fields.get("shown_in") is not None:
            proofs.append(())
            continue
        try:
            proof = check_statement(body, shown_by(problem), page, graph, notation)
        except CertificateError as error:
            raise _placed(error, problem_set, f"problem '{problem.name}'") from None
        proofs.append(() if proof is None else (proof,))
    return proofs


def shown_by(problem: Problem) -> str:
    """Return what shows a problem's network: its kind, or how much of it its text has to say."""
    return str(problem.fields.get("statement", problem.kind))


def _placed(error: CertificateError, problem_set: ProblemSet, where: str) -> CertificateError:
    return CertificateError(
        f"the statement could not be proven: {error.message}",
        place=f"{problem_set.name}, seed {problem_set.seed}, {where}",
        excerpt=error.excerpt,
        remedy=REMEDY,
    )
