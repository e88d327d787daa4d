"""Sheets from several banks: problems of others, and those that tags, or a seed, choose."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from exgen.errors import BankError, nearest
from exgen.seeds import WHOLE_CLASS, Stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from exgen.strict import Table
    from exgen.tables import Bank, ProblemEntry


def bank_of(wanted: str) -> str:
    """Return which bank an entry of ``include`` names.

    >>> bank_of("set1:neuron"), bank_of("set1"), bank_of("more/week2.toml:mlp")
    ('set1', 'set1', 'more/week2.toml')
    """
    return wanted.partition(":")[0]


def with_included(bank: Bank, others: Iterable[tuple[str, Bank]], top: Table) -> Bank:
    """Return a bank with problems of others before its own, and with their networks.

    Each keeps the bank that it is from: its draws are those that it has there.

    Args:
        bank: the bank, with its own problems.
        others: what ``include`` says, and the bank that each entry names.
        top: the bank's file, for errors.

    Raises:
        BankError: there is no such problem, two banks have one name, or a problem is there twice.

    """
    problems: list[ProblemEntry] = []
    networks, homes = dict(bank.networks), dict(bank.homes)
    for wanted, other in others:
        for home in other.homes.values():
            if home.name == bank.name or homes.setdefault(home.name, home).path != home.path:
                says = f"include: two banks are called '{home.name}'"
                raise top.error(says, "Rename one: draws are named by it.")
        name = wanted.partition(":")[2]
        found = [part for part in other.problems if name in ("", part.name)]
        if not found:
            says = f"include: there is no problem '{name}' in {other.name}"
            raise top.error(says, nearest(name, [part.name for part in other.problems]))
        for part in found:
            key = part.network if ":" in part.network else f"{part.home}:{part.network}"
            networks[key] = other.networks[part.network]
            problems.append(replace(part, network=key))
    every = _told_apart((*problems, *bank.problems), top)
    return replace(bank, networks=networks, homes=homes, problems=every)


def _told_apart(problems: tuple[ProblemEntry, ...], top: Table) -> tuple[ProblemEntry, ...]:
    """Return problems; one that is included and is called like another gets its bank's name too."""
    counts = Counter(problem.name for problem in problems)
    found: dict[str, ProblemEntry] = {}
    for problem in problems:
        is_clash = ":" in problem.network and counts[problem.name] > 1
        name = f"{problem.home}-{problem.name}" if is_clash else problem.name
        if name in found:
            raise top.error(
                f"include: '{problem.origin}' of {problem.home} is there twice", "Keep one."
            )
        found[name] = replace(problem, name=name)
    return tuple(found.values())


def check_pick(bank: Bank, top: Table) -> None:
    """Refuse a ``pick`` of more problems than there are, or of tags that share a problem."""
    pools = bank.pick if isinstance(bank.pick, dict) else {}
    for tag, count in pools.items():
        found = len(tagged(bank, [tag]).problems)
        if count > found:
            raise top.error(f"pick.{tag} is {count}, more than the problems with this tag: {found}")
    if isinstance(bank.pick, int) and bank.pick > len(bank.problems):
        raise top.error(f"'pick' is {bank.pick}, more than the problems: {len(bank.problems)}")
    for problem in bank.problems:
        tags = [tag for tag in pools if tag in problem.labels]
        if len(tags) > 1:
            raise top.error(f"'{problem.name}' has two tags of 'pick', {' and '.join(tags)}")


def require_tags(banks: Sequence[Bank], tags: Iterable[str]) -> None:
    """Refuse tags that no problem of some banks has, with the nearest one that there is."""
    legal = {label for bank in banks for problem in bank.problems for label in problem.labels}
    for tag in tags:
        if tag not in legal:
            says = f"no problem of {', '.join(bank.name for bank in banks)} has the tag '{tag}'"
            remedy = nearest(tag, legal) if legal else "None of them has any."
            raise BankError(
                says, place=str(banks[0].path) if len(banks) == 1 else "", remedy=remedy
            )


def tagged(bank: Bank, tags: Sequence[str]) -> Bank:
    """Return a bank with only the problems that have one of some tags; with all for no tags.

    Raises:
        BankError: no problem has a tag.

    """
    require_tags([bank], tags)
    kept = (part for part in bank.problems if not tags or set(tags) & set(part.labels))
    return replace(bank, problems=tuple(kept))


def chosen(bank: Bank, seed: int) -> Bank:
    """Return a bank with the problems that a seed picks, in the order in which it puts them.

    Each problem has a number of its own for either, hashed from seed, bank and problem: so one more
    problem puts no two others in another order, and takes the place of one at most.
    """

    def number(what: str, problem: ProblemEntry) -> int:
        return Stream(seed, bank.name, what, WHOLE_CLASS, problem.home, problem.origin).word()

    pools = bank.pick if isinstance(bank.pick, dict) else {"": bank.pick}
    kept = [*bank.problems]
    for tag, count in pools.items():
        pool = [problem for problem in kept if not tag or tag in problem.labels]
        pool.sort(key=lambda problem: number(f"pick {tag}", problem))
        out = {problem.name for problem in pool[count:]} if count is not None else set()
        kept = [problem for problem in kept if problem.name not in out]
    if bank.shuffle:
        kept.sort(key=lambda problem: number("shuffle", problem))
    return replace(bank, problems=tuple(kept))
