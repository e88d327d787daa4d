"""How much room a label needs: an estimate, on the safe side, of the width of short LaTeX."""

from __future__ import annotations

import re

GLYPH = 1.95
"""The width of a letter in millimetres, in the type of a figure (9 pt); most are narrower."""
SCRIPT = 0.72
"""How much smaller subscripts and superscripts are."""
PIECES = re.compile(r"\\[A-Za-z]+|\\.|[{}^_]|.")
INVISIBLE = frozenset(
    [
        *(r"\mathbf", r"\mathrm", r"\mathsf", r"\mathcal", r"\boldsymbol", r"\operatorname"),
        *(r"\left", r"\right", r"\hat", r"\bar", r"\tilde", r"\,"),
    ]
)
WORDS = frozenset({r"\tanh", r"\exp", r"\log"})
WIDE = frozenset("+-=mwMW")
CAPITALS = 1.25
"""How much wider than other letters the upright capitals of a function's name are."""
NARROW = {**dict.fromkeys("0123456789", 0.87), **dict.fromkeys(".,:|", 0.55)}
"""The widths of signs in letters."""


def text_width(latex: str) -> float:
    """Return the width of a short formula in millimetres.

    Subscript and superscript of one symbol are counted one after the other, as if they did not
    stand above each other: the estimate is an upper bound.
    """
    width, depth, script_at = 0.0, 0, -1
    one_script = False
    named = r"\mathrm" in latex
    for piece in PIECES.findall(latex):
        if piece == "{":
            depth += 1
            if one_script:
                script_at, one_script = depth, False
            continue
        if piece == "}":
            if depth == script_at:
                script_at = -1
            depth -= 1
            continue
        if piece in "^_":
            one_script = script_at < 0
            continue
        if piece in INVISIBLE or piece.isspace():
            continue
        wide = 1.35 if piece in WIDE else NARROW.get(piece, 1.0)
        if named and piece.isupper():
            wide = CAPITALS
        glyphs = len(piece) - 1 if piece in WORDS else wide
        small = script_at >= 0 or one_script
        width += GLYPH * glyphs * (SCRIPT if small else 1)
        one_script = False
    return width
