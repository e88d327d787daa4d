"""Numbers on the page: arrays exactly, or rounded to so many decimals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.problems.cellwise import ruled
from exgen.problems.numbers import number_latex

if TYPE_CHECKING:
    from numpy.typing import NDArray


def cell_latex(value: Any, digits: int | None) -> str:  # noqa: ANN401 - a fraction or a float
    """Return one number: exactly, or rounded; a zero has no sign.

    >>> cell_latex(-0.0001, 2)
    '0.00'
    """
    if digits is None:
        return number_latex(value)
    text = f"{float(value):.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def cells_latex(array: NDArray[Any], digits: int | None, *, grid: bool = False) -> str:
    """Return an array as a matrix or as a grid of cells, and an array of one number bare."""
    if array.size == 1:
        return cell_latex(array.item(), digits)
    return matrix_latex([[cell_latex(part, digits) for part in row] for row in array], grid=grid)


def matrix_latex(cells: list[list[str]], *, grid: bool) -> str:
    """Return cells of LaTeX as a matrix or as a grid."""
    if grid:
        return ruled(cells)
    return r"\begin{bmatrix} " + r" \\ ".join(map(" & ".join, cells)) + r" \end{bmatrix}"
