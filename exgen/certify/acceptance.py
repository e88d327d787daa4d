"""Acceptance rules: what a draw must satisfy so that the problem asks what it means to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from exgen.graph import Graph


def distinct_sizes(symbolic: Graph, drawn: Graph) -> bool:
    """Whether sizes that may differ do differ.

    With two equal sizes a swapped or a forgotten factor can give the right shape by luck.
    """
    numbers: dict[object, object] = {}
    for name, shape in symbolic.shapes.items():
        for dim, number in zip(shape, drawn.shapes[name], strict=True):
            if not dim.is_number and numbers.setdefault(number, dim) != dim:
                return False
    return True


RULES: Mapping[str, Callable[[Graph, Graph], bool]] = {"distinct_sizes": distinct_sizes}
"""Every rule by name: the network with named sizes and with drawn ones in, the verdict out."""
