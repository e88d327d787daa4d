"""Everything that :mod:`exgen.language.writer` writes, read back as the very same value.

The language of banks has short forms: a bias spreads, 1/3 is folded, an axis is learnt. A stored
claim has none: what was written is what stood there. It also has index forms, which no bank has.
As in the other readers, Python's ``ast`` does the parsing and nothing is executed.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exgen.errors import LanguageError, MisfitError, Source, Span, nearest
from exgen.graph import (
    SCALAR,
    Binding,
    Call,
    Delta,
    Entry,
    Expr,
    Graph,
    Leaf,
    Name,
    Number,
    Partial,
    Size,
    SumOver,
    rebuild,
    shape_text,
    walk,
)
from exgen.language.expressions import Expressions
from exgen.language.reader import read_declaration
from exgen.language.syntax import MAX_EXPRESSION_DEPTH, NAME, Syntax
from exgen.shapes import MAX_SIZE, Shapes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from exgen.graph import Dim, Index, Shape

INDEX_FORMS = (Entry, SumOver, Delta, Partial)
FORMS: Mapping[str, str] = {
    "sum_over": "sum_over(j < n, term), or sum_over(j < n, j != i, term)",
    "delta": "delta(i, j)",
    "partial": "partial(z[k, 0], W[k, j])",
}
"""The calls that only index forms have, and how each is written."""

SPECIAL = re.compile(r"\\[A-Za-z]+\([A-Za-z0-9]+\)|[A-Za-z][A-Za-z0-9_]*'+")
r"""Letters of indices that are no names of Python's: ``k'`` and ``\rho(i)``."""

MAX_TERMS = 10_000_000
"""More terms than this are not added up one by one."""
MAX_ENTRIES = 100_000_000
"""A network whose arrays hold more numbers than this is not tried: it would take all memory."""


def read_form(
    text: str, *, sizes: AbstractSet[str] = frozenset(), entries: bool = False, name: str = "form"
) -> Expr:
    """Read an expression or an index form that :func:`exgen.language.to_text` wrote.

    Args:
        text: one expression.
        sizes: the names in it that are sizes.
        entries: whether ``x[1, 0]`` is an entry of an index form although no letter says so.
            Where one does, in ``x[j, 0] * x[1, 0]``, every such pair is.
        name: what errors call the text.

    Raises:
        LanguageError: with line, column and caret.

    """
    syntax, letters = _prepared(name, text)
    statements = syntax.parse(MAX_EXPRESSION_DEPTH)
    if len(statements) != 1 or not isinstance(statements[0], ast.Expr):
        place = statements[-1] if statements else ast.Pass(lineno=1, col_offset=0)
        raise syntax.error(place, "exactly one expression is expected here")
    expr = Forms(syntax, letters, frozenset(sizes)).read(statements[0].value)
    if _terms(expr) > MAX_TERMS:
        raise syntax.error(statements[0], f"these sums have more than {MAX_TERMS} terms")
    is_form = entries or any(isinstance(part, INDEX_FORMS) for part in walk(expr))
    return _as_entries(expr) if is_form else expr


def read_graph(text: str, *, loss: str = "", name: str = "network") -> Graph:
    """Read a network that :func:`exgen.language.writer.graph_text` wrote.

    Args:
        text: declarations and lines; nothing is inferred and nothing spelt out.
        loss: the name to differentiate; the last line unless given.
        name: what errors call the text.

    Raises:
        LanguageError: with line, column and caret.

    """
    syntax, letters = _prepared(name, text)
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
    forms = Forms(syntax, letters, frozenset(sizes - names))
    found = Shapes({leaf.name: leaf.shape for leaf in leaves})
    shapes = dict(found.names)
    bindings: list[Binding] = []
    for line, value, span in written:
        bindings.append(Binding(line, forms.read(value)))
        known = Shapes(shapes)
        try:
            shapes[line] = known.of(bindings[-1].expr)
        except MisfitError as error:
            raise syntax.source.error(error.message, span, error.remedy) from None
        for _, shape in known.seen.values():
            _check_room(syntax, span, shape)
    graph = Graph(tuple(leaves), tuple(bindings), shapes, loss or bindings[-1].name)
    if graph.loss not in shapes:
        raise LanguageError(
            f"there is no '{graph.loss}' to take the gradient of",
            place=name,
            remedy=nearest(graph.loss, shapes),
        )
    return graph


def _terms(expr: Expr) -> int:
    """Return how many terms the sums of an index form have, one inside another."""
    most, waiting = 1, [(expr, 1)]
    while waiting:
        part, around = waiting.pop()
        match part:
            case SumOver(_, size, body):
                waiting.append((body, around * max(1, size.constant)))
            case Call(_, args):
                waiting += [(arg, around) for arg in args]
        most = max(most, around)
    return most


def _prepared(name: str, text: str) -> tuple[Syntax, Mapping[str, str]]:
    """Return a text that Python can parse, and the letters that stand in it under other names."""
    letters: dict[str, str] = {}

    def stand_in(match: re.Match[str]) -> str:
        # No name of a network starts so.
        return letters.setdefault(match[0], f"_{len(letters)}")

    written = SPECIAL.sub(stand_in, text.strip())
    return Syntax.of(Source(name, written), {}), {mark: text for text, mark in letters.items()}


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


def _as_entries(expr: Expr) -> Expr:
    match rebuild(expr, _as_entries):
        case Call("item", (inner,)) as item:
            row, column = item.option("row"), item.option("column")
            if isinstance(row, int) and isinstance(column, int):
                return Entry(inner, row, column)
            return item
        case other:
            return other


def _entry(expr: Expr) -> Entry | None:
    return expr if isinstance(expr, Entry) else None


@dataclass(frozen=True, slots=True)
class Forms(Expressions):
    """Reads expressions and index forms, each as it was written.

    Attributes:
        letters: the letters of indices that stand in the text under other names.
        sizes: the names that are sizes.

    """

    letters: Mapping[str, str]
    sizes: frozenset[str]

    def read(self, node: ast.expr) -> Expr:
        """Return an expression."""
        match node:
            case ast.Name():
                return self._name(node)
            case ast.UnaryOp(op=ast.USub(), operand=operand) if self._in_brackets(node, operand):
                return self._call(node, "neg", operand)
            case ast.Call(func=ast.Name(id=function)) if function in FORMS:
                return self._form(node, function)
            case ast.Subscript(value=value, slice=ast.Tuple(elts=[row, column])) if any(
                isinstance(part, ast.Name) for part in (row, column)
            ):
                return Entry(self.read(value), self._index(row), self._index(column))
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

    # --- index forms ---

    def _form(self, node: ast.Call, function: str) -> Expr:
        args = node.args
        match function, args:
            case _ if node.keywords:
                pass
            case "delta", [left, right]:
                return Delta(self._index(left), self._index(right))
            case "partial", [left, right]:
                of, by = (_entry(_as_entries(self.read(part))) for part in (left, right))
                if of is not None and by is not None:
                    return Partial(of, by)
            case "sum_over", [ast.Compare(ops=[ast.Lt()]) as runs, body]:
                index, size = self._runs(runs)
                return SumOver(index, size, self.read(body))
            case "sum_over", [
                ast.Compare(ops=[ast.Lt()]) as runs,
                ast.Compare(left=left, ops=[ast.NotEq()], comparators=[but]),
                body,
            ]:
                index, size = self._runs(runs)
                if self._index(left) == index:
                    return SumOver(index, size, self.read(body), self._index(but))
        raise self.error(node, f"this is no {function}", f"It is written {FORMS[function]}.")

    def _runs(self, node: ast.Compare) -> tuple[str, Dim]:
        index = self._index(node.left)
        if not isinstance(index, str):
            raise self.error(node.left, "a sum runs over a letter")
        return index, self.syntax.dim(node.comparators[0])

    def _index(self, node: ast.expr) -> Index:
        match node:
            case ast.Constant(value=int(place)) if not isinstance(place, bool):
                if place <= MAX_SIZE:
                    return place
            case ast.Name(id=letter):
                if letter in self.letters:
                    return self.letters[letter]
                if NAME.match(letter):
                    return letter
        raise self.error(node, "an index is a letter, or a whole number from 0")
