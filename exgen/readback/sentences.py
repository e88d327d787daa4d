r"""Sentences about conventions and networks, once for both directions: facts to words, and back.

A fact is a kind with slots. The table of forms writes it, and reads it again from a page, so that
no sentence can be printed of which the reader knows nothing.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct, field

from exgen.errors import CertificateError
from exgen.ops import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

LOSSES = tuple(op for op in TABLE.values() if op.traits.loss)
EXPLAINED = {op.name: op.words.says for op in TABLE.values() if op.words.says and op not in LOSSES}
DEFINED = {name: says for name, says in EXPLAINED.items() if "<argument>" not in says}
"""The sentences with which page 1 explains the sign of an op; others speak of one use of it."""
SLOT = re.compile(r"<([a-z_]+)>")
WORDS: Mapping[str, str] = {
    "line": "row|column",
    "row": "output|input",
    "column": "output|input",
    "side": "positive|negative",
    "hand": "left|right",
    "whose": "the loss|a scalar",
    "names": "[A-Za-z, ]+?",
    "sort": "ascending|descending",
    "loss": "|".join(op.words.rule for op in LOSSES),
    "each": "row|entry",
    "role": "input|target|one-hot target",
    **dict.fromkeys(("number", "window", "stride", "base"), r"\d+"),
    "total": "|".join(op.words.says for op in LOSSES),
}
"""What may stand in a slot outside mathematics; inside it anything may."""
MATH = r"[^$]*?"


class Fact(Struct, frozen=True):
    """What a sentence says: its kind, and what stands in its slots."""

    kind: str
    slots: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, slot: str) -> str:
        return self.slots[slot]


class Form(Struct, frozen=True):
    """A sentence with slots such as ``<line>``."""

    kind: str
    text: str

    def say(self, slots: Mapping[str, object]) -> str:
        """Return the sentence with its slots filled."""
        return SLOT.sub(lambda match: str(slots[match[1]]), self.text)

    def pattern(self) -> re.Pattern[str]:
        """Return what the sentence looks like in a text with single spaces."""
        seen: set[str] = set()

        def slot(name: str) -> str:
            if name in seen:
                return f"(?P={name})"
            seen.add(name)
            return f"(?P<{name}>{WORDS.get(name, MATH)})"

        parts = SLOT.split(self.text)
        return re.compile(
            "".join(re.escape(t) if n % 2 == 0 else slot(t) for n, t in enumerate(parts))
        )


# --- what page 1 says, once for all problems ---

PAGE = (
    Form(
        "own names",
        "A problem that states its own forward pass gives its names a meaning of their own.",
    ),
    Form("columns", "Vectors are columns."),
    Form("shape", r"A shape $m \times n$ has $m$ rows and $n$ columns."),
    Form(
        "shape of vectors",
        r"A shape $m \times n$ has $m$ rows and $n$ columns; the shape of a vector is its number "
        "of entries.",
    ),
    Form("examples", "Each <line> of a batch is one example."),
    Form(
        "examples and softmax",
        "Each <line> of a batch is one example, and softmax acts on each <line>.",
    ),
    Form(
        "weights",
        "A weight matrix has a row for each <row> and a column for each <column> of a layer.",
    ),
    Form("layer mark", "A superscript such as $<mark>$ is the number of a layer, not a power."),
    Form(
        "numerator layout",
        "Derivatives are in numerator layout: one row for each entry of the function and one "
        "column for each entry of the variable.",
    ),
    Form(
        "numerator vector",
        "So the derivative of the loss with respect to a column is a row.",
    ),
    Form(
        "numerator matrix",
        "So the derivative of the loss with respect to a column is a row, and with respect to an "
        r"$m \times n$ matrix it is $n \times m$.",
    ),
    Form(
        "denominator layout",
        "Gradients are in denominator layout: one row for each entry of the variable and one "
        "column for each entry of the function.",
    ),
    Form("outside in", "The chain rule reads from the outside in."),
    Form("inside out", "The chain rule reads from the inside out."),
    Form("gradient", "The gradient of <whose> has the shape of its variable."),
    Form(
        "jacobian",
        "A Jacobian has one row for each entry of the function and one column for each entry of "
        "the variable.",
    ),
    Form("hadamard", "$<sign>$ is the entrywise product."),
    Form("quotient", r"$\oslash$ is the entrywise quotient."),
    Form("power", r"$<letter>^{\circ 2}$ is the entrywise square."),
    Form(
        "indicator",
        r"$<sign>[\,\cdot\,]$ is $1$ where the condition holds and $0$ elsewhere, entry by entry.",
    ),
    Form("ones", "$<sign>$ is a vector of ones."),
    Form("identity", "$<letter>_{n}$ is the identity matrix with $n$ rows."),
    Form("delta", r"$\delta_{ij}$ is $1$ where $i = j$ and $0$ elsewhere."),
    Form("norm", r"$\lVert \cdot \rVert^{2}$ is the sum of all squared entries."),
    Form("Frobenius norm", r"$\lVert \cdot \rVert_F^{2}$ is the sum of all squared entries."),
    Form("bare sum", "A sum without limits runs over all values of its index."),
    Form("positive part", r"ReLU is written $(z)^{+} = \max(z, 0)$, entry by entry."),
    Form("kink of ReLU", "At $0$, <names> takes the slope of its <side> side, $<slope>$."),
    Form("kink", "At $0$, <names> takes the slope of its <side> side."),
    Form("kinks", "At $0$, <names> take the slope of their <side> side."),
    Form("entries from", "Entries are counted from $<base>$."),
    Form("classes from", "Classes are counted from $<base>$."),
    Form("both from", "Entries and classes are counted from $<base>$."),
    *(Form(name, says) for name, says in DEFINED.items()),
)

# --- what a problem says of its own network ---

PROBLEM = (
    Form("scalars", "All quantities are scalars."),
    Form("given scalar", "Here $<name>$ is the <role>, a scalar."),
    Form("given vector", "Here $<name>$ is the <role>, a vector with $<size>$ entries."),
    Form("given matrix", "Here $<name>$ is the <role>, a matrix of shape $<shape>$."),
    Form(
        "given matrix of one-hot lines",
        "Here $<name>$ is the <role>, a matrix of shape $<shape>$ with one-hot <line>s.",
    ),
    *(Form(name, says) for name, says in EXPLAINED.items() if name not in DEFINED),
    Form("slopes", "Each row of $<argument>$ has a slope of its own in $<slope>$."),
    Form("slopes for", "There is one for each <each>, and together they are $<slope>$:"),
    Form("examples of", "Each <line> of $<name>$ is one of $<count>$ examples."),
    Form(
        "one-hot", "The target $<name>$ is one-hot: $1$ for the correct class, and $0$ elsewhere."
    ),
    Form(
        "one-hot lines",
        "Each <line> of $<name>$ is one-hot: a single $1$ for the example's class, and $0$ "
        "elsewhere.",
    ),
    Form(
        "linear",
        "Linear <number> multiplies its input by $<weight>$ from the <hand> and adds $<bias>$.",
    ),
    Form(
        "linear without bias", "Linear <number> multiplies its input by $<weight>$ from the <hand>."
    ),
    Form("loss of", "The loss compares the output with $<target>$: it is"),
    Form("loss in words", "the <loss>, <total>."),
    Form("scaled loss in words", "the <loss>, <total>, times $<factor>$."),
)


@cache
def _forms() -> tuple[dict[str, Form], dict[str, re.Pattern[str]]]:
    every = (*PAGE, *PROBLEM)
    return {form.kind: form for form in every}, {form.kind: form.pattern() for form in every}


def say(kind: str, **slots: object) -> str:
    """Return a fact in words, with LaTeX in its mathematics."""
    return _forms()[0][kind].say(slots)


def read_page(sentences: Iterable[str]) -> tuple[Fact, ...]:
    """Read the sentences of page 1.

    Raises:
        CertificateError: a sentence says what no reader knows.

    """
    return tuple(map(_read, sentences))


def _read(sentence: str) -> Fact:
    for form in PAGE:
        match = _forms()[1][form.kind].fullmatch(sentence)
        if match:
            return Fact(form.kind, match.groupdict())
    raise CertificateError(f"page 1 says what no reader knows: {sentence}")


def facts_in(text: str) -> Iterator[Fact]:
    """Yield what a problem's text says about its network, wherever it stands."""
    single = " ".join(text.split())
    for form in PROBLEM:
        for match in _forms()[1][form.kind].finditer(single):
            yield Fact(form.kind, match.groupdict())
