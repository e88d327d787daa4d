"""Numbers and shapes as printed, against runs of the network."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.certify.compare import EXACT_TOLERANCE, compare, trial_sizes, worst
from exgen.certify.reading.page import METHOD, Page, Runs, agree
from exgen.certify.rounded import UPSTREAM, with_upstream
from exgen.document import Agreement
from exgen.engine import evaluate, forward, gradients
from exgen.errors import CertificateError
from exgen.graph import Dim, Graph, Leaf, substitute_sizes
from exgen.readback.pages import read_cells, read_expression, read_relation, read_shape
from exgen.readback.vocabulary import vocabulary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exgen.certify.batches import BatchShapeClaim
    from exgen.certify.facts import FactClaim
    from exgen.certify.grids import SymbolicGridClaim
    from exgen.certify.numbers import ForwardClaim, GradientValueClaim
    from exgen.certify.rounded import RoundedClaim
    from exgen.certify.shapes import ShapeClaim
    from exgen.certify.totals import TotalClaim
    from exgen.certify.wiring import FunctionClaim, WeightedSumClaim
    from exgen.graph import Shape

POINTS = 2
DECIMALS = re.compile(r"\.(\d+)")
NUMBER = re.compile(r"-?\d+(\.\d+)?(/\d+)?")
SOFTMAX = re.compile(r"softmax\((\w+)\b")
"""The expression of a fact about a softmax, with the name of its logits."""
POWER_OF_TEN = re.compile(r"\d\.\d+ \\cdot 10\^\{(-?\d+)\}")
ROUNDING = 1e-9
"""How much further than half a digit a rounded number may be off, for the float it came from."""


def forward_value(claim: ForwardClaim, page: Page) -> Agreement:
    """Compare every printed number with an exact run of the network."""
    expected = forward(claim.graph, claim.leaves, exact=True)[claim.name]
    return _numbers(claim.graph, expected, page, claim.digits)


def gradient_value(claim: GradientValueClaim, page: Page) -> Agreement:
    """Compare every printed number with exact reverse mode."""
    values = forward(claim.graph, claim.leaves, exact=True)
    expected = gradients(claim.graph, values, exact=True)[claim.by]
    if claim.rate is not None:
        exact = all(isinstance(number, Fraction) for number in expected.flat)
        expected = values[claim.by] - expected * (
            Fraction(claim.rate) if exact else float(claim.rate)
        )
    printed = expected.T if claim.layout == "numerator" else expected
    return _numbers(claim.graph, printed, page, claim.digits)


def _numbers(graph: Graph, expected: NDArray[Any], page: Page, digits: int | None) -> Agreement:
    """Compare printed numbers: fractions to the last digit, others to half a unit of it."""
    cells = read_cells(page.latex, page.known(graph))
    printed = np.empty((len(cells), len(cells[0])), dtype=object)
    for row, column in np.ndindex(printed.shape):
        printed[row, column] = evaluate(cells[row][column], {}, exact=True).item()
    if printed.size == 1 and NUMBER.fullmatch(page.expr):
        # The answer is one number: the first entry of what the claim is about.
        expected = expected[:1, :1]
    if printed.shape != expected.shape:
        raise CertificateError(f"{METHOD}: shape {printed.shape} is not {expected.shape}")
    if digits is None and all(isinstance(number, Fraction) for number in expected.flat):
        for found, number in zip(printed.flat, expected.flat, strict=True):
            if found != number:
                raise CertificateError(f"{METHOD}: {found} is not {number}")
        return Agreement(METHOD, 0.0, int(expected.size))
    return rounded(printed.astype(float), expected.astype(float), page.latex, digits)


def rounded(
    printed: NDArray[Any], expected: NDArray[Any], latex: str, wanted: int | None = None
) -> Agreement:
    """Compare rounded numbers: each may be off by half a unit of its last digit."""
    digits = max((len(part) for part in DECIMALS.findall(latex)), default=0)
    if wanted is not None and digits != wanted:
        raise CertificateError(f"{METHOD}: {digits} decimals are printed, not {wanted}")
    allowed = 0.5 * 10.0**-digits + ROUNDING * np.abs(expected)
    if printed.shape != expected.shape or not (np.abs(printed - expected) <= allowed).all():
        raise CertificateError(f"{METHOD}: {printed.tolist()} is not {expected.tolist()}, rounded")
    return Agreement(METHOD, 0.0, int(printed.size))


def symbolic_grid(claim: SymbolicGridClaim, page: Page) -> Agreement:
    """Give the symbol values, and compare every cell with an exact run."""
    cells = read_cells(page.latex, page.known(claim.graph))
    shape = tuple(dim.constant for dim in claim.graph.shapes[claim.symbol])
    checks: list[Agreement] = []
    for point in range(POINTS):
        value = np.empty(shape, dtype=object)
        for place, index in enumerate(np.ndindex(shape)):
            value[index] = Fraction(3 * place + point + 5, 19)
        given = {**claim.leaves, claim.symbol: value}
        expected = forward(claim.graph, given, exact=True)[claim.name].astype(float)
        printed = np.array(
            [[evaluate(cell, given, exact=True).item() for cell in row] for row in cells],
            dtype=float,
        )
        checks.append(compare(METHOD, printed, expected, EXACT_TOLERANCE))
    return worst(checks)


def wire(claim: RoundedClaim, page: Page) -> Agreement:
    """Compare the printed number with a run of the circuit, to the digits the sheet asks for."""
    printed = evaluate(read_expression(page.latex, page.known(claim.circuit)).expr, {})
    scaled = with_upstream(claim.circuit)
    given = {name: np.full((1, 1), float(value)) for name, value in claim.leaves.items()}
    values = forward(scaled, {**given, UPSTREAM: np.full((1, 1), float(claim.upstream))})
    found = gradients(scaled, values) if claim.backwards else values
    expected = found[claim.name].item()
    if not abs(printed.item() - expected) <= 0.5 * 10.0**-claim.digits + ROUNDING * abs(expected):
        raise CertificateError(f"{METHOD}: {printed.item():.6g} is not {expected:.6g}, rounded")
    return Agreement(METHOD, 0.0, 1)


def total(claim: TotalClaim, page: Page) -> Agreement:
    """Compare the printed number, or product of sizes, with the arrays of a run."""
    read = read_expression(page.latex, page.known(claim.graph)).expr
    printed = evaluate(substitute_sizes(read, trial_sizes(claim.graph)), {}, exact=True).item()
    values, _ = page.runs(claim.graph)[1][0]
    found = sum(values[name].size for name in claim.names)
    if printed != found:
        raise CertificateError(f"{METHOD}: {printed} is not {found}")
    return Agreement(METHOD, 0.0, 1)


def shape(claim: ShapeClaim, page: Page) -> Agreement:
    """Compare the printed sizes with those of the arrays in a run of the network."""
    found = read_shape(page.latex, page.known(claim.graph))
    values, _ = page.runs(claim.graph)[1][0]
    return _sizes(claim.graph, found, values[claim.name])


def batch_shape(claim: BatchShapeClaim, page: Page) -> Agreement:
    """Compare the printed sizes with those of the arrays in a run of the batch."""
    graph = claim.batch.graph
    found = read_shape(page.latex, page.known(graph))
    values, _ = page.runs(graph)[1][0]
    return _sizes(graph, found, values[claim.called])


def _sizes(graph: Graph, printed: Shape, array: NDArray[Any]) -> Agreement:
    sizes = trial_sizes(graph)
    found = tuple(dim.substitute(sizes).constant for dim in printed)
    if found != array.shape:
        raise CertificateError(f"{METHOD}: the sizes {found} are not {array.shape}")
    return Agreement(METHOD, 0.0, len(found))


def line(claim: WeightedSumClaim | FunctionClaim, page: Page) -> Agreement:
    """Compare the printed right side with the line's value in a run of the network."""
    known = page.known(claim.graph)
    _, points = page.runs(claim.graph)
    runs: Runs = [(values, values[claim.name]) for values, _ in points]
    return agree(page, known, claim.graph, claim.graph.shapes[claim.name], runs)


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
