"""The one way to certify an answer and its steps, when a set is made and when it is verified."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.certify.prove import prove
from exgen.certify.reading.readers import check_printed
from exgen.errors import CertificateError, MisfitError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exgen.certify.memory import Memory
    from exgen.certify.prove import Claim
    from exgen.certify.reading.page import Page
    from exgen.document import Agreement, Step

RUBRIC = "rubric"
"""The sort of an answer that no machine can prove."""


def sort_of(claim: Claim | None) -> str:
    """Return the sort of an answer by its claim."""
    return RUBRIC if claim is None else claim.sort


def certify(claim: Claim, page: Page) -> tuple[Agreement, ...]:
    """Return the methods that agree on an answer.

    Answers that share one claim, as the blanks of a chain do, share its proof; what stands on the
    page is each answer's own.

    Args:
        claim: what the answer asserts.
        page: the answer as printed, with the memory of its problem.

    Raises:
        CertificateError: two methods disagree, or fewer than two apply.

    """
    proof = page.memory.once("proof", claim, lambda: prove(claim))
    read = check_printed(claim, page)
    return proof if read is None else (*proof, read)


def certify_steps(steps: Iterable[Step], memory: Memory) -> int:
    """Prove the equations that worked steps print, and return how many they are.

    Args:
        steps: of one answer.
        memory: of the problem; a claim that several steps share is proven once.

    Raises:
        CertificateError: a side of an equation is not equal to the one before.

    """
    claims = [(step.rule, claim) for step in steps for claim in step.claims]
    for rule, claim in claims:
        memory.once("step", claim, lambda rule=rule, claim=claim: _prove_step(claim, rule))  # type: ignore[misc]
    return len(claims)


def _prove_step(claim: Claim, rule: str) -> tuple[Agreement, ...]:
    try:
        return claim.prove()
    except (MisfitError, ValueError, LookupError) as error:
        raise CertificateError(f"the step '{rule}' cannot be evaluated: {error}") from error
    except CertificateError as error:
        raise CertificateError(f"the step '{rule}' does not hold: {error.message}") from None
