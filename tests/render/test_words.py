"""Figures and plots in words."""

from __future__ import annotations

import re

from exgen.render.words import PLOTS, in_words
from exgen.resources import templates

DRAWING = "\\begin{tikzpicture}\n\\draw (0,0);\n\\end{tikzpicture}\n"


def test_a_figure_keeps_only_its_description() -> None:
    """The drawing goes, and its description stays the argument of the figure."""
    figure = f"A\n\\begin{{exfigure}}{{Gates: x into +.}}\n{DRAWING}\\end{{exfigure}}\nB"
    assert in_words(figure) == "A\n\\begin{exfigure}{Gates: x into +.}\n\\end{exfigure}\nB"


def test_a_plot_becomes_its_description() -> None:
    """Each plot has a sentence that says what it shows."""
    for name, words in PLOTS.items():
        assert words in in_words(rf"\explot{{{name}}}")
        assert words.endswith(".")


def test_every_plot_is_drawn_and_told() -> None:
    """TikZ has a drawing for each plot that has a description, and for no other."""
    drawn = (templates() / "documents/plots.tex.j2").read_text(encoding="utf-8")
    assert set(re.findall(r"explot@(\w+)", drawn)) == set(PLOTS)


def test_a_drawing_without_description_stays() -> None:
    """What cannot be said in words is left for the converter to complain about."""
    assert in_words(DRAWING) == DRAWING
