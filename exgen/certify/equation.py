"""The one claim of an answer: what is printed equals a quantity of the network."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from exgen.certify.against import against_the_network, check_shapes, side_by_side
from exgen.certify.compare import worst
from exgen.certify.sides import Sides
from exgen.certify.sizes import counted
from exgen.certify.trials import trials
from exgen.errors import CertificateError
from exgen.graph import Entry, Expr, Number, walk
from exgen.language.writer import to_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exgen.document import Agreement

MAX_SYMBOLIC = 9
"""SymPy is not asked about more entries than this along an axis whose size is a number."""


@dataclass(frozen=True, slots=True)
class Equation(Sides):
    """Every right side equals a quantity of a network.

    The value of z, the gradient of L by W, the Jacobian of a by z, an entry of a gradient, and
    numbers at given leaves are::

        Equation(graph, Quantity("z"), (expr,))
        Equation(graph, Quantity("L", "W"), (expr,), layout=notation.layout)
        Equation(graph, Quantity("a", "z"), (expr,), layout=notation.layout)
        Equation(graph, Quantity("L", "W"), (entry,), index=("k", "j"))
        Equation(graph, Quantity("L", "W"), cells=as_cells(array), leaves=leaves)
        Equation(graph, Quantity(count=("W", "b")), (expr,))

    The fields are those of :class:`exgen.certify.sides.Sides`.
    """

    def prove(self) -> tuple[Agreement, ...]:
        """Compare every right side with the quantity, found by independent ways.

        Raises:
            CertificateError: one differs, says nothing, or there is none.

        """
        if self.quantity is not None and self.quantity.count:
            return counted(self)
        sides = len(self.rights) + bool(self.cells)
        if sides < (2 if self.quantity is None else 1):
            raise CertificateError("an equation has two sides")
        if self.quantity is not None:
            symbol = self.quantity.symbol
            for right in (*self.rights, *(cell for row in self.cells for cell in row)):
                if symbol is not None and symbol in walk(right):
                    name = to_text(symbol)
                    raise CertificateError(f"the expression for '{name}' reads '{name}' itself")
        found = [*check_shapes(self)]
        for trial in trials(self):
            found += (side_by_side if self.quantity is None else against_the_network)(self, trial)
        methods = dict.fromkeys(part.method for part in found)
        agreed = [worst([part for part in found if part.method == method]) for method in methods]
        if self.symbolic:
            agreed += self._identity()
        return tuple(agreed)

    def _identity(self) -> list[Agreement]:
        from exgen.certify.identities import prove_identity

        letters = tuple(self.letters.items())
        symbol = None if self.quantity is None else self.quantity.symbol
        if (
            symbol is None
            or not self.index
            or any(dim.constant > MAX_SYMBOLIC for _, dim in letters)
        ):
            return []
        row, column = self.index
        first = Entry(symbol, (row, column))
        different = tuple((str(one), str(other)) for one, other in self.different)
        lines = (first, *filter(self.is_by_entry, self.rights))
        return [prove_identity(self.graph, lines, letters, self.hot, different)]


def as_cells(array: NDArray[Any]) -> tuple[tuple[Expr, ...], ...]:
    """Return an array of numbers as cells."""
    return tuple(tuple(Number(Fraction(part)) for part in row) for row in array)
