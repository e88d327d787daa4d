"""Shapes over a batch: inferred, and read off a run that agrees with one run per example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exgen.certify.compare import EXACT_TOLERANCE, compare
from exgen.certify.examples import batch_of, example_points, stacked
from exgen.certify.points import with_numbers
from exgen.document import Agreement
from exgen.engine import forward
from exgen.errors import CertificateError, MisfitError
from exgen.graph import shape_text
from exgen.shapes import check

if TYPE_CHECKING:
    from exgen.derive.batch import Batch
    from exgen.graph import Shape


@dataclass(frozen=True, slots=True)
class BatchShapeClaim:
    """A name of a network for one example has a shape when many examples are run at once.

    Attributes:
        batch: the network over many examples.
        name: the name in the network for one example.
        shape: the printed shape.

    """

    batch: Batch
    name: str
    shape: Shape

    @property
    def called(self) -> str:
        """What the network over the batch calls it."""
        return self.batch.names.get(self.name, self.name)

    def prove(self) -> tuple[Agreement, ...]:
        """Infer the shape in the batch, and compare a run of it with one run per example."""
        graph = self.batch.graph
        try:
            check(graph)
        except MisfitError as error:
            raise CertificateError(f"inference: {error.message}") from None
        called = self.called
        if graph.shapes[called] != self.shape:
            raise CertificateError(
                f"inference: '{self.name}' is {shape_text(graph.shapes[called])}, "
                f"not {shape_text(self.shape)}"
            )
        return Agreement("inference", 0.0, len(self.shape)), self._run(called)

    def _run(self, called: str) -> Agreement:
        """Run the batch, and put the runs of its examples side by side."""
        single = with_numbers(self.batch.single)
        shared = frozenset(single.names) - frozenset(self.batch.names)
        points = example_points(single, shared)
        graph = batch_of(self.batch, len(points))
        values = forward(graph, stacked(self.batch, points))
        cost = sum(point[single.loss] for point in points) / len(points)
        agreed = compare("one by one", values[graph.loss], np.asarray(cost), EXACT_TOLERANCE)
        if self.name not in self.batch.names:
            return agreed
        together = np.hstack([point[self.name] for point in points])
        expected = together.T if self.batch.rows else together
        return compare("one by one", values[called], expected, EXACT_TOLERANCE)
