"""A loss as a sum over entries: its summand, and the derivative of the summand by a prediction."""

from __future__ import annotations

from msgspec import Struct

from exgen.derive.gradients import derive_gradients
from exgen.derive.index import entry_form, letters
from exgen.derive.simplify import simplify
from exgen.errors import KindError
from exgen.graph import (
    SCALAR,
    Binding,
    Call,
    Entry,
    Expr,
    Graph,
    Leaf,
    Name,
    Number,
    Size,
    as_expr,
    made,
    rebuild,
    substitute,
)
from exgen.ops import lookup

P, Y, TERM = "p", "y", "l"


class LossLine(Struct, frozen=True):
    """A loss line: a factor times a loss of a prediction and a target.

    Attributes:
        op: the loss.
        prediction: the name of the prediction.
        target: the name of the target.
        factor: what the loss is multiplied by, such as ``1 / K``.
        slope: the derivative of one summand, without the factor, over the names ``p`` and ``y``.

    """

    op: str
    prediction: str
    target: str
    factor: Expr
    slope: Expr

    def at(self, prediction: Expr, target: Expr, factor: Expr | None = None) -> Expr:
        """Return the derivative at one entry: factor times slope, the sign in front."""
        slope = substitute(self.slope, {P: prediction, Y: target})
        scale = self.factor if factor is None else factor * self.factor
        scale = simplify(scale, {})
        if scale == as_expr(1):
            return slope
        if made(slope, "neg"):
            return -(scale * slope.args[0])
        return scale * slope


def loss_line(graph: Graph) -> LossLine:
    """Take the loss line apart.

    Raises:
        KindError: it is no multiple of a loss of two names.

    """
    expr = graph.expr(graph.loss)
    factor: Expr = as_expr(1)
    while isinstance(expr, Call):
        match expr:
            case Call("div", (inner, Number() | Size() as size)):
                factor, expr = factor * (1 / size), inner
            case Call("mul", (Number() | Size() as size, inner)):
                factor, expr = factor * size, inner
            case Call(op, (Name(prediction), Name(target))) if lookup(op).traits.loss:
                return LossLine(op, prediction, target, simplify(factor, {}), _slope(op))
            case _:
                break
    raise KindError(
        f"the loss '{graph.loss}' is no loss of a prediction and a target",
        remedy="The last line must be one such as L = bce(yhat, y) / K.",
    )


def _slope(op: str) -> Expr:
    """Differentiate one summand of a loss as a scalar network of its own."""
    shapes = {P: SCALAR, Y: SCALAR}
    whole = Call(op, (Name(P), Name(Y)))
    summand = _named(entry_form(whole, (0, 0), shapes, letters(shapes)))
    # The minus in front of the logarithms stays in front of the derivative.
    body = summand.args[0] if made(summand, "neg") else summand
    leaves = (Leaf(P, "input", SCALAR, 0), Leaf(Y, "target", SCALAR, 0))
    graph = Graph(leaves, (Binding(TERM, body),), {**shapes, TERM: SCALAR}, TERM)
    slope = derive_gradients(graph)[P].closed
    return slope if body is summand else -slope


def _named(expr: Expr) -> Expr:
    """Return an index form of scalars with names in place of entries."""
    return expr.of if isinstance(expr, Entry) else rebuild(expr, _named)
