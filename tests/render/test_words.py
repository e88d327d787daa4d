"""Figures and plots in words."""

from __future__ import annotations

import pytest

from exgen.render.plots import PLOTS
from exgen.render.words import in_words, points_each

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


@pytest.mark.parametrize(
    ("total", "parts", "each"),
    [
        (5, 5, "1, 1, 1, 1, 1"),
        (10, 4, "3, 3, 2, 2"),
        (2, 4, "1/2, 1/2, 1/2, 1/2"),
        (5, 2, "3, 2"),
        (1, 3, "1/2, 1/4, 1/4"),
        (0, 2, "0, 0"),
        (3, 0, ""),
    ],
)
def test_points_are_split(total: int, parts: int, each: str) -> None:
    """What the parts are worth is the total, in the largest unit that reaches all of them."""
    assert ", ".join(points_each(total, parts)) == each
