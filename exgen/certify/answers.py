"""The one way to certify an answer and its steps, when a set is made and when it is verified."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from exgen.certify.prove import prove
from exgen.certify.readback import check_printed
from exgen.certify.stored import STEPS, restored
from exgen.errors import CertificateError, MisfitError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exgen.certify.memory import Memory
    from exgen.certify.prove import Claim
    from exgen.certify.reading.page import Page
    from exgen.document import Agreement, Step
    from exgen.graph import Graph


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


def certify_steps(steps: Iterable[Step], network: Graph, memory: Memory) -> int:
    """Prove the equations that worked steps print, and return how many they are.

    Args:
        steps: of one answer.
        network: the problem's own network.
        memory: of the problem; an equation that stands in several steps is proven once.

    Raises:
        CertificateError: a side of an equation is not equal to the one before.
        DataError: what is stored with a step is no claim.

    """
    count = 0
    for step in steps:
        for data in step.claims:
            text = json.dumps(data, sort_keys=True)
            memory.named(f"step {text}", partial(_prove_step, data, network, step.rule))
            count += 1
    return count


def _prove_step(data: object, network: Graph, rule: str) -> tuple[Agreement, ...]:
    claim = restored(data, network, "steps", STEPS)
    try:
        return claim.prove()
    except (MisfitError, ValueError, LookupError) as error:
        raise CertificateError(f"the step '{rule}' cannot be evaluated: {error}") from error
    except CertificateError as error:
        raise CertificateError(f"the step '{rule}' does not hold: {error.message}") from None
