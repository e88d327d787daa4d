"""What a terminal gets to see: how far work is, and signs in place of those that it lacks.

A codec that meets a character it does not have asks the handler here. So text is changed only
where it must be, and nothing that is printed needs to know of it.
"""

from __future__ import annotations

import codecs
import re
import sys
import unicodedata
from contextlib import contextmanager
from io import TextIOWrapper
from time import monotonic
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TextIO

PATIENCE = 1.0
"""Seconds after which somebody begins to wonder."""
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


@contextmanager
def progress(total: int, label: str) -> Iterator[Callable[[int, str], None]]:
    """Give what tells how many steps of some work are done, and what it is at.

    A bar comes up on standard error once the work has lasted a while, if that is a terminal.
    """
    began = monotonic()
    bar = click.progressbar(
        length=total, label=label, file=sys.stderr, show_pos=True, item_show_func=str
    )

    def tell(done: int, what: str) -> None:
        if sys.stderr.isatty() and monotonic() - began >= PATIENCE:
            bar.update(done - bar.pos, what)
            bar.render_progress()

    try:
        yield tell
    finally:
        if bar.current_item is not None:
            bar.render_finish()
