"""Missing shapes: a blank is asked only where the rest of the sheet determines it."""

from __future__ import annotations

import pytest

from exgen.errors import KindError
from exgen.problems import KINDS
from exgen.problems.boxes import Slot, blanks_in, determined, shown_names, slots
from exgen.problems.wording import counted
from exgen.seeds import Stream
from tests.problems.setting import DEEP, NETWORKS, NOTATIONS, TWO_LAYERS, graph_of, solved


def test_places() -> None:
    """Every box and every brace has a place, in reading order; the loss has none."""
    labels = [slot.label for slot in slots(graph_of(TWO_LAYERS))]
    assert labels == [
        *("x_B", "z1", "z1.W1", "z1.x_B", "a1", "a1.z1"),
        *("a1_B", "z2", "z2.W2", "z2.a1_B", "a2", "a2.z2"),
    ]


@pytest.mark.parametrize("text", NETWORKS, ids=["two layers", "deep", "skip"])
@pytest.mark.parametrize("notation", NOTATIONS)
def test_draws(text: str, notation: str) -> None:
    """Some shapes are hidden, never more than wanted, and each follows from what is left."""
    graph = graph_of(text)
    by_label = {slot.label: slot for slot in slots(graph)}
    for seed in range(4):
        for blanks in (1, 3, 5):
            solution = solved("missing_shapes", text, seed, notation, blanks=blanks)
            hidden = tuple(by_label[answer.name] for answer in solution.answers)
            assert 1 <= len(hidden) <= blanks
            assert determined(graph, hidden)
            sizes = sum(len(answer.latex.tex.split(r"\times")) for answer in solution.answers)
            assert blanks_in(graph, [slot.label for slot in hidden]) == counted(
                sizes, "missing size"
            )


def test_weights_come_first() -> None:
    """What a reader has to work out is rather a weight than a copy of a size."""
    for seed in range(10):
        graph = graph_of(TWO_LAYERS)
        draws = KINDS["missing_shapes"].sample(graph, {"blanks": 2}, Stream(seed))
        assert sorted(draws["hide"]) == ["z1.W1", "z2.W2"]


def test_no_blank_is_a_copy() -> None:
    """A name is hidden in all of its places, and no size that the problem's text gives is asked."""
    graph = graph_of(TWO_LAYERS)
    every = slots(graph)
    for seed in range(20):
        draws = KINDS["missing_shapes"].sample(graph, {"blanks": 5}, Stream(seed))
        hidden = [slot for slot in every if slot.label in draws["hide"]]
        assert len(hidden) == 5
        names = {slot.name for slot in hidden}
        assert hidden == [slot for slot in every if slot.name in names]
    deep = KINDS["missing_shapes"].sample(graph_of(DEEP), {"blanks": 9}, Stream(1))
    assert "z1.x" not in deep["hide"]


def test_what_can_be_read_off_the_sheet() -> None:
    """A name counts as shown while one of its places is, and so does data."""
    graph = graph_of(TWO_LAYERS)
    assert "a1_B" in shown_names(graph, (Slot("z2", "a1_B"),))
    assert "a1_B" not in shown_names(graph, (Slot("z2", "a1_B"), Slot("a1_B", "a1_B")))
    assert {"x", "y"} <= set(shown_names(graph, slots(graph)))


def test_everything_hidden_does_not_follow() -> None:
    """With every box and brace empty the hidden sizes are anybody's guess."""
    graph = graph_of(TWO_LAYERS)
    assert not determined(graph, slots(graph))
    labels = [slot.label for slot in slots(graph)]
    with pytest.raises(KindError, match="do not follow"):
        KINDS["missing_shapes"].sample(graph, {"hide": labels}, Stream(1))


def test_the_bias_of_a_line() -> None:
    """A line with a bias has a brace under every operand."""
    labels = [slot.label for slot in slots(graph_of(DEEP))]
    assert labels[:4] == ["z1", "z1.W1", "z1.x", "z1.b1"]


def test_what_the_bank_names_is_hidden() -> None:
    """``hide`` is kept as it stands."""
    solution = solved("missing_shapes", TWO_LAYERS, 1, hide=["z1.W1", "a1"])
    assert {answer.name: answer.shape for answer in solution.answers} == {
        "z1.W1": graph_of(TWO_LAYERS).shapes["W1"],
        "a1": graph_of(TWO_LAYERS).shapes["a1"],
    }


def test_a_network_without_products() -> None:
    """A network whose lines have no operands with shapes has nothing to hide."""
    with pytest.raises(KindError, match="no product or function"):
        solved("missing_shapes", "x: input[3]\ny: target[3]\nL = squared_error(x, y)", 1)
