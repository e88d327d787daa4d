"""Statements in the terminal: what the page says, without what only a page needs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from exgen import resources
from exgen.banks import bank_names
from exgen.pipeline import build, load
from exgen.render.plain import MACROS, _plain, statements
from exgen.render.tex import problem_bodies
from exgen.render.words import in_words
from exgen.report import set_text
from tests.cases import rows_in

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("tex", "shown"),
    rows_in("render/one_line.txt"),
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
        with_arguments = set(re.findall(r"\\(ex[a-z]+)(?=[\[{])", in_words(body)))
        assert with_arguments <= MACROS.keys(), with_arguments - MACROS.keys()


NEURON = '''
title = "One neuron"
course = "C"
notation = "section3"
[networks.n]
text = """
w_0: param
x_0: input
w_1: param
f = 1 / (1 + exp(-(w_0 * x_0 + w_1)))
"""
[[problems]]
id = "p"
kind = "circuit"
network = "n"
digits = 2
draw.w_0 = [2]
draw.x_0 = [-1]
draw.w_1 = [1]
draw.upstream = [1]
'''


def test_a_circuit_in_words_has_its_values(tmp_path: Path) -> None:
    """Whoever has no picture is told what stands on the wires, and the brackets of a fraction."""
    (tmp_path / "b.toml").write_text(NEURON)
    (shown,) = statements(build(*load(str(tmp_path / "b.toml"), None), 1))
    text = " ".join(shown.split())
    assert "w0 = 2.00 and x0 = -1.00 into times: u1 = -2.00" in text
    assert "into times -1: " in text
    assert "f = 1/(1 + exp(-(w_0" in text


def test_numbers_that_were_asked_for_are_shown() -> None:
    """Not only the name of a gradient: its value, as the key rounds it."""
    made = build(*load("1", None), 2)
    text = set_text(made, statements(made))
    values = re.findall(r"grad:\w+ +derivative\(\w+, \w+\) = (-?[0-9.]+)  ", text)
    circuits = [p for p in made.problems if p.kind == "circuit"]
    asked = [a for p in circuits for a in p.answers if a.name.startswith("grad:")]
    assert values == [str(a.latex.tex) for a in asked if a.expr != a.latex.tex]
    assert values
