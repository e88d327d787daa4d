"""What a sheet says in words of the network at hand: kinds and odd networks, held against facts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from exgen.derive.notation import load_notation
from exgen.errors import ExgenError
from exgen.pipeline import build, load
from exgen.problems.base import Setting
from exgen.problems.wording import (
    batch_axes,
    counted,
    has_several_examples,
    is_classifier,
    output_range,
    what_runs,
)
from exgen.render.tex import problem_bodies
from exgen.resources import notations
from tests.cases import TESTS, Case, cases_in, read_cases
from tests.problems.drawn import network

if TYPE_CHECKING:
    from pathlib import Path

    from exgen.graph import Graph

CASES = cases_in("problems/wording")
NETWORKS = {
    case.title: case.given for case in read_cases(TESTS / "problems" / "wording" / "sentences.md")
}
KINDS = (
    "missing_shapes",
    "shape_table",
    "parameter_gradients",
    "loss_derivative",
    "local_jacobian",
    "scalar_graph",
    "draw_graph",
    "vectorise_backward",
)
LEAST = {"missing_shapes": 10, "parameter_gradients": 9, "draw_graph": 10, "local_jacobian": 6}
"""How many of the networks a kind must at least be asked about."""
REFUSED = 2
WORKINGS = re.compile(
    r"read back|SymPy|float64|no machine|reverse mode|\bseed\b|derivative by|gradient by|∗|\bNone\b"
)
SLOGANS = re.compile(r"passes the (upstream )?gradient|survives|acts on each entry alone")


@pytest.mark.parametrize("case", CASES)
def test_words(case: Case) -> None:
    """What a sheet says of the examples of a network, word for word."""
    graph = network(case.given)
    printer = Setting(graph, load_notation("base", notations()), None).printer
    assert what_runs(graph, printer) == case.expected


@pytest.mark.parametrize("title", NETWORKS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_said_is_true(kind: str, title: str, tmp_path: Path) -> None:
    """Sizes, rows and columns, examples, classes and diagonals are those of the network."""
    bodies = printed(kind, NETWORKS[title], tmp_path)
    if bodies is None:
        pytest.skip("the kind does not ask about this network")
    graph = network(NETWORKS[title])
    sizes = {str(dim) for shape in graph.shapes.values() for dim in shape}
    hot = any(leaf.role == "onehot" for leaf in graph.leaves)
    batch = has_several_examples(graph)
    assert batch == ("batch" in title)
    for text in bodies:
        for count in re.findall(r"vectors? with \$([^$]*)\$ entries", text):
            assert count.replace("{", "").replace("}", "") in sizes - {"1"}
        if re.search(r"\bclassifier\b|one-hot", text):
            assert hot
        if "one example at a time" in text:
            assert not batch
        if "a batch of" in text:
            assert batch
        axes = set(batch_axes(graph).values())
        if batch:
            for line, other in (("row", 1), ("column", 0)):
                if f"one in each {line}" in text:
                    assert other not in axes
        if "diagonal" in text:
            assert r"\operatorname{diag}" in text or r"\mathbf{I}_" in text
        assert not re.search(r"\bthe 1 |\b1 (sizes|names|blanks|entries|examples)\b", text)
        assert not WORKINGS.search(text)
        assert not SLOGANS.search(text)


@pytest.mark.parametrize("kind", LEAST)
def test_odd_networks_are_asked_about(kind: str, tmp_path: Path) -> None:
    """The test above is not passed by refusing everything."""
    asked = [printed(kind, text, tmp_path) is not None for text in NETWORKS.values()]
    assert sum(asked) >= LEAST[kind]


def printed(kind: str, text: str, folder: Path) -> list[str] | None:
    """Return sheet and key of one problem; None where the kind cannot ask about the network."""
    bank = folder / "bank.toml"
    bank.write_text(
        'title = "T"\ncourse = "C"\nnotation = "base"\n[networks.n]\n'
        f'text = """\n{text}\n"""\n[[problems]]\nid = "p"\nkind = "{kind}"\nnetwork = "n"\n'
        "points = 4\n"
    )
    try:
        made = build(*load(str(bank), None), 1)
    except ExgenError as error:
        if error.exit_code == REFUSED:
            return None
        raise
    return [problem_bodies(made, key=key)[0] for key in (False, True)]


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
    graph: Graph = network(NETWORKS[name])
    assert is_classifier(graph) == classes
    assert output_range(graph) == reach


def test_counts() -> None:
    """One is singular."""
    assert counted(1, "missing size") == "the missing size"
    assert counted(7, "missing size") == "the 7 missing sizes"
