"""The value of an expression in arrays or in index form, from the rows of a voice's ops.

Arrays are rows by columns. In index form every letter has an axis of its own, counted from the
last one, so that an entry for all letters at once is one broadcast computation.
"""

from __future__ import annotations

import ast
import operator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tests.oracle.reading import letter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

INFIX: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
COMPARISONS: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
}


class UnreadableError(Exception):
    """An expression says something that the oracle does not know."""


@dataclass(frozen=True, slots=True)
class Row:
    """An op: how many arrays it takes before its options, and what computes it."""

    arrays: int
    compute: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Voice:
    """What computes: the rows of its ops, and the few things that are not ops.

    Attributes:
        functions: a row for each op that is called by name.
        array: a number as a 1 x 1 array; an array as it is.
        indicator: 1 where a comparison holds, else 0.
        index: the whole numbers below a bound, along an axis counted from the last one.
        kept: an array where a mask holds, else 0.
        total: the sum along an axis.

    """

    functions: Mapping[str, Row]
    array: Callable[[Any], Any]
    indicator: Callable[[Any], Any]
    index: Callable[[int, int], Any]
    kept: Callable[[Any, Any], Any]
    total: Callable[[Any, Any, int], Any]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Where an expression is evaluated.

    Attributes:
        voice: what computes.
        known: the array of every name and of every derivative, the number of every size.
        partials: in index form, the derivatives of a line's entries by those of what it reads.
        letters: in index form, where each letter stands.
        depth: how many axes the letters take.

    """

    voice: Voice
    known: Mapping[str, Any]
    partials: Callable[[str, str], Any] | None = None
    letters: Mapping[str, Any] = field(default_factory=dict)
    depth: int = 0

    def with_letter(self, name: str, size: int) -> Evaluation:
        """Return this with one letter more, which runs along an axis of its own."""
        run = self.voice.index(size, self.depth)
        return replace(self, letters={**self.letters, name: run}, depth=self.depth + 1)

    def of(self, node: ast.expr) -> Any:  # noqa: ANN401 - a number or an array
        """Return the value of an expression."""
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self.known[name]
            case ast.BinOp(left=left, op=ast.MatMult(), right=right):
                return self.array(left) @ self.array(right)
            case ast.BinOp(left=left, op=sign, right=right):
                return self.infix(INFIX[type(sign)], self.of(left), self.of(right))
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return -self.of(inner)
            case ast.Compare(left=left, ops=[sign], comparators=[right]):
                holds = self.infix(COMPARISONS[type(sign)], self.of(left), self.of(right))
                return self.voice.indicator(holds)
            case ast.Attribute(value=inner, attr="T"):
                return self.array(inner).T
            case ast.Subscript(value=inner, slice=where):
                return self.subscript(inner, where)
            case ast.Call(func=ast.Name(id=name), args=args):
                return self.call(name, args, node.keywords)
        raise UnreadableError(ast.unparse(node))

    def array(self, node: ast.expr) -> Any:  # noqa: ANN401
        """Return the value of an expression as an array."""
        return self.voice.array(self.of(node))

    def infix(self, compute: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:  # noqa: ANN401
        """Combine entry by entry; arrays have the same shape, or one of them a single entry."""
        if not self.letters and hasattr(left, "shape") and hasattr(right, "shape"):
            shapes = tuple(left.shape), tuple(right.shape)
            if shapes[0] != shapes[1] and (1, 1) not in shapes:
                raise UnreadableError(f"{shapes[0]} and {shapes[1]} entry by entry")
        return compute(left, right)

    def call(self, name: str, args: list[ast.expr], keywords: list[ast.keyword]) -> Any:  # noqa: ANN401
        """Return what an op or an index form gives."""
        match name:
            case "derivative":
                return self.known[f"derivative({', '.join(map(ast.unparse, args))})"]
            case "sum_over":
                return self.summed(args[0], args[1:-1], args[-1])
            case "delta":
                return self.voice.indicator(self.position(args[0]) == self.position(args[1]))
        row = self.voice.functions[name]
        given = [self.array(part) for part in args[: row.arrays]]
        options = [self.of(part) for part in args[row.arrays :]]
        return row.compute(*given, *options, **{k.arg: self.of(k.value) for k in keywords if k.arg})

    # --- entries and stretches ---

    def subscript(self, inner: ast.expr, where: ast.expr) -> Any:  # noqa: ANN401
        """Return an entry, a stretch, or an entry in index form."""
        parts = where.elts if isinstance(where, ast.Tuple) else [where]
        match inner, parts:
            case ast.Call(args=[ast.Name(id=of), ast.Name(id=by)]), [_, _, _, _]:
                return self.partial(of, by)[tuple(map(self.position, parts))]
        whole = replace(self, letters={}).array(inner)
        if any(isinstance(part, ast.Slice) for part in parts):
            return whole[tuple(self.stretch(part) for part in parts)]
        places = [self.position(part) for part in parts]
        places = places if len(places) > 1 else [places[0], 0]
        if all(isinstance(place, int) for place in places):
            row, column = places
            if not (0 <= row < whole.shape[0] and 0 <= column < whole.shape[1]):
                raise UnreadableError(f"no entry {row}, {column} in {tuple(whole.shape)}")
            return whole[row : row + 1, column : column + 1]
        return whole[tuple(places)]

    def stretch(self, part: ast.expr) -> slice:
        """Return a stretch along one axis."""
        if not isinstance(part, ast.Slice) or part.step is not None:
            raise UnreadableError(ast.unparse(part))
        ends = (None if end is None else self.of(end) for end in (part.lower, part.upper))
        return slice(*ends)

    def position(self, node: ast.expr) -> Any:  # noqa: ANN401 - a whole number, or one for each place
        """Return a position: a number, a letter, or a sum of such."""
        match node:
            case ast.Constant(value=int(value)):
                return value
            case ast.Name(id=name):
                return self.letters[name] if name in self.letters else self.known[name]
            case ast.BinOp(left=left, op=sign, right=right):
                return INFIX[type(sign)](self.position(left), self.position(right))
        raise UnreadableError(ast.unparse(node))

    # --- index forms ---

    def summed(self, bound: ast.expr, but: list[ast.expr], body: ast.expr) -> Any:  # noqa: ANN401
        """Return a sum over a letter, which may leave one position out."""
        match bound:
            case ast.Compare(left=ast.Name(id=name), ops=[ast.Lt()], comparators=[size]):
                inner = self.with_letter(letter(name), int(self.of(size)))
            case _:
                raise UnreadableError(ast.unparse(bound))
        terms, run = inner.of(body), inner.letters[name]
        for condition in but:
            match condition:
                case ast.Compare(left=left, ops=[ast.NotEq()], comparators=[right]):
                    terms = self.voice.kept(terms, inner.position(left) != inner.position(right))
                case _:
                    raise UnreadableError(ast.unparse(condition))
        return self.voice.total(terms, run, self.depth)

    def partial(self, of: str, by: str) -> Any:  # noqa: ANN401
        """Return the derivatives of a line's entries by those of what the line reads."""
        if self.partials is None:
            raise UnreadableError("a partial derivative without a network")
        return self.partials(of, by)
