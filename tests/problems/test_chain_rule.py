"""Chain-rule blanks: every line is a valid chain, and every blank has one filling."""

from __future__ import annotations

from itertools import pairwise

import pytest

from exgen.certify.arrows import separates
from exgen.certify.chains import fillings
from exgen.errors import KindError
from exgen.problems import KINDS
from exgen.problems.chains import slots, spine, unseen
from exgen.seeds import Stream
from tests.problems.setting import (
    DEEP,
    NETWORKS,
    NOTATIONS,
    SKIP,
    TWO_LAYERS,
    graph_of,
    piece,
    solved,
)


def test_the_spine_of_a_network() -> None:
    """It holds the vectors through which every path goes, and passes a skip by."""
    assert spine(graph_of(TWO_LAYERS)) == ["x", "x_B", "z1", "a1", "a1_B", "z2", "a2"]
    assert spine(graph_of(DEEP)) == ["x", "z1", "a1", "z2", "a2", "z3"]
    assert spine(graph_of(SKIP)) == ["x", "s", "z2", "a2", "z3"]


@pytest.mark.parametrize("text", NETWORKS, ids=["two layers", "deep", "skip"])
@pytest.mark.parametrize("notation", NOTATIONS)
def test_draws(text: str, notation: str) -> None:
    """Blanks are asked, never more than wanted, and only one name fits each."""
    graph = graph_of(text)
    for seed in range(4):
        for blanks in (1, 3, 5):
            options = {"blanks": blanks}
            draws = KINDS["chain_rule"].sample(graph, options, Stream(seed, "test"))
            solution = solved("chain_rule", text, seed, notation, **options)
            assert [answer.name for answer in solution.answers] == draws["hide"]
            assert 1 <= len(draws["hide"]) <= blanks
            for number, line in enumerate(draws["lines"]):
                mine = {hide[2:] for hide in draws["hide"] if hide.startswith(f"{number}.")}
                assert fillings(graph, tuple(line), unseen(line, mine)) == 1
                assert all(separates(graph, a, b, "L") for a, b in pairwise(line))


def test_each_line_has_a_blank() -> None:
    """With enough blanks wanted, no line stands there filled in."""
    for seed in range(20):
        draws = KINDS["chain_rule"].sample(graph_of(TWO_LAYERS), {"blanks": 3}, Stream(seed))
        assert {hide[0] for hide in draws["hide"]} == {"0", "1"}


def test_the_second_line_is_one_stage_further_in() -> None:
    """Two lines are drawn that together make a longer chain."""
    for seed in range(20):
        draws = KINDS["chain_rule"].sample(graph_of(DEEP), {}, Stream(seed))
        first, second = draws["lines"]
        assert second[1] == first[0]


def test_seeds_vary_lines_and_blanks() -> None:
    """Different seeds hide different places of different lines."""
    graph = graph_of(TWO_LAYERS)
    drawn = [KINDS["chain_rule"].sample(graph, {}, Stream(seed)) for seed in range(30)]
    assert len({str(draws["lines"]) for draws in drawn}) >= 3
    assert len({str(draws["hide"]) for draws in drawn}) >= 10


def test_places() -> None:
    """A line has a place for the variable, and two for each stage between."""
    assert slots(["z1", "a1", "L"]) == {"left.by": 0, "0.by": 0, "0.of": 1, "1.by": 1}
    assert unseen(["z1", "a1", "L"], {"0.of"}) == ()
    assert unseen(["z1", "a1", "L"], {"0.of", "1.by"}) == (1,)


@pytest.mark.parametrize(
    ("notation", "line"),
    [
        ("aml5202", [r"\mathbf{z}^{[1]}}(\mathbf{a}", r"\mathbf{a}^{[1]}}(L)"]),
        ("numerator", [r"\partial L}{\partial \mathbf{a}^{(1)}", r"{\partial \mathbf{z}^{(1)}}"]),
    ],
)
def test_the_order_of_the_factors(notation: str, line: list[str]) -> None:
    """Denominator layout reads from the inside out, numerator layout from the outside in."""
    options = {"lines": [["z1", "a1", "L"]], "hide": ["0.left.by"]}
    solution = solved("chain_rule", DEEP, 1, notation, **options)
    right = piece(solution, "chains")["chains"][0]["right"].tex
    first, second = (right.index(piece) for piece in line)
    assert first < second


@pytest.mark.parametrize(
    "lines",
    [[["x", "z2", "L"]], [["a1", "z1", "L"]], [["L"]], [["x", "L"]], [["x", "s", "L", "z2"]]],
)
def test_lines_that_are_no_chain(lines: list[list[str]]) -> None:
    """A chain that jumps, runs backwards or ends elsewhere is refused."""
    with pytest.raises(KindError):
        solved("chain_rule", SKIP, 1, lines=lines)


def test_one_path_of_a_skip_is_no_chain() -> None:
    """Along one of two paths the product is only a part of the gradient."""
    with pytest.raises(KindError, match="no single product"):
        solved("chain_rule", SKIP, 1, lines=[["x", "z1", "a1", "s", "L"]])
