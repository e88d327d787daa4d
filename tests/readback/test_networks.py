"""Networks read back from a sheet: every op, in every notation, and what a sheet leaves unsaid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exgen.certify.statement import check_statement
from exgen.derive.notation import load_notation, notation_names
from exgen.errors import CertificateError, KindError, Source
from exgen.language import read_network
from exgen.ops import TABLE, lookup
from exgen.problems.base import Setting, forward_fields
from exgen.readback.declarations import Declared, declare
from exgen.readback.networks import Line, bare, lines_in
from exgen.resources import notations
from tests.ops.samples import samples

if TYPE_CHECKING:
    from exgen.derive.notation import Notation
    from exgen.graph import Graph

NOTATIONS = notation_names(notations())
SETTINGS = {name: load_notation(name, notations()) for name in NOTATIONS}


def shown(graph: Graph, notation: Notation) -> str:
    """Return how a sheet shows a network: what it declares, its formulas, and what they leave."""
    fields = forward_fields(Setting(graph, notation, None))
    leaves = tuple(
        Declared(str(leaf["symbol"]), leaf["sort"], str(leaf["size"]), leaf["hot"])
        for leaf in fields["leaves"]
    )
    lines = " \\\\*\n".join(f"{line['left']} &= {line['right']}" for line in fields["lines"])
    notes = "\n".join(note["says"].tex for note in fields["notes"])
    return f"{declare(leaves)}\n\\begin{{align*}}\n{lines}\n\\end{{align*}}\n{notes}"


def network(text: str) -> Graph:
    """Return a network that may end in anything."""
    return read_network(Source("net", text), scalar_loss=False)


@pytest.mark.parametrize("op", TABLE)
def test_every_op_is_read_back_from_a_sheet(op: str) -> None:
    """In every notation the words and formulas of a sheet give the value of the network."""
    for sample in samples(op):
        for name, notation in SETTINGS.items():
            if lookup(op).traits.backward:
                with pytest.raises(KindError, match="a sheet has no words"):
                    shown(sample.graph, notation)
                continue
            body = shown(sample.graph, notation)
            assert check_statement(body, "derive", (), sample.graph, notation), f"{name}: {sample}"


UNSAID = {
    "the axis of a softmax": (
        "Z: input[4, 3]\nP = softmax(Z, axis=0)",
        "The softmax acts on each column of $\\mathbf{Z}$.",
        "does not say on what this softmax acts",
    ),
    "the axis of a softmax of one column": (
        "z: input[4]\np = softmax(z, axis=1)",
        "The softmax acts on each row of $\\mathbf{z}$.",
        "is not 1",
    ),
    "a window": (
        "X: input[4, 4]\nU = maxpool(X, 2, 1)",
        (
            "Each entry of $\\operatorname{maxpool}$ is the largest entry of a $2 \\times 2$ "
            "window, with stride $1$ and no padding."
        ),
        "does not say how large these windows are",
    ),
    "what a slope belongs to": (
        "Z: input[4, 3]\nalpha: param[4]\nA = prelu(Z, alpha)",
        "Each row of $\\mathbf{Z}$ has a slope of its own in $\\boldsymbol{\\alpha}$.",
        "what each of these slopes belongs to",
    ),
    "a size": (
        "x: input[3]\nL = sum(x)",
        "Let $\\mathbf{x}$ be a vector with $3$ entries.",
        "does not say what 'x' is",
    ),
    "what is one-hot": (
        "T: onehot[3, 2]\nX: input[3, 2]\nL = cross_entropy(softmax(X, axis=1), T)",
        " with one-hot rows",
        "calls its nothing one-hot, and it is its row",
    ),
    "a line": (
        "x: input[3]\na = relu(x)\nb = tanh(a)",
        "\\mathbf{b} &= \\tanh\\left(\\mathbf{a}\\right)",
        "does not define 'b'",
    ),
}


@pytest.mark.parametrize("case", UNSAID)
def test_what_is_left_unsaid_is_refused(case: str) -> None:
    """The sheet says it; without that it is refused."""
    text, words, message = UNSAID[case]
    graph = network(text)
    body = shown(graph, SETTINGS["base"])
    assert check_statement(body, "derive", (), graph, SETTINGS["base"])
    assert words in body
    with pytest.raises(CertificateError, match=message):
        check_statement(body.replace(words, ""), "derive", (), graph, SETTINGS["base"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Z: input[4, 4]\nA = softmax(Z, axis=0)\nB = softmax(Z, axis=1)", "along different axes"),
        ("X: input[6, 6]\nA = maxpool(X, 2, 1)\nB = maxpool(X, 2, 2)", "different windows"),
        ("X: input[4, 4]\nG: input[2, 2]\nA = maxroute(X, G)", "a sheet has no words for"),
    ],
)
def test_what_no_sheet_can_say(text: str, message: str) -> None:
    """Two things that would print alike are the author's to tell apart."""
    with pytest.raises(KindError, match=message) as error:
        forward_fields(Setting(network(text), SETTINGS["base"], None))
    assert error.value.remedy


def test_a_forward_pass_is_found_in_every_form() -> None:
    """A display with rows that go on, a line in the text, index forms, and boxes."""
    display = (
        r"\begin{align*} a &= \begin{bmatrix} 1 \\ x \end{bmatrix} \\* b &= a \\ & + c \end{align*}"
    )
    assert lines_in(display) == (
        Line("a", r"\begin{bmatrix} 1 \\ x \end{bmatrix}"),
        Line("b", "a + c"),
    )
    assert lines_in("Define $F = x_{1}\n x$. A loss") == (Line("F", "x_{1} x"),)
    entry = r"\begin{align*} z_{i} &= x_{i} && i = 1, \dots, D \\* L &= z_{1} \end{align*}"
    assert lines_in(entry) == (Line("z_{i}", "x_{i}", r"i = 1, \dots, D"), Line("L", "z_{1}"))
    parts = r"\begin{parts} \part $\displaystyle z_{i} = x_{i}$,\quad $i = 1, \dots, D$ \end{parts}"
    assert lines_in(parts) == (Line("z_{i}", "x_{i}", r"i = 1, \dots, D"),)
    box = r"\begin{exchain} $\exbox{z}{\exblank} = \exshape{W}{2 \times \exblank}\,x$ \end{exchain}"
    assert lines_in(box) == (Line("z", r"W\,x"),)
    assert bare(r"\exshape{\exshape{W}{2}^{\top}}{3} x") == r"W^{\top} x"
    assert lines_in("Prove it.") == ()
