"""The last line of a proof as printed, evaluated at every index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.certify.compare import EXACT_TOLERANCE, compare, worst
from exgen.certify.identities import LARGE, chain_values, places, value_at
from exgen.certify.reading.page import METHOD, Page
from exgen.graph import Graph, Leaf
from exgen.readback.pages import read_expression
from exgen.readback.vocabulary import vocabulary

if TYPE_CHECKING:
    from exgen.certify.identities import ProofClaim
    from exgen.document import Agreement


def proof(claim: ProofClaim, page: Page) -> Agreement:
    """Compare the result with what the ops themselves compute, at every index."""
    chain = claim.chain
    leaves = tuple(Leaf(name, "const", shape, 2) for name, shape in chain.shapes.items())
    graph = Graph(leaves, (), dict(chain.shapes), "")
    known = vocabulary(graph, page.notation).with_letters(dict(chain.letters))
    expr = read_expression(page.latex, known).expr
    checks: list[Agreement] = []
    for at in places(chain, LARGE):
        values = chain_values(chain, at, LARGE)
        whole, row = chain.left, 0
        if chain.right is not None:
            whole, row = chain.right, next(iter(at.values()))
        expected = value_at(whole, values, at, LARGE)[[row]]
        found = value_at(expr, values, at, LARGE)
        checks.append(compare(METHOD, found, expected, EXACT_TOLERANCE))
    return worst(checks)
