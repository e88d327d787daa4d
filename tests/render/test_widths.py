"""The estimate of a formula's width, against TeX."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from exgen.pipeline import build, load
from exgen.render import pdf
from exgen.render.log import Log, read_log
from exgen.render.pdf import compile_tex
from exgen.render.tex import render_tex
from exgen.render.widths import formula_width

if TYPE_CHECKING:
    from pathlib import Path

MM = 25.4 / 72.27
FORMULAS = (
    r"x + y = z",
    r"\frac{\partial L}{\partial w_{1}} = \frac{1}{1 + \exp\left(-z\right)}",
    r"\mathbf{W}^{[2]\top}\,\left(\mathbf{a}^{[2]} - \mathbf{y}\right)",
    r"\sum_{k=1}^{K} t_{k}\,\log\left(p_{k}\right)",
    r"\begin{bmatrix} 1 & -2 \\ 30 & 4 \end{bmatrix}",
    r"\exshape{\mathbf{W}}{128 \times 784}\,\exshape{\mathbf{x}}{784 \times 1}",
    r"\operatorname{softmax}\left(\mathbf{z}\right) \odot \mathbf{1}\left[z > 0\right]",
    r"p = \exanswer{-0.123456} \cdot 12 \quad \text{for every class } k \neq c",
    r"\exreason{take out the term of the correct class}",
    r"\exreason{1 for the correct class, 0 for the others}",
    r"\exreason{chain rule, slope of $-\log$}",
    r"\exreason{terms with a factor 0 vanish}",
)


@pytest.fixture(scope="module")
def widths(tex: Path) -> list[float]:
    """Give the widths of the formulas as TeX sets them, in millimetres."""
    head = render_tex(build(*load("2", None), 1))["solutions"].partition(r"\begin{document}")[0]
    logs: list[str] = []
    boxes = "\n".join(
        rf"\sbox0{{$\displaystyle {formula}$}}\typeout{{width \the\wd0}}" for formula in FORMULAS
    )

    def kept(text: str) -> Log:
        logs.append(text)
        return read_log(text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pdf, "read_log", kept)
        compile_tex({"a": f"{head}\\begin{{document}}x\n{boxes}\n\\end{{document}}\n"})
    return [float(found) * MM for found in re.findall(r"^width ([\d.]+)pt", logs[0], re.MULTILINE)]


def test_estimates_are_close(widths: list[float]) -> None:
    """No estimate is far below the width that TeX finds, and none is far above."""
    assert len(widths) == len(FORMULAS)
    for formula, width in zip(FORMULAS, widths, strict=True):
        assert 0.9 * width < formula_width(formula) < 1.25 * width + 1, formula


def test_wider_is_wider() -> None:
    """A longer sum is wider; a numerator adds to the denominator's width only if it is wider."""
    assert formula_width("a + b") < formula_width("a + b + c")
    assert formula_width(r"\frac{a}{a + b}") == formula_width(r"\frac{b}{a + b}")
    assert formula_width("x_{12}") < formula_width("x 12")
