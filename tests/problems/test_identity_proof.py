"""Proofs as checked chains: every line is confirmed, and one that is changed is refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from exgen.certify.equation import Equation
from exgen.certify.prove import prove
from exgen.errors import CertificateError, KindError
from exgen.graph import Call, Number, names_in, walk
from exgen.presets.identity_proof import KIND
from tests.problems.drawn import draw, network, solve

if TYPE_CHECKING:
    from exgen.problems.base import Solved

SHIFTS = ("max", "min", "mean", "any")
DIRECTIONS = ("subtract", "add")
NET = network("z: input[K]\ny: onehot[K]\np = softmax(z)\nL = cross_entropy(p, y)")


def answers(identity: str) -> dict[str, Solved]:
    """Return the answers for an identity."""
    return solve(KIND, NET, draw(KIND, NET, 1, identity=identity))[1]


def chains() -> list[tuple[str, str, int]]:
    """Return every line of every proof."""
    found = []
    for identity in ("softmax_shift", "onehot_cross_entropy"):
        for name, answer in answers(identity).items():
            assert isinstance(answer.claim, Equation)
            found += [(identity, name, n) for n in range(len(answer.claim.rights))]
    return found


@pytest.mark.parametrize(("identity", "name", "line"), chains())
@pytest.mark.parametrize("slip", ["factor", "term"])
def test_a_corrupted_line_is_refused(identity: str, name: str, line: int, slip: str) -> None:
    """A line that is doubled, or to which a hundredth is added, breaks the chain."""
    claim = answers(identity)[name].claim
    assert isinstance(claim, Equation)
    lines = list(claim.rights)
    right = lines[line]
    lines[line] = 2 * right if slip == "factor" else right + Number(Fraction(1, 100))
    with pytest.raises(CertificateError):
        prove(replace(claim, rights=tuple(lines)))


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("shift", SHIFTS)
def test_a_shift_is_subtracted_or_added(shift: str, direction: str) -> None:
    """In either direction each line holds, and the constant is gone in the end."""
    draws = draw(KIND, NET, 1, identity="softmax_shift", shift=shift, direction=direction)
    _, found = solve(KIND, NET, draws)
    claim = found["proof"].claim
    assert isinstance(claim, Equation)
    assert prove(claim)
    op = {"add": "add", "subtract": "sub"}[direction]
    assert any(isinstance(p, Call) and p.op == op for p in walk(claim.rights[0]))
    assert draws["letter"] not in names_in(claim.rights[-1])


@pytest.mark.parametrize("identity", ["softmax_shift", "onehot_cross_entropy"])
def test_two_methods_agree(identity: str) -> None:
    """SymPy and the ops themselves confirm each line."""
    for answer in answers(identity).values():
        assert answer.claim is not None
        methods = {part.method for part in prove(answer.claim)}
        assert {"SymPy identity", "forward pass"} <= methods
        assert all(step.rule for step in answer.steps)


def test_a_wrong_end_is_refused() -> None:
    """A chain that is right line by line but proves something else is refused."""
    claim = answers("softmax_shift")["proof"].claim
    assert isinstance(claim, Equation)
    with pytest.raises(CertificateError, match="right side 6: forward pass"):
        prove(replace(claim, rights=(*claim.rights[:-1], 2 * claim.rights[-1])))


def test_draws() -> None:
    """Every shift and both identities occur, and seeds repeat."""
    drawn = [draw(KIND, NET, seed) for seed in range(100)]
    assert drawn == [draw(KIND, NET, seed) for seed in range(100)]
    assert {d["shift"] for d in drawn if "shift" in d} == {*SHIFTS}
    assert {d["direction"] for d in drawn if "direction" in d} == {*DIRECTIONS}
    assert {d["identity"] for d in drawn} == {"softmax_shift", "onehot_cross_entropy"}


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("z: input[K]\na = relu(z)", {"identity": "softmax_shift"}, "no line that is a softmax"),
        (
            "z: input[K]\na = relu(z)",
            {"identity": "onehot_cross_entropy"},
            "no line that is a cross_entropy",
        ),
        ("z: input[K]\np = softmax(z)", {"identity": "shift"}, "no identity"),
        (
            "z: input[K]\np = softmax(z)",
            {"identity": "softmax_shift", "shift": "median"},
            "no shift",
        ),
        (
            "z: input[K]\np = softmax(z)",
            {"identity": "softmax_shift", "direction": "multiply"},
            "no direction",
        ),
    ],
)
def test_what_it_needs(text: str, options: dict[str, str], message: str) -> None:
    """A network without the line that the identity is about is refused with what is needed."""
    with pytest.raises(KindError, match=message) as caught:
        draw(KIND, network(text), 1, **options)
    assert caught.value.remedy
