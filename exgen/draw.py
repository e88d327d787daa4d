"""Draw a bank's networks and problems for a seed, until the acceptance rules hold."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from exgen.certify.acceptance import OF_NETWORKS, RULES, NetworkDraw, added, none_accepted
from exgen.derive.orient import names_to_turn, turn
from exgen.derive.symbols import check_looks
from exgen.document import to_json
from exgen.errors import AcceptanceError, BankError, KindError, retold
from exgen.graph import is_scalar, shape_text
from exgen.language import read_network
from exgen.problems.luck import lines_that_break
from exgen.problems.numbers import exact_arrays, text
from exgen.problems.table import NETWORK_RULES
from exgen.seeds import WHOLE_CLASS, Stream
from exgen.shapes import check_sizes
from exgen.strict import toml
from exgen.tables import MAX_SIZE
from exgen.values import given_arrays, read_sizes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.derive.notation import Notation
    from exgen.graph import Graph
    from exgen.tables import Bank, Choice, NetworkEntry, ProblemEntry

MAX_TRIES = 500


@dataclass(frozen=True, slots=True)
class DrawnNetwork:
    """A network with its draws.

    Attributes:
        draws: the values.
        graph: what they make of the network.
        tries: how many draws it took.
        rejected: how many of them each acceptance rule turned down.
        names: what became of the names that the bank's author wrote, where they were drawn.
        waived: the acceptance rules for networks that the bank does without.
        written: the network in the orientation in which its author wrote it.
        turned: the names that hold their transposes on the sheet.

    """

    draws: dict[str, Any]
    graph: Graph
    tries: int
    rejected: Mapping[str, int]
    names: Mapping[str, str] = field(default_factory=dict)
    waived: tuple[str, ...] = ()
    written: Graph | None = None
    turned: frozenset[str] = frozenset()

    def oriented(self, notation: Notation) -> DrawnNetwork:
        """Return the network with batches and weights as the notation has them."""
        turned = names_to_turn(self.graph, notation)
        graph = turn(self.graph, turned) if turned else self.graph
        return replace(self, graph=graph, written=self.graph, turned=turned)

    def numbers(self, give: Mapping[str, Any], place: str) -> dict[str, Any]:
        """Return numbers that an author gives for leaves, checked, as a kind takes them.

        Raises:
            ValuesError: they do not fit the leaf's shape or role.

        """
        graph, named = self.written or self.graph, with_names(give, self.names)
        # what stands behind the network is checked when it is drawn
        own = {name: part for name, part in named.items() if graph.leaf(name) is not None}
        behind = {name: {"is": part} for name, part in named.items() if name not in own}
        arrays = given_arrays(own, graph, place, fractions=True)
        read_sizes(graph, arrays, place)
        return behind | {
            name: {"is": [[text(part) for part in row] for row in (a.T if turn else a)]}
            for name, a in arrays.items()
            for turn in [name in self.turned]
        }


class DrawnProblem(Struct, frozen=True):
    """What a problem left open: the values, and how they came about as for a network."""

    draws: dict[str, Any]
    tries: int
    rejected: Mapping[str, int]


def with_names(value: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - any TOML
    """Return an option with the drawn names in place of those the author wrote.

    >>> with_names({"ask": [["a1", "z1"], "z1.W1"], "z1": 3}, {"z1": "m1"})
    {'ask': [['a1', 'm1'], 'm1.W1'], 'm1': 3}
    """
    if isinstance(value, str):
        return ".".join(names.get(part, part) for part in value.split("."))
    if isinstance(value, list):
        return [with_names(part, names) for part in value]
    if isinstance(value, dict):
        return {names.get(key, key): with_names(part, names) for key, part in value.items()}
    return value


def draw_networks(bank: Bank, seed: int) -> dict[str, DrawnNetwork]:
    """Draw every network that a problem of the bank uses.

    A network's stream is named by seed, network and the bank it is from, so that adding, removing
    or including another changes nothing here; problems that share a network share its draws.

    Raises:
        AcceptanceError: no draw met the rules within the tries.
        LanguageError, KindError, BankError: the network cannot be read or asked about.

    """
    drawn: dict[str, DrawnNetwork] = {}
    for problem in bank.problems:
        entry, home = bank.networks[problem.network], bank.home(problem)
        if problem.network not in drawn:
            stream = Stream(seed, home.name, "network", entry.name, WHOLE_CLASS)
            # Those of all kinds, not of the kinds in the bank: else a problem added to a bank
            # could change the draws of a network that other problems use.
            rules = NETWORK_RULES if entry.accept is None else entry.accept
            drawn[problem.network] = _draw_network(entry, rules, stream)
        if problem.kind.needs_loss and not _ends_in_scalar(drawn[problem.network].graph):
            raise KindError(
                f"{problem.kind.name} needs a network that ends in a scalar loss, and "
                f"'{entry.name}' does not",
                place=problem.place,
                remedy="Add a last line such as L = squared_error(a, y).",
            )
    return drawn


def _ends_in_scalar(graph: Graph) -> bool:
    return is_scalar(graph.shapes[graph.loss])


def _draw_network(entry: NetworkEntry, rules: tuple[str, ...], stream: Stream) -> DrawnNetwork:
    rejected: dict[str, int] = {}
    for attempt in range(1, MAX_TRIES + 1):
        draws: dict[str, Any] = {
            key: stream.child(attempt, key).choose(choices) for key, choices in entry.draw.items()
        }
        which = stream.child(attempt, "text").below(len(entry.sources))
        symbolic = _read(entry, which, draws)
        given = _given_sizes(symbolic, entry)
        symbolic = symbolic.with_sizes(given)
        sizes = {key: value for key, value in draws.items() if isinstance(value, int)}
        graph = _with_sizes(symbolic, sizes, entry)
        drawn = NetworkDraw(symbolic, graph, draws, entry.draw)
        broken = next((rule for rule in rules if not OF_NETWORKS[rule](drawn)), None)
        if broken is None:
            chosen: dict[str, Any] = {"text": which} if len(entry.sources) > 1 else {}
            names = _drawn_names(graph, entry, stream.child("names"))
            chosen |= {"names": names} if names else {}
            graph = _told_apart(graph.renamed(names), entry.place)
            free = tuple(rule for rule in NETWORK_RULES if rule not in rules)
            return DrawnNetwork({**given, **draws, **chosen}, graph, attempt, rejected, names, free)
        rejected = added(rejected, {broken: 1})
    raise none_accepted(f"the network '{entry.name}'", rejected, ("draw",), entry.place)


def _given_sizes(graph: Graph, entry: NetworkEntry) -> dict[str, int]:
    """Return the sizes that follow from numbers which the bank gives for leaves."""
    give = {name: part for name, part in entry.give.items() if graph.leaf(name) is not None}
    sizes = read_sizes(graph, given_arrays(give, graph, entry.place, fractions=True), entry.place)
    for name in sizes.keys() & entry.draw.keys():
        raise BankError(
            f"draw.{name} is drawn, and it is {sizes[name]} in the numbers that are given",
            place=entry.place,
            remedy=f"Remove draw.{name}.",
        )
    return sizes


def _drawn_names(graph: Graph, entry: NetworkEntry, stream: Stream) -> dict[str, str]:
    """Draw the letters that names begin with, no two alike; the rest of a name stays.

    So ``z = ["z", "m"]`` turns z1 and z_a into m1 and m_a, or leaves them as they are.
    """
    everywhere = "\n".join(part.text for part in entry.sources)
    stems = {name: re.match("[A-Za-z]*", name)[0] for name in graph.names}  # type: ignore[index]
    taken = set(stems.values()) - entry.names.keys()
    new: dict[str, str] = {}
    for stem, choices in entry.names.items():
        if not re.search(rf"\b{stem}(?![A-Za-z])", everywhere):
            raise BankError(
                f"names.{stem} is drawn, but no name of the network begins with {stem} alone",
                place=entry.place,
                remedy="Remove it.",
            )
        if stem not in stems.values():
            continue
        free = [letters for letters in choices if letters not in taken]
        if not free:
            raise BankError(
                f"names.{stem} has nothing to draw that is not taken by another name",
                place=entry.place,
                remedy="Give it more letters.",
            )
        new[stem] = stream.child(stem).choose(free)
        taken.add(new[stem])
    return {
        name: new[stem] + name.removeprefix(stem)
        for name, stem in stems.items()
        if new.get(stem, stem) != stem
    }


def _read(entry: NetworkEntry, which: int, draws: dict[str, Choice]) -> Graph:
    source = entry.sources[which]
    functions = {key: value for key, value in draws.items() if isinstance(value, str)}
    everywhere = "\n".join(part.text for part in entry.sources)
    for key in draws:
        if not re.search(rf"\b{key}\b", everywhere):
            raise BankError(
                f"draw.{key} is drawn, but the network does not mention it",
                place=entry.place,
                remedy="Remove it, or write it where the network should use it.",
            )
        if key in functions and not re.search(rf"\b{key}\s*\(", everywhere):
            raise BankError(
                f"draw.{key} is drawn from functions, but the network does not call it",
                place=entry.place,
                remedy=f"Draw a size from whole numbers, such as {key} = [784, 1024].",
            )
    graph = read_network(source, functions=functions, scalar_loss=False)
    return _told_apart(graph, entry.place)


def _told_apart(graph: Graph, place: str) -> Graph:
    """Return a network, if no two of its names print alike."""
    with retold(partial(BankError, place=place)):
        check_looks(graph)
    return graph


def _with_sizes(symbolic: Graph, sizes: dict[str, int], entry: NetworkEntry) -> Graph:
    """Put the drawn sizes in, and check what only they can show.

    That is, for example, an entry beyond the end of a vector, or a matrix beyond all memory.
    """
    with retold(partial(BankError, place=entry.place)):
        graph = symbolic.with_sizes(sizes)
        check_sizes(graph)
    for name, shape in graph.shapes.items():
        if any(dim.constant > MAX_SIZE + 1 for dim in shape):
            raise BankError(
                f"'{name}' is {shape_text(shape)}, and {MAX_SIZE} is the largest size allowed",
                place=entry.place,
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
    home, name = problem.home or bank.name, problem.origin or problem.name
    stream = Stream(seed, home, "problem", name, WHOLE_CLASS, attempt)
    try:
        draws = problem.kind.sample(graph, problem.options, stream)
    except KindError as error:
        raise placed(error, problem) from None
    except AcceptanceError as error:
        message, remedy = _broken(problem, graph, error) or (error.message, error.remedy)
        raise AcceptanceError(
            message, place=problem.place, remedy=remedy, rejected=error.rejected
        ) from None
    # As JSON has them, so that a problem is solved the same from its manifest.
    kept = to_json({key: part for key, part in draws.items() if key not in ("tries", "rejected")})
    return DrawnProblem(kept, int(draws.get("tries", 1)), draws.get("rejected", {}))


def placed(error: KindError, problem: ProblemEntry) -> KindError:
    """Return an error of a kind with the place of the problem in its bank."""
    place = f"{problem.place} {error.place}" if error.excerpt else error.place or problem.place
    return KindError(error.message, place=place, excerpt=error.excerpt, remedy=error.remedy)


def _broken(problem: ProblemEntry, graph: Graph, error: AcceptanceError) -> tuple[str, str] | None:
    """Return what to tell where no draw was left: the given numbers break a rule."""
    leaves = {leaf.name for leaf in graph.leaves}
    given = {
        name: spec["is"]
        for name, spec in problem.options.get("numbers", {}).items()
        if name in leaves and isinstance(spec, dict) and "is" in spec
    }
    worst = max(sorted(error.rejected), key=error.rejected.__getitem__)
    rule = RULES.get(worst)
    if rule is None or any(leaf.name not in given for leaf in graph.leaves):
        return None
    lines = lines_that_break(rule.name, graph, exact_arrays(given))
    where = f", in {' and '.join(map(repr, lines))}" if lines else ""
    gone = {rule.name, *problem.options.get("waived", ())}
    kept = [r for r in problem.kind.number_rules if r not in gone and not RULES[r].proof]
    digits = ", or raise 'digits'" if "digits" in problem.kind.options else ""
    remedy = (
        f"Give other numbers{digits}: no proof is possible at these."
        if rule.proof
        else f"Give other numbers, or do without the rule: accept = {toml(kept)}."
    )
    return f"the given numbers break the rule '{rule.name}'{where}: {rule.says}", remedy
