"""Gradients and Jacobians as printed, against reverse mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exgen.certify.compare import (
    DIRECTIONS,
    EXACT_TOLERANCE,
    SEED,
    between,
    compare,
    same_numbers,
    worst,
)
from exgen.certify.examples import example_points
from exgen.certify.layouts import layout_values
from exgen.certify.points import with_numbers
from exgen.certify.reading.page import METHOD, Page, Runs, agree
from exgen.engine import Values, evaluate, gradient_name, gradients
from exgen.errors import CertificateError
from exgen.graph import Dim, Name, SumOver, rebuild, substitute_sizes
from exgen.readback.pages import read_expression
from exgen.readback.vocabulary import over_examples, vocabulary

if TYPE_CHECKING:
    from exgen.certify.examples import MeanGradientClaim
    from exgen.certify.gradients import GradientClaim
    from exgen.certify.jacobians import JacobianClaim
    from exgen.certify.layouts import LayoutGradientClaim
    from exgen.document import Agreement
    from exgen.graph import Expr

EXAMPLE = "i"
"""The letter of an example among many."""


def gradient(claim: GradientClaim, page: Page) -> Agreement:
    """Compare each printed side with the gradient of reverse mode."""
    known = page.known(claim.graph, numerator=claim.numerator)
    _, points = page.runs(claim.graph, claim.by)
    runs: Runs = []
    for values, found in points:
        turned = {name: array.T if claim.numerator else array for name, array in found.items()}
        named = {gradient_name(name): array for name, array in turned.items()}
        runs.append(({**values, **named}, turned[claim.by]))
    return agree(page, known, claim.graph, claim.shape, runs)


def layout_gradient(claim: LayoutGradientClaim, page: Page) -> Agreement:
    """Compare a gradient as a layout prints it; given Jacobians are symbols on the page."""
    numerator = claim.layout == "numerator"
    known = page.known(claim.graph, claim.shapes, numerator=numerator)
    graph, points = page.runs(claim.graph, claim.by)
    runs: Runs = []
    for values, found in points:
        named = layout_values(graph, values, found, claim.layout, claim.factors)
        runs.append((named, found[claim.by].T if numerator else found[claim.by]))
    return agree(page, known, claim.graph, claim.shape, runs)


def jacobian(claim: JacobianClaim, page: Page) -> Agreement:
    """Multiply the printed Jacobian with upstream gradients, as reverse mode does without it."""
    known = page.known(claim.graph)
    graph, points = page.runs(claim.graph)
    expr = same_numbers(read_expression(page.latex, known, claim.shape).expr, claim.graph)
    random = np.random.default_rng(SEED)
    part = between(graph, claim.of, claim.by)
    checks: list[Agreement] = []
    for values, _ in points:
        printed = evaluate(expr, values).astype(float)
        rows = printed if claim.denominator else printed.T
        if rows.shape != (values[claim.by].shape[0], values[claim.of].shape[0]):
            raise CertificateError(f"{METHOD}: this is no Jacobian of '{claim.of}'")
        for _ in range(DIRECTIONS // 2):
            g = random.standard_normal(values[claim.of].shape)
            pulled = gradients(part, values, upstream=g)[claim.by]
            checks.append(compare(METHOD, rows @ g, pulled, EXACT_TOLERANCE))
    return worst(checks)


def mean_gradient(claim: MeanGradientClaim, page: Page) -> Agreement:
    """Add the printed summand up over examples; compare with the mean of reverse mode's."""
    numerator = claim.layout == "numerator"
    plain = vocabulary(
        claim.graph, page.notation, shapes=claim.shapes, numerator=numerator, beside=("J",)
    )
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
        layout_values(graph, point, slopes, claim.layout, ())
        for point, slopes in zip(points, found, strict=True)
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
