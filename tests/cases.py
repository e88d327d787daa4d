"""Cases kept as text, so that anyone can add one without writing Python.

A file has a title line and then blocks of three parts with blank lines between them: a title
after ``##``, what goes in, what must come out. None of the parts holds a blank line itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest.mark.structures import ParameterSet

TESTS = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Case:
    """One case: a name for the report, what goes in, what must come out."""

    title: str
    given: str
    expected: str


def read_cases(path: Path) -> list[Case]:
    """Return the cases of one file; a file that breaks the form is an error, not a skip."""
    text = path.read_text(encoding="utf-8").strip("\n")
    head, *parts = re.split(r"\n(?:[ \t]*\n)+", text)
    if not head.startswith("# ") or len(parts) % 3 or not parts:
        raise ValueError(f"{path.name}: a title line, then blocks of title, input, expected")
    cases = []
    for title, given, expected in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        if not title.startswith("## "):
            raise ValueError(f"{path.name}: '{title}' should be a title that starts with '## '")
        cases.append(Case(title.removeprefix("## "), given, expected))
    return cases


def rows_in(name: str) -> list[tuple[str, ...]]:
    """Return the lines of a file below ``tests``, each cut at its bars; # begins a comment.

    ``nothing`` stands for an empty cell.
    """
    lines = (TESTS / name).read_text(encoding="utf-8").splitlines()
    return [
        tuple(
            "" if part.strip() == "nothing" else part.strip()
            for part in re.split(r" \|(?= |$)", line)
        )
        for line in lines
        if line.strip() and not line.startswith("#")
    ]


def edited(text: str, edits: str) -> str:
    """Return a text with edits: a line of it, what stands there instead, and --- before another."""
    lines = text.split("\n")
    for edit in edits.split("\n---\n"):
        first, *rest = edit.split("\n")
        (place,) = (number for number, line in enumerate(lines) if line == first)
        lines[place : place + 1] = rest
    return "\n".join(lines)


def cases_in(folder: str) -> list[ParameterSet]:
    """Return the cases of all files in a folder below ``tests``, named for the report."""
    return [
        pytest.param(case, id=f"{path.stem}: {case.title}")
        for path in sorted((TESTS / folder).glob("*.md"))
        for case in read_cases(path)
    ]
