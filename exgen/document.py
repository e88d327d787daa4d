"""The document model: a problem set as a frozen value that can be stored, read back and printed.

Two kinds of text are kept apart by type: ``str`` is plain text, which every printer escapes, and
:class:`Tex` is mathematics that exgen itself made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from msgspec import to_builtins

from exgen.errors import DataError
from exgen.page import LOGO, USUAL, Page
from exgen.strict import read
from exgen.typed import Decoder, shown

SCHEMA = 3
"""The version of the manifest's layout. A manifest of another version is not guessed at."""
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
        claims: the equations that it prints, each as a claim that was proven.

    """

    rule: str
    equation: Tex
    why: str | Tex
    note: bool = False
    claims: tuple[Mapping[str, Any], ...] = ()


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
        steps: the worked answer; of a rubric its points, each with the facts it states as the rule.
        claim: what was certified, so that it can be certified again.
        certificate: the methods that agreed; empty for a rubric, which a person grades.
        mistakes: what the usual slips give instead; each was refused by the same certificate.
        points: of a rubric the points of each of its steps but notes, which add up to those of its
            part; empty for other answers, and where the part has too few points to divide.

    """

    name: str
    latex: Tex
    shape: tuple[int | str, ...] | None
    expr: str
    steps: tuple[Step, ...]
    claim: Mapping[str, Any]
    certificate: tuple[Agreement, ...]
    mistakes: tuple[Mistake, ...]
    points: tuple[float, ...]

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


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a set.

    Attributes:
        name: its id in the bank.
        kind: the sort of problem, which names its template.
        points: what it is worth.
        parts: its parts, whose points add up to its own; empty where it is one question, or has
            too few points to divide.
        covers: the reference parts it stands for.
        network: the forward pass it asks about, in the network language.
        draws: every drawn value.
        tries: how many draws it took until the acceptance rules held.
        rejected: how many draws each acceptance rule turned down.
        waived: the acceptance rules that the bank does without.
        fields: what the template may print: text, Tex, numbers, and lists and tables of them.
        statement: the methods that agreed that the sheet shows this network; empty where an
            earlier problem shows it, or where the sheet shows no forward pass.
        answers: in the order in which they are asked.
        hint: for those who do not know how to begin; empty where there is none.

    """

    name: str
    kind: str
    points: int
    parts: tuple[Part, ...]
    covers: tuple[str, ...]
    network: str
    draws: Mapping[str, Any]
    tries: int
    rejected: Mapping[str, int]
    waived: tuple[str, ...]
    fields: Mapping[str, Any]
    statement: tuple[Agreement, ...]
    answers: tuple[Answer, ...]
    hint: str = ""

    def answer(self, name: str) -> Answer:
        """Return an answer by name. KeyError where the problem has none of that name."""
        for answer in self.answers:
            if answer.name == name:
                return answer
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class ProblemSet:
    """A whole set, as made for one seed.

    Attributes:
        name: the bank's name, such as ``set2``.
        title: the heading.
        course: the course in the header.
        seed: what was drawn from.
        notation: the settings of the notation, by name.
        versions: of exgen and of what computed the answers.
        problems: in order.
        page: the head of page 1, and the form of every page.
        language: what sheet and key are printed in, such as ``de``.

    """

    name: str
    title: str
    course: str
    seed: int
    notation: Mapping[str, Any]
    versions: Mapping[str, str]
    problems: tuple[Problem, ...]
    page: Page = USUAL
    language: str = "en"

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
        return to_builtins(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(key): to_json(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(part) for part in value]
    return value


def read_set(data: Any, path: str = "") -> ProblemSet:  # noqa: ANN401 - any JSON
    """Return the problem set stored by :func:`to_json`.

    Args:
        data: JSON.
        path: where it stands, for errors.

    Raises:
        DataError: the data is not of this schema; with the path to what is not.

    """
    found: ProblemSet = DECODER.read(ProblemSet, data, path)
    problems = (replace(part, fields=_with_tex(part.fields)) for part in found.problems)
    return replace(found, problems=tuple(problems))


def _read_tex(data: Any, path: str) -> Tex:  # noqa: ANN401
    if isinstance(data, dict) and data.keys() == {"tex"} and isinstance(data["tex"], str):
        return Tex(data["tex"])
    raise DataError(f"{shown(data)} is not LaTeX", path)


def _read_page(data: Any, path: str) -> Page:  # noqa: ANN401
    try:
        page: Page = read(Page, data)
    except DataError as error:
        raise DataError(error.message, path + error.path, error.remedy) from None
    for key, value in to_builtins(page).items():
        if key not in data:
            raise DataError(f"'{key}' is missing", path)
        if type(data[key]) is float:
            raise DataError(f"{data[key]} is not {value}", f"{path}.{key}")
    if page.logo and not LOGO.fullmatch(page.logo):
        raise DataError("there is no such logo", f"{path}.logo")
    return page


DECODER = Decoder({"Any": Any, "Mapping": Mapping}, {Tex: _read_tex, Page: _read_page})


def _with_tex(value: Any) -> Any:  # noqa: ANN401 - JSON in, JSON with Tex out
    if isinstance(value, dict):
        if value.keys() == {"tex"} and isinstance(value["tex"], str):
            return Tex(value["tex"])
        return {key: _with_tex(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_with_tex(part) for part in value]
    return value
