"""A published bank, drawn and certified."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from exgen.pipeline import build, load
from exgen.render.tex import render_tex

if TYPE_CHECKING:
    from exgen.document import Problem, ProblemSet


@cache
def published(name: str) -> ProblemSet:
    """Return the problem set of a bank beside this file."""
    bank, notation = load(str(Path(__file__).parent / f"{name}.toml"), None)
    return build(bank, notation, 1)


def problem(name: str, which: str) -> Problem:
    """Return one of its problems by id."""
    return next(part for part in published(name).problems if part.name == which)


def latex(name: str, which: str, answer: str) -> str:
    """Return an answer as printed."""
    return problem(name, which).answer(answer).latex.tex


def key(name: str, which: str) -> str:
    """Return the key of one problem, with its lines joined."""
    alone = replace(published(name), problems=(problem(name, which),))
    return " ".join(render_tex(alone)["solutions"].split())
