r"""The form in which a textbook prints a gradient: one network, one leaf, several notations.

Each case is a network and then lines: ``w: 2 * x`` is what ``exgen derive`` says of the leaf w, and
``w in base: 2\,x`` what it prints in a notation. Everything is proven, and read back.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from exgen.certify.points import trial_points, with_numbers
from exgen.derivation import Derivation, derive
from exgen.derive.notation import load_notation
from exgen.engine import evaluate, gradients
from exgen.errors import Source
from exgen.graph import Dim, substitute_sizes
from exgen.language import read_network
from exgen.readback.pages import read_expression
from exgen.readback.vocabulary import vocabulary
from exgen.resources import notations
from tests.cases import Case, cases_in

FEWEST = 40


@cache
def derived(text: str, notation: str) -> Derivation:
    """Derive the gradients of a network in a notation."""
    return derive(Source("net", text), load_notation(notation, notations()))


def line(text: str, wanted: str) -> str:
    """Return what a network gives for a line of the expected text."""
    leaf, _, notation = wanted.partition(":")[0].partition(" in ")
    found = derived(text, notation or "base")
    gradient = next(part for part in found.gradients if part.name == leaf)
    said = f"{leaf} in {notation}: {gradient.latex}" if notation else f"{leaf}: {gradient.expr}"
    assert gradient.certificate
    return said


@pytest.mark.parametrize("case", cases_in("derive/forms"))
def test_form(case: Case) -> None:
    """The gradient is printed as a textbook does."""
    found = [line(case.given, wanted) for wanted in case.expected.splitlines()]
    assert "\n".join(found) == case.expected


@pytest.mark.parametrize("case", cases_in("derive/forms"))
def test_form_is_read_back(case: Case) -> None:
    """What is printed means the gradient to a reader who knows the notation and nothing else."""
    graph = read_network(Source("net", case.given))
    sized = with_numbers(graph)
    sizes = {
        name: Dim(found.constant)
        for leaf, numbers in zip(graph.leaves, sized.leaves, strict=True)
        for dim, found in zip(leaf.shape, numbers.shape, strict=True)
        for name in dim.names
    }
    for wanted in case.expected.splitlines():
        head, _, latex = wanted.partition(": ")
        leaf, _, name = head.partition(" in ")
        if not name:
            continue
        notation = load_notation(name, notations())
        turned = notation.layout == "numerator"
        shape = graph.shapes[leaf][::-1] if turned else graph.shapes[leaf]
        known = vocabulary(graph, notation, layout=notation.layout)
        expr = substitute_sizes(read_expression(latex, known, shape).expr, sizes)
        for values in trial_points(sized, 1):
            expected = gradients(sized, values)[leaf]
            found = evaluate(expr, values)
            np.testing.assert_allclose(found.T if turned else found, expected, rtol=1e-8)


def test_there_are_cases() -> None:
    """The folder is read."""
    assert len(cases_in("derive/forms")) >= FEWEST
