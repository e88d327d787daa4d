"""Concept questions: the facts are proven and can fail, the rubric is one, variants are drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exgen.asks.preset import bottlenecks
from exgen.certify.arrows import BEHIND, ArrowsClaim
from exgen.certify.prove import prove
from exgen.errors import CertificateError, KindError
from exgen.presets.concept import KIND
from tests.problems.drawn import draw, network, solve

LAYERS = network(
    "x: input[D]\nW1: param[H, D]\nW2: param[K, H]\nz1 = W1 @ x\na1 = relu(z1)\n"
    "z2 = W2 @ a1\nyhat = sigmoid(z2)"
)
UNITS = network(
    "x1: input\nx2: input\nw1: param\nw2: param\nw3: param\nw4: param\nw5: param\nw6: param\n"
    "w7: param\nw8: param\nh1 = relu(w1 * x1 + w2 * x2)\nh2 = relu(w3 * x1 + w4 * x2)\n"
    "h3 = relu(w5 * h1 + w6 * h2)\nh4 = relu(w7 * h1 + w8 * h2)\nL = h3 * h4"
)
SOFTMAX = network("z: input[K]\np = softmax(z)")
NUMBER = network("x: input[3]\ny = sum(x)")
WEIGHTED = network("x: input[3]\nw: param[3]\ny = w.T @ x")
CHANCE = network("x: input[3]\nw: param[3]\nt = sigmoid(w.T @ x)")
ANGLE = network("x: input[3]\nw: param[3]\ny = tanh(w.T @ x)")
POSITIVE = network("x: input[3]\nw: param[3]\ny = relu(w.T @ x)")
GRAPHS: dict[str, Any] = {
    "activations": LAYERS,
    "shared_factor": UNITS,
    "loss": NUMBER,
    "overflow": SOFTMAX,
    "falling_loss": SOFTMAX,
}
VARIANTS = {"activations": 4, "shared_factor": 2, "loss": 5, "overflow": 20, "falling_loss": 4}
FACTS = {"activations": 2, "shared_factor": 1, "loss": 1, "overflow": 4, "falling_loss": 4}
LABELS = {"defect", "rain", "spam", "forgery", "tumour", "cancelled"}
AMOUNTS = {"age", "price", "weight", "distance", "hours"}
TASKS = LABELS | AMOUNTS | {"temperature"}


@pytest.mark.parametrize("topic", sorted(GRAPHS))
def test_facts_are_proven_and_variants_drawn(topic: str) -> None:
    """One answer is a rubric, every other is proven, and a topic has several variants."""
    drawn = []
    for seed in range(100):
        draws = draw(KIND, GRAPHS[topic], seed, topic=topic)
        if draws not in drawn:
            drawn.append(draws)
    assert draw(KIND, GRAPHS[topic], 0, topic=topic) == drawn[0]
    assert len(drawn) >= VARIANTS[topic]
    for draws in drawn[:6]:
        solution, answers = solve(KIND, GRAPHS[topic], draws)
        assert [a.name for a in solution.answers if a.claim is None] == ["rubric"]
        assert len(answers) == 1 + FACTS[topic]


def test_what_stands_behind_a_hidden_unit() -> None:
    """h2 is the way of w3 and w4 to the loss, h1 that of w1 and w2."""
    assert bottlenecks(UNITS) == {"h1": ("w1", "w2"), "h2": ("w3", "w4")}


@pytest.mark.parametrize("through", [("w3",), ("w3", "w4", "w5"), ("w1", "w2")])
def test_a_wrong_bottleneck_is_refused(through: tuple[str, ...]) -> None:
    """A weight too few, one too many, and those of the other unit are not certified."""
    claim = ArrowsClaim(UNITS, BEHIND, ("w3", "w4"), "h2")
    prove(claim)
    with pytest.raises(CertificateError):
        prove(replace(claim, found=through))


@pytest.mark.parametrize(
    ("graph", "tasks"),
    [(NUMBER, TASKS), (WEIGHTED, TASKS), (CHANCE, LABELS), (POSITIVE, AMOUNTS)],
)
def test_a_loss_fits_the_range_of_the_output(graph: Any, tasks: set[str]) -> None:  # noqa: ANN401
    """No sheet calls the output of a sigmoid any real number, or asks it for a temperature."""
    drawn = [draw(KIND, graph, seed, topic="loss") for seed in range(150)]
    assert {draws["task"] for draws in drawn} == tasks
    for draws in drawn[:6]:
        _, answers = solve(KIND, graph, draws)
        assert graph.loss in answers["rubric.1"].latex.tex


@pytest.mark.parametrize(
    ("graph", "options", "message"),
    [
        (SOFTMAX, {"topic": "activations"}, "no line that is a relu"),
        (LAYERS, {"topic": "overflow"}, "no line that is a softmax"),
        (SOFTMAX, {"topic": "shared_factor"}, "no node fits"),
        (UNITS, {"topic": "shared_factor", "node": "h3"}, "no node 'h3'"),
        (NUMBER, {"topic": "loss", "task": "weather"}, "no task"),
        (ANGLE, {"topic": "loss"}, "no task fits"),
        (LAYERS, {"topic": "loss"}, "no task fits"),
        (CHANCE, {"topic": "loss", "task": "age"}, "no task 'age'"),
        (SOFTMAX, {"topic": "softmax"}, "no topic"),
        (SOFTMAX, {}, "needs a 'topic'"),
    ],
)
def test_what_it_needs(graph: Any, options: dict[str, Any], message: str) -> None:  # noqa: ANN401
    """A network that a topic cannot speak about is refused with what is needed."""
    with pytest.raises(KindError, match=message) as caught:
        draw(KIND, graph, 1, **options)
    assert caught.value.remedy
