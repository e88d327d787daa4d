"""Show that: derivations in index form for any network, with premises and both cases of a class."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exgen.certify.equation import Equation
from exgen.errors import CertificateError, KindError
from exgen.problems import KINDS
from exgen.seeds import Stream
from tests.problems.setting import DEEP, NOTATIONS, SKIP, TWO_LAYERS, graph_of, piece, solved

LOGITS = "z: input[K]\ng: onehot[K]\np = softmax(z)\nL = cross_entropy(p, g)\n"
BATCH = """\
X: input[N, D]
T: onehot[N, K]
W: param[D, K]
b: param[K]
Z = X @ W + b
P = softmax(Z)
L = cross_entropy(P, T) / N
"""


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("text", [DEEP, SKIP, BATCH], ids=["deep", "skip", "batch"])
def test_every_network_is_derived(text: str, notation: str) -> None:
    """Deep nets, skips with shared weights, and batches: all parameters' gradients are shown."""
    solution = solved("show_that", text, 1, notation)
    leaves = {leaf.name for leaf in graph_of(text).leaves if leaf.role == "param"}
    assert leaves <= {answer.name for answer in solution.answers}


def test_draws() -> None:
    """The gradients asked for never depend on chance; those of the bank are taken as they are."""
    graph = graph_of(DEEP)
    for seed in range(100):
        draws = KINDS["show_that"].sample(graph, {}, Stream(seed, "test"))
        assert draws["ask"] == ["z3", "W3", "a2", "z2", "W2", "a1", "z1", "W1", "b1"]
    draws = KINDS["show_that"].sample(graph, {"ask": ["W2"]}, Stream(0, "test"))
    assert draws == {"case": [], "ask": ["W2"]}


def test_a_layer_by_hand() -> None:
    """The gradient by a weight: chain rule, the layer's slope, and the one row that it is in."""
    (answer,) = solved("show_that", DEEP, 0, ask=["W1"]).answers
    assert [step.equation.tex for step in answer.steps] == [
        (
            r"\frac{\partial L}{\partial W_{ji}^{[1]}} &= \sum_{j'=1}^{9} "
            r"\frac{\partial L}{\partial z_{j'}^{[1]}}\,"
            r"\frac{\partial z_{j'}^{[1]}}{\partial W_{ji}^{[1]}}"
        ),
        r" &= \sum_{j'=1}^{9} \frac{\partial L}{\partial z_{j'}^{[1]}}\,x_{i}\,\delta_{j'j}",
        r" &= \frac{\partial L}{\partial z_{j}^{[1]}}\,x_{i}",
    ]
    assert [str(step.why) for step in answer.steps] == [
        r"chain rule over all entries of $\mathbf{z}^{[1]}$",
        r"differentiate the line of $\mathbf{z}^{[1]}$",
        "only the term $j' = j$ is left",
    ]


def test_paths_are_summed() -> None:
    """A vector that a skip uses too gets a term from each line that reads it."""
    (answer,) = solved("show_that", SKIP, 0, ask=["W2"]).answers
    first = answer.steps[0].equation.tex
    assert first.count(r"\sum") == 2
    assert r"\partial z_{i''}^{[2]}" in first
    assert r"\partial z_{i''}^{[3]}" in first


def test_a_batch_keeps_its_share() -> None:
    """The mean over a batch leaves 1/N before output minus target."""
    answer = next(a for a in solved("show_that", BATCH, 0).answers if a.name == "Z")
    assert answer.latex.tex == r"\frac{1}{N}\,\left(P_{nk} - T_{nk}\right)".replace("k", "j")


def test_the_premise_is_on_the_sheet_where_it_is_used() -> None:
    """A one-hot target states its sum; another target leaves the sum in the answer."""
    onehot = "x: input[D]\nt: onehot[K]\nW: param[K, D]\nz = W @ x\np = softmax(z)\n"
    onehot += "L = cross_entropy(p, t)"
    assert piece(solved("show_that", onehot, 0), "premises")["premise"]
    loose = solved("show_that", onehot.replace("onehot", "target"), 0)
    assert not piece(loose, "premises")["premise"]
    (answer,) = (a for a in loose.answers if a.name == "z")
    assert r"\sum" in answer.latex.tex


def test_a_corrupted_answer_is_refused() -> None:
    """Output minus target without its share of the batch is no derivation."""
    answer = next(a for a in solved("show_that", BATCH, 0).answers if a.name == "Z")
    claim = answer.claim
    assert isinstance(claim, Equation)
    last = claim.rights[-1]
    wrong = replace(claim, rights=(*claim.rights[:-1], last + last))
    with pytest.raises(CertificateError, match=f"right side {len(claim.rights)}"):
        wrong.prove()


@pytest.mark.parametrize("notation", NOTATIONS)
def test_both_cases_of_a_class(notation: str) -> None:
    """With the target's class named, the slopes are output minus one, and the output."""
    solution = solved("show_that", LOGITS, 0, notation, case=["same", "other"])
    assert [answer.latex.tex for answer in solution.answers] == ["p_{c} - 1", "p_{k}"]


@pytest.mark.parametrize(("text", "options", "message", "remedy"), [
    (TWO_LAYERS, {}, "append_one has no index form", "separate biases"),
    (DEEP, {"ask": ["W9"]}, "there is no gradient 'W9'", "W1"),
    (DEEP, {"ask": "W1"}, "'ask' is a list", ""),
    (DEEP, {"case": ["same"]}, "not the cross-entropy of one softmax", "p = softmax"),
    (LOGITS, {"case": ["both"]}, "there is no case 'both'", "other"),
    (LOGITS, {}, "no parameter whose gradient", "'case'"),
    ("x: input[400]\nW: param[300, 400]\nV: param[200, 300]\nL = sum(V @ (W @ x))", {},
     "too large", "Leave them as names"),
])  # fmt: skip
def test_what_is_refused(text: str, options: dict[str, object], message: str, remedy: str) -> None:
    """A network that the kind cannot ask about is refused with what it needs."""
    with pytest.raises(KindError, match=message) as error:
        KINDS["show_that"].sample(graph_of(text), options, Stream(0, "test"))
    assert remedy in error.value.remedy
