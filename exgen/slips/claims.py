"""Claims made wrong by a slip: the formula, the number or the shape that they assert is another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct

from exgen.certify.compare import EXACT_TOLERANCE, SEED
from exgen.certify.equation import Equation, as_cells
from exgen.certify.hand import rounded
from exgen.certify.points import trial_point, with_numbers
from exgen.certify.trials import floats
from exgen.derive.gradients import derive_gradients
from exgen.derive.jacobian import is_turned
from exgen.derive.linear import linear_entries
from exgen.derive.written import on_the_page
from exgen.engine import Values, evaluate, forward, gradients
from exgen.errors import CertificateError, KindError, MisfitError
from exgen.graph import Expr, Graph, Number, derivatives_in, is_scalar, names_in
from exgen.shapes import shape_of
from exgen.slips.base import Scene

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exgen.certify.memory import Memory
    from exgen.certify.prove import Claim

Rewrite = Callable[[Expr, Scene], Iterator[Expr]]
Put = Callable[[Any], Any]
NOTHING = Graph((), (), {}, "")


class Wrong(Struct, frozen=True):
    """A claim that a slip made wrong.

    Attributes:
        claim: the wrong claim; None where the slip gave the right number.
        lucky: whether the slip is a mistake, and gave the right number at these draws alone.

    """

    claim: Claim | None
    lucky: bool = False


def on_formulas(rewrite: Rewrite) -> Callable[[Claim, Memory], Iterator[Wrong]]:
    """Return the slip that rewrites a formula, as one that makes claims wrong.

    Where the claim is a number, the formula is the one that gives it.
    """

    def slip(claim: Claim, memory: Memory) -> Iterator[Wrong]:
        if isinstance(claim, Equation) and claim.leaves:
            opened = [leaf.name for leaf in claim.graph.leaves if leaf.name not in claim.leaves]
            if opened:
                yield from _wrong_cells(claim, opened[0], rewrite, memory)
            else:
                yield from _wrong_numbers(claim, rewrite, memory)
            return
        layout = getattr(claim, "layout", "shape")
        for shown, page, put in memory.once("shown", claim, lambda: tuple(_shown(claim, memory))):
            for wrong in _formulas(shown, rewrite, page):
                yield Wrong(put(on_the_page(wrong, page.graph.shapes, layout)))

    return slip


def _shown(claim: Claim, memory: Memory) -> Iterator[tuple[Expr, Scene, Put]]:
    """Yield every formula of a claim as the page shows it, for that is what a slip is made in."""
    scene, layout = scene_of(claim, memory), getattr(claim, "layout", "shape")
    shapes = scene.graph.shapes
    for formula, put in places(claim):
        symbols = (s for s in derivatives_in(formula) if is_turned(s, shapes, layout))
        turned = {symbol: shape_of(symbol, shapes)[::-1] for symbol in symbols}
        page = replace(scene, shapes={**scene.shapes, **turned})
        yield on_the_page(formula, shapes, layout), page, put


def places(value: object, put: Put = lambda changed: changed) -> Iterator[tuple[Expr, Put]]:
    """Yield every formula that a claim asserts, with the way to put another in its place."""
    if isinstance(value, Expr):
        yield value, put
    elif isinstance(value, tuple):
        for position, part in enumerate(value):

            def put_in(changed: object, at: int = position) -> Any:  # noqa: ANN401
                return put((*value[:at], changed, *value[at + 1 :]))

            yield from places(part, put_in)
    elif is_dataclass(value) and not isinstance(value, type | Graph):
        for part in fields(value):

            def put_at(changed: object, name: str = part.name) -> Any:  # noqa: ANN401
                return put(replace(value, **{name: changed}))

            yield from places(getattr(value, part.name), put_at)


def scene_of(claim: object, memory: Memory) -> Scene:
    """Return what a slip may look at besides the formulas of a claim."""
    return memory.once("scene", claim, lambda: _scene(claim))


def _scene(claim: object) -> Scene:
    graph = getattr(claim, "graph", NOTHING)
    own = getattr(claim, "shapes", None) or getattr(getattr(claim, "chain", None), "shapes", None)
    return Scene(graph, own or graph.shapes)


def _wrong_numbers(claim: Equation, rewrite: Rewrite, memory: Memory) -> Iterator[Wrong]:
    """Make the formula wrong that gives the numbers, and evaluate it at the leaves."""
    graph, quantity = claim.graph, claim.quantity
    if quantity is not None and quantity.rate is not None:
        return
    exact = claim.rounding is None
    leaves = claim.leaves if exact else floats(claim.leaves)
    known: Values = memory.once("values", graph, lambda: forward(graph, leaves, exact=exact))
    values = known
    if quantity is not None and quantity.by:
        formula: Expr | None = _step(graph, quantity.by, memory)
        known = memory.once("pass", graph, lambda: _with_gradients(graph, values, exact=exact))
    else:
        formula = None if quantity is None else graph.expr(quantity.of)
    if formula is None:
        return
    right = evaluate(formula, known, exact=exact)
    for wrong in _formulas(formula, rewrite, _plain_scene(graph, memory)):
        found = _value(wrong, known, exact=exact)
        # more entries than asked for come of a sum that was left as its terms
        if found is None or found.size < right.size or not _finite(found):
            continue
        other = _with_numbers(claim, found)
        if found.shape == right.shape and _alike(found, right, claim):
            if differs(formula, wrong, graph, memory, values):
                yield Wrong(None, lucky=True)
        elif other != claim:
            yield Wrong(other)


def _finite(array: NDArray[Any]) -> bool:
    return bool(np.isfinite(array.astype(float)).all())


def _alike(found: NDArray[Any], right: NDArray[Any], claim: Equation) -> bool:
    """Whether numbers print alike."""
    if claim.rounding is None:
        return bool((found == right).all())
    digits = claim.rounding.digits
    pairs = zip(found.flat, right.flat, strict=True)
    texts = ([rounded(Decimal(repr(float(n))), digits) for n in pair] for pair in pairs)
    return all(one == other for one, other in texts)


def _with_numbers(claim: Equation, array: NDArray[Any]) -> Equation:
    """Return a claim with other numbers, in the layout of its own."""
    if claim.cells:
        turned = claim.layout == "numerator" and claim.quantity is not None and claim.quantity.by
        return replace(claim, cells=as_cells(array.T if turned else array))
    row, column = (index if isinstance(index, int) else 0 for index in claim.index)
    return replace(claim, rights=(Number(array[row, column]),))


def _wrong_cells(claim: Equation, symbol: str, rewrite: Rewrite, memory: Memory) -> Iterator[Wrong]:
    """Make one line of the forward pass wrong, and follow the symbol through the rest."""
    graph = claim.graph
    for place, line in enumerate(graph.bindings):
        for wrong in _formulas(line.expr, rewrite, _plain_scene(graph, memory)):
            lines = list(graph.bindings)
            lines[place] = replace(line, expr=wrong)
            other = replace(graph, bindings=tuple(lines))
            try:
                cells = linear_entries(other, claim.leaves, symbol)
            except (KindError, MisfitError, ValueError):
                continue
            if cells != claim.cells:
                yield Wrong(replace(claim, cells=cells))
            elif differs(line.expr, wrong, graph, memory, claim.leaves):
                yield Wrong(None, lucky=True)


def _plain_scene(graph: Graph, memory: Memory) -> Scene:
    return memory.once("scene", graph, lambda: Scene(graph, graph.shapes))


def _formulas(formula: Expr, rewrite: Rewrite, scene: Scene) -> Iterator[Expr]:
    yield from (wrong for wrong in dict.fromkeys(rewrite(formula, scene)) if wrong != formula)


def _step(graph: Graph, by: str, memory: Memory) -> Expr:
    derived = memory.once("derived", graph, lambda: derive_gradients(graph))
    step: Expr = derived[by].step
    return step


def _with_gradients(graph: Graph, values: Values, *, exact: bool = False) -> Values:
    # Where a network ends in no scalar, nothing that is asked about it reads a gradient.
    if not is_scalar(graph.shapes[graph.loss]):
        return dict(values)
    found = gradients(graph, values, exact=exact)
    return {**values, **{graph.gradient(name): array for name, array in found.items()}}


def _value(expr: Expr, known: Values, *, exact: bool = False) -> NDArray[Any] | None:
    """Return the value of a formula; None where its parts do not fit."""
    try:
        return evaluate(expr, known, exact=exact)
    except (MisfitError, ValueError, KeyError, ZeroDivisionError, TypeError):
        return None


def differs(
    one: Expr, other: Expr, graph: Graph, memory: Memory, given: Mapping[str, NDArray[Any]]
) -> bool:
    """Whether two formulas have different values at a test point, where nothing is special.

    The gradient that a problem hands in at the output is as given there: where it is 1, leaving
    it out is no mistake that other numbers would show.
    """
    try:
        known = memory.once("test point", graph, lambda: _test_point(graph, given))
    except CertificateError:
        return False
    first, second = (_value(expr, known) for expr in (one, other))
    if first is None or second is None or first.shape != second.shape:
        return True
    return bool(np.abs(first - second).max() > EXACT_TOLERANCE)


def _test_point(graph: Graph, given: Mapping[str, NDArray[Any]]) -> Values:
    point = trial_point(with_numbers(graph), SEED)
    last = graph.expr(graph.loss)
    handed_in = {
        leaf.name: given[leaf.name]
        for leaf in graph.leaves
        if leaf.role == "const" and last is not None and leaf.name in names_in(last)
    }
    leaves = {leaf.name: point[leaf.name] for leaf in graph.leaves} | floats(handed_in)
    return _with_gradients(graph, forward(graph, leaves))
