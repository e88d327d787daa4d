"""Names, lines and arrows as printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.certify.reading.page import METHOD, Page
from exgen.document import Agreement
from exgen.errors import CertificateError
from exgen.graph import names_in
from exgen.readback.pages import read_arrows, read_names

if TYPE_CHECKING:
    from collections.abc import Collection

    from exgen.certify.chains import ChainClaim
    from exgen.certify.edges import EdgesClaim
    from exgen.certify.facts import BottleneckClaim
    from exgen.certify.layers import LayerInputClaim
    from exgen.graph import Graph


def chain(claim: ChainClaim, page: Page) -> Agreement:
    """Read the name of a blank: a stage of the chain, the one that the answer is."""
    wanted = {name for name in claim.chain[:-1] if page.expr in ("", name)}
    return _one_of(claim.graph, wanted, page)


def layer_input(claim: LayerInputClaim, page: Page) -> Agreement:
    """Read the name of what a layer gets."""
    return _one_of(claim.graph, {claim.source}, page)


def _one_of(graph: Graph, wanted: Collection[str], page: Page) -> Agreement:
    names = read_names(page.latex, page.known(graph))
    if len(names) != 1 or names[0] not in wanted:
        raise CertificateError(f"{METHOD}: '{', '.join(names)}' is not {', '.join(wanted)}")
    return Agreement(METHOD, 0.0, 1)


def edges(claim: EdgesClaim, page: Page) -> Agreement:
    """Read the arrows, and compare them with what each line of the network reads."""
    found = read_arrows(page.latex, page.known(claim.graph))
    expected = {(name, b.name) for b in claim.graph.bindings for name in names_in(b.expr)}
    if len(set(found)) != len(found) or set(found) != expected:
        wrong = ", ".join(f"{one} to {other}" for one, other in sorted(set(found) ^ expected))
        raise CertificateError(f"{METHOD}: the arrows differ: {wrong or 'one stands twice'}")
    return Agreement(METHOD, 0.0, len(found))


def bottleneck(claim: BottleneckClaim, page: Page) -> Agreement:
    """Read the names behind a node."""
    found = read_names(page.latex, page.known(claim.graph))
    if len(set(found)) != len(found) or set(found) != set(claim.through):
        raise CertificateError(f"{METHOD}: {', '.join(found)} is not {', '.join(claim.through)}")
    return Agreement(METHOD, 0.0, len(found))
