"""Equations of worked steps: all sides are equal, whatever numbers stand in them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.certify import differences
from exgen.certify.compare import (
    DIFFERENCE_FLOOR,
    DIFFERENCE_TOLERANCE,
    EXACT_TOLERANCE,
    SEED,
    as_function,
    compare,
    same_numbers,
    worst,
)
from exgen.certify.points import trial_points, with_numbers
from exgen.derive.jacobian import is_denominator
from exgen.engine import Values, evaluate, gradient_name, gradients
from exgen.errors import CertificateError
from exgen.graph import Call, names_in, walk
from exgen.ops import traits_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exgen.derive.factors import Factor
    from exgen.document import Agreement
    from exgen.graph import Expr, Graph

METHOD = "each side evaluated"


@dataclass(frozen=True, slots=True)
class EquationClaim:
    """All sides of an equation are equal.

    A side reads names of the forward pass, gradients of the loss such as ``grad_z2``, and
    derivatives of one line by a name that it reads such as ``grad_r_by_u``.

    Attributes:
        graph: the network.
        sides: the sides, in the order in which they are printed.
        layout: as a notation has it; with ``numerator``, gradients stand transposed.
        factors: the derivatives of lines that the sides read.

    """

    graph: Graph
    sides: tuple[Expr, ...]
    layout: str
    factors: tuple[Factor, ...]

    def prove(self) -> tuple[Agreement, ...]:
        """Evaluate every side at trial points, and compare each with the one before.

        Gradients come from reverse mode. Derivatives of a line come from differences that run this
        line alone, so no rule of an op decides what they are.

        Raises:
            CertificateError: a side is not equal to the one before, or there is only one.

        """
        if len(self.sides) < 2:  # noqa: PLR2004 - an equation has two sides
            raise CertificateError("an equation has two sides")
        graph = with_numbers(self.graph)
        sides = [same_numbers(side, self.graph) for side in self.sides]
        rough = {factor.name for factor in self.factors}
        found: list[Agreement] = []
        points = trial_points(graph, SEED)
        # At a kink the two sides may follow different conventions, and both be right.
        for values in [point for point in points if not _at_kink(graph, point)] or points:
            known = self.known(graph, values)
            computed = [evaluate(side, known).astype(float) for side in sides]
            for n, (before, after) in enumerate(pairwise(computed), start=1):
                read = names_in(sides[n - 1]) | names_in(sides[n])
                tolerance = DIFFERENCE_TOLERANCE if rough & read else EXACT_TOLERANCE
                found.append(compare(METHOD, after, before, tolerance, floor=DIFFERENCE_FLOOR))
        return (worst(found),)

    def known(self, graph: Graph, values: Values) -> Values:
        """Return the values of all names that a side may read."""
        known = dict(values)
        read = frozenset[str]().union(*map(names_in, self.sides))
        if any(gradient_name(name) in read for name in graph.names):
            turned = self.layout == "numerator"
            for name, array in gradients(graph, values).items():
                known[gradient_name(name)] = array.T if turned else array
        for factor in self.factors:
            jacobian = _by_differences(graph, values, factor)
            turned = is_denominator(self.layout, graph.shapes[factor.of])
            known[factor.name] = jacobian.T if turned else jacobian
        return known


def _by_differences(graph: Graph, values: Values, factor: Factor) -> NDArray[Any]:
    """Return the Jacobian of a line by a name that it reads: rows of the line's entries."""
    expr = graph.expr(factor.of)
    if expr is None or factor.by not in names_in(expr):
        raise CertificateError(f"the line of '{factor.of}' does not read '{factor.by}'")
    run = as_function(graph, values, factor.by, factor.of)
    at = values[factor.by].astype(float)
    columns: list[NDArray[Any]] = []
    for place in np.ndindex(at.shape):
        direction = np.zeros(at.shape)
        direction[place] = 1.0
        columns.append(differences.directional(run, at, direction).reshape(-1))
    return np.stack(columns, axis=1)


def _at_kink(graph: Graph, values: Values) -> bool:
    """Whether a pre-activation is exactly 0, as where all units before it are inactive."""
    kinks = (
        part.args[0]
        for binding in graph.bindings
        for part in walk(binding.expr)
        if isinstance(part, Call) and traits_of(part).kink
    )
    return any(bool((evaluate(z, values) == 0).any()) for z in kinks)
