"""What the tests of the kinds share: making one problem, and laws that hold for every kind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from exgen import resources
from exgen.certify.answers import certify_steps
from exgen.certify.memory import Memory
from exgen.certify.prove import prove
from exgen.derive.notation import load_notation
from exgen.document import Tex, to_json
from exgen.errors import Source
from exgen.language import read_network
from exgen.problems import KINDS
from exgen.problems.base import Setting
from exgen.seeds import Stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exgen.graph import Graph
    from exgen.problems.base import Solution

TWO_LAYERS = """\
x: input[12]
y: onehot[5]
W1: param[7, _]
W2: param[5, _]
x_B = append_one(x)
z1 = W1 @ x_B
a1 = relu(z1)
a1_B = append_one(a1)
z2 = W2 @ a1_B
a2 = softmax(z2)
L = cross_entropy(a2, y)
"""
DEEP = """\
x: input[20]
y: target[3]
W1: param[9, 20]
b1: param[9]
W2: param[6, 9]
W3: param[3, 6]
z1 = W1 @ x + b1
a1 = tanh(z1)
z2 = W2 @ a1
a2 = sigmoid(z2)
z3 = W3 @ a2
L = squared_error(z3, y)
"""
SKIP = """\
x: input[8]
y: target[8]
W1: param[8, 8]
W2: param[8, 8]
z1 = W1 @ x
a1 = tanh(z1)
s = a1 + x
z2 = W2 @ s
a2 = relu(z2)
z3 = W2 @ a2
L = squared_error(z3, y)
"""
NETWORKS = (TWO_LAYERS, DEEP, SKIP)
NOTATIONS = ("aml5202", "base", "numerator")


def graph_of(text: str) -> Graph:
    """Read a network."""
    return read_network(Source("net", text), scalar_loss=False)


def solved(kind: str, text: str, seed: int, notation: str = "base", **options: Any) -> Solution:  # noqa: ANN401
    """Draw and solve one problem."""
    graph = graph_of(text)
    draws = KINDS[kind].sample(graph, options, Stream(seed, "test"))
    assert json.loads(json.dumps(draws)) == draws
    return solve(kind, text, draws, notation)


def piece(solution: Solution, shown: str) -> dict[str, Any]:
    """Return the one piece of a text that shows something of a sort."""
    paragraphs = (part for block in solution.fields["blocks"] for part in block["paragraphs"])
    pieces = [part for paragraph in paragraphs for part in paragraph["pieces"]]
    (found,) = (part for part in pieces if isinstance(part, dict) and part["show"] == shown)
    return found


def solve(kind: str, text: str, draws: dict[str, Any], notation: str = "base") -> Solution:
    """Solve one problem, and hold the laws of every kind."""
    profile = load_notation(notation, resources.notations())
    solution = KINDS[kind].solve(Setting(graph_of(text), profile, None), draws)
    json.dumps(to_json(solution.fields))
    names = [answer.name for answer in solution.answers]
    assert names
    assert len(set(names)) == len(names)
    memory = Memory()
    for answer in solution.answers:
        certify_steps(answer.steps, memory)
        assert answer.claim is not None
        assert len({agreement.method for agreement in prove(answer.claim)}) >= 2
        assert all(step.rule and str(step.why) for step in answer.steps)
        # A reason with mathematics in it may also be the name of a rule, at the right of a line.
        # A colon leads to the lines that follow.
        assert all(
            step.why.endswith((".", ":")) for step in answer.steps if isinstance(step.why, str)
        )
    for tex in texts([solution.fields, *(answer.latex for answer in solution.answers)]):
        assert tex.count("{") == tex.count("}")
        assert tex.count(r"\left") == tex.count(r"\right")
        assert "None" not in tex
    return solution


def texts(value: object) -> Iterator[str]:
    """Yield every piece of TeX in a value."""
    if isinstance(value, Tex):
        yield value.tex
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from texts(inner)
