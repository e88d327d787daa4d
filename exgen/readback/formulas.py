"""Formulas: sums, products, fractions, functions, derivatives and matrices, read by convention.

Where a convention is missing, as between a matrix product and a Hadamard product side by side,
the text is ambiguous and refused: nothing is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from exgen.engine import gradient_name
from exgen.graph import ONE, SCALAR, Dim, Entry, Index, Name, Number, Partial, SumOver, is_column
from exgen.readback.atoms import Atoms
from exgen.readback.cursor import Part, scalar
from exgen.readback.vocabulary import HADAMARD, INDICATOR, PRODUCT

if TYPE_CHECKING:
    from exgen.readback.tokens import Token

FUNCTIONS = {
    r"\operatorname{ReLU}": "relu",
    r"\sigma": "sigmoid",
    r"\tanh": "tanh",
    r"\operatorname{softplus}": "softplus",
    r"\exp": "exp",
    r"\log": "log",
    r"\operatorname{softmax}": "softmax",
    r"\operatorname{diag}": "diag",
    r"\operatorname{sort}": "sort",
    r"\operatorname{LReLU}": "lrelu",
    r"\operatorname{PReLU}": "prelu",
}
SLOPED = frozenset({"lrelu", "prelu"})
COMPARISONS = {">": "greater", r"\ge": "greater_equal", "<": "less", r"\le": "less_equal"}
CLOSING = {"(": ")", "[": "]"}
OPENING = frozenset(
    {"(", "[", r"\frac", r"\nabla", r"\sum", r"\lVert", r"\begin{bmatrix}", r"\exshape"}
)
ENDING = frozenset(
    {")", "]", "}", r"\rVert", "+", "-", "/", ",", "=", "&", "'", "^", "_", r"\\", ""}
)


@dataclass(slots=True)
class Formulas(Atoms):
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

    def postfix(self, part: Part) -> Part:
        """Read a transpose or a power behind a bracket."""
        if self.text != "^":
            return part
        self.next()
        return self.raised(part, self.script())

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

    def norm(self) -> Part:
        """Read a squared norm."""
        start = self.start
        self.expect(r"\lVert")
        part = self.sum()
        self.expect(r"\rVert")
        below, above = ([t.text for t in part] for part in self.scripts())
        if above != ["2"] or below != ([] if is_column(part.shape) else ["F"]):
            raise self.error("only squared norms are known: Euclid's, and Frobenius' with F", start)
        squared = self.apply("pow", (part, _number(2, part)), start)
        return self.apply("sum", (squared,), start, axis=None)

    def shaped(self) -> Part:
        """Read an expression with its shape in a brace below it, and hold it to that shape."""
        start = self.start
        self.expect(r"\exshape")
        self.expect("{")
        part = self.sum()
        self.expect("}")
        dims = self.dims_in(self.script())
        shape = dims if len(dims) == len(SCALAR) else (dims[0], ONE)
        for found, said in zip(part.shape, shape, strict=True):
            self.same_size(found, said, "the shape below is not that of the expression", start)
        return part

    # --- fractions and derivatives ---

    def fraction(self) -> Part:
        """Read a fraction: a quotient by a scalar, or a derivative."""
        start = self.start
        self.expect(r"\frac")
        sign = r"\mathrm{d}" if self.vocabulary.notation.gradient == "d" else r"\partial"
        if self.ahead() == sign:
            parts: list[Part] = []
            for _ in range(2):
                self.expect("{")
                self.expect(sign)
                parts.append(self.symbol())
                self.expect("}")
            return self.derivative(parts[0], parts[1], start)
        self.expect("{")
        top = self.sum()
        self.expect("}")
        self.expect("{")
        bottom = self.sum()
        self.expect("}")
        if not bottom.is_scalar:
            raise self.error("the denominator is an array", start)
        return self.apply("div", (top, bottom), start)

    def nabla(self) -> Part:
        """Read a gradient's symbol with a nabla."""
        start = self.start
        notation = self.vocabulary.notation
        self.expect(r"\nabla")
        if notation.gradient != "nabla":
            raise self.error("this notation has no nabla", start)
        self.expect("_")
        self.expect("{")
        by = self.symbol()
        self.expect("}")
        if notation.parentheses:
            self.expect("(")
        of = self.symbol()
        if notation.parentheses:
            self.expect(")")
        return self.derivative(of, by, start)

    def derivative(self, of: Part, by: Part, start: int) -> Part:
        """Return what a derivative's symbol stands for: a gradient, its entry, or a Jacobian."""
        known = self.vocabulary.shapes
        match of.expr, by.expr:
            case Name(top), Name(bottom) if top == self.vocabulary.loss:
                name = gradient_name(bottom)
                if name in known:
                    return self.part(Name(name), known[name], start)
            case Name(top), Entry(Name(bottom), row, column) if top == self.vocabulary.loss:
                name = gradient_name(bottom)
                if self.vocabulary.numerator:
                    # The entries of a gradient are counted as the variable's.
                    row, column = column, row
                return self.part(Entry(Name(name), row, column), SCALAR, start)
            case Name(top), Name(bottom) if (name := f"grad_{top}_by_{bottom}") in known:
                return self.part(Name(name), known[name], start)
            case ((Entry() | Name()), (Entry() | Name())) if of.is_scalar and by.is_scalar:
                return self.part(Partial(_entry(of), _entry(by)), SCALAR, start)
        raise self.error("there is no such derivative here", start)

    # --- functions ---

    def function(self, letter: Token) -> Part:
        """Read a function's argument: in brackets, or bare where it is one factor."""
        op, start = FUNCTIONS[letter.text], letter.start
        slope = list[Part]()
        options: dict[str, int | None] = {}
        if op in SLOPED:
            self.expect("_")
            slope = [self.inner(self.script())]
        if op == "sort":
            options["descending"] = None
            if self.take("^"):
                if [t.text for t in self.script()] != [r"\downarrow"]:
                    raise self.error("this is no order of a sort", start)
                options["descending"] = 1
        if self.take("("):
            part = self.sum()
            self.expect(")")
        else:
            part = self.factor()
        if op == "softmax":
            options["axis"] = self.softmax_axis(part)
        return self.postfix(self.apply(op, (part, *slope), start, **options))

    def softmax_axis(self, part: Part) -> int | None:
        """Return the axis of a softmax: the one along which no examples run."""
        if is_column(part.shape):
            return None
        if not isinstance(part.expr, Name) or part.expr.name not in self.vocabulary.batch:
            raise self.error("the page does not say along which axis", part.start)
        return 1 - self.vocabulary.batch[part.expr.name]

    # --- sums over an index ---

    def sum_over(self) -> Part:
        """Read a sum over an index."""
        start = self.start
        self.expect(r"\sum")
        below, above = self.scripts()
        texts = [token.text for token in below]
        split = next((n for n, text in enumerate(texts) if text in ("=", r"\neq")), 0)
        letter = "".join(texts[:split])
        if not letter or not letter[0].isalpha():
            raise self.error("this sum has no index", start)
        if letter in self.letters:
            raise self.error(f"the index {letter} is in use already", start)
        examples = self.vocabulary.examples
        over_examples = examples is not None and examples[0] == letter
        but: Index | None = None
        if texts[split] == r"\neq":
            but, size = self.index(texts[split + 1 :], start), self.open()
            if but is None or above:
                raise self.error("this is no index to leave out", start)
        else:
            size = self.counted_size(texts[split + 1 :], self.dims_in(above)[0], letter, start)
        if over_examples and examples is not None and size != examples[1]:
            raise self.error("this is not the number of examples", start)
        self.letters[letter] = size
        body = self.term()
        del self.letters[letter]
        if not (body.is_scalar or over_examples):
            raise self.error("a sum of arrays over an index", start)
        return self.part(SumOver(letter, size, body.expr, but), body.shape, start)

    def counted_size(self, first: list[str], last: Dim, letter: str, start: int) -> Dim:
        """Return how many positions a sum runs through; it must begin with the first entry."""
        notation, examples = self.vocabulary.notation, self.vocabulary.examples
        firsts = {notation.index_base, notation.class_base}
        if letter.rstrip("'") == "n" or (examples is not None and letter == examples[0]):
            firsts = {1}
        if len(first) != 1 or first[0] not in {str(n) for n in firsts}:
            raise self.error("this sum does not begin with the first entry", start)
        return last + Dim(1 - int(first[0]))

    # --- matrices ---

    def matrix(self) -> Part:
        """Read blocks in brackets, row by row."""
        start = self.start
        self.expect(r"\begin{bmatrix}")
        rows: list[list[Part]] = [[]]
        while True:
            rows[-1].append(self.sum())
            self.counted(sum(map(len, rows)))
            if self.take(r"\\"):
                rows.append([])
            elif not self.take("&"):
                break
        self.expect(r"\end{bmatrix}")
        return self.postfix(self.stacked([self.stacked(row, 1, start) for row in rows], 0, start))

    def stacked(self, parts: list[Part], axis: int, start: int) -> Part:
        """Return parts side by side, or one above the other."""
        alone = [part.is_scalar for part in parts]
        if not all(alone):
            parts = [self.block(part) for part in parts]
        total = parts[0]
        for part in parts[1:]:
            total = self.apply("concat", (total, part), start, axis=axis)
        return total

    def block(self, part: Part) -> Part:
        """Return a block; a 0 beside other blocks is as large as it has to be."""
        if part.expr == _number(0, part).expr:
            return self.apply("zeros", (), part.start, rows=self.open(), columns=self.open())
        return part


def _number(value: int, like: Part) -> Part:
    return scalar(Number(Fraction(value)), like.start, like.end)


def _entry(part: Part) -> Entry:
    """Return a scalar as an entry."""
    return part.expr if isinstance(part.expr, Entry) else Entry(part.expr, 0, 0)
