"""The document model: a problem set as a frozen value that can be stored, read back and printed.

Two kinds of text are kept apart by type: ``str`` is plain text, which every printer escapes, and
:class:`Tex` is mathematics that exgen itself made.
"""

# Without `from __future__ import annotations`: msgspec reads the types, and is to evaluate no text.

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Annotated, Any

from msgspec import to_builtins

from exgen.page import USUAL, Page
from exgen.strict import said

Whole = Annotated[int, said("a whole number below 2**63", "", le=2**63 - 1)]
SCHEMA = 4
"""The version of the manifest's layout. A manifest of another version is not guessed at."""
UNSTORED = {"stored": False}
"""Marks a field that only the process that solves a problem has, and no manifest."""
MOST_MISTAKES = 2
"""How many common mistakes the key tells of one answer, and of one part."""


@dataclass(frozen=True, slots=True)
class Tex:
    """LaTeX that exgen made, safe to print as it is."""

    tex: str

    def __str__(self) -> str:
        return self.tex


@dataclass(frozen=True, slots=True)
class Agreement:
    """One method that confirmed an answer.

    Attributes:
        method: its name.
        error: the largest relative difference it found; 0 where it is exact.
        points: how many numbers, entries or cases it compared.

    """

    method: str
    error: float
    points: int


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a worked answer: the equation, the rule used, and why it holds.

    Attributes:
        rule: its name.
        equation: as printed.
        why: the reason: plain text, or text with mathematics in it.
        note: whether it is a note in a rubric, which is worth no points.
        claims: the equations that it prints, each as a claim to be proven; not stored.

    """

    rule: str
    equation: Tex
    why: str | Tex
    note: bool = False
    claims: tuple[Any, ...] = field(default=(), compare=False, repr=False, metadata=UNSTORED)


@dataclass(frozen=True, slots=True)
class Mistake:
    """A wrong answer that a named slip leads to, for the key's line of common mistakes.

    Attributes:
        slip: its name in the table of slips.
        says: what went wrong, as plain text.
        latex: what is written then.
        where: which blank it is written in, as running text; empty where there is only one.

    """

    slip: str
    says: str
    latex: Tex
    where: Tex


@dataclass(frozen=True, slots=True)
class Answer:
    """What a blank stands for, and why it may be believed.

    Attributes:
        name: how the template asks for it; unique within its problem.
        latex: the answer as printed.
        shape: its sizes: none for a scalar, one for a column vector, two for a matrix; None
            where the answer is a name.
        expr: the answer in the network language.
        sort: what is asserted, such as ``gradient`` or ``shape``; ``rubric`` where nothing is.
        steps: the worked answer; of a rubric its points, each with the facts it states as the rule.
        certificate: the methods that agreed; empty for a rubric, which a person grades.
        mistakes: what the usual slips give instead; each was refused by the same certificate.
        points: of a rubric the points of each of its steps but notes, which add up to those of its
            part; empty for other answers, and where the part has too few points to divide.
        claim: what was certified; not stored, as it follows from the problem.

    """

    name: str
    latex: Tex
    shape: tuple[int | str, ...] | None
    expr: str
    sort: str
    steps: tuple[Step, ...]
    certificate: tuple[Agreement, ...]
    mistakes: tuple[Mistake, ...]
    points: tuple[float, ...]
    claim: Any = field(default=None, compare=False, repr=False, metadata=UNSTORED)

    @property
    def is_rubric(self) -> bool:
        """Whether the answer is a rubric for a human grader instead of a proven fact."""
        return not self.certificate


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a problem, as the sheet numbers them.

    Attributes:
        points: what it is worth: a whole or a half number.
        answers: the names of the answers that it asks for.

    """

    points: float
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemInputs:
    """What decides a problem: with its notation and its place on the sheet, all of it.

    Attributes:
        name: its id in the bank.
        kind: the sort of problem, which names its template.
        covers: the reference parts it stands for.
        worth: the points that the bank states: of the whole, or of each part; None for one each.
        by_layers: whether it names the layers of its network instead of showing formulas.
        network: the forward pass it asks about, in the network language, with every drawn size.
        draws: every other drawn value.
        tries: how many draws it took until the acceptance rules held.
        rejected: how many draws each acceptance rule turned down.
        waived: the acceptance rules that the bank does without.
        hint: for those who do not know how to begin; empty where there is none.

    """

    name: str
    kind: str
    covers: tuple[str, ...]
    worth: Whole | tuple[Whole, ...] | None
    by_layers: bool
    network: str
    draws: Mapping[str, Any]
    tries: Whole
    rejected: Mapping[str, Whole]
    waived: tuple[str, ...] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem(ProblemInputs):
    """One problem of a set: what decides it, and what follows.

    Attributes:
        points: what it is worth.
        parts: its parts, whose points add up to its own; empty where it is one question, or has
            too few points to divide.
        fields: what the template may print: text, Tex, numbers, and lists and tables of them.
        statement: the methods that agreed that the sheet shows this network; empty where an
            earlier problem shows it, or where the sheet shows no forward pass.
        answers: in the order in which they are asked.

    """

    points: int
    parts: tuple[Part, ...]
    fields: Mapping[str, Any]
    statement: tuple[Agreement, ...]
    answers: tuple[Answer, ...]

    def answer(self, name: str) -> Answer:
        """Return an answer by name. KeyError where the problem has none of that name."""
        for answer in self.answers:
            if answer.name == name:
                return answer
        raise KeyError(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetInputs:
    """What decides a set besides its problems.

    Attributes:
        name: the bank's name, such as ``set2``.
        title: the heading.
        course: the course in the header.
        seed: what was drawn from.
        notation: the settings of the notation, by name.
        slips: whether the key shows the common mistakes.
        versions: of exgen and of what computed the answers.
        page: the head of page 1, and the form of every page.
        language: what sheet and key are printed in, such as ``de``.

    """

    name: str
    title: str
    course: str
    seed: Whole
    notation: Mapping[str, Any]
    slips: bool
    versions: Mapping[str, str]
    page: Page = USUAL
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemSet(SetInputs):
    """A whole set, as made for one seed.

    Attributes:
        problems: in order.

    """

    problems: tuple[Problem, ...]

    @property
    def code(self) -> str:
        """What names this variant: set and seed."""
        return f"{self.name}-seed{self.seed}"


def without_mistakes(problem: Problem) -> Problem:
    """Return a problem whose key does not show the common mistakes."""
    return replace(
        problem, answers=tuple(replace(answer, mistakes=()) for answer in problem.answers)
    )


def to_json(value: Any) -> Any:  # noqa: ANN401 - any part of the model
    """Return a part of the model as JSON types; Tex becomes ``{"tex": …}``."""
    if isinstance(value, Page):
        return to_json(to_builtins(value))
    if is_dataclass(value) and not isinstance(value, type):
        kept = (part.name for part in fields(value) if part.metadata.get("stored", True))
        return {name: to_json(getattr(value, name)) for name in kept}
    if isinstance(value, Mapping):
        return {str(key): to_json(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(part) for part in value]
    return value
