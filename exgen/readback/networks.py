r"""Networks as a sheet shows them: formulas, index forms, chains of boxes, layers in words.

Only the text of the sheet is used. What a formula leaves open, as the axis of a softmax or the
window of a pool, must stand in a sentence, or there is an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import msgspec

from exgen.errors import CertificateError
from exgen.graph import is_column, is_scalar
from exgen.ops import TABLE, lookup
from exgen.ops.activations import SOFTMAX
from exgen.readback.formulas import Formulas
from exgen.readback.tokens import tokens_of
from exgen.readback.units import units_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from exgen.graph import OptionValue, Shape
    from exgen.readback.cursor import Part
    from exgen.readback.sentences import Fact
    from exgen.readback.tokens import Token
    from exgen.readback.vocabulary import Vocabulary

K = TypeVar("K")
V = TypeVar("V")
Texts = tuple[str, ...]

POOLS = {
    op.words.latex: op.name for op in TABLE.values() if op.words.latex and "stride" in op.options
}
MARK = re.compile(
    r"\\begin\{(?P<begin>[a-z*]+)\}|\\end\{[a-z*]+\}|(?P<row>\\\\(?:\*|\[[^\]]*\])?)|(?P<cell>&)"
)
DISPLAY = re.compile(r"\\begin\{align\*\}(.*?)\\end\{align\*\}", re.DOTALL)
DEFINED = re.compile(r"Define \$([^$=]+) = ([^$]+)\$\.")
PART = re.compile(
    r"\$\\displaystyle (?P<left>[^$]+?) = (?P<right>[^$]+)\$"
    r"(?:,\\quad \$(?P<range>[^$]+)\$)?"
)
BOX = re.compile(r"\$\\ex(?:scalar)?box\{")
LAYERS = re.compile(
    r"A network consists of these layers, in this order:\s*\\\[(.*?)\\\]", re.DOTALL
)
OUTPUTS = re.compile(r"The outputs of the layers are called (.*?), in this order\.", re.DOTALL)
RANGE = re.compile(r"(?P<letter>[a-z](?:_\d)?'*) = (?P<first>\d), \\dots, (?P<last>.+)")


class Line(msgspec.Struct, frozen=True):
    """One line of a forward pass, in LaTeX: its two sides, and how far its indices run."""

    left: str
    right: str
    ranges: str = ""


class Layers(msgspec.Struct, frozen=True):
    """A chain of layers: what they are called, and what their outputs are called."""

    titles: Texts
    outputs: Texts


def lines_in(text: str) -> tuple[Line, ...]:
    """Return the forward pass that a problem's sheet shows; nothing where it shows none."""
    stem, _, parts = _unbroken(text).partition(r"\begin{parts}")
    if r"\begin{exchain}" in stem:
        return tuple(_boxes(stem))
    if display := DISPLAY.search(stem):
        return (*(Line(*sides) for sides in units_in(stem)), *_aligned(display[1]))
    if defined := DEFINED.search(" ".join(stem.split())):
        return (Line(defined[1].strip(), defined[2]),)
    return tuple(
        Line(part["left"], part["right"].strip(), part["range"] or "")
        for part in PART.finditer(parts)
    )


def _unbroken(text: str) -> str:
    """Return a page whose lines do not show that they were broken to fit: as one reads them."""
    whole = re.sub(r"\\(?:b|B)igg?l(?![A-Za-z])", r"\\left", text)
    whole = re.sub(r"\\(?:b|B)igg?r(?![A-Za-z])", r"\\right", whole)
    return re.sub(r"(?<=&)\s*\\quad (?=[^&])", "", whole)


def layers_in(text: str) -> Layers | None:
    """Return the chain of layers that a problem's sheet describes; None where it does not."""
    chain, outputs = LAYERS.search(text), OUTPUTS.search(text)
    if chain is None or outputs is None:
        return None
    titles = (title.strip() for title in chain[1].split(r"\longrightarrow"))
    return Layers(tuple(titles), tuple(re.findall(r"\$([^$]+)\$", outputs[1])))


def _aligned(text: str) -> Iterator[Line]:
    """Yield the rows of a display; a row without a left side goes on with the one before."""
    line: Line | None = None
    for left, right, *rest in _rows(text):
        if left:
            if line is not None:
                yield line
            if not right.startswith("="):
                raise CertificateError(f"a line of the forward pass has no sign: {left} {right}")
            line = Line(left, right[1:].strip(), " ".join(rest).strip())
        elif line is not None:
            line = Line(line.left, f"{line.right} {right}", line.ranges)
    if line is not None:
        yield line


def _rows(text: str) -> Iterator[list[str]]:
    """Yield the cells of each row; what stands inside another environment is left alone."""
    cells, place, depth = [""], 0, 0
    for mark in MARK.finditer(text):
        cells[-1] += text[place : mark.start()]
        place = mark.end()
        if mark["row"] and not depth:
            yield [*(cell.strip() for cell in cells), ""]
            cells = [""]
        elif mark["cell"] and not depth:
            cells.append("")
        else:
            if mark["begin"] is not None:
                depth += 1
            elif mark[0].startswith(r"\end"):
                depth -= 1
            cells[-1] += mark[0]
    cells[-1] += text[place:]
    if any(cell.strip() for cell in cells):
        yield [*(cell.strip() for cell in cells), ""]


def _boxes(text: str) -> Iterator[Line]:
    for box in BOX.finditer(text):
        name, place = braced(text, box.end() - 1)
        if text[place] == "{":
            _, place = braced(text, place)
        end = text.index("$", place)
        yield Line(name, bare(text[place:end].strip().removeprefix("=").strip()))


def bare(latex: str) -> str:
    r"""Return a formula without the braces that give shapes, which may be blanks."""
    while (start := latex.find(r"\exshape{")) >= 0:
        inner, place = braced(latex, start + len(r"\exshape"))
        _, end = braced(latex, place)
        latex = latex[:start] + inner + latex[end:]
    return latex


def braced(text: str, place: int) -> tuple[str, int]:
    """Return what stands in the braces that open at a place, and where they have ended."""
    depth = 0
    for end in range(place, len(text)):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        if depth == 0:
            return text[place + 1 : end], end + 1
    raise CertificateError("a brace is never closed")


class Sayings(msgspec.Struct, frozen=True):
    """What sentences say of the ops whose formulas leave something open.

    Attributes:
        page: the line on which every softmax acts, ``row`` or ``column``, where page 1 says so.
        axes: the line on which a softmax acts, by its argument.
        windows: size and stride of a pool, by the op and its argument; empty for every argument.
        slopes: the arguments each of whose rows has its own slope.

    """

    page: str = ""
    axes: Mapping[Texts, str] = msgspec.field(default_factory=dict)
    windows: Mapping[tuple[str, Texts], tuple[int, int]] = msgspec.field(default_factory=dict)
    slopes: frozenset[Texts] = frozenset()
    rows_have_slopes: bool = False

    @classmethod
    def of(cls, page: Iterable[Fact], own: Iterable[Fact]) -> Sayings:
        """Return what the sentences of page 1 and of a problem say.

        Raises:
            CertificateError: two sentences contradict each other.

        """
        line = next((fact["line"] for fact in page if fact.kind == "examples and softmax"), "")
        axes: dict[Texts, str] = {}
        windows: dict[tuple[str, Texts], tuple[int, int]] = {}
        slopes: set[Texts] = set()
        each = False
        for fact in own:
            if fact.kind == SOFTMAX.name:
                _once(axes, texts(fact["argument"]), fact["line"])
            elif fact.kind in POOLS.values():
                argument = texts(fact["argument"])[1:-1]
                _once(windows, (fact.kind, argument), (int(fact["window"]), int(fact["stride"])))
            elif fact.kind == "slopes":
                slopes.add(texts(fact["argument"]))
            elif fact.kind == "slopes for":
                each = fact["each"] == "row"
        return cls(line, axes, windows, frozenset(slopes), each)


def _once(known: dict[K, V], key: K, value: V) -> None:
    if known.setdefault(key, value) != value:
        raise CertificateError("two sentences of the problem contradict each other")


def texts(latex: str) -> Texts:
    """Return a formula's tokens, so that spaces make no difference."""
    return tuple(token.text for token in tokens_of(latex))


@dataclass(slots=True)
class Statement(Formulas):
    """Reads the formulas of a network; what they leave open is looked up in sentences."""

    sayings: Sayings = field(default_factory=Sayings)

    def written(self, part: Part) -> Texts:
        """Return the tokens a part was read from."""
        return texts(self.latex[part.start : part.end])

    def softmax_axis(self, part: Part) -> int | None:
        """Return the axis of a softmax: as a sentence of the problem says, or page 1."""
        own = self.sayings.axes.get(self.written(part), "")
        if is_column(part.shape) and not own:
            return None
        line = own or self.sayings.page
        if not line:
            raise self.error("the page does not say on what this softmax acts", part.start)
        return 1 if line == "row" else 0

    def starts(self) -> bool:
        """Whether another factor can start here."""
        return self.text in POOLS or Formulas.starts(self)

    def lettered(self, letter: Token) -> Part:
        """Read what starts with a letter; a pool has its window from a sentence."""
        if letter.text not in POOLS:
            return Formulas.lettered(self, letter)
        op = POOLS[letter.text]
        self.expect("(")
        part = self.sum()
        self.expect(")")
        windows = self.sayings.windows
        window = windows.get((op, self.written(part)), windows.get((op, ())))
        if window is None:
            raise self.error("the page does not say how large these windows are", letter.start)
        size, stride = window
        return self.postfix(self.apply(op, (part,), letter.start, size=size, stride=stride))

    def apply(self, op: str, parts: tuple[Part, ...], start: int, **options: OptionValue) -> Part:
        """Return an op applied to parts; slopes of single rows have to be said."""
        if lookup(op).function and parts[1:] and not is_column(parts[0].shape):
            slope = parts[1].shape
            own = is_column(slope) and not is_scalar(slope)
            said = self.sayings.rows_have_slopes or self.written(parts[0]) in self.sayings.slopes
            if own and not said:
                raise self.error(
                    "the page does not say what each of these slopes belongs to", start
                )
        return Formulas.apply(self, op, parts, start, **options)


def read_line(latex: str, known: Vocabulary, sayings: Sayings, shape: Shape | None) -> Part:
    """Read the right side of a line.

    Raises:
        CertificateError: it is no expression, has another shape, or leaves something open.

    """
    cursor = Statement(latex, known, sayings=sayings)
    part = cursor.sum()
    if cursor.text:
        raise cursor.error(f"'{cursor.text}' does not belong here")
    return cursor.settled(part, shape)


def read_symbol(latex: str, known: Vocabulary) -> Part:
    """Read a single name, or an entry of one.

    Raises:
        CertificateError: something else stands there.

    """
    cursor = Statement(latex, known)
    part = cursor.symbol()
    if cursor.text:
        raise cursor.error(f"'{cursor.text}' does not belong here")
    return part


def ranges_in(latex: str) -> Iterator[tuple[str, int, str]]:
    r"""Yield each letter of ranges such as ``k = 1, \dots, K``, its first value and its last."""
    for part in filter(None, (one.strip() for one in latex.split(r",\ "))):
        found = RANGE.fullmatch(part)
        if found is None:
            raise CertificateError(f"no reader knows how far this index runs: {part}")
        yield found["letter"], int(found["first"]), found["last"]
