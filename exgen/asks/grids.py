"""Answers in a grid of cells, worked out cell by cell, and single entries of a gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.asks.scene import is_exact
from exgen.problems.cellwise import Grids

if TYPE_CHECKING:
    from exgen.asks.pieces import Phrase
    from exgen.asks.scene import Scene


def is_in_grid(ask: Phrase) -> bool:
    """Whether an answer is written into a grid of cells."""
    return ask.clauses.get("inside") == "grid"


def is_by_number(ask: Phrase) -> bool:
    """Whether entries are called by their places, such as the first one."""
    index = ask.slots.get("entry", ("", ()))[1]
    return is_in_grid(ask) or any(part.isdecimal() for part in index)


def cellwise(ask: Phrase, scene: Scene) -> Grids | None:
    """Return what works an answer out cell by cell; None where it is no grid of fractions."""
    turned = scene.setting.notation.layout == "numerator" and ask.sort == "gradient"
    if not is_in_grid(ask) or "digits" in ask.clauses or turned:
        return None
    exact = all(is_exact(part) for array in scene.values.values() for part in array.flat)
    return Grids(scene.setting.notation, scene.graph, scene.values) if exact else None
