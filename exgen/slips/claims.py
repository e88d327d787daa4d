"""Claims made wrong by a slip: the formula, the number or the shape that they assert is another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.certify.compare import EXACT_TOLERANCE, SEED
from exgen.certify.grids import SymbolicGridClaim
from exgen.certify.hand import rounded
from exgen.certify.numbers import ForwardClaim, GradientValueClaim, floats
from exgen.certify.points import trial_point, with_numbers
from exgen.certify.rounded import RoundedClaim, with_upstream
from exgen.derive.gradients import derive_gradients, with_gradient_shapes
from exgen.derive.linear import linear_entries
from exgen.engine import Values, evaluate, forward, gradient_name, gradients
from exgen.errors import CertificateError, KindError, MisfitError
from exgen.graph import Expr, Graph, names_in
from exgen.slips.base import Scene

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exgen.certify.memory import Memory
    from exgen.certify.prove import Claim

Rewrite = Callable[[Expr, Scene], Iterator[Expr]]
Put = Callable[[Any], Any]
NOTHING = Graph((), (), {}, "")


@dataclass(frozen=True, slots=True)
class Wrong:
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
        match claim:
            case ForwardClaim() | GradientValueClaim():
                yield from _wrong_arrays(claim, rewrite, memory)
            case RoundedClaim():
                yield from _wrong_numbers(claim, rewrite, memory)
            case SymbolicGridClaim():
                yield from _wrong_entries(claim, rewrite, memory)
            case _:
                scene = scene_of(claim, memory)
                for formula, put in places(claim):
                    for wrong in _formulas(formula, rewrite, scene):
                        yield Wrong(put(wrong))

    return slip


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
    shapes = own or with_gradient_shapes(graph, numerator=getattr(claim, "numerator", False))
    return Scene(graph, shapes)


def _wrong_arrays(
    claim: ForwardClaim | GradientValueClaim, rewrite: Rewrite, memory: Memory
) -> Iterator[Wrong]:
    graph = claim.graph
    values: Values = memory.once(
        "exact values", graph, lambda: forward(graph, claim.leaves, exact=True)
    )
    if isinstance(claim, ForwardClaim):
        formula, known = graph.expr(claim.name), values
    else:
        formula = _step(graph, claim.by, memory)
        known = memory.once("exact pass", graph, lambda: _with_gradients(graph, values, exact=True))
    if formula is None:
        return
    for wrong in _formulas(formula, rewrite, _plain_scene(graph, memory)):
        found = _value(wrong, known, exact=True)
        # more entries than asked for come of a sum that was left as its terms
        if found is None or found.size < claim.value.size:
            continue
        if found.shape != claim.value.shape or (found != claim.value).any():
            yield Wrong(replace(claim, value=found))
        elif differs(formula, wrong, graph, memory, values):
            yield Wrong(None, lucky=True)


def _wrong_numbers(claim: RoundedClaim, rewrite: Rewrite, memory: Memory) -> Iterator[Wrong]:
    graph: Graph = memory.once("scaled", claim.circuit, lambda: with_upstream(claim.circuit))
    formula = (
        _step(graph, claim.name, memory) if claim.backwards else claim.circuit.expr(claim.name)
    )
    if formula is None:
        return
    leaves = {leaf.name: claim.leaves.get(leaf.name, claim.upstream) for leaf in graph.leaves}
    given = {name: np.full((1, 1), float(value)) for name, value in leaves.items()}
    known = memory.once("pass", graph, lambda: _with_gradients(graph, forward(graph, given)))
    for wrong in _formulas(formula, rewrite, _plain_scene(graph, memory)):
        found = _value(wrong, known)
        if found is None or not np.isfinite(found).all():
            continue
        printed = _like(claim, Decimal(repr(float(found.item()))))
        if printed != claim.printed:
            yield Wrong(replace(claim, printed=printed))
        elif differs(formula, wrong, graph, memory, known):
            yield Wrong(None, lucky=True)


def _wrong_entries(claim: SymbolicGridClaim, rewrite: Rewrite, memory: Memory) -> Iterator[Wrong]:
    """Make one line of the forward pass wrong, and follow the symbol through the rest."""
    graph = claim.graph
    for place, line in enumerate(graph.bindings):
        for wrong in _formulas(line.expr, rewrite, _plain_scene(graph, memory)):
            lines = list(graph.bindings)
            lines[place] = replace(line, expr=wrong)
            other = replace(graph, bindings=tuple(lines))
            try:
                entries = linear_entries(other, claim.leaves, claim.symbol)
            except (KindError, MisfitError, ValueError):
                continue
            if entries != claim.entries:
                yield Wrong(replace(claim, entries=entries))
            elif differs(line.expr, wrong, graph, memory, claim.leaves):
                yield Wrong(None, lucky=True)


def _like(claim: RoundedClaim, value: Decimal) -> str:
    """Return a number to the digits of a claim's, with trailing zeros if that one has them."""
    text = str(rounded(value, claim.digits))
    padded = len(claim.printed.partition(".")[2]) == claim.digits
    return text if padded or "." not in text else text.rstrip("0").rstrip(".")


def _plain_scene(graph: Graph, memory: Memory) -> Scene:
    return memory.once("scene", graph, lambda: Scene(graph, with_gradient_shapes(graph)))


def _formulas(formula: Expr, rewrite: Rewrite, scene: Scene) -> Iterator[Expr]:
    yield from (wrong for wrong in dict.fromkeys(rewrite(formula, scene)) if wrong != formula)


def _step(graph: Graph, by: str, memory: Memory) -> Expr:
    derived = memory.once("derived", graph, lambda: derive_gradients(graph))
    step: Expr = derived[by].step
    return step


def _with_gradients(graph: Graph, values: Values, *, exact: bool = False) -> Values:
    found = gradients(graph, values, exact=exact)
    return {**values, **{gradient_name(name): array for name, array in found.items()}}


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
