"""Figures and plots in words, for every target that has no TikZ; points in figures."""

from __future__ import annotations

import re
from fractions import Fraction

from exgen.render.plots import ASKED, PLOTS

DRAWING = re.compile(r"\\begin\{tikzpicture\}.*?\\end\{tikzpicture\}\n?", re.DOTALL)
FIGURE = re.compile(r"(\\begin\{exfigure\}\{.*?\}\n)(.*?)(?=\\end\{exfigure\})", re.DOTALL)


def in_words(body: str) -> str:
    r"""Return the TeX of a problem with each figure and plot reduced to its description.

    What remains is an ``exfigure`` with the description as its argument and nothing inside;
    a drawing outside of such a figure has no description, and is left as it stands.
    """
    bare = FIGURE.sub(lambda found: found[1] + DRAWING.sub("", found[2]), body)
    return ASKED.sub(_plot, bare)


def _plot(found: re.Match[str]) -> str:
    return f"\\begin{{exfigure}}{{{PLOTS[found[1]].words}}}\n\\end{{exfigure}}"


def points_each(total: int, parts: int) -> tuple[str, ...]:
    """Return what each of several parts is worth, such as ``1 1/2``; together they are the total.

    Points are whole where there are enough of them, else halves, then quarters. The first parts
    get what does not divide evenly.
    """
    unit = Fraction(1)
    while parts * unit > total > 0:
        unit /= 2
    each, rest = divmod(int(total / unit), max(parts, 1))
    return tuple(_mixed((each + (n < rest)) * unit) for n in range(parts))


def _mixed(number: Fraction) -> str:
    whole, rest = divmod(number, 1)
    return " ".join(str(part) for part in (whole, rest) if part) or "0"
