r"""Formulas that are wider than the page, broken into aligned lines before TeX sets them.

They are broken as print does it: first at equals signs, then before the signs of a sum, last
between the factors of a product. A bracket whose content may be broken loses its ``\left`` and
``\right``, which would keep it on one line, for signs of a fixed size.
"""

from __future__ import annotations

import re
from itertools import pairwise, zip_longest
from operator import add
from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.render.widths import formula_width

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PAGE = 145.0
"""How wide a line of a solution is, in millimetres: that of a part."""
SAFE = 0.93
"""Up to which share of the line an estimate is trusted."""
OPEN = 0.3
"""From which share of a line on a bracket may be broken."""
WHOLE = 153.0
"""How wide a line of a solution is where the problem has no parts, in millimetres."""
BETWEEN = 7.0
"""Between an equation and its reason, in millimetres: two ems, or a little more."""
RELATION, SUM, PRODUCT, NOWHERE = range(4)
"""How good a place for a break is, the best first."""

_ENVIRONMENT = r"\\begin\{(?P<env>[a-z]+)\}.*?\\end\{(?P=env)\}"
_PIECE = re.compile(
    rf"(?:{_ENVIRONMENT}|\\left\s*(?:\\.[a-zA-Z]*|.)|\\right\s*(?:\\.[a-zA-Z]*|.)"
    r"|\\[A-Za-z]+\*?|\\.|\s+|.)"
)
_PLACES = {
    **dict.fromkeys(("=", r"\approx"), RELATION),
    **dict.fromkeys("+-", SUM),
    **dict.fromkeys((r"\cdot", r"\times", r"\odot", r"\oslash", "*", r"\,"), PRODUCT),
}
ANSWER = r"\exanswer{"
_ALIGNED = re.compile(r"(?<!\\)&|\\begin\{(?:aligned|cases)\}")
_MATRIX = re.compile(r"\\begin\{([bvp]?matrix|array)\}.*?\\end\{\1\}", re.DOTALL)


class _Atom(Struct, frozen=True):
    """What is not broken, how good a place before it is, and whether it ends in the answer."""

    latex: str
    before: int
    answer: bool = False


def display(latex: str, page: float = PAGE) -> str:
    """Return a formula for display style: as it is, or in aligned lines.

    Args:
        latex: the formula, without the signs that begin mathematics.
        page: how wide a line is, in millimetres.

    """
    lines = broken(latex, page)
    if len(lines) == 1:
        return latex
    return rf"\begin{{aligned}} {(chr(92) * 2).join(lines)} \end{{aligned}}"


def wide(right: str, left: str = "", page: float = PAGE) -> str:
    """Return the right side of a line with a place of alignment, in several such lines if needed.

    Args:
        right: what stands right of the equals sign.
        left: what stands left of it.
        page: how wide a line is, in millimetres.

    """
    room = SAFE * page - formula_width(f"{left} = ")
    if formula_width(right) <= room or _is_aligned(right):
        return right
    return r" \\* &\quad ".join(_filled(_atoms(_opened(right, room)), room))


def chain(
    rows: Sequence[tuple[str, str]],
    gap: str = "",
    page: float = PAGE,
    said: Callable[[str], str] = str,
) -> str:
    r"""Return the body of an ``align*`` whose rows have reasons, beside them where that fits.

    The reasons stand in a column; else each at the end of its line; below the lines only where
    one of them would not fit.

    Args:
        rows: each an equation with one place of alignment, and its reason in LaTeX or nothing.
        gap: what follows ``\\``, such as ``[1mm]``.
        page: how wide a line is, in millimetres.
        said: what is printed for a reason, which says how wide it is.

    """
    room = SAFE * page
    sides = [equation.partition("&") for equation, _ in rows]
    lefts = max(formula_width(left) for left, _, _ in sides)
    rights = [formula_width(right) for _, _, right in sides]
    reasons = [formula_width(said(reason)) for _, reason in rows]
    if lefts + max(rights) + BETWEEN + max(reasons) <= room:
        before = " && "
    elif lefts + BETWEEN + max(map(add, rights, reasons)) <= room:
        before = r" \qquad "
    else:
        before = r" \\* &\qquad "
    lines: list[str] = []
    for equation, reason in rows:
        left, sign, right = equation.partition("&=")
        line = f"{left}&= {wide(right.strip(), left, page)}" if sign else equation
        if reason:
            line += before + reason
        lines.append(line)
    return "".join(rf"{line}{_end(n, len(lines), gap)}" for n, line in enumerate(lines))


def _end(row: int, rows: int, gap: str = "") -> str:
    """Return the end of a row; neither the first nor the last stands alone on a page."""
    if row + 1 == rows:
        return ""
    return rf" \\{'*' if row in (0, rows - 2) else ''}{gap} "


def pairs(equations: Sequence[str], page: float = PAGE) -> str:
    """Return equations as the body of an ``align*``: two to a line where they fit, else broken.

    A wide equation goes on below, at its last sign of equality, where both columns then fit.

    Args:
        equations: each with one place of alignment.
        page: how wide a line is, in millimetres.

    """
    cells = [[equation] for equation in equations]
    if not _side_by_side(cells, page):
        cells = [_halved(equation, page / 2) for equation in equations]
    if not _side_by_side(cells, page):
        return chain([(equation, "") for equation in equations], page=page)
    rows = [
        (" & ".join(pair), n + 1 < max(map(len, cells[at : at + 2])))
        for at in range(0, len(cells), 2)
        for n, pair in enumerate(zip_longest(*cells[at : at + 2], fillvalue="&"))
    ]
    ends = [
        r" \\*" if goes_on else _end(n, len(rows)).rstrip() for n, (_, goes_on) in enumerate(rows)
    ]
    return "\n".join(f"{row}{end}" for (row, _), end in zip(rows, ends, strict=True))


def _side_by_side(cells: Sequence[Sequence[str]], page: float) -> bool:
    """Whether equations, each in so many lines, fit in two columns."""
    widths = [max(formula_width(line.replace("&", "")) for line in cell) for cell in cells]
    return max(widths[::2]) + max(widths[1::2], default=0.0) + BETWEEN <= SAFE * page


def _halved(equation: str, room: float) -> list[str]:
    """Return an equation of several sides in two lines where one is wider than the room."""
    first, sign, last = equation.rpartition(" = ")
    whole = sign and first.count("{") == first.count("}")
    if not whole or formula_width(equation.replace("&", "")) <= SAFE * room - BETWEEN:
        return [equation]
    return [first, f"&= {last}"]


def broken(latex: str, page: float = PAGE) -> list[str]:
    """Return a formula in lines that fit, each with one place of alignment; as it is if it fits.

    What has places of alignment of its own is left as it is.
    """
    room = SAFE * page
    if formula_width(latex) <= room or _is_aligned(latex):
        return [latex]
    sides = _split(_atoms(_opened(latex, room)), RELATION)
    left = _joined(sides.pop(0)) if len(sides) > 1 else ""
    lines: list[str] = []
    for side in sides:
        for n, line in enumerate(_filled(side, room - formula_width(left))):
            indent = r"\quad " if n else ""
            lines.append(f"{left if not lines else ''} & {indent}{line} ".lstrip())
    return lines


def _is_aligned(latex: str) -> bool:
    """Whether a formula has places of alignment outside of its matrices."""
    return _ALIGNED.search(_MATRIX.sub("", latex)) is not None


def _filled(side: list[_Atom], room: float) -> list[str]:
    """Return a side of an equation in lines: between terms where they fit, else between factors."""
    lines: list[list[_Atom]] = [[]]
    for term in _split(side, SUM):
        fits = formula_width(_joined(term)) <= room
        for part in [term] if fits else _split(term, PRODUCT):
            if lines[-1] and formula_width(_joined([*lines[-1], *part])) > room:
                lines.append([])
            lines[-1] += part
    return [_joined(line) for line in lines]


def _joined(atoms: list[_Atom]) -> str:
    """Return atoms as one formula; those of the answer share its colour and its spacing."""
    text, answer = "", False
    for atom in atoms:
        goes_on = answer and atom.latex.startswith(ANSWER)
        text = f"{text[:-1]}{atom.latex.removeprefix(ANSWER)}" if goes_on else text + atom.latex
        answer = atom.answer
    return re.sub(r"^(\\exanswer\{)(?=[+-])", r"\1{}", text.strip())


def _split(atoms: list[_Atom], level: int) -> list[list[_Atom]]:
    """Return the stretches between the places for a break that are at least so good."""
    starts = [n for n, atom in enumerate(atoms) if n and atom.before <= level]
    return [atoms[one:two] for one, two in pairwise([0, *starts, len(atoms)])]


def _pieces(latex: str) -> list[str]:
    return [match[0] for match in _PIECE.finditer(latex)]


def _depth(piece: str) -> int:
    if piece == "{" or re.match(r"\\left(?![a-zA-Z])", piece):
        return 1
    if piece == "}" or re.match(r"\\right(?![a-zA-Z])", piece):
        return -1
    return 0


def _closing(pieces: list[str], at: int) -> int:
    """Return the place of what closes the group that opens at a place."""
    depth = 0
    for place in range(at, len(pieces)):
        depth += _depth(pieces[place])
        if depth == 0:
            return place
    return len(pieces)


def _opened(latex: str, room: float) -> str:
    """Return a formula whose wide brackets may be broken, those of the answer too."""
    pieces, found, at = _pieces(latex), "", 0
    while at < len(pieces):
        piece = pieces[at]
        end = _closing(pieces, at) if _depth(piece) > 0 else at
        inner = "".join(pieces[at + 1 : end])
        if piece == "{" and found.endswith(r"\exanswer"):
            found += f"{{{_opened(inner, room)}}}"
        elif piece.startswith(r"\left") and end > at and formula_width(inner) > OPEN * room:
            size = _size(inner)
            one, two = piece.removeprefix(r"\left"), pieces[end].removeprefix(r"\right")
            found += rf"\{size}l{one}{_opened(inner, room)}\{size}r{two}"
        else:
            found += "".join(pieces[at : end + 1])
        at = end + 1
    return found


def _size(latex: str) -> str:
    """Return the size of brackets around a formula whose fractions stand in display style."""
    if re.search(r"\\frac\{[^{}]*\\frac", latex):
        return "Bigg"
    return "bigg" if re.search(r"\\(?:frac|sum)\b", latex) else "big"


def _atoms(latex: str) -> list[_Atom]:
    """Cut a formula at all places for a break that lie outside of groups."""
    pieces, found, at = _pieces(latex), [_Atom("", NOWHERE)], 0

    def add(text: str, before: int, *, answer: bool = False) -> None:
        if before == NOWHERE or not found[-1].latex.strip():
            found[-1] = _Atom(found[-1].latex + text, min(before, found[-1].before), answer)
        else:
            found.append(_Atom(text, before, answer))

    while at < len(pieces):
        piece = pieces[at]
        end = _closing(pieces, at) if _depth(piece) > 0 else at
        if piece == r"\exanswer":
            end = _closing(pieces, at + 1)
            for atom in _atoms("".join(pieces[at + 2 : end])):
                add(rf"\exanswer{{{atom.latex}}}", atom.before, answer=True)
        elif piece == r"\,":
            add(piece, NOWHERE)
            found.append(_Atom("", PRODUCT))
        else:
            place = _PLACES.get(piece, NOWHERE)
            sign = place == SUM and not _ends_term(found)
            add("".join(pieces[at : end + 1]), NOWHERE if sign else place)
        at = end + 1
    return found


def _ends_term(found: list[_Atom]) -> bool:
    """Whether a sign that comes next joins two terms, instead of changing the sign of one."""
    text = "".join(atom.latex for atom in found).rstrip()
    return bool(text) and not re.search(
        r"(?:[=([{+\-*]|\\cdot|\\times|\\[A-Za-z]*l[(\[|]|\\\{|\\,)$", text
    )
