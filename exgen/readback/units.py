r"""A network of scalar units as a sheet shows it: arrows with weights, and a sentence of names."""

from __future__ import annotations

import re
from math import dist
from typing import TYPE_CHECKING

from exgen.errors import CertificateError

if TYPE_CHECKING:
    from collections.abc import Iterator

NODE = re.compile(r"\\node\[ex(\w+)[^\]]*\] at \(([-\d.]+),([-\d.]+)\) \{\$(.*?)\$\};")
ARROW = re.compile(
    r"\\draw\[exarrow\] \(([-\d.]+),([-\d.]+)\)[^;]*\.\. \(([-\d.]+),([-\d.]+)\);"
)  # straight: what lies between its ends is left out
NAMES = re.compile(
    r"The units compute (.*?)\. Their sums are called (.*?)"
    r"(?:, and their biases (.*?), in this order)?\. The loss"
)
FORMULA = re.compile(r"\$([^$]+)\$")
DETOUR = 0.1
"""How much longer, in mm, the way by its weight may be than an arrow; figures are rounded."""


def units_in(text: str) -> Iterator[tuple[str, str]]:
    """Yield the two sides, in LaTeX, of each unit's sum and output; nothing where none are drawn.

    Raises:
        CertificateError: the figure and the sentence do not say what each unit computes.

    """
    text = " ".join(text.split())
    nodes = [(sort, (float(x), float(y)), name) for sort, x, y, name in NODE.findall(text)]
    weights = [(at, name) for sort, at, name in nodes if sort == "weight"]
    said = NAMES.search(text)
    if said is None or not weights:
        return
    outputs, sums, biases = (FORMULA.findall(part or "") for part in said.groups())
    if len(sums) != len(outputs) or len(biases) not in (0, len(sums)):
        raise CertificateError("the sheet does not name the sum and the bias of each unit")
    circles = [(at, name) for sort, at, name in nodes if sort != "weight"]
    terms: dict[str, list[str]] = {}
    for ends in ARROW.findall(text):
        x, y, to_x, to_y = map(float, ends)
        start, end = (x, y), (to_x, to_y)
        source, target = (min(circles, key=lambda one: dist(one[0], at))[1] for at in (start, end))
        # a point between the ends makes the way no longer; that of another arrow does
        away, weight = min((dist(start, at) + dist(at, end), name) for at, name in weights)
        if away - dist(start, end) > DETOUR:
            raise CertificateError(f"no weight stands on the arrow from {source} to {target}")
        terms.setdefault(target, []).append(f"{weight} {source}")
    for number, (formula, total) in enumerate(zip(outputs, sums, strict=True)):
        output, _, right = (part.strip() for part in formula.partition("="))
        yield total, " + ".join([*terms.pop(output, ()), *biases[number : number + 1]])
        yield output, right
    if terms:
        raise CertificateError(f"the sheet does not say what the unit {next(iter(terms))} computes")
