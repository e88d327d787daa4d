"""Scripts: what stands below and above a symbol, such as a size, a power or a transpose mark."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from exgen.graph import SCALAR, Dim, Number
from exgen.ops.activations import RELU
from exgen.readback.cursor import Cursor, Part
from exgen.readback.vocabulary import TRANSPOSE

if TYPE_CHECKING:
    from exgen.readback.tokens import Token

Tokens = tuple["Token", ...]


@dataclass(slots=True)
class Scripts(Cursor, ABC):
    """Reads scripts, given how an expression is read."""

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

    def raised(self, part: Part, above: Tokens) -> Part:
        """Return a part with what stands above it: a transpose, a power, the positive part."""
        texts = tuple(token.text for token in above)
        if texts == (self.top,):
            return self.apply("transpose", (part,), part.start)
        if texts == ("+",) and self.vocabulary.notation.relu == "plus":
            return self.apply(RELU.name, (part,), part.start)
        entrywise = texts[0] == r"\circ"
        if entrywise == part.is_scalar:
            what = "a scalar" if part.is_scalar else "an array"
            raise self.error(f"this is no power of {what}", part.start)
        exponent = self.exponent(above[1:] if entrywise else above)
        return self.apply("pow", (part, exponent), part.start)

    def exponent(self, tokens: Tokens) -> Part:
        """Read an exponent; a fraction of numbers may stand in one line there, as 3/2."""
        texts = [token.text for token in tokens]
        negative = texts[:1] == ["-"]
        match texts[negative:]:
            case [above, "/", below] if above.isdigit() and below.isdigit() and int(below):
                value = Fraction(int(above), int(below))
                number = Number(-value if negative else value)
                return Part(number, SCALAR, tokens[0].start, tokens[-1].end)
        return self.inner(tokens)

    # --- sizes ---

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
