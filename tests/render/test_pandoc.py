"""Every sheet and key stays within the LaTeX that pandoc turns into HTML and MathML."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pypandoc
import pytest

from exgen.banks import bank_names
from exgen.derive.notation import notation_names
from exgen.pipeline import build, load
from exgen.render.tex import problem_bodies
from exgen.render.words import in_words
from exgen.resources import banks, notations, templates

SEED = 3
SETS = bank_names(banks())
# What only moves things on a page, or groups them; a converter may pass over it.
LAYOUT = (
    "bgroup",
    "egroup",
    "par",
    "quad",
    "qquad",
    "hfill",
    "noindent",
    "nopagebreak",
    "vspace",
    "hspace",
    "small",
    "smallskip",
)
HARMLESS = re.compile(
    rf"\[INFO\] (Skipped '\\({'|'.join(LAYOUT)})\b|Parsing unescaped|\S* ?not set)"
)
ANNOTATION = re.compile(r"<annotation\b.*?</annotation>", re.DOTALL)


@cache
def macros() -> str:
    """Return the macros of exgen as converters get them."""
    return (templates() / "documents" / "convert.tex").read_text(encoding="utf-8")


def complaints(latex: str) -> list[str]:
    """Return what pandoc warns of, what it leaves out, and what TeX is left in its HTML."""
    done = subprocess.run(
        [pypandoc.get_pandoc_path(), "-f", "latex", "-t", "html", "--mathml", "--verbose"],
        input=macros() + latex,
        capture_output=True,
        text=True,
        check=True,
    )
    said = [part for part in re.split(r"\n(?=\[)", done.stderr) if part.strip()]
    found = [part for part in said if not HARMLESS.match(part)]
    # Each formula carries its TeX as an annotation; outside of these there must be none.
    html = ANNOTATION.sub("", done.stdout)
    return found + re.findall(r".{0,60}(?:\\[A-Za-z]+|\\\\|\$|\\begin).{0,60}", html)


@cache
def bodies(set_name: str, notation: str | None, *, key: bool) -> tuple[tuple[str, str], ...]:
    """Return each problem's id with its LaTeX."""
    made = build(*load(set_name, notation), SEED)
    names = [problem.name for problem in made.problems]
    return tuple(zip(names, map(in_words, problem_bodies(made, key=key)), strict=True))


@pytest.mark.parametrize("key", [False, True], ids=["sheet", "key"])
@pytest.mark.parametrize("set_name", SETS)
def test_every_problem_converts(set_name: str, key: bool) -> None:  # noqa: FBT001 - parametrised
    """Each problem of each set becomes HTML without a warning and without TeX left over."""
    found = {name: complaints(latex) for name, latex in bodies(set_name, None, key=key)}
    assert {name: said for name, said in found.items() if said} == {}


@pytest.mark.parametrize("notation", notation_names(notations()))
@pytest.mark.parametrize("set_name", SETS)
def test_every_notation_converts(set_name: str, notation: str) -> None:
    """A whole key converts in every notation."""
    joined = "\n\n".join(latex for _, latex in bodies(set_name, notation, key=True))
    assert complaints(joined) == []


@pytest.mark.parametrize(
    ("latex", "said"),
    [
        (r"A $\undefinedthing{x}$ here.", "undefinedthing"),
        (r"A \undefinedthing{x} here.", "undefinedthing"),
        (r"\begin{tikzpicture}\draw (0,0);\end{tikzpicture}", "tikzpicture"),
        (r"Costs 3\$ or \verb|\x|.", "$"),
    ],
)
def test_what_does_not_convert_is_noticed(latex: str, said: str) -> None:
    """An unknown macro, a drawing, or TeX that reaches the page is reported."""
    assert any(said in complaint for complaint in complaints(latex))


def test_macros_are_there_for_both() -> None:
    """Every macro of exgen that a problem may use is there for the page and for converters."""
    page = Path(templates() / "documents" / "macros.tex.j2").read_text(encoding="utf-8")
    defined = [
        set(re.findall(r"\\new(?:command|environment)\{\\?(ex[a-z]+)\}", text))
        for text in (page, macros())
    ]
    assert defined[0] == defined[1]
