"""A bank beside this file, drawn and certified, and what its key says of common mistakes."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from exgen.pipeline import build, load
from exgen.render.characters import escape
from exgen.render.tex import problem_bodies
from tests.cases import read_cases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _pytest.mark.structures import ParameterSet

    from exgen.document import Mistake, Problem, ProblemSet
    from tests.cases import Case

HERE = Path(__file__).parent
MANY = 99


@contextmanager
def every_mistake() -> Iterator[None]:
    """Let the key tell every mistake that is one, not only the likeliest two."""
    with (
        mock.patch("exgen.slips.mistakes.MOST_MISTAKES", MANY),
        mock.patch("exgen.render.problem.MOST_MISTAKES", MANY),
    ):
        yield


def made(text: str, folder: Path, seed: int = 1, *, slips: bool = True) -> ProblemSet:
    """Return the problem set of a bank written out."""
    head = 'title = "Slips"\ncourse = "Deep Learning"\nnotation = "base"\n'
    path = folder / "slips.toml"
    path.write_text(head + text, encoding="utf-8")
    return build(*load(str(path), None), seed, slips=slips)


@cache
def fixed(name: str) -> ProblemSet:
    """Return the problem set of a bank beside this file, with every mistake."""
    with every_mistake():
        return build(*load(str(HERE / f"{name}.toml"), None), 1)


@cache
def keys(name: str) -> dict[str, str]:
    """Return the key of each problem of a bank beside this file."""
    found = fixed(name)
    with every_mistake():
        bodies = problem_bodies(found, key=True)
    return {part.name: body for part, body in zip(found.problems, bodies, strict=True)}


def problem(name: str, which: str) -> Problem:
    """Return a problem of a bank beside this file."""
    return next(part for part in fixed(name).problems if part.name == which)


def cases(name: str) -> list[ParameterSet]:
    """Return the cases of a file beside this one."""
    return [pytest.param(case, id=case.title) for case in read_cases(HERE / f"{name}.md")]


def written(part: Mistake) -> str:
    """Return how the key tells a mistake, without what stands before the formula."""
    ruled = r"\," if r"\hline" in part.latex.tex else ""
    where = f" {part.where.tex}" if part.where.tex else ""
    return f"{part.latex.tex}${ruled}{where}: {escape(part.says)}"


def told(name: str, case: Case) -> Mistake:
    """Return the mistake that a case is about; the key has to tell it of one of the answers."""
    which, answer, slip = case.given.split()
    found = problem(name, which)
    every = [part for given in found.answers for part in given.mistakes if part.slip == slip]
    key = keys(name)[which]
    assert any(written(part) in key for part in every)
    return next(part for part in found.answer(answer).mistakes if part.slip == slip)
