"""Figures and plots in words, for every target that has no TikZ."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PLOTS: Mapping[str, str] = {
    "sigmoid": "The sigmoid climbs from 0 to 1; its slope is largest at 0, where it is 1/4, and "
    "next to nothing far from 0.",
    "minuslog": "The loss is large near q = 0 and falls, steeply at first, to 0 at q = 1.",
}
"""What each plot shows; ``documents/plots.tex.j2`` draws them."""
ASKED = re.compile(r"\\explot\{([a-z]+)\}")
DRAWING = re.compile(
    r"\\begin\{tikzpicture\}.*?\\end\{tikzpicture\}\n?(?:\\exlegend\{[^{}]*\}\n?)?", re.DOTALL
)
FIGURE = re.compile(r"(\\begin\{exfigure\}\{.*?\}\n)(.*?)(?=\\end\{exfigure\})", re.DOTALL)


def in_words(body: str) -> str:
    r"""Return the TeX of a problem with each figure and plot reduced to its description.

    What remains is an ``exfigure`` with the description as its argument and nothing inside;
    a drawing outside of such a figure has no description, and is left as it stands.
    """
    bare = FIGURE.sub(lambda found: found[1] + DRAWING.sub("", found[2]), body)
    return ASKED.sub(_plot, bare)


def _plot(found: re.Match[str]) -> str:
    return f"\\begin{{exfigure}}{{{PLOTS[found[1]]}}}\n\\end{{exfigure}}"
