"""Draw a bank's networks and problems for a seed, until the acceptance rules hold."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from exgen.banks import MAX_SIZE, NUMBERS
from exgen.certify.acceptance import OF_NETWORKS, NetworkDraw, added, none_accepted
from exgen.derive.symbols import check_looks
from exgen.document import to_json
from exgen.errors import AcceptanceError, BankError, KindError, MisfitError
from exgen.graph import is_scalar, shape_text
from exgen.language import read_network
from exgen.problems.table import NETWORK_RULES
from exgen.seeds import Stream
from exgen.shapes import check_sizes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.banks import Bank, Choice, NetworkEntry, ProblemEntry
    from exgen.graph import Graph

MAX_TRIES = 500
SHARED_TRIES = 40
"""How many numbers are drawn that all problems about a network are to share."""
WHOLE_CLASS = ""
"""The student for whom a set is drawn that all students share."""


@dataclass(frozen=True, slots=True)
class DrawnNetwork:
    """A network with its draws.

    Attributes:
        draws: the values.
        graph: what they make of the network.
        tries: how many draws it took.
        rejected: how many of them each acceptance rule turned down.
        names: what became of the names that the bank's author wrote, where they were drawn.

    """

    draws: dict[str, Any]
    graph: Graph
    tries: int
    rejected: Mapping[str, int]
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DrawnProblem:
    """What a problem left open: the values, and how they came about as for a network."""

    draws: dict[str, Any]
    tries: int
    rejected: Mapping[str, int]


def draw_networks(bank: Bank, seed: int) -> dict[str, DrawnNetwork]:
    """Draw every network that a problem of the bank uses.

    A network's stream is named by seed, bank and network, so that adding or removing another one
    changes nothing here; problems that share a network share its draws.

    Raises:
        AcceptanceError: no draw met the rules within the tries.
        LanguageError, KindError, BankError: the network cannot be read or asked about.

    """
    drawn: dict[str, DrawnNetwork] = {}
    for problem in bank.problems:
        entry = bank.networks[problem.network]
        if entry.name not in drawn:
            stream = Stream(seed, bank.name, "network", entry.name, WHOLE_CLASS)
            # Those of all kinds, not of the kinds in the bank: else a problem added to a bank
            # could change the draws of a network that other problems use.
            rules = NETWORK_RULES if entry.accept is None else entry.accept
            drawn[entry.name] = _draw_network(entry, rules, stream, bank)
        if problem.kind.needs_loss and not _ends_in_scalar(drawn[entry.name].graph):
            raise KindError(
                f"{problem.kind.name} needs a network that ends in a scalar loss, and "
                f"'{entry.name}' does not",
                place=problem.place,
                remedy="Add a last line such as L = squared_error(a, y).",
            )
    return drawn


def _ends_in_scalar(graph: Graph) -> bool:
    return is_scalar(graph.shapes[graph.loss])


def _draw_network(
    entry: NetworkEntry, rules: tuple[str, ...], stream: Stream, bank: Bank
) -> DrawnNetwork:
    rejected: dict[str, int] = {}
    for attempt in range(1, MAX_TRIES + 1):
        draws: dict[str, Any] = {
            key: stream.child(attempt, key).choose(choices) for key, choices in entry.draw.items()
        }
        which = stream.child(attempt, "text").below(len(entry.sources))
        symbolic = _read(entry, which, draws, bank)
        sizes = {key: value for key, value in draws.items() if isinstance(value, int)}
        graph = _with_sizes(symbolic, sizes, entry, bank)
        drawn = NetworkDraw(symbolic, graph, draws, entry.draw)
        broken = next((rule for rule in rules if not OF_NETWORKS[rule](drawn)), None)
        if broken is None:
            chosen: dict[str, Any] = {"text": which} if len(entry.sources) > 1 else {}
            names = _drawn_names(graph, entry, stream.child("names"), bank)
            chosen |= {"names": names} if names else {}
            graph = _told_apart(graph.renamed(names), f"{bank.path}: [networks.{entry.name}]")
            return DrawnNetwork({**draws, **chosen}, graph, attempt, rejected, names)
        rejected = added(rejected, {broken: 1})
    place = f"{bank.path}: [networks.{entry.name}]"
    raise none_accepted(f"the network '{entry.name}'", rejected, ("draw",), place)


def _drawn_names(graph: Graph, entry: NetworkEntry, stream: Stream, bank: Bank) -> dict[str, str]:
    """Draw the letters that names begin with, no two alike; the rest of a name stays.

    So ``z = ["z", "m"]`` turns z1 and z_a into m1 and m_a, or leaves them as they are.
    """
    place = f"{bank.path}: [networks.{entry.name}]"
    everywhere = "\n".join(part.text for part in entry.sources)
    stems = {name: re.match("[A-Za-z]*", name)[0] for name in graph.names}  # type: ignore[index]
    taken = set(stems.values()) - entry.names.keys()
    new: dict[str, str] = {}
    for stem, choices in entry.names.items():
        if not re.search(rf"\b{stem}(?![A-Za-z])", everywhere):
            raise BankError(
                f"names.{stem} is drawn, but no name of the network begins with {stem} alone",
                place=place,
                remedy="Remove it.",
            )
        if stem not in stems.values():
            continue
        free = [letters for letters in choices if letters not in taken]
        if not free:
            raise BankError(
                f"names.{stem} has nothing to draw that is not taken by another name",
                place=place,
                remedy="Give it more letters.",
            )
        new[stem] = stream.child(stem).choose(free)
        taken.add(new[stem])
    return {
        name: new[stem] + name.removeprefix(stem)
        for name, stem in stems.items()
        if new.get(stem, stem) != stem
    }


def asked(problem: ProblemEntry, network: DrawnNetwork) -> ProblemEntry:
    """Return a problem of a bank with the drawn names where its author wrote others."""
    options = {key: _with_names(value, network.names) for key, value in problem.options.items()}
    return replace(problem, options=options)


def with_numbers(problem: ProblemEntry, numbers: Mapping[str, Any]) -> ProblemEntry:
    """Return a problem with numbers for the leaves of its network, if its kind takes any."""
    keys = [key for key in NUMBERS if key in problem.kind.options]
    return replace(problem, options={**problem.options, **dict.fromkeys(keys, numbers)})


def shared_numbers(
    bank: Bank, entry: NetworkEntry, network: DrawnNetwork, seed: int
) -> dict[str, Any]:
    """Draw numbers that every problem about a network can be asked with.

    They are drawn as for the first of the problems; the rules of the others may turn them down.

    Args:
        bank: the set.
        entry: the network, which has ``numbers``.
        network: the network as drawn, in the orientation of the sheet.
        seed: what every draw comes from.

    Returns:
        For each leaf, its numbers as a problem's own option would give them: ``{is = …}``.

    Raises:
        AcceptanceError: no draw met the rules of all the problems within the tries.
        KindError: a kind cannot ask about the network.

    """
    wanted = _with_names(entry.numbers, network.names)
    users = [
        asked(problem, network)
        for problem in bank.problems
        if problem.network == entry.name and any(key in problem.kind.options for key in NUMBERS)
    ]
    if not users:
        return {}
    first, *others = users
    (key,) = (key for key in NUMBERS if key in first.kind.options)
    rejected: dict[str, int] = {}
    for attempt in range(1, SHARED_TRIES + 1):
        drawn = draw_problem(bank, with_numbers(first, wanted), network.graph, seed, attempt)
        numbers = {name: {"is": rows} for name, rows in drawn.draws[key].items()}
        try:
            for other in others:
                draw_problem(bank, with_numbers(other, numbers), network.graph, seed)
        except AcceptanceError as error:
            rejected = added(rejected, {max(error.rejected, key=error.rejected.__getitem__): 1})
        else:
            return numbers
    place = f"{bank.path}: [networks.{entry.name}]"
    raise none_accepted("shared numbers", rejected, ("numbers",), place)


def _with_names(value: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - any TOML
    """Return an option with the drawn names in place of those the author wrote.

    >>> _with_names({"ask": [["a1", "z1"], "z1.W1"], "z1": 3}, {"z1": "m1"})
    {'ask': [['a1', 'm1'], 'm1.W1'], 'm1': 3}
    """
    if isinstance(value, str):
        return ".".join(names.get(part, part) for part in value.split("."))
    if isinstance(value, list):
        return [_with_names(part, names) for part in value]
    if isinstance(value, dict):
        return {names.get(key, key): _with_names(part, names) for key, part in value.items()}
    return value


def _read(entry: NetworkEntry, which: int, draws: dict[str, Choice], bank: Bank) -> Graph:
    source = entry.sources[which]
    functions = {key: value for key, value in draws.items() if isinstance(value, str)}
    place = f"{bank.path}: [networks.{entry.name}]"
    everywhere = "\n".join(part.text for part in entry.sources)
    for key in draws:
        if not re.search(rf"\b{key}\b", everywhere):
            raise BankError(
                f"draw.{key} is drawn, but the network does not mention it",
                place=place,
                remedy="Remove it, or write it where the network should use it.",
            )
        if key in functions and not re.search(rf"\b{key}\s*\(", everywhere):
            raise BankError(
                f"draw.{key} is drawn from functions, but the network does not call it",
                place=place,
                remedy=f"Draw a size from whole numbers, such as {key} = [784, 1024].",
            )
    graph = read_network(source, functions=functions, scalar_loss=False)
    return _told_apart(graph, place)


def _told_apart(graph: Graph, place: str) -> Graph:
    """Return a network, if no two of its names print alike."""
    try:
        check_looks(graph)
    except MisfitError as error:
        raise BankError(error.message, place=place, remedy=error.remedy) from None
    return graph


def _with_sizes(symbolic: Graph, sizes: dict[str, int], entry: NetworkEntry, bank: Bank) -> Graph:
    """Put the drawn sizes in, and check what only they can show.

    That is, for example, an entry beyond the end of a vector, or a matrix beyond all memory.
    """
    place = f"{bank.path}: [networks.{entry.name}]"
    try:
        graph = symbolic.with_sizes(sizes)
        check_sizes(graph)
    except MisfitError as error:
        raise BankError(error.message, place=place, remedy=error.remedy) from None
    for name, shape in graph.shapes.items():
        if any(dim.constant > MAX_SIZE + 1 for dim in shape):
            raise BankError(
                f"'{name}' is {shape_text(shape)}, and {MAX_SIZE} is the largest size allowed",
                place=place,
                remedy="Its Jacobians have to be computed to be proven. Use smaller sizes.",
            )
    return graph


def draw_problem(
    bank: Bank, problem: ProblemEntry, graph: Graph, seed: int, attempt: int = 1
) -> DrawnProblem:
    """Draw what a problem leaves open, until the kind's rules hold.

    Args:
        bank: the set.
        problem: its entry.
        graph: its network as drawn.
        seed: what every draw comes from.
        attempt: 1 for the first draw that the kind's rules accept; whoever turns that one down
            for a reason of its own asks for the next.

    Raises:
        AcceptanceError: no draw met the rules within the tries.
        KindError: the kind cannot ask about this network.

    """
    stream = Stream(seed, bank.name, "problem", problem.name, WHOLE_CLASS, attempt)
    try:
        draws = problem.kind.sample(graph, problem.options, stream)
    except KindError as error:
        raise KindError(
            error.message, place=error.place or problem.place, remedy=error.remedy
        ) from None
    except AcceptanceError as error:
        raise AcceptanceError(
            error.message, place=problem.place, remedy=error.remedy, rejected=error.rejected
        ) from None
    # As JSON has them, so that a problem is solved the same from its manifest.
    kept = to_json({key: part for key, part in draws.items() if key not in ("tries", "rejected")})
    return DrawnProblem(kept, int(draws.get("tries", 1)), draws.get("rejected", {}))
