"""Index forms as printed: entries of gradients and of derivatives, evaluated at every index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exgen.certify.cases import POINTS
from exgen.certify.compare import EXACT_TOLERANCE, SEED, between, compare, same_numbers, worst
from exgen.certify.everywhere import everywhere
from exgen.certify.identities import LARGE, chain_values, places, value_at
from exgen.certify.points import trial_point, with_numbers
from exgen.certify.reading.page import METHOD, Page, agree, as_entries
from exgen.derive.cases import rank_of
from exgen.derive.marked import example_mark
from exgen.engine import evaluate, forward, gradient_name, gradients
from exgen.graph import (
    Delta,
    Dim,
    Entry,
    Expr,
    Graph,
    Index,
    Leaf,
    is_scalar,
    rebuild,
    substitute_sizes,
)
from exgen.readback.pages import read_expression
from exgen.readback.vocabulary import entries_of_examples, vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.certify.cases import CaseClaim, OrderClaim
    from exgen.certify.derivations import DerivationClaim
    from exgen.certify.equality import EqualityClaim
    from exgen.certify.identities import ProofClaim
    from exgen.certify.tensors import TensorClaim
    from exgen.document import Agreement

OUTPUTS = 3


def equality(claim: EqualityClaim, page: Page) -> Agreement:
    """Compare the whole array, or its entry at every index, with a run of the network."""
    base = claim.name.removeprefix(gradient_name(""))
    sizes = claim.graph.shapes[base]
    letters = {
        letter: size
        for letter, size in zip(claim.index, sizes, strict=True)
        if isinstance(letter, str)
    }
    known = page.known(claim.graph, numerator=claim.numerator)
    if any(example_mark(page.notation, letter) in page.latex for letter in letters):
        known = entries_of_examples(known, claim.graph, claim.index, next(iter(letters.values())))
    known = known.with_letters(letters)
    part = read_expression(page.latex, known, claim.shape, or_scalar=True)
    values, found = page.runs(claim.graph)[1][0]
    named = dict(values)
    turned = dict(values)
    for name, array in found.items():
        named[gradient_name(name)] = array
        turned[gradient_name(name)] = array.T if claim.numerator else array
    expected = named[claim.name]
    expr = same_numbers(part.expr, claim.graph)
    if part.is_scalar and expected.size > 1:
        ranges = {
            letter: size
            for letter, size in zip(claim.index, expected.shape, strict=True)
            if isinstance(letter, str)
        }
        by_index = everywhere(as_entries(expr), named, ranges).reshape(expected.shape)
        return compare(METHOD, by_index, expected, EXACT_TOLERANCE)
    whole = evaluate(expr, turned).astype(float)
    return compare(METHOD, whole, expected.T if claim.numerator else expected, EXACT_TOLERANCE)


def case(claim: CaseClaim, page: Page) -> Agreement:
    """Compare the entry with reverse mode, at every position where the case holds."""
    base = page.notation.index_base
    known = page.known(claim.graph)
    if claim.letter:
        known = known.with_letters({claim.letter: claim.graph.shapes[claim.by][0]})
    part = read_expression(page.latex, known)
    expr = same_numbers(part.expr, claim.graph)
    graph = with_numbers(claim.graph)
    checks: list[Agreement] = []
    for point in range(POINTS):
        values = trial_point(graph, SEED + point)
        expected = gradients(graph, values)[claim.by]
        for position in claim.positions(len(expected)):
            rank = int(claim.rank(values[claim.by][:, 0], position))
            label = claim.letter or str(position + base)
            at = {claim.letter: position, rank_of(label): rank}
            found = evaluate(expr, values, at).astype(float)
            checks.append(compare(METHOD, found, expected[[position]], EXACT_TOLERANCE))
    return worst(checks)


def order(claim: OrderClaim, page: Page) -> Agreement:
    """Draw a column in that order, and compare entry by entry with reverse mode."""
    random = np.random.default_rng(SEED)
    leaves = {
        leaf.name: random.standard_normal([dim.constant for dim in leaf.shape])
        for leaf in claim.graph.leaves
    }
    column = np.empty((len(claim.order), 1))
    column[list(claim.order), 0] = np.cumsum(random.uniform(0.5, 1.5, len(claim.order))) - 2
    values = forward(claim.graph, {**leaves, claim.by: column})
    expected = gradients(claim.graph, values)[claim.by]
    known = page.known(claim.graph)
    return agree(page, known, claim.graph, claim.graph.shapes[claim.by], [(values, expected)])


def tensor(claim: TensorClaim, page: Page) -> Agreement:
    """Compare the entries of a few outputs with reverse mode."""
    known = page.known(claim.graph)
    sizes = (*claim.graph.shapes[claim.of], *claim.graph.shapes[claim.by])
    indices = (*claim.form.out, *claim.form.arg)
    letters = {i: dim for i, dim in zip(indices, sizes, strict=True) if isinstance(i, str)}
    part = read_expression(page.latex, known.with_letters(letters))
    expr = as_entries(same_numbers(part.expr, claim.graph))
    graph, ((values, _), *_) = page.runs(claim.graph)
    rows, shape = values[claim.of].shape[0], values[claim.by].shape
    between_them = between(graph, claim.of, claim.by)
    ranges = {i: n for i, n in zip(claim.form.arg, shape, strict=True) if isinstance(i, str)}
    checks: list[Agreement] = []
    for output in sorted({round(n) for n in np.linspace(0, rows - 1, OUTPUTS)}):
        picked = np.zeros((rows, 1))
        picked[output] = 1.0
        pulled = gradients(between_them, values, upstream=picked)[claim.by]
        placed = _placed(expr, {str(claim.form.out[0]): output})
        found = everywhere(placed, values, ranges).reshape(shape)
        checks.append(compare(METHOD, found, pulled, EXACT_TOLERANCE))
    return worst(checks)


def derivation(claim: DerivationClaim, page: Page) -> Agreement:
    """Compare the result with the gradient of reverse mode, at every index."""
    known = page.known(claim.graph).with_letters(dict(claim.ranges))
    part = read_expression(page.latex, known)
    graph, lines, ranges = claim.small()
    numbers = {name: Dim(number) for name, number in claim.numbers().items()}
    expr = as_entries(substitute_sizes(part.expr, numbers))
    checks: list[Agreement] = []
    points = list(claim.points(graph))
    if claim.hot is None:
        # The arrays are small, so that one point has too few entries on either side of a kink.
        points += [(trial_point(graph, SEED + n), {}) for n in range(1, POINTS)]
    for values, fixed in points:
        named = dict(values)
        if is_scalar(graph.shapes[graph.loss]):
            found = gradients(graph, values)
            named |= {gradient_name(name): array for name, array in found.items()}
        allowed = claim.allowed(ranges, fixed)
        printed = everywhere(expr, named, ranges)[allowed]
        expected = everywhere(lines[0], named, ranges)[allowed]
        checks.append(compare(METHOD, printed, expected, EXACT_TOLERANCE))
    return worst(checks)


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


def _placed(expr: Expr, at: Mapping[str, int]) -> Expr:
    """Put positions in place of letters."""

    def put(index: Index) -> Index:
        return at.get(index, index) if isinstance(index, str) else index

    match expr:
        case Entry(of, row, column):
            return Entry(of, put(row), put(column))
        case Delta(left, right):
            return Delta(put(left), put(right))
    return rebuild(expr, lambda part: _placed(part, at))
