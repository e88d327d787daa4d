"""Chains of lines: every line equals the one before, or the claim is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from exgen.certify.equation import Equation
from exgen.certify.everywhere import everywhere
from exgen.certify.prove import prove
from exgen.certify.quantity import Quantity
from exgen.derive.derivations import asked_by_default, derivation, hot_derivation
from exgen.derive.index import entry_form, letters_of
from exgen.engine import evaluate, forward
from exgen.errors import CertificateError, Source
from exgen.graph import Dim, Entry, Expr, Graph, Name, SumOver, call
from exgen.language import read_network
from exgen.problems.index_proofs import claim_of

SOFTMAX = """
x: input[D]
t: onehot[K]
W: param[K, D]
b: param[K]
z = W @ x + b
p = softmax(z)
L = cross_entropy(p, t)
"""
COLUMNS = """
X: input[D, N]
T: target[K, N]
W: param[D, K]
b: param[K]
Z = W.T @ X + b
P = sigmoid(Z)
L = bce(P, T) / N
"""
SKIP = """
x: input[D]
t: target[D]
W: param[D, D]
m = W @ x
h = tanh(m) + x
n = W @ h
y = tanh(n) + h
L = squared_error(y, t)
"""
UNNAMED = """
x: input[D]
t: target[D]
w: param[D]
p = sigmoid(w * x)
L = bce(p, t)
"""


def network(text: str) -> Graph:
    """Return a network."""
    return read_network(Source("net", text))


@pytest.mark.parametrize("text", [SOFTMAX, COLUMNS, SKIP, UNNAMED])
def test_every_derivation_is_proven(text: str) -> None:
    """Single examples, batches as columns, and reuse of a weight: each gradient is derived."""
    graph = network(text)
    for name in asked_by_default(graph):
        methods = {part.method for part in prove(claim_of(graph, derivation(graph, name)))}
        assert {"reverse mode", "differences"} <= methods


@pytest.mark.parametrize("text", [SOFTMAX, COLUMNS, SKIP, UNNAMED])
def test_a_corrupted_line_is_refused(text: str) -> None:
    """Whichever line is doubled, the claim names it."""
    graph = network(text)
    for name in asked_by_default(graph):
        claim = claim_of(graph, derivation(graph, name))
        for n, line in enumerate(claim.rights):
            lines = (*claim.rights[:n], 2 * line, *claim.rights[n + 1 :])
            number = f"right side {n + 1}: " if len(claim.rights) > 1 else ""
            with pytest.raises(CertificateError, match=f"{number}reverse mode"):
                replace(claim, rights=lines).prove()


def test_a_consistent_chain_can_be_wrong() -> None:
    """Lines that equal one another, and are not the gradient, are refused."""
    claim = claim_of(network(SOFTMAX), derivation(network(SOFTMAX), "z"))
    with pytest.raises(CertificateError, match="right side 1"):
        replace(claim, rights=tuple(2 * line for line in claim.rights)).prove()


def test_the_premise_is_needed() -> None:
    """With a target whose entries do not sum to 1, output minus target is no longer the slope."""
    graph = network(SOFTMAX)
    found = derivation(graph, "z")
    assert found.premise == "target"
    loose = replace(
        graph, leaves=tuple(replace(x, role="target") if x.name == "t" else x for x in graph.leaves)
    )
    claim = replace(claim_of(graph, found), graph=loose, symbolic=False)
    with pytest.raises(CertificateError, match=f"right side {len(claim.rights)}"):
        claim.prove()
    replace(claim, rights=claim.rights[:-1]).prove()


def test_sympy_needs_the_premise_too() -> None:
    """SymPy holds the last line identical only because the target's symbols sum to 1."""
    graph = network(SOFTMAX)
    claim = claim_of(graph, derivation(graph, "z"))
    assert "SymPy identity" in {part.method for part in claim.prove()}
    loose = replace(
        graph, leaves=tuple(replace(x, role="target") if x.name == "t" else x for x in graph.leaves)
    )
    from exgen.certify.identities import prove_identity

    lines = tuple(line.expr for line in derivation(graph, "z").lines)
    with pytest.raises(CertificateError, match=f"line {len(lines)} is not"):
        prove_identity(loose, lines, tuple(claim.letters.items()), None, ())


def test_a_wrong_sign_of_another_class_is_refused() -> None:
    """The slopes by the target's logit and by another are not exchanged."""
    graph = network("z: input[K]\ng: onehot[K]\np = softmax(z)\nL = cross_entropy(p, g)")
    same, other = (hot_derivation(graph, same=case) for case in (True, False))
    for found in (same, other):
        prove(claim_of(graph, found))
    claim = claim_of(graph, other)
    wrong = replace(claim, rights=(*claim.rights[:-1], other.lines[-1].expr - 1))
    with pytest.raises(CertificateError, match="right side 4"):
        wrong.prove()


def test_an_identity_without_a_gradient() -> None:
    """The claim serves proofs too: a shift of all logits leaves the softmax as it is."""
    graph = network("z: input[K]\nc: const\np = softmax(z - c)\nL = sum(p)")
    z_k, z_m, c = Entry(Name("z"), ("k", 0)), Entry(Name("z"), ("m", 0)), Entry(Name("c"), (0, 0))

    def share(top: Expr, below: Expr) -> Expr:
        return top / SumOver("m", Dim(0, ("K",)), below)

    lines = (
        share(call("exp", z_k - c), call("exp", z_m - c)),
        share(call("exp", z_k), call("exp", z_m)),
    )
    claim = Equation(graph, Quantity("p"), lines, ("k", 0), symbolic=True)
    assert {part.method for part in prove(claim)} == {"forward pass", "SymPy identity"}
    with pytest.raises(CertificateError, match="right side 2"):
        replace(claim, rights=(lines[0], share(call("exp", z_k), call("exp", z_m - c)))).prove()


def test_all_positions_at_once_are_the_positions_one_by_one() -> None:
    """The evaluator with an axis for each index agrees with the engine at every position."""
    graph = network(COLUMNS).with_sizes({"D": 2, "N": 3, "K": 4})
    random = np.random.default_rng(0)
    leaves = {
        leaf.name: random.uniform(0.1, 0.9, tuple(d.constant for d in leaf.shape))
        for leaf in graph.leaves
    }
    values, letters = forward(graph, leaves), letters_of(graph)
    for binding in graph.bindings:
        index = letters.pair(graph.shapes[binding.name])
        form = entry_form(binding.expr, index, graph.shapes, letters)
        ranges = {
            letter: dim.constant
            for letter, dim in zip(index, graph.shapes[binding.name], strict=True)
            if isinstance(letter, str)
        }
        found = everywhere(form, values, ranges)
        for place in np.ndindex(found.shape):
            at = dict(zip(ranges, place, strict=True))
            assert found[place] == pytest.approx(evaluate(form, values, at).item(), rel=1e-12)
        np.testing.assert_allclose(found.reshape(values[binding.name].shape), values[binding.name])
