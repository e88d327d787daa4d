"""Plots: computed once for each that is asked for, with the right points."""

from __future__ import annotations

import math
import re

from exgen.render.plots import PLOTS, plots


def test_only_what_is_asked_for_and_once() -> None:
    """A text without a plot gets none; one that asks twice gets one."""
    assert plots("nothing") == []
    assert [
        plot.name for plot in plots(r"\explot{minuslog} \explot{sigmoid} \explot{minuslog}")
    ] == [
        "minuslog",
        "sigmoid",
    ]


def test_points_lie_on_the_curve() -> None:
    """Every point of the sigmoid is one: y = 1 / (1 + e^-z), in centimetres of the plot."""
    curve = PLOTS["sigmoid"].curves[0]
    points = re.findall(r"\((-?[\d.]+),(-?[\d.]+)\)", curve.path)
    assert len(points) == 61
    for x, y in points:
        assert abs(float(y) / 2.2 - 1 / (1 + math.exp(-float(x) / 0.5))) < 0.01


def test_the_slope_stays_below_a_quarter() -> None:
    """The drawn slope of the sigmoid peaks at 1/4 of the height of 1."""
    slope = PLOTS["sigmoid"].curves[1]
    heights = [float(y) for y in re.findall(r",(-?[\d.]+)\)", slope.path)]
    assert max(heights) == 0.25 * 2.2
