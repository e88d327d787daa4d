"""The mean of the gradients of many examples as printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exgen.certify.compare import (
    EXACT_TOLERANCE,
    compare,
    same_numbers,
)
from exgen.certify.examples import example_points
from exgen.certify.points import with_numbers
from exgen.certify.quantity import known_values
from exgen.certify.reading.page import METHOD, Page
from exgen.engine import Values, evaluate, gradients
from exgen.graph import Dim, Name, SumOver, rebuild, substitute_sizes
from exgen.readback.pages import read_expression
from exgen.readback.vocabulary import over_examples, vocabulary

if TYPE_CHECKING:
    from exgen.certify.examples import MeanGradientClaim
    from exgen.document import Agreement
    from exgen.graph import Expr

EXAMPLE = "i"
"""The letter of an example among many."""


def mean_gradient(claim: MeanGradientClaim, page: Page) -> Agreement:
    """Add the printed summand up over examples; compare with the mean of reverse mode's."""
    numerator = claim.layout == "numerator"
    plain = vocabulary(claim.graph, page.notation, layout=claim.layout, beside=("J",))
    count = _count(claim)
    known = over_examples(plain, claim.graph, claim.batch.names, count)
    expr = read_expression(page.latex, known, claim.shape).expr
    graph = with_numbers(claim.graph)
    shared = frozenset(graph.names) - frozenset(claim.batch.names)
    points = example_points(graph, shared)
    if count.is_number:
        points = [points[n % len(points)] for n in range(count.constant)]
    found = [gradients(graph, point) for point in points]
    named = [
        known_values(graph, point, slopes, ()) for point, slopes in zip(points, found, strict=True)
    ]
    expected = sum((f[claim.by] for f in found), np.zeros_like(found[0][claim.by])) / len(points)
    sizes = dict.fromkeys(count.names, Dim(len(points)))
    expr = substitute_sizes(same_numbers(expr, claim.graph), sizes)
    total = evaluate(*_summed(expr, named)).astype(float)
    return compare(METHOD, total, expected.T if numerator else expected, EXACT_TOLERANCE)


def _count(claim: MeanGradientClaim) -> Dim:
    """Return the number of examples: the size that one example's data does not have."""
    batch = claim.batch
    name = next(name for name in batch.names.values() if name in batch.graph.shapes)
    return batch.graph.shapes[name][0 if batch.rows else 1]


def _summed(expr: Expr, points: list[Values]) -> tuple[Expr, Values]:
    """Replace each sum over the examples by its value."""
    known: Values = {}

    def visit(part: Expr) -> Expr:
        if isinstance(part, SumOver) and part.index == EXAMPLE:
            name = f"sum {len(known)}"
            terms = [evaluate(part.body, point).astype(float) for point in points]
            known[name] = sum(terms[1:], terms[0])
            return Name(name)
        return rebuild(part, visit)

    return visit(expr), {**points[0], **known}
