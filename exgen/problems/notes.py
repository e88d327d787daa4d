"""What a sheet has to say of a network beside its formulas: axes, windows, and examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.derive.orient import ROWS, examples
from exgen.derive.symbols import dim_latex
from exgen.document import Tex
from exgen.errors import KindError
from exgen.graph import Call, is_column, is_scalar, walk
from exgen.ops import TABLE, lookup, traits_of
from exgen.ops.activations import SOFTMAX
from exgen.ops.base import axis_option
from exgen.ops.pool import window_of
from exgen.readback.sentences import say

if TYPE_CHECKING:
    from exgen.derive.latex import Printer
    from exgen.graph import Graph

POOLS = tuple(
    name for name, op in TABLE.items() if "stride" in op.options and not op.traits.backward
)


def notes(graph: Graph, printer: Printer) -> list[dict[str, Any]]:
    """Return the sentences a network needs, each with what makes it needless.

    A note with ``unless`` is left out where page 1 says so already of all networks, as in
    ``softmax row``.

    Raises:
        KindError: two lines would print alike although they mean something else.

    """
    calls = [part for b in graph.bindings for part in walk(b.expr) if isinstance(part, Call)]
    for part in calls:
        if traits_of(part).backward:
            raise KindError(
                f"a sheet has no words for '{part.op}', which stands in backward passes",
                remedy=f"Write the forward pass with {', '.join(POOLS)} and sort.",
            )
    return [
        *_batch(graph, printer),
        *_axes(calls, printer),
        *_windows(calls, printer),
        *_slopes(calls, printer),
    ]


def line_of(axis: int) -> str:
    """Return on which lines an op acts that runs along an axis."""
    return "row" if axis == 1 else "column"


def batch_line(axis: int) -> str:
    """Return which line is an example, where the examples run along an axis."""
    return "row" if axis == ROWS else "column"


def _batch(graph: Graph, printer: Printer) -> list[dict[str, Any]]:
    axes = examples(graph)
    found: list[dict[str, Any]] = []
    for leaf in graph.leaves:
        if leaf.role == "input" and leaf.name in axes:
            line = batch_line(axes[leaf.name])
            count = dim_latex(leaf.shape[axes[leaf.name]])
            text = say("examples of", line=line, name=printer.name(leaf.name), count=count)
            found.append({"says": Tex(text), "unless": f"batch {line}"})
    return found


def _axes(calls: list[Call], printer: Printer) -> list[dict[str, Any]]:
    said: dict[str, str] = {}
    for part in calls:
        if not SOFTMAX.made(part):
            continue
        argument, line = printer(part.args[0]), line_of(axis_option(dict(part.options)))
        if is_column(printer.shape(part.args[0])) and line == "column":
            continue
        if said.setdefault(argument, line) != line:
            raise KindError(
                "two softmaxes of the same array act along different axes, and print alike",
                remedy="Give one of them a line of its own, such as V = Z.T, and take its softmax.",
            )
    return [
        {
            "says": Tex(say(SOFTMAX.name, line=line, argument=argument)),
            "unless": f"softmax {line}",
        }
        for argument, line in said.items()
    ]


def _windows(calls: list[Call], printer: Printer) -> list[dict[str, Any]]:
    said: dict[tuple[str, str], tuple[int, int]] = {}
    for part in calls:
        if part.op not in POOLS:
            continue
        place, window = (part.op, printer(part.args[0])), window_of(dict(part.options))
        if said.setdefault(place, window) != window:
            raise KindError(
                f"two uses of {part.op} of the same array have different windows, and print alike",
                remedy="Give one of them a name of its own to pool, such as V = 1 * X.",
            )
    found: list[dict[str, Any]] = []
    for op in POOLS:
        own = {argument: window for (name, argument), window in said.items() if name == op}
        if len(set(own.values())) == 1:
            # One sentence serves for all of them where their windows are the same.
            shared = {"": next(iter(own.values()))}
        else:
            shared = {rf"\left({argument}\right)": window for argument, window in own.items()}
        for argument, (size, stride) in shared.items():
            text = say(op, argument=argument, window=size, stride=stride)
            found.append({"says": Tex(text), "unless": ""})
    return found


def _slopes(calls: list[Call], printer: Printer) -> list[dict[str, Any]]:
    said: dict[str, None] = {}
    for part in calls:
        if (
            lookup(part.op).function
            and part.args[1:]
            and not is_column(printer.shape(part.args[0]))
        ):
            slope = printer.shape(part.args[1])
            if is_column(slope) and not is_scalar(slope):
                argument, symbol = map(printer, part.args)
                said[say("slopes", argument=argument, slope=symbol)] = None
    return [{"says": Tex(text), "unless": "slopes"} for text in said]
