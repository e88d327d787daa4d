"""Numbers and shapes as printed, against runs of the network."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.certify.compare import EXACT_TOLERANCE, SEED, compare, trial_sizes
from exgen.certify.points import trial_point, with_numbers
from exgen.certify.reading.page import METHOD, Page
from exgen.document import Agreement
from exgen.engine import evaluate
from exgen.errors import CertificateError
from exgen.graph import Dim, Graph, Leaf, substitute_sizes
from exgen.readback.pages import read_expression, read_relation, read_shape
from exgen.readback.vocabulary import vocabulary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exgen.certify.facts import FactClaim
    from exgen.certify.sizes import BatchShapeClaim, ShapeClaim, TotalClaim
    from exgen.graph import Shape

POINTS = 2
DECIMALS = re.compile(r"\.(\d+)")
NUMBER = re.compile(r"-?\d+(\.\d+)?(/\d+)?")
SOFTMAX = re.compile(r"softmax\((\w+)\b")
"""The expression of a fact about a softmax, with the name of its logits."""
POWER_OF_TEN = re.compile(r"\d\.\d+ \\cdot 10\^\{(-?\d+)\}")
ROUNDING = 1e-9
"""How much further than half a digit a rounded number may be off, for the float it came from."""


def rounded(printed: NDArray[Any], expected: NDArray[Any], latex: str) -> Agreement:
    """Compare rounded numbers: each may be off by half a unit of its last digit."""
    digits = max((len(part) for part in DECIMALS.findall(latex)), default=0)
    allowed = 0.5 * 10.0**-digits + ROUNDING * np.abs(expected)
    if printed.shape != expected.shape or not (np.abs(printed - expected) <= allowed).all():
        raise CertificateError(f"{METHOD}: {printed.tolist()} is not {expected.tolist()}, rounded")
    return Agreement(METHOD, 0.0, int(printed.size))


def total(claim: TotalClaim, page: Page) -> Agreement:
    """Compare the printed number, or product of sizes, with the arrays of a run."""
    read = read_expression(page.latex, page.known(claim.graph)).expr
    printed = evaluate(substitute_sizes(read, trial_sizes(claim.graph)), {}, exact=True).item()
    values = trial_point(with_numbers(claim.graph), SEED)
    found = sum(values[name].size for name in claim.names)
    if printed != found:
        raise CertificateError(f"{METHOD}: {printed} is not {found}")
    return Agreement(METHOD, 0.0, 1)


def shape(claim: ShapeClaim, page: Page) -> Agreement:
    """Compare the printed sizes with those of the arrays in a run of the network."""
    found = read_shape(page.latex, page.known(claim.graph))
    values = trial_point(with_numbers(claim.graph), SEED)
    return _sizes(claim.graph, found, values[claim.name])


def batch_shape(claim: BatchShapeClaim, page: Page) -> Agreement:
    """Compare the printed sizes with those of the arrays in a run of the batch."""
    graph = claim.batch.graph
    found = read_shape(page.latex, page.known(graph))
    values = trial_point(with_numbers(graph), SEED)
    return _sizes(graph, found, values[claim.called])


def _sizes(graph: Graph, printed: Shape, array: NDArray[Any]) -> Agreement:
    sizes = trial_sizes(graph)
    found = tuple(dim.substitute(sizes).constant for dim in printed)
    if found != array.shape:
        raise CertificateError(f"{METHOD}: the sizes {found} are not {array.shape}")
    return Agreement(METHOD, 0.0, len(found))


# --- facts ---


def fact(claim: FactClaim, page: Page) -> Agreement:
    """Compare the two sides of a stated number, and what it is about."""
    half = len(claim.numbers) // 2
    column = (Dim(half), Dim(1))
    of = SOFTMAX.match(page.expr)
    logits = of[1] if of else "z"
    leaves = (Leaf(logits, "const", column, 1),)
    known = vocabulary(Graph(leaves, (), {logits: column}, ""), page.notation)
    sides = read_relation(page.latex, known)
    if [sign for sign, _ in sides] != ["", r"\approx"]:
        raise CertificateError(f"{METHOD}: this fact has two sides that are about equal")
    values = {logits: np.array(claim.numbers[:half]).reshape(-1, 1)}
    left, right = (evaluate(side.expr, values).astype(float) for _, side in sides)
    about = {
        "shrinking sigmoids": lambda: 0.25 ** claim.numbers[0],
        "minus log": lambda: -np.log(claim.numbers[0]),
    }.get(claim.name)
    if about is not None:
        compare(METHOD, left, np.full((1, 1), about()), EXACT_TOLERANCE)
    stated = page.latex.partition(r"\approx")[2].strip()
    scale = 1.0
    if r"\cdot" in stated:
        power = POWER_OF_TEN.fullmatch(stated)
        if power is None:
            raise CertificateError(f"{METHOD}: '{stated}' is no number times a power of ten")
        scale = 10.0 ** int(power[1])
    return rounded(right / scale, left / scale, stated)
