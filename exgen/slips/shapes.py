"""The slips about shapes, places in a chain, and arrows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from exgen.certify.chains import ChainClaim
from exgen.certify.shapes import ShapeClaim
from exgen.graph import ONE, Call, Dim, is_column
from exgen.slips.claims import Wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exgen.certify.memory import Memory
    from exgen.certify.prove import Claim
    from exgen.graph import Graph

APPENDING = frozenset({"append_one", "prepend_one"})


def swapped_shape(claim: Claim, _memory: Memory) -> Iterator[Wrong]:
    """Columns x rows for rows x columns."""
    shape = getattr(claim, "shape", None)
    if _is_about_a_shape(claim) and shape and shape[0] != shape[1] and not is_column(shape):
        yield Wrong(replace(claim, shape=shape[::-1]))  # type: ignore[type-var]


def forgot_the_one(claim: Claim, _memory: Memory) -> Iterator[Wrong]:
    """A size without the entry that is appended for the bias."""
    if not isinstance(claim, ShapeClaim):
        return
    longer = _lengthened(claim.graph)
    for axis, dim in enumerate(claim.shape):
        if dim in longer:
            shorter = Dim(dim.constant - 1, dim.names)
            shape = (*claim.shape[:axis], shorter, *claim.shape[axis + 1 :])
            yield Wrong(replace(claim, shape=shape))


def _lengthened(graph: Graph) -> set[Dim]:
    """Return the sizes that have an appended 1 in them."""
    found: set[Dim] = set()
    for line in graph.bindings:
        if isinstance(line.expr, Call) and line.expr.op in APPENDING:
            axis = 1 if line.expr.option("axis") == 1 else 0
            found.add(graph.shapes[line.name][axis])
    return found


def one_example(claim: Claim, _memory: Memory) -> Iterator[Wrong]:
    """The shape for one example where there are many."""
    batch = getattr(claim, "batch", None)
    shape = getattr(claim, "shape", None)
    if batch is None or shape is None or not _is_about_a_shape(claim):
        return
    axis = 0 if batch.rows else 1
    if shape[axis] != ONE and not shape[axis].is_number:
        yield Wrong(replace(claim, shape=(*shape[:axis], ONE, *shape[axis + 1 :])))  # type: ignore[type-var]


def _is_about_a_shape(claim: object) -> bool:
    return type(claim).__name__ in ("ShapeClaim", "BatchShapeClaim")


def one_stage_off(claim: Claim, _memory: Memory) -> Iterator[Wrong]:
    """The neighbouring stage of a chain in a blank: ``dL/da`` for ``dL/dz``."""
    if not isinstance(claim, ChainClaim):
        return
    for place in claim.hidden:
        for neighbour in (place + 1, place - 1):
            if 0 < neighbour < len(claim.chain) - 1:
                chain = list(claim.chain)
                chain[place] = claim.chain[neighbour]
                yield Wrong(replace(claim, chain=tuple(chain)))


def missing_arrow(claim: Claim, _memory: Memory) -> Iterator[Wrong]:
    """A quantity that is used twice, drawn with one arrow."""
    edges: tuple[tuple[str, str], ...] = getattr(claim, "edges", ())
    sources = [source for source, _ in edges]
    for place in reversed(range(len(edges))):
        if sources.count(sources[place]) > 1:
            yield Wrong(replace(claim, edges=edges[:place] + edges[place + 1 :]))  # type: ignore[type-var]
