"""One expression as a network's line has it, for tests that write formulas as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.errors import Source
from exgen.graph import Size, substitute
from exgen.language.expressions import read_raw_expression

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from exgen.graph import Expr


def read_form(text: str, sizes: AbstractSet[str] = frozenset()) -> Expr:
    """Read an expression; ``sizes`` are the names in it that are sizes."""
    return substitute(read_raw_expression(Source("form", text)), {n: Size(n) for n in sizes})
