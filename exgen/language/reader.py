"""Text to a program: declarations and lines as written, each with its place.

What the names mean and whether shapes fit is decided in :mod:`exgen.language.network`.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from exgen.errors import LanguageError, Source, nearest
from exgen.graph import ROLES
from exgen.language.expressions import Expressions
from exgen.language.syntax import Syntax

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.errors import Span
    from exgen.graph import Dim, Expr, Role


@dataclass(frozen=True, slots=True)
class Declaration:
    """A leaf as written. ``dims`` has None in place of a size written as ``_``."""

    name: str
    role: Role
    dims: tuple[Dim | None, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Line:
    """A binding as written."""

    name: str
    expr: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Program:
    """The statements of a network in order."""

    source: Source
    declarations: tuple[Declaration, ...]
    lines: tuple[Line, ...]


def read_program(source: Source, functions: Mapping[str, str], depth: int) -> Program:
    """Parse a network.

    Args:
        source: the text and the name errors give it.
        functions: names that stand for an op here, as ``{"f": "relu"}`` or
            ``{"f": "lrelu(_, 0.1)"}``.
        depth: how deep a line may be nested.

    Raises:
        LanguageError: with line, column and caret.

    """
    syntax = Syntax.of(source, functions)
    expressions = Expressions(syntax)
    declarations: list[Declaration] = []
    lines: list[Line] = []
    for statement in syntax.parse(depth):
        match statement:
            case ast.AnnAssign(target=ast.Name() as target, annotation=kind, value=None):
                declarations.append(_declaration(syntax, target, kind))
            case ast.Assign(targets=[ast.Name() as target], value=value):
                name = syntax.check_name(target)
                lines.append(Line(name, expressions.line(value), syntax.span(target)))
            case ast.Expr(value=ast.Lambda()):
                # Python reads 'lambda: param' as a function.
                raise syntax.word_error(replace(syntax.span(statement), length=6), "lambda")
            case _:
                raise syntax.error(
                    statement,
                    "this is neither a declaration nor a line of the forward pass",
                    "Write 'name: role[sizes]' or 'name = expression'.",
                )
    if not lines:
        raise LanguageError(
            "the network has no line 'name = expression'",
            place=source.name,
            remedy="The last line is the loss, such as 'L = squared_error(a, y)'.",
        )
    return Program(syntax.source, tuple(declarations), tuple(lines))


def _declaration(syntax: Syntax, target: ast.Name, kind: ast.expr) -> Declaration:
    name = syntax.check_name(target)
    dims: tuple[Dim | None, ...] = ()
    role = kind
    if isinstance(kind, ast.Subscript):
        parts = kind.slice.elts if isinstance(kind.slice, ast.Tuple) else [kind.slice]
        if not 1 <= len(parts) <= 2:  # noqa: PLR2004 - rows and columns
            raise syntax.error(
                kind,
                "a leaf has at most two sizes: rows and columns",
                "A leaf is a scalar, a column vector or a matrix.",
            )
        dims = tuple(_open_dim(syntax, part) for part in parts)
        role = kind.value
    written = role.id if isinstance(role, ast.Name) else syntax.text(role)
    for legal in ROLES:
        if written == legal:
            return Declaration(name, legal, dims, syntax.span(target))
    raise syntax.error(role, f"'{written}' is not a role", nearest(written, ROLES))


def _open_dim(syntax: Syntax, node: ast.expr) -> Dim | None:
    if isinstance(node, ast.Name) and node.id == "_":
        return None
    return syntax.dim(node, least=1)
