"""Derivations: a chain of lines in index form, each equal to the one before.

The claim knows nothing of where the lines come from: a derivation of a gradient, or the proof of
an identity. Each line is evaluated at every index, on its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.certify import differences
from exgen.certify.compare import (
    DIFFERENCE_TOLERANCE,
    EXACT_TOLERANCE,
    SEED,
    as_function,
    compare,
    worst,
)
from exgen.certify.everywhere import everywhere, partial_name
from exgen.certify.points import fitting_sizes, trial_point
from exgen.certify.symbolic import prove_identity
from exgen.engine import Values, evaluate, forward, gradient_name, gradients
from exgen.errors import CertificateError
from exgen.graph import Dim, Entry, Graph, Name, Partial, substitute_sizes, walk
from exgen.ops.base import size_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from exgen.document import Agreement
    from exgen.graph import Expr

FIRST_SIZES = (2, 8, 32)
"""Numbers for sizes that are still symbolic: distinct, and small, for every index is tried."""
MAX_SYMBOLIC = 9
"""SymPy is not asked about more entries than this along an axis whose size is a number."""
MIXED_TOLERANCE = 1e-7
"""Between lines of which one has a partial derivative, which is taken by differences."""


@dataclass(frozen=True, slots=True)
class DerivationClaim:
    """Every line equals the one before it, at every index.

    Attributes:
        graph: the network; a line may read its names, and their gradients as ``grad_z2``.
        lines: scalars in index form.
        ranges: the free letters of the lines, and how far each runs.
        different: pairs of letters that are not equal.
        hot: a one-hot leaf, and the letter that stands for its class.
        of: a name, or a gradient's name, whose entry the first line is; "" if it is none.
        symbolic: whether SymPy has to find every two lines identical too.

    """

    graph: Graph
    lines: tuple[Expr, ...]
    ranges: tuple[tuple[str, Dim], ...]
    different: tuple[tuple[str, str], ...] = ()
    hot: tuple[str, str] | None = None
    of: str = ""
    symbolic: bool = False

    def prove(self) -> tuple[Agreement, ...]:
        """Evaluate every line at every index; the last one also against a run of the network.

        Raises:
            CertificateError: a line is not equal to the one before.

        """
        found: list[Agreement] = []
        graph, lines, ranges = self.small()
        for values, fixed in self.points(graph):
            found += self.compare_lines(graph, lines, ranges, values, fixed)
        methods = dict.fromkeys(part.method for part in found)
        agreed = [worst([part for part in found if part.method == method]) for method in methods]
        if self.symbolic and max(ranges.values(), default=1) <= MAX_SYMBOLIC:
            agreed.append(
                prove_identity(self.graph, self.lines, self.ranges, self.hot, self.different)
            )
        return tuple(agreed)

    def numbers(self) -> dict[str, int]:
        """Return small numbers for the sizes that are still symbolic."""
        return fitting_sizes(self.graph, map(count, FIRST_SIZES))

    def small(self) -> tuple[Graph, tuple[Expr, ...], dict[str, int]]:
        """Return the network, the lines and the ranges with small numbers as sizes."""
        numbers = self.numbers()
        sizes = {name: Dim(number) for name, number in numbers.items()}
        lines = tuple(substitute_sizes(line, sizes) for line in self.lines)
        ranges = {letter: size_of(dim.substitute(sizes)) for letter, dim in self.ranges}
        return self.graph.with_sizes(numbers), lines, ranges

    def points(self, graph: Graph) -> Iterator[tuple[Values, dict[str, int]]]:
        """Yield values to try, and the class that a letter then stands for."""
        values = trial_point(graph, SEED)
        if self.hot is None:
            yield values, {}
            return
        leaf, letter = self.hot
        for position in range(values[leaf].shape[0]):
            hot = np.zeros(values[leaf].shape)
            hot[position, 0] = 1.0
            leaves = {x.name: values[x.name] for x in graph.leaves}
            yield forward(graph, {**leaves, leaf: hot}), {letter: position}

    def compare_lines(
        self,
        graph: Graph,
        lines: tuple[Expr, ...],
        ranges: dict[str, int],
        values: Values,
        fixed: dict[str, int],
    ) -> list[Agreement]:
        """Compare each line with the one before at one point of the leaves."""
        known = dict(values)
        found = gradients(graph, values) if _needs_gradients(graph, lines, self.of) else {}
        known |= {gradient_name(name): array for name, array in found.items()}
        for line in lines:
            for part in walk(line):
                if isinstance(part, Partial):
                    _add_partial(graph, part, known)
        allowed = self.allowed(ranges, fixed)
        computed = [everywhere(line, known, ranges)[allowed] for line in lines]
        rough = [any(isinstance(part, Partial) for part in walk(line)) for line in lines]
        steps: list[Agreement] = []
        for n, (before, after) in enumerate(pairwise(computed), 1):
            tolerance = MIXED_TOLERANCE if rough[n - 1] or rough[n] else EXACT_TOLERANCE
            try:
                steps.append(compare("line by line", after, before, tolerance))
            except CertificateError as error:
                raise CertificateError(f"line {n + 1} of the derivation: {error.message}") from None
        return [
            *steps,
            *self.against_the_network(graph, lines, values, ranges, allowed, computed[-1]),
        ]

    def allowed(self, ranges: dict[str, int], fixed: dict[str, int]) -> NDArray[Any]:
        """Return which positions are meant."""
        where = np.indices(tuple(ranges.values()))
        axes = dict(zip(ranges, where, strict=True))
        mask = np.ones(tuple(ranges.values()), dtype=bool)
        for letter, position in fixed.items():
            mask &= axes[letter] == position
        for one, other in self.different:
            mask &= axes[one] != axes[other]
        return mask

    def against_the_network(
        self,
        graph: Graph,
        lines: tuple[Expr, ...],
        values: Values,
        ranges: dict[str, int],
        allowed: NDArray[Any],
        last: NDArray[Any],
    ) -> list[Agreement]:
        """Compare the last line with what the first one stands for, found without the lines."""
        first = lines[0]
        if not (self.of and isinstance(first, Entry) and first.of == Name(self.of)):
            return []
        by = self.of.removeprefix(gradient_name(""))
        if by == self.of:
            array, method, tolerance = values[by], "forward pass", EXACT_TOLERANCE
        else:
            run = as_function(graph, values, by, graph.loss)
            array = differences.gradient(lambda x: run(x).item(), values[by])
            method, tolerance = "differences", DIFFERENCE_TOLERANCE
        expected = everywhere(first, {self.of: array}, ranges)[allowed]
        return [compare(method, last, expected, tolerance)]


def _needs_gradients(graph: Graph, lines: tuple[Expr, ...], of: str) -> bool:
    names = {part.name for line in lines for part in walk(line) if isinstance(part, Name)} | {of}
    return any(gradient_name(name) in names for name in graph.names)


def _add_partial(graph: Graph, part: Partial, known: Values) -> None:
    """Add the derivatives of a line by a name it reads, by differences of that line alone."""
    of, by = part.of.of, part.by.of
    if not (isinstance(of, Name) and isinstance(by, Name)):
        raise CertificateError("a partial derivative is of an entry of a name, by another")
    key, expr = partial_name(of.name, by.name), graph.expr(of.name)
    if key in known:
        return
    if expr is None:
        raise CertificateError(f"'{of.name}' is no line")
    run: Callable[[NDArray[Any]], NDArray[Any]] = lambda x: evaluate(expr, {**known, by.name: x})  # noqa: E731
    at = known[by.name]
    found = np.empty((*known[of.name].shape, *at.shape))
    for place in np.ndindex(at.shape):
        direction = np.zeros(at.shape)
        direction[place] = 1.0
        found[(..., *place)] = differences.directional(run, at, direction)
    known[key] = found
