"""What can stand in a blank: an expression, an equation, a grid, a shape, names, arrows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.graph import ONE, SCALAR, Expr, Name, Shape
from exgen.readback.formulas import Formulas
from exgen.readback.tokens import error_at

if TYPE_CHECKING:
    from exgen.readback.cursor import Part
    from exgen.readback.vocabulary import Vocabulary

Relation = list[tuple[str, "Part"]]
RELATIONS = ("=", r"\approx", r"\le", r"\ge", "<", ">")
MAX_ENTRIES = 400


def read_expression(
    latex: str, known: Vocabulary, shape: Shape | None = None, *, or_scalar: bool = False
) -> Part:
    """Read one expression.

    Args:
        latex: the text, for math mode.
        known: what the reader knows.
        shape: the shape it must have, where one is known.
        or_scalar: whether it may be a scalar instead.

    Raises:
        CertificateError: the text is not an expression in this notation, or not of that shape.

    """
    cursor = Formulas(latex, known)
    part = cursor.sum()
    if cursor.text:
        raise cursor.error(f"'{cursor.text}' does not belong here")
    return cursor.settled(part, None if or_scalar and part.is_scalar else shape)


def read_relation(
    latex: str, known: Vocabulary, shape: Shape | None = None, *, or_scalar: bool = False
) -> Relation:
    """Read sides with signs such as ``=`` between them; the first one has no sign.

    ``shape`` and ``or_scalar`` are as in :func:`read_expression`.

    Raises:
        CertificateError: a side is not an expression, or shapes differ.

    """
    cursor = Formulas(latex, known)
    sides: Relation = [("", cursor.sum())]
    while sign := cursor.take(*RELATIONS):
        sides.append((sign, cursor.sum()))
        before, after = sides[-2][1], sides[-1][1]
        if sign != "=" and (before.is_scalar or after.is_scalar):
            continue  # every entry compares with the one number
        for left, right in zip(before.shape, after.shape, strict=True):
            cursor.same_size(left, right, "the two sides have different shapes", before.start)
    if cursor.text:
        raise cursor.error(f"'{cursor.text}' does not belong here")
    return [
        (sign, cursor.settled(part, None if or_scalar and part.is_scalar else shape))
        for sign, part in sides
    ]


def read_cells(latex: str, known: Vocabulary) -> tuple[tuple[Expr, ...], ...]:
    """Read a number, a matrix of scalars, or a ruled grid of them, row by row.

    Raises:
        CertificateError: a cell is not a scalar, or the rows have different lengths.

    """
    cursor = Formulas(latex, known)
    rule = bool(cursor.text.startswith(r"\begin{array}"))
    columns = cursor.text.count("c") if rule else 0
    closing = ""
    if rule or cursor.text == r"\begin{bmatrix}":
        closing = cursor.next().text.replace("begin", "end").partition("{|")[0]
    rows: list[list[Expr]] = []
    while True:
        if rule:
            cursor.expect(r"\hline")
        if closing and cursor.take(closing):
            break
        rows.append([_cell(cursor)])
        while cursor.take("&"):
            rows[-1].append(_cell(cursor))
            cursor.counted(len(rows[-1]))
        if rule:
            cursor.expect(r"\\")
        elif not (closing and cursor.take(r"\\")):
            if closing:
                cursor.expect(closing)
            break
        if len(rows) > MAX_ENTRIES:
            raise cursor.error(f"more than {MAX_ENTRIES} rows")
    if cursor.text:
        raise cursor.error(f"'{cursor.text}' does not belong here")
    lengths = {len(row) for row in rows} | ({columns} if rule else set())
    if len(lengths) != 1:
        raise error_at(latex, 0, len(latex), "the rows have different lengths")
    return tuple(map(tuple, rows))


def _cell(cursor: Formulas) -> Expr:
    part = cursor.sum()
    if not part.is_scalar:
        raise error_at(cursor.latex, part.start, part.end, "this entry is not a scalar")
    return part.expr


def read_shape(latex: str, known: Vocabulary) -> Shape:
    r"""Read a shape: ``180`` for a column, or ``180 \times 257``; ``1`` for a scalar.

    Raises:
        CertificateError: the text is no shape, or names a size that is not known.

    """
    cursor = Formulas(latex, known)
    dims = cursor.dims_in(cursor.tokens)
    if len(dims) > len(SCALAR):
        raise error_at(latex, 0, len(latex), "more than two sizes")
    return dims if len(dims) == len(SCALAR) else (dims[0], ONE)


def read_names(latex: str, known: Vocabulary) -> tuple[str, ...]:
    """Read one name, or several with commas between them.

    Raises:
        CertificateError: something else than names stands there.

    """
    cursor = Formulas(latex, known)
    names = _names(cursor)
    if cursor.text:
        raise cursor.error(f"'{cursor.text}' does not belong here")
    return names


def _names(cursor: Formulas) -> tuple[str, ...]:
    found: list[str] = []
    while True:
        start = cursor.start
        part = cursor.symbol()
        if not isinstance(part.expr, Name):
            raise cursor.error("this is no name", start)
        found.append(part.expr.name)
        if not cursor.take(","):
            return tuple(found)


def read_arrows(latex: str, known: Vocabulary) -> tuple[tuple[str, str], ...]:
    r"""Read lists such as ``x, W \to z`` as pairs of a quantity and the line that reads it.

    Raises:
        CertificateError: something else than names and arrows stands there.

    """
    cursor = Formulas(latex, known)
    found: list[tuple[str, str]] = []
    while True:
        sources = _names(cursor)
        cursor.expect(r"\to")
        start = cursor.start
        target = cursor.symbol()
        if not isinstance(target.expr, Name):
            raise cursor.error("this is no name", start)
        found += [(source, target.expr.name) for source in sources]
        if not cursor.take(","):
            break
    if cursor.text:
        raise cursor.error(f"'{cursor.text}' does not belong here")
    return tuple(found)
