"""Index form: one entry of an array as a scalar expression over entries of names.

``W @ x + b`` at row j is the sum over i of ``W[j, i] x[i]``, plus ``b[j]``. The form is built from
the same expression that the vectorised line prints, and is evaluated on its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.engine import site_of
from exgen.errors import KindError
from exgen.graph import (
    ONE,
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
    Shape,
    Size,
    SumOver,
    as_expr,
    size_as_number,
)
from exgen.ops import lookup, traits_of
from exgen.shapes import shape_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from exgen.graph import Pair

LETTERS = "ijklpqrs"
EXAMPLES = "n"

Bound = tuple[tuple[str, Dim], ...]
"""Letters, each with the size that it runs through."""


class Letters(Struct, frozen=True):
    """The letter of each size: examples are n, then i, j, k, … in the order of the network."""

    of: Mapping[Dim, str]

    def __getitem__(self, dim: Dim) -> str:
        return self.of.get(dim, "i")

    def pair(self, shape: Shape) -> Pair:
        """Return the indices of an entry of an array of this shape."""
        row, column = self.place(shape)[0]
        return row, column

    def place(
        self, dims: Iterable[Dim], taken: Iterable[Index] = ()
    ) -> tuple[tuple[Index, ...], Bound]:
        """Return an index for each size, 0 for a size of 1, and the letters with their sizes.

        A letter is primed until no index around it, of those ``taken``, has the same name.
        """
        used = set(taken)
        found: list[Index] = []
        bound: list[tuple[str, Dim]] = []
        for dim in dims:
            letter = self[dim]
            while letter in used:
                letter += "'"
            found.append(0 if dim == ONE else letter)
            if dim != ONE:
                used.add(letter)
                bound.append((letter, dim))
        return tuple(found), tuple(bound)


def over(bound: Bound, body: Expr) -> Expr:
    """Return a sum over letters, the first outermost."""
    for letter, dim in reversed(bound):
        body = SumOver(letter, dim, body)
    return body


def letters(shapes: Mapping[str, Shape]) -> Letters:
    """Choose a letter for each size, in the order in which the names bring them up."""
    sizes = (dim for shape in shapes.values() for dim in reversed(shape))
    return Letters(_in_turn(sizes, LETTERS))


def _in_turn(sizes: Iterable[Dim], free: Sequence[str]) -> dict[Dim, str]:
    order = enumerate(dict.fromkeys(dim for dim in sizes if dim != ONE))
    return {dim: free[n] if n < len(free) else f"i_{n}" for n, dim in order}


def letters_of(graph: Graph) -> Letters:
    """Choose letters along the data flow: n for examples, i for inputs, j, k, … for later layers.

    Letters that stand in names and sizes of the network are passed over. A network without weights
    has no layers to follow; an only axis is then called k, as classes are.
    """
    return graph.once("letters", lambda: _letters_of(graph))


def _letters_of(graph: Graph) -> Letters:
    taken = _single_letters(graph)
    free = [letter for letter in LETTERS if letter not in taken]
    inputs = [leaf.name for leaf in graph.leaves if leaf.role == "input"]
    others = [leaf.name for leaf in graph.leaves if leaf.role != "input"]
    flow = (*inputs, *(binding.name for binding in graph.bindings), *others)
    examples = examples_of(graph)
    found: dict[Dim, str] = {}
    if examples is not None:
        found[examples] = EXAMPLES if EXAMPLES not in taken else free.pop()
    layers = [dim for name in flow for dim in graph.shapes[name] if dim not in (ONE, examples)]
    if len({*layers}) == 1 and "k" in free and not any(x.role == "param" for x in graph.leaves):
        free = ["k"]
    return Letters(found | _in_turn(layers, free))


def _single_letters(graph: Graph) -> set[str]:
    """Return the letters that are a name, a size or a tag of a network."""
    return {part for name in (*graph.names, *graph.size_names) for part in name.split("_")}


def examples_of(graph: Graph) -> Dim | None:
    """Return the size of a batch: an axis of a data matrix that no parameter has."""
    weights = {dim for leaf in graph.leaves if leaf.role == "param" for dim in leaf.shape}
    data = [leaf.shape for leaf in graph.leaves if leaf.role == "input" and ONE not in leaf.shape]
    if not weights:
        return None
    return next((dim for shape in data for dim in shape if dim not in weights), None)


def entry_form(
    expr: Expr,
    index: Pair,
    shapes: Mapping[str, Shape],
    names: Letters,
    *,
    avoid: frozenset[Index] = frozenset(),
) -> Expr:
    """Return one entry of an expression in index form.

    Args:
        expr: the expression.
        index: the row and the column, letters or numbers; 0 along an axis of length 1.
        shapes: the shape of every name.
        names: the letters for the sums.
        avoid: letters that stand around the entry, which sums inside it must not use.

    Raises:
        KindError: an op on the way has no index form.

    """
    return Form(shapes, names).at(expr, index, avoid | {*index})


class Form(Struct, frozen=True):
    """Takes expressions apart into entries of names; the arguments are those of `entry_form`."""

    shapes: Mapping[str, Shape]
    names: Letters

    def _own(self, expr: Expr, index: Pair, taken: frozenset[Index]) -> Expr:
        """Return an argument's entry at the output's place; an axis of length 1 has only one."""
        rows, columns = shape_of(expr, self.shapes)
        place = (0 if rows == ONE else index[0], 0 if columns == ONE else index[1])
        return self.at(expr, place, taken)

    def at(self, expr: Expr, index: Pair, taken: frozenset[Index]) -> Expr:
        """Return an expression's entry; ``taken`` are the letters that stand around it."""
        match expr:
            case Name() | Derivative():
                return Entry(expr, index)
            case Number() | Size() | Delta() | SumOver() | Entry():
                return expr
            case Call(op) if traits_of(expr).routed or "stride" in lookup(op).options:
                raise KindError(
                    f"{op} has no index form: which entry it reads depends on their values",
                    remedy="Ask for numbers instead.",
                )
            case Call():
                return self.call(expr, index, taken)
        raise KindError("this expression has no index form")

    def call(self, expr: Call, index: Pair, taken: frozenset[Index]) -> Expr:
        """Return the entry of a use of an op."""
        row, column = index
        args = expr.args
        inner = [shape_of(arg, self.shapes) for arg in args]
        match expr.op:
            case "matmul":
                (i,), bound = self.names.place(inner[0][1:], taken)
                left = self.at(args[0], (row, i), taken | {i})
                return over(bound, times(left, self.at(args[1], (i, column), taken | {i})))
            case "transpose":
                return self.at(args[0], (column, row), taken)
            case "ones":
                return as_expr(1)
            case "zeros":
                return as_expr(0)
            case "identity":
                return as_expr(1) if row == column else Delta(row, column)
            case "diag":
                return times(self.at(args[0], (row, 0), taken), Delta(row, column))
            case "item":
                r, c = (expr.option(name) for name in ("row", "column"))
                return self.at(
                    args[0], (r if isinstance(r, int) else 0, c if isinstance(c, int) else 0), taken
                )
            case "sum" | "mean":
                return self._reduction(expr, inner[0], index, taken)
        op = lookup(expr.op)
        if op.definition is not None and not op.function:
            written = op.definition(site_of(expr, expr, self.shapes))
            return self.at(written, index, taken)
        if not op.traits.entrywise:
            raise KindError(
                f"{expr.op} has no index form without cases",
                remedy="Use a network with separate biases.",
            )
        parts = tuple(self._own(arg, index, taken) for arg in args)
        if expr.op == "mul":
            return times(*parts)
        return Call(expr.op, parts, expr.options)

    def _reduction(self, expr: Call, shape: Shape, index: Pair, taken: frozenset[Index]) -> Expr:
        axis = expr.option("axis")
        axes = [n for n in (0, 1) if axis in (None, n)]
        found, bound = self.names.place([shape[n] for n in axes], taken)
        places = dict(enumerate(index)) | dict(zip(axes, found, strict=True))
        total = over(bound, self.at(expr.args[0], (places[0], places[1]), taken | {*found}))
        if expr.op == "mean":
            for _, dim in bound:
                total = (1 / size_as_number(dim)) * total
        return total


def times(left: Expr, right: Expr) -> Expr:
    """Return a product without factors of 1, which the ones of a bias leave behind."""
    if left == as_expr(1):
        return right
    return left if right == as_expr(1) else left * right
