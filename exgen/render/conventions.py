"""The conventions box on page 1: which conventions hold, and only those that the pages use.

Its sentences stand in :mod:`exgen.readback.sentences`, which reads them too.
"""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.certify.sheet import clashes
from exgen.derive.latex import HADAMARD, INDICATORS, ONES
from exgen.derive.notation import Notation
from exgen.derive.orient import examples, weights
from exgen.document import Tex
from exgen.graph import Call, Graph, is_column, is_scalar, walk
from exgen.language import read_graph
from exgen.ops import TABLE
from exgen.ops.activations import RELU, SOFTMAX
from exgen.ops.scalars import definition_of
from exgen.readback.sentences import DEFINED, say
from exgen.shapes import Shapes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from exgen.document import Answer, ProblemSet
    from exgen.ops.base import Op

SOFTMAXES = frozenset({"softmax row", "softmax column"})
POINTS_AT_ENTRIES = frozenset(
    {"entries by number"}
    | {op.name for op in TABLE.values() if {"row", "position", "descending"} & op.options}
)
EXPLAINED = tuple(op for op in TABLE.values() if op.name in DEFINED)
GRADIENTS = frozenset({"gradient", "mean of gradients"})
LAYERS: Mapping[str, str] = {"bracket": "[1]", "parenthesis": "(1)"}


class Said(Struct, frozen=True):
    """What page 1 says of all networks of a sheet, so that no problem has to.

    Attributes:
        used: what the forward passes use: ops, and facts about their shapes and axes.

    """

    used: frozenset[str]

    @property
    def line(self) -> str:
        """Which line of every batch is one example; empty where they differ or there is none."""
        lines = [line for line in ("row", "column") if f"batch {line}" in self.used]
        return lines[0] if len(lines) == 1 else ""

    @property
    def softmax(self) -> bool:
        """Whether every softmax of a matrix acts on each example of a batch."""
        return bool(self.line) and {f"softmax {self.line}"} == self.used & SOFTMAXES

    def __contains__(self, fact: str) -> bool:
        """Whether page 1 says ``batch row`` or ``softmax row``, or the same of columns."""
        return bool(self.line) and (
            fact == f"batch {self.line}" or (self.softmax and fact == f"softmax {self.line}")
        )


def said(problem_set: ProblemSet) -> Said:
    """Return what page 1 says of the networks of a set."""
    networks = dict.fromkeys(problem.network for problem in problem_set.problems)
    return Said(frozenset().union(*map(_used, filter(str.strip, networks))))


def _used(network: str) -> frozenset[str]:
    graph = read_graph(network)
    return graph.once("used", lambda: frozenset(ops(graph)))


def box(problem_set: ProblemSet, bodies: Iterable[str]) -> tuple[Tex, ...]:
    """Return the sentences for one document of a set.

    Args:
        problem_set: its networks say which ops occur.
        bodies: the problems as this document prints them; they say which signs occur.

    """
    known = {field.name for field in fields(Notation)}
    notation = Notation(**{k: v for k, v in problem_set.notation.items() if k in known})
    used = said(problem_set).used | signs("\n".join(bodies), notation)
    for problem in problem_set.problems:
        used |= {answer.sort for answer in problem.answers}
        used |= {"by matrix" for answer in problem.answers if _by_matrix(answer)}
        used |= {"entries by number"} if problem.fields.get("by_number") else set()
    used |= {"several meanings"} if clashes(problem_set) else set()
    return conventions(notation, frozenset(used))


def _by_matrix(answer: Answer) -> bool:
    """Whether an answer is the gradient of the loss with respect to a matrix."""
    shape = answer.shape or ()
    return answer.sort in GRADIENTS and len(shape) > 1 and 1 not in shape


def ops(graph: Graph) -> set[str]:
    """Return what the forward pass of a network uses: its ops, and facts about its shapes."""
    calls = [part for b in graph.bindings for part in walk(b.expr) if isinstance(part, Call)]
    found = {part.op for part in calls}
    found |= {f"weights {form}" for form in weights(graph).values()}
    shapes = Shapes(graph.shapes)
    found |= {
        f"softmax {'row' if part.option('axis') == 1 else 'column'}"
        for part in calls
        if part.op == SOFTMAX.name and not is_column(shapes.of(part.args[0]))
    }
    axes = examples(graph)
    found |= {f"batch {'column' if axes[leaf.name] else 'row'}"
              for leaf in graph.leaves if leaf.name in axes}  # fmt: skip
    for shape in graph.shapes.values():
        if not is_scalar(shape):
            found.add("vectors" if is_column(shape) else "matrices")
    return found


def signs(printed: str, notation: Notation) -> set[str]:
    """Return which of the notation's signs a printed text uses."""
    one, indicator = (re.escape(part) for part in (ONES[notation.ones], _indicator(notation)))
    hadamard = re.escape(HADAMARD[notation.hadamard])
    layer = {"bracket": r"\^\{\[", "parenthesis": r"\^\{\(\d"}.get(notation.layer, r"(?!)")
    patterns = {
        "hadamard": rf"(?<!\{{){hadamard}\b",
        "quotient": r"\\oslash",
        "power": r"\^\{\\circ",
        "ones": rf"{one}(?!\\left\[)",
        "indicator": rf"{indicator}\\left\[[^\[\]]*(?:[<>]|\\[lg]e\b)",
        "derivative": r"\\nabla|\\frac\{(\\partial|\\mathrm\{d\})",
        "layers": layer,
        "identity": r"\\mathbf\{I\}_\{" if notation.bold else r"(?<![A-Za-z\\{])I_\{(?!\d\d?\})",
        "delta": r"\\delta_\{",
        "norm": r"\\lVert",
        "Frobenius": r"\\rVert_F",
        "bare sum": r"\\sum_(?:[a-z]\b|\{[a-z]'*(?: \\neq [^}]*)?\})",
    }
    found = {name for name, pattern in patterns.items() if re.search(pattern, printed)}
    return found | {op.name for op in EXPLAINED if re.search(_applied(op), printed)}


def _applied(op: Op) -> str:
    """Return what a function applied to something looks like; a bare name may be a variable's."""
    return re.escape(op.words.latex) + (r"\b" if op.traits.bare else r"(_\{[^{}]*\})?(\\left)?\(")


def _indicator(notation: Notation) -> str:
    return INDICATORS[notation.indicator]


def conventions(notation: Notation, used: frozenset[str]) -> tuple[Tex, ...]:
    """Return the sentences that say which conventions hold.

    Args:
        notation: the profile.
        used: what occurs: ops by name; ``vectors``, ``matrices``, ``batch row`` and the like, as
            :func:`ops` returns them; signs, as :func:`signs` does; the sorts of claims.

    """
    return tuple(Tex(sentence) for part in PARTS for sentence in part(notation, used))


def _names(_notation: Notation, used: frozenset[str]) -> Iterator[str]:
    if "several meanings" in used:
        yield say("own names")


def _shapes(_notation: Notation, used: frozenset[str]) -> Iterator[str]:
    if "vectors" in used:
        yield say("columns")
    if "matrices" in used:
        yield say("shape of vectors" if "vectors" in used else "shape")


def _batches(notation: Notation, used: frozenset[str]) -> Iterator[str]:
    page = Said(used)
    if page.line:
        yield say("examples and softmax" if page.softmax else "examples", line=page.line)
    forms = [form for form in ("out_in", "in_out") if f"weights {form}" in used]
    if notation.weights != "written" and len(forms) == 1:
        row, column = ("output", "input") if forms == ["out_in"] else ("input", "output")
        yield say("weights", row=row, column=column)
    if "layers" in used:
        yield say("layer mark", mark=LAYERS[notation.layer])


def _layout(notation: Notation, used: frozenset[str]) -> Iterator[str]:
    if "derivative" not in used or not used & {"vectors", "matrices"}:
        return
    jacobians = bool(used & {"jacobian", "chain"})
    if notation.layout == "numerator":
        yield say("numerator layout")
        yield say("numerator matrix" if "by matrix" in used else "numerator vector")
        if "chain" in used:
            yield say("outside in")
    elif notation.layout == "denominator" and jacobians:
        yield say("denominator layout")
        if "by matrix" in used:
            yield say("gradient", whose="a scalar")
        if "chain" in used:
            yield say("inside out")
    else:
        yield say("gradient", whose="a scalar" if jacobians else "the loss")
        if jacobians:
            yield say("jacobian")


def _signs(notation: Notation, used: frozenset[str]) -> Iterator[str]:
    bold = (lambda letter: rf"\mathbf{{{letter}}}") if notation.bold else str
    if "hadamard" in used:
        yield say("hadamard", sign=HADAMARD[notation.hadamard])
    if "quotient" in used:
        yield say("quotient")
    if "power" in used:
        yield say("power", letter=bold("v"))
    if "indicator" in used:
        yield say("indicator", sign=_indicator(notation))
    if "ones" in used:
        yield say("ones", sign=ONES[notation.ones])
    for op in EXPLAINED:
        if op.name in used and not op.function:
            yield say(op.name, letter=bold("v"))
    if "identity" in used:
        yield say("identity", letter=bold("I"))
    if "delta" in used:
        yield say("delta")
    if "norm" in used:
        yield say("Frobenius norm" if "Frobenius" in used else "norm")
    if "bare sum" in used:
        yield say("bare sum")


def _functions(notation: Notation, used: frozenset[str]) -> Iterator[str]:
    meant = used.union(*(_made_of(op) for op in TABLE.values() if op.name in used))
    if RELU.name in used and notation.relu == "plus":
        yield say("positive part")
    for op in EXPLAINED:
        if op.name in meant and op.function:
            yield say(op.name, sign=r"\ge" if notation.relu_at_zero else ">")
    bent = [op for op in TABLE.values() if op.name in used and op.traits.kink == "side"]
    if bent and "derivative" in used:
        side = "positive" if notation.relu_at_zero else "negative"
        names = [re.sub(r"\\operatorname\{(.*)\}", r"\1", op.words.latex) for op in bent]
        kind = (
            "kinks"
            if len(names) > 1
            else "kink of ReLU"
            if [op.name for op in bent] == [RELU.name]
            else "kink"
        )
        listed = ", ".join(names[:-1]) + (" and " if names[1:] else "") + names[-1]
        yield say(kind, names=listed, side=side, slope=notation.relu_at_zero)


def _made_of(op: Op) -> set[str]:
    """Return the ops that the sentence which explains a function speaks of."""
    written = definition_of(op.name) if op.function else None
    parts = () if written is None else walk(written)
    return {part.op for part in parts if isinstance(part, Call)}


def _counting(notation: Notation, used: frozenset[str]) -> Iterator[str]:
    entries, classes = (
        bool(used & POINTS_AT_ENTRIES),
        any(op.name in used and op.traits.classes for op in TABLE.values()),
    )
    if entries and classes and notation.index_base == notation.class_base:
        yield say("both from", base=notation.index_base)
        return
    if entries:
        yield say("entries from", base=notation.index_base)
    if classes:
        yield say("classes from", base=notation.class_base)


PARTS = (_names, _shapes, _batches, _layout, _signs, _functions, _counting)
