"""Worked steps that kinds share: what is said once, and how parts are listed."""

from __future__ import annotations

from dataclasses import replace

from exgen.document import Step, Tex
from exgen.problems.base import Solved
from exgen.problems.steps import SAME, listed, said_once


def test_a_sentence_is_said_once() -> None:
    """A later step has only what is new, or points at the step before; none stays none.

    What was said further up is said again: "the same rule" would be taken for another.
    """
    whys: tuple[str | Tex, ...] = (
        "A is 1. B is 2.",
        Tex("B is 2. C is $3$."),
        "B is 2.",
        "A is 1.",
        "",
    )
    answers = tuple(
        Solved(str(n), Tex("x"), None, "x", (Step("rule", Tex("x"), why),), None)
        for n, why in enumerate(whys)
    )
    told = [answer.steps[0].why for answer in said_once(answers)]
    assert told == ["A is 1. B is 2.", Tex("C is $3$."), SAME, "A is 1.", ""]
    told = [answer.steps[0].why for answer in said_once(answers, {"0": 0, "1": 1, "2": 2, "3": 3})]
    assert told[2:] == ["As in part (a).", "As in part (a).", ""]
    answers = (*answers, replace(answers[1], name="5"))
    told = [answer.steps[0].why for answer in said_once(answers, {str(n): n for n in range(6)})]
    assert told[-1] == Tex("As in parts (a) and (b).")


def test_lists() -> None:
    """One part, two, and more."""
    assert [listed(["a", "b", "c"][:count]) for count in (1, 2, 3)] == [
        "a",
        "a and b",
        "a, b and c",
    ]
