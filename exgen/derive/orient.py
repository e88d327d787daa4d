"""Turn a network to a notation's orientation: batches in rows or columns, weights out or in first.

The rewritten network is a network like any other: everything after it, printing and proof alike,
knows only that one. Where the orientation cannot be told for sure, the network stays as written.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from exgen.derive.turning import Turning, turned
from exgen.graph import ONE, Binding, Call, Expr, Graph, Name, is_column, made, names_in, walk
from exgen.ops import lookup, traits_of
from exgen.ops.base import axis_option
from exgen.ops.reduce import MEAN, SUM
from exgen.shapes import shape_of

if TYPE_CHECKING:
    from exgen.derive.notation import Notation
    from exgen.graph import Leaf

ROWS, COLUMNS = 0, 1
DATA = ("input", "target", "onehot")
"""The roles of leaves that hold examples."""


def oriented(graph: Graph, notation: Notation) -> Graph:
    """Return the network with batches and weights as the notation has them."""
    names = names_to_turn(graph, notation)
    return turn(graph, names) if names else graph


def names_to_turn(graph: Graph, notation: Notation) -> frozenset[str]:
    """Return the names that a notation wants transposed."""
    names: set[str] = set()
    axes = examples(graph)
    if notation.batch != "written" and axes:
        wanted = ROWS if notation.batch == "rows" else COLUMNS
        names |= {name for name, axis in axes.items() if axis != wanted}
    if notation.weights != "written":
        names |= {name for name, form in weights(graph).items() if form != notation.weights}
    return frozenset(names)


def turn(graph: Graph, names: frozenset[str]) -> Graph:
    """Return the network in which these names hold their transposes, all values kept."""
    turning = Turning(graph.shapes, names)
    bindings = tuple(
        Binding(b.name, (turning.flipped if b.name in names else turning.straight)(b.expr))
        for b in graph.bindings
    )
    leaves = tuple(_turned_leaf(leaf) if leaf.name in names else leaf for leaf in graph.leaves)
    return Graph(leaves, bindings, turning.turned_shapes(), graph.loss)


def _turned_leaf(leaf: Leaf) -> Leaf:
    shape = turned(leaf.shape)
    return replace(leaf, shape=shape, axes=1 if is_column(shape) else 2)


def _keeps_examples(op: str) -> bool:
    """Whether each example of the arguments is one of the result, or adds a part to a loss."""
    row = lookup(op)
    along = "axis" in row.options and op not in (SUM.name, MEAN.name)
    return row.traits.entrywise or row.traits.loss or along


def per_example(graph: Graph) -> frozenset[str]:
    """Return the names whose values differ from example to example."""
    found = {leaf.name for leaf in graph.leaves if leaf.role in DATA}
    for binding in graph.bindings:
        if names_in(binding.expr) & found:
            found.add(binding.name)
    return frozenset(found)


# --- weights ---


def weights(graph: Graph) -> dict[str, str]:
    """Return for each weight matrix whether it is ``out_in`` or ``in_out``.

    A matrix that is used in both ways, or that never meets data, is left out.
    """
    data = per_example(graph)
    found: dict[str, set[str]] = {}
    for binding in graph.bindings:
        for part in walk(binding.expr):
            if not made(part, "matmul"):
                continue
            left, right = part.args
            for weight, other, plain in ((left, right, "out_in"), (right, left, "in_out")):
                name, is_turned = _transpose_of(weight)
                if _is_matrix_param(graph, name) and names_in(other) & data:
                    form = {"out_in": "in_out", "in_out": "out_in"}[plain] if is_turned else plain
                    found.setdefault(name, set()).add(form)
    return {name: forms.pop() for name, forms in found.items() if len(forms) == 1}


def _transpose_of(expr: Expr) -> tuple[str, bool]:
    match expr:
        case Name(name):
            return name, False
        case Call("transpose", (Name(name),)):
            return name, True
    return "", False


def _is_matrix_param(graph: Graph, name: str) -> bool:
    leaf = graph.leaf(name)
    return leaf is not None and leaf.role == "param" and not is_column(leaf.shape)


# --- batches ---


class _UnclearError(Exception):
    """The network does not show along which axis its examples run."""


def examples(graph: Graph) -> dict[str, int]:
    """Return the axis along which the examples of a batch run, for each name that has them.

    Parameters act on the entries of an example, so in ``X @ W`` the examples are the rows and in
    ``W @ X`` the columns. Empty where there is no batch, or where that is not clear.
    """
    return graph.once("examples", lambda: _examples(graph))


def _examples(graph: Graph) -> dict[str, int]:
    finder = _Finder(graph)
    try:
        while finder.one_pass():
            pass
    except _UnclearError:
        return {}
    leaves = {finder.axes[leaf.name] for leaf in graph.leaves if leaf.name in finder.axes}
    return finder.axes if len(leaves) == 1 else {}


class _Finder:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.data = per_example(graph)
        self.params = {leaf.name for leaf in graph.leaves if leaf.role == "param"}
        self.axes: dict[str, int] = {}

    def one_pass(self) -> bool:
        """Look at every line once; return whether anything was learnt."""
        before = len(self.axes)
        for binding in self.graph.bindings:
            axis = self.axis(binding.expr)
            if axis is not None:
                self.set(Name(binding.name), axis)
            elif binding.name in self.axes:
                self.set(binding.expr, self.axes[binding.name])
        return len(self.axes) > before

    def set(self, expr: Expr, axis: int) -> None:
        """Note the axis of a name, or of the names that an expression only passes on."""
        match expr:
            case Name(name):
                if self.axes.setdefault(name, axis) != axis:
                    raise _UnclearError
            case Call("transpose", (inner,)):
                self.set(inner, 1 - axis)
            case Call(op, args) if _keeps_examples(op):
                for arg in args:
                    if isinstance(arg, Name) and self.reads_data(arg) and self.is_array(arg):
                        self.set(arg, axis)

    def reads_data(self, expr: Expr) -> bool:
        return bool(names_in(expr) & self.data)

    def is_array(self, expr: Name) -> bool:
        return self.graph.shapes[expr.name] != (ONE, ONE)

    def axis(self, expr: Expr) -> int | None:
        """Return the axis of the examples in the value of an expression; None without examples."""
        match expr:
            case Name(name):
                return self.axes.get(name)
            case Call("transpose", (inner,)):
                axis = self.axis(inner)
                return None if axis is None else 1 - axis
            case Call("matmul", (left, right)):
                return self.product(left, right)
            case Call("sum" | "mean", (inner,)):
                axis = self.axis(inner)
                kept = expr.option("axis") is not None and axis_option(dict(expr.options)) != axis
                return axis if kept else None
            case Call(op, args):
                return self.passed_on(op, expr, args)
        return None

    def product(self, left: Expr, right: Expr) -> int | None:
        on_left, on_right = self.reads_data(left), self.reads_data(right)
        axes = self.axis(left), self.axis(right)
        if axes[0] == COLUMNS or axes[1] == ROWS:
            # The product adds up over the examples.
            raise _UnclearError
        if on_left and not on_right and names_in(right) & self.params:
            return self.learnt(left, ROWS)
        if on_right and not on_left and names_in(left) & self.params:
            return self.learnt(right, COLUMNS)
        if axes == (None, None):
            return None
        if on_left and on_right:
            raise _UnclearError
        return axes[0] if on_left else axes[1]

    def learnt(self, data: Expr, axis: int) -> int | None:
        """Note that data multiplied by a parameter has its examples along an axis."""
        if shape_of(data, self.graph.shapes)[axis] == ONE:
            return None
        self.set(data, axis)
        return self.axis(data)

    def passed_on(self, op: str, expr: Call, args: tuple[Expr, ...]) -> int | None:
        found = [axis for axis in map(self.axis, args) if axis is not None]
        if not found:
            return None
        if not _keeps_examples(op):
            raise _UnclearError
        if len(set(found)) > 1:
            raise _UnclearError
        self.set(expr, found[0])
        return None if traits_of(expr).loss else found[0]
