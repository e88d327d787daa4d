"""Curves that a sheet may show, computed here and drawn by TikZ as paths with coordinates."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ASKED = re.compile(r"\\explot\{([a-z]+)\}")
POINTS = 60


@dataclass(frozen=True, slots=True)
class Curve:
    """One curve: its label, where the label stands, and its points in centimetres."""

    label: str
    side: str
    at: str
    path: str


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot: what it shows in words, its axes in centimetres, the marks on them, its curves."""

    name: str
    words: str
    left: str
    right: str
    bottom: str
    top: str
    variable: str
    across: tuple[tuple[str, str], ...]
    up: tuple[tuple[str, str], ...]
    curves: tuple[Curve, ...]


def _sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def _number(value: float) -> str:
    return f"{value:.3f}"


def _curve(
    label: str,
    function: Callable[[float], float],
    span: tuple[float, float],
    scale: tuple[float, float],
    label_at: float,
) -> Curve:
    low, high = span
    inputs = [low + (high - low) * n / POINTS for n in range(POINTS + 1)]
    points = [(x * scale[0], function(x) * scale[1]) for x in inputs]
    path = " -- ".join(f"({_number(x)},{_number(y)})" for x, y in points)
    at = f"({_number(label_at * scale[0])},{_number(function(label_at) * scale[1])})"
    # Beside a curve that climbs, the label stands on its left; beside one that falls, above it.
    climbs = function(label_at) < function(span[1])
    return Curve(label, "above left" if climbs else "above right", at, path)


def _plot(
    name: str,
    words: str,
    variable: str,
    span: tuple[float, float],
    height: tuple[float, float],
    scale: tuple[float, float],
    marks: tuple[tuple[float, ...], tuple[float, ...]],
    curves: tuple[tuple[str, Callable[[float], float], tuple[float, float], float], ...],
) -> Plot:
    def ticks(values: tuple[float, ...], factor: float) -> tuple[tuple[str, str], ...]:
        return tuple((_number(value * factor), f"{value:g}") for value in values)

    return Plot(
        name=name,
        words=words,
        left=_number(span[0] * scale[0] - 0.2),
        right=_number(span[1] * scale[0] + 0.3),
        bottom=_number(height[0] * scale[1] - 0.1),
        top=_number(height[1] * scale[1] + 0.3),
        variable=variable,
        across=ticks(marks[0], scale[0]),
        up=ticks(marks[1], scale[1]),
        curves=tuple(
            _curve(label, function, part, scale, at) for label, function, part, at in curves
        ),
    )


def plots(text: str) -> list[Plot]:
    """Return the plots that a text asks for, each once."""
    return [PLOTS[name] for name in dict.fromkeys(ASKED.findall(text))]


PLOTS: Mapping[str, Plot] = {
    "sigmoid": _plot(
        "sigmoid",
        "The sigmoid climbs from 0 to 1; its slope is largest at 0, where it is 1/4, and next to "
        "nothing far from 0.",
        "z", (-6, 6), (0, 1), (0.5, 2.2), ((-4, 4), (1,)),
        (
            (r"\sigma", _sigmoid, (-6, 6), 2.4),
            (r"\sigma' \le \tfrac14", lambda z: _sigmoid(z) * (1 - _sigmoid(z)), (-6, 6), 1.4),
        ),
    ),
    "minuslog": _plot(
        "minuslog",
        "The loss is large near q = 0 and falls, steeply at first, to 0 at q = 1.",
        "q", (0, 1), (0, 4.7), (4.5, 0.55), ((0.5, 1), (1, 2, 3, 4)),
        (("-\\log q", lambda q: -math.log(q), (0.01, 1), 0.22),),
    ),
}  # fmt: skip
