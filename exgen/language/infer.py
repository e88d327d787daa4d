"""Names and shapes of expressions as read, and what short forms stand for.

Three short forms are spelt out here, so that everything after sees only plain matrix algebra:
a bias added to a batch becomes a product with a vector of ones, and a softmax or an appended 1
of a batch learns its axis.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from exgen.errors import MisfitError, Source, Span, nearest, retold
from exgen.graph import (
    ONE,
    SCALAR,
    Call,
    Derivative,
    Dim,
    Entry,
    Expr,
    Name,
    Shape,
    Size,
    SumOver,
    call,
    is_column,
    is_scalar,
    rebuild,
    shape_text,
    walk,
)
from exgen.language.orientation import Features, together
from exgen.language.writer import to_text
from exgen.ops import lookup, traits_of
from exgen.ops.activations import SOFTMAX
from exgen.ops.arithmetic import TERMS
from exgen.shapes import Shapes, check_size, derivative_shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from exgen.language.orientation import Orientation
    from exgen.ops.base import Sizes

# Each softmax around another doubles the gradient, which uses its upstream gradient twice.
MAX_SOFTMAX = 5


class Scope(Struct, frozen=True):
    """What the names in one line mean.

    Attributes:
        source: the text, for errors.
        bound: the names bound above the line.
        later: the lines on which the others are bound.
        sizes: the named sizes.

    """

    source: Source
    bound: AbstractSet[str]
    later: Mapping[str, int]
    sizes: AbstractSet[str]

    def resolve(self, expr: Expr) -> Expr:
        """Return the expression with names of sizes told apart from names of arrays."""
        if isinstance(expr, Call | SumOver):
            self._check_sizes(expr)
        if isinstance(expr, Derivative):
            for name in (expr.of, expr.by):
                self.resolve(Name(name, span=expr.span))
            return expr
        if not isinstance(expr, Name):
            return rebuild(expr, self.resolve)
        name, span = expr.name, expr.span or Span(1, 0, 1)
        if name in self.bound:
            return expr
        if name in self.sizes:
            return Size(name, span=span)
        if name in self.later:
            raise self.source.error(
                f"'{name}' is used before it is bound, on line {self.later[name]}",
                span,
                "Each line may use only the names above it.",
            )
        raise self.source.error(
            f"'{name}' is not bound",
            span,
            f"Declare it, such as '{name}: param[10, 5]'. {_near(name, self.bound)}".strip(),
        )

    def _check_sizes(self, expr: Call | SumOver) -> None:
        values = [expr.size] if isinstance(expr, SumOver) else [value for _, value in expr.options]
        for name in (name for dim in values if isinstance(dim, Dim) for name in dim.names):
            if name not in self.sizes:
                raise self.source.error(
                    f"'{name}' is not a size",
                    expr.span or Span(1, 0, 1),
                    "A named size stands in the declaration of a leaf, such as x: input[N].",
                )


def _near(name: str, legal: AbstractSet[str]) -> str:
    return nearest(name, legal) if legal else ""


class Typed(NamedTuple):
    """An expression spelt out, its shape, and the axes along which an example's entries run."""

    expr: Expr
    shape: Shape
    features: Features


class Typer(Struct, frozen=True):
    """Infers shapes bottom-up and spells out short forms on the way.

    Attributes:
        source: the text, for errors.
        sizes: what is known of sizes that were left open.
        shapes: the shapes of the names bound so far.
        orientation: what the names bound so far are made of, and how they lie.

    """

    source: Source
    sizes: Sizes
    shapes: Mapping[str, Shape]
    orientation: Orientation

    def infer(self, expr: Expr) -> Typed:
        """Return an expression spelt out, with its shape and its orientation.

        The terms of a sum are looked at together: their order says nothing of a bias among them.
        """
        if isinstance(expr, Name):
            shape = self.sizes.shape(self.shapes[expr.name])
            return Typed(expr, shape, self.orientation.of_name(expr.name, shape))
        if isinstance(expr, Derivative):
            with retold(partial(self.source.error, span=expr.span or Span(1, 0, 1))):
                shape = derivative_shape(self.shapes[expr.of], self.shapes[expr.by])
            return Typed(expr, shape, Features())
        if isinstance(expr, Entry) and isinstance(expr.of, Derivative):
            count = len(Shapes(self.shapes).axes(expr.of))
            if len(expr.indices) != count:
                message = f"an entry of this derivative has {count} indices"
                raise self.source.error(message, expr.of.span or Span(1, 0, 1))
            return Typed(expr, SCALAR, Features())
        if not isinstance(expr, Call):
            return Typed(rebuild(expr, lambda part: self.infer(part).expr), SCALAR, Features())
        if expr.op not in TERMS:
            return self._called(expr, tuple(map(self.infer, expr.args)), Features())
        terms = [self.infer(term) for term in _terms(expr)]
        most = max(_extent(term.shape) for term in terms)
        widest = (term.features for term in terms if _extent(term.shape) == most)
        return self._summed(expr, iter(terms), together(widest))

    def _summed(self, expr: Expr, terms: Iterator[Typed], features: Features) -> Typed:
        if not (isinstance(expr, Call) and expr.op in TERMS):
            return next(terms)
        args = tuple(self._summed(arg, terms, features) for arg in expr.args)
        return self._called(expr, args, features)

    def _called(self, expr: Call, args: tuple[Typed, ...], around: Features) -> Typed:
        """Return an op applied to arguments; ``around`` is what the whole sum shows."""
        spelt = Call(expr.op, tuple(arg.expr for arg in args), expr.options, span=expr.span)
        with retold(partial(self.source.error, span=expr.span or Span(1, 0, 1))):
            spelt, inner = self._spell_out(spelt, args, around)
            shape = lookup(spelt.op).shape(self.sizes, inner, dict(spelt.options))
            check_size(shape)
        features = self.orientation.of_call(expr, tuple(arg.features for arg in args), shape)
        return Typed(spelt, shape, features)

    def _spell_out(
        self, expr: Call, args: tuple[Typed, ...], around: Features
    ) -> tuple[Call, tuple[Shape, ...]]:
        shapes = tuple(arg.shape for arg in args)
        if SOFTMAX.made(expr) and _softmaxes(expr) > MAX_SOFTMAX:
            raise MisfitError(
                f"more than {MAX_SOFTMAX} softmaxes stand inside one another",
                "Give some of them a name on a line of their own.",
            )
        if expr.op in ("add", "sub"):
            return self._with_bias_spread(expr, shapes, around)
        if traits_of(expr).needs_axis and expr.option("axis") is None and not is_column(shapes[0]):
            axis = args[0].features.axis
            if axis is not None:
                options = tuple((k, axis if k == "axis" else v) for k, v in expr.options)
                return Call(expr.op, expr.args, options, span=expr.span), shapes
        return expr, shapes

    # --- a bias added to a batch ---

    def _with_bias_spread(
        self, expr: Call, shapes: tuple[Shape, ...], features: Features
    ) -> tuple[Call, tuple[Shape, ...]]:
        for bias, batch in ((1, 0), (0, 1)):
            spread = self._spread(
                expr.args[bias], shapes[bias], expr.args[batch], shapes[batch], features
            )
            if spread is not None:
                args = (spread, expr.args[1]) if bias == 0 else (expr.args[0], spread)
                return Call(expr.op, args, expr.options, span=expr.span), (shapes[batch],) * 2
        return expr, tuple(map(self.sizes.shape, shapes))

    def _spread(
        self, bias: Expr, shape: Shape, batch: Expr, batch_shape: Shape, features: Features
    ) -> Expr | None:
        """Return the bias as it is added to each example; None where it is no bias of a batch."""
        rows, columns = batch_shape
        if is_scalar(shape) or ONE not in shape:
            return None
        if ONE in batch_shape:
            return self._spread_over_one(bias, shape, batch, batch_shape, features.axis)
        down, across = call("ones", rows=rows, columns=ONE), call("ones", rows=ONE, columns=columns)
        if shape[0] == ONE:
            return down @ bias if self.sizes.same(shape[1], columns) else None
        possible = [n for n, dim in enumerate(batch_shape) if self._may_equal(shape[0], dim)]
        if not possible:
            return None
        axis = possible[0] if len(possible) == 1 else features.axis
        if axis is None:
            name = to_text(bias) if isinstance(bias, Name) else "b"
            contradicted = ", and the products of this sum show both" if features.shown else ""
            raise MisfitError(
                f"a bias of {_entries(shape[0])} entries fits both the rows and the columns of "
                f"{shape_text(batch_shape)}{contradicted}",
                f"Say which: {name} @ ones(1, {columns}) adds it to each column, "
                f"ones({rows}) @ {name}.T to each row.",
            )
        self.sizes.same(shape[0], batch_shape[axis])
        return bias @ across if axis == 0 else down @ bias.T

    def _spread_over_one(
        self, bias: Expr, shape: Shape, batch: Expr, batch_shape: Shape, axis: int | None
    ) -> Expr | None:
        """Return the bias of a batch with one example, or of one with a single output.

        A batch is told from a vector by its data: their declaration has two sizes.
        """
        if axis is None or shape[0] == ONE or not self.orientation.is_batch(batch):
            return None
        size = batch_shape[axis]
        if size == ONE and _is_open(shape[0]):
            self.sizes.same(shape[0], ONE)
            return None
        if axis == 1 and size != ONE and self.sizes.same(shape[0], size):
            return bias.T
        return None

    def _may_equal(self, left: Dim, right: Dim) -> bool:
        return left == right or _is_open(left) or _is_open(right)


def _extent(shape: Shape) -> int:
    """Return how many axes are longer than 1: a bias has fewer than its batch."""
    return sum(dim != ONE for dim in shape)


def _is_open(dim: Dim) -> bool:
    return any(name.startswith("?") for name in dim.names)


def _entries(dim: Dim) -> str:
    return "open" if _is_open(dim) else str(dim)


def _terms(expr: Expr) -> Iterator[Expr]:
    """Yield the terms of a sum, in the order in which they stand."""
    if isinstance(expr, Call) and expr.op in TERMS:
        for arg in expr.args:
            yield from _terms(arg)
    else:
        yield expr


def _softmaxes(expr: Expr) -> int:
    return sum(SOFTMAX.made(part) for part in walk(expr))
