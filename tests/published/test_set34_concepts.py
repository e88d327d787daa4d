"""The concept questions of documents 001 and 002: what their keys must say."""

from __future__ import annotations

import json

import pytest

from exgen.manifest import manifest_bytes
from exgen.render.tex import render_tex
from tests.published.made import key, latex, problem, published
from tests.sheets import solved_again

SET = "set34_concepts"


def test_relu_inside_and_sigmoid_outside() -> None:
    """1.3c of 001: the slope of a sigmoid is at most 1/4, so many of them shrink a gradient.

    Erratum: the document lets sigmoids also make gradients explode; with slopes of at most 1/4
    they alone can only shrink them.
    """
    assert latex(SET, "activations", "rubric.1").endswith(r"\le 0.25")
    assert latex(SET, "activations", "rubric.2") == "1048576"
    assert r"$4^{10} = \exanswer{1048576}$" in key(SET, "activations")
    text = key(SET, "activations")
    assert "can only shrink it" in text
    assert r"\explot{sigmoid}" in text
    assert r"\draw[exkey, thick]" in text


def test_why_a_hidden_gradient_is_computed() -> None:
    """1.1.3c of 002: w3 and w4 reach the loss only through h2, which feeds h3 and h4."""
    assert problem(SET, "shared").answer("rubric.1").expr == "w_3, w_4"
    methods = [part.method for part in problem(SET, "shared").answer("rubric.1").certificate]
    assert methods == ["reading the expressions", "moving each quantity", "read back"]
    text = key(SET, "shared")
    assert r"$h_{3}$ and $h_{4}$" in text
    assert r"\begin{tikzpicture}" in text
    assert "m_{3}" not in text


@pytest.mark.parametrize(("which", "points"), [("activations", 5), ("shared", 3)])
def test_the_manifest_holds_the_rubric(which: str, points: int) -> None:
    """Each point stands there in words, names its facts, and comes back from the manifest."""
    made = published(SET)
    stored = json.loads(manifest_bytes(made, {}))["set"]
    (data,) = (part for part in stored["problems"] if part["name"] == which)
    (rubric,) = (answer for answer in data["answers"] if answer["sort"] == "rubric")
    texts = [step["why"]["tex"] for step in rubric["steps"]]
    assert len(texts) == points
    assert all(text.endswith(".") and "exgenask" not in text for text in texts)
    facts = [name for step in rubric["steps"] for name in step["rule"].split(", ") if name]
    assert facts == [a["name"] for a in data["answers"] if a["sort"] != "rubric"]
    assert all(problem(SET, which).answer(name).certificate for name in facts)
    assert render_tex(solved_again(made)) == render_tex(made)


def test_rubrics_say_so() -> None:
    """A rubric has no certificate, and its key is addressed to the grader."""
    for which in ("activations", "shared"):
        assert problem(SET, which).answer("rubric").is_rubric
        assert "For the grader: give the points in brackets for each" in key(SET, which)
        assert (
            sum(problem(SET, which).answer("rubric").points)
            == {
                "activations": 7,
                "shared": 3,
            }[which]
        )
