"""Atoms: numbers, names with their marks, entries, and the constants of the field."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from exgen.graph import ONE, SCALAR, Delta, Dim, Entry, Expr, Index, Name, Number, Size, is_column
from exgen.readback.cursor import Cursor, Part, scalar
from exgen.readback.vocabulary import INDICATOR, ONES, TRANSPOSE

if TYPE_CHECKING:
    from exgen.readback.tokens import Token
    from exgen.readback.vocabulary import Item

Tokens = tuple["Token", ...]


@dataclass(slots=True)
class Atoms(Cursor, ABC):
    """Reads single symbols."""

    @abstractmethod
    def sum(self) -> Part:
        """Read terms with signs between them."""

    @property
    def top(self) -> str:
        """The transpose mark."""
        return TRANSPOSE[self.vocabulary.notation.transpose]

    @property
    def base(self) -> int:
        """The number of the first entry."""
        return self.vocabulary.notation.index_base

    def inner(self, tokens: Tokens) -> Part:
        """Read tokens of their own, such as an exponent, as an expression."""
        kept = self.tokens, self.place
        self.tokens, self.place = tokens, 0
        with self.deeper():
            found = self.sum()
            if self.text:
                raise self.error(f"'{self.text}' does not belong here")
        self.tokens, self.place = kept
        return found

    def scripts(self) -> tuple[Tokens, Tokens]:
        """Read what stands below and above a symbol."""
        found: dict[str, Tokens] = {}
        while self.text in ("_", "^"):
            sign = self.next().text
            if sign in found:
                raise self.error("two scripts of one sort")
            found[sign] = self.script()
        return found.get("_", ()), found.get("^", ())

    def script(self) -> Tokens:
        """Read one script: a token, or what stands in braces."""
        if not self.take("{"):
            return (self.next(),)
        first, depth = self.place, 1
        while depth:
            depth += {"{": 1, "}": -1}.get(self.next().text, 0)
        if self.place - 1 == first:
            raise self.error("an empty script", self.tokens[first - 1].start)
        return self.tokens[first : self.place - 1]

    # --- numbers and sizes ---

    def number(self) -> Part:
        """Read a number without a sign, and its power."""
        token = self.next()
        plain = not self.vocabulary.notation.bold
        if token.text == "0" and plain and self.text in ("_", "^"):
            return self.filled("zeros", token.start)
        found = scalar(Number(Fraction(token.text)), token.start, token.end)
        return self.raised(found, self.scripts()[1]) if self.text == "^" else found

    def dim(self) -> Dim:
        """Read a size such as ``785`` or ``D_{0} + 1``."""
        total = self.one_dim()
        while sign := self.take("+", "-"):
            one = self.one_dim()
            if sign == "-" and not one.is_number:
                raise self.error("only a number is taken off a size")
            total = total + (one if sign == "+" else Dim(-one.constant))
        return total

    def one_dim(self) -> Dim:
        """Read a number or a named size."""
        if self.text and self.text[0].isdigit() and self.text.isdigit():
            return Dim(int(self.next().text))
        start = self.start
        letter = self.next()
        below, above = self.scripts() if self.text == "_" else ((), ())
        name = self.size_name(letter.text, below)
        if name is None or above:
            raise self.error("there is no size that is written so", start)
        return Dim(0, (name,))

    def size_name(self, letter: str, below: Tokens) -> str | None:
        """Return the size that a symbol stands for."""
        texts = (letter, *(("_", "{", *(t.text for t in below), "}") if below else ()))
        return self.vocabulary.sizes.get(texts)

    def dims_in(self, tokens: Tokens) -> tuple[Dim, ...]:
        """Read sizes with a times sign between them."""
        kept = self.tokens, self.place
        self.tokens, self.place = tokens, 0
        found = [self.dim()]
        while self.take(r"\times"):
            found.append(self.dim())
        if self.text:
            raise self.error(f"'{self.text}' does not belong to a size")
        self.tokens, self.place = kept
        return tuple(found)

    # --- constants ---

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
                found = self.apply("permutation", (of,), start, **dict(next(iter(sorts))))
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
        if item.above and tuple(t.text for t in rest) != _texts(self.top):
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
        return Entry(of, row, column)

    def raised(self, part: Part, above: Tokens) -> Part:
        """Return a part with what stands above it: a transpose, a power, the positive part."""
        texts = tuple(token.text for token in above)
        if texts == _texts(self.top):
            return self.apply("transpose", (part,), part.start)
        if texts == ("+",) and self.vocabulary.notation.relu == "plus":
            return self.apply("relu", (part,), part.start)
        entrywise = texts[0] == r"\circ"
        if entrywise == part.is_scalar:
            what = "a scalar" if part.is_scalar else "an array"
            raise self.error(f"this is no power of {what}", part.start)
        exponent = self.inner(above[1:] if entrywise else above)
        return self.apply("pow", (part, exponent), part.start)

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


def _texts(command: str) -> tuple[str, ...]:
    return (command,)


def _apart(texts: list[str]) -> list[list[str]]:
    """Return indices that stand side by side, each with its primes."""
    parts: list[list[str]] = []
    for text in texts:
        if text == "'" and parts:
            parts[-1].append(text)
        else:
            parts.append([text])
    return parts
