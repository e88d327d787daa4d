"""Numbers as they stand on the key: the LaTeX of a number, a column or a grid."""

from __future__ import annotations

import re

MARKS = re.compile(r"\\hline|\\(?:begin|end)\{[a-z]+\}(?:\{[|c]+\})?")
FRACTION = re.compile(r"(-?)\\frac\{(\d+)\}\{(\d+)\}")
TIMES = re.compile(r"\\times")


def printed_numbers(latex: str) -> list[list[float]]:
    """Return printed numbers, row by row.

    Raises:
        ValueError: something else than numbers is printed.

    """
    body = MARKS.sub(" ", latex).strip()
    rows = [row for row in body.split(r"\\") if row.strip()]
    return [[_number(entry.strip()) for entry in row.split("&")] for row in rows]


def printed_sizes(latex: str) -> list[int] | None:
    """Return a printed shape; None where one of its sizes is a letter."""
    parts = [part.strip() for part in TIMES.split(latex)]
    return [int(part) for part in parts] if all(part.isdigit() for part in parts) else None


def _number(text: str) -> float:
    fraction = FRACTION.fullmatch(text)
    if fraction:
        value = int(fraction[2]) / int(fraction[3])
        return -value if fraction[1] else value
    return float(text)
