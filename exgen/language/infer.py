"""Names and shapes of expressions as read, and what short forms stand for.

Three short forms are spelt out here, so that everything after sees only plain matrix algebra:
a bias added to a batch becomes a product with a vector of ones, and a softmax or an appended 1
of a batch learns its axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exgen.errors import MisfitError, Source, Span, nearest
from exgen.graph import (
    ONE,
    SCALAR,
    Call,
    Dim,
    Expr,
    Name,
    Shape,
    Size,
    call,
    is_column,
    is_scalar,
    names_in,
    rebuild,
    shape_text,
    walk,
)
from exgen.ops import lookup
from exgen.shapes import check_size

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from exgen.ops.base import Sizes

NEEDS_AXIS = frozenset({"softmax", "append_one", "prepend_one"})
SAME_AXIS = frozenset({"add", "sub", "mul", "div", "pow", "neg"})
# Each softmax around another doubles the gradient, which uses its upstream gradient twice.
MAX_SOFTMAX = 5


@dataclass(frozen=True, slots=True)
class Scope:
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
        if isinstance(expr, Call):
            self._check_sizes(expr)
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

    def _check_sizes(self, expr: Call) -> None:
        named = (
            name for _, value in expr.options if isinstance(value, Dim) for name in value.names
        )
        for name in named:
            if name not in self.sizes:
                raise self.source.error(
                    f"'{name}' is not a size",
                    expr.span or Span(1, 0, 1),
                    "A named size stands in the declaration of a leaf, such as x: input[N].",
                )


def _near(name: str, legal: AbstractSet[str]) -> str:
    return nearest(name, legal) if legal else ""


@dataclass(frozen=True, slots=True)
class Typer:
    """Infers shapes bottom-up and spells out short forms on the way.

    Attributes:
        source: the text, for errors.
        sizes: what is known of sizes that were left open.
        shapes: the shapes of the names bound so far.
        axis_of: the axis along which an example's entries run, for the lines so far.
        data: the names that hold examples, or are computed from them.

    """

    source: Source
    sizes: Sizes
    shapes: Mapping[str, Shape]
    axis_of: Mapping[str, int | None]
    data: AbstractSet[str]

    def infer(self, expr: Expr) -> tuple[Expr, Shape]:
        """Return an expression spelt out, and its shape."""
        if isinstance(expr, Name):
            return expr, self.sizes.shape(self.shapes[expr.name])
        if not isinstance(expr, Call):
            return expr, SCALAR
        pairs = tuple(map(self.infer, expr.args))
        inner = tuple(pair[1] for pair in pairs)
        spelt = Call(expr.op, tuple(pair[0] for pair in pairs), expr.options, span=expr.span)
        try:
            spelt, inner = self._spell_out(spelt, inner)
            shape = lookup(spelt.op).shape(self.sizes, inner, dict(spelt.options))
            check_size(shape)
        except MisfitError as error:
            span = expr.span or Span(1, 0, 1)
            raise self.source.error(error.message, span, error.remedy) from None
        return spelt, shape

    def _spell_out(self, expr: Call, shapes: tuple[Shape, ...]) -> tuple[Call, tuple[Shape, ...]]:
        if expr.op == "softmax" and _softmaxes(expr) > MAX_SOFTMAX:
            raise MisfitError(
                f"more than {MAX_SOFTMAX} softmaxes stand inside one another",
                "Give some of them a name on a line of their own.",
            )
        if expr.op in ("add", "sub"):
            return self._with_bias_spread(expr, shapes)
        if expr.op in NEEDS_AXIS and expr.option("axis") is None and not is_column(shapes[0]):
            axis = self.features(expr.args[0])
            if axis is not None:
                options = tuple((k, axis if k == "axis" else v) for k, v in expr.options)
                return Call(expr.op, expr.args, options, span=expr.span), shapes
        return expr, shapes

    # --- a bias added to a batch ---

    def _with_bias_spread(
        self, expr: Call, shapes: tuple[Shape, ...]
    ) -> tuple[Call, tuple[Shape, ...]]:
        for bias, batch in ((1, 0), (0, 1)):
            spread = self._spread(expr.args[bias], shapes[bias], expr.args[batch], shapes[batch])
            if spread is not None:
                args = (spread, expr.args[1]) if bias == 0 else (expr.args[0], spread)
                return Call(expr.op, args, expr.options, span=expr.span), (shapes[batch],) * 2
        return expr, shapes

    def _spread(self, bias: Expr, shape: Shape, batch: Expr, batch_shape: Shape) -> Expr | None:
        """Return the bias times a vector of ones; None where it is not a bias for this batch."""
        rows, columns = batch_shape
        if ONE in batch_shape or is_scalar(shape) or ONE not in shape:
            return None
        down, across = call("ones", rows=rows, columns=ONE), call("ones", rows=ONE, columns=columns)
        if shape[0] == ONE:
            return down @ bias if self.sizes.same(shape[1], columns) else None
        possible = [n for n, dim in enumerate(batch_shape) if self._may_equal(shape[0], dim)]
        if not possible:
            return None
        axis = possible[0] if len(possible) == 1 else self.features(batch)
        if axis is None:
            raise MisfitError(
                f"a bias of {shape[0]} entries fits both the rows and the columns of "
                f"{shape_text(batch_shape)}",
                f"Say which: b @ ones(1, {columns}) adds it to each column, "
                f"ones({rows}) @ b.T to each row.",
            )
        self.sizes.same(shape[0], batch_shape[axis])
        return bias @ across if axis == 0 else down @ bias.T

    def _may_equal(self, left: Dim, right: Dim) -> bool:
        return left == right or any(n.startswith("?") for n in (*left.names, *right.names))

    # --- which axis runs through an example's entries ---

    def features(self, expr: Expr) -> int | None:
        """Return the axis along which one example's entries run, where products show it.

        Parameters act on the entries of an example: in ``W @ X`` these run down the rows, in
        ``X @ W`` along the columns.
        """
        match expr:
            case Name(name):
                return self.axis_of.get(name)
            case Call("matmul", (left, right)):
                by_data = self._reads_data(left), self._reads_data(right)
                return {(False, True): 0, (True, False): 1}.get(by_data)
            case Call("transpose", (inner,)):
                axis = self.features(inner)
                return None if axis is None else 1 - axis
            case Call(op, args) if op in SAME_AXIS or not lookup(op).infix:
                found = (self.features(arg) for arg in args)
                return next((axis for axis in found if axis is not None), None)
        return None

    def _reads_data(self, expr: Expr) -> bool:
        return bool(names_in(expr) & self.data)


def _softmaxes(expr: Expr) -> int:
    return sum(isinstance(part, Call) and part.op == "softmax" for part in walk(expr))
