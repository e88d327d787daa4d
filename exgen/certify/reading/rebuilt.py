"""A network rebuilt from a sheet: what each line computes, from formulas, index forms or words."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.errors import CertificateError
from exgen.graph import SCALAR, Dim, Entry, Expr, Name, call, names_in
from exgen.readback.networks import Layers, Line, ranges_in, read_line, read_symbol
from exgen.readback.pages import read_shape
from exgen.readback.sentences import LOSSES
from exgen.readback.vocabulary import vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from exgen.derive.notation import Notation
    from exgen.graph import Graph, Shape
    from exgen.readback.networks import Sayings
    from exgen.readback.sentences import Fact
    from exgen.readback.vocabulary import Vocabulary

EXAMPLES = "n"
"""The letter of the examples, which count from 1 in every notation."""
IN_WORDS = ("loss in words", "scaled loss in words")
TEXT = re.compile(r"\\text\{([^{}]*)\}")
LOSS = re.compile(r"it is\s*\\\[(?P<left>.*?) = (?P<right>.*?)\.? *\\\]", re.DOTALL)


class Computed(Struct, frozen=True):
    """What a line of the sheet computes, and the letters that run along its axes."""

    expr: Expr
    letters: tuple[tuple[str, Dim], ...] = ()


class Reader(Struct, frozen=True):
    """Reads the lines of one problem.

    Attributes:
        graph: the network, of which only names and shapes are used.
        notation: the conventions.
        known: what its names look like.
        beside: the same where another loss or a cost follows on the network.
        sayings: what sentences say of its ops.
        own: the sentences of the problem.

    """

    graph: Graph
    notation: Notation
    known: Vocabulary
    beside: Vocabulary
    sayings: Sayings
    own: tuple[Fact, ...]

    @classmethod
    def of(
        cls, graph: Graph, notation: Notation, sayings: Sayings, own: tuple[Fact, ...]
    ) -> Reader:
        """Return a reader of one problem about a network."""
        known = vocabulary(graph, notation)
        plain = notation.loss == "plain"
        beside = known if plain else vocabulary(replace(graph, loss=""), notation)
        return cls(graph, notation, known, beside, sayings, own)

    def name(self, latex: str) -> str:
        """Return the name that a symbol stands for."""
        expr = self._symbol(latex, self.known)
        if not isinstance(expr, Name):
            raise CertificateError(f"the sheet has an entry where a name should stand: {latex}")
        return expr.name

    def _symbol(self, latex: str, known: Vocabulary) -> Expr:
        try:
            return read_symbol(latex, known).expr
        except CertificateError:
            if self.beside is self.known:
                raise
        return read_symbol(latex, replace(self.beside, letters=known.letters)).expr

    # --- formulas and index forms ---

    def lines(self, lines: Iterable[Line], *, whole: bool = True) -> dict[str, Computed]:
        """Read lines in their order; in a whole forward pass each reads only what stands before.

        Raises:
            CertificateError: a line cannot be read, comes twice, or leaves something open.

        """
        found: dict[str, Computed] = {}
        for line in lines:
            letters = tuple(self._letters(line.ranges))
            known = self.known.with_letters(dict(letters))
            left = self._symbol(line.left, known)
            name = _base(left, line)
            shape = self.graph.shapes[name]
            if isinstance(left, Entry):
                _check_ranges(left, letters, shape, line)
                shape = SCALAR
            right = read_line(line.right, known, self.sayings, shape).expr
            self._add(found, name, Computed(right, letters), whole=whole)
        return found

    def _letters(self, ranges: str) -> Iterable[tuple[str, Dim]]:
        for letter, first, last in ranges_in(ranges):
            if first != (1 if letter == EXAMPLES else self.notation.index_base):
                raise CertificateError(f"the index {letter} does not begin with the first entry")
            yield letter, read_shape(last, self.known)[0] + Dim(1 - first)

    def _add(
        self, found: dict[str, Computed], name: str, line: Computed, *, whole: bool = True
    ) -> None:
        leaves = {leaf.name for leaf in self.graph.leaves}
        if name in found or name in leaves:
            raise CertificateError(f"the sheet defines '{name}' twice")
        unknown = sorted(names_in(line.expr) - leaves - found.keys())
        if unknown and whole:
            raise CertificateError(f"the sheet uses '{unknown[0]}' before it defines it")
        found[name] = line

    # --- layers in words ---

    def layers(self, layers: Layers, text: str) -> dict[str, Computed]:
        """Read a chain of layers; its loss may stand in words or in a formula.

        Raises:
            CertificateError: a layer cannot be read, or the sheet leaves something open.

        """
        if len(layers.titles) != len(layers.outputs):
            raise CertificateError("the sheet does not name the output of every layer")
        linear = {f"Linear {fact['number']}": fact for fact in self.own if "hand" in fact.slots}
        found: dict[str, Computed] = {}
        before = self._input(linear.values())
        for title, output in zip(layers.titles, layers.outputs, strict=True):
            name = self.name(output)
            plain = TEXT.sub(r"\1", title)
            if plain == "Identity":
                expr: Expr = Name(self.name(before))
            elif plain == "Loss":
                expr = self._loss(self.name(before), name, text)
            elif plain in linear:
                expr = self._linear(linear[plain], self.name(before))
            else:
                expr = self._read(applied(title, before), self.graph.shapes[name])
            self._add(found, name, Computed(expr))
            before = output
        return found

    def _read(self, latex: str, shape: Shape | None = None) -> Expr:
        return read_line(latex, self.known, self.sayings, shape).expr

    def _input(self, linear: Iterable[Fact]) -> str:
        """Return the symbol of what the first layer gets: the array that no sentence uses."""
        used = {self.name(fact["target"]) for fact in self.own if fact.kind == "loss of"}
        for fact in linear:
            for slot in ("weight", "bias"):
                if slot in fact.slots:
                    used |= names_in(self._read(fact[slot]))
        factors = (fact for fact in self.own if fact.kind == "scaled loss in words")
        used |= {name for fact in factors for name in names_in(self._read(fact["factor"]))}
        free = [leaf.name for leaf in self.graph.leaves if leaf.name not in used]
        looks = [item for item in self.known.items.items() if len(free) == 1]
        for letter, items in looks:
            for item in items:
                if item.reads == Name(free[0]) and not item.indexed:
                    return _look(letter, item.below, item.above)
        raise CertificateError("the sheet does not say what the first layer gets")

    def _linear(self, fact: Fact, before: str) -> Expr:
        weight, data = self._read(fact["weight"]), Name(before)
        product = weight @ data if fact["hand"] == "left" else data @ weight
        return product + self._read(fact["bias"]) if "bias" in fact.slots else product

    def _loss(self, before: str, name: str, text: str) -> Expr:
        for fact in self.own:
            if fact.kind in IN_WORDS:
                op = next(op for op in LOSSES if op.words.rule == fact["loss"])
                if fact["total"] != op.words.says:
                    raise CertificateError(f"this is not how a {fact['loss']} is summed")
                target = next(f["target"] for f in self.own if f.kind == "loss of")
                loss = call(op.name, Name(before), Name(self.name(target)))
                if fact.kind == "loss in words":
                    return loss
                return self._read(fact["factor"]) * loss
        formula = LOSS.search(text)
        if formula is None or self.name(formula["left"].strip()) != name:
            raise CertificateError("the sheet does not say what the loss is")
        return self._read(formula["right"], SCALAR)


def applied(title: str, argument: str) -> str:
    """Return a layer's function applied to its input; a mark may stand behind the brackets."""
    function = title.removeprefix(r"(\cdot)")
    bracketed = rf"\left({argument}\right)"
    return bracketed + function if function.startswith("^") else function + bracketed


def _base(left: Expr, line: Line) -> str:
    match left:
        case Name(name) | Entry(Name(name)):
            return name
    raise CertificateError(f"the sheet has no name on the left of a line: {line.left}")


def _check_ranges(
    left: Entry, letters: Sequence[tuple[str, Dim]], shape: Shape, line: Line
) -> None:
    """See that each index of a line's entry runs along its whole axis."""
    indices = [index for index in left.indices if isinstance(index, str)]
    said = dict(letters)
    axes = [dim for dim in shape if dim != Dim(1)]
    if indices != [letter for letter, _ in letters] or [said[i] for i in indices] != axes:
        raise CertificateError(f"the sheet does not say that {line.left} is every entry")


def _look(letter: str, below: Sequence[str], above: Sequence[str]) -> str:
    scripts = (("_", below), ("^", above))
    return letter + "".join(f"{sign}{{{' '.join(part)}}}" for sign, part in scripts if part)
