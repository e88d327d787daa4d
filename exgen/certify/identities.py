"""Identities: every line of a proof equals the one before, in SymPy and in numbers.

SymPy is imported late: it takes a fifth of a second, and only proofs and facts need it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.certify.compare import EXACT_TOLERANCE, SEED, compare, worst
from exgen.certify.symbolic import in_sympy
from exgen.document import Agreement
from exgen.engine import Values, evaluate
from exgen.errors import CertificateError
from exgen.graph import (
    Call,
    Dim,
    Entry,
    Expr,
    Index,
    Name,
    Number,
    Shape,
    Size,
    SumOver,
    substitute_sizes,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.derive.proofs import Chain

SMALL = 3
"""The number of classes at which SymPy proves the lines."""
LARGE = 11
"""The number of classes at which they are compared in numbers."""


@dataclass(frozen=True, slots=True)
class ProofClaim:
    """Each line of a chain equals the line before, and its ends are what they should be."""

    chain: Chain

    def prove(self) -> tuple[Agreement, ...]:
        """Check every step as an identity at a small size and numerically at a larger one."""
        return self._symbolic(), self._numeric(), self._ends()

    def _symbolic(self) -> Agreement:
        steps = 0
        for at in places(self.chain, SMALL):
            lines = [_Symbols(self.chain, at).of(line.expr) for line in self.chain.lines]
            for number, (before, after) in enumerate(pairwise(lines), start=2):
                if not is_zero(before - after):
                    raise CertificateError(
                        f"SymPy identity: line {number} is not the line before it"
                    )
                steps += 1
        return Agreement("SymPy identity", 0.0, steps)

    def _numeric(self) -> Agreement:
        parts: list[Agreement] = []
        for at in places(self.chain, LARGE):
            values = chain_values(self.chain, at, LARGE)
            lines = [value_at(line.expr, values, at, LARGE) for line in self.chain.lines]
            parts += [
                compare("numbers at a larger size", after, before, EXACT_TOLERANCE)
                for before, after in pairwise(lines)
            ]
        return worst(parts)

    def _ends(self) -> Agreement:
        """Compare the first line and the result with what the ops themselves compute."""
        parts: list[Agreement] = []
        for at in places(self.chain, LARGE):
            values = chain_values(self.chain, at, LARGE)
            row = next(iter(at.values())) if self.chain.right is not None else 0
            ends = [
                (self.chain.left, self.chain.lines[0]),
                (self.chain.right, self.chain.lines[-1]),
            ]
            for whole, line in ends:
                if whole is not None:
                    expected = value_at(whole, values, at, LARGE)[[row]]
                    found = value_at(line.expr, values, at, LARGE)
                    parts.append(compare("forward pass", found, expected, EXACT_TOLERANCE))
        return worst(parts)


def is_zero(difference: Any) -> bool:  # noqa: ANN401 - SymPy has no types
    """Whether SymPy finds that an expression is 0 everywhere."""
    import sympy

    expanded = sympy.expand(difference, power_exp=True)
    return bool(expanded == 0 or sympy.cancel(sympy.together(expanded)) == 0)


def places(chain: Chain, size: int) -> list[dict[str, int]]:
    """Return every position of the free letters."""
    names = [letter for letter, _ in chain.letters]
    return [
        dict(zip(names, where, strict=True)) for where in product(range(size), repeat=len(names))
    ]


def _sizes(chain: Chain, size: int) -> dict[str, Dim]:
    names = {name for shape in chain.shapes.values() for dim in shape for name in dim.names}
    return dict.fromkeys(names, Dim(size))


def value_at(expr: Expr, values: Values, at: Mapping[str, int], size: int) -> Any:  # noqa: ANN401
    """Return an expression's value where every size is ``size``."""
    names = {name: Dim(size) for name in _size_names(expr)}
    return evaluate(substitute_sizes(expr, names), values, at)


def _size_names(expr: Expr) -> set[str]:
    from exgen.graph import walk

    found: set[str] = set()
    for part in walk(expr):
        if isinstance(part, SumOver):
            found |= set(part.size.names)
        if isinstance(part, Size):
            found.add(part.name)
    return found


def chain_values(chain: Chain, at: Mapping[str, int], size: int) -> Values:
    """Return values at which every name is legal: probabilities positive, targets as promised."""
    random = np.random.default_rng(SEED)
    values: Values = {}
    for name, shape in chain.shapes.items():
        rows = _rows(shape, size)
        values[name] = random.uniform(0.1, 0.9, (rows, 1))
    if chain.target:
        weight = values[chain.smoothing].item() if chain.smoothing else 0.0
        target = np.full((size, 1), weight / size)
        target[next(iter(at.values())), 0] += 1 - weight
        values[chain.target] = target
    return values


def _rows(shape: Shape, size: int) -> int:
    return size if shape[0].names else shape[0].constant


@dataclass(frozen=True, slots=True)
class _Symbols:
    """Turns index forms into SymPy at the small size."""

    chain: Chain
    at: Mapping[str, int]

    def of(self, expr: Expr, at: Mapping[str, int] | None = None) -> Any:  # noqa: ANN401
        import sympy

        at = self.at if at is None else at

        def position(index: Index) -> int:
            return index if isinstance(index, int) else at[index]

        match expr:
            case Number(value):
                return sympy.Rational(value.numerator, value.denominator)
            case Size():
                return sympy.Integer(SMALL)
            case Name(name):
                return sympy.Symbol(name, positive=True)
            case Entry(Name(name), row, _):
                return self._entry(name, position(row))
            case SumOver(index, size, body, but):
                last = SMALL if size.names else size.constant
                left_out = None if but is None else position(but)
                terms = (self.of(body, {**at, index: n}) for n in range(last) if n != left_out)
                return sum(terms, start=sympy.Integer(0))
            case Call(op, args):
                return in_sympy(op, (self.of(arg, at) for arg in args))
        raise CertificateError(f"SymPy identity: {type(expr).__name__} cannot be read")

    def _entry(self, name: str, row: int) -> Any:  # noqa: ANN401
        import sympy

        if name != self.chain.target:
            return sympy.Symbol(f"{name}_{row}", positive=True)
        hot = row == next(iter(self.at.values()))
        if not self.chain.smoothing:
            return sympy.Integer(int(hot))
        weight = sympy.Symbol(self.chain.smoothing, positive=True)
        share = weight / SMALL
        return 1 - weight + share if hot else share
