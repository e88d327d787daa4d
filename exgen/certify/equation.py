"""The one claim of an answer: what is printed equals a quantity of the network."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.certify.compare import worst
from exgen.certify.quantity import Quantity, printed_shapes
from exgen.certify.sides import check_shapes, compared, is_index_form, side_by_side
from exgen.certify.trials import trials
from exgen.errors import CertificateError
from exgen.graph import SCALAR, Dim, Expr, Number, names_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from exgen.derive.factors import Factor
    from exgen.document import Agreement
    from exgen.graph import Graph, Index, Shape

MAX_SYMBOLIC = 9
"""SymPy is not asked about more entries than this along an axis whose size is a number."""


@dataclass(frozen=True, slots=True)
class Rounding:
    """How a sheet says to round: to these decimals, having carried at least so many."""

    digits: int
    carry: int


@dataclass(frozen=True, slots=True)
class Equation:
    """Every right side equals a quantity of a network.

    The value of z, the gradient of L by W, the Jacobian of a by z, an entry of a gradient, and
    numbers at given leaves are::

        Equation(graph, Quantity("z"), (expr,))
        Equation(graph, Quantity("L", "W"), (expr,), layout=notation.layout)
        Equation(graph, Quantity("a", "z"), (expr,), layout=notation.layout)
        Equation(graph, Quantity("L", "W"), (entry,), index=("k", "j"))
        Equation(graph, Quantity("L", "W"), cells=as_cells(array), leaves=leaves)

    Attributes:
        graph: the network. Only gradients of its loss can be read by a right side.
        quantity: what is asked; None where the right sides are an equation of their own.
        rights: as printed, in whole arrays or in index form; from names of the forward pass,
            gradients such as ``grad_z2``, and given Jacobians.
        index: the letter or the position of an index form along each axis of the quantity.
        cells: a right side that is printed cell by cell.
        layout: as a notation has it; it says what stands transposed on the page.
        factors: the given Jacobians.
        leaves: exact numbers at which it holds; those left out, or all of them, may be any.
        rounding: how the cells are rounded, if they are.
        order: the positions of the variable's entries from the smallest to the largest, where it
            holds in one order only.
        different: pairs of letters, or of a letter and a position, that are not equal.
        hot: a one-hot leaf, and the letter that stands for its class.
        symbolic: whether SymPy has to find every two index forms identical too.

    """

    graph: Graph
    quantity: Quantity | None
    rights: tuple[Expr, ...] = ()
    index: tuple[Index, ...] = ()
    cells: tuple[tuple[Expr, ...], ...] = ()
    layout: str = "shape"
    factors: tuple[Factor, ...] = ()
    leaves: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    rounding: Rounding | None = None
    order: tuple[int, ...] = ()
    different: tuple[tuple[Index, Index], ...] = ()
    hot: tuple[str, str] | None = None
    symbolic: bool = False

    @property
    def shape(self) -> Shape:
        """The rows and columns that are printed; of index forms alone, those of an entry."""
        by_entry = (is_index_form(self, right) for right in self.rights)
        if self.quantity is None or (all(by_entry) and not self.cells):
            return SCALAR
        return self.quantity.shape(self.graph, self.layout)

    @property
    def shapes(self) -> dict[str, Shape]:
        """The shapes, in the layout, of all that the right sides may read."""
        return printed_shapes(self.graph, self.layout, self.factors)

    @property
    def letters(self) -> dict[str, Dim]:
        """How far each letter of the index runs."""
        if self.quantity is None or not self.index:
            return {}
        axes = zip(self.index, self.quantity.axes(self.graph), strict=True)
        found = {letter: dim for letter, dim in axes if isinstance(letter, str)}
        if self.hot is not None:
            found[self.hot[1]] = self.graph.shapes[self.hot[0]][0]
        return found

    @property
    def value(self) -> NDArray[Any]:
        """The cells as exact numbers.

        Raises:
            CertificateError: one is no number.

        """
        array = np.empty((len(self.cells), len(self.cells[0]) if self.cells else 0), dtype=object)
        for row, column in np.ndindex(array.shape):
            cell = self.cells[row][column]
            if not isinstance(cell, Number):
                raise CertificateError("this cell is no number")
            array[row, column] = cell.value
        return array

    def prove(self) -> tuple[Agreement, ...]:
        """Compare every right side with the quantity, found by independent ways.

        Raises:
            CertificateError: one differs, says nothing, or there is none.

        """
        sides = len(self.rights) + bool(self.cells)
        if sides < (2 if self.quantity is None else 1):
            raise CertificateError("an equation has two sides")
        if self.quantity is not None:
            name = self.quantity.called(self.graph)
            for right in (*self.rights, *(cell for row in self.cells for cell in row)):
                if name in names_in(right):
                    raise CertificateError(f"the expression for '{name}' reads '{name}' itself")
        found = [*check_shapes(self)]
        for trial in trials(self):
            found += side_by_side(self, trial) if self.quantity is None else compared(self, trial)
        methods = dict.fromkeys(part.method for part in found)
        agreed = [worst([part for part in found if part.method == method]) for method in methods]
        if self.symbolic:
            agreed += self._identity()
        return tuple(agreed)

    def _identity(self) -> list[Agreement]:
        from exgen.certify.symbolic import prove_identity
        from exgen.graph import Entry, Name

        letters = tuple(self.letters.items())
        if self.quantity is None or any(dim.constant > MAX_SYMBOLIC for _, dim in letters):
            return []
        row, column = self.index
        first = Entry(Name(self.quantity.called(self.graph)), row, column)
        different = tuple((str(one), str(other)) for one, other in self.different)
        return [prove_identity(self.graph, (first, *self.rights), letters, self.hot, different)]


def as_cells(array: NDArray[Any]) -> tuple[tuple[Expr, ...], ...]:
    """Return an array of numbers as cells."""
    return tuple(tuple(Number(Fraction(part)) for part in row) for row in array)
