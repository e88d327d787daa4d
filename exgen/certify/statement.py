"""What a sheet says of a network, read back and evaluated as a student would.

The other methods prove the answers about the network that exgen was given. This one proves that
the student was given the same network: from the printed declarations, formulas and conventions
alone, every line must have the value that it has in the network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exgen.certify.compare import (
    DIFFERENCE_TOLERANCE,
    EXACT_TOLERANCE,
    SEED,
    compare,
    trial_sizes,
    worst,
)
from exgen.certify.points import classes_axis, trial_points, with_numbers
from exgen.certify.reading.rebuilt import Computed, Reader
from exgen.derive.orient import COLUMNS, ROWS, examples
from exgen.engine import Values, evaluate, forward
from exgen.errors import CertificateError, MisfitError
from exgen.graph import is_column, is_scalar, shape_text, substitute_sizes, walk
from exgen.ops import traits_of
from exgen.readback.declarations import declared_in, given
from exgen.readback.networks import Sayings, layers_in, lines_in
from exgen.readback.pages import read_shape
from exgen.readback.sentences import facts_in
from exgen.readback.units import units_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from exgen.derive.notation import Notation
    from exgen.document import Agreement
    from exgen.graph import Expr, Graph, Leaf
    from exgen.readback.declarations import Declared
    from exgen.readback.sentences import Fact

METHOD = "statement read back"
SHIFT = 2.0
"""How far the leaves of another point lie below those of the first."""
TEXT = "text"
ABOUT_SHAPES = "text about shapes"
UNDECLARED: Mapping[str, str] = {
    TEXT: "its author shows what is needed",
    ABOUT_SHAPES: "the shapes are what is asked",
}
"""The kinds whose sheet declares no arrays, each with the reason; their shapes are taken over."""
PARTIAL: Mapping[str, str] = {
    TEXT: "its author shows what is needed",
}
"""The kinds whose sheet may show a part of the forward pass, each with the reason."""
UNSHOWN: Mapping[str, str] = {
    TEXT: "its author shows what is needed",
}
"""The kinds whose sheet may show no forward pass, each with the reason."""


def check_statement(
    body: str, kind: str, page: Sequence[Fact], graph: Graph, notation: Notation
) -> Agreement | None:
    """Read the network that a problem's sheet shows, and compare every line with the network.

    Args:
        body: the problem as its sheet prints it, in LaTeX.
        kind: the kind of the problem.
        page: what page 1 says.
        graph: the network.
        notation: what its names look like.

    Returns:
        The agreement; None where the sheet shows no forward pass, for a reason in ``UNSHOWN``.

    Raises:
        CertificateError: the sheet says something else than the network, or leaves it open.

    """
    try:
        lines, layers = lines_in(body), layers_in(body)
        if layers is None and not lines:
            if kind in UNSHOWN:
                return None
            raise CertificateError("no forward pass was found on the sheet")
        own = tuple(facts_in(body))
        reader = Reader.of(graph, notation, Sayings.of(page, own), own)
        _check_declared(reader, kind, declared_in(body))
        whole = kind not in PARTIAL or any(units_in(body))
        read = reader.layers(layers, body) if layers else reader.lines(lines, whole=whole)
        missing = [binding.name for binding in graph.bindings if binding.name not in read]
        if missing and whole:
            raise CertificateError(f"the sheet does not define '{missing[0]}'")
        return _compared(graph, read)
    except (MisfitError, ValueError, LookupError, ArithmeticError) as error:
        raise CertificateError(f"what was read cannot be evaluated: {error}") from error


# --- declarations ---


def _check_declared(reader: Reader, kind: str, declared: Iterable[Declared]) -> None:
    """Compare the declared arrays with the leaves: each once, with its shape and its role."""
    graph = reader.graph
    if any(fact.kind == "scalars" for fact in reader.own):
        arrays = [name for name, shape in graph.shapes.items() if not is_scalar(shape)]
        if arrays:
            raise CertificateError(f"the sheet calls '{arrays[0]}' a scalar, which it is not")
        return
    found: dict[str, str] = {}
    for item in (*declared, *filter(None, map(given, reader.own))):
        name = reader.name(item.symbol)
        if name in found:
            raise CertificateError(f"the sheet declares '{name}' twice")
        found[name] = item.hot
        shape = read_shape(item.size or "1", reader.known)
        if shape != graph.shapes[name]:
            right = shape_text(graph.shapes[name])
            raise CertificateError(f"the sheet calls '{name}' {shape_text(shape)}, not {right}")
    _check_examples(reader)
    for fact in reader.own:
        if fact.kind in ("one-hot", "one-hot lines"):
            found[reader.name(fact["name"])] = fact.slots.get("line", "vector")
    for leaf in graph.leaves:
        if leaf.name not in found and kind in UNDECLARED:
            continue
        if leaf.name not in found:
            raise CertificateError(f"the sheet does not say what '{leaf.name}' is")
        if found[leaf.name] != _hot(graph, leaf):
            said, right = found[leaf.name] or "nothing", _hot(graph, leaf) or "nothing"
            raise CertificateError(
                f"of '{leaf.name}' the sheet calls its {said} one-hot, and it is its {right}"
            )


def _hot(graph: Graph, leaf: Leaf) -> str:
    """Return what of a leaf is one-hot: the vector, each row, each column; else nothing."""
    if leaf.role != "onehot":
        return ""
    lines = "row" if classes_axis(graph, leaf) == COLUMNS else "column"
    return "vector" if is_column(leaf.shape) else lines


def _check_examples(reader: Reader) -> None:
    axes = examples(reader.graph)
    for fact in reader.own:
        if fact.kind == "examples of":
            name = reader.name(fact["name"])
            axis = ROWS if fact["line"] == "row" else COLUMNS
            count = read_shape(fact["count"], reader.known)[0]
            if axes.get(name) != axis or reader.graph.shapes[name][axis] != count:
                raise CertificateError(f"the sheet is wrong about the examples in '{name}'")


# --- values ---


def _points(graph: Graph) -> list[Values]:
    """Return trial points, and one at which most values are negative, for the sides of kinks."""
    points = list(trial_points(graph, SEED))
    leaves = {
        leaf.name: points[0][leaf.name] - (0 if leaf.role in ("onehot", "target") else SHIFT)
        for leaf in graph.leaves
    }
    with np.errstate(all="ignore"):
        lower = forward(graph, leaves)
    finite = all(np.isfinite(value).all() for value in lower.values())
    return [*points, lower] if finite else points


def _has_kink(line: Expr | None) -> bool:
    """Whether a line has two sides that one point may not show."""
    parts = () if line is None else walk(line)
    return any(traits_of(part).kink or traits_of(part).jump for part in parts)


def _compared(graph: Graph, read: Mapping[str, Computed]) -> Agreement:
    """Compare what every line computes with its value in the network, on both sides of kinks."""
    sizes = trial_sizes(graph)
    points = _points(with_numbers(graph))
    parts: list[Agreement] = []
    for name, line in read.items():
        expr = substitute_sizes(line.expr, sizes)
        ranges = {letter: dim.substitute(sizes).constant for letter, dim in line.letters}
        for number, values in enumerate(points):
            if number and not (_has_kink(graph.expr(name)) or _has_kink(line.expr)):
                # Without a kink the first point tells; at the others a sigmoid may be saturated.
                continue
            # Further away a loss loses digits that the network's own keeps.
            tolerance = DIFFERENCE_TOLERANCE if number else EXACT_TOLERANCE
            expected = values[name]
            if ranges:
                from exgen.certify.everywhere import everywhere

                found = everywhere(expr, values, ranges).reshape(expected.shape)
            else:
                found = evaluate(expr, values).astype(float)
            if number and not np.isfinite(found).all():
                # Away from the first point a logarithm or an exponential may be out of range.
                continue
            try:
                parts.append(compare(METHOD, found, expected, tolerance))
            except CertificateError as error:
                raise CertificateError(f"the line of '{name}': {error.message}") from None
    return worst(parts)
