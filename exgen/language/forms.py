"""Networks that :mod:`exgen.language.writer` wrote, read back as the very same value.

The language of banks has short forms: a bias spreads, 1/3 is folded, an axis is learnt. What a
manifest has of a network has none: what was written is what stood there. As in the other readers,
Python's ``ast`` does the parsing and nothing is executed.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exgen.errors import LanguageError, MisfitError, Source, Span
from exgen.graph import (
    SCALAR,
    Binding,
    Call,
    Expr,
    Graph,
    Leaf,
    Name,
    Number,
    Size,
    shape_text,
)
from exgen.language.expressions import Expressions
from exgen.language.reader import read_declaration
from exgen.language.syntax import MAX_EXPRESSION_DEPTH, NAME, Syntax
from exgen.shapes import Shapes

if TYPE_CHECKING:
    from exgen.graph import Shape

MAX_ENTRIES = 100_000_000
"""A network whose arrays hold more numbers than this is not tried: it would take all memory."""


def read_graph(text: str, name: str = "network") -> Graph:
    """Read a network that :func:`exgen.language.writer.graph_text` wrote.

    Args:
        text: declarations and lines; nothing is inferred and nothing spelt out.
        name: what errors call the text.

    Raises:
        LanguageError: with line, column and caret.

    """
    syntax = Syntax.of(Source(name, text.strip()), {})
    leaves: list[Leaf] = []
    written: list[tuple[str, ast.expr, Span]] = []
    for statement in syntax.parse(MAX_EXPRESSION_DEPTH):
        match statement:
            case ast.AnnAssign(target=ast.Name() as target, annotation=kind, value=None):
                leaves.append(_leaf(syntax, target, kind))
            case ast.Assign(targets=[ast.Name() as target], value=value):
                written.append((syntax.check_name(target), value, syntax.span(target)))
            case _:
                raise syntax.error(
                    statement,
                    "this is neither a declaration nor a line of the forward pass",
                    "Write 'name: role[sizes]' or 'name = expression'.",
                )
    if not written:
        raise LanguageError("the network has no line 'name = expression'", place=name)
    names = {leaf.name for leaf in leaves}
    if len(names) < len(leaves):
        raise LanguageError("a name is bound twice", place=name)
    for line, _, span in written:
        if line in names:
            raise syntax.source.error(f"'{line}' is bound twice", span)
        names.add(line)
    sizes = {part for leaf in leaves for dim in leaf.shape for part in dim.names}
    forms = Forms(syntax, frozenset(sizes - names))
    found = Shapes({leaf.name: leaf.shape for leaf in leaves})
    shapes = dict(found.names)
    bindings: list[Binding] = []
    for line, value, span in written:
        bindings.append(Binding(line, forms.line(value)))
        known = Shapes(shapes)
        try:
            shapes[line] = known.of(bindings[-1].expr)
        except MisfitError as error:
            raise syntax.source.error(error.message, span, error.remedy) from None
        for _, shape in known.seen.values():
            _check_room(syntax, span, shape)
    return Graph(tuple(leaves), tuple(bindings), shapes, bindings[-1].name)


def _leaf(syntax: Syntax, target: ast.Name, kind: ast.expr) -> Leaf:
    read = read_declaration(syntax, target, kind)
    dims = tuple(dim for dim in read.dims if dim is not None)
    if len(dims) != len(read.dims):
        raise syntax.error(kind, "a size is left open here", "Write its number or its name.")
    shape = (*dims, *SCALAR)[:2]
    _check_room(syntax, read.span, shape)
    return Leaf(read.name, read.role, shape, len(dims))


def _check_room(syntax: Syntax, span: Span, shape: Shape) -> None:
    if max(1, shape[0].constant) * max(1, shape[1].constant) > MAX_ENTRIES:
        message = f"{shape_text(shape)} is more than {MAX_ENTRIES} numbers"
        raise syntax.source.error(message, span, "Use smaller sizes.")


@dataclass(frozen=True, slots=True)
class Forms(Expressions):
    """Reads expressions, each as it was written.

    Attributes:
        sizes: the names that are sizes.

    """

    sizes: frozenset[str]

    def read(self, node: ast.expr) -> Expr:
        """Return an expression."""
        match node:
            case ast.Name():
                return self._name(node)
            case ast.UnaryOp(op=ast.USub(), operand=operand) if self._in_brackets(node, operand):
                return self._call(node, "neg", operand)
        # Not super(): a dataclass with slots is another class than the one it was written as.
        return Expressions.read(self, node)

    def _name(self, node: ast.Name) -> Expr:
        if not NAME.match(node.id):
            raise self.error(node, "this is not a name")
        return (Size if node.id in self.sizes else Name)(node.id)

    def _in_brackets(self, whole: ast.expr, inner: ast.expr, signs: int = 1) -> bool:
        """Whether something stands in brackets, which Python's trees do not keep."""
        return (inner.lineno, inner.col_offset) > (whole.lineno, whole.col_offset + signs)

    def _folded(self, node: ast.expr, built: Call) -> Expr:
        match node, built:
            case ast.BinOp(left=left), Call("div", (Number(), Number())) if self._in_brackets(
                node, left, 0
            ):
                return built
        return Expressions._folded(self, node, built)  # noqa: SLF001 - its own class
