"""Derivatives of a column by a matrix, entry by entry in index form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exgen.certify import differences
from exgen.certify.compare import (
    DIFFERENCE_TOLERANCE,
    EXACT_TOLERANCE,
    SEED,
    as_function,
    between,
    compare,
    same_numbers,
)
from exgen.certify.points import trial_point, with_numbers
from exgen.engine import evaluate, gradients
from exgen.graph import Delta, walk
from exgen.language import to_text

if TYPE_CHECKING:
    from exgen.derive.tensor import TensorForm
    from exgen.document import Agreement
    from exgen.graph import Expr, Graph, Index

OUTPUTS = 3


@dataclass(frozen=True, slots=True)
class TensorClaim:
    """Every entry of the derivative of a column by a matrix is what the index form says."""

    graph: Graph
    of: str
    by: str
    form: TensorForm

    def stored(self) -> dict[str, object]:
        """Return the claim as JSON types; the network is stored once, with its problem."""
        return {
            "claim": "derivative by a matrix",
            "of": self.of,
            "by": self.by,
            "entry": to_text(self.form.entry),
            "index": [*self.form.out, *self.form.arg],
        }

    def prove(self) -> tuple[Agreement, ...]:
        """Compare the entries of a few outputs with reverse mode and with differences."""
        graph = with_numbers(self.graph)
        entry = same_numbers(self.form.entry, self.graph)
        bare_form = self.form.nonzero
        nonzero = None if bare_form is None else same_numbers(bare_form, self.graph)
        values = trial_point(graph, SEED)
        rows = values[self.of].shape[0]
        shape = values[self.by].shape
        outputs = sorted({round(n) for n in np.linspace(0, rows - 1, OUTPUTS)})
        found = np.empty((len(outputs), *shape))
        pulled = np.empty_like(found)
        pushed = np.empty_like(found)
        part = between(graph, self.of, self.by)
        run = as_function(graph, values, self.by, self.of)
        for place, output in enumerate(outputs):
            picked = np.zeros((rows, 1))
            picked[output] = 1.0
            pulled[place] = gradients(part, values, upstream=picked)[self.by]
            for where in np.ndindex(shape):
                at = _positions((*self.form.out, *self.form.arg), (output, 0, *where))
                found[place][where] = evaluate(entry, values, at).item()
                if nonzero is not None and _all_equal(entry, at):
                    bare = evaluate(nonzero, values, at)
                    compare(
                        "where it is not 0",
                        bare,
                        found[place][where].reshape(1, 1),
                        EXACT_TOLERANCE,
                    )
        for where in np.ndindex(shape):
            direction = np.zeros(shape)
            direction[where] = 1.0
            moved = differences.directional(run, values[self.by], direction)
            pushed[(slice(None), *where)] = moved[outputs, 0]
        return (
            compare("reverse mode", found, pulled, EXACT_TOLERANCE),
            compare("differences", found, pushed, DIFFERENCE_TOLERANCE),
        )


def _all_equal(entry: Expr, at: dict[str, int]) -> bool:
    """Whether no delta of an index form is 0 at a position."""
    return all(
        evaluate(part, {}, at).item() == 1 for part in walk(entry) if isinstance(part, Delta)
    )


def _positions(indices: tuple[Index, ...], places: tuple[int, ...]) -> dict[str, int]:
    return {
        index: place for index, place in zip(indices, places, strict=True) if isinstance(index, str)
    }
