"""Sweep seeds through a bank: what its draws yield, and whether every variant can be proven."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from time import perf_counter
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from exgen import resources
from exgen.banks import bank_names
from exgen.certify.acceptance import added
from exgen.errors import (
    AcceptanceError,
    BankError,
    CertificateError,
    ExgenError,
    nearest,
)
from exgen.include import require_tags
from exgen.language import read_graph
from exgen.pipeline import LIKELY_PAGES, MAX_SEED, assembled, check_printable, load, settings
from exgen.problems import KINDS
from exgen.processes import results
from exgen.render.giveaways import REMEDY, given_away
from exgen.render.log import overfull_error
from exgen.render.pdf import require_tex, typeset
from exgen.render.tex import problem_bodies, render_tex
from exgen.solve import solve_problem
from exgen.statements import read_statements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from exgen.derive.notation import Notation
    from exgen.document import Problem
    from exgen.tables import Bank

MOST_FAILURES = 10
"""After so many a sweep ends: more of them would say nothing new, and each takes its time."""


class Target(Struct, frozen=True):
    """The problems of a bank that are swept, in one notation, with their pages or without."""

    bank: Bank
    notation: Notation
    names: tuple[str, ...]
    pdf: bool = False


@dataclass(frozen=True, slots=True)
class Yield:
    """What the draws of one problem came to.

    Attributes:
        problem: its id.
        kind: its kind.
        accepted: how many seeds gave a proven variant.
        tries: how many draws that took, with those of its network and those in vain.
        rejected: how many draws each acceptance rule turned down.
        variants: a mark of each different problem that a student could see, and of how many seeds.
        points: the points of the parts, in order, and the first seed that had them; a single one
            where every student gets as many parts and points.
        most_tries: the most draws that one seed took, and the seed.
        slowest: the most milliseconds that one seed took, and the seed.
        waived: the acceptance rules that the bank does without.

    """

    problem: str
    kind: str
    accepted: int
    tries: int
    rejected: Mapping[str, int]
    variants: Mapping[str, int]
    points: Mapping[tuple[float, ...], int]
    most_tries: tuple[int, int]
    slowest: tuple[float, int]
    waived: tuple[str, ...] = ()

    @property
    def acceptance(self) -> float:
        """The share of draws that was accepted."""
        return self.accepted / self.tries if self.tries else 0.0

    @property
    def alike(self) -> float:
        """The share of pairs of seeds that get the same problem, word for word."""
        seeds = sum(self.variants.values())
        pairs = sum(count * (count - 1) for count in self.variants.values())
        return pairs / (seeds * (seeds - 1)) if seeds > 1 else 0.0

    def merged(self, other: Yield) -> Yield:
        """Return the yield of these seeds and of other ones together."""
        return replace(
            self,
            accepted=self.accepted + other.accepted,
            tries=self.tries + other.tries,
            rejected=added(self.rejected, other.rejected),
            variants=added(self.variants, other.variants),
            points={
                points: min(part.points[points] for part in (self, other) if points in part.points)
                for points in {**self.points, **other.points}
            },
            waived=self.waived or other.waived,
            most_tries=max(self.most_tries, other.most_tries, key=lambda worst: worst[0]),
            slowest=max(self.slowest, other.slowest, key=lambda worst: worst[0]),
        )


class Failure(Struct, frozen=True):
    """A seed that makes no proven variant.

    Attributes:
        seed: the seed.
        problem: the id of the problem; empty where its network could not be drawn.
        reason: the rule that turned down most draws, or ``certificate``, ``page`` where a proven
            problem cannot be printed, ``points`` where its parts or points are others than at the
            first seed, ``given away`` where the sheet prints its answer, ``overfull`` where
            something sticks out of its page, or ``crash``.
        message: the error's own words.

    """

    seed: int
    problem: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a sweep of one bank found; ``seeds`` are those that were swept, all unless it failed."""

    bank: str
    notation: str
    seeds: range
    asked: int
    yields: tuple[Yield, ...]
    failures: tuple[Failure, ...]


def targets(
    set_name: str | None,
    kind: str | None,
    notation: str | None,
    *,
    language: str | None = None,
    tags: Sequence[str] = (),
    pdf: bool = False,
) -> list[Target]:
    """Return what to sweep: a set, the problems of a kind in all sets, or those in one.

    Args:
        set_name: a set's number or name, or the path of a bank.
        kind: a kind of problem.
        notation: another profile than the bank's own.
        language: another language than the bank's own.
        tags: leaves the problems that have none of these out.
        pdf: whether TeX is run, to see what sticks out of a page.

    Raises:
        MachineError: TeX is wanted and not installed.
        BankError: neither is given, there is no such set or kind, or no page can have its title.

    """
    if set_name is None and kind is None and not tags:
        raise BankError(
            "there is nothing to sweep",
            remedy="Give --set with a set or a bank file, or --kind, or both.",
        )
    if pdf:
        require_tex()
    if kind is not None and kind not in KINDS:
        raise BankError(f"there is no kind '{kind}'", remedy=nearest(kind, KINDS))
    chosen = bank_names(resources.banks()) if set_name is None else (set_name,)
    loaded = [load(name, notation, language) for name in chosen]
    require_tags([bank for bank, _ in loaded], tags)
    found: list[Target] = []
    for pool, profile in loaded:
        # every problem is tried, whichever of them a seed picks
        bank = structs.replace(pool, pick=None)
        check_printable(bank)
        names = tuple(
            problem.name
            for problem in bank.problems
            if kind in (None, problem.kind_name) and (not tags or set(tags) & set(problem.labels))
        )
        if names:
            found.append(Target(bank, profile, names, pdf))
    if not found:
        raise BankError(
            f"there is no problem of the kind '{kind}' in {', '.join(b.name for b, _ in loaded)}",
            remedy="`exgen list` names the kinds there are.",
        )
    return found


def sweep(target: Target, seeds: range, jobs: int, tell: Callable[[int, str], object]) -> Report:
    """Make every problem of a target at every seed, with its proofs but without TeX.

    Args:
        target: what to make.
        seeds: the seeds.
        jobs: how many processes share the work; 1 does it in this one.
        tell: is called with the number of seeds that are done, as they are, and no more to say.

    Raises:
        ExgenError: the bank's author has to mend something.

    """
    if seeds.start < 0 or seeds.stop - 1 > MAX_SEED:
        raise BankError(
            f"a seed is a whole number from 0 to {MAX_SEED}", remedy="Check --first and --seeds."
        )
    yields: dict[str, Yield] = {}
    failures: list[Failure] = []
    done = 0
    work, warm_up = partial(sweep_seed, target), partial(_warm_up, target, seeds[0])
    with results(work, seeds, min(jobs, len(seeds)), warm_up) as swept:
        for done, found in enumerate(swept, start=1):
            for one in found:
                if isinstance(one, Failure):
                    failures.append(one)
                else:
                    old = yields.get(one.problem)
                    yields[one.problem] = one if old is None else old.merged(one)
            tell(done, "")
            if len(failures) >= MOST_FAILURES:
                break
    return Report(
        bank=target.bank.name,
        notation=target.notation.name,
        seeds=seeds[:done],
        asked=len(seeds),
        yields=tuple(yields[name] for name in target.names if name in yields),
        failures=(*failures, *(found for one in yields.values() for found in _uneven(one))),
    )


def _uneven(one: Yield) -> Iterator[Failure]:
    """Yield a failure for each other division of a problem's points than that of its first seed."""
    (first, start), *others = sorted(one.points.items(), key=lambda item: item[1]) or [((), 0)]
    for points, seed in others:
        yield Failure(
            seed,
            one.problem,
            "points",
            f"its parts count {_listed(points)} here, and {_listed(first)} at seed {start}: every "
            "student should get as many parts and points. Draw from networks with as many names, "
            "or let the bank say what is asked.",
        )


def _listed(points: tuple[float, ...]) -> str:
    return " + ".join(f"{part:g}" for part in points)


def _warm_up(target: Target, seed: int) -> None:
    """Make the problems once, so that no seed is slow because it was the first to import a kind."""
    with suppress(Exception):
        sweep_seed(target, seed)


def sweep_seed(target: Target, seed: int) -> list[Yield | Failure]:
    """Make every problem of a target at a seed.

    Raises:
        ExgenError: the bank's author has to mend something.

    """
    return list(_seed(target, seed))


def _seed(target: Target, seed: int) -> Iterator[Yield | Failure]:
    """Yield what each problem came to at a seed; a problem that fails stops no other."""
    bank = target.bank
    try:
        asked = settings(bank, target.notation, seed)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong, the sweep has to say at which seed
        yield _failure(error, seed, "")
        return
    made: list[Problem] = []
    for entry, network, setting in asked:
        if entry.name not in target.names:
            continue
        start = perf_counter()
        problem: Problem | None = None
        rejected: Mapping[str, int] = {}
        tries = 0
        try:
            problem = solve_problem(bank, entry, network, setting, seed)
            rejected, tries = problem.rejected, problem.tries
            made.append(problem)
        except Exception as error:  # noqa: BLE001 - as above
            if isinstance(error, AcceptanceError):
                rejected = added(network.rejected, error.rejected)
                tries = sum(rejected.values())
            yield _failure(error, seed, entry.name)
        yield Yield(
            problem=entry.name,
            kind=entry.kind.name,
            accepted=int(problem is not None),
            tries=tries,
            rejected=rejected,
            variants={} if problem is None else {_mark(target, seed, problem): 1},
            points={} if problem is None else {_points(problem): seed},
            most_tries=(tries, seed),
            slowest=(1000 * (perf_counter() - start), seed),
            waived=() if problem is None else problem.waived,
        )
    yield from _unprinted(target, seed, made)


def _unprinted(target: Target, seed: int, problems: list[Problem]) -> Iterator[Failure]:
    """Yield what keeps the proven problems of a seed from being printed, as ``make`` would.

    This is the place for every check of a whole sheet: what it looks at is the document, and the
    TeX of sheet and key.
    """
    try:
        made = assembled(target.bank, target.notation, seed, problems)
        sources = render_tex(made)
        graphs = [read_graph(problem.network) for problem in problems]
        read_statements(made, graphs, target.notation)
        for given in given_away(made):
            yield Failure(seed, given.problem, "given away", f"{given}\n{REMEDY}")
        if target.pdf:
            yield from _sticking_out(seed, sources, target.bank.files)
    except Exception as error:  # noqa: BLE001 - as above
        whole = _failure(error, seed, "", "page")
        found = [
            failure
            for problem in problems
            if (failure := _unprinted_alone(target, seed, problem)) is not None
        ]
        yield from found or [whole]


def _sticking_out(
    seed: int, sources: Mapping[str, str], beside: Mapping[str, bytes]
) -> Iterator[Failure]:
    """Yield each problem of which something sticks out of its page, on the sheet or on the key."""
    guess = dict.fromkeys(sources, LIKELY_PAGES)
    for name, document in typeset(sources, pages=guess, beside=beside).items():
        overfull = document.log.overfull
        for problem in dict.fromkeys(one.problem for one in overfull):
            own = [one for one in overfull if one.problem == problem]
            yield Failure(seed, problem, "overfull", str(overfull_error(name, own)))


def _unprinted_alone(target: Target, seed: int, problem: Problem) -> Failure | None:
    """Return what keeps one problem from being printed; None where nothing does."""
    try:
        for key in (False, True):
            problem_bodies(assembled(target.bank, target.notation, seed, [problem]), key=key)
    except Exception as error:  # noqa: BLE001 - as above
        return _failure(error, seed, problem.name, "page")
    return None


def _failure(error: Exception, seed: int, problem: str, crash: str = "crash") -> Failure:
    """Return what failed; a mistake of the bank's author is raised instead, with its seed."""
    if isinstance(error, AcceptanceError):
        rejected = error.rejected
        worst = max(sorted(rejected), key=lambda rule: rejected[rule], default="")
        return Failure(seed, problem, worst, str(error))
    if isinstance(error, CertificateError):
        return Failure(seed, problem, "certificate", str(error))
    if isinstance(error, ExgenError):
        error.message += f" (met at seed {seed})"
        raise error
    if isinstance(error, MemoryError):
        raise error
    return Failure(seed, problem, crash, f"{type(error).__name__}: {error}")


def _points(problem: Problem) -> tuple[float, ...]:
    return tuple(part.points for part in problem.parts) or (problem.points,)


def _mark(target: Target, seed: int, problem: Problem) -> str:
    """Return a mark that two variants share only if sheet and answers are the same to the letter.

    A network that the sheet shows in another problem is no part of either.
    """
    alone = assembled(target.bank, target.notation, seed, [problem])
    text: list[str] = []
    # what cannot be printed is a failure of its own
    with suppress(Exception):
        text = problem_bodies(alone, key=False)
    seen = [*text, *(answer.latex.tex for answer in problem.answers)]
    return sha256("\0".join(seen).encode()).hexdigest()
