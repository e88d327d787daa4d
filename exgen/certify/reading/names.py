"""Names, lines and arrows as printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.certify.arrows import EDGES, read
from exgen.certify.reading.page import METHOD, Page
from exgen.document import Agreement
from exgen.errors import CertificateError
from exgen.readback.pages import read_arrows, read_names

if TYPE_CHECKING:
    from exgen.certify.arrows import ArrowsClaim
    from exgen.certify.chains import ChainClaim


def chain(claim: ChainClaim, page: Page) -> Agreement:
    """Read the name of a blank: a stage of the chain, the one that the answer is."""
    wanted = {name for name in claim.chain[:-1] if page.expr in ("", name)}
    names = read_names(page.latex, page.known(claim.graph))
    if len(names) != 1 or names[0] not in wanted:
        raise CertificateError(f"{METHOD}: '{', '.join(names)}' is not {', '.join(wanted)}")
    return Agreement(METHOD, 0.0, 1)


def arrows(claim: ArrowsClaim, page: Page) -> Agreement:
    """Read arrows or names, and compare them with what the lines of the network show."""
    reader = read_arrows if claim.sort == EDGES else read_names
    found = reader(page.latex, page.known(claim.graph))
    wrong = claim.answer(read(claim.graph)) ^ set(found)
    if wrong or len(set(found)) != len(found):
        raise CertificateError(
            f"{METHOD}: wrong or missing: {sorted(map(str, wrong)) or 'one stands twice'}"
        )
    return Agreement(METHOD, 0.0, len(found))
