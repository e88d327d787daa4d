"""Formulas that are wider than the page come in lines that are not."""

from __future__ import annotations

import re

import pytest

from exgen.readback.networks import lines_in
from exgen.render.breaking import SAFE, broken, chain, display, pairs, wide
from exgen.render.widths import formula_width

REASON = r"\exreason{a reason that takes a third of the line}"
TERMS = [rf"w_{{{n}}}\,x_{{{n}}}" for n in range(24)]
SUM = " + ".join(TERMS)
WIDE = {
    "a chain of sides": f"y = {' + '.join(TERMS[:7])} = {' + '.join(TERMS[7:14])} = 4",
    "a sum": f"y = {SUM}",
    "a difference in a bracket": rf"y = \sigma\left({SUM.replace('+', '-')}\right)\,x_{{1}}",
    "an answer": rf"y = \exanswer{{{SUM}}}",
    "a product": "y = " + r"\,".join(rf"\left(1 - \tanh z_{{{n}}}\right)" for n in range(14)),
    "fractions": "y = " + " + ".join(rf"\frac{{a_{{{n}}}}}{{b_{{{n}}}}}" for n in range(30)),
    "no left side": SUM,
}  # fmt: skip


def bare(latex: str) -> str:
    """Return a formula without what only lays it out."""
    latex = re.sub(r"\\(?:left|right|[bB]ig{1,2}[lr])(?![A-Za-z])|\\quad|&|\\\\\*?", "", latex)
    return re.sub(r"\s|\{\}|\\exanswer|[{}]", "", latex)


@pytest.mark.parametrize("name", WIDE)
def test_each_line_fits(name: str) -> None:
    """No line is wider than the page, and nothing is lost."""
    lines = broken(WIDE[name], 140)
    assert len(lines) > 1
    for line in lines:
        assert line.count("&") == 1
        assert formula_width(line.replace("&", "")) <= SAFE * 140 + 10
        assert line.count("{") == line.count("}")
    assert bare("".join(lines)) == bare(WIDE[name])


@pytest.mark.parametrize(
    "latex",
    [
        "x = y + 1",
        r"\frac{\partial L}{\partial w} = \exanswer{2}",
        rf"\begin{{aligned}} y &= {SUM} \end{{aligned}}",
    ],
)
def test_what_fits_is_left_alone(latex: str) -> None:
    """A short formula, and one that is aligned already, stays as it is."""
    assert broken(latex) == [latex]
    assert display(latex) == latex


def test_sides_come_before_terms() -> None:
    """Each side of an equation begins a line; the first has the left side before it."""
    lines = broken(WIDE["a chain of sides"], 140)
    assert [line.partition("&")[0].strip() for line in lines] == ["y", "", ""]
    assert all(line.partition("&")[2].strip().startswith("=") for line in lines)


def test_a_minus_in_front_is_no_place_for_a_break() -> None:
    """A sign that belongs to a number stays with it."""
    latex = "y = " + r" \cdot ".join([r"\left(-0.123456\right)"] * 20)
    for line in broken(latex, 140):
        assert not line.rstrip().endswith("-")
        assert not re.search(r"&\s*(\\quad)?\s*-", line)


def test_an_answer_keeps_its_colour() -> None:
    """Every line of a broken answer is printed as an answer."""
    lines = broken(WIDE["an answer"], 140)
    assert [line.count(r"\exanswer{") for line in lines] == [1] * len(lines)


def test_reasons_move_below_where_they_do_not_fit() -> None:
    """A reason stands beside its equation, in a column or not, or below all of them alike."""
    near = chain([("a &= b", r"\exreason{why}"), ("&= c", "")])
    assert near == r"a &= b && \exreason{why} \\* &= c"
    far = chain([(f"a &= {' + '.join(TERMS[:9])}", rf"\exreason{{{'why ' * 12}}}")])
    assert "&&" not in far
    ragged = chain([(f"a &= {' + '.join(TERMS[:7])}", r"\exreason{why}"), ("&= c", REASON)])
    assert ragged.count(r" \qquad \exreason") == 2
    assert "&&" not in ragged
    assert r"\\* &\qquad \exreason" not in ragged
    assert ragged.count(r"\\") == 1
    assert r"\\* &\qquad \exreason" in far


def test_two_equations_a_line_where_they_fit() -> None:
    """Short equations stand two to a line, long ones alone."""
    assert pairs(["a &= b", "c &= d", "e &= f"]).count(r"\\") == 1
    long = f"a &= {' + '.join(TERMS[:8])}"
    assert pairs([long, long, long]).count(r"\\") == 2


def test_no_row_stands_alone_on_a_page() -> None:
    """The first row of a derivation stays with the second, the last with the one before it."""
    rows = chain([("a &= b", ""), *[("&= c", "")] * 4])
    assert re.findall(r"\\\\\*?", rows) == [r"\\*", r"\\", r"\\", r"\\*"]


def test_a_wide_equation_of_two_columns_goes_on_below() -> None:
    """Where one of two columns is too wide, its last side goes on below, and the rest stays."""
    side = " + ".join(TERMS[:5])
    wide_one = f"a &= {side} = {side}"
    assert formula_width(f"{wide_one} c &= d = d") > SAFE * 145
    left = pairs([wide_one, "c &= d = d", "e &= f"]).splitlines()
    assert left[0] == rf"a &= {side} & c &= d = d \\*"
    assert left[1] == rf"&= {side} & & \\*"
    right = pairs(["c &= d = d", wide_one]).splitlines()
    assert right == [rf"c &= d = d & a &= {side} \\*", rf"& & &= {side}"]


def test_a_right_side_goes_on_below() -> None:
    """A line of a forward pass that is too wide goes on below, indented."""
    assert wide("x + y", "z") == "x + y"
    assert r"\\* &\quad +" in wide(SUM, "z")


def test_a_broken_forward_pass_is_read_whole() -> None:
    """Whoever reads the sheet reads a line that goes on below as one line."""
    right = rf"\tanh\left({SUM}\right)"
    assert r"\bigl(" in wide(right, "z")
    body = rf"\begin{{align*}} z &= {wide(right, 'z')} \\ y &= z \end{{align*}}"
    first, second = lines_in(body)
    assert (first.left, second.right) == ("z", "z")
    assert "".join(first.right.split()) == "".join(right.split())
