"""One expression as a network's line has it, for tests that write formulas as text."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from exgen.errors import Source
from exgen.language.forms import Forms
from exgen.language.syntax import MAX_EXPRESSION_DEPTH, Syntax

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from exgen.graph import Expr


def read_form(text: str, sizes: AbstractSet[str] = frozenset()) -> Expr:
    """Read an expression; ``sizes`` are the names in it that are sizes."""
    syntax = Syntax.of(Source("form", text), {})
    (statement,) = syntax.parse(MAX_EXPRESSION_DEPTH)
    assert isinstance(statement, ast.Expr)
    return Forms(syntax, frozenset(sizes)).read(statement.value)
