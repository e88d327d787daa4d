"""Formulas: sums, products, fractions, functions, derivatives and matrices, read by convention.

Where a convention is missing, as between a matrix product and a Hadamard product side by side,
the text is ambiguous and refused: nothing is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from exgen.graph import SCALAR, is_column
from exgen.ops import TABLE
from exgen.printing import FENCES
from exgen.readback.pieces import FUNCTIONS, Pieces
from exgen.readback.vocabulary import HADAMARD, INDICATOR, PRODUCT

if TYPE_CHECKING:
    from exgen.readback.cursor import Part
    from exgen.readback.tokens import Token

COMPARISONS = {op.words.latex: op.name for op in TABLE.values() if op.infix and op.words.latex}
CLOSING = {"(": ")", "[": "]"}
OPENING = frozenset(
    {"(", "[", r"\frac", r"\sqrt", r"\nabla", r"\sum", r"\lVert", r"\begin{bmatrix}", r"\exshape"}
)
ENDING = frozenset(
    {")", "]", "}", r"\rVert", "+", "-", "/", ",", "=", "&", "'", "^", "_", r"\\", ""}
    | set(FENCES.values())
)


@dataclass(slots=True)
class Formulas(Pieces):
    """Reads whole formulas."""

    def sum(self) -> Part:
        """Read terms with signs between them."""
        with self.deeper():
            start, count = self.start, 1
            minus = self.take("-")
            total = self.term()
            if minus:
                total = self.apply("neg", (total,), start)
            while sign := self.take("+", "-"):
                count += 1
                self.counted(count)
                after = self.term()
                if total.is_scalar != after.is_scalar:
                    raise self.error("a number beside an array; it needs a vector of ones", start)
                total = self.apply("add" if sign == "+" else "sub", (total, after), start)
        return total

    # --- products ---

    def term(self) -> Part:
        """Read factors: either a product, or a chain of Hadamard signs, never both."""
        start = self.start
        factors, signs = [self.factor()], list[str]()
        while (sign := self.sign_between()) is not None:
            signs.append(sign)
            self.counted(len(signs))
            digits = self.text[:1].isdigit() and self.tokens[self.place - 1].is_number
            if digits and sign == "product":
                raise self.error("two numbers side by side read as one")
            factors.append(self.factor())
        if not signs:
            return factors[0]
        products = [sign.endswith("product") for sign in signs]
        if any(products) and not all(products):
            raise self.error("a product beside a Hadamard product; it needs brackets", start)
        return self.product(factors, start) if all(products) else self.entrywise(factors, signs)

    def sign_between(self) -> str | None:
        """Take the sign before another factor: a product may have none; None at the end."""
        notation = self.vocabulary.notation
        if self.take(HADAMARD[notation.hadamard]):
            return "mul"
        if self.take(r"\oslash"):
            return "div"
        signs = {PRODUCT[notation.product], PRODUCT[notation.scalar_product], r"\cdot"} - {""}
        if self.take(*signs):
            return "signed product"
        return "product" if self.starts() else None

    def starts(self) -> bool:
        """Whether another factor can start here."""
        text = self.text
        if text in ENDING or text in COMPARISONS:
            return False
        return text in OPENING or text in FUNCTIONS or text[0].isalnum() or self.is_letter(text)

    def is_letter(self, text: str) -> bool:
        """Whether a token is a letter in some font, or a constant's."""
        styled = (r"\math", r"\hat", r"\bar", r"\tilde", r"\boldsymbol", r"\ell", r"\delta")
        return text.startswith(styled) or text in self.vocabulary.items

    def product(self, factors: list[Part], start: int) -> Part:
        """Return a product; its arrays must fit one another as they stand, without brackets."""
        shapes = [self.sizes.shape(part.shape) for part in factors]
        arrays = [shape for shape in shapes if shape != SCALAR]
        for left, right in pairwise(arrays):
            self.same_size(left[1], right[0], "these factors do not fit as they stand", start)
        total = factors[0]
        for part in factors[1:]:
            scaled = total.is_scalar or part.is_scalar
            total = self.apply("mul" if scaled else "matmul", (total, part), start)
        return total

    def entrywise(self, factors: list[Part], signs: list[str]) -> Part:
        """Return a chain of Hadamard products and quotients."""
        total = factors[0]
        for sign, part in zip(signs, factors[1:], strict=True):
            if total.is_scalar or part.is_scalar:
                raise self.error("a Hadamard sign beside a scalar", total.start)
            total = self.apply(sign, (total, part), total.start)
        return total

    def factor(self) -> Part:
        """Read one factor."""
        text = self.text
        if text == r"\sum":
            return self.sum_over()
        if text == r"\frac":
            return self.fraction()
        if text == r"\nabla":
            return self.nabla()
        if text == r"\sqrt":
            return self.root()
        if text in CLOSING:
            return self.bracket()
        if text == r"\lVert":
            return self.norm()
        if text == r"\begin{bmatrix}":
            return self.matrix()
        if text == r"\exshape":
            return self.shaped()
        if text[:1].isdigit():
            return self.number()
        if text in ENDING:
            raise self.error(f"'{text}' stands where a factor should" if text else "nothing here")
        return self.lettered(self.next())

    def lettered(self, letter: Token) -> Part:
        """Read what starts with a letter: a name, an indicator, a constant, a function."""
        indicator = INDICATOR[self.vocabulary.notation.indicator]
        if letter.text == indicator and self.text == "[":
            return self.postfix(self.indicator(letter.start))
        place = self.place
        for read in (self.named, self.constant, self.size_number):
            self.place = place
            found = read(letter)
            if found is not None:
                return found
        self.place = place
        if letter.text in FUNCTIONS:
            return self.function(letter)
        raise self.error("there is no name that is written so", letter.start)

    # --- brackets ---

    def bracket(self) -> Part:
        """Read a group, an indicator in brackets, or an entry of what stands in brackets."""
        start, opening = self.start, self.next().text
        part = self.sum()
        if opening == "[" and self.text in COMPARISONS and self.bare_indicator:
            return self.postfix(self.compared(part, start))
        self.expect(CLOSING[opening])
        if opening == "[" and self.take("_"):
            count = 1 if is_column(part.shape) else 2
            indices = self.indices(self.script(), count, start)
            if indices is None:
                raise self.error("this is no index", start)
            part = self.part(self.entry(part.expr, part.shape, indices, start), SCALAR, start)
        else:
            part = self.part(part.expr, part.shape, start)
        return self.postfix(part)

    @property
    def bare_indicator(self) -> bool:
        """Whether an indicator is a comparison in brackets, without a 1 before it."""
        return not INDICATOR[self.vocabulary.notation.indicator]

    def indicator(self, start: int) -> Part:
        """Read a comparison in brackets."""
        self.expect("[")
        return self.compared(self.sum(), start)

    def compared(self, left: Part, start: int) -> Part:
        """Read the sign and the right side of a comparison, up to the closing bracket."""
        sign = self.next().text
        if sign not in COMPARISONS:
            raise self.error("a comparison should stand in these brackets", start)
        right = self.sum()
        self.expect("]")
        return self.apply(COMPARISONS[sign], (left, right), start)
