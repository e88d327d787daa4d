"""Sentences chosen from a network: what they state is held against the network itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from exgen.derive.notation import load_notation
from exgen.problems.base import Setting
from exgen.problems.wording import (
    batch_axes,
    counted,
    data_sentence,
    has_several_examples,
    is_classifier,
    output_range,
    shape_words,
    what_runs,
)
from exgen.resources import notations
from tests.cases import TESTS, Case, cases_in, read_cases
from tests.problems.drawn import network

if TYPE_CHECKING:
    from exgen.graph import Graph

CASES = cases_in("problems/wording")
NETWORKS = {
    case.title: case.given for case in read_cases(TESTS / "problems" / "wording" / "sentences.md")
}
ENTRIES = re.compile(r"vector with \$([^$]*)\$ entries")
DATA = ("input", "target", "onehot")


def said_of(graph: Graph) -> str:
    """Return what a sheet says of a network in two sentences."""
    printer = Setting(graph, load_notation("base", notations()), None).printer
    return f"{what_runs(graph)}. {data_sentence(graph, printer)}"


@pytest.mark.parametrize("case", CASES)
def test_words(case: Case) -> None:
    """What a sheet says, word for word."""
    assert said_of(network(case.given)).split() == case.expected.split()


@pytest.mark.parametrize("case", CASES)
def test_what_is_said_is_true(case: Case) -> None:
    """Sizes, rows and columns, examples and classes are those of the network."""
    graph = network(case.given)
    text = said_of(graph)
    data = [leaf for leaf in graph.leaves if leaf.role in DATA]
    for count in ENTRIES.findall(text):
        assert any(count in (str(dim) for dim in leaf.shape) for leaf in data)
        assert r"\times" not in count
        assert count != "1"
    hot = any(leaf.role == "onehot" for leaf in graph.leaves)
    assert ("classifier" in text) == ("one-hot" in text) == hot
    batch = "batch" in case.title
    assert ("a batch of" in text) == batch == has_several_examples(graph)
    assert ("one example at a time" in text) == (not batch and "pooling" not in case.title)
    lines = {"row" if axis == 0 else "column" for axis in batch_axes(graph).values()}
    for line in ("row", "column"):
        assert (f"{line} for each example" in text) == (batch and line in lines)
    inputs = sum(leaf.role == "input" for leaf in graph.leaves)
    assert text.count("the input") == (inputs == 1)
    assert text.count("an input") == (inputs if inputs > 1 else 0)


@pytest.mark.parametrize(
    ("name", "classes", "reach"),
    [
        ("a classifier", True, "at least 0"),
        ("a regression", False, "at least 0"),
        ("no loss", False, "at least 0"),
        ("pooling", False, "real"),
    ],
)
def test_facts(name: str, classes: bool, reach: str) -> None:  # noqa: FBT001 - what is expected
    """Whether a network tells classes apart, and what its last line can be."""
    graph = network(NETWORKS[name])
    assert is_classifier(graph) == classes
    assert output_range(graph) == reach


def test_counts_and_shapes() -> None:
    """One is singular, a row is no matrix, and a scalar has no entries."""
    assert counted(1, "missing size") == "the missing size"
    assert counted(7, "missing size") == "the 7 missing sizes"
    shapes = network("s: input\nv: input[3]\nr: input[1, 4]\nM: input[2, 4]\nL = s").shapes
    assert [shape_words(shapes[name]) for name in "svrM"] == [
        "a scalar",
        "a vector with $3$ entries",
        "a row vector with $4$ entries",
        r"a matrix of shape $2 \times 4$",
    ]
