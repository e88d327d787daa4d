"""The slips about shapes, places in a chain, and arrows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from exgen.certify.arrows import EDGES, ArrowsClaim
from exgen.certify.chains import ChainClaim
from exgen.certify.sizes import ShapeClaim
from exgen.graph import ONE, Call, Dim, Name, is_column, is_scalar, names_in, walk
from exgen.ops.append import APPEND_ONE, PREPEND_ONE
from exgen.slips.claims import Wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exgen.certify.memory import Memory
    from exgen.certify.prove import Claim
    from exgen.graph import Graph


def swapped_shape(claim: Claim, _memory: Memory) -> Iterator[Wrong]:
    """Columns x rows for rows x columns."""
    if isinstance(claim, ShapeClaim) and not is_column(claim.shape):
        rows, columns = claim.shape
        if rows != columns:
            yield Wrong(replace(claim, shape=(columns, rows)))


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
        if APPEND_ONE.made(line.expr) or PREPEND_ONE.made(line.expr):
            axis = 1 if line.expr.option("axis") == 1 else 0
            found.add(graph.shapes[line.name][axis])
    return found


def one_example(claim: Claim, _memory: Memory) -> Iterator[Wrong]:
    """The shape for one example where there are many."""
    if not isinstance(claim, ShapeClaim) or claim.batch is None:
        return
    shape, axis = claim.shape, 0 if claim.batch.rows else 1
    if shape[axis] != ONE and not shape[axis].is_number:
        yield Wrong(replace(claim, shape=(*shape[:axis], ONE, *shape[axis + 1 :])))


def bias_for_each(claim: Claim, _memory: Memory) -> Iterator[Wrong]:
    """A bias with as many columns as there are examples, where all of them share it."""
    if not isinstance(claim, ShapeClaim) or claim.batch is None:
        return
    single, batch = claim.batch.single, claim.batch
    added = {
        part.name
        for line in single.bindings
        for call in walk(line.expr)
        if isinstance(call, Call) and call.op == "add"
        for part in call.args
        if isinstance(part, Name)
    }
    own = claim.name not in batch.names.values()
    if own and claim.name in added and not is_scalar(claim.shape):
        long = next(dim for dim in claim.shape if dim != ONE)
        wide = batch.graph.shapes[next(iter(batch.names.values()))]
        count = wide[0] if batch.rows else wide[1]
        yield Wrong(replace(claim, shape=(count, long) if batch.rows else (long, count)))


def one_stage_off(claim: Claim, _memory: Memory) -> Iterator[Wrong]:
    """A neighbouring stage in a blank: ``dL/da`` for ``dL/dz``."""
    if not isinstance(claim, ChainClaim):
        return
    for place, name in enumerate(claim.chain[:-1]):
        for neighbour in _neighbours(claim.graph, name):
            chain = (*claim.chain[:place], neighbour, *claim.chain[place + 1 :])
            yield Wrong(replace(claim, chain=chain))


def _neighbours(graph: Graph, name: str) -> list[str]:
    """Return the values right after a name and right before it in the forward pass."""
    after = [line.name for line in graph.bindings if name in names_in(line.expr)]
    line = graph.expr(name)
    read = names_in(line) if line is not None else frozenset()
    before = [line.name for line in graph.bindings if line.name in read]
    return [other for other in (*after, *before) if other != graph.loss]


def missing_arrow(claim: Claim, _memory: Memory) -> Iterator[Wrong]:
    """A quantity that is used twice, drawn with one arrow."""
    if not (isinstance(claim, ArrowsClaim) and claim.sort == EDGES):
        return
    edges = claim.found
    sources, lines = zip(*edges, strict=True)
    for place in reversed(range(len(edges))):
        # a line without any arrow would be missed at once
        if sources.count(sources[place]) > 1 and lines.count(lines[place]) > 1:
            yield Wrong(replace(claim, found=edges[:place] + edges[place + 1 :]))
