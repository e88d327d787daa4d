"""Pieces of a formula with a form of their own: fractions, derivatives, functions, matrices."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from exgen.derive.jacobian import is_turned
from exgen.graph import (
    ONE,
    SCALAR,
    Derivative,
    Dim,
    Entry,
    Index,
    Name,
    Number,
    SumOver,
    is_column,
)
from exgen.ops import TABLE
from exgen.printing import FENCES
from exgen.readback.atoms import Atoms
from exgen.readback.cursor import Part, scalar
from exgen.shapes import shape_of

if TYPE_CHECKING:
    from exgen.readback.tokens import Token

FUNCTIONS = {
    op.words.latex: op
    for op in TABLE.values()
    if op.words.latex and not op.infix and "stride" not in op.options
}


@dataclass(slots=True)
class Pieces(Atoms, ABC):
    """Reads what stands inside a term, given how terms are read."""

    @abstractmethod
    def term(self) -> Part:
        """Read factors with products between them."""

    @abstractmethod
    def factor(self) -> Part:
        """Read one factor."""

    def postfix(self, part: Part) -> Part:
        """Read a transpose or a power behind a bracket."""
        if self.text != "^":
            return part
        self.next()
        return self.raised(part, self.script())

    def norm(self) -> Part:
        """Read a norm: of a column, or Frobenius' of a matrix; a square may stand above it."""
        start = self.start
        self.expect(r"\lVert")
        part = self.sum()
        self.expect(r"\rVert")
        below, above = self.scripts()
        # A row is a vector and a matrix: its norm may have the mark or not.
        marked = [t.text for t in below] == ["F"]
        bare = not below
        if not (
            marked if ONE not in part.shape else bare or (marked and not is_column(part.shape))
        ):
            raise self.error("the norm of a matrix is marked with F, and no other", start)
        squared = self.apply("pow", (part, _number(2, part)), start)
        total = self.apply("sum", (squared,), start, axis=None)
        if [t.text for t in above] == ["2"]:
            return total
        root = self.apply("pow", (total, _number(Fraction(1, 2), part)), start)
        return self.raised(root, above) if above else root

    def root(self) -> Part:
        """Read a square root."""
        start = self.start
        self.expect(r"\sqrt")
        self.expect("{")
        part = self.sum()
        self.expect("}")
        return self.postfix(self.apply("pow", (part, _number(Fraction(1, 2), part)), start))

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
        """Return what a derivative's symbol stands for: a gradient, its entry, or a Jacobian.

        Here the layout is undone.
        """
        loss = self.vocabulary.loss
        match of.expr, by.expr:
            case Name(top), Name(bottom) if (
                top == loss or Derivative(top, bottom) in self.vocabulary.given
            ):
                symbol, shapes = Derivative(top, bottom), self.vocabulary.shapes
                whole = self.part(symbol, shape_of(symbol, shapes), start)
                if is_turned(symbol, shapes, self.vocabulary.layout):
                    return self.apply("transpose", (whole,), start)
                return whole
            case ((Name(top) | Entry(Name(top))), (Name(bottom) | Entry(Name(bottom)))) if (
                of.is_scalar and by.is_scalar
            ):
                before = of.expr.indices if isinstance(of.expr, Entry) else ()
                index = by.expr.indices if isinstance(by.expr, Entry) else (0, 0)
                return self.part(Entry(Derivative(top, bottom), before + index), SCALAR, start)
        raise self.error("there is no such derivative here", start)

    # --- functions ---

    def function(self, letter: Token) -> Part:
        """Read a function's argument: in brackets, or bare where it is one factor."""
        op, start = FUNCTIONS[letter.text], letter.start
        slope = list[Part]()
        options: dict[str, int | None] = {}
        if len(op.signature.args) > 1:
            self.expect("_")
            slope = [self.inner(self.script())]
        if "descending" in op.options:
            options["descending"] = None
            if self.take("^"):
                if [t.text for t in self.script()] != [r"\downarrow"]:
                    raise self.error("this is no order of a sort", start)
                options["descending"] = 1
        if letter.text in FENCES:
            part = self.sum()
            self.expect(FENCES[letter.text])
        elif self.take("("):
            part = self.sum()
            self.expect(")")
        elif op.traits.bare:
            with self.deeper():
                part = self.factor()
        else:
            raise self.error("an argument in brackets should come next")
        if "axis" in op.options:
            options["axis"] = self.softmax_axis(part)
        return self.postfix(self.apply(op.name, (part, *slope), start, **options))

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
            return self.zeros(part.start)
        return part


def _number(value: int | Fraction, like: Part) -> Part:
    return scalar(Number(Fraction(value)), like.start, like.end)
