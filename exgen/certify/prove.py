"""Prove a claim by independent methods, or refuse it.

Every method reaches its numbers by its own way: the printed expression by evaluation, reverse
mode by the ops' gradient rules, differences by the forward pass alone, shapes by inference. What
a claim asserts, and which methods apply to it, stands in the claim's own module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from exgen.errors import CertificateError, MisfitError

if TYPE_CHECKING:
    from exgen.document import Agreement

LEAST_METHODS = 2


class Claim(Protocol):
    """What an answer asserts, in a form that can be proven."""

    @property
    def sort(self) -> str:
        """What a manifest calls it."""

    def prove(self) -> tuple[Agreement, ...]:
        """Return the methods that agree; raise CertificateError where two do not."""


def prove(claim: Claim) -> tuple[Agreement, ...]:
    """Return the methods that agree on a claim.

    Raises:
        CertificateError: two methods disagree, or fewer than two apply.

    """
    try:
        found = claim.prove()
    # An expression whose parts do not fit each other is as wrong as one with a wrong value.
    except (MisfitError, ValueError, LookupError) as error:
        raise CertificateError(f"the expressions cannot be evaluated: {error}") from error
    if len({part.method for part in found}) < LEAST_METHODS:
        raise CertificateError("fewer than two methods could check this answer")
    return found
