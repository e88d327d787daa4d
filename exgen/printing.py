"""What printing is to an op: the pieces of LaTeX it gets and makes, and what it asks of a printer.

It stands below the ops, so that a row can say how it prints; the printer itself is
:class:`exgen.derive.latex.Printer`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from exgen.graph import Call, Expr, Shape


FENCES = {r"\lvert": r"\rvert"}
"""Functions that are written as signs on both sides of their argument."""


class Level(IntEnum):
    """How tightly a printed expression holds together."""

    NEGATIVE = 1
    SUM = 2
    PRODUCT = 3
    HADAMARD = 4
    SCRIPT = 5
    ATOM = 6


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name in LaTeX, taken apart so that marks can be merged: base, subscripts, superscript."""

    base: str
    subscripts: tuple[str, ...]
    superscript: str

    def latex(self, *, index: str = "", superscript: str = "") -> str:
        """Return the symbol, with an entry's index or a further superscript merged in."""
        below = ",".join((*self.subscripts, *([index] if index else [])))
        above = self.superscript + superscript
        return self.base + (f"_{{{below}}}" if below else "") + (f"^{{{above}}}" if above else "")


class Printed(Struct, frozen=True):
    """LaTeX, its level, and, for a plain name, the symbol into which marks can be merged."""

    latex: str
    level: Level = Level.ATOM
    symbol: Symbol | None = None


class Printer(Protocol):
    """What an op may ask of the printer."""

    def shape(self, expr: Expr) -> Shape:
        """Return the shape of an expression."""

    def sum_of(self, this: Call, args: tuple[Printed, ...], sign: str) -> Printed:
        """Return a sum or a difference."""

    def negative(self, part: Printed) -> Printed:
        """Return a change of sign."""

    def product_of(self, this: Call, args: tuple[Printed, ...]) -> Printed:
        """Return a product: entrywise, or by a scalar."""

    def quotient_of(self, this: Call, args: tuple[Printed, ...]) -> Printed:
        """Return a fraction, or an entrywise quotient."""

    def power_of(self, this: Call, args: tuple[Printed, ...]) -> Printed:
        """Return a power, of an array entry by entry."""

    def matrix_product(self, args: tuple[Printed, ...]) -> Printed:
        """Return a matrix product, its factors side by side."""

    def transposed(self, part: Printed) -> Printed:
        """Return a transpose."""

    def constant(self, kind: str, this: Call) -> Printed:
        """Return ones, zeros, an identity or a unit vector, with sizes."""

    def blocks(self, this: Call) -> Printed:
        """Return stacked parts as one matrix in brackets."""

    def with_one(self, part: Printed, this: Call, *, first: bool) -> Printed:
        """Return an argument stacked with the constant 1, or with a line of ones."""

    def sliced(self, part: Printed, this: Call) -> Printed:
        """Return a stretch of an array as a product with a selection matrix."""

    def picked(self, part: Printed, this: Call) -> Printed:
        """Return one entry."""

    def marked(self, letter: str, below: str) -> Printed:
        """Return a matrix of its own, such as a permutation, with a mark below its letter."""

    def function(self, name: str, args: tuple[Printed, ...]) -> Printed:
        """Return a function applied to its arguments."""

    def indicator(self, args: tuple[Printed, ...], sign: str) -> Printed:
        """Return 1 where a comparison holds, entry by entry."""

    def summed(self, part: Printed, this: Call, *, mean: bool) -> Printed:
        """Return a sum or a mean."""

    def spelled_out(self, this: Call) -> Printed:
        """Return a use of an op as what it is made of."""

    def log_loss(self, this: Call, *, binary: bool) -> Printed:
        """Return a cross-entropy written out over its entries, which are classes or binary."""
