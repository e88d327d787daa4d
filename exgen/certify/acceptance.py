"""Acceptance rules: what a draw must satisfy so that the problem asks what it means to ask.

Unlucky draws are the normal case: among four sizes two are often equal, and the largest entry of
a window often stands there twice. A draw that breaks a rule is counted under the rule's name and
drawn anew.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.errors import AcceptanceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from exgen.graph import Graph


class Rule(Struct, frozen=True):
    """One acceptance rule.

    Attributes:
        name: as messages, manifests and ``exgen lint`` count it.
        says: what holds in every draw that is accepted.
        remedy: what an author can do whose draws break it too often.
        proof: whether a proof rests on it, so that no bank can waive it.

    """

    name: str
    says: str
    remedy: str
    proof: bool = False


class NetworkDraw(Struct, frozen=True):
    """A draw of a network, for the rules to judge.

    Attributes:
        symbolic: the network with named sizes.
        graph: the network with the drawn ones.
        draws: the values, by the name of what is drawn.
        choices: what each was drawn from.

    """

    symbolic: Graph
    graph: Graph
    draws: Mapping[str, object]
    choices: Mapping[str, Sequence[object]]


def distinct_dims(drawn: NetworkDraw) -> bool:
    """Whether sizes that may differ do differ.

    With two equal sizes a swapped or a forgotten factor can give the right shape by luck.
    """
    numbers: dict[object, object] = {}
    for name, shape in drawn.symbolic.shapes.items():
        for dim, number in zip(shape, drawn.graph.shapes[name], strict=True):
            if not dim.is_number and numbers.setdefault(number, dim) != dim:
                return False
    return True


def distinct_functions(drawn: NetworkDraw) -> bool:
    """Whether functions that may differ do differ.

    With two equal functions two parts of a problem have one answer, but for its names.
    """
    functions = [name for name, value in drawn.draws.items() if isinstance(value, str)]
    return not any(
        drawn.draws[one] == drawn.draws[other]
        and len({*drawn.choices[one], *drawn.choices[other]}) > 1
        for one, other in combinations(functions, 2)
    )


OF_NETWORKS: Mapping[str, Callable[[NetworkDraw], bool]] = {
    "distinct_dims": distinct_dims,
    "distinct_functions": distinct_functions,
}
"""The rules for networks: a draw in, the verdict out.

A bank may name them under ``accept``.
"""

RULES: Mapping[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule(
            "distinct_dims",
            "Sizes with different names are different numbers.",
            "Let its sizes be drawn from more numbers.",
        ),
        Rule(
            "distinct_functions",
            "Functions that are drawn under different names are different.",
            "Let its functions be drawn from more of them.",
        ),
        Rule(
            "distinct_answers",
            "No two parts have one answer, but for its names.",
            "Let fewer be asked for, or name them under 'ask'.",
        ),
        Rule(
            "distinct_upstream",
            "Where sorting moves entries, those of the upstream gradient differ.",
            "Draw from more numbers.",
        ),
        Rule(
            "no_ties",
            "A window of a max-pool has one largest entry, and what is sorted has no equal ones.",
            "Draw from more numbers.",
            proof=True,
        ),
        Rule(
            "off_the_kink",
            "Nothing that is bent at 0, as ReLU is, is applied at 0.",
            "Draw from finer steps, or from fewer numbers that add up to 0.",
            proof=True,
        ),
        Rule(
            "both_signs",
            "What ReLU and its kin are applied to has entries above and below 0.",
            "Draw from numbers of both signs.",
        ),
        Rule(
            "not_saturated",
            "No sigmoid or tanh rounds to 0, 1 or -1, and no other function's slope to 1.",
            "Draw from numbers nearer to 0, or raise 'digits'.",
        ),
        Rule(
            "no_zero_inputs",
            "No number that is drawn for a product is 0.",
            "Leave 0 out.",
        ),
        Rule(
            "no_zero_results",
            "Only an activation gives a 0.",
            "Draw from finer steps, or from fewer numbers that add up to 0.",
        ),
        Rule(
            "no_zero_gradients",
            "A gradient that is asked for is not 0: of a grid some entry, else every one.",
            "Draw from more numbers, of both signs.",
        ),
        Rule(
            "short_decimals",
            "Every number that has to be exact is below 1000 and ends after a few decimals.",
            "Draw from rounder or smaller numbers.",
        ),
        Rule(
            "values_exist",
            "Nothing is divided by 0, and a logarithm is of a number above 0.",
            "Draw from numbers at which the network can be evaluated.",
            proof=True,
        ),
        Rule(
            "not_tiny",
            "A rounded number is at least 5 units of its last digit.",
            "Draw from larger numbers, or raise 'digits'.",
        ),
        Rule(
            "not_large",
            "A rounded number is below 50.",
            "Draw from smaller numbers.",
        ),
        Rule(
            "safe_rounding",
            "However a student rounds on the way, each number comes out as printed.",
            "Draw from rounder numbers, or raise 'digits'.",
            proof=True,
        ),
        Rule(
            "clear_rounding",
            "No number that is asked for lies in the middle between two roundings.",
            "Draw from rounder numbers, or ask for more digits.",
        ),
        Rule(
            "distinct_entries",
            "The entries of the vector differ.",
            "Draw from more numbers.",
        ),
        Rule(
            "first_sign",
            "The first entry has the sign that the bank asks for.",
            "Draw from numbers of that sign too.",
            proof=True,
        ),
        Rule(
            "order_matters",
            "Sorting moves entries, and not in a way that undoes itself.",
            "Draw from more numbers.",
        ),
        Rule(
            "live_paths",
            "Every path to the variable adds something to its gradient.",
            "Draw from more numbers.",
        ),
        Rule(
            "several_terms",
            "A slope that is shared has at least two entries below 0 to sum over.",
            "Draw from more numbers below 0.",
        ),
    )
}
"""Every rule by name, those for networks and those for numbers."""


def added(*counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts of rejections by rule, added up."""
    total: dict[str, int] = {}
    for part in counts:
        for rule, count in part.items():
            total[rule] = total.get(rule, 0) + count
    return total


def counts_text(rejected: Mapping[str, int]) -> str:
    """Return rejections by rule, the most frequent first, such as ``no_ties 612, both_signs 3``."""
    ordered = sorted(rejected.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{rule} {count}" for rule, count in ordered)


def none_accepted(
    what: str, rejected: Mapping[str, int], options: Iterable[str], place: str = ""
) -> AcceptanceError:
    """Return the error for draws that all broke some rule, which says what the worst one wants.

    Args:
        what: what was drawn.
        rejected: how many draws each rule turned down.
        options: the keys of a bank that say what is drawn from.
        place: where they stand.

    """
    worst = max(sorted(rejected), key=lambda rule: rejected[rule])
    keys = " or ".join(f"'{key}'" for key in options)
    rule = RULES.get(worst)
    advice = "" if rule is None else f" {worst}: {rule.says} {rule.remedy}"
    return AcceptanceError(
        f"none of {sum(rejected.values())} draws of {what} met the acceptance rules "
        f"(rejected by: {counts_text(rejected)})",
        place=place,
        remedy=f"Change {keys}.{advice}",
        rejected=rejected,
    )
