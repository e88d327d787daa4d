"""A printer for names beyond the network's: given Jacobians, and the values of example i."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from exgen.derive.latex import Printer
from exgen.graph import Expr, Name
from exgen.printing import Level, Printed, Symbol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.derive.notation import Notation


@dataclass(frozen=True)
class MarkedPrinter(Printer):
    """Prints some names as derivatives, and others with the mark of an example.

    Attributes:
        factors: the LaTeX of a given Jacobian, by its name in expressions.
        examples: the names whose values belong to one example of many.
        mark: the superscript of such a value.

    """

    factors: Mapping[str, str] = field(default_factory=dict)
    examples: frozenset[str] = frozenset()
    mark: str = ""

    def printed(self, expr: Expr) -> Printed:
        """Return an expression as LaTeX with its level."""
        if isinstance(expr, Name) and expr.name in self.factors:
            return Printed(self.factors[expr.name], Level.SCRIPT)
        return Printer.printed(self, expr)

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
