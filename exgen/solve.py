"""One problem: drawn until no usual mistake is right by luck, solved, and each answer certified."""

from __future__ import annotations

from dataclasses import dataclass, replace
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

from exgen.certify.acceptance import added, none_accepted
from exgen.certify.answers import certify, certify_steps
from exgen.certify.compare import SEED
from exgen.certify.memory import Memory
from exgen.certify.points import trial_point, with_numbers
from exgen.certify.reading.page import Page
from exgen.certify.recorded import declared
from exgen.certify.stored import RUBRIC, stored
from exgen.deep import deep_expressions
from exgen.document import Answer, Mistake, Part, Problem
from exgen.draw import MAX_TRIES, DrawnNetwork, draw_problem
from exgen.errors import CertificateError, KindError
from exgen.grading import divided
from exgen.language.writer import graph_text
from exgen.render.tex import parts_of, with_rubrics
from exgen.slips.mistakes import slipped
from exgen.slips.told import drawn_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.problems.base import Setting, Solution, Solved
    from exgen.tables import Bank, ProblemEntry

BUG = "This is a bug in exgen; please report it with the seed."


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A problem's draws and its solution, with the mistakes of each answer."""

    draws: Mapping[str, Any]
    tries: int
    rejected: Mapping[str, int]
    solution: Solution
    mistakes: tuple[tuple[Mistake, ...], ...]


def solve_problem(
    bank: Bank, entry: ProblemEntry, network: DrawnNetwork, setting: Setting, seed: int
) -> Problem:
    """Draw, solve and certify one problem about a network.

    Raises:
        CertificateError: an answer could not be proven; the message says which.
        AcceptanceError: no draw met the rules of the kind.
        KindError: the kind cannot ask about the network.

    """
    with deep_expressions():
        return _proven(bank, entry, network, setting, seed)


def _proven(
    bank: Bank, entry: ProblemEntry, network: DrawnNetwork, setting: Setting, seed: int
) -> Problem:
    drawn = _without_luck(bank, entry, setting, seed)
    memory = Memory()
    answers: list[Answer] = []
    for solved, mistakes in zip(drawn.solution.answers, drawn.mistakes, strict=True):
        try:
            page = Page(solved.latex.tex, setting.notation, solved.expr, memory)
            answers.append(_certified(solved, mistakes, network, page))
            certify_steps(solved.steps, network.graph, memory)
        except CertificateError as error:
            _require_point(network, entry)
            raise CertificateError(
                f"the answer '{solved.name}' could not be proven: {error.message}",
                place=f"{bank.name}, seed {seed}, problem '{entry.name}'",
                excerpt=error.excerpt,
                remedy=f"Nothing was written. {error.remedy or BUG}",
            ) from None
    problem = Problem(
        name=entry.name,
        hint=entry.hint,
        kind=entry.kind.name,
        points=0,
        parts=(),
        covers=entry.covers,
        network=graph_text(network.graph),
        draws={"network": network.draws, "problem": drawn.draws},
        tries=network.tries + drawn.tries - 1,
        rejected=added(network.rejected, drawn.rejected),
        waived=(
            *(rule for rule in network.waived if rule in entry.kind.network_rules),
            *entry.options.get("waived", ()),
        ),
        fields=drawn.solution.fields,
        statement=(),
        answers=tuple(answers),
    )
    return _with_points(with_rubrics(problem), entry)


def _with_points(problem: Problem, entry: ProblemEntry) -> Problem:
    """Return a problem with its points, those of its parts and of the steps of its rubrics.

    Raises:
        KindError: the bank states points for another number of parts than there are, or there are
            more parts than letters.

    """
    parts = parts_of(problem)
    if len(parts) > len(ascii_lowercase):
        raise KindError(
            f"the problem has {len(parts)} parts, more than there are letters for",
            place=entry.place,
            remedy="Ask about fewer names, or about a smaller network.",
        )
    stated = entry.points
    if isinstance(stated, tuple) and len(stated) != max(1, len(parts)):
        raise KindError(
            f"'points' lists {len(stated)} numbers, and the problem has {max(1, len(parts))} parts",
            place=entry.place,
            remedy="Give one number for each part, or a single one, which is divided among them.",
        )
    least = 1 if problem.answers else 0
    total = max(least, len(parts)) if stated is None else stated
    each = total if isinstance(total, tuple) else divided(total, len(parts)) if parts else ()
    total = sum(total) if isinstance(total, tuple) else total
    worth = {name: points for points, names in zip(each, parts, strict=False) for name in names}

    def graded(answer: Answer) -> Answer:
        steps = sum(not step.note for step in answer.steps) if answer.is_rubric else 0
        return replace(answer, points=divided(worth.get(answer.name, total), steps))

    return replace(
        problem,
        points=total,
        parts=tuple(map(Part, each, parts)),
        answers=tuple(map(graded, problem.answers)),
    )


def _without_luck(bank: Bank, entry: ProblemEntry, setting: Setting, seed: int) -> _Drawn:
    """Draw a problem until no usual mistake gives a right answer by luck.

    Where a bank fixes the draws they are taken as they are, and such a mistake is not shown.
    """
    tries = 0
    rejected: dict[str, int] = {}
    before: Mapping[str, Any] | None = None
    for attempt in range(1, MAX_TRIES + 1):
        drawn = draw_problem(bank, entry, setting.graph, seed, attempt)
        tries += drawn.tries
        rejected = added(rejected, drawn.rejected)
        solution = _solved(entry, setting, drawn.draws)
        memory = Memory()
        numbers = drawn_numbers(solved.claim for solved in solution.answers)
        found = [
            slipped(
                solved.claim,
                solved.write,
                entry.kind.slips,
                memory,
                where=solved.where,
                drawn=numbers,
            )
            for solved in solution.answers
        ]
        lucky = [name for part in found for name in part.lucky]
        # the order of choices tells nothing
        asked = {key: part for key, part in drawn.draws.items() if key != "order"}
        if not lucky or asked == before:
            mistakes = tuple(part.mistakes for part in found)
            return _Drawn(drawn.draws, tries, rejected, solution, mistakes)
        # a draw breaks one rule: the first
        rejected = added(rejected, {f"slip: {lucky[0]}": 1})
        before = asked
    raise none_accepted(f"the problem '{entry.name}'", rejected, entry.options, entry.place)


def _solved(entry: ProblemEntry, setting: Setting, draws: Mapping[str, Any]) -> Solution:
    """Solve a problem; an error of its kind gets the place of the problem in its bank."""
    try:
        return entry.kind.solve(setting, draws)
    except KindError as error:
        place = f"{entry.place} {error.place}" if error.excerpt else error.place or entry.place
        raise KindError(
            error.message, place=place, excerpt=error.excerpt, remedy=error.remedy
        ) from None


def _require_point(network: DrawnNetwork, entry: ProblemEntry) -> None:
    """Tell the bank's author where no proof could be tried, because no numbers fit the network.

    Raises:
        KindError: every point that was tried is at a kink or a tie, or outside a domain.

    """
    try:
        trial_point(with_numbers(network.graph), SEED)
    except CertificateError as error:
        raise KindError(
            f"nothing about the network '{entry.network}' can be proven: {error.message}",
            place=entry.place,
            remedy="Check the domains of log, / and **, and what is bent at 0 or compared where "
            "entries are always 0 or always equal.",
        ) from None


def _certified(
    solved: Solved, mistakes: tuple[Mistake, ...], network: DrawnNetwork, page: Page
) -> Answer:
    claim = solved.claim
    return Answer(
        name=solved.name,
        latex=solved.latex,
        shape=None if solved.shape is None else declared(solved.shape),
        expr=solved.expr,
        steps=solved.steps,
        claim={"claim": RUBRIC} if claim is None else stored(claim, network.graph),
        certificate=() if claim is None else certify(claim, page),
        mistakes=mistakes,
        points=(),
    )
