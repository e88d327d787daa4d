"""What an equation has on the page: the quantity that is asked, and what is said to equal it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.errors import CertificateError
from exgen.graph import (
    ONE,
    SCALAR,
    Call,
    Delta,
    Derivative,
    Dim,
    Entry,
    Expr,
    Name,
    Number,
    Pair,
    SumOver,
    derivatives_in,
    is_scalar,
    walk,
)
from exgen.shapes import likely_shape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from exgen.certify.quantity import Quantity
    from exgen.graph import Graph, Index, Shape


@dataclass(frozen=True, slots=True)
class Rounding:
    """How a sheet says to round: to these decimals, having carried at least so many, if any."""

    digits: int
    carry: int | None = None


@dataclass(frozen=True, slots=True)
class Sides:
    """A quantity of a network, and the right sides that are printed for it.

    Attributes:
        graph: the network. Only gradients of its loss can be read by a right side.
        quantity: what is asked; None where the right sides are an equation of their own.
        rights: as printed, in whole arrays or in index form; from names of the forward pass and
            from derivatives.
        index: the letter or the position of an index form along each axis of the quantity.
        cells: a right side that is printed cell by cell; numbers before they are rounded.
        layout: as a notation has it; it says what stands transposed on the page.
        leaves: exact numbers at which it holds; those left out, or all of them, may be any.
        rounding: how the cells are rounded on the page, if they are.
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
    leaves: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    rounding: Rounding | None = None
    order: tuple[int, ...] = ()
    different: tuple[Pair, ...] = ()
    hot: tuple[str, str] | None = None
    symbolic: bool = False

    @property
    def shape(self) -> Shape:
        """The rows and columns that are printed; of index forms alone, those of an entry."""
        by_entry = map(self.is_by_entry, self.rights)
        if self.quantity is None or self.quantity.count or (all(by_entry) and not self.cells):
            return SCALAR
        return self.quantity.shape(self.graph, self.layout)

    @property
    def given(self) -> frozenset[Derivative]:
        """The derivatives of other lines than the last that the right sides read."""
        read = frozenset[Derivative]().union(*map(derivatives_in, self.rights))
        loss = self.graph.loss if is_scalar(self.graph.shapes[self.graph.loss]) else ""
        return frozenset(symbol for symbol in read if symbol.of != loss)

    @property
    def sort(self) -> str:
        """What a manifest calls it; "" of an equation that no answer rests on."""
        quantity = self.quantity
        if quantity is None:
            return ""
        if quantity.count:
            return "count"
        if quantity.rate is not None:
            return "update"
        if self.cells:
            return "numbers" if self.leaves else "cells"
        if self.index:
            return "index form"
        if not quantity.by:
            return "value"
        loss = quantity.of == self.graph.loss and is_scalar(self.graph.shapes[quantity.of])
        return "gradient" if loss else "jacobian"

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

    def is_by_entry(self, right: Expr) -> bool:
        """Whether a side is one entry, of which ``index`` says the place."""
        if self.quantity is None or not self.index:
            return False
        parts = tuple(walk(right))
        if all(dim == ONE for dim in self.quantity.axes(self.graph)):
            # whole and entry are the same, but for what only an index form can hold
            places = [part.indices for part in parts if isinstance(part, Entry)]
            symbols = any(len(place) > 2 or set(place) & {*self.index} for place in places)  # noqa: PLR2004
            return self.hot is not None or symbols
        if not isinstance(right, Call | Name | Derivative):
            return True
        if any(isinstance(part, Entry | SumOver | Delta) for part in parts):
            return True
        return is_scalar(likely_shape(right, self.graph.shapes))
