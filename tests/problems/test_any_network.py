"""Every kind and any network: it asks, and sheet and key can be printed, or it says why not."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exgen import resources
from exgen.derive.notation import Notation, load_notation, notation_names
from exgen.derive.orient import oriented
from exgen.document import ProblemSet
from exgen.draw import DrawnNetwork
from exgen.errors import AcceptanceError, KindError
from exgen.problems import KINDS
from exgen.problems.base import Setting
from exgen.render.tex import render_tex
from exgen.solve import solve_problem
from exgen.tables import Bank, ProblemEntry
from tests.problems.setting import graph_of
from tests.strategies import SIZES, networks, steady

if TYPE_CHECKING:
    from exgen.graph import Graph

NAMES = notation_names(resources.notations())
TWICE = {
    "a factor that is added too": "z = W @ x + x * x",
    "a power beside its base": "z = W @ x + x ** 2 * x",
    "a transpose": "z = W @ x + W.T @ x",
    "inside brackets and behind them": "z = W @ (concat(x, x)[:-4]) + x",
    "a mask": "z = W @ x + (x > 0) * x",
}


def printed(graph: Graph, kind: str, notation: Notation, seed: int) -> dict[str, str]:
    """Return sheet and key with one problem of a kind, about a network as it stands."""
    graph = oriented(graph, notation)
    entry = ProblemEntry(
        name="asked", kind_name=kind, network="drawn", points=4, options={}, place="drawn.toml"
    )
    bank = Bank(
        title="Any",
        course="Any",
        notation=notation.name,
        name="drawn",
        path=Path("drawn.toml"),
        networks={},
        problems=(entry,),
    )
    problem = solve_problem(
        bank, entry, DrawnNetwork({}, graph, 1, {}), Setting(graph, notation, None), seed
    )
    made = ProblemSet(
        name="drawn",
        title="Any",
        course="Any",
        seed=seed,
        notation=asdict(notation),
        slips=True,
        versions={"exgen": "0"},
        problems=(problem,),
    )
    return render_tex(made)


@pytest.mark.parametrize("kind", KINDS)
@steady(15)
@given(networks(), st.integers(0, 2**16))
def test_asks_or_refuses(kind: str, graph: Graph, seed: int) -> None:
    """No network leads to any other error than that the kind, or no draw, fits it."""
    notation = load_notation(NAMES[seed % len(NAMES)], resources.notations())
    with suppress(KindError, AcceptanceError):
        printed(graph.with_sizes(SIZES), kind, notation, seed)


@pytest.mark.parametrize("line", TWICE.values(), ids=TWICE)
@pytest.mark.parametrize("notation", NAMES)
def test_shapes_of_a_line_that_reads_a_name_twice(line: str, notation: str) -> None:
    """The shape of a name stands under its first use alone, so that it is asked for once."""
    text = f"x: input[4]\nt: target[4]\nW: param[4, 4]\n{line}\nL = squared_error(z, t)\n"
    profile = load_notation(notation, resources.notations())
    for seed in range(3):
        sources = printed(graph_of(text), "missing_shapes", profile, seed)
        (chain,) = (row for row in sources["problems"].splitlines() if row.startswith(r"$\exbox"))
        assert chain.count(r"\exshape") == 2
