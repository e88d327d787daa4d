"""The conventions box on page 1: which conventions hold, and only those that the pages use."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING

from exgen.derive.latex import HADAMARD, INDICATORS, ONES
from exgen.derive.notation import Notation
from exgen.derive.orient import examples, weights
from exgen.document import Tex
from exgen.errors import Source
from exgen.graph import Call, Graph, is_column, is_scalar, walk
from exgen.language import read_network

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from exgen.document import ProblemSet

LEAKY = {"lrelu": "LReLU", "prelu": "PReLU"}
KINKED = frozenset({"relu", *LEAKY})
POINTS_AT_ENTRIES = frozenset({"item", "unit", "sort", "entries by number"})
LAYERS: Mapping[str, str] = {"bracket": "[1]", "parenthesis": "(1)"}


def box(problem_set: ProblemSet, bodies: Iterable[str]) -> tuple[Tex, ...]:
    """Return the sentences for one document of a set.

    Args:
        problem_set: its networks say which ops occur.
        bodies: the problems as this document prints them; they say which signs occur.

    """
    known = {field.name for field in fields(Notation)}
    notation = Notation(**{k: v for k, v in problem_set.notation.items() if k in known})
    networks = dict.fromkeys(problem.network for problem in problem_set.problems)
    used: set[str] = signs("\n".join(bodies), notation)
    for text in filter(str.strip, networks):
        used |= ops(read_network(Source("network", text), scalar_loss=False))
    for problem in problem_set.problems:
        used |= {str(answer.claim.get("claim")) for answer in problem.answers}
        # A grid's entries are named by row and column, such as V_11.
        used |= {"entries by number"} if problem.kind == "grid" else set()
    return conventions(notation, frozenset(used))


def ops(graph: Graph) -> set[str]:
    """Return what the forward pass of a network uses: its ops, and facts about its shapes."""
    calls = [part for b in graph.bindings for part in walk(b.expr) if isinstance(part, Call)]
    found = {part.op for part in calls}
    found |= {f"weights {form}" for form in weights(graph).values()}
    axes = examples(graph)
    found |= {f"batch {'columns' if axes[leaf.name] else 'rows'}"
              for leaf in graph.leaves if leaf.name in axes}  # fmt: skip
    if axes:
        found |= {f"batch {part.op}" for part in calls}
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
        "indicator": rf"{indicator}\\left\[",
        "derivative": r"\\nabla|\\frac\{(\\partial|\\mathrm\{d\})",
        "layers": layer,
        "sigmoid": r"\\sigma(\\left)?\(",
        "delta": r"\\delta_\{",
        "norm": r"\\lVert",
        "Frobenius": r"\\rVert_F",
    }
    return {name for name, pattern in patterns.items() if re.search(pattern, printed)}


def _indicator(notation: Notation) -> str:
    return INDICATORS[notation.indicator]


def conventions(notation: Notation, used: frozenset[str]) -> tuple[Tex, ...]:
    """Return the sentences that say which conventions hold.

    Args:
        notation: the profile.
        used: what occurs: ops by name; ``vectors``, ``matrices``, ``batch rows`` and the like, as
            :func:`ops` returns them; signs, as :func:`signs` does; the sorts of claims.

    """
    return tuple(Tex(sentence) for part in PARTS for sentence in part(notation, used))


def _shapes(_notation: Notation, used: frozenset[str]) -> Iterator[str]:
    if "vectors" in used:
        yield "Vectors are columns."
    if "matrices" in used:
        entries = "; the shape of a vector is its number of entries" if "vectors" in used else ""
        yield rf"A shape $m \times n$ has $m$ rows and $n$ columns{entries}."


def _batches(notation: Notation, used: frozenset[str]) -> Iterator[str]:
    lines = [line for line in ("rows", "columns") if f"batch {line}" in used]
    if len(lines) == 1:
        line = lines[0].removesuffix("s")
        yield f"Each {line} of a batch is one example" + (
            f", and softmax acts on each {line}." if "batch softmax" in used else "."
        )
    forms = [form for form in ("out_in", "in_out") if f"weights {form}" in used]
    if notation.weights != "written" and len(forms) == 1:
        row, column = ("output", "input") if forms == ["out_in"] else ("input", "output")
        yield f"A weight matrix has a row for each {row} and a column for each {column} of a layer."
    if "layers" in used:
        mark = LAYERS[notation.layer]
        yield f"A superscript such as ${mark}$ is the number of a layer, not a power."


def _layout(notation: Notation, used: frozenset[str]) -> Iterator[str]:
    if "derivative" not in used or not used & {"vectors", "matrices"}:
        return
    jacobians = bool(used & {"jacobian", "chain"})
    chain = "chain" in used
    if notation.layout == "numerator":
        order = ", and the chain rule reads from the outside in" if chain else ""
        by_matrix = {"gradient", "matrices"} <= used
        matrix = r", and by an $m \times n$ matrix it is $n \times m$" if by_matrix else ""
        yield (
            "Derivatives are in numerator layout: one row for each entry of the function and one "
            "column for each entry of the variable. So the derivative of the loss by a column is "
            f"a row{matrix}{order}."
        )
    elif notation.layout == "denominator" and jacobians:
        order = ", and the chain rule reads from the inside out" if chain else ""
        yield (
            "Gradients are in denominator layout: one row for each entry of the variable and one "
            f"column for each entry of the function{order}."
        )
    else:
        whose = "a scalar" if jacobians else "the loss"
        yield f"The gradient of {whose} has the shape of its variable."
        if jacobians:
            yield (
                "A Jacobian has one row for each entry of the function and one column for each "
                "entry of the variable."
            )


def _signs(notation: Notation, used: frozenset[str]) -> Iterator[str]:
    indicator = _indicator(notation)
    if "hadamard" in used:
        yield rf"${HADAMARD[notation.hadamard]}$ is the entrywise product."
    if "quotient" in used:
        yield r"$\oslash$ is the entrywise quotient."
    if "power" in used:
        letter = r"\mathbf{v}" if notation.bold else "v"
        yield rf"${letter}^{{\circ 2}}$ is the entrywise square."
    if "indicator" in used:
        yield (
            rf"${indicator}[\,\cdot\,]$ is $1$ where the condition holds and $0$ elsewhere, "
            "entry by entry."
        )
    if "ones" in used:
        yield f"${ONES[notation.ones]}$ is a vector of ones."
    if "delta" in used:
        yield r"$\delta_{ij}$ is $1$ where $i = j$ and $0$ elsewhere."
    if "norm" in used:
        mark = "_F" if "Frobenius" in used else ""
        yield rf"$\lVert \cdot \rVert{mark}^{{2}}$ is the sum of all squared entries."


def _functions(notation: Notation, used: frozenset[str]) -> Iterator[str]:
    if "sigmoid" in used:
        yield r"$\sigma(z) = 1 / (1 + e^{-z})$."
    if "softplus" in used:
        yield r"$\operatorname{softplus}(z) = \log(1 + e^{z})$."
    if "relu" in used and notation.relu == "plus":
        yield r"ReLU is written $(z)^{+} = \max(z, 0)$, entry by entry."
    for op, name in LEAKY.items():
        if op in used:
            yield (
                rf"$\operatorname{{{name}}}_{{\alpha}}(z)$ is $z$ for $z > 0$ and $\alpha z$ "
                "otherwise."
            )
    kinked = used & KINKED
    if kinked and "derivative" in used:
        side = "positive" if notation.relu_at_zero else "negative"
        names = ["ReLU"] if "relu" in kinked else []
        names += [LEAKY[op] for op in LEAKY if op in kinked]
        verb = "takes the slope of its" if len(names) == 1 else "take the slope of their"
        value = f", ${notation.relu_at_zero}$" if kinked == {"relu"} else ""
        yield f"At $0$, {' and '.join(names)} {verb} {side} side{value}."


def _counting(notation: Notation, used: frozenset[str]) -> Iterator[str]:
    entries, classes = bool(used & POINTS_AT_ENTRIES), "cross_entropy" in used
    if entries and classes and notation.index_base == notation.class_base:
        yield f"Entries and classes are counted from ${notation.index_base}$."
        return
    if entries:
        yield f"Entries are counted from ${notation.index_base}$."
    if classes:
        yield f"Classes are counted from ${notation.class_base}$."


PARTS = (_shapes, _batches, _layout, _signs, _functions, _counting)
