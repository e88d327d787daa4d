"""What a kind of problem is: what it draws, what it answers, and which rules a draw must meet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from exgen.certify.points import classes_axis
from exgen.derive.latex import Printer
from exgen.derive.orient import examples
from exgen.derive.symbols import shape_latex
from exgen.document import Step, Tex
from exgen.graph import is_column, is_scalar
from exgen.problems.by_layers import chain_fields
from exgen.problems.notes import line_of, notes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from exgen.certify.prove import Claim
    from exgen.derive.notation import Notation
    from exgen.graph import Graph, Leaf, Shape
    from exgen.seeds import Stream


@dataclass(frozen=True, slots=True)
class Setting:
    """One network with its sizes drawn, in one notation.

    Attributes:
        graph: the network.
        notation: how to write.
        shown_in: the number of the earlier problem on the sheet that shows this network, or
            None where this problem has to show it itself.
        by_layers: whether a problem that shows the network names its layers, without formulas.

    """

    graph: Graph
    notation: Notation
    shown_in: int | None
    by_layers: bool = False

    @property
    def printer(self) -> Printer:
        """A printer for the network's names and for their gradients' names."""
        shapes = self.graph.shapes
        return Printer(self.notation, shapes, self.graph.loss, batch=examples(self.graph))


@dataclass(frozen=True, slots=True)
class Solved:
    """An answer before its certificate.

    Attributes:
        name: how the template asks for it.
        latex: the answer as printed.
        shape: its shape; None where the answer is a name.
        expr: the answer in the network language.
        steps: the worked answer.
        claim: what has to be proven; None where no machine can, and the answer is a rubric.
        write: how this answer is printed among the common mistakes, given a claim that a slip
            made wrong: as ``latex`` is, or with its left side where a part of the sheet has several
            answers. None where slips do not apply.
        where: which blank it fills, for the common mistakes, as running text such as ``for $W$``;
            empty where a part of the sheet has one blank, or where ``write`` says it.
        sort: what a manifest calls it, where its claim does not say.

    """

    name: str
    latex: Tex
    shape: Shape | None
    expr: str
    steps: tuple[Step, ...]
    claim: Claim | None
    write: Callable[[Any], Tex] | None = None
    where: Tex = Tex("")  # noqa: RUF009 - frozen
    sort: str = ""


class Solution(Struct, frozen=True):
    """What a kind hands to the document: fields for the template, and answers."""

    fields: Mapping[str, Any]
    answers: tuple[Solved, ...]


class Kind(Struct, frozen=True):
    """One kind of problem.

    Attributes:
        name: as a bank writes it; also names its template.
        summary: one line for ``exgen list``.
        options: the keys a bank entry may give, each with the types it takes.
        network_rules: the acceptance rules for the network's draws, by name.
        number_rules: those for the numbers it draws; it turns down a draw for no other reason.
        slips: the usual mistakes that apply to its answers.
        needs_loss: whether the network must end in a scalar.
        sample: network, options and stream in; the drawn values, as JSON types, out. A kind that
            draws until its rules hold, with ``luck.first_lucky``, says under ``tries`` how often
            it drew and under ``rejected`` which rules were broken. Raises KindError where the kind
            cannot ask about the network.
        solve: setting and drawn values in; fields and answers out.
        takes_numbers: whether it works at numbers of the leaves, which come under the option
            ``numbers``: for a leaf what they are drawn from, or ``{is = …}``.

    """

    name: str
    summary: str
    options: Mapping[str, tuple[type, ...]]
    network_rules: tuple[str, ...]
    number_rules: tuple[str, ...]
    slips: tuple[str, ...]
    needs_loss: bool
    sample: Callable[[Graph, Mapping[str, Any], Stream], dict[str, Any]]
    solve: Callable[[Setting, Mapping[str, Any]], Solution]
    takes_numbers: bool = False


def blank(answer: str) -> str:
    """Return the mark, inside LaTeX, of a blank for an answer; rendering fills it or leaves it."""
    return rf"\exgenask{{{answer}}}"


def forward_fields(setting: Setting, beside: Mapping[str, Shape] | None = None) -> dict[str, Any]:
    """Return what a template needs to show a network: its leaves and its lines.

    ``beside`` holds names that the problem uses next to those of the network, such as a cost J:
    a loss L is not written J there.
    """
    printer, graph = setting.printer, setting.graph
    printer = replace(printer, shapes={**printer.shapes, **(beside or {})})
    leaves = [leaf_fields(graph, leaf, printer) for leaf in graph.leaves]
    lines = [
        {"left": Tex(printer.name(b.name)), "right": Tex(printer(b.expr))} for b in graph.bindings
    ]
    chain = chain_fields(graph, printer) if setting.by_layers else None
    return {
        "leaves": leaves,
        "lines": lines,
        "notes": notes(graph, printer),
        "shown_in": setting.shown_in,
        "chain": chain,
    }


def leaf_fields(graph: Graph, leaf: Leaf, printer: Printer) -> dict[str, Any]:
    """Return what declares a leaf: its symbol, its role, its shape, and what of it is one-hot."""
    shape = shape_fields(leaf.shape)
    hot = ""
    if leaf.role == "onehot":
        lines = line_of(classes_axis(graph, leaf))
        hot = "vector" if is_column(leaf.shape) else lines
    return {"symbol": Tex(printer.name(leaf.name)), "role": leaf.role, "hot": hot, **shape}


def shape_fields(shape: Shape) -> dict[str, Any]:
    """Return a shape for wording: whether it is a scalar, a vector or a matrix, and its size."""
    sort = "scalar" if is_scalar(shape) else "vector" if is_column(shape) else "matrix"
    return {"sort": sort, "size": Tex(shape_latex(shape))}
