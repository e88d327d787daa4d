"""The numbers of a network's leaves: given, drawn and shared by the problems of a bank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import structs

from exgen.asks.parse import renamed
from exgen.banks import TEXT
from exgen.certify.acceptance import RULES, added, none_accepted
from exgen.draw import DrawnNetwork, draw_problem, with_names
from exgen.errors import AcceptanceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.tables import Bank, NetworkEntry, ProblemEntry

SHARED_TRIES = 40
"""How many numbers are drawn that all problems about a network are to share."""


def asked(
    problem: ProblemEntry, network: DrawnNetwork, numbers: Mapping[str, Any] | None = None
) -> ProblemEntry:
    """Return a problem of a bank as its kind takes it.

    That is with the drawn names where its author wrote others, and, where the kind takes numbers,
    with those of its own, or else of the network.

    Args:
        problem: the entry.
        network: its network as drawn, in the orientation of the sheet.
        numbers: for leaves what their numbers are, or are drawn from, by the network's entry.

    Raises:
        ValuesError: numbers that the problem gives do not fit.

    """
    options = {key: with_names(value, network.names) for key, value in problem.options.items()}
    own = {
        **with_names(problem.draw, network.names),
        **network.numbers(problem.give, problem.place),
    }
    if problem.kind.takes_numbers and (own or numbers is not None):
        options["numbers"] = {**(numbers or {}), **own}
    if problem.accept is not None:
        options["waived"] = waived(problem)
    if TEXT in problem.options:
        sizes = {name: str(size) for name, size in network.draws.items() if type(size) is int}
        options["turned"] = sorted(network.turned)
        options[TEXT] = renamed(problem.options[TEXT], {**network.names, **sizes})
    return structs.replace(problem, options=options)


def waived(problem: ProblemEntry) -> tuple[str, ...]:
    """Return the rules that a problem's draws need not meet: those that its ``accept`` leaves out.

    What a proof rests on is never waived.
    """
    rules = () if problem.accept is None else problem.kind.number_rules
    return tuple(
        rule for rule in rules if rule not in (problem.accept or ()) and not RULES[rule].proof
    )


def network_numbers(
    bank: Bank, entry: NetworkEntry, network: DrawnNetwork, seed: int
) -> dict[str, Any] | None:
    """Return the numbers that a bank has for the leaves of a network; None where it has none.

    Where they are shared, they are drawn as for the first of the problems that take them all; the
    rules of the others may turn them down.

    Args:
        bank: the set.
        entry: the network.
        network: the network as drawn, in the orientation of the sheet.
        seed: what every draw comes from.

    Returns:
        For each leaf, its numbers as a problem's own option would give them, ``{is = …}``, or what
        each problem draws them from.

    Raises:
        AcceptanceError: no draw met the rules of all the problems within the tries.
        KindError: a kind cannot ask about the network.
        ValuesError: given numbers do not fit the network.

    """
    leaves = {leaf.name for leaf in network.graph.leaves}
    give = {
        name: part for name, part in entry.give.items() if network.names.get(name, name) in leaves
    }
    ranges = with_names(entry.numbers, network.names)
    wanted = {**ranges, **network.numbers(give, entry.place)}
    users = [
        problem
        for problem in bank.problems
        if problem.network == entry.name and problem.kind.takes_numbers
    ]
    if not (entry.share and users and len(give) < len(leaves)):
        return wanted if entry.share or wanted else None
    users.sort(key=lambda problem: bool(problem.give or problem.draw))
    first = asked(structs.replace(users[0], give={}, draw={}), network, wanted)
    rejected: dict[str, int] = {}
    for attempt in range(1, SHARED_TRIES + 1):
        drawn = draw_problem(bank, first, network.graph, seed, attempt)
        found = drawn.draws["numbers"]
        numbers = {name: {"is": rows} for name, rows in found.items() if name in leaves}
        try:
            for other in users:
                draw_problem(bank, asked(other, network, numbers), network.graph, seed)
        except AcceptanceError as error:
            rejected = added(rejected, {max(error.rejected, key=error.rejected.__getitem__): 1})
        else:
            return numbers
    raise none_accepted("shared numbers", rejected, ("draw",), entry.place)
