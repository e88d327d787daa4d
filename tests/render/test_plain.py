"""Statements in the terminal: what the page says, without what only a page needs."""

from __future__ import annotations

import re

import pytest

from exgen import resources
from exgen.banks import bank_names
from exgen.pipeline import build, load
from exgen.render.plain import MACROS, _plain, statements
from exgen.render.terminal import set_text
from exgen.render.tex import problem_bodies


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"$\frac{1}{1 + \exp(-z)}$", "1/(1 + exp(-z))"),
        (r"$\frac{a + b}{2\,N}$", "(a + b)/(2 N)"),
        (r"$\frac{\partial L}{\partial z_k}$", "∂ L/∂ z_k"),
        (r"$\frac{\partial J}{\partial \hat{y}^{(i)}}$", "∂ J/∂ŷ^(i)"),
        (r"$\frac{\mathrm{d}\ell}{\mathrm{d}z^{(2)}}$", "dℓ/dz^(2)"),
        (r"$\frac{1}{m} L$", "1/m L"),
        (r"$\frac{\frac{a}{b}}{c}$", "(a/b)/c"),
        (r"$\frac{1}{f(a + b)}$", "1/f(a + b)"),
        (r"$\tfrac{x}{-y}$", "x/(-y)"),
        (r"$2^{n + 1} + x^{2}$", "2^(n + 1) + x^2"),
        (r"$e^{-x}$", "e^-x"),
        (r"\exshort[2]{$a =$}{of $b$}{58mm}{14mm}", "- (2 points) a = [ ] of b"),
    ],
)
def test_on_one_line(tex: str, shown: str) -> None:
    """A fraction or a power keeps the brackets that its lines stood for."""
    assert _plain(tex).strip() == shown


@pytest.mark.parametrize("name", bank_names(resources.banks()))
def test_no_trace_of_the_page(name: str) -> None:
    """No length, no point in brackets of TeX, and no macro that is not known here."""
    made = build(*load(name, None), 2)
    for body, text in zip(problem_bodies(made, key=False), statements(made), strict=True):
        assert not re.search(r"[0-9]mm|\\|- \[[0-9.]+\]", text)
        with_arguments = set(re.findall(r"\\(ex[a-z]+)(?=[\[{])", body))
        assert with_arguments <= MACROS.keys(), with_arguments - MACROS.keys()


def test_numbers_that_were_asked_for_are_shown() -> None:
    """Not only the name of a gradient: its value, as the key rounds it."""
    made = build(*load("1", None), 2)
    text = set_text(made, statements(made))
    values = re.findall(r"grad:\w+ +grad_\w+ = (-?[0-9.]+)  ", text)
    circuits = [p for p in made.problems if p.kind == "circuit"]
    asked = [a for p in circuits for a in p.answers if a.name.startswith("grad:")]
    assert values == [str(a.latex.tex) for a in asked if a.expr != a.latex.tex]
    assert values
