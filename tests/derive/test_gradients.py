"""Gradients as they are printed: the closed forms of small networks, and the work they take."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from exgen.certify.equation import Equation
from exgen.certify.prove import prove
from exgen.certify.quantity import Quantity
from exgen.derive.gradients import (
    MAX_CLOSED_PARTS,
    derive_gradients,
    premises,
    rule_by_rule,
)
from exgen.engine import backward, forward, onwards
from exgen.errors import MisfitError, Source
from exgen.graph import Graph, derivatives_in, walk
from exgen.language import read_network, to_text
from exgen.problems.upstream import part_of
from tests.cases import Case, cases_in

if TYPE_CHECKING:
    from types import FrameType


def network(text: str) -> Graph:
    """Read a network."""
    return read_network(Source("net", text))


@pytest.mark.parametrize("case", cases_in("derive/cases"))
def test_closed_gradients(case: Case) -> None:
    """The gradient of each name is the one that a careful student would write."""
    found = derive_gradients(network(case.given))
    names = [line.split(":")[0] for line in case.expected.splitlines()]
    printed = "\n".join(f"{name}: {to_text(found[name].closed)}" for name in names)
    assert printed == case.expected


def test_step_names_the_gradient_before() -> None:
    """A step goes back one line, by the rule of each use, with one sentence for each rule."""
    found = derive_gradients(network("x: input[3]\nW: param[2, 3]\nz = W @ x\nL = sum(z * z)"))
    assert to_text(found["W"].step) == "derivative(L, z) @ x.T"
    assert found["W"].rules == ("matmul",)
    assert found["z"].rules == ("mul", "mul")
    assert len(found["z"].why) == 1


def test_each_rule_by_itself() -> None:
    """Nothing is fused, and what was derived of a network is not derived again."""
    graph = network("z: input\nt: target\np = sigmoid(z)\nL = bce(p, t)")
    found = rule_by_rule(graph)
    assert to_text(derive_gradients(graph)["z"].step) == "p - t"
    assert to_text(found["z"].step) == "derivative(L, p) * p * (1 - p)"
    assert rule_by_rule(graph) is found


def test_a_part_that_is_the_whole_shares_what_is_derived() -> None:
    """What a network's last line depends on is the network, unless it has more."""
    graph = network("x: input\nz = 2 * x\na = z * z")
    assert part_of(graph, "a") is graph
    assert part_of(graph, "z").names == ("x", "z")
    aside = network("x: input\ny: input\nz = 2 * x\nw = y * x\na = z * z")
    assert part_of(aside, "a").names == ("x", "z", "a")


def test_a_line_as_a_function_of_a_name() -> None:
    """It is the forward pass with the name put in, and what is given held."""
    graph = network("x: input\nw: param\nz = w * x\na = tanh(z)\nL = a * w")
    values = {name: np.array([[number]]) for name, number in (("x", 2), ("w", 3))}
    run = onwards(graph, {"x": values["x"]}, "w", "L")
    for number in (-1.5, 0.25):
        moved = {**values, "w": np.array([[number]])}
        assert run(moved["w"]) == forward(graph, moved)["L"] == number * np.tanh(2 * number)
    assert onwards(graph, values, "z", "L")(np.array([[0.5]])) == 3 * np.tanh(0.5)


def test_a_name_may_begin_as_a_gradient_is_often_called() -> None:
    """A name of a network is only a name, also where it looks like that of a gradient."""
    graph = network("grad_x: input[3]\nx: param[2, 3]\nz = x @ grad_x\nL = sum(z * z)")
    found = derive_gradients(graph)
    assert to_text(found["x"].step) == "derivative(L, z) @ grad_x.T"
    assert to_text(found["grad_x"].step) == "x.T @ derivative(L, z)"
    for name in ("x", "grad_x"):
        assert len(prove(Equation(graph, Quantity("L", name), (found[name].closed,)))) == 3


def assumed(text: str) -> tuple[str, ...]:
    """Return what the gradients of a network assume."""
    graph = network(text)
    return premises(graph, derive_gradients(graph))


def test_premise_is_told() -> None:
    """A closed form that leans on a one-hot target says so; others assume nothing."""
    text = "z: input[3]\ny: {}[3]\np = softmax(z)\nL = cross_entropy(p, y)"
    assert assumed(text.format("onehot")) == ("the target's entries sum to 1",)
    assert assumed(text.format("target")) == ()
    other_axis = "z: input[3]\ny: onehot[3]\np = softmax(z, axis=1)\nL = cross_entropy(p, y)"
    assert assumed(other_axis) == ()


def test_no_gradient_of_an_array() -> None:
    """A network that ends in an array has no gradient, and says so."""
    graph = read_network(Source("net", "x: input[3]\nz = 2 * x"), scalar_loss=False)
    with pytest.raises(MisfitError, match="'z' is 3; a gradient needs a scalar"):
        backward(graph)


def residual(blocks: int) -> Graph:
    """Return a chain of skips, along which a closed form doubles with every block."""
    leaves = "h0: input[4]\ny: target[4]\n" + "".join(f"W{n}: param[4, 4]\n" for n in range(blocks))
    lines = "".join(f"h{n + 1} = h{n} + relu(W{n} @ h{n})\n" for n in range(blocks))
    return network(f"{leaves}{lines}L = squared_error(h{blocks}, y)\n")


def layered(layers: int) -> Graph:
    """Return a network of so many layers."""
    weights = [f"W{n}: param[4, 4]" for n in range(layers)]
    lines = [f"a{n + 1} = tanh(W{n} @ a{n})" for n in range(layers)]
    return network("\n".join(["x: input[4]", *weights, "a0 = x", *lines, f"L = sum(a{layers})"]))


def work(graph: Graph) -> int:
    """Return how many functions a derivation calls: its time, but the same on every machine."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        derive_gradients(graph)
    finally:
        sys.setprofile(before)
    return calls


def test_long_residual_chain() -> None:
    """A long chain of skips is derived with names of gradients where it would explode."""
    found = derive_gradients(residual(40))
    assert all(sum(1 for _ in walk(g.closed)) <= MAX_CLOSED_PARTS for g in found.values())
    assert derivatives_in(found["h0"].closed)
    assert not derivatives_in(found["W38"].closed)


def test_quick() -> None:
    """Six layers take about 5 ms; twice the layers or skips take no more than a few times that."""
    assert work(layered(6)) < 40_000
    assert work(layered(48)) < 6 * work(layered(24))
    assert work(residual(40)) < 4 * work(residual(20))


@pytest.mark.parametrize("op", ["tanh", "exp", "relu", "-"])
def test_deep_line(op: str) -> None:
    """The deepest line that may be written can be derived and printed."""
    graph = network("x: input[4]\nL = sum(" + f"{op}(" * 44 + "x" + ")" * 45)
    assert to_text(derive_gradients(graph)["x"].closed)
