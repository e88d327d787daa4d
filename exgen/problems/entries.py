"""What the kinds about index forms share: a forward pass entry by entry, and its wording."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from exgen.derive.index import EXAMPLES, Letters, entry_form, examples_of, letters_of
from exgen.derive.orient import examples as example_axes
from exgen.derive.partials import ordered
from exgen.derive.symbols import dim_latex, look
from exgen.derive.vectorise import with_shares
from exgen.document import Tex
from exgen.errors import KindError, nearest
from exgen.graph import ONE, Call, Dim, Entry, Name, Pair, is_scalar, walk
from exgen.ops.activations import SOFTMAX
from exgen.ops.base import axis_option
from exgen.problems.base import leaf_fields, shape_fields
from exgen.problems.notes import batch_line
from exgen.shapes import shape_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exgen.derive.latex import Printer
    from exgen.graph import Expr, Graph
    from exgen.problems.base import Setting

KRONECKER = r"\delta"
MAX_PLACES = 5_000_000
"""An index form with more terms than this cannot be tried at every entry."""


def check_entries(graph: Graph) -> None:
    """Raise where a line has no index form, or where it could not be tried at every entry."""
    graph.once("has entries", lambda: _check_entries(graph))


def _check_entries(graph: Graph) -> None:
    for name in graph.names:
        if look(name) == KRONECKER:
            raise KindError(
                f"'{name}' prints like Kronecker's delta, which stands in index forms",
                remedy="Rename it.",
            )
    for binding in graph.bindings:
        for part in walk(binding.expr):
            if SOFTMAX.made(part) and _is_of_one(part, graph):
                raise KindError(
                    f"the softmax in '{binding.name}' is over one class, so it is always 1",
                    remedy="Use sigmoid for a single output, or more classes.",
                )
        line_form(graph, binding.name, letters_of(graph))
    sizes = {dim.constant for shape in graph.shapes.values() for dim in shape if dim.is_number}
    largest = sorted(sizes, reverse=True)[:3]
    if prod(largest) > MAX_PLACES:
        raise KindError(
            "the sizes are too large to try an index form at every entry",
            remedy="Leave them as names, such as x: input[D], or draw smaller ones.",
        )


def _is_of_one(softmax: Call, graph: Graph) -> bool:
    shape = shape_of(softmax.args[0], graph.shapes)
    return shape[axis_option(dict(softmax.options))] == ONE


def line_form(graph: Graph, name: str, letters: Letters) -> tuple[Pair, Expr]:
    """Return the indices of a line's entry, and the line in index form."""
    expr = graph.expr(name)
    if expr is None:
        raise KindError(f"'{name}' is no line of the forward pass", remedy="Ask for a line.")
    index = letters.pair(graph.shapes[name])
    return index, with_shares(ordered(entry_form(expr, index, graph.shapes, letters)))


def entry_latex(printer: Printer, name: str, index: Pair) -> str:
    """Return an entry of a name as LaTeX."""
    return printer(Entry(Name(name), index))


def range_latex(printer: Printer, letter: str, dim: Dim) -> str:
    """Return how far an index runs, such as ``j = 1, …, D``; examples count from 1, as in sums."""
    first = 1 if letter.rstrip("'") == EXAMPLES else printer.notation.index_base
    last = dim if first == 1 else Dim(dim.constant - 1, dim.names)
    return rf"{letter} = {first}, \dots, {dim_latex(last)}"


def ranges_latex(printer: Printer, index: Pair, shape: tuple[Dim, ...]) -> str:
    """Return how far the indices of an entry run; nothing for a scalar."""
    runs = [
        range_latex(printer, letter, dim)
        for letter, dim in zip(index, shape, strict=True)
        if isinstance(letter, str)
    ]
    return r",\ ".join(runs)


def entry_fields(setting: Setting) -> dict[str, Any]:
    """Return what a template needs to show a network entry by entry."""
    graph, printer = setting.graph, setting.printer
    letters = letters_of(graph)
    examples = examples_of(graph)
    lines: list[dict[str, Any]] = []
    for binding in graph.bindings:
        index, form = line_form(graph, binding.name, letters)
        lines.append(
            {
                "left": Tex(entry_latex(printer, binding.name, index)),
                "right": Tex(printer(form)),
                "range": Tex(ranges_latex(printer, index, graph.shapes[binding.name])),
            }
        )
    axes = example_axes(graph)
    leaves = [
        {
            **leaf_fields(graph, leaf, printer),
            "line": batch_line(axes[leaf.name]) if leaf.name in axes else "",
        }
        for leaf in graph.leaves
    ]
    arrays = [
        {"symbol": Tex(printer.name(b.name)), **shape_fields(graph.shapes[b.name])}
        for b in graph.bindings
        if not is_scalar(graph.shapes[b.name])
    ]
    return {
        "leaves": leaves,
        "arrays": arrays,
        "entries": lines,
        "shown_in": setting.shown_in,
        "batch": _batch(graph, examples),
        "examples": Tex("" if examples is None else dim_latex(examples)),
        "loss": Tex(printer.name(graph.loss)),
    }


def _batch(graph: Graph, examples: Dim | None) -> str:
    """Return whether examples are rows or columns; nothing where there is one example."""
    for leaf in graph.leaves:
        if examples is not None and leaf.role == "input" and examples in leaf.shape:
            return "row" if leaf.shape[0] == examples else "column"
    return ""


def checked_names(asked: object, legal: Iterable[str], what: str) -> list[str]:
    """Return the names that a bank asks for.

    Raises:
        KindError: they are no list of names, or one is not legal.

    """
    names = list(legal)
    if not (isinstance(asked, list) and all(isinstance(name, str) for name in asked)):
        raise KindError(f"'ask' is a list of names such as {names[:2]}")
    for name in asked:
        if name not in names:
            raise KindError(f"there is no {what} '{name}' to ask for", remedy=nearest(name, names))
    return list(asked)
