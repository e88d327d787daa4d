"""What a terminal or a pipe without Unicode gets to see: signs of its own that can be read.

A codec that meets a character it does not have asks the handler here. So text is changed only
where it must be, and nothing that is printed needs to know of it.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from io import TextIOWrapper
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

HANDLER = "exgen.readable"
SIGNS: Mapping[str, str] = {
    "∂": "d", "∇": "grad", "∑": "sum", "∏": "prod", "∫": "int", "√": "sqrt", "∞": "inf",
    "⊙": ".*", "⊘": "./", "∘": ".*", "·": "*", "×": "x", "∗": "*", "⋅": "*", "−": "-",
    "⊤": "T", "ᵀ": "T", "‖": "||", "∥": "||", "≠": "!=", "≤": "<=", "≥": ">=", "≈": "~",
    "→": "->", "⟶": "->", "↦": "->", "←": "<-", "⇒": "=>", "∈": "in", "∀": "for all ",
    "ℓ": "l", "𝟙": "1", "±": "+-", "–": "-", "—": "-", "‐": "-", "‑": "-", "…": "...",
    "‘": "'", "’": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "•": "-",
    "ß": "ss", "Æ": "AE", "æ": "ae", "Ø": "O", "ø": "o", "Œ": "OE", "œ": "oe", "Đ": "D",
    "đ": "d", "Ł": "L", "ł": "l", "ı": "i", "€": "EUR",
}  # fmt: skip
GREEK = re.compile(r"GREEK (SMALL|CAPITAL) LETTER (\w+)")
UNKNOWN = "?"


def degrade(*streams: TextIO | None) -> None:
    """Let streams print what their encoding lacks in other signs, where they would stop."""
    codecs.register_error(HANDLER, _replaced)
    for stream in streams:
        if isinstance(stream, TextIOWrapper) and not stream.encoding.lower().startswith("utf"):
            stream.reconfigure(errors=HANDLER)


def readable(character: str) -> str:
    """Return a character in ASCII: another sign, a letter without its accent, or its name."""
    if character in SIGNS:
        return SIGNS[character]
    plain = unicodedata.normalize("NFKD", character)
    letters = "".join(
        SIGNS.get(c, c) if not (greek := GREEK.match(unicodedata.name(c, ""))) else _named(greek)
        for c in plain
        if not unicodedata.combining(c)
    )
    return letters if letters and letters.isascii() else UNKNOWN


def _named(greek: re.Match[str]) -> str:
    name = greek[2].lower().replace("lamda", "lambda")
    return name.capitalize() if greek[1] == "CAPITAL" else name


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(map(readable, text)), error.end
