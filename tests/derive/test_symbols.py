"""How names look: no two of a network alike, in any notation."""

from __future__ import annotations

from functools import cache
from itertools import combinations, product
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from exgen import resources
from exgen.derive.batch import batched, cost_name
from exgen.derive.index import letters_of
from exgen.derive.latex import Printer
from exgen.derive.notation import Notation, load_notation, notation_names
from exgen.derive.symbols import check_looks, free_name, look
from exgen.errors import MisfitError, Source
from exgen.graph import SCALAR, Dim, Graph, Name
from exgen.language import read_network
from tests.commands import run

if TYPE_CHECKING:
    from pathlib import Path

BASES = ("a", "W", "x", "L", "J", "yhat", "y", "hat", "lambda", "lambdahat", "sigma", "ab", "a1b")
PIECES = ("", "_", "1", "2", "_1", "_2", "_B", "_k", "_hat", "_B1", "1_B", "_1_B", "__B", "_a_b")
NAMES = sorted({"".join(parts) for parts in product(BASES, PIECES, PIECES)} - {"lambda"})


@cache
def notations() -> tuple[Notation, ...]:
    """Return every notation that comes with exgen."""
    folder = resources.notations()
    return tuple(load_notation(name, folder) for name in notation_names(folder))


def printed(name: str, others: tuple[str, ...], notation: Notation) -> str:
    """Return a name as a page has it that shows these others too."""
    return Printer(notation, dict.fromkeys((name, *others), SCALAR), "L")(Name(name))


def network(text: str) -> Graph:
    """Return a network, or a part of one."""
    return read_network(Source("net", text), scalar_loss=False)


@settings(max_examples=1500, deadline=None)
@given(st.lists(st.sampled_from(NAMES), min_size=2, max_size=4, unique=True))
def test_names_that_look_unlike_print_unlike_in_every_notation(found: list[str]) -> None:
    """What the check lets through is injective on the page, without help from bold letters."""
    assume(len({look(name) for name in found}) == len(found))
    for notation in notations():
        page = [printed(name, tuple(found), notation) for name in found]
        assert len(set(page)) == len(page), (notation.name, found, page)


def test_names_that_look_alike_print_alike_in_some_notation() -> None:
    """The check refuses no more than it must."""
    alike: dict[str, list[str]] = {}
    for name in NAMES:
        alike.setdefault(look(name), []).append(name)
    pairs = [pair for group in alike.values() for pair in combinations(group, 2)]
    assert len(pairs) > len(BASES)
    for pair in pairs:
        one, other = pair
        assert "L" in pair or any(
            printed(one, pair, notation) == printed(other, pair, notation)
            for notation in notations()
        ), pair


ALIKE = [
    ("W1: param\nW_1: param\nL = W1 * W_1", "'W1' and 'W_1' print alike, as W_{1}"),
    ("x: param\nx_: param\nL = x * x_", "'x' and 'x_' print alike, as x,"),
    ("a_B1: param\na1_B: param\nL = a_B1 * a1_B", "'a_B1' and 'a1_B' print alike, as a_{1,B}"),
    ("x: input[D0]\nD_0: param\nL = D_0 * sum(x)", "'D_0' and 'D0' print alike, as D_{0}"),
    ("sigma: param\nL = sigmoid(sigma)", "'sigma' prints like the sigmoid of the network"),
    ("x__a: param\nx_a: param\nL = x__a * x_a", "'x__a' and 'x_a' print alike"),
]


@pytest.mark.parametrize(("text", "says"), ALIKE)
def test_a_network_with_names_that_print_alike_is_refused(text: str, says: str) -> None:
    """The message names both."""
    with pytest.raises(MisfitError) as caught:
        check_looks(network(text))
    assert caught.value.message.startswith(says)


@pytest.mark.parametrize(
    "text",
    [
        "yhat: param\ny_hat: param\nL = yhat * y_hat",
        "sigma: param\nL = tanh(sigma)",
        "sigma1: param\nL = sigmoid(sigma1)",
        "W1: param\nW2: param\nW: param\nL = W * W1 * W2",
        "lambda_: param\nLambda: param\nL = lambda_ * Lambda",
        "J: param\nL = J ** 2",
    ],
)
def test_names_that_can_be_told_apart_are_legal(text: str) -> None:
    """An accent, a capital or another subscript is enough."""
    check_looks(network(text))


def test_both_ways_refuse_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``derive`` names the file, a bank the network."""
    monkeypatch.chdir(tmp_path)
    text = "x: input[3]\nW1: param[3, 3]\nW_1: param[3, 3]\nL = sum(W1 @ W_1 @ x)\n"
    says = (
        "'W1' and 'W_1' print alike, as W_{1}, where layers are subscripts\nRename one of them.\n"
    )
    (tmp_path / "n.net").write_text(text)
    ran = run("derive", "n.net")
    assert (ran.code, ran.err) == (2, f"error: n.net: {says}")
    (tmp_path / "b.toml").write_text(
        'title = "T"\ncourse = "C"\nnotation = "base"\n[networks.n]\nfile = "n.net"\n'
        '[[problems]]\nid = "g"\nkind = "parameter_gradients"\nnetwork = "n"\npoints = 2\n'
    )
    ran = run("show", "--set", "b.toml")
    assert (ran.code, ran.err) == (2, f"error: b.toml: [networks.n]: {says}")


def test_names_that_are_drawn_are_looked_at_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A drawn letter must not look like the sigmoid, nor like anything else of the network."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.toml").write_text(
        'title = "T"\ncourse = "C"\nnotation = "base"\n[networks.n]\nnames.z = ["sigma"]\n'
        'text = "x: input[3]\\nt: target[3]\\nz = 2 * x\\na = sigmoid(z)\\n'
        'L = squared_error(a, t)"\n'
        '[[problems]]\nid = "g"\nkind = "parameter_gradients"\nnetwork = "n"\npoints = 2\n'
    )
    ran = run("show", "--set", "b.toml")
    assert ran.code == 2
    assert ran.err.startswith("error: b.toml: [networks.n]: ")
    assert "sigma" in ran.err


def test_names_that_exgen_adds_look_like_no_other() -> None:
    """The cost, a batch's matrices and a given gradient keep clear of what the author wrote."""
    graph = network("x: input[3]\nX_: param[3]\nJ_: param\nC: param\nL = J_ * C * (x.T @ X_)")
    assert cost_name(graph) == "R"
    assert free_name(graph, ("x_", "J")) == "J_1"
    batch = batched(
        network("x: input[3]\nX_: param[3]\nL = squared_error(x * X_, x)"), Dim(0, ("m",))
    )
    check_looks(batch.graph)


def test_letters_of_indices_are_no_letters_of_the_network() -> None:
    """Neither a name, nor a size, nor a tag reads as an index."""
    graph = network("x: input[n]\nW: param[k, n]\nb_i: param[k]\nj: param\nz = j * (W @ x + b_i)")
    assert not {"n", "k", "i", "j"} & set(letters_of(graph).of.values())
