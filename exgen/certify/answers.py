"""The one way to certify an answer, when a set is made and when its manifest is verified."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.certify.prove import prove
from exgen.certify.readback import check_printed

if TYPE_CHECKING:
    from exgen.certify.prove import Claim
    from exgen.certify.reading.page import Page
    from exgen.document import Agreement


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
