"""A bank beside this file, drawn and certified, and what its key says of common mistakes."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from exgen.pipeline import build, load
from exgen.render.characters import escape
from exgen.render.tex import problem_bodies
from tests.cases import read_cases

if TYPE_CHECKING:
    from _pytest.mark.structures import ParameterSet

    from exgen.document import Mistake, Problem, ProblemSet
    from tests.cases import Case

HERE = Path(__file__).parent


def made(text: str, folder: Path, seed: int = 1, *, slips: bool = True) -> ProblemSet:
    """Return the problem set of a bank written out."""
    head = 'title = "Slips"\ncourse = "Deep Learning"\nnotation = "base"\n'
    path = folder / "slips.toml"
    path.write_text(head + text, encoding="utf-8")
    return build(*load(str(path), None), seed, slips=slips)


@cache
def fixed(name: str) -> ProblemSet:
    """Return the problem set of a bank beside this file."""
    return build(*load(str(HERE / f"{name}.toml"), None), 1)


@cache
def keys(name: str) -> dict[str, str]:
    """Return the key of each problem of a bank beside this file."""
    found = fixed(name)
    bodies = problem_bodies(found, key=True)
    return {part.name: body for part, body in zip(found.problems, bodies, strict=True)}


def problem(name: str, which: str) -> Problem:
    """Return a problem of a bank beside this file."""
    return next(part for part in fixed(name).problems if part.name == which)


def cases(name: str) -> list[ParameterSet]:
    """Return the cases of a file beside this one."""
    return [pytest.param(case, id=case.title) for case in read_cases(HERE / f"{name}.md")]


def told(name: str, case: Case) -> Mistake:
    """Return the mistake that a case is about; the key has to tell it of one of the answers."""
    which, answer, slip = case.given.split()
    found = problem(name, which)
    every = [part for given in found.answers for part in given.mistakes if part.slip == slip]
    key = keys(name)[which]
    assert any(f"{escape(part.says)}, ${part.latex.tex}$" in key for part in every)
    return next(part for part in found.answer(answer).mistakes if part.slip == slip)
