"""Figures and plots in words."""

from __future__ import annotations

from exgen.render.plots import PLOTS
from exgen.render.words import in_words

DRAWING = "\\begin{tikzpicture}\n\\draw (0,0);\n\\end{tikzpicture}\n"


def test_a_figure_keeps_only_its_description() -> None:
    """The drawing goes, and its description stays the argument of the figure."""
    figure = f"A\n\\begin{{exfigure}}{{Gates: x into +.}}\n{DRAWING}\\end{{exfigure}}\nB"
    assert in_words(figure) == "A\n\\begin{exfigure}{Gates: x into +.}\n\\end{exfigure}\nB"


def test_a_plot_becomes_its_description() -> None:
    """Each plot has a sentence that says what it shows."""
    for name, plot in PLOTS.items():
        assert plot.words in in_words(rf"\explot{{{name}}}")
        assert plot.words.endswith(".")


def test_a_drawing_without_description_stays() -> None:
    """What cannot be said in words is left for the converter to complain about."""
    assert in_words(DRAWING) == DRAWING
