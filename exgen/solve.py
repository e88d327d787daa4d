"""One problem: drawn until no usual mistake is right by luck, solved, and each answer certified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from exgen.certify.acceptance import added, none_accepted
from exgen.certify.answers import certify, certify_steps, sort_of
from exgen.certify.compare import SEED
from exgen.certify.memory import Memory
from exgen.certify.points import trial_point, with_numbers
from exgen.certify.prove import prove
from exgen.certify.reading.page import Page
from exgen.deep import deep_expressions
from exgen.document import Answer, Mistake, Part, Problem, ProblemInputs
from exgen.draw import MAX_TRIES, DrawnNetwork, DrawnProblem, draw_problem, placed
from exgen.errors import CertificateError, KindError
from exgen.grading import divided
from exgen.graph import is_column, is_scalar
from exgen.language.writer import graph_text
from exgen.problems import KINDS
from exgen.render.problem import parts_of
from exgen.render.rubrics import with_rubrics
from exgen.slips.mistakes import slipped
from exgen.slips.told import drawn_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exgen.graph import Shape
    from exgen.problems.base import Kind, Setting, Solution, Solved
    from exgen.slips.mistakes import Slipped
    from exgen.tables import Bank, ProblemEntry

BUG = "This is a bug in exgen; please report it with the seed."


@dataclass(frozen=True, slots=True)
class _Draws(Mapping[str, Any]):
    """Draws that know which of them a kind has read."""

    drawn: Mapping[str, Any]
    read: set[str] = field(default_factory=set)

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401 - any JSON
        value = self.drawn[key]
        self.read.add(key)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self.drawn)

    def __len__(self) -> int:
        return len(self.drawn)


class _Worked(Struct, frozen=True):
    """The solution of a problem, with the draws behind it and what slips make of each answer."""

    draws: Mapping[str, Any]
    solution: Solution
    slipped: tuple[Slipped, ...]

    @property
    def lucky(self) -> list[str]:
        """The slips that give a right answer at these draws."""
        return [name for part in self.slipped for name in part.lucky]

    @property
    def is_right(self) -> bool:
        """Whether the answers that a slip gives too can be proven."""
        pairs = zip(self.solution.answers, self.slipped, strict=True)
        try:
            for solved, part in pairs:
                if part.lucky and solved.claim is not None:
                    prove(solved.claim)
        except CertificateError:
            return False
        return True


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
        drawn, worked = _without_luck(bank, entry, setting, seed)
        inputs = ProblemInputs(
            name=entry.name,
            kind=entry.kind.name,
            covers=entry.covers,
            worth=entry.points,
            by_layers=setting.by_layers,
            network=graph_text(network.graph),
            draws=worked.draws,
            tries=network.tries + drawn.tries - 1,
            rejected=added(network.rejected, drawn.rejected),
            waived=(
                *(rule for rule in network.waived if rule in entry.kind.network_rules),
                *entry.options.get("waived", ()),
            ),
            hint=entry.hint,
        )
        try:
            return _proven(inputs, setting, worked)
        except KindError as error:
            raise placed(error, entry) from None
        except CertificateError as error:
            _require_point(network, entry)
            raise CertificateError(
                error.message,
                place=f"{bank.name}, seed {seed}, problem '{entry.name}'",
                excerpt=error.excerpt,
                remedy=f"Nothing was written. {error.remedy or BUG}",
            ) from None


def solve_again(inputs: ProblemInputs, setting: Setting, *, slips: bool) -> Problem:
    """Solve and certify a problem from what decides it; nothing is drawn.

    Args:
        inputs: as recorded. They may be anything, and so may what goes wrong. Draws that decide
            nothing are left out of what is returned.
        setting: the recorded network, in the notation of the set and at its place on the sheet.
        slips: whether answers carry the common mistakes.

    Raises:
        CertificateError: an answer could not be proven; the message says which.
        KindError: the kind cannot ask about the network.

    """
    with deep_expressions():
        worked = _worked(KINDS[inputs.kind], setting, inputs.draws, slips=slips)
        return _proven(replace(inputs, draws=worked.draws), setting, worked)


def _proven(inputs: ProblemInputs, setting: Setting, worked: _Worked) -> Problem:
    memory = Memory()
    answers: list[Answer] = []
    for solved, made in zip(worked.solution.answers, worked.slipped, strict=True):
        try:
            page = Page(solved.latex.tex, setting.notation, solved.expr, memory)
            answers.append(_certified(solved, made.mistakes, page))
            certify_steps(solved.steps, memory)
        except CertificateError as error:
            raise CertificateError(
                f"the answer '{solved.name}' could not be proven: {error.message}",
                excerpt=error.excerpt,
                remedy=error.remedy,
            ) from None
    problem = Problem(
        **{part.name: getattr(inputs, part.name) for part in fields(inputs)},
        points=0,
        parts=(),
        fields=worked.solution.fields,
        statement=(),
        answers=tuple(answers),
    )
    return _with_points(with_rubrics(problem))


def _with_points(problem: Problem) -> Problem:
    """Return a problem with its points, those of its parts and of the steps of its rubrics.

    Raises:
        KindError: the bank states points for another number of parts than there are, or there are
            more parts than letters.

    """
    parts = parts_of(problem)
    if len(parts) > len(ascii_lowercase):
        raise KindError(
            f"the problem has {len(parts)} parts, more than there are letters for",
            remedy="Ask about fewer names, or about a smaller network.",
        )
    stated = problem.worth
    if isinstance(stated, tuple) and len(stated) != max(1, len(parts)):
        raise KindError(
            f"'points' lists {len(stated)} numbers, and the problem has {max(1, len(parts))} parts",
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


def _without_luck(
    bank: Bank, entry: ProblemEntry, setting: Setting, seed: int
) -> tuple[DrawnProblem, _Worked]:
    """Draw a problem until no usual mistake gives a right answer by luck.

    Where a bank fixes the draws they are taken as they are, and such a mistake is not shown. A
    wrong answer is no bad luck: its draw is returned, for the proof to refuse it.
    """
    tries = 0
    rejected: dict[str, int] = {}
    before: Mapping[str, Any] | None = None
    for attempt in range(1, MAX_TRIES + 1):
        drawn = draw_problem(bank, entry, setting.graph, seed, attempt)
        tries += drawn.tries
        rejected = added(rejected, drawn.rejected)
        try:
            worked = _worked(entry.kind, setting, drawn.draws)
        except KindError as error:
            raise placed(error, entry) from None
        # the order of choices tells nothing
        asked = {key: part for key, part in drawn.draws.items() if key != "order"}
        if not worked.lucky or asked == before or not worked.is_right:
            return DrawnProblem(drawn.draws, tries, rejected), worked
        # a draw breaks one rule: the first
        rejected = added(rejected, {f"slip: {worked.lucky[0]}": 1})
        before = asked
    raise none_accepted(f"the problem '{entry.name}'", rejected, entry.options, entry.place)


def _worked(
    kind: Kind, setting: Setting, draws: Mapping[str, Any], *, slips: bool = True
) -> _Worked:
    known = _Draws(draws)
    solution = kind.solve(setting, known)
    memory = Memory()
    numbers = drawn_numbers(solved.claim for solved in solution.answers)
    found = tuple(
        slipped(
            solved.claim,
            solved.write,
            kind.slips if slips else (),
            memory,
            where=solved.where,
            drawn=numbers,
        )
        for solved in solution.answers
    )
    read = {key: part for key, part in draws.items() if key in known.read}
    return _Worked(read, solution, found)


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


def _certified(solved: Solved, mistakes: tuple[Mistake, ...], page: Page) -> Answer:
    claim = solved.claim
    return Answer(
        name=solved.name,
        latex=solved.latex,
        shape=None if solved.shape is None else declared(solved.shape),
        expr=solved.expr,
        sort=solved.sort or sort_of(claim),
        steps=solved.steps,
        certificate=() if claim is None else certify(claim, page),
        mistakes=mistakes,
        points=(),
        claim=claim,
    )


def declared(shape: Shape) -> tuple[int | str, ...]:
    """Return a shape as a declaration writes it: no size for a scalar, one for a column."""
    kept = () if is_scalar(shape) else shape[:1] if is_column(shape) else shape
    return tuple(dim.constant if dim.is_number else str(dim) for dim in kept)
