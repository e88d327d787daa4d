"""Shapes and facts as printed, against runs of the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.certify.compare import (
    EXACT_TOLERANCE,
    SEED,
    compare,
    same_numbers,
    trial_sizes,
    worst,
)
from exgen.certify.points import trial_point, with_numbers
from exgen.certify.reading.page import METHOD, Page
from exgen.document import Agreement
from exgen.engine import evaluate
from exgen.errors import CertificateError
from exgen.readback.pages import read_relation, read_shape

if TYPE_CHECKING:
    from exgen.certify.choices import ChoiceClaim
    from exgen.certify.sizes import ShapeClaim

PRINTED = {r"\le": "<=", r"\ge": ">="}


def shape(claim: ShapeClaim, page: Page) -> Agreement:
    """Compare the printed sizes with those of the arrays in a run of the network."""
    printed = read_shape(page.latex, page.known(claim.graph))
    array = trial_point(with_numbers(claim.graph), SEED)[claim.name]
    sizes = trial_sizes(claim.graph)
    found = tuple(dim.substitute(sizes).constant for dim in printed)
    if found != array.shape:
        raise CertificateError(f"{METHOD}: the sizes {found} are not {array.shape}")
    return Agreement(METHOD, 0.0, len(found))


def fact(claim: ChoiceClaim, page: Page) -> Agreement:
    """Compare each side and each sign with those of the condition, wherever it is asked."""
    known = page.known(claim.graph, page.notation.layout)
    sides, signs = claim.conditions[0].sides, claim.conditions[0].signs
    read = read_relation(page.latex, known)
    if [PRINTED.get(sign, sign) for sign, _ in read] != ["", *signs]:
        raise CertificateError(f"{METHOD}: the signs are not {', '.join(signs)}")
    found: list[Agreement] = []
    for values in claim.points():
        for (_, part), side in zip(read, sides, strict=True):
            one, other = (
                evaluate(same_numbers(expr, claim.graph), values).astype(float)
                for expr in (part.expr, side)
            )
            found.append(compare(METHOD, one, other, EXACT_TOLERANCE))
    return worst(found)
