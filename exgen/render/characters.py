"""The characters that a title may have, and how pdflatex comes to print each.

Most stand in the encodings T1 and TS1, which LaTeX knows by itself. Vietnamese has an encoding of
its own, T5, which Latin Modern has too. Other Latin letters are put together from a letter and
its accents. What a page has of the last two sorts is declared in its preamble, so that in the
source every text stands as it was written.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from exgen.errors import BankError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SETTABLE = re.compile("[ -~¡-¬®-ÿĀ-ĥĨ-ķĹ-ľŁ-ňŊ-ťŨ-žȘ-ț‐‑–—―‘’‚“”„†‡•…‰‹›€™←↑→↓]")
"""The characters that pdflatex can set with Latin Modern in the encodings T1 and TS1."""
LIGATURE = re.compile(r"([<>,'‐‑‘’])(?=\1)")
"""Pairs that TeX would set as one sign, such as ``<<``."""
NO_BREAK = "\u00a0"
THIN = re.compile("[\u2009\u200a\u202f]")
"""Thin spaces, with which French sets off its signs; no line breaks at them."""

VIETNAMESE = (
    "ÀÁÃẢẠÂẦẤẪẨẬĂẰẮẴẲẶÈÉẼẺẸÊỀẾỄỂỆÌÍĨỈ"
    "àáãảạâầấẫẩậăằắẵẳặèéẽẻẹêềếễểệìíĩỉ"
    "ỊÒÓÕỎỌÔỒỐỖỔỘƠỜỚỠỞỢÙÚŨỦỤƯỪỨỮỬỰỲÝỸ"
    "ịòóõỏọôồốỗổộơờớỡởợùúũủụưừứữửựỳýỹ"
)
T5: Mapping[str, int] = {letter: 128 + n for n, letter in enumerate(VIETNAMESE)} | {
    letter: 26 + n for n, letter in enumerate("ỶỷỴỵ")
}
"""The place of a letter in the encoding T5, as lm-t5.enc lists them."""
T5_PREAMBLE = r"\DeclareFontEncoding{T5}{}{}\DeclareFontSubstitution{T5}{lmr}{m}{n}"

ACCENTS: Mapping[str, str] = {
    "\u0300": r"\`", "\u0301": r"\'", "\u0302": r"\^", "\u0303": r"\~", "\u0304": r"\=",
    "\u0306": r"\u", "\u0307": r"\.", "\u0308": r"\"", "\u030a": r"\r", "\u030b": r"\H",
    "\u030c": r"\v", "\u0323": r"\d", "\u0327": r"\c", "\u0328": r"\k", "\u0331": r"\b",
}  # fmt: skip
BELOW = frozenset("\u0323\u0327\u0328\u0331")
DOTLESS: Mapping[str, str] = {"i": r"\i", "j": r"\j"}


@lru_cache(maxsize=4096)
def escape(text: str) -> str:
    """Return plain text so that TeX prints it as it stands.

    Raises:
        BankError: it holds a character that the fonts of the page do not have.

    """
    from pylatex.utils import escape_latex

    check_text(text)
    plain = _printable(text)
    # `\^{}` would be an accent without a letter, and two signs in a row may become a third one.
    escaped = str(escape_latex(plain)).replace(r"\^{}", r"\textasciicircum{}")
    escaped = LIGATURE.sub(r"\1{}", escaped.replace("`", r"\textasciigrave{}"))
    return THIN.sub(r"\\,", escaped)


def check_text(text: str, place: str = "", remedy: str = "") -> None:
    """Refuse a text with a character that no page can have.

    Raises:
        BankError: with the place that is given.

    """
    plain = _printable(text)
    if plain.isascii():
        return
    for char in plain:
        if not _is_settable(char):
            raise BankError(
                f"TeX cannot print {char!r} (U+{ord(char):04X}), which stands in '{plain.strip()}'",
                place=place,
                remedy=remedy or "Write it with Latin letters and common signs.",
            )


def declarations(texts: Iterable[str]) -> list[str]:
    """Return the lines of a preamble for the letters that LaTeX does not know by itself."""
    letters = sorted({char for text in texts for char in text if not SETTABLE.match(char)})
    known = {char: tex for char in letters if (tex := _declared(char)) is not None}
    return [
        *([T5_PREAMBLE] if known.keys() & T5.keys() else []),
        *(rf"\DeclareUnicodeCharacter{{{ord(char):04X}}}{{{tex}}}" for char, tex in known.items()),
    ]


def spelled(text: str) -> str:
    """Return TeX in which each letter that LaTeX does not know is put together where it stands."""
    return "".join(
        char if SETTABLE.match(char) or (tex := _declared(char)) is None else f"{{{tex}}}"
        for char in text
    )


def _is_settable(char: str) -> bool:
    return bool(SETTABLE.match(char) or THIN.match(char)) or (
        char == NO_BREAK or _declared(char) is not None
    )


def _declared(char: str) -> str | None:
    """Return the TeX of a letter beyond T1; None where there is none."""
    if char in T5:
        return rf"{{\fontencoding{{T5}}\selectfont\char{T5[char]} }}"
    parts = unicodedata.normalize("NFD", char)
    base, accents = parts[0], parts[1:]
    if not accents or not base.isascii() or not set(accents) <= ACCENTS.keys():
        return None
    above = [accent for accent in accents if accent not in BELOW]
    written = DOTLESS.get(base, base) if above else base
    # The accents above first: what lies below is put under all of them.
    for accent in (*above, *(accent for accent in accents if accent in BELOW)):
        written = rf"{ACCENTS[accent]}{{{written}}}"
    return written


def _printable(text: str) -> str:
    """Return text with composed accents and without control characters, where TeX would stop."""
    if text.isascii() and text.isprintable():
        return text
    composed = unicodedata.normalize("NFC", text)
    shown = (char for char in composed if unicodedata.category(char) != "Cf")
    kept = (c if c.isprintable() or c == NO_BREAK or THIN.match(c) else " " for c in shown)
    return "".join(kept)
