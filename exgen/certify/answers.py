"""The one way to certify an answer, when a set is made and when its manifest is verified."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.certify.prove import prove

if TYPE_CHECKING:
    from exgen.certify.prove import Claim
    from exgen.document import Agreement

Proofs = dict[int, tuple["Agreement", ...]]
"""What was proven in one problem so far, by the identity of the claim."""


def certify(claim: Claim, proofs: Proofs) -> tuple[Agreement, ...]:
    """Return the methods that agree on an answer.

    Answers that share one claim, as the blanks of a chain do, share its proof. What is about a
    single answer, such as the LaTeX it prints, has its place here too, after the shared proof.

    Args:
        claim: what the answer asserts.
        proofs: those of the same problem; a new one is added.

    Raises:
        CertificateError: two methods disagree, or fewer than two apply.

    """
    if id(claim) not in proofs:
        proofs[id(claim)] = prove(claim)
    return proofs[id(claim)]
