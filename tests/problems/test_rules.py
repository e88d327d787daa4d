"""Acceptance rules: every rejection has a name, and each kind names those it rejects by."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from exgen import resources
from exgen.banks import bank_names, load_bank
from exgen.certify.acceptance import OF_NETWORKS, RULES, added, none_accepted
from exgen.draw import draw_networks, draw_problem
from exgen.errors import AcceptanceError, RejectedError
from exgen.leaves import asked
from exgen.pipeline import build, load
from exgen.problems import KINDS, luck
from exgen.seeds import Stream
from tests.problems.drawn import network
from tests.problems.setting import DEEP

if TYPE_CHECKING:
    from exgen.graph import Graph

GRID = "X: input[4, 4]\nW: param[2, 2]\nU = maxpool(X)\nV = lrelu(U, 0.1)\ny = sum(V * W)"
CLOSED = "X: input[2, 2]\nV = relu(X)\ns = sum(V)\nr = relu(s - 9)\ny = r + 1"
LEAKY = "X: input[2, 2]\nW: param[2, 2]\nV = lrelu(X, 0.5)\ny = sum(V * W)"
POOL = "X: input[4, 4]\nU = avgpool(X)\ny = sum(U)"
SHARED = "U: input[2, 2]\nalpha: param\nV = prelu(U, alpha)"
SLOPE = "{show upstream of L} {show values} {ask gradient of L by alpha exactly in a grid}"
SORT = "x: input[n]\nF = sort(x)"
SQUARES = "x: input[n]\nF = sort(x * x)"
SCALED = "x: input[n]\nF = x[0] * sort(x)"
REUSE = "x: input[n]\nF = x[0] * x"
RATIO = "x: input[n]\nF = x[0] / x[1] * sort(x)"
SUM = "x: input\ny: input\nz: input\nq = x + y\nf = q * z\n"
QUOTIENT = "x: input\ny: input\nf = x / (y - 1)\n"
BENT = "x: input\ny: input\nw: param\nf = w * relu(x + y)\n"
SOFT = "x: input\nw: param\nf = sigmoid(w * x)\n"
THIRDS = "x: input\ny: input\nf = x / y\n"
FACTOR = "x: input\nw: param\nf = sigmoid(w) * x\n"
CURVED = "x: input\nw: param\nf = tanh(w * x) * x\n"

SMALL = {"x": [-2, -1, 1, 2], "g": [-2, -1, 1, 2]}
ENTRY = "{show upstream g of L} {ask gradient of L by x[0]} {ask value of F}"
BY_HAND = "{show rounding} {ask gradient of f by w to 2 digits}"

BREAKING: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "grid": [
        (GRID, {"numbers": {"X": {"zero": True}, "W": [0, 0.00001, 1, 2]}}),
        (GRID, {"numbers": {"X": {"from": 1, "to": 90}, "W": [1, 2]}}),
        (POOL, {"numbers": {"X": [-1, 1]}}),
        (CLOSED, {}),
    ],
    "alpha_gradient": [
        (SHARED, {"numbers": {"U": {"zero": True}, "upstream": [-1, 0, 1, 0.00125]}}),
        (SHARED, {"numbers": {"U": {"from": 1, "to": 9}}}),
    ],
    "vector_gradient": [
        (SORT, {"numbers": {"g": [0, 1, 2, -1, 0.125, 3]}}),
        (SQUARES, {}),
        (SCALED, {"numbers": SMALL}),
        (SCALED, {"first": "negative", "numbers": {"x": {"zero": True}, "g": {"zero": True}}}),
        (RATIO, {"numbers": {"x": {"zero": True}}}),
        (REUSE, {}),
    ],
    "local_jacobian": [(DEEP, {"count": 2})],
    "scalar_graph": [
        (SUM, {"numbers": {"z": [0, 1, 60, 0.001]}}),
        (QUOTIENT, {"numbers": {}}),
        (THIRDS, {"numbers": {}}),
        (BENT, {"numbers": {}}),
        (FACTOR, {"numbers": {"x": [1, 120]}}),
        (SOFT, {"numbers": {"x": [1, 9]}}),
        (CURVED, {"numbers": {"x": {"from": 0.1, "to": 3, "step": 0.1}}}),
    ],
    "circuit": [
        (SUM, {"numbers": {"z": [0, 1, 60, 0.001]}}),
        (QUOTIENT, {"numbers": {}}),
        (THIRDS, {"numbers": {}}),
        (BENT, {"numbers": {}}),
        (SOFT, {"numbers": {"x": [1, 9]}}),
        (CURVED, {"numbers": {"x": {"from": 0.1, "to": 3, "step": 0.1}}}),
    ],
    "text": [
        (SHARED, {"text": SLOPE}),
        (QUOTIENT, {"text": "{ask value of f to 3 digits}"}),
        (THIRDS, {"text": "{ask value of f exactly}"}),
        (THIRDS, {"text": "{ask value of f to 0 digits}"}),
        (BENT, {"text": "{ask value of f}"}),
        (SUM, {"text": "{ask value of f}"}),
        (FACTOR, {"text": BY_HAND, "numbers": {"x": [1, 120]}}),
        (SOFT, {"text": BY_HAND, "numbers": {"x": [1, 9]}}),
        (CURVED, {"text": BY_HAND, "numbers": {"x": {"from": 0.1, "to": 3, "step": 0.1}}}),
        (SORT.replace("[n]", "[4]"), {"text": "{ask value of F}"}),
        (SORT.replace("[n]", "[3]"), {"text": ENTRY, "numbers": {"g": {"zero": True}}}),
        (SCALED.replace("[n]", "[3]"), {"text": ENTRY, "numbers": {"x": {"zero": True}}}),
        (SCALED.replace("[n]", "[3]"), {"text": ENTRY, "numbers": SMALL}),
        (REUSE.replace("[n]", "[3]"), {"text": ENTRY}),
        (LEAKY, {"text": "{ask value of y in a grid}", "numbers": {"X": [-1, 1], "W": [1, -1]}}),
    ],
}
"""For each kind with rules, networks and options that break each of them now and then."""
SEEDS = 25


def rejections(kind: str, graph: Graph, options: dict[str, Any]) -> dict[str, int]:
    """Return which rules rejected how many draws, over some seeds."""
    total: dict[str, int] = {}
    for seed in range(SEEDS):
        try:
            draws = KINDS[kind].sample(graph, options, Stream(seed, "rules"))
        except AcceptanceError as error:
            # some numbers can never fit, and one try in vain has a thousand draws in it
            return added(total, error.rejected)
        assert sum(draws.get("rejected", {}).values()) == draws.get("tries", 1) - 1
        total = added(total, draws.get("rejected", {}))
    return total


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_kind_rejects_by_the_rules_it_names(kind: str) -> None:
    """No rule beyond those a kind lists turns a draw down, and each that it lists does."""
    found = added(
        *(rejections(kind, network(text), options) for text, options in BREAKING.get(kind, []))
    )
    assert set(found) == set(KINDS[kind].number_rules)


@pytest.mark.parametrize("name", bank_names(resources.banks()))
def test_the_sets_break_only_named_rules(name: str) -> None:
    """What the sets' problems reject is counted under a rule of their kind; tries add up."""
    bank = load_bank(resources.banks() / f"{name}.toml")
    for seed in range(20):
        networks = draw_networks(bank, seed)
        for drawn in networks.values():
            assert sum(drawn.rejected.values()) == drawn.tries - 1
            assert set(drawn.rejected) <= set(OF_NETWORKS)
        for entry in bank.problems:
            own = draw_problem(
                bank, asked(entry, networks[entry.network]), networks[entry.network].graph, seed
            )
            assert sum(own.rejected.values()) == own.tries - 1
            assert set(own.rejected) <= set(entry.kind.number_rules)
            assert not {"tries", "rejected"} & own.draws.keys()


def test_every_rule_is_used() -> None:
    """A rule that no kind names is a leftover; one that the table does not explain is none."""
    named = [rule for kind in KINDS.values() for rule in (*kind.network_rules, *kind.number_rules)]
    assert set(named) == set(RULES)
    assert {rule for kind in KINDS.values() for rule in kind.network_rules} == set(OF_NETWORKS)
    for kind in KINDS.values():
        assert len(set(kind.number_rules)) == len(kind.number_rules)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_explains_itself(rule: str) -> None:
    """The table says in one sentence what holds, and in one what an author can do."""
    assert RULES[rule].name == rule
    for text in (RULES[rule].says, RULES[rule].remedy):
        assert text.endswith(".")
        assert text.count(". ") == 0


def test_first_lucky_counts() -> None:
    """A draw counts under the first rule that it breaks; the first that breaks none is taken."""

    def draw(attempt: int) -> dict[str, int]:
        luck.require("no_ties", attempt % 2 == 0)
        luck.require("both_signs", attempt > 5)
        return {"x": attempt}

    assert luck.first_lucky(draw, ("values",)) == {
        "x": 6,
        "tries": 6,
        "rejected": {"no_ties": 3, "both_signs": 2},
    }


def test_the_rule_that_kills_is_named() -> None:
    """Where no draw is accepted the message has every count, and what the worst rule wants."""

    def draw(attempt: int) -> dict[str, int]:
        luck.require("off_the_kink", attempt % 3 == 0)
        raise RejectedError("short_decimals")

    with pytest.raises(AcceptanceError) as caught:
        luck.first_lucky(draw, ("values", "upstream"))
    assert caught.value.message == (
        "none of 1000 draws of numbers met the acceptance rules "
        "(rejected by: off_the_kink 667, short_decimals 333)"
    )
    assert caught.value.remedy == (
        f"Change 'values' or 'upstream'. off_the_kink: {RULES['off_the_kink'].says} "
        f"{RULES['off_the_kink'].remedy}"
    )
    assert caught.value.rejected == {"off_the_kink": 667, "short_decimals": 333}


def test_a_reason_that_is_no_rule() -> None:
    """What turns draws down later, under a name of its own, is counted and printed too."""
    error = none_accepted("numbers", {"slip: forgot": 2}, ("values",))
    assert "slip: forgot 2" in error.message


def test_numbers_an_author_typed_may_be_zero() -> None:
    """Given numbers are taken as they are; only drawn ones have to differ from 0."""
    graph = network(GRID)
    given = {"W": {"is": [[1, 0], [2, 3]]}, "X": {"from": -9, "to": 9}}
    assert luck.factors(graph, {}) == ["W"]
    assert luck.factors(graph, given) == []
    assert KINDS["grid"].sample(graph, {"numbers": given}, Stream(1, "given"))


def test_the_next_acceptable_draw() -> None:
    """A draw that is turned down later has a next one, which the rules accept too."""
    bank, _ = load("5", None)
    entry = next(problem for problem in bank.problems if problem.kind.name == "grid")
    graph = draw_networks(bank, 3)[entry.network].graph
    first = draw_problem(bank, entry, graph, 3)
    assert draw_problem(bank, entry, graph, 3, attempt=1) == first
    later = [draw_problem(bank, entry, graph, 3, attempt=n).draws for n in range(2, 6)]
    assert first.draws not in later
    assert len({str(draws) for draws in later}) == len(later)


def test_a_problem_knows_its_rejections() -> None:
    """Those of its network and of its numbers are counted together, and explain its tries."""
    total: Counter[str] = Counter()
    for seed in range(12):
        for problem in build(*load("5", None), seed).problems:
            assert sum(problem.rejected.values()) == problem.tries - 1
            total.update(problem.rejected)
    assert total["no_ties"] > 0


def test_an_impossible_problem_has_a_place() -> None:
    """The message says which entry of the bank has the numbers that never fit."""
    bank, _ = load("5", None)
    entry = next(problem for problem in bank.problems if problem.kind.name == "grid")
    entry = replace(entry, options={"numbers": {"X": [1]}})
    graph = draw_networks(bank, 1)[entry.network].graph
    with pytest.raises(AcceptanceError, match="no_ties 1000") as caught:
        draw_problem(bank, entry, graph, 1)
    assert caught.value.place == entry.place
