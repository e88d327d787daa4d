"""Reading LaTeX: what each notation's page means, and what is refused as ambiguous or unknown."""

from __future__ import annotations

import pytest

from exgen.derive.notation import load_notation
from exgen.errors import CertificateError, Source
from exgen.graph import Dim
from exgen.language import read_network, to_text
from exgen.readback.pages import read_arrows, read_cells, read_expression, read_relation, read_shape
from exgen.readback.vocabulary import Vocabulary, vocabulary
from exgen.resources import notations
from tests.cases import Case, cases_in

NET = "x: input[3]\nW: param[2, 3]\nz = W @ x\nL = sum(z * z)"


def knowledge(notation: str, text: str = NET, letters: str = "") -> Vocabulary:
    """Return what a reader knows of a network; every letter may stand free, on any axis."""
    profile = load_notation(notation, notations())
    graph = read_network(Source("net", text), scalar_loss=False)
    known = vocabulary(graph, profile, layout=profile.layout)
    return known.with_letters({letter: Dim(0, (f"?{letter}",)) for letter in letters})


def read(case: Case) -> str:
    """Return what a case's last line means, in the network language."""
    head, *lines, latex = case.given.splitlines()
    notation, _, letters = head.partition(" ")
    return to_text(read_expression(latex, knowledge(notation, "\n".join(lines), letters)).expr)


@pytest.mark.parametrize("case", cases_in("readback/reads"))
def test_reads(case: Case) -> None:
    """A formula is read as a student would read it."""
    assert read(case) == case.expected


@pytest.mark.parametrize("case", cases_in("readback/errors"))
def test_refuses(case: Case) -> None:
    """What is ambiguous, unknown or does not fit is an error that says where."""
    with pytest.raises(CertificateError) as caught:
        read(case)
    assert str(caught.value) == case.expected


@pytest.mark.parametrize(
    "latex",
    [
        r"\left(" * 10_000 + "x" + r"\right)" * 10_000,
        r"\exp" * 10_000 + "(x)",
        "-" * 10_000 + "x",
        "x" + " + x" * 10_000,
        r"x\,x" * 10_000,
        r"\frac{1}{" * 10_000 + "x" + "}" * 10_000,
        "x^{" * 10_000 + "2" + "}" * 10_000,
        r"\log " * 10_000 + "x",
        r"\sum_{i=1}^{3} " * 10_000 + "x",
        r"\begin{bmatrix}" * 10_000,
        "x" * 100_001,
        r"\hat{" * 10_000,
    ],
)
def test_bounded(latex: str) -> None:
    """What is nested or long beyond reason is refused, not a crash."""
    with pytest.raises(CertificateError, match="read back"):
        read_expression(latex, knowledge("exam"))


@pytest.mark.parametrize("latex", ["", " ", "\\", "x^", "x_{", "{x}", "é", "x\x00", r"\input{a}"])
def test_no_formula(latex: str) -> None:
    """A text of another sort is refused."""
    with pytest.raises(CertificateError, match="read back"):
        read_expression(latex, knowledge("exam"))


def test_sides_of_an_equation() -> None:
    """Every side of a chain of equalities is read, with the sign before it."""
    known = knowledge("exam", "a: input\nb: input\nc = a + b")
    sides = read_relation(r"c = a + b \approx 0.5", known)
    assert [(sign, to_text(side.expr)) for sign, side in sides] == [
        ("", "c"),
        ("=", "a + b"),
        (r"\approx", "0.5"),
    ]
    with pytest.raises(CertificateError, match="the two sides have different shapes"):
        read_relation("z = x", knowledge("exam"))


def test_grids() -> None:
    """A ruled grid, a matrix and a bare number are rows of cells."""
    known = knowledge("base")
    ruled = r"\begin{array}{|c|c|} \hline -4 & 7.5 \\ \hline 9 & \frac{1}{3} \\ \hline \end{array}"
    assert [list(map(to_text, row)) for row in read_cells(ruled, known)] == [
        ["-(4)", "7.5"],
        ["9", "(1) / 3"],
    ]
    column = read_cells(r"\begin{bmatrix} 9 \\ -12 \end{bmatrix}", known)
    assert [list(map(to_text, row)) for row in column] == [["9"], ["-(12)"]]
    assert to_text(read_cells("72.3", known)[0][0]) == "72.3"


@pytest.mark.parametrize(
    "latex",
    [
        r"\begin{array}{|c|c|} \hline 1 & 2 \\ \hline 3 \\ \hline \end{array}",
        r"\begin{array}{|c|} \hline 1 & 2 \\ \hline \end{array}",
        r"\begin{array}{|c|} \hline 1 \\ 2 \\ \hline \end{array}",
        r"\begin{bmatrix} 1 & 2 \\ 3 \end{bmatrix}",
        r"\begin{bmatrix} \mathbf{x} \end{bmatrix}",
        r"\begin{bmatrix} 1 \\ 2",
        "1 2",
        "1.2.3",
    ],
)
def test_broken_grids(latex: str) -> None:
    """Rows of different lengths, missing rules and cells that are no scalars are refused."""
    with pytest.raises(CertificateError, match="read back"):
        read_cells(latex, knowledge("base"))


def test_shapes() -> None:
    """A shape is one size for a column, or two with a times sign."""
    known = knowledge("base", "x: input[D0]\nW: param[N, D0 + 1]\nz = W @ append_one(x)")
    one = Dim(1)
    assert read_shape("785", known) == (Dim(785), one)
    assert read_shape(r"48 \times 1025", known) == (Dim(48), Dim(1025))
    assert read_shape(r"N \times D_{0} + 1", known) == (Dim(0, ("N",)), Dim(1, ("D0",)))
    for wrong in (r"2 \times 3 \times 4", r"K \times 2", "2.5", r"2 \times", "-2", r"\times 2"):
        with pytest.raises(CertificateError, match="read back"):
            read_shape(wrong, known)


def test_arrows() -> None:
    """Lists of arrows are pairs of a quantity and the line that reads it."""
    known = knowledge("base")
    latex = r"\mathbf{W}, \mathbf{x} \to \mathbf{z},\quad \mathbf{z} \to L"
    assert read_arrows(latex, known) == (("W", "z"), ("x", "z"), ("z", "L"))
    for wrong in (r"\mathbf{x} \to", r"\to L", r"\mathbf{x}", r"2 \to L", r"\mathbf{x} \to z"):
        with pytest.raises(CertificateError, match="read back"):
            read_arrows(wrong, known)
