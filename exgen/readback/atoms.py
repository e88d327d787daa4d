"""Atoms: numbers, the constants of the field, names with their marks, and entries."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from exgen.graph import ONE, SCALAR, Delta, Dim, Entry, Expr, Index, Name, Number, Size, is_column
from exgen.ops.order import PERMUTATION
from exgen.readback.cursor import Part, scalar
from exgen.readback.scripts import Scripts, Tokens
from exgen.readback.vocabulary import INDICATOR, ONES

if TYPE_CHECKING:
    from exgen.readback.tokens import Token
    from exgen.readback.vocabulary import Item


@dataclass(slots=True)
class Atoms(Scripts, ABC):
    """Reads single symbols."""

    # --- constants ---

    def number(self) -> Part:
        """Read a number without a sign, and its power."""
        token = self.next()
        plain = not self.vocabulary.notation.bold
        if token.text == "0" and plain and self.text in ("_", "^"):
            return self.filled("zeros", token.start)
        found = scalar(Number(Fraction(token.text)), token.start, token.end)
        return self.raised(found, self.scripts()[1]) if self.text == "^" else found

    def constant(self, letter: Token) -> Part | None:
        """Read a constant whose letter was taken; None where it is none."""
        text, start = letter.text, letter.start
        notation = self.vocabulary.notation
        bold = (lambda plain: rf"\mathbf{{{plain}}}") if notation.bold else (lambda plain: plain)
        if text == INDICATOR[notation.indicator] and self.text == "[":
            return None
        if text == ONES[notation.ones]:
            return self.filled("ones", start)
        if text == bold("0"):
            return self.filled("zeros", start)
        if text == bold("I") and self.text == "_":
            below, above = self.scripts()
            dims = self.dims_in(below)
            if len(dims) == 1 and not above:
                return self.apply("identity", (), start, size=dims[0])
        if text == bold("e") and self.text == "_":
            below, above = self.scripts()
            if len(below) == 1 and below[0].text.isdigit():
                position = int(below[0].text) - self.base
                unit = self.apply("unit", (), start, size=self.open(), position=position)
                return self.raised(unit, above) if above else unit
        if text == bold("P") and self.text == "_":
            below, above = self.scripts()
            of = self.inner(below)
            sorts = {call.options for call in self.vocabulary.sorts if call.args == (of.expr,)}
            if len(sorts) == 1:
                found = self.apply(PERMUTATION.name, (of,), start, **dict(next(iter(sorts))))
                return self.raised(found, above) if above else found
        if text == r"\delta" and self.text == "_":
            below, above = self.scripts()
            pair = self.indices(below, 2, start)
            if pair is not None and not above:
                left, right = (self.letters.get(i, ONE) for i in pair if isinstance(i, str))
                self.same_size(left, right, "a delta of indices of two axes", start)
                return self.part(Delta(*pair), SCALAR, start)
        return None

    def filled(self, op: str, start: int) -> Part:
        """Read the size of ones or zeros; without one it is learnt from the neighbours."""
        below, above = self.scripts()
        if below:
            dims = self.dims_in(below)
            rows, columns = dims if len(dims) == len(SCALAR) else (dims[0], ONE)
        elif op == "zeros" and not above:
            return self.zeros(start)
        else:
            rows, columns = self.open(), self.open(column=True)
            if above:
                self.sizes.known[columns.names[0]] = ONE
        found = self.apply(op, (), start, rows=rows, columns=columns)
        return self.raised(found, above) if above else found

    def zeros(self, start: int) -> Part:
        """Return zeros that are as large as they have to be; without a mark they are no row."""
        rows, columns = self.open(), self.open(column=True)
        self.unmarked.append((rows, columns, start))
        return self.apply("zeros", (), start, rows=rows, columns=columns)

    # --- names ---

    def indices(self, tokens: Tokens, count: int, start: int) -> tuple[Index, ...] | None:
        """Read so many indices; None where there are not so many."""
        parts: list[list[str]] = [[]]
        for token in tokens:
            if token.text == ",":
                parts.append([])
            elif token.text == "'":
                parts[-1].append(token.text)
            elif len(parts) == 1 and count > 1 and "," not in [t.text for t in tokens]:
                digits = list(token.text) if token.text.isdigit() else [token.text]
                parts[0] += digits
            else:
                parts[-1].append(token.text)
        if len(parts) == 1 and count > 1:
            parts = _apart(parts[0])
        if len(parts) != count:
            return None
        found = tuple(self.index(part, start) for part in parts)
        return None if None in found else tuple(i for i in found if i is not None)

    def index(self, texts: list[str], start: int) -> Index | None:
        """Return one index: a number, a letter that is in use, or a rank."""
        if len(texts) == 1 and texts[0].isdigit():
            position = int(texts[0]) - self.base
            if position < 0:
                raise self.error(f"entries count from {self.base} here", start)
            return position
        if texts[:2] == [r"\rho", "("] and texts[-1:] == [")"]:
            return rf"\rho({''.join(texts[2:-1])})"
        letter = "".join(texts)
        if not letter or texts[1:] != ["'"] * (len(texts) - 1):
            return None
        return letter if letter in self.letters else None

    def named(self, letter: Token) -> Part | None:
        """Read a name, or an entry of one; None where no name looks so."""
        place = self.place
        below, above = self.scripts()
        texts_below, texts_above = (tuple(t.text for t in part) for part in (below, above))
        found: list[tuple[Item, tuple[Index, ...]]] = []
        for item in self.vocabulary.items.get(letter.text, ()):
            if texts_above[: len(item.above)] != item.above:
                continue
            if texts_below[: len(item.below)] != item.below:
                continue
            if not item.above and texts_above[:1] in (("(",), ("[",)):
                continue
            rest = below[len(item.below) :]
            if not item.indexed:
                if not rest:
                    found.append((item, ()))
                continue
            if item.below and rest:
                rest = rest[1:] if rest[0].text == "," else ()
            count = 1 if is_column(item.shape) else 2
            indices = self.indices(rest, count, letter.start) if rest else None
            if indices is not None:
                found.append((item, indices))
        if not found:
            self.place = place
            return None
        if len(found) > 1:
            raise self.error("this can be read as two different names", letter.start)
        item, indices = found[0]
        self.place = place
        self.scripts()
        part = self.looked_up(item, indices, letter.start)
        rest = above[len(item.above) :]
        if not rest:
            return part
        if item.above and tuple(t.text for t in rest) != (self.top,):
            raise self.error("a power of a name with a superscript needs brackets", letter.start)
        return self.raised(part, rest)

    def looked_up(self, item: Item, indices: tuple[Index, ...], start: int) -> Part:
        """Return the name, or its entry at the indices."""
        if not indices:
            return self.part(item.reads, item.shape, start)
        return self.part(self.entry(item.reads, item.shape, indices, start), SCALAR, start)

    def entry(
        self, of: Expr, shape: tuple[Dim, ...], indices: tuple[Index, ...], start: int
    ) -> Expr:
        """Return an entry, and hold its letters to the sizes of the axes they run along."""
        for axis, index in enumerate(indices):
            if isinstance(index, int):
                size = self.sizes.resolve(shape[axis])
                if size.is_number and index >= size.constant:
                    raise self.error(f"there is no entry {index + self.base}", start)
            elif index in self.letters:
                message = f"the index {index} runs along two axes"
                self.same_size(self.letters[index], shape[axis], message, start)
        row, column = (*indices, 0)[:2]
        return Entry(of, (row, column))

    def symbol(self) -> Part:
        """Read a single symbol, of which a derivative is taken or by which."""
        letter = self.next()
        found = self.named(letter)
        if found is None or not isinstance(found.expr, (Name, Entry)):
            raise self.error("there is no name that is written so", letter.start)
        return found

    def size_number(self, letter: Token) -> Part | None:
        """Read a named size as a number; None where it is none."""
        place = self.place
        below, above = self.scripts()
        name = self.size_name(letter.text, below)
        if name is None:
            self.place = place
            return None
        found = self.part(Size(name), SCALAR, letter.start)
        return self.raised(found, above) if above else found


def _apart(texts: list[str]) -> list[list[str]]:
    """Return indices that stand side by side, each with its primes."""
    parts: list[list[str]] = []
    for text in texts:
        if text == "'" and parts:
            parts[-1].append(text)
        else:
            parts.append([text])
    return parts
