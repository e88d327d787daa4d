"""No part gives another away: answers are looked for in the text of the whole sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exgen import resources
from exgen.banks import bank_names
from exgen.lint import sweep, targets
from exgen.pipeline import build, load
from exgen.render.giveaways import given_away, names_in_formula, ordered
from tests.cases import rows_in
from tests.commands import run

if TYPE_CHECKING:
    from pathlib import Path

LEAVES = r"x: input[D]\nt: target[K]\nW: param[K, D]\nb: param[K]"
BANK = rf"""
title    = "Given away"
course   = "Tests"
notation = "base"

[networks.one]
text = "{LEAVES}\nz = W @ x + b\nL = squared_error(z, t)"

[networks.other]
text = "{LEAVES}\nz = b + W @ x\na = relu(z)\nL = squared_error(a, t)"
"""
ASKS = "[[problems]]\nid = 'forward'\nkind = 'vectorise_forward'\nnetwork = 'one'\n"
DRAWS = "[[problems]]\nid = 'graph'\nkind = 'draw_graph'\nnetwork = '{}'\n{}"


def bank(folder: Path, *problems: str) -> str:
    """Write a bank, and return its path."""
    path = folder / "small.toml"
    path.write_text("\n".join([BANK, *problems]))
    return str(path)


def test_a_statement_that_prints_an_answer(tmp_path: Path) -> None:
    """Make refuses such a bank, and lint fails it."""
    name = bank(tmp_path, DRAWS.format("one", ""), ASKS)
    found = given_away(build(*load(name, None), 1))
    assert {(part.problem, part.where) for part in found} == {("forward", "graph")}
    assert "z" in {part.answer for part in found}
    ran = run("make", "--set", name, "--seed", "1", "--no-pdf", "--out", str(tmp_path / "out"))
    assert ran.code == 2
    assert "'graph' prints the answer 'z' of 'forward'" in ran.err
    assert "entries = true" in ran.err
    assert not (tmp_path / "out").exists()
    (target,) = targets(name, None, None)
    failures = sweep(target, range(1, 2), 1, lambda _done, _what: None).failures
    assert {(part.problem, part.reason) for part in failures} == {("forward", "given away")}


def test_the_remedy(tmp_path: Path) -> None:
    """Shown entry by entry, the network keeps the answer."""
    name = bank(tmp_path, DRAWS.format("one", "entries = true\n"), ASKS)
    assert given_away(build(*load(name, None), 1)) == []


def test_another_network_with_the_same_line(tmp_path: Path) -> None:
    """The same equation is found, its terms in another order too; make leaves it to lint."""
    name = bank(tmp_path, ASKS, DRAWS.format("other", ""))
    (found,) = given_away(build(*load(name, None), 1))
    assert (found.answer, found.same_network) == ("z", False)
    ran = run("make", "--set", name, "--seed", "1", "--no-pdf", "--out", str(tmp_path / "out"))
    assert ran.code == 0, ran.err


@pytest.mark.parametrize(
    ("latex", "names"),
    rows_in("render/names_in_formulas.txt"),
)
def test_what_is_too_little_to_give_away(latex: str, names: str) -> None:
    """A symbol, a function of one, a number or a size names fewer than two quantities."""
    assert names_in_formula(latex) == int(names)


def test_the_order_of_terms() -> None:
    """Terms may stand in another order, factors may not; spaces and sizes do not count."""
    assert ordered(r"W\,x + b") == ordered(r"b + W x")
    assert ordered(r"\left(a + b\right) c") == ordered("(a+b)c")
    assert ordered("a b") != ordered("b a")


@pytest.mark.parametrize("name", bank_names(resources.banks()))
@pytest.mark.parametrize("seed", [1, 2])
def test_the_sets_that_come_with_exgen(name: str, seed: int) -> None:
    """No statement of theirs prints an answer."""
    assert given_away(build(*load(name, None), seed)) == []
