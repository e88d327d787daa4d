"""Every op in every kind of problem that can take it, and in every notation, without TeX."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from exgen import resources
from exgen.derive.notation import load_notation, notation_names
from exgen.errors import AcceptanceError, KindError
from exgen.graph import SCALAR
from exgen.ops import TABLE, lookup
from exgen.problems import KINDS
from tests.problems.setting import graph_of
from tests.problems.test_any_network import printed

if TYPE_CHECKING:
    from collections.abc import Iterator

NOTATIONS = notation_names(resources.notations())
ASKED = tuple(kind for kind in KINDS if kind != "text")
# a network for each sort of problem, with a line where a function of one number belongs
FORMS = {
    "scalars": "x: input\ny: target\nw: param\nv: param\nz1 = w * x\na1 = {}\ns = v * a1\n"
    "L = (s - y) ** 2\n",
    "units": "x_1: input\nx_2: input\nt: target\nw_1: param\nw_2: param\nv: param\n"
    "z1 = w_1 * x_1 + w_2 * x_2\na1 = {}\ns = v * a1\nq = sigmoid(s)\nL = bce(q, t)\n",
    "layers": "x: input[4]\ny: target[2]\nW1: param[3, 4]\nb1: param[3]\nW2: param[2, 3]\n"
    "z1 = W1 @ x + b1\na1 = {}\nz2 = W2 @ a1\nL = squared_error(z2, y)\n",
    "batch": "X: input[5, 4]\nY: target[5, 2]\nW1: param[4, 3]\nW2: param[3, 2]\nz1 = X @ W1\n"
    "a1 = {}\nZ2 = a1 @ W2\nL = squared_error(Z2, Y)\n",
    "grid": "z1: input[3, 3]\nV: param[3, 3]\na1 = {}\nL = sum(V * a1)\n",
    "vector": "z1: input[4]\na1 = {}\n",
}
CLASSES = "x: input[4]\ny: onehot[3]\nW: param[3, 4]\nz = W @ x\np = softmax(z)\n"
APPENDED = "x: input[4]\ny: target[3]\nW: param[3, 5]\nx_B = {}(x)\nz = W @ x_B\na = tanh(z)\n"
SLOPED = "z: input[3, 3]\nalpha: param\na = {}(z, alpha)\n"
# a network for each op that is no function of one number, and for some a second
OTHERS = {
    "softmax": [f"{CLASSES}L = cross_entropy(p, y)\n"],
    "cross_entropy": [f"{CLASSES}L = cross_entropy(p, y) / 3\n"],
    "bce": [FORMS["units"].format("tanh(z1)")],
    "squared_error": [FORMS["layers"].format("tanh(z1)")],
    "append_one": [f"{APPENDED.format('append_one')}L = squared_error(a, y)\n"],
    "prepend_one": [f"{APPENDED.format('prepend_one')}L = squared_error(a, y)\n"],
    "lrelu": [form.format("lrelu(z1, 0.5)") for form in (FORMS["grid"], FORMS["layers"])],
    "prelu": [SLOPED.format("prelu"), FORMS["grid"].format("prelu(z1, 0.5)")],
    "maxpool": ["X: input[4, 4]\nU = maxpool(X)\nW: param[2, 2]\nL = sum(U * W)\n"],
    "avgpool": ["X: input[4, 4]\nU = avgpool(X)\nW: param[2, 2]\nL = sum(U * W)\n"],
    "sort": ["x: input[4]\ny = sort(x)\n", "x: input[N]\ny = sort(x)\n"],
    "greater": ["z: input[3, 3]\nV: param[3, 3]\na = (z > 0) * z\nL = sum(V * a)\n"],
}
FUNCTIONS = sorted(op for op, row in TABLE.items() if row.function and op not in OTHERS)


def taken(kind: str, text: str, notation: str, seed: int = 4) -> bool:
    """Whether a kind takes a network; then it is drawn, solved, proven, read back and written."""
    graph = graph_of(text)
    if KINDS[kind].needs_loss and graph.shapes[graph.loss] != SCALAR:
        return False
    try:
        printed(graph, kind, load_notation(notation, resources.notations()), seed)
    except (KindError, AcceptanceError):
        return False
    return True


@cache
def forms_of(kind: str, like: str, notation: str) -> tuple[str, ...]:
    """Return the networks that a kind takes with a function that is known to work."""
    return tuple(
        f for f, text in FORMS.items() if taken(kind, text.format(f"{like}(z1)"), notation)
    )


def uses() -> Iterator[tuple[str, str, str]]:
    """Yield every kind with every function, each pair in one notation; all notations take turns."""
    for n, kind in enumerate(ASKED):
        for m, op in enumerate(FUNCTIONS):
            yield kind, op, NOTATIONS[(n + m) % len(NOTATIONS)]


@pytest.mark.parametrize(("kind", "op", "notation"), list(uses()))
def test_a_function_goes_where_its_like_goes(kind: str, op: str, notation: str) -> None:
    """What takes ReLU takes every exact function, what takes tanh every other one."""
    traits = lookup(op).traits
    for form in forms_of(kind, "relu" if traits.exact else "tanh", notation):
        if not traits.jump and not (op == "log" and form != "vector"):
            assert taken(kind, FORMS[form].format(f"{op}(z1)"), notation), form


@pytest.mark.parametrize("op", OTHERS)
def test_another_op_goes_through_every_kind(op: str) -> None:
    """Every kind takes the op or says why not, and at least one takes it, in turn in a notation."""
    found = [
        kind
        for n, kind in enumerate(ASKED)
        for text in OTHERS[op]
        if taken(kind, text, NOTATIONS[(n + len(op)) % len(NOTATIONS)])
    ]
    assert found


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("op", ["abs", "gelu"])
def test_new_functions_in_every_notation(op: str, notation: str) -> None:
    """The gradients of a network with the function are derived, proven and written."""
    assert taken("parameter_gradients", FORMS["layers"].format(f"{op}(z1)"), notation)
