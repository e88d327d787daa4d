"""The slips that rewrite formulas: what each makes of a right one."""

from __future__ import annotations

from pathlib import Path

import pytest

from exgen.errors import Source
from exgen.graph import Delta, Derivative, Dim, Entry, Expr, Name, SumOver, call
from exgen.language import read_network, to_text
from exgen.language.network import read_expression
from exgen.ops import TABLE
from exgen.slips import indices, layouts, outputs, slopes, terms
from exgen.slips.base import Scene, of_rows
from exgen.slips.mistakes import signs
from tests.cases import rows_in

HERE = Path(__file__).parent
GRAPH = read_network(
    Source("network.net", (HERE / "network.net").read_text(encoding="utf-8")), scalar_loss=False
)
SCENE = Scene(GRAPH, GRAPH.shapes)
MODULES = (slopes, terms, indices, outputs, layouts)
REWRITES = {
    name: rewrite
    for module in MODULES
    for name, rewrite in vars(module).items()
    if getattr(rewrite, "__module__", "") == module.__name__ and not name.startswith("_")
} | {"sum_for_mean": terms.sum_for_mean}
REWRITES |= {
    slip: of_rows(slip) for op in TABLE.values() for slip in op.words.slips if slip not in REWRITES
}
CASES = rows_in("slips/formulas.txt")
K = Dim(0, ("K",))


def made(slip: str, right: Expr) -> list[str]:
    """Return what a slip makes of a formula, in order, as text."""
    return [
        to_text(wrong) for wrong in dict.fromkeys(REWRITES[slip](right, SCENE)) if wrong != right
    ]


@pytest.mark.parametrize(("right", "slip", "wrong"), CASES)
def test_a_slip_makes_the_wrong_formula(right: str, slip: str, wrong: str) -> None:
    """Each slip changes what it is about, and leaves alone what it is not about."""
    found = made(slip, read_expression(right, GRAPH))
    assert found == ([] if wrong == "none" else wrong.split(" ; "))


def at(of: str | Expr, row: str, column: str | int = 0) -> Entry:
    """Return an entry of a name, or of a derivative."""
    return Entry(Name(of) if isinstance(of, str) else of, (row, column))


by = GRAPH.gradient
FACTORS = at(by("z3"), "k") * at("a", "j")
BY = "derivative(L, "
TWICE = SumOver("k", K, at("g", "k") * at("p", "k"), "c")


INDEXED: list[tuple[str, Expr, list[str]]] = [
    ("swapped_indices", at("g", "k") * at("W", "k", "j"), ["g[k, 0] * W[j, k]"]),
    ("swapped_indices", FACTORS, [f"{BY}z3)[j, 0] * a[k, 0]"]),
    ("swapped_indices", Delta("j", "l") * at("x", "i"), ["delta(j, i) * x[l, 0]"]),
    ("swapped_indices", SumOver("k", K, FACTORS), []),
    ("swapped_indices", at("g", "k") * at("a", "k"), []),
    ("forgot_delta", at("g", "j") * Delta("k", "j"), ["g[j, 0]"]),
    ("forgot_delta", FACTORS, []),
    ("own_position", at("x", "k") * at("g", r"\rho(i)"), ["x[k, 0] * g[i, 0]"]),
    ("own_position", at("g", "i"), []),
    (
        "elementwise_softmax",
        at("p", "k") * (Delta("k", "j") - at("p", "j")),
        ["p[k, 0] * (1 - p[k, 0]) * delta(k, j)"],
    ),
    (
        "elementwise_softmax",
        at("p", "k") * Delta("k", "j") - at("p", "k") * at("p", "j"),
        ["p[k, 0] * delta(k, j) * (1 - p[k, 0])"],
    ),
    ("elementwise_softmax", FACTORS - FACTORS * at("p", "k"), []),
    ("wrong_sign", at("p", "k") - at("y", "k"), ["y[k, 0] - p[k, 0]"]),
    (
        "exponential_of_difference",
        call("exp", at("z", "i") - Name("s")) / call("exp", Name("s") - at("z", "k")),
        ["(exp(z[i, 0]) - exp(s)) / (exp(s) - exp(z[k, 0]))"],
    ),
    ("exponential_of_difference", call("exp", at("z", "i")), []),
    (
        "divided_above_only",
        (at("g", "i") / Name("s")) / SumOver("k", K, at("g", "k") / Name("s")),
        ["g[i, 0] / s / sum_over(k < K, g[k, 0])"],
    ),
    ("divided_above_only", at("g", "i") / SumOver("k", K, at("g", "k")), []),
    ("skipped_jacobian", Derivative("z2", "z1").T @ by("z2"), ["derivative(L, z2)"]),
    ("skipped_jacobian", Name("W2").T @ by("z2"), []),
    ("counted_twice", TWICE, ["sum_over(k < K, g[k, 0] * p[k, 0])"]),
    ("counted_twice", SumOver("k", K, at("g", "k")), []),
    ("forgot_share", 1 - Name("w") + Name("w") / 3, ["1 - w"]),
    ("forgot_share", Name("v") - Name("w") + Name("w") / 3, []),
    ("not_summed", SumOver("k", K, at("g", "k")), ["g[k, 0]"]),
    (
        "kept_the_one",
        call("slice", by("e"), skip=Dim(0), drop=Dim(1)),
        [f"{BY}e)"],
    ),
    (
        "no_slope",
        at(by("u"), "j") * call("sigmoid", at("z3", "j")),
        [f"{BY}u)[j, 0]"],
    ),
    (
        "no_slope",
        at(by("q"), "j") * at("q", "j") * (1 - at("q", "j")),
        [f"{BY}q)[j, 0]"],
    ),
    (
        "every_cell",
        call("maxroute", Name("x"), Name("p"), size=1, stride=1),
        ["windows(3, size=1, stride=1).T @ p @ windows(1, size=1, stride=1)"],
    ),
]


@pytest.mark.parametrize(("slip", "right", "wrong"), INDEXED)
def test_a_slip_in_index_form(slip: str, right: Expr, wrong: list[str]) -> None:
    """Letters, sums and deltas have slips of their own, and the others reach into entries."""
    assert made(slip, right) == wrong


def test_every_rewrite_has_a_case_where_it_applies() -> None:
    """A slip whose code never ran here is found."""
    applied = {slip for _, slip, wrong in CASES if wrong != "none"}
    applied |= {name for name, _, made_wrong in INDEXED if made_wrong}
    takes_formulas = {
        name
        for name, rewrite in REWRITES.items()
        if list(rewrite.__annotations__)[:2] in (["expr", "scene"], ["expr", "_scene"])
    }
    assert takes_formulas - applied == set()


def test_signs_count_what_is_seen() -> None:
    """Commands that only arrange what stands in them make no formula longer."""
    assert signs(r"\left(\frac{\mathbf{W}_{1}}{x}\right)^{\top}\,\hat{y}") == len("(W1x)Ty")
