"""Claims as JSON and back: whatever a key claims can be proven again from its manifest."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from exgen.banks import bank_names
from exgen.certify.equation import Equation, as_cells
from exgen.certify.prove import prove
from exgen.certify.quantity import Quantity
from exgen.certify.shapes import ShapeClaim
from exgen.certify.stored import CLAIMS, restored, stored
from exgen.derive.orient import oriented
from exgen.draw import asked, draw_networks, draw_problem
from exgen.errors import DataError
from exgen.graph import Dim, Graph, Name
from exgen.language import read_graph
from exgen.language.writer import graph_text
from exgen.pipeline import load
from exgen.problems.base import Setting
from exgen.resources import banks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exgen.certify.prove import Claim

SETS = bank_names(banks())
NET = read_graph("x: input[3]\nt: target\nL = squared_error(sum(x), t)\n")
PRODUCT = read_graph("a: const\nb: const\nL = a * b\n")


def same(one: Any, other: Any) -> bool:  # noqa: ANN401 - of any type in a claim
    """Whether two values are equal in all they hold, also inside arrays."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        alike = one.shape == other.shape and one.dtype == other.dtype
        return alike and all(map(same, one.flat, other.flat))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if is_dataclass(one):
        return all(
            same(getattr(one, part.name), getattr(other, part.name))
            for part in fields(one)
            if part.compare
        )
    return bool(one == other)


@cache
def claims(name: str, notation: str, seed: int) -> tuple[tuple[str, Claim, Graph], ...]:
    """Return every claim of a set with its problem's network, and a name for the report."""
    return tuple(_claims(name, notation, seed))


def _claims(name: str, notation: str, seed: int) -> Iterator[tuple[str, Claim, Graph]]:
    bank, profile = load(name, notation)
    networks = draw_networks(bank, seed)
    for entry in bank.problems:
        network = oriented(networks[entry.network].graph, profile)
        draws = draw_problem(bank, asked(entry, networks[entry.network]), network, seed).draws
        by_layers = bank.networks[entry.network].by_layers
        for solved in entry.kind.solve(Setting(network, profile, None, by_layers), draws).answers:
            if solved.claim is not None:
                yield f"{entry.name} {solved.name}", solved.claim, network


def over_json(claim: Claim, network: Graph) -> Claim:
    """Store a claim as text, and restore it beside the network as a manifest has it."""
    text = json.dumps(stored(claim, network), allow_nan=False)
    return restored(json.loads(text), read_graph(graph_text(network)))


@pytest.mark.parametrize("notation", ["base", "numerator", "aml5202", "csc311"])
@pytest.mark.parametrize("name", SETS)
def test_every_claim_comes_back(name: str, notation: str) -> None:
    """Every claim of every set is the same after it was stored, in several notations."""
    for seed in range(4):
        for label, claim, network in claims(name, notation, seed):
            assert same(claim, over_json(claim, network)), (seed, label)


@pytest.mark.parametrize("notation", ["base", "numerator"])
@pytest.mark.parametrize("name", SETS)
def test_a_restored_claim_has_the_same_certificate(name: str, notation: str) -> None:
    """Proving a claim that was stored gives the methods, points and errors of the first time."""
    for label, claim, network in claims(name, notation, 1):
        assert prove(over_json(claim, network)) == prove(claim), label


def test_the_sets_show_every_sort_of_claim() -> None:
    """The law above is about every row of the table."""
    found = {
        stored(claim, network)["claim"]
        for name in SETS
        for seed in range(4)
        for _, claim, network in claims(name, "base", seed)
    }
    assert found | {"count"} == set(CLAIMS)


def test_what_is_stored_can_be_read() -> None:
    """A claim is its name and its fields as a reader would write them; its network is left out."""
    claim = Equation(NET, Quantity("L", "x"), (Name("g") @ Name("x").T,))
    data = stored(claim, NET)
    assert data["claim"] == "equation"
    assert data["quantity"] == {"of": "L", "by": "x"}
    assert data["rights"] == ["g @ x.T"]
    assert "graph" not in data
    assert stored(claim, PRODUCT)["graph"] == graph_text(NET)
    other = stored(replace(claim, graph=replace(NET, loss="x")), NET)["graph"]
    assert other == {"text": graph_text(NET), "loss": "x"}


def test_numbers_stay_exact() -> None:
    """Fractions stay exact, floats stay floats."""
    exact = np.array([[Fraction(1, 3), Fraction(-2)]])
    for value in (exact, np.array([[0.1, -3.0]])):
        claim = Equation(NET, Quantity("L"), cells=as_cells(value), leaves={"x": value})
        assert same(over_json(claim, NET), claim)


def test_the_comparison_can_fail() -> None:
    """A changed digit, formula or network is seen by the law."""
    claim = Equation(NET, Quantity("L"), (Name("g"),), leaves={"x": np.array([[1.0]])})
    assert not same(claim, replace(claim, leaves={"x": np.array([[1.5]])}))
    assert not same(claim, replace(claim, leaves={"x": np.array([[1]])}))
    assert not same(claim, replace(claim, leaves={}))
    assert not same(claim, replace(claim, graph=PRODUCT))
    assert not same(claim, replace(claim, rights=(Name("x"),)))
    assert not same(claim, replace(claim, quantity=Quantity("x")))


SHAPE = ShapeClaim(NET, "x", (Dim(3), Dim(1)), ("t",))
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"claim": "equaton"}, ".claim", "there is no claim 'equaton'"),
    ({"claim": None}, ".claim", "there is no claim null"),
    ({"claim": ["equation"]}, ".claim", "there is no claim a list"),
    ({"layout": 3}, ".layout", "3 is not a text"),
    ({"rights": [None]}, ".rights[0]", "null is not an expression"),
    ({"rights": ["x +"]}, ".rights[0]", "this is not legal syntax: invalid syntax"),
    ({"rights": ["__import__(os)"]}, ".rights[0]", "there is no op '__import__'"),
    ({"rights": ["x ** 9 ** 9 ** 9"]}, ".rights[0]", "this exponent is a computation"),
    (
        {"rights": ["(" * 10_000 + "x" + ")" * 10_000]},
        ".rights[0]",
        "this is not legal syntax: too many nested parentheses",
    ),
    ({"rights": [{"text": "x", "sizes": "n"}]}, ".rights[0]", "an object is not an expression"),
    ({"shape": ["3"]}, ".shape", "a shape has two sizes"),
    ({"shape": ["3", "x x"]}, ".shape[1]", "'x x' is not a size"),
    ({"shape": ["3", "1000000000000"]}, ".shape[1]", "'1000000000000' is not a size"),
    ({"shape": "3"}, ".shape", "'3' is not a list"),
    ({"symbolic": 0}, ".symbolic", "0 is not true or false"),
    ({"numerator": True}, "", "there is no 'numerator' here"),
    ({"graph": "x: input[3]"}, ".graph", "the network has no line 'name = expression'"),
    ({"graph": "L = 1 / 0"}, ".graph", "this divides by 0"),
    ({"graph": "W: param[10000000, 10000000]\nL = sum(W)"}, ".graph", "more than 100000000"),
]


@pytest.mark.parametrize(("change", "path", "message"), WRONG)
def test_what_is_no_claim(change: dict[str, Any], path: str, message: str) -> None:
    """A claim that was tampered with is refused with the path to what does not fit."""
    claim = SHAPE if "shape" in change else Equation(NET, Quantity("L", "x"), (Name("g"),))
    data = {**stored(claim, NET), **change}
    with pytest.raises(DataError) as caught:
        restored(data, NET)
    assert message in caught.value.message
    assert caught.value.path == path


def test_a_missing_field() -> None:
    """Every field but a network must be there; nothing is filled in."""
    data = stored(SHAPE, NET)
    for name in data.keys() - {"claim"}:
        rest = {key: part for key, part in data.items() if key != name}
        with pytest.raises(DataError, match=f"'{name}' is missing"):
            restored(rest, NET)
