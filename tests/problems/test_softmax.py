"""A softmax that does not fuse with its loss is asked about in every kind that takes gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import exgen.solve
from exgen.errors import CertificateError
from tests.commands import run

if TYPE_CHECKING:
    from pathlib import Path

BANK = """\
title = "A softmax"
course = "Proofs"
notation = "{notation}"
[networks.n]
text = '''
{text}
'''
[[problems]]
id = "p"
kind = "{kind}"
network = "n"
"""
LAYERS = """\
x: input[5]
y: {role}[3]
W1: param[4, 5]
b1: param[4]
W2: param[3, 4]
z1 = W1 @ x + b1
a1 = sigmoid(z1)
z2 = W2 @ a1
p = softmax(z2)
"""
NETWORKS = {
    "squared loss": f"{LAYERS.format(role='onehot')}L = squared_error(p, y)",
    "soft target": f"{LAYERS.format(role='target')}L = cross_entropy(p, y)",
    "attention": (
        "x: input[4]\nV: param[3, 4]\nU: param[2, 4]\nt: target[2]\ns = V @ x\na = softmax(s)\n"
        "h = V.T @ a\nq = U @ h\nL = squared_error(q, t)"
    ),
    "two losses": (
        "x: input[4]\ny: onehot[3]\nW: param[3, 4]\nz = W @ x\np = softmax(z)\n"
        "L = cross_entropy(p, y) + p.T @ p"
    ),
    "logits without a name": (
        "x: input[4]\ny: onehot[3]\nW: param[3, 4]\np = softmax(W @ x)\nL = cross_entropy(p, y)"
    ),
    "batch": (
        "X: input[6, 5]\nY: const[6, 3]\nW: param[5, 3]\nZ = X @ W\nP = softmax(Z, axis=1)\n"
        "L = squared_error(P, Y) / 6"
    ),
}
KINDS = (
    "loss_derivative",
    "vectorise_backward",
    "parameter_gradients",
    "missing_shapes",
    "chain_rule",
    "show_that",
    "local_jacobian",
)
REFUSED = {
    ("loss_derivative", "batch"): "the prediction 'P' is a matrix",
    ("loss_derivative", "two losses"): "is no loss of a prediction and a target",
    ("chain_rule", "two losses"): "no chain of four vectors",
    ("chain_rule", "logits without a name"): "no chain of four vectors",
    ("chain_rule", "batch"): "no chain of four vectors",
    ("local_jacobian", "batch"): "no line whose Jacobian is a matrix",
}
"""What a kind does not take, and how it says so."""


def show(folder: Path, kind: str, network: str, notation: str) -> tuple[int, str]:
    """Show a bank of one problem."""
    bank = folder / "bank.toml"
    bank.write_text(BANK.format(notation=notation, kind=kind, text=NETWORKS[network]))
    ran = run("show", "--set", str(bank), "--seed", "1")
    return ran.code, ran.err


@pytest.mark.parametrize("notation", ["csc311", "numerator"])
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_softmax_with_its_full_jacobian(
    tmp_path: Path, kind: str, network: str, notation: str
) -> None:
    """Each is proven, or the kind says what it needs; none is a bug in exgen."""
    code, said = show(tmp_path, kind, network, notation)
    refused = REFUSED.get((kind, network), "")
    assert (code, refused in said) == (2 if refused else 0, True), said


def test_a_proof_that_cannot_be_tried_is_no_bug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where an author can do something about it, that is what is said."""
    errors = [CertificateError("too large", remedy="Use less."), CertificateError("wrong")]

    def refuse(*_: object) -> None:
        raise errors.pop(0)

    monkeypatch.setattr(exgen.solve, "certify", refuse)
    code, said = show(tmp_path, "parameter_gradients", "squared loss", "base")
    assert code == 1
    assert said.rstrip().endswith("Nothing was written. Use less.")
    code, said = show(tmp_path, "parameter_gradients", "squared loss", "base")
    assert said.rstrip().endswith("This is a bug in exgen; please report it with the seed.")
