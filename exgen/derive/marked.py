"""A printer for the values of example i of many."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from exgen.derive.latex import Printer
from exgen.printing import Level, Symbol

if TYPE_CHECKING:
    from exgen.derive.notation import Notation
    from exgen.graph import Expr


@dataclass(frozen=True)
class MarkedPrinter(Printer):
    """Prints some names with the mark of an example.

    Attributes:
        examples: the names whose values belong to one example of many.
        mark: the superscript of such a value.

    """

    examples: frozenset[str] = frozenset()
    mark: str = ""

    def wrapped(self, expr: Expr) -> str:
        """Return an expression as the body of a sum: in brackets where it is a sum itself."""
        return self._wrap(self.printed(expr), Level.PRODUCT, Level.HADAMARD)

    def symbol(self, name: str, *, entry: bool = False) -> Symbol:
        """Return a name as a symbol, or as an entry of it."""
        plain = Printer.symbol(self, name, entry=entry)
        if name not in self.examples:
            return plain
        return replace(plain, superscript=plain.superscript + self.mark)


def example_mark(notation: Notation, index: str = "i") -> str:
    """Return the superscript of example i, in brackets that no layer has."""
    return f"[{index}]" if notation.layer == "parenthesis" else f"({index})"
