"""Expressions as LaTeX, in a notation.

Every printed product is conformable as printed, and brackets follow one table of levels, so the
text can be read back without guessing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from exgen.derive.index import EXAMPLES, entry_form, letters
from exgen.derive.jacobian import is_turned
from exgen.derive.symbols import (
    dim_latex,
    shape_latex,
    symbol,
    unique_without_layers,
)
from exgen.engine import site_of
from exgen.errors import KindError
from exgen.graph import (
    ONE,
    SCALAR,
    Call,
    Delta,
    Derivative,
    Dim,
    Entry,
    Expr,
    Index,
    Name,
    Number,
    Shape,
    Size,
    SumOver,
    is_column,
    is_scalar,
    made,
)
from exgen.language.writer import decimal_text
from exgen.ops import lookup, traits_of
from exgen.ops.base import axis_option
from exgen.printing import FENCES, Level, Printed, Symbol
from exgen.shapes import likely_shape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from exgen.derive.notation import Notation
    from exgen.graph import Pair, Place

PRODUCTS: Mapping[str, str] = {
    "times": r"\times",
    "dot": r"\cdot",
    "none": r"\,",
}
HADAMARD: Mapping[str, str] = {"odot": r"\odot", "circ": r"\circ"}
TRANSPOSE: Mapping[str, str] = {"top": r"\top", "T": r"\mathsf{T}"}
ONES: Mapping[str, str] = {"bold": r"\mathbf{1}", "blackboard": r"\mathbb{1}"}
INDICATORS: Mapping[str, str] = {**ONES, "bracket": ""}
RELU = r"\operatorname{ReLU}"


HALF = Fraction(1, 2)
SQUARE = Number(Fraction(2))


def _is_multiple(expr: Expr) -> bool:
    """Whether an expression is a number times something that is none, such as 2 (y - t)."""
    match expr:
        case Call("mul", (Number(), Name() | Call())):
            return True
    return False


def norm_of(expr: Expr) -> Expr | None:
    """Return the array of which an expression is the squared norm; None where it is none."""
    match expr:
        case Call("sum", (Call("pow", (inside, power)),)) if expr.option("axis") is None:
            return inside if power == SQUARE else None
        case Call("sum", (Call("mul", (left, right)),)) if expr.option("axis") is None:
            return left if left == right else None
    return None


@dataclass(frozen=True, slots=True)
class Printer:
    """Prints expressions over names of known shape.

    Attributes:
        notation: how the course writes.
        shapes: the shape of every name.
        loss: the name of the loss.
        decorate: what to make of a printed name, such as a brace with its shape; gets the name
            and its LaTeX.
        batch: the axis along which the examples run, for each name that holds a batch.
        examples: the names whose values belong to one example of many.
        mark: the superscript of such a value.

    """

    notation: Notation
    shapes: Mapping[str, Shape]
    loss: str
    decorate: Callable[[str, str], str] | None = None
    batch: Mapping[str, int] = field(default_factory=dict)
    examples: frozenset[str] = frozenset()
    mark: str = ""

    def __call__(self, expr: Expr) -> str:
        """Return an expression as LaTeX for math mode."""
        return self.printed(expr).latex

    def printed(self, expr: Expr) -> Printed:
        """Return an expression as LaTeX with its level."""
        match expr:
            case Derivative():
                return self._derivative(expr, transposed=False)
            case Call("transpose", (Derivative() as inner,)):
                return self._derivative(inner, transposed=True)
            case Name(name):
                named = self.symbol(name)
                if self.decorate and (text := self.decorate(name, named.latex())) != named.latex():
                    return Printed(text, Level.SCRIPT)
                level = Level.SCRIPT if named.superscript else Level.ATOM
                return Printed(named.latex(), level, named)
            case Number(value):
                decimal = decimal_text(value)
                sign = "-" if value < 0 else ""
                text = decimal or rf"{sign}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"
                positive = Level.ATOM if decimal else Level.SCRIPT
                return Printed(text, Level.NEGATIVE if value < 0 else positive)
            case Size(name):
                return Printed(dim_latex(Dim(0, (name,))))
            case Call(op, args, _):
                return lookup(op).tex(self, tuple(self.printed(arg) for arg in args), expr)
            case Entry(of, indices):
                return self._entry(of, indices)
            case SumOver(index, size, body, but):
                body_latex = self._wrap(self.printed(body), Level.PRODUCT)
                if but is not None:
                    sign = rf"\sum_{{{index} \neq {self._index(but)}}}"
                    return Printed(f"{sign} {body_latex}", Level.PRODUCT)
                return Printed(f"{self._sum_sign(index, size)} {body_latex}", Level.PRODUCT)
            case Delta(left, right):
                return Printed(rf"\delta_{{{self._index(left)}{self._index(right)}}}")
        return Printed(rf"\text{{{type(expr).__name__}}}")

    # --- names, shapes, derivatives ---

    def _derivative(self, expr: Derivative, *, transposed: bool) -> Printed:
        """Return a derivative or its transpose; the layout says which is written by the symbol."""
        bare = Printed(self.derivative(expr.of, expr.by), Level.SCRIPT)
        turned = is_turned(expr, self.shapes, self.notation.layout)
        return bare if turned == transposed else self.transposed(bare)

    def symbol(self, name: str, *, entry: bool = False) -> Symbol:
        """Return a name as a symbol; an entry of it is a scalar."""
        shape = SCALAR if entry else self.shapes[name]
        is_loss = name == self.loss and not (self.notation.loss == "J" and "J" in self.shapes)
        marked = self.notation.layer != "none" or not unique_without_layers(self.shapes)
        plain = symbol(name, shape, self.notation, is_loss=is_loss, marked=marked)
        if name not in self.examples:
            return plain
        return Symbol(plain.base, plain.subscripts, plain.superscript + self.mark)

    def name(self, name: str) -> str:
        """Return a name as LaTeX."""
        return self.symbol(name).latex()

    def shape(self, expr: Expr) -> Shape:
        """Return the shape of an expression."""
        return likely_shape(expr, self.shapes)

    def shaped(self, expr: Expr) -> str:
        """Return an expression with its shape in a brace below it."""
        return rf"\exshape{{{self(expr)}}}{{{shape_latex(self.shape(expr))}}}"

    def derivative(self, of: str, by: str) -> str:
        """Return the gradient or Jacobian symbol, such as ``∇_x(L)`` or ``∂L/∂x``."""
        return self.derivative_of(self.name(of), self.name(by))

    def derivative_of(self, of: str, by: str) -> str:
        """Return the derivative symbol for two pieces of LaTeX, which may be blanks."""
        if self.notation.gradient == "nabla":
            body = f"({of})" if self.notation.parentheses else of
            return rf"\nabla_{{{by}}}{body}"
        sign = r"\partial " if self.notation.gradient == "partial" else r"\mathrm{d}"
        return rf"\frac{{{sign}{of}}}{{{sign}{by}}}"

    def partial(self, by: str, index: str) -> str:
        """Return the derivative of the loss by one entry of a name."""
        entry = self.symbol(by, entry=True).latex(index=index)
        return self._quotient(self.name(self.loss), entry)

    def _quotient(self, of: str, by: str) -> str:
        sign = r"\mathrm{d}" if self.notation.gradient == "d" else r"\partial "
        return rf"\frac{{{sign}{of}}}{{{sign}{by}}}"

    @property
    def chain_sign(self) -> str:
        """The sign between the factors of a chain rule."""
        return PRODUCTS[self.notation.product]

    @property
    def turned(self) -> str:
        """The mark of a transpose."""
        return TRANSPOSE[self.notation.transpose]

    def transpose_of(self, latex: str) -> str:
        """Return the transpose of a derivative's symbol."""
        return rf"\left({latex}\right)^{{{self.turned}}}"

    # --- brackets ---

    def wrapped(self, expr: Expr) -> str:
        """Return an expression as the body of a sum: in brackets where it is a sum itself."""
        return self._wrap(self.printed(expr), Level.PRODUCT, Level.HADAMARD)

    def _wrap(self, part: Printed, *fitting: Level) -> str:
        """Return the part in brackets unless its level is among those that fit bare."""
        bare = part.level in fitting or part.level in (Level.SCRIPT, Level.ATOM)
        return part.latex if bare else rf"\left({part.latex}\right)"

    # --- arithmetic ---

    def sum_of(self, this: Call, args: tuple[Printed, ...], sign: str) -> Printed:
        """Return a sum or a difference."""
        left, right = self._stretched(this, args)
        fitting = [Level.PRODUCT, Level.HADAMARD]
        first = self._wrap(left, *fitting, Level.SUM, Level.NEGATIVE)
        if sign == "+" and right.latex.startswith("-") and right.level <= Level.SUM:
            # A negative term is taken off: no plus stands before a minus.
            return Printed(f"{first} - {right.latex.removeprefix('-')}", Level.SUM)
        second = self._wrap(right, *fitting, *([Level.SUM] if sign == "+" else []))
        return Printed(f"{first} {sign} {second}", Level.SUM)

    def _stretched(self, this: Call, args: tuple[Printed, ...]) -> tuple[Printed, ...]:
        """Write a scalar beside an array as a multiple of the array of ones."""
        shapes = [self.shape(arg) for arg in this.args]
        if all(map(is_scalar, shapes)) or not any(map(is_scalar, shapes)):
            return args
        return tuple(
            self._times_ones(arg, part) if is_scalar(shape) else part
            for arg, part, shape in zip(this.args, args, shapes, strict=True)
        )

    def _times_ones(self, expr: Expr, part: Printed) -> Printed:
        ones = ONES[self.notation.ones]
        if isinstance(expr, Number) and expr.value == 1:
            return Printed(ones)
        return Printed(rf"{self._before(expr, part)}\,{ones}", Level.PRODUCT)

    def _before(self, scalar: Expr, part: Printed) -> str:
        """Return a scalar as it stands before an array."""
        if not self._ends_in_an_array(scalar):
            return self._wrap(part, Level.PRODUCT)
        # The bare product of a row and a column would run into the array behind it.
        if not made(scalar, "mul"):
            return self._wrap(part)
        first, second = (self._before(arg, self.printed(arg)) for arg in scalar.args)
        return f"{first}{self._times(second)}{second}"

    def _ends_in_an_array(self, expr: Expr) -> bool:
        if not isinstance(expr, Call) or norm_of(expr) is not None:
            return False
        if expr.op in ("matmul", "sum", "mean"):
            return not is_scalar(self.shape(expr.args[-1]))
        return expr.op == "mul" and any(map(self._ends_in_an_array, expr.args))

    def negative(self, part: Printed) -> Printed:
        """Return a change of sign."""
        return Printed(f"-{self._wrap(part, Level.PRODUCT, Level.HADAMARD)}", Level.NEGATIVE)

    def product_of(self, this: Call, args: tuple[Printed, ...]) -> Printed:
        """Return a product: entrywise, or by a scalar, which then stands in front."""
        left, right = args
        left_scalar, right_scalar = (is_scalar(self.shape(arg)) for arg in this.args)
        if not (left_scalar or right_scalar):
            sign = HADAMARD[self.notation.hadamard]
            pair = (self._wrap(part, Level.HADAMARD) for part in args)
            return Printed(f" {sign} ".join(pair), Level.HADAMARD)
        if right_scalar and not left_scalar:
            left, right = right, left
        scalar = this.args[0 if left_scalar else 1]
        other = this.args[1 if left_scalar else 0]
        if scalar == Number(HALF) and (_is_multiple(other) or not right.latex[:1].isdigit()):
            left = Printed(r"\frac{1}{2}", Level.SCRIPT)
        if left_scalar and right_scalar:
            alone = made(scalar, "matmul")
            first = self._wrap(left, *([] if alone else [Level.PRODUCT]))
        else:
            first = self._before(scalar, left)
        second = self._wrap(right, Level.PRODUCT)
        return Printed(f"{first}{self._times(second)}{second}", Level.PRODUCT)

    def _times(self, second: str) -> str:
        """Return the sign between a scalar and what it multiplies."""
        sign = self.notation.scalar_product
        if sign == "none":
            # Two numbers side by side would read as one.
            return r" \cdot " if second[:1].isdigit() else r"\,"
        return f" {PRODUCTS[sign]} "

    def quotient_of(self, this: Call, args: tuple[Printed, ...]) -> Printed:
        """Return a fraction, or an entrywise quotient where the denominator is an array."""
        top = this.args[0]
        if traits_of(top).loss:
            sign = "-" if args[0].level is Level.NEGATIVE else ""
            body = args[0].latex.removeprefix("-")
            level = Level.NEGATIVE if sign else Level.PRODUCT
            return Printed(rf"{sign}\frac{{1}}{{{args[1].latex}}} {body}", level)
        if is_scalar(self.shape(this.args[1])):
            # Not an atom: the square of a fraction needs brackets.
            return Printed(rf"\frac{{{args[0].latex}}}{{{args[1].latex}}}", Level.SCRIPT)
        pair = (self._wrap(part) for part in self._stretched(this, args))
        return Printed(r" \oslash ".join(pair), Level.HADAMARD)

    def power_of(self, this: Call, args: tuple[Printed, ...]) -> Printed:
        """Return a power; of an array it is entrywise and marked with a circle."""
        base, exponent = args
        if isinstance(this.args[1], Number):
            power = this.args[1].value
            if abs(power) == HALF and is_scalar(self.shape(this.args[0])):
                root = self._root(this.args[0], base)
                return root if power > 0 else Printed(rf"\frac{{1}}{{{root.latex}}}", Level.SCRIPT)
            if power.denominator in (2, 3, 4):
                exponent = Printed(f"{power.numerator}/{power.denominator}")
        mark = "" if is_scalar(self.shape(this.args[0])) else r"\circ "
        body = base.latex if base.level is Level.ATOM else rf"\left({base.latex}\right)"
        return Printed(f"{body}^{{{mark}{exponent.latex}}}", Level.SCRIPT)

    def _root(self, expr: Expr, part: Printed) -> Printed:
        """Return a square root; of a squared norm it is the norm."""
        inside = norm_of(expr)
        if inside is not None:
            return Printed(self._norm(inside), Level.ATOM)
        return Printed(rf"\sqrt{{{part.latex}}}", Level.SCRIPT)

    def _norm(self, inside: Expr) -> str:
        """Return the norm of a column, or Frobenius' of a matrix."""
        kind = "" if ONE in self.shape(inside) else "_F"
        return rf"\left\lVert {self(inside)} \right\rVert{kind}"

    # --- matrices ---

    def matrix_product(self, args: tuple[Printed, ...]) -> Printed:
        """Return a matrix product, its factors side by side."""
        return Printed(r"\,".join(self._wrap(part, Level.PRODUCT) for part in args), Level.PRODUCT)

    def transposed(self, part: Printed) -> Printed:
        """Return a transpose, its mark merged into a name's superscript."""
        if part.symbol is not None:
            return Printed(part.symbol.latex(superscript=self.turned), Level.SCRIPT)
        body = part.latex if part.level is Level.ATOM else rf"\left({part.latex}\right)"
        return Printed(f"{body}^{{{self.turned}}}", Level.SCRIPT)

    def constant(self, kind: str, this: Call) -> Printed:
        """Return ones, zeros, an identity or a unit vector, with sizes."""
        options = dict(this.options)
        if kind == "unit":
            position = int(str(options["position"])) + self.notation.index_base
            return Printed(rf"{self._bold('e')}_{{{position}}}")
        if kind == "identity":
            return Printed(rf"{self._bold('I')}_{{{dim_latex(self.shape(this)[0])}}}")
        rows, columns = self.shape(this)
        digit = ONES[self.notation.ones] if kind == "ones" else self._bold("0")
        if rows == ONE and columns != ONE:
            return Printed(f"{digit}_{{{dim_latex(columns)}}}^{{{self.turned}}}", Level.SCRIPT)
        return Printed(f"{digit}_{{{shape_latex((rows, columns))}}}")

    def _bold(self, letter: str) -> str:
        """Return a constant's letter, bold where vectors and matrices are."""
        return rf"\mathbf{{{letter}}}" if self.notation.bold else letter

    def blocks(self, this: Call) -> Printed:
        """Return stacked parts as one matrix in brackets."""
        axis = axis_option(dict(this.options))
        parts = [self._block(part, axis) for part in self._stacked(this, axis)]
        return self._matrix(parts, axis)

    def _stacked(self, expr: Expr, axis: int) -> list[Expr]:
        match expr:
            case Call("concat", (first, second)) if axis_option(dict(expr.options)) == axis:
                return [*self._stacked(first, axis), *self._stacked(second, axis)]
        return [expr]

    def _block(self, expr: Expr, axis: int) -> str:
        # Inside a matrix the neighbours already say how large a block of zeros is.
        if made(expr, "zeros"):
            rows, columns = self.shape(expr)
            line = rows == ONE and (axis == 0 or columns != ONE)
            zeros = self._bold("0")
            return f"{zeros}^{{{self.turned}}}" if line else zeros
        return self(expr)

    def _matrix(self, parts: list[str], axis: int) -> Printed:
        rows = r" \\ ".join(parts) if axis == 0 else " & ".join(parts)
        return Printed(rf"\begin{{bmatrix}} {rows} \end{{bmatrix}}")

    def with_one(self, part: Printed, this: Call, *, first: bool) -> Printed:
        """Return an argument stacked with the constant 1, or with a line of ones."""
        axis = axis_option(dict(this.options))
        one = "1"
        shape = self.shape(this.args[0])
        # Beside a column there is room for one number only in a new row.
        if not (is_scalar(shape) or (is_column(shape) and axis == 0)):
            ones = ONES[self.notation.ones]
            one = f"{ones}^{{{self.turned}}}" if axis == 0 else ones
        return self._matrix([one, part.latex] if first else [part.latex, one], axis)

    def sliced(self, part: Printed, this: Call) -> Printed:
        """Return a stretch of an array as a product with a selection matrix."""
        options = (dict(this.options)[name] for name in ("skip", "drop"))
        skip, drop = (part if isinstance(part, Dim) else Dim(0) for part in options)
        axis = axis_option(dict(this.options))
        keep = dim_latex(self.shape(this)[axis])
        parts = [f"{self._bold('I')}_{{{keep}}}"]
        sized = Dim(0) not in (skip, drop) or bool(self.shape(this)[axis].names)

        def zeros(dim: Dim) -> str:
            if sized:
                # With zeros on both sides, or beside a named size, nothing else says how many.
                shape = (self.shape(this)[axis], dim)
                return f"{self._bold('0')}_{{{shape_latex(shape if axis == 0 else shape[::-1])}}}"
            # One line of zeros below or above the others is a row.
            line = axis == 1 and dim == ONE
            return self._bold("0") + (f"^{{{self.turned}}}" if line else "")

        if skip != Dim(0):
            parts.insert(0, zeros(skip))
        if drop != Dim(0):
            parts.append(zeros(drop))
        chosen = self._matrix(parts, 1 - axis).latex
        pair = (chosen, self._wrap(part, Level.PRODUCT))
        return Printed(r"\,".join(pair if axis == 0 else reversed(pair)), Level.PRODUCT)

    def marked(self, letter: str, below: str) -> Printed:
        """Return a matrix of its own, such as a permutation, with a mark below its letter."""
        named = Symbol(self._bold(letter), (below,), "")
        return Printed(named.latex(), Level.SCRIPT, named)

    # --- functions, indicators, entries ---

    def function(self, name: str, args: tuple[Printed, ...]) -> Printed:
        """Return a function applied to its arguments."""
        inner = ", ".join(part.latex for part in args)
        if name in FENCES:
            return Printed(rf"\left{name} {inner} \right{FENCES[name]}")
        # Brackets that grew with a brace would dwarf what they hold.
        bracketed = f"({inner})" if r"\exshape" in inner else rf"\left({inner}\right)"
        if name == RELU and self.notation.relu == "plus":
            return Printed(f"{bracketed}^{{+}}", Level.SCRIPT)
        return Printed(name + bracketed)

    def indicator(self, args: tuple[Printed, ...], sign: str) -> Printed:
        """Return 1 where a comparison holds, entry by entry."""
        inner = f"{args[0].latex} {sign} {args[1].latex}"
        return Printed(rf"{INDICATORS[self.notation.indicator]}\left[{inner}\right]")

    def picked(self, part: Printed, this: Call) -> Printed:
        """Return one entry."""
        row, column = (dict(this.options)[name] for name in ("row", "column"))
        column = column if isinstance(column, int) else 0
        return self._entry(this.args[0], (int(str(row)), column), part)

    def _index(self, index: Index) -> str:
        return str(index + self.notation.index_base) if isinstance(index, int) else index

    def _entry(self, of: Expr, indices: Place, part: Printed | None = None) -> Printed:
        if isinstance(of, Derivative):
            # They are counted as those of function and variable, in every layout.
            wholes = (Name(of.of), indices[:-2] or (0, 0)), (Name(of.by), indices[-2:])
            return Printed(self._quotient(*(self._entry(*part).latex for part in wholes)))
        shape, part = self.shape(of), part or self.printed(of)
        if is_scalar(shape):
            return part
        positions = indices[:1] if is_column(shape) else indices
        texts = [self._index(index) for index in positions]
        # Indices of several digits need a comma between them.
        index = ("" if all(len(text.rstrip("'")) == 1 for text in texts) else ",").join(texts)
        if isinstance(of, Name):
            named = self.symbol(of.name, entry=True)
            level = Level.SCRIPT if named.superscript else Level.ATOM
            return Printed(named.latex(index=index), level)
        return Printed(rf"\left[{part.latex}\right]_{{{index}}}")

    # --- sums and losses ---

    def _sum_sign(self, index: str, size: Dim, first: int | None = None) -> str:
        if first is None:
            first = 1 if index.rstrip("'") == EXAMPLES else self.notation.index_base
        last = size if first == 1 else Dim(size.constant - 1, size.names)
        return rf"\sum_{{{index}={first}}}^{{{dim_latex(last)}}}"

    def summed(self, part: Printed, this: Call, *, mean: bool) -> Printed:
        """Return a sum or a mean: as products with vectors of ones, or over its entries."""
        axis, shape = this.option("axis"), self.shape(this.args[0])
        if is_scalar(shape):
            return part
        inside = norm_of(Call("sum", this.args, this.options))
        if inside is not None:
            share = ""
            if mean:
                sizes = r" \cdot ".join(dim_latex(dim) for dim in shape if dim != ONE)
                share = rf"\frac{{1}}{{{sizes}}}\,"
            squared = f"{share}{self._norm(inside)}^{{2}}"
            return Printed(squared, Level.PRODUCT if mean else Level.SCRIPT)
        if axis is None and self.notation.sums == "sigma":
            entries = self._over_entries(this.args[0], shape, mean=mean)
            if entries is not None:
                return entries
        rows, columns = (dim_latex(dim) for dim in shape)
        factors = [self._wrap(part, Level.PRODUCT)]
        counted: list[str] = []
        if axis in (None, 0):
            factors.insert(0, f"{ONES[self.notation.ones]}_{{{rows}}}^{{{self.turned}}}")
            counted.append(rows)
        if axis == 1 or (axis is None and not is_column(shape)):
            factors.append(f"{ONES[self.notation.ones]}_{{{columns}}}")
            counted.append(columns)
        product = r"\,".join(factors)
        share = r"\frac{1}{" + r" \cdot ".join(counted) + r"}\," if mean else ""
        return Printed(share + product, Level.PRODUCT)

    def _over_entries(self, expr: Expr, shape: Shape, *, mean: bool) -> Printed | None:
        """Return the sum of all entries with a sigma; None where they have no index form."""
        place: Pair = (
            0 if shape[0] == ONE else "i",
            0 if shape[1] == ONE else "j",
        )
        try:
            total = entry_form(expr, place, self.shapes, letters(self.shapes))
        except KindError:
            return None
        counted = [(index, dim) for index, dim in zip(place, shape, strict=True) if dim != ONE]
        for index, dim in reversed(counted):
            total = SumOver(str(index), dim, total)
        sizes = r" \cdot ".join(dim_latex(dim) for _, dim in counted)
        share = rf"\frac{{1}}{{{sizes}}} " if mean else ""
        return Printed(share + self(total), Level.PRODUCT)

    def spelled_out(self, this: Call) -> Printed:
        """Return a use of an op as what it is made of."""
        define = lookup(this.op).definition
        return self.printed(this if define is None else define(site_of(this, this, self.shapes)))

    def log_loss(self, this: Call, *, binary: bool) -> Printed:
        """Return a cross-entropy written out over its entries, which are classes or binary."""
        prediction, target = this.args
        shape = self.shape(prediction)
        indices = self._loss_indices(prediction, shape)
        p, y = (self._entry(arg, indices) for arg in (prediction, target))
        first = None if binary else self.notation.class_base
        counted = [
            (index, dim)
            for index, dim in zip(indices, shape, strict=True)
            if isinstance(index, str) and dim != ONE
        ]
        # The sum over the examples stands outside, wherever their axis is.
        counted.sort(key=lambda pair: pair[0] != EXAMPLES)
        signs = "".join(
            self._sum_sign(index, dim, None if index == EXAMPLES else first) + " "
            for index, dim in counted
        )
        y_bare, p_bare = self._wrap(y), p.latex
        sign = self.notation.scalar_product
        times = " " if sign == "none" else f" {PRODUCTS[sign]} "
        body = rf"{y_bare}{times}\log {self._argument(p)}"
        if binary:
            rest = rf"\left(1 - {y_bare}\right){times}\log\left(1 - {p_bare}\right)"
            body = rf"\left[{body} + {rest}\right]"
        return Printed(f"-{signs}{body}", Level.NEGATIVE)

    def _loss_indices(self, prediction: Expr, shape: Shape) -> Pair:
        """Return the indices of a loss's sum: n for the examples of a batch, k for the classes."""
        axis = self.batch.get(prediction.name) if isinstance(prediction, Name) else None
        if axis is None:
            return ("k", 0) if is_column(shape) else ("i", "j")
        row, column = (EXAMPLES, "k") if axis == 0 else ("k", EXAMPLES)
        return (0 if shape[0] == ONE else row), (0 if shape[1] == ONE else column)

    def _argument(self, part: Printed) -> str:
        return part.latex if part.symbol or part.level >= Level.SCRIPT else f"({part.latex})"
