"""SymPy identities: lines in index form, at small fixed sizes, for all values at once.

SymPy differentiates by itself; none of our gradient rules is used. Numbers in the targets obey
their premise: the entries of a one-hot target are symbols that sum to 1.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import product
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from exgen.derive.index import entry_form, letters_of
from exgen.document import Agreement
from exgen.errors import CertificateError, MisfitError
from exgen.graph import (
    Call,
    Delta,
    Derivative,
    Dim,
    Entry,
    Expr,
    Graph,
    Index,
    Name,
    Number,
    SumOver,
    derivatives_in,
    names_in,
    substitute_sizes,
)
from exgen.ops import lookup
from exgen.ops.base import size_of
from exgen.ops.scalars import applied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from fractions import Fraction

MAX_SIZE = 3

Place = tuple[str, int, int]


def prove_identity(
    graph: Graph,
    lines: tuple[Expr, ...],
    ranges: tuple[tuple[str, Dim], ...],
    hot: tuple[str, str] | None,
    different: tuple[tuple[str, str], ...],
) -> Agreement:
    """Say that every line is identical to the one before, by SymPy at small sizes.

    Raises:
        CertificateError: two lines differ, or an op has no SymPy counterpart.

    """
    sizes = {name: Dim(MAX_SIZE if n == 0 else 2) for n, name in enumerate(graph.size_names)}
    small = graph.with_sizes({name: dim.constant for name, dim in sizes.items()})
    lines = tuple(substitute_sizes(line, sizes) for line in lines)
    spans = {letter: size_of(dim.substitute(sizes)) for letter, dim in ranges}
    checked = 0
    for positions in product(*(range(span) for span in spans.values())):
        at = dict(zip(spans, positions, strict=True))
        if any(at[one] == at[other] for one, other in different):
            continue
        algebra = _Algebra(small, _computed(small, lines, hot), hot and (hot[0], at[hot[1]]))
        before = None
        for number, line in enumerate(lines, 1):
            found = algebra.of(line, at)
            if before is not None and not is_zero(found - before):
                raise CertificateError(f"SymPy identity: line {number} is not the one before")
            before = found
            checked += 1
        # The positions are alike but for the names of their symbols.
        if hot is None:
            break
    return Agreement("SymPy identity", 0.0, checked)


def is_zero(difference: Any) -> bool:  # noqa: ANN401 - SymPy has no types
    """Whether SymPy finds that an expression is 0 everywhere."""
    import sympy

    expanded = sympy.expand(difference, power_exp=True)
    return bool(expanded == 0 or sympy.cancel(sympy.together(expanded)) == 0)


def _computed(graph: Graph, lines: tuple[Expr, ...], hot: tuple[str, str] | None) -> frozenset[str]:
    """Return the names that depend on others in the lines; all the rest are symbols."""
    read = {name for line in lines for name in names_in(line)}
    read |= {symbol.by for line in lines for symbol in derivatives_in(line)}
    read |= {hot[0]} if hot else set()
    found: set[str] = set()
    for binding in graph.bindings:
        if names_in(binding.expr) & (read | found):
            found.add(binding.name)
    return frozenset(found)


class _Algebra(Struct, frozen=True):
    """Names as SymPy expressions in those that the lines start from."""

    graph: Graph
    computed: frozenset[str]
    hot: tuple[str, int] | None
    seen: dict[Place, Any] = field(default_factory=dict)

    def symbol(self, name: str, row: int, column: int) -> Any:  # noqa: ANN401 - SymPy has no types
        import sympy

        return sympy.Symbol(f"{name}_{row}_{column}", positive=True)

    def entry(self, name: str, row: int, column: int, free: frozenset[str] = frozenset()) -> Any:  # noqa: ANN401
        """Return an entry of a name; names that are free are symbols, whatever their line."""
        if name in free:
            return self.symbol(name, row, column)
        key = (name, row, column)
        if free or key not in self.seen:
            value = self._entry(name, row, column, free)
            if free:
                return value
            self.seen[key] = value
        return self.seen[key]

    def _entry(self, name: str, row: int, column: int, free: frozenset[str]) -> Any:  # noqa: ANN401
        leaf, expr = self.graph.leaf(name), self.graph.expr(name)
        if self.hot is not None and name == self.hot[0]:
            return int(row == self.hot[1])
        if leaf is not None and leaf.role == "onehot":
            return self.onehot(name, row, column)
        if expr is None or name not in self.computed:
            return self.symbol(name, row, column)
        form = entry_form(expr, (row, column), self.graph.shapes, letters_of(self.graph))
        return self.of(form, {}, free)

    def onehot(self, name: str, row: int, column: int) -> Any:  # noqa: ANN401
        """Return an entry of a target: symbols, the last of which makes their sum 1."""
        from exgen.certify.points import classes_axis

        leaf = self.graph.leaf(name)
        if leaf is None:
            raise CertificateError(f"SymPy identity: '{name}' is no target")
        axis = classes_axis(self.graph, leaf)
        size, place = size_of(leaf.shape[axis]), (row, column)
        if place[axis] < size - 1:
            return self.symbol(name, row, column)
        others = ((n, column) if axis == 0 else (row, n) for n in range(size - 1))
        return 1 - sum(self.symbol(name, *other) for other in others)

    def derivative(self, of: Callable[[frozenset[str]], Any], by: Place) -> Any:  # noqa: ANN401
        """Return a derivative by one entry, the name's other entries held."""
        import sympy

        name, row, column = by
        free = frozenset({name})
        slope = sympy.diff(of(free), self.symbol(name, row, column))
        rows, columns = (size_of(dim) for dim in self.graph.shapes[name])
        values = {
            self.symbol(name, r, c): self.entry(name, r, c)
            for r, c in product(range(rows), range(columns))
        }
        return slope.subs(values, simultaneous=True)

    def of(self, expr: Expr, at: Mapping[str, int], free: frozenset[str] = frozenset()) -> Any:  # noqa: ANN401
        """Return an index form as a SymPy expression."""
        import sympy

        def place(index: Index) -> int:
            return index if isinstance(index, int) else at[index]

        match expr:
            case Number(value):
                return sympy.Rational(value.numerator, value.denominator)
            case Entry(Name(name), (row, column)):
                return self.entry(name, place(row), place(column), free)
            case Entry(Derivative(line, by), indices):
                *top, row, column = (0, 0, *map(place, indices))[-4:]
                return self.derivative(
                    lambda held: self.entry(line, top[0], top[1], held), (by, row, column)
                )
            case Entry(of, (row, column)):
                form = entry_form(of, (row, column), self.graph.shapes, letters_of(self.graph))
                return self.of(form, at, free)
            case Delta(left, right):
                return int(place(left) == place(right))
            case SumOver(index, size, body, but):
                left_out = None if but is None else place(but)
                terms = (n for n in range(size_of(size)) if n != left_out)
                return sum(self.of(body, {**at, index: n}, free) for n in terms)
            case Name(name):
                return self.entry(name, 0, 0, free)
            case Call(op, args):
                return in_sympy(op, (self.of(arg, at, free) for arg in args))
        raise CertificateError(f"SymPy identity: there is no counterpart of {type(expr).__name__}")


class SymPy:
    """SymPy's mathematics, for the formulas of ops."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        import sympy

        return getattr(sympy, name)

    def number(self, value: Fraction) -> Any:  # noqa: ANN401
        """Return a rational number."""
        return self.Rational(value.numerator, value.denominator)

    def power(self, base: Any, exponent: Any) -> Any:  # noqa: ANN401
        """Return a power."""
        return base**exponent

    def where(self, holds: Any, yes: Any, no: Any) -> Any:  # noqa: ANN401
        """Return one of two expressions, as a condition says."""
        return self.Piecewise((yes, holds), (no, True))


def in_sympy(op: str, args: Iterable[Any]) -> Any:  # noqa: ANN401
    """Return an op of SymPy's expressions.

    Raises:
        CertificateError: it has no formula, or a kink or a jump, of which nothing is proven so.

    """
    traits = lookup(op).traits
    if not (traits.kink or traits.jump):
        with suppress(MisfitError):
            return applied(op, tuple(args), SymPy())
    raise CertificateError(f"SymPy identity: there is no counterpart of {op}")
