"""Concept questions: the facts are proven and can fail, the rubric is one, variants are drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exgen.certify.facts import FACTS, BottleneckClaim, FactClaim
from exgen.certify.prove import prove
from exgen.errors import CertificateError, KindError
from exgen.problems.concept import KIND, TASKS, TOPICS, bottlenecks
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


@pytest.mark.parametrize("topic", sorted(TOPICS))
def test_facts_are_proven_and_variants_drawn(topic: str) -> None:
    """One answer is a rubric, every other is proven, and a topic has several variants."""
    drawn = []
    for seed in range(100):
        draws = draw(KIND, GRAPHS[topic], seed, topic=topic)
        assert draw(KIND, GRAPHS[topic], seed, topic=topic) == draws
        if draws not in drawn:
            drawn.append(draws)
    assert len(drawn) >= VARIANTS[topic]
    for draws in drawn[:6]:
        solution, answers = solve(KIND, GRAPHS[topic], draws)
        assert [a.name for a in solution.answers if a.claim is None] == ["answer"]
        assert solution.fields["facts"] == [name for name in answers if name != "answer"]


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("steepest sigmoid", (0.3,)),
        ("shrinking sigmoids", (5.0, 0.001)),
        ("overflow", (700.0,)),
        ("shifted softmax", (1000.0, 999.0, 0.5, 0.5)),
        ("minus log", (0.99, 1.0)),
    ],
)
def test_a_false_fact_is_refused(name: str, numbers: tuple[float, ...]) -> None:
    """A fact with a wrong number is not certified: exp(700) fits in a float64."""
    with pytest.raises(CertificateError):
        prove(FactClaim(name, numbers))


def test_true_facts() -> None:
    """The facts of the reference hold: 1/4, exp(1000), -log 0.99 near 0.01, 0.99 not large."""
    prove(FactClaim("steepest sigmoid", (0.25,)))
    prove(FactClaim("overflow", (1000.0,)))
    prove(FactClaim("minus log", (0.99, 0.01)))
    prove(FactClaim("falling loss"))
    assert set(FACTS) == {
        "steepest sigmoid",
        "shrinking sigmoids",
        "overflow",
        "shifted softmax",
        "minus log",
        "falling loss",
    }


def test_what_stands_behind_a_hidden_unit() -> None:
    """h2 is the way of w3 and w4 to the loss, h1 that of w1 and w2."""
    assert bottlenecks(UNITS) == {"h1": ("w1", "w2"), "h2": ("w3", "w4")}


@pytest.mark.parametrize("through", [("w3",), ("w3", "w4", "w5"), ("w1", "w2")])
def test_a_wrong_bottleneck_is_refused(through: tuple[str, ...]) -> None:
    """A weight too few, one too many, and those of the other unit are not certified."""
    params = [f"w{n}" for n in range(1, 9)]
    besides = tuple(name for name in params if name not in ("w3", "w4"))
    claim = BottleneckClaim(UNITS, "h2", ("w3", "w4"), besides)
    prove(claim)
    rest = tuple(name for name in params if name not in through)
    with pytest.raises(CertificateError):
        prove(replace(claim, through=through, besides=rest))


@pytest.mark.parametrize(
    ("graph", "reach", "tasks"),
    [
        (NUMBER, "unknown", set(TASKS)),
        (WEIGHTED, "real", set(TASKS)),
        (CHANCE, "probability", {name for name, sort in TASKS.items() if sort == "binary"}),
        (POSITIVE, "at least 0", {"age", "price", "weight", "distance", "hours"}),
    ],
)
def test_a_loss_fits_the_range_of_the_output(graph: Any, reach: str, tasks: set[str]) -> None:  # noqa: ANN401
    """No sheet calls the output of a sigmoid any real number, or asks it for a temperature."""
    drawn = [draw(KIND, graph, seed, topic="loss") for seed in range(150)]
    assert {draws["task"] for draws in drawn} == tasks
    for draws in drawn[:6]:
        solution, answers = solve(KIND, graph, draws)
        assert solution.fields["reach"] == reach
        assert str(solution.fields["output"]) in answers["slope"].latex.tex
        if reach == "probability":
            assert solution.fields["probability"] is None
            assert solution.fields["target"] != solution.fields["output"]


@pytest.mark.parametrize(
    ("graph", "options", "message"),
    [
        (SOFTMAX, {"topic": "activations"}, "no ReLU"),
        (LAYERS, {"topic": "overflow"}, "no softmax"),
        (LAYERS, {"topic": "loss"}, "not one number"),
        (SOFTMAX, {"topic": "shared_factor"}, "used twice"),
        (UNITS, {"topic": "shared_factor", "node": "h3"}, "no such value"),
        (NUMBER, {"topic": "loss", "task": "weather"}, "no task"),
        (ANGLE, {"topic": "loss"}, "fits no task"),
        (CHANCE, {"topic": "loss", "task": "age"}, "its range is probability"),
        (SOFTMAX, {"topic": "softmax"}, "no topic"),
        (SOFTMAX, {}, "needs a 'topic'"),
    ],
)
def test_what_it_needs(graph: Any, options: dict[str, Any], message: str) -> None:  # noqa: ANN401
    """A network that a topic cannot speak about is refused with what is needed."""
    with pytest.raises(KindError, match=message) as caught:
        draw(KIND, graph, 1, **options)
    assert caught.value.remedy
