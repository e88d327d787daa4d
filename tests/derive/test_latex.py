"""Expressions as LaTeX: what each notation prints."""

from __future__ import annotations

import pytest

from exgen.derive.latex import Printer
from exgen.derive.notation import load_notation
from exgen.errors import Source
from exgen.language import read_network
from exgen.resources import notations
from tests.cases import Case, cases_in


@pytest.mark.parametrize("case", cases_in("derive/latex"))
def test_printed(case: Case) -> None:
    """An expression prints as the course writes it, with the brackets it needs and no others."""
    notation, *leaves, last = case.given.splitlines()
    text = "\n".join([*leaves, f"printed = {last}"])
    graph = read_network(Source(case.title, text), scalar_loss=False)
    printer = Printer(load_notation(notation, notations()), graph.shapes, graph.loss)
    assert printer(graph.bindings[-1].expr) == case.expected
