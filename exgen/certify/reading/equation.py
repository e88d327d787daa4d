"""An equation as printed: each side is read, and compared with the quantity."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from exgen.certify.compare import EXACT_TOLERANCE, compare, worst
from exgen.certify.reading.page import METHOD, Page
from exgen.certify.samples import all_of, as_denominator, samples, wanted
from exgen.certify.sizes import counted
from exgen.certify.trials import Trial, trials
from exgen.derive.cases import RANK
from exgen.derive.symbols import example_mark
from exgen.document import Agreement
from exgen.engine import evaluate
from exgen.errors import CertificateError
from exgen.graph import Entry, Expr, walk
from exgen.language.writer import to_text
from exgen.readback.pages import read_cells, read_expression, read_relation
from exgen.readback.vocabulary import entries_of_examples

if TYPE_CHECKING:
    from exgen.certify.equation import Equation
    from exgen.readback.vocabulary import Vocabulary

DECIMALS = re.compile(r"\.(\d+)")
ROUNDING = 1e-9
"""How much further than half a digit a rounded number may be off, for the float it came from."""


def equation(claim: Equation, page: Page) -> Agreement:
    """Compare what each side says with the forward pass, or with reverse mode."""
    if claim.quantity is not None and claim.quantity.count:
        read = read_expression(page.latex, page.known(claim.graph)).expr
        counted(replace(claim, rights=(read,)))
        return Agreement(METHOD, 0.0, 1)
    known = page.known(claim.graph, claim.layout, claim.given)
    points = page.memory.once("trials", claim, lambda: trials(claim))
    if claim.cells:
        return worst([_cells(claim, page, known, trial) for trial in points])
    return worst(
        [part for side in _sides(claim, page, known) for part in _agrees(claim, side, points)]
    )


def _sides(claim: Equation, page: Page, known: Vocabulary) -> list[Expr]:
    """Read the sides; the first of several may be the quantity itself."""
    quantity, letters = claim.quantity, claim.letters
    if quantity is None:
        raise CertificateError(f"{METHOD}: an equation of its own is no answer")
    marks = (f"{{{example_mark(page.notation, letter)}}}" for letter in letters)
    if any(mark in page.latex for mark in marks):
        count = next(iter(letters.values()))
        known = entries_of_examples(known, claim.graph, claim.index, count)  # type: ignore[arg-type]
    by_entry = all(map(claim.is_by_entry, claim.rights))
    shape = None if by_entry else quantity.shape(claim.graph, claim.layout)
    read = read_relation(
        page.latex, known.with_letters(letters), shape, or_scalar=bool(claim.index)
    )
    if any(sign not in ("", "=") for sign, _ in read):
        raise CertificateError(f"{METHOD}: '{read[1][0]}' where '=' should stand")
    sides = [side.expr for _, side in read]
    base, itself = page.notation.index_base, quantity.symbol
    looks: list[Expr] = []
    if itself is not None:
        looks = [itself, itself.T, *([Entry(itself, claim.index[:2])] if claim.index else [])]
    if len(sides) > 1 and sides[0] in looks:
        sides = sides[1:]
    for side in sides:
        if itself is not None and itself in walk(side):
            raise CertificateError(f"{METHOD}: the page says what '{to_text(itself)}' is by itself")
        for rank in (RANK.fullmatch(str(p.indices[0])) for p in walk(side) if isinstance(p, Entry)):
            if rank and rank[1].isdigit() and int(rank[1]) - base != claim.index[0]:
                raise CertificateError(f"{METHOD}: the rank is that of another entry")
    return sides


def _agrees(claim: Equation, side: Expr, points: tuple[Trial, ...]) -> list[Agreement]:
    return [
        compare(METHOD, sample.entries, wanted(claim, trial, sample), EXACT_TOLERANCE)
        for trial in points
        for sample in samples(claim, side, trial)
    ]


def _cells(claim: Equation, page: Page, known: Vocabulary, trial: Trial) -> Agreement:
    """Compare every printed cell, in fractions where there are any, with a run."""
    cells = read_cells(page.latex, known)
    leaves, exact = {**trial.values, **trial.leaves}, bool(trial.leaves)
    printed = np.array([[evaluate(c, leaves, exact=exact).item() for c in r] for r in cells])
    printed = as_denominator(claim, trial, printed)
    expected = wanted(claim, trial, all_of(printed)).reshape(printed.shape)
    if claim.rounding is None:
        return compare(METHOD, printed.astype(float), expected, EXACT_TOLERANCE)
    digits = max((len(part) for part in DECIMALS.findall(page.latex)), default=0)
    if claim.rounding.carry is None and digits != claim.rounding.digits:
        raise CertificateError(
            f"{METHOD}: {digits} decimals are printed, not {claim.rounding.digits}"
        )
    allowed = 0.5 * 10.0**-claim.rounding.digits + ROUNDING * np.abs(expected)
    if printed.shape != expected.shape or not (np.abs(printed - expected) <= allowed).all():
        raise CertificateError(f"{METHOD}: {printed.tolist()} is not {expected.tolist()}, rounded")
    return compare(METHOD, expected, expected, EXACT_TOLERANCE)
