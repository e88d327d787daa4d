"""The oracle can disagree: an answer that is made wrong is refused, whatever its sort."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from tests.oracle.needed import needed
from tests.oracle.sets import document, set_names

torch = needed("torch")

from tests.oracle.answers import COMPARED, verdict
from tests.oracle.claims import told
from tests.oracle.comparing import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.oracle


def one_more(answer: Any) -> None:  # noqa: ANN401 - JSON
    """Add 1 to what the answer says."""
    own = answer["expr"]
    answer["expr"] = f"({own}) + 1"
    for side in ("expr", "entry"):
        if told(answer["claim"]).get(side) == own:
            answer["claim"][side] = answer["expr"]


def other_digit(answer: Any) -> None:  # noqa: ANN401
    """Change the first digit that is printed."""
    latex = answer["latex"]["tex"]
    place = next(n for n, sign in enumerate(latex) if sign.isdigit())
    digit = str((int(latex[place]) + 1) % 10)
    answer["latex"]["tex"] = latex[:place] + digit + latex[place + 1 :]


def one_entry_more(answer: Any) -> None:  # noqa: ANN401
    """Take the first of several expressions for a larger one."""
    answer["expr"] = f"1 + {answer['expr']}"


def larger(answer: Any) -> None:  # noqa: ANN401
    """State a shape with a row more."""
    answer["shape"] = [2, 1] if not answer["shape"] else [f"{answer['shape'][0]} + 1", 1]


def other_name(answer: Any) -> None:  # noqa: ANN401
    """Give another name for an answer."""
    answer["expr"] = "W1" if answer["expr"] != "W1" else "x"


def one_less(answer: Any) -> None:  # noqa: ANN401
    """Leave out the last part of a list."""
    sign = ";" if ";" in answer["expr"] else ","
    answer["expr"] = answer["expr"].rpartition(sign)[0]


def other_side(answer: Any) -> None:  # noqa: ANN401
    """Make the first side of a fact much larger."""
    sides = answer["claim"]["conditions"][0]["sides"]
    sides[0] = f"1000 + {sides[0]}"


SPOILT: dict[str, Callable[[Any], None]] = {
    "gradient": one_more,
    "mean of gradients": one_more,
    "jacobian": one_more,
    "derivative by a matrix": one_more,
    "equality": one_more,
    "derivation": one_more,
    "proof": one_more,
    "gradient entry": one_more,
    "gradient in order": one_entry_more,
    "chain": other_name,
    "symbolic grid": one_more,
    "forward": other_digit,
    "gradient value": other_digit,
    "gradient on a wire": other_digit,
    "value on a wire": other_digit,
    "fact": other_side,
    "number": other_digit,
    "shape": larger,
    "shape in a batch": larger,
    "line": one_more,
    "input of a layer": other_name,
    "edges": one_less,
    "bottleneck": one_less,
}
"""For every sort of answer a way to make it wrong."""


@pytest.fixture(scope="module")
def answers() -> list[tuple[Any, Any]]:
    """Every answer of the sets at a few seeds, with its problem."""
    return [
        (problem, answer)
        for set_name in set_names()
        for seed in range(2)
        for problem in document(set_name, seed)["problems"]
        for answer in problem["answers"]
    ]


def judged(problem: Any, answer: Any) -> str:  # noqa: ANN401
    """Return why an answer is refused; empty where it is not."""
    return verdict(Problem(problem, torch.Generator().manual_seed(1)), answer).reason


@pytest.mark.parametrize("sort", COMPARED)
def test_a_wrong_answer_is_refused(sort: str, answers: list[tuple[Any, Any]]) -> None:
    """An answer of this sort that was made wrong is found, each time."""
    own = [pair for pair in answers if pair[1]["claim"]["claim"] == sort]
    assert own
    for problem, answer in own:
        spoilt = deepcopy(answer)
        SPOILT[sort](spoilt)
        assert not judged(problem, answer)
        assert judged(problem, spoilt), f"{problem['name']}, {answer['name']}: {spoilt['expr']}"


def test_a_shape_is_refused_where_an_expression_is_right(answers: list[tuple[Any, Any]]) -> None:
    """A right gradient beside a wrong shape is found."""
    sorts = ("gradient", "mean of gradients", "jacobian")
    for problem, answer in answers:
        if answer["claim"]["claim"] in sorts and answer["shape"] is not None:
            spoilt = deepcopy(answer)
            larger(spoilt)
            assert "shape" in judged(problem, spoilt)


def test_a_new_sort_of_answer_is_refused(answers: list[tuple[Any, Any]]) -> None:
    """An answer that is neither compared nor in the table of what is not is a disagreement."""
    problem, answer = deepcopy(answers[0])
    answer["claim"]["claim"] = "a new sort"
    assert "neither compared nor excused" in judged(problem, answer)
