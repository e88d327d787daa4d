"""Vectorised lines: softmax and losses written out with ones, and why a line has its form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.derive.latex import HADAMARD
from exgen.derive.symbols import dim_latex
from exgen.derive.written import on_the_page
from exgen.engine import site_of
from exgen.graph import (
    ONE,
    Call,
    Expr,
    Number,
    Shape,
    Size,
    call,
    is_column,
    is_scalar,
    made,
    operands,
    rebuild,
    walk,
)
from exgen.ops import lookup
from exgen.ops.losses import SQUARED_ERROR
from exgen.shapes import shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from exgen.derive.index import Letters
    from exgen.derive.latex import Printer


def expanded(expr: Expr, shapes: Mapping[str, Shape]) -> Expr:
    """Return a line with its softmax and its loss written as products with vectors of ones."""
    inner = rebuild(expr, lambda part: expanded(part, shapes))
    match inner:
        case Call(op) if (define := lookup(op).definition) is not None:
            # A function stays as it is, and so does a squared error, which is a norm.
            if not (lookup(op).function or SQUARED_ERROR.made(inner)):
                return _with_products(define(site_of(inner, inner, shapes)), shapes)
        case Call("div", (top, Number() | Size() as below)) if top != expr:
            return _share(top, below)
    return inner


def _share(top: Expr, below: Expr) -> Expr:
    """Return ``top / below`` as a share of the sum, its sign in front."""
    if made(top, "neg"):
        return -_share(top.args[0], below)
    if SQUARED_ERROR.made(top):
        return call("div", top, below)
    return call("div", 1, below) * top


def with_shares(expr: Expr) -> Expr:
    """Return an index form with a sum divided by a size as a share of the sum."""
    match expr:
        case Call("neg", (inner,)):
            return -with_shares(inner)
        case Call("div", (top, Number() | Size() as below)):
            return _share(with_shares(top), below)
    return expr


def _ones(rows: object, columns: object) -> Expr:
    return call("ones", rows=rows, columns=columns)  # type: ignore[arg-type]


def _with_products(expr: Expr, shapes: Mapping[str, Shape]) -> Expr:
    """Return an expression with every sum of all entries as products with transposes and ones."""
    match expr:
        case Call("sum", (inner,)) if expr.option("axis") is None:
            return _total(inner, shape_of(inner, shapes))
    return rebuild(expr, lambda part: _with_products(part, shapes))


def _total(expr: Expr, shape: Shape) -> Expr:
    rows, columns = shape
    if is_scalar(shape):
        return expr
    match expr:
        case Call("add", (left, right)) if is_column(shape):
            return _total(left, shape) + _total(right, shape)
        case Call("mul", (left, right)) if is_column(shape):
            return left.T @ right
    return _ones(ONE, rows) @ expr @ _ones(columns, ONE)


# --- shapes under the factors ---


def braced(expr: Expr, printer: Printer) -> str | None:
    """Return a product with the shape under each factor, and of what it is added to.

    None where the line has no matrix product whose sizes could meet.
    """
    match expr:
        case Call("add" | "sub" as op, (left, right)):
            parts = [braced(side, printer) for side in (left, right)]
            if not any(parts):
                return None
            sign = "+" if op == "add" else "-"
            texts = (
                part or _braced_factor(side, printer)
                for part, side in zip(parts, (left, right), strict=True)
            )
            return f" {sign} ".join(texts)
        case Call("neg", (inner,)):
            text = braced(inner, printer)
            return text and f"-{text}"
        case Call("mul", (factor, inner)) if is_scalar(printer.shape(factor)):
            text = braced(inner, printer)
            return text and rf"{printer(factor)}\,{text}"
        case Call("mul") if not is_scalar(printer.shape(expr)):
            sign = HADAMARD[printer.notation.hadamard]
            return f" {sign} ".join(_braced_factor(part, printer) for part in operands(expr, "mul"))
        case Call("matmul"):
            return r"\,".join(_braced_factor(part, printer) for part in operands(expr, "matmul"))
        case Call("div", (top, below)) if not is_scalar(printer.shape(below)):
            return rf"{_braced_factor(top, printer)} \oslash {_braced_factor(below, printer)}"
    return None


def equation(left: str, shape: Shape, expr: Expr, printer: Printer) -> str:
    """Return a line as an equation, with shapes below its factors where sizes have to meet."""
    sizes = braced(expr, printer)
    if sizes is None:
        return f"{left} = {printer(expr)}"
    if is_scalar(shape):
        return f"{left} = {sizes}"
    return rf"\exshape{{{left}}}{{{_size(shape)}}} = {sizes}"


def _braced_factor(expr: Expr, printer: Printer) -> str:
    text = printer(expr)
    if made(expr, "add", "sub", "mul", "neg", "matmul"):
        text = rf"\left({text}\right)"
    return rf"\exshape{{{text}}}{{{_size(printer.shape(expr))}}}"


def _size(shape: Shape) -> str:
    """Return rows and columns, the 1 of a column too: it is what has to meet."""
    return r" \times ".join(dim_latex(dim) for dim in shape)


# --- why ---

SAME_PLACE = (
    "Every entry depends only on the entries at the same place, so the line holds for whole "
    "arrays as it stands."
)
SAME_PLACE_TURNED = (
    "Every entry depends only on the entries at the same place, so the line holds for whole "
    "arrays, here transposed."
)
ENTRYWISE = (
    "Every factor has the same indices and nothing is summed: the product is entrywise, of arrays "
    "of the same shape."
)
ONE_DENOMINATOR = (
    "The denominator is the same for every entry: a row of ones times the numerator, the sum of "
    "all its entries."
)
DENOMINATORS = (
    "One vector of ones adds up the exponentials of each example, the other repeats that sum for "
    r"every class, so that both sides of $\oslash$ are ${{{}}}$."
)
REPEATED = "A bias has no index for the example; the ones repeat it once for each."
OUTER = (
    "Nothing is summed: each entry is an entry of a column times one of a row. So this is a column "
    "times a row, with inner size $1$."
)
DIAGONAL = (
    "Nothing is summed: each entry is multiplied by its own slope, as a product with a diagonal "
    "matrix does."
)


class Reasons(Struct, frozen=True):
    """Sentences on why a vectorised line says what its index form says.

    Attributes:
        printer: the notation, and the shapes of names and gradients.
        letters: the letter of each size.

    """

    printer: Printer
    letters: Letters

    def of(self, expr: Expr) -> str:
        """Return the reasons for each part of a line, in LaTeX text, each once."""
        if found := dict.fromkeys(self._each(expr)):
            return " ".join(found)
        shown = on_the_page(expr, self.printer.shapes, self.printer.notation.layout)
        turned = any(made(part, "transpose") for part in walk(shown))
        return SAME_PLACE_TURNED if turned else SAME_PLACE

    def _each(self, expr: Expr) -> Iterator[str]:
        match expr:
            case Call("neg", (inner,)):
                yield from self._each(inner)
            case Call("add" | "sub", (left, right)):
                yield from self._each(left)
                yield from self._each(right)
            case Call("mul", (factor, inner)) if is_scalar(self.printer.shape(factor)):
                yield from self._each(inner)
            case Call("mul"):
                yield ENTRYWISE
            case Call("div", (top, _)) if is_scalar(self.printer.shape(top)):
                yield from self._each(top)
            case Call("div", (_, below)) if is_scalar(self.printer.shape(below)):
                yield ONE_DENOMINATOR
            case Call("div"):
                yield DENOMINATORS.format(_size(self.printer.shape(expr)))
            case Call("matmul"):
                yield self._product(expr)
            case Call(SQUARED_ERROR.name, (inner, _)) if not is_scalar(self.printer.shape(inner)):
                what = "vector" if is_column(self.printer.shape(inner)) else "matrix"
                yield f"The sum of the squares of all entries is the squared norm of the {what}."
            case Call(op, (inner,)) if lookup(op).function:
                if not is_scalar(self.printer.shape(inner)):
                    yield "The function acts entry by entry, so it may take the whole array."

    def _product(self, expr: Expr) -> str:
        factors = operands(expr, "matmul")
        summed = [dim for part in factors[:-1] if (dim := self.printer.shape(part)[1]) != ONE]
        ones = [made(part, "ones") for part in factors]
        if not summed:
            return REPEATED if any(ones) else OUTER
        letters = " and ".join(f"${self.letters[dim]}$" for dim in summed)
        axes = " and ".join(f"${dim_latex(dim)}$" for dim in summed)
        if ones[0] and ones[-1]:
            return f"The vectors of ones on both sides add up all entries, over {letters}."
        if any(ones):
            return f"Adding up over {letters} is a product with a vector of {axes} ones."
        if any(made(part, "diag") for part in factors):
            return DIAGONAL
        if len(summed) > 1:
            return (
                f"The sums over {letters} are matrix products: the factors meet along the sizes "
                f"{axes}."
            )
        return (
            f"The sum over {letters} is a matrix product: two factors meet along the size {axes}."
        )
