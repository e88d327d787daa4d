"""Problem 4 of document 003: gradients through a reused entry and through a sort."""

from __future__ import annotations

import pytest

from tests.published.made import key, latex

SET = "set1_vectors"


def column(*entries: str) -> str:
    """Return a column as printed."""
    rows = r" \\ ".join(entries)
    return rf"\begin{{bmatrix}} {rows} \end{{bmatrix}}"


def test_reused_entry() -> None:
    """P4.1: x0 g_i elsewhere; 2 x0 g0 and the sum of the other products at the first entry."""
    assert latex(SET, "reuse", "L.x-0") == r"2\,x_{1}\,g_{1} + \sum_{j \neq 1} g_{j}\,x_{j}"
    assert latex(SET, "reuse", "L.x-i") == r"x_{1}\,g_{i}"
    # 2 * 2 * 1 + 4 * -3 + -2 * 5 = -18
    assert latex(SET, "reuse", "L.x.value") == column("-18", "8", "-4")


def test_sort() -> None:
    """P4.2: with sort(x) = (x1, x2, x0) the gradient is (d2, d0, d1); in general P^T g."""
    assert latex(SET, "sort", "L.x.sorted") == column("g_{3}", "g_{1}", "g_{2}")
    assert latex(SET, "sort", "L.x") == r"\mathbf{P}_{\mathbf{x}}^{\top}\,\mathbf{g}"
    assert latex(SET, "sort", "L.x-i") == r"g_{\rho(i)}"
    assert latex(SET, "sort", "L.x.value") == column("30", "10", "20")


@pytest.mark.parametrize(
    ("which", "output", "gradient"),
    [
        # sort(x) = (-5, -3, -2): the sum of g sort(x) is 12, and x0 g at rank 2 is 8.
        ("negative", ("10", "6", "4"), ("20", "-2", "6")),
        # sort(x) = (-4, 2, 5): the sum is -4 - 6 - 20 = -30, and x0 g at rank 2 is -20.
        ("positive", ("-20", "10", "25"), ("-50", "5", "-15")),
    ],
)
def test_scaled_sort(which: str, output: tuple[str, ...], gradient: tuple[str, ...]) -> None:
    """P4.3: x0 times the unsorted gradient, and the whole sum on top at the first entry.

    Erratum: the document multiplies first and then sorts, which is the same graph only for
    x0 > 0; the order reverses for x0 < 0. Right is: sort, then multiply.
    """
    assert latex(SET, which, "value.F.value") == column(*output)
    assert latex(SET, which, "L.x.value") == column(*gradient)
    assert latex(SET, which, "L.x-i") == r"x_{1}\,g_{\rho(i)}"
    assert latex(SET, which, "L.x-0") == (
        r"\sum_{j=1}^{n} g_{j}\,\left[\operatorname{sort}\left(\mathbf{x}\right)\right]_{j}"
        r" + x_{1}\,g_{\rho(1)}"
    )
    reverses = "a negative factor reverses the order" in key(SET, which)
    assert reverses == (which == "negative")


def test_premises_are_stated() -> None:
    """The sheet says that all entries differ, and that the factor may have either sign."""
    text = key(SET, "negative")
    assert r"All entries of $\mathbf{x}$ are different" in text
    assert "may have either sign" in text
    assert r"sort puts them in ascending order" in text
