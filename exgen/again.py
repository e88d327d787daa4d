"""A recorded set once more: solved from what decides it, without a draw, and compared as a whole.

What follows from the recorded inputs is certified as it was when the set was made. Whatever else
the manifest says is compared with it, value by value, so nothing in a manifest is believed.
"""

from __future__ import annotations

import json
from dataclasses import fields, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from msgspec import UNSET, Struct

from exgen.asks.problem import TEXT, shows_network
from exgen.certify.compare import DIFFERENCE_TOLERANCE
from exgen.document import Problem, ProblemSet, to_json
from exgen.errors import CertificateError, ExgenError
from exgen.language import read_graph
from exgen.problems.base import Setting
from exgen.solve import solve_again
from exgen.statements import with_statements
from exgen.strict import shown
from exgen.write import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from exgen.document import ProblemInputs
    from exgen.graph import Graph
    from exgen.manifest import Manifest

EXCERPT = 30
"""How many signs are shown before the first that differs, and twice as many after it."""


class Failure(Struct, frozen=True):
    """What does not follow, or is not as it was made: where, and what was found."""

    where: str
    message: str


class Again(Struct, frozen=True):
    """A recorded set that was solved again.

    Attributes:
        problem_set: what follows from the inputs; problems that could not be solved are left out.
        failures: whatever is recorded and does not follow.
        complete: whether every problem could be solved and every statement be read back.

    """

    problem_set: ProblemSet
    failures: tuple[Failure, ...]
    complete: bool


def again(manifest: Manifest, told: Callable[[str], None] = lambda _: None) -> Again:
    """Solve and certify a recorded set again, and compare it with what is recorded.

    Args:
        manifest: as read; what it records may be anything.
        told: is given the name of each problem before it is solved.

    """
    failures: list[Failure] = []
    solved: list[tuple[Problem, Graph]] = []
    shown_in: dict[str, int] = {}
    for number, inputs in enumerate(manifest.problems, start=1):
        told(inputs.name)
        try:
            solved.append(_solved(manifest, inputs, shown_in.get(inputs.network)))
        except Exception as error:  # noqa: BLE001 - draws from a file may make anything go wrong
            says = f"cannot be solved again: {_reason(error)}"
            failures.append(Failure(_place(inputs.name), says))
        if _shows_network(inputs) and not manifest.inputs.page.alone:
            shown_in.setdefault(inputs.network, number)
    head = {part.name: getattr(manifest.inputs, part.name) for part in fields(manifest.inputs)}
    made = ProblemSet(**head, problems=tuple(problem for problem, _ in solved))
    complete = not failures
    if complete:
        try:
            made = with_statements(made, [graph for _, graph in solved], manifest.notation)
        except CertificateError as error:
            complete = False
            where = (error.place or MANIFEST).rpartition(", ")[2]
            failures.append(Failure(where, error.message))
        except Exception as error:  # noqa: BLE001 - as above
            complete = False
            failures.append(Failure(MANIFEST, f"cannot be printed: {_reason(error)}"))
    return Again(made, (*failures, *compared(manifest, made, complete=complete)), complete)


def _reason(error: Exception) -> str:
    return getattr(error, "message", None) or str(error) or type(error).__name__


def _shows_network(inputs: ProblemInputs) -> bool:
    if inputs.kind != TEXT:
        return True
    text = inputs.draws.get(TEXT)
    try:
        return isinstance(text, str) and shows_network(text)
    except ExgenError:
        # it cannot be solved either
        return False


def _solved(
    manifest: Manifest, inputs: ProblemInputs, shown_in: int | None
) -> tuple[Problem, Graph]:
    graph = read_graph(inputs.network)
    setting = Setting(graph, manifest.notation, shown_in, inputs.by_layers)
    return solve_again(inputs, setting, slips=manifest.inputs.slips), graph


# --- compared ---


def compared(manifest: Manifest, made: ProblemSet, *, complete: bool) -> Iterator[Failure]:
    """Compare all that is recorded with what follows, one failure for each answer or problem.

    Args:
        manifest: as read.
        made: what follows from its inputs; a problem that could not be solved is left out.
        complete: whether the statements of ``made`` were read back.

    """
    recorded = dict(manifest.recorded)
    problems = {part["name"]: part for part in recorded.pop("problems")}
    yield from _failure(
        MANIFEST, differences(recorded, _json(replace(made, problems=()), "problems"))
    )
    for problem in made.problems:
        own, follows = dict(problems[problem.name]), _json(problem)
        if not complete:
            # no statement was read
            own["statement"] = follows["statement"]
        where = _place(problem.name)
        if _has_names(own.get("answers")):
            answers, expected = own.pop("answers"), follows.pop("answers")
            yield from _answers(where, answers, expected)
        yield from _failure(where, differences(own, follows))


def _json(part: object, but: str = "") -> Any:  # noqa: ANN401 - JSON
    """Return a part of the document as a manifest that was read has it."""
    data = to_json(part)
    data.pop(but, None)
    return json.loads(json.dumps(data))


def _has_names(answers: object) -> bool:
    return isinstance(answers, list) and all(
        isinstance(part, dict) and isinstance(part.get("name"), str) for part in answers
    )


def _answers(where: str, recorded: list[Any], follows: list[Any]) -> Iterator[Failure]:
    """Compare the answers of a problem, by their names."""
    names, expected = ([part["name"] for part in parts] for parts in (recorded, follows))
    for name in dict.fromkeys((*names, *expected)):
        if names.count(name) != expected.count(name):
            says = (
                "is recorded, and does not follow"
                if name not in expected
                else ("is missing" if name not in names else "is recorded more than once")
            )
            yield Failure(f"{where}, answer {shown(name)}", says)
    if names != expected and sorted(names) == sorted(expected):
        yield Failure(
            where, f"its answers are in the order {', '.join(names)}, not {', '.join(expected)}"
        )
    by_name = {part["name"]: part for part in recorded}
    for part in follows:
        if part["name"] in by_name:
            place = f"{where}, answer '{part['name']}'"
            yield from _failure(place, differences(by_name[part["name"]], part))


def _failure(where: str, found: Iterable[Difference]) -> Iterator[Failure]:
    """Yield one failure for all that differs in one place: the first, and how many more."""
    every = list(found)
    if every:
        yield Failure(where, f"{every[0]}{more(len(every), 'value')}")


def more(number: int, noun: str) -> str:
    """Return how many more than one differ, as the end of a message."""
    if number < 2:  # noqa: PLR2004 - one is told of
        return ""
    return f"; 1 more {noun} differs" if number == 2 else f"; {number - 1} more {noun}s differ"  # noqa: PLR2004


def _place(problem: str) -> str:
    return f"problem '{problem}'"


class Difference(Struct, frozen=True):
    """A value that is recorded, and another that follows.

    Attributes:
        path: where, such as ``steps[0].why``.
        recorded: JSON; UNSET where a manifest has no value.
        follows: JSON; UNSET where none follows.

    """

    path: str
    recorded: Any
    follows: Any

    def __str__(self) -> str:
        name = self.path.removesuffix(".tex")
        if self.recorded is UNSET:
            return f"{name} is missing; {said(self.follows, '')} follows"
        if self.follows is UNSET:
            return f"{name} is recorded as {said(self.recorded, '')}; nothing of this name follows"
        stands, right = said(self.recorded, self.follows), said(self.follows, self.recorded)
        return f"{name} is recorded as {stands}; {right} follows"


def differences(recorded: Any, follows: Any, path: str = "") -> Iterator[Difference]:  # noqa: ANN401
    """Yield every value of two pieces of JSON that differs.

    The error of a method may differ between machines, in what no tolerance of exgen's tells apart.

    >>> [str(part) for part in differences({"a": [1, 2]}, {"a": [1, 3]})]
    ['a[1] is recorded as 2; 3 follows']
    """
    if isinstance(recorded, dict) and isinstance(follows, dict):
        for key in dict.fromkeys((*follows, *recorded)):
            inner = f"{path}.{key}" if path else key
            yield from differences(recorded.get(key, UNSET), follows.get(key, UNSET), inner)
    elif isinstance(recorded, list) and isinstance(follows, list):
        for place, pair in enumerate(zip_longest(recorded, follows, fillvalue=UNSET)):
            yield from differences(*pair, f"{path}[{place}]")
    elif type(recorded) is not type(follows) or recorded != follows:
        near = path.endswith("].error") and type(recorded) is type(follows) is float
        if not (near and abs(recorded - follows) <= DIFFERENCE_TOLERANCE):
            yield Difference(path, recorded, follows)


def said(value: Any, other: Any) -> str:  # noqa: ANN401 - JSON
    """Return a value for a message: of a long text what stands about the first other sign."""
    if isinstance(value, str) and len(value) <= 3 * EXCERPT:
        return f"'{value}'"
    if not isinstance(value, str) or not isinstance(other, str):
        return shown(value)
    pairs = enumerate(zip(value, other, strict=False))
    first = next((n for n, (one, two) in pairs if one != two), min(len(value), len(other)))
    start, end = max(0, first - EXCERPT), first + 2 * EXCERPT
    return f"'{'…' * (start > 0)}{value[start:end]}{'…' * (end < len(value))}'"
