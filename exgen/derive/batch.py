"""From one example to many: the same network over a batch, with a cost that is the mean.

Values that depend on the example become matrices with a column, or a row, for each one; weights
stay as they are. The printed batch form is proven against one run for each example.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.derive.orient import per_example, turn
from exgen.derive.symbols import free_name, look
from exgen.errors import KindError
from exgen.graph import (
    ONE,
    SCALAR,
    Binding,
    Call,
    Dim,
    Expr,
    Graph,
    Leaf,
    Name,
    Shape,
    call,
    is_column,
    is_scalar,
    names_in,
    rebuild,
    size_as_number,
)
from exgen.ops import lookup
from exgen.ops.activations import SOFTMAX
from exgen.shapes import shape_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.derive.notation import Notation


@dataclass(frozen=True, slots=True)
class Batch:
    """A network over a batch.

    Attributes:
        single: the network for one example.
        graph: the network for all of them; its loss is the cost, the mean of the losses.
        names: what each name of an example's own value is called in the batch.
        rows: whether each row is an example; else each column is one.

    """

    single: Graph
    graph: Graph
    names: Mapping[str, str]
    rows: bool


def cost_name(graph: Graph) -> str:
    """Return a name for the mean of the losses, which looks like no name of the network."""
    return free_name(graph, ("J", "C", "R", "Cost"))


def in_rows(notation: Notation, *, written: bool = False) -> bool:
    """Return whether each row of a batch is an example; ``written`` where the notation is open."""
    return written if notation.batch == "written" else notation.batch == "rows"


def batched(graph: Graph, examples: Dim, *, rows: bool = False) -> Batch:
    """Return a network for one example as one for a batch.

    Raises:
        KindError: a value is no column, or a line has no batch form.

    """
    own = per_example(graph)
    for name in graph.names:
        if name in own and not is_column(graph.shapes[name]):
            raise KindError(
                f"'{name}' is a matrix already, so the network is no network for one example",
                remedy="Declare the input of one example: x: input[D].",
            )
    names: dict[str, str] = {}
    looks = {look(name) for name in (*graph.names, *graph.size_names, *examples.names)}
    for name in graph.names:
        if name in own and name != graph.loss:
            big = name[0].upper() + name[1:]
            names[name] = name if look(big) in looks else big
            looks.add(look(big))
    rewrite = _Rewrite(graph, own, names, examples)
    leaves = tuple(
        Leaf(names[leaf.name], leaf.role, (leaf.shape[0], examples), 2)
        if leaf.name in own
        else leaf
        for leaf in graph.leaves
    )
    shapes: dict[str, Shape] = {leaf.name: leaf.shape for leaf in leaves}
    bindings: list[Binding] = []
    for binding in graph.bindings:
        if binding.name == graph.loss:
            continue
        expr = rewrite(binding.expr) if binding.name in own else binding.expr
        bindings.append(Binding(names.get(binding.name, binding.name), expr))
        shapes[bindings[-1].name] = shape_of(expr, shapes)
    loss = graph.expr(graph.loss)
    if loss is None:
        raise KindError("the network has no loss to take the mean of")
    each, penalties = _apart(loss, own)
    total = rewrite.loss(each)
    if not is_scalar(shape_of(total, shapes)):
        total = call("sum", total, axis=None)
    cost = cost_name(graph)
    mean: Expr = total / size_as_number(examples)
    for sign, penalty in penalties:
        mean = Call(sign, (mean, penalty))
    bindings.append(Binding(cost, mean))
    shapes[cost] = SCALAR
    whole = Graph(leaves, tuple(bindings), shapes, cost)
    return Batch(graph, turn(whole, frozenset(names.values())) if rows else whole, names, rows)


def _apart(loss: Expr, own: frozenset[str]) -> tuple[Expr, list[tuple[str, Expr]]]:
    """Return the part of a loss that differs from example to example, and the terms that do not.

    A penalty on the weights is the same for every example, so it is its own mean.
    """
    match loss:
        case Call("add" | "sub" as op, (left, right)) if not names_in(right) & own:
            each, penalties = _apart(left, own)
            return each, [*penalties, (op, right)]
        case Call("add", (left, right)) if not names_in(left) & own:
            each, penalties = _apart(right, own)
            return each, [("add", left), *penalties]
    return loss, []


class _Rewrite(Struct, frozen=True):
    """Rewrites lines for one example as lines for examples in columns."""

    graph: Graph
    own: frozenset[str]
    names: Mapping[str, str]
    examples: Dim

    def __call__(self, expr: Expr) -> Expr:
        if not names_in(expr) & self.own:
            return expr
        match expr:
            case Name(name):
                return Name(self.names[name])
            case Call("matmul", (left, right)) if not names_in(left) & self.own:
                return left @ self(right)
            case Call(SOFTMAX.name, (inner,)):
                return SOFTMAX(self(inner), axis=0)
            case Call("add" | "sub" as op, args, options):
                return Call(op, tuple(map(self.repeated, args)), options)
            case Call(op, args, options) if lookup(op).traits.entrywise:
                return Call(op, tuple(map(self.spread, args)), options)
        what = expr.op if isinstance(expr, Call) else "this"
        raise KindError(
            f"a line with {what} has no batch form here",
            remedy="Use products with weights, activations and entrywise arithmetic.",
        )

    def spread(self, arg: Expr) -> Expr:
        """Return an argument of an entrywise op; a bias is repeated for every example."""
        shape = shape_of(arg, self.graph.shapes)
        if names_in(arg) & self.own or is_scalar(shape):
            return self(arg)
        return arg @ call("ones", rows=ONE, columns=self.examples)

    def repeated(self, arg: Expr) -> Expr:
        """Return a term of a sum; a scalar bias is repeated for every example too."""
        shape = shape_of(arg, self.graph.shapes)
        if is_scalar(shape) and names_in(arg) and not names_in(arg) & self.own:
            return arg * call("ones", rows=ONE, columns=self.examples)
        return self.spread(arg)

    def loss(self, expr: Expr) -> Expr:
        """Return a loss summed over the examples; a loss op sums over all entries itself."""
        match expr:
            case Call(op, (prediction, target)) if lookup(op).traits.loss:
                return Call(op, (self(prediction), self(target)))
            case Call("add" | "sub", args) if not all(names_in(arg) & self.own for arg in args):
                raise KindError(
                    "a term of the loss that is the same for every example has no batch form here",
                    remedy="Add it to the loss as a term of its own.",
                )
            case Call("mul" | "div" | "neg" | "add" | "sub"):
                return rebuild(expr, self.loss)
        return self(expr)
