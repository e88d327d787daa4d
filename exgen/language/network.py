"""From a program as written to a checked graph: every name bound, every shape settled."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.deep import MAX_USES
from exgen.errors import LanguageError, Source, nearest, retold
from exgen.graph import (
    ONE,
    Binding,
    Call,
    Dim,
    Expr,
    Graph,
    Leaf,
    Name,
    Shape,
    is_scalar,
    shape_text,
    walk,
)
from exgen.language.classes import check_classes
from exgen.language.expressions import read_raw_expression
from exgen.language.infer import Scope, Typer
from exgen.language.orientation import Orientation
from exgen.language.reader import read_program
from exgen.language.syntax import MAX_EXPRESSION_DEPTH, MAX_LINE_DEPTH
from exgen.ops.base import Sizes
from exgen.shapes import check_size, check_sizes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from exgen.errors import Span
    from exgen.language.reader import Declaration, Program


def read_network(
    source: Source,
    *,
    functions: Mapping[str, str] | None = None,
    loss: str | None = None,
    scalar_loss: bool = True,
    depth: int = MAX_LINE_DEPTH,
) -> Graph:
    """Read a network.

    Args:
        source: the text, and the name under which errors speak of it.
        functions: names that stand for an op, such as ``{"f": "lrelu(_, 0.1)"}``.
        loss: the name to differentiate; the last line unless given.
        scalar_loss: whether the loss must be a scalar. A fragment that only asks for a Jacobian
            has none.
        depth: how deep a line may be nested.

    Returns:
        A graph that :func:`exgen.shapes.check` finds legal.

    Raises:
        LanguageError: with line, column and caret.

    """
    program = read_program(source, functions or {}, depth)
    _check_uses(program)
    network = _Network(program, _leaf_shapes(program), Sizes())
    target = loss or program.lines[-1].name
    shapes, bindings = network.settle()
    if target not in shapes:
        raise LanguageError(
            f"there is no '{target}' to take the gradient of",
            place=source.name,
            remedy=nearest(target, shapes),
        )
    if scalar_loss and not is_scalar(shapes[target]):
        raise program.source.error(
            f"'{target}' is {shape_text(shapes[target])}; a gradient needs a scalar",
            network.span(target),
            "Reduce it with sum(…) or mean(…), or name another target.",
        )
    leaves = tuple(
        Leaf(d.name, d.role, shapes[d.name], network.axes(d)) for d in program.declarations
    )
    graph = Graph(leaves, bindings, shapes, target)
    for leaf in program.declarations:
        with retold(partial(program.source.error, span=leaf.span)):
            check_size(shapes[leaf.name])
            check_classes(graph, leaf.name)
    with retold(partial(LanguageError, place=source.name)):
        check_sizes(graph)
    return graph


@lru_cache(maxsize=32)
def read_graph(text: str) -> Graph:
    """Read a network that :func:`exgen.language.writer.graph_text` wrote: the very same value.

    Raises:
        LanguageError: with line, column and caret.

    """
    # what was derived or turned may be nested deeper than what an author may write
    return read_network(Source("network", text), scalar_loss=False, depth=MAX_EXPRESSION_DEPTH)


def read_expression(text: str, graph: Graph, *, name: str = "expression") -> Expr:
    """Read one expression over the names and sizes of a graph, and over their derivatives.

    It may be in index form, with letters for indices.

    Raises:
        LanguageError: for syntax, an unknown name, or shapes that do not fit.

    """
    source = Source(name, text.strip())
    scope = Scope(source, set(graph.names), {}, set(graph.size_names))
    typer = Typer(source, Sizes(), graph.shapes, Orientation())
    return typer.infer(scope.resolve(read_raw_expression(source, by_entry=True))).expr


def _check_uses(program: Program) -> None:
    """Refuse a name that is read so often that its gradient has too many terms."""
    uses: Counter[str] = Counter()
    for line in program.lines:
        for part in walk(line.expr):
            if isinstance(part, Name):
                uses[part.name] += 1
                if uses[part.name] > MAX_USES:
                    raise program.source.error(
                        f"'{part.name}' is read more than {MAX_USES} times",
                        line.span,
                        "Take a part of the network.",
                    )


def _without_transpose(expr: Expr) -> Expr:
    while isinstance(expr, Call) and expr.op == "transpose":
        expr = expr.args[0]
    return expr


def _leaf_shapes(program: Program) -> dict[str, Shape]:
    """Return declared shapes, with sizes named ``?…`` where they are still open."""
    multiplied = {
        arg.name
        for line in program.lines
        for part in walk(line.expr)
        if isinstance(part, Call) and part.op == "matmul"
        for arg in map(_without_transpose, part.args)
        if isinstance(arg, Name)
    }
    shapes: dict[str, Shape] = {}
    for leaf in program.declarations:
        if leaf.name in shapes:
            raise program.source.error(
                f"'{leaf.name}' is bound twice", leaf.span, "Declare each leaf once."
            )
        dims: tuple[Dim | None, ...] = leaf.dims
        if leaf.role == "param" and not dims and leaf.name in multiplied:
            dims = (None, None)
        filled = tuple(dim or Dim(0, (f"?{leaf.name}{axis}",)) for axis, dim in enumerate(dims))
        shapes[leaf.name] = (*filled, ONE, ONE)[:2]
    return shapes


# --- shapes ---


class _Network(Struct, frozen=True):
    program: Program
    leaf_shapes: Mapping[str, Shape]
    sizes: Sizes

    def axes(self, declaration: Declaration) -> int:
        """Return how many sizes the declaration has; two where a bare param was inferred."""
        open_matrix = any(
            name.startswith("?") for dim in self.leaf_shapes[declaration.name] for name in dim.names
        )
        return len(declaration.dims) or (2 if open_matrix else 0)

    def span(self, name: str) -> Span:
        found: dict[str, Span] = {d.name: d.span for d in self.program.declarations}
        found |= {line.name: line.span for line in self.program.lines}
        return found[name]

    def resolved(self) -> Iterator[tuple[str, Expr]]:
        """Yield each line with its names told apart from sizes."""
        source = self.program.source
        size_names = {
            name
            for shape in self.leaf_shapes.values()
            for dim in shape
            for name in dim.names
            if not name.startswith("?")
        }
        bound = {d.name for d in self.program.declarations}
        given = [(d.name, d.span) for d in self.program.declarations]
        for name, span in (*given, *((line.name, line.span) for line in self.program.lines)):
            if name in size_names:
                raise source.error(f"'{name}' already names a size", span, "Choose another name.")
        later = {line.name: line.span.line for line in reversed(self.program.lines)}
        for line in self.program.lines:
            if line.name in bound:
                raise source.error(
                    f"'{line.name}' is bound twice",
                    line.span,
                    "Each line binds a new name, so that each value has one gradient.",
                )
            yield line.name, Scope(source, bound, later, size_names).resolve(line.expr)
            bound.add(line.name)

    def settle(self) -> tuple[dict[str, Shape], tuple[Binding, ...]]:
        """Infer every shape, passing over the lines until nothing new is learnt."""
        lines = tuple(self.resolved())
        learnt = -1
        while len(self.sizes.known) > learnt:
            learnt = len(self.sizes.known)
            shapes, bindings = self.one_pass(lines)
        for name, shape in shapes.items():
            if any(part.startswith("?") for dim in shape for part in dim.names):
                raise self.program.source.error(
                    f"the shape of '{name}' does not follow from the rest",
                    self.span(name),
                    "Give its sizes, such as param[10, 5].",
                )
        return shapes, bindings

    def one_pass(
        self, lines: tuple[tuple[str, Expr], ...]
    ) -> tuple[dict[str, Shape], tuple[Binding, ...]]:
        """Infer the shape of each line from what is known so far."""
        shapes = {name: self.sizes.shape(shape) for name, shape in self.leaf_shapes.items()}
        orientation = Orientation.of(self.program.declarations)
        typer = Typer(self.program.source, self.sizes, shapes, orientation)
        bindings: list[Binding] = []
        for name, expr in lines:
            spelt, shapes[name], features = typer.infer(expr)
            bindings.append(Binding(name, spelt))
            orientation.bind(name, spelt, features)
        return {name: self.sizes.shape(shape) for name, shape in shapes.items()}, tuple(bindings)
