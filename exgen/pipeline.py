"""The way through the house, on one screen: bank, draw, solve, certify, document, render, write."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from exgen import resources
from exgen.banks import Bank, ProblemEntry, bank_names, find_bank, load_bank
from exgen.certify.prove import prove
from exgen.derive.notation import Notation, load_notation, notation_names
from exgen.derive.orient import oriented
from exgen.document import (
    SCHEMA,
    Agreement,
    Answer,
    Mistake,
    Problem,
    ProblemSet,
    to_json,
    without_mistakes,
)
from exgen.draw import MAX_TRIES, DrawnNetwork, draw_networks, draw_problem, never
from exgen.errors import BankError, CertificateError, NotationError
from exgen.graph import Dim, Shape, is_column, is_scalar
from exgen.language.writer import graph_text
from exgen.ops import TABLE
from exgen.problems import KINDS
from exgen.problems.base import Setting, Solution, Solved
from exgen.render.pdf import compile_tex, require_tex
from exgen.render.tex import render_tex, with_rubrics
from exgen.slips.claims import Workings
from exgen.slips.mistakes import slipped
from exgen.write import MANIFEST, check_target, write_folder

MAX_SEED = 2**63 - 1
LIKELY_PAGES = 2
"""A right guess of the page count spares TeX its second run; a wrong one costs nothing."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a run of ``make`` wrote, and where a folder went that it could not replace."""

    folder: Path
    files: tuple[str, ...]
    problem_set: ProblemSet
    kept: Path | None


def load(set_name: str, notation: str | None) -> tuple[Bank, Notation]:
    """Load a bank by name or path, with its own notation or another."""
    bank = load_bank(find_bank(set_name, resources.banks()))
    if notation is not None:
        return bank, load_profile(notation)
    try:
        return bank, load_profile(bank.notation)
    except NotationError as error:
        place = error.place or str(bank.path)
        raise NotationError(error.message, place=place, remedy=error.remedy) from None


def load_profile(name: str) -> Notation:
    """Load one of the notation profiles that come with exgen."""
    return load_notation(name, resources.notations())


def build(
    bank: Bank, notation: Notation, seed: int, *, only: str | None = None, slips: bool = True
) -> ProblemSet:
    """Draw, solve and certify the problems of a bank for one seed.

    Args:
        bank: the set.
        notation: how to write, and how batches and weights are oriented.
        seed: what every draw comes from.
        only: the id of the one problem that is wanted; all of them unless given. It is the same
            problem as in the whole set, except that it shows its network itself.
        slips: whether answers carry the common mistakes, which the key then shows.

    Raises:
        CertificateError: an answer could not be proven; the message says which.
        ExgenError: the bank cannot be drawn from.

    """
    if not 0 <= seed <= MAX_SEED:
        raise BankError(f"a seed is a whole number from 0 to {MAX_SEED}", remedy="Check --seed.")
    wanted = bank.problems if only is None else (bank.problem(only),)
    networks = {
        name: replace(drawn, graph=oriented(drawn.graph, notation))
        for name, drawn in draw_networks(bank, seed).items()
    }
    problems: list[Problem] = []
    shown: dict[str, int] = {}
    for number, entry in enumerate(wanted, start=1):
        network = networks[entry.network]
        by_layers = bank.networks[entry.network].by_layers
        setting = Setting(network.graph, notation, shown.get(entry.network), by_layers)
        problem = _problem(bank, entry, network, setting, seed)
        problems.append(problem if slips else without_mistakes(problem))
        shown.setdefault(entry.network, number)
    return ProblemSet(
        name=bank.name,
        title=bank.title,
        course=bank.course,
        seed=seed,
        notation=asdict(notation),
        versions={name: version(name) for name in ("exgen", "numpy")}
        | {"python": platform.python_version()},
        problems=tuple(problems),
    )


def _problem(
    bank: Bank, entry: ProblemEntry, network: DrawnNetwork, setting: Setting, seed: int
) -> Problem:
    drawn = _without_luck(bank, entry, setting, seed)
    # Answers that share one claim, as the blanks of a chain do, share its proof.
    proofs: dict[int, tuple[Agreement, ...]] = {}
    certified = (
        _certified(bank, entry, solved, mistakes, seed, proofs)
        for solved, mistakes in zip(drawn.solution.answers, drawn.mistakes, strict=True)
    )
    problem = Problem(
        name=entry.name,
        kind=entry.kind.name,
        points=entry.points,
        covers=entry.covers,
        network=graph_text(network.graph),
        draws={"network": network.draws, "problem": drawn.draws},
        tries=network.tries + drawn.tries - 1,
        rejected=drawn.rejected,
        fields=drawn.solution.fields,
        answers=tuple(certified),
    )
    return with_rubrics(problem)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A problem's draws and its solution, with the mistakes of each answer."""

    draws: dict[str, Any]
    tries: int
    rejected: dict[str, int]
    solution: Solution
    mistakes: tuple[tuple[Mistake, ...], ...]


def _without_luck(bank: Bank, entry: ProblemEntry, setting: Setting, seed: int) -> _Drawn:
    """Draw a problem until no usual mistake gives a right answer by luck.

    Where a bank fixes the draws they are taken as they are, and such a mistake is not shown.
    """
    tries = 0
    rejected: dict[str, int] = {}
    before: dict[str, Any] | None = None
    for attempt in range(1, MAX_TRIES + 1):
        draws, more = draw_problem(bank, entry, setting.graph, seed, attempt)
        tries += more
        solution = entry.kind.solve(setting, draws)
        workings = Workings()
        found = [
            slipped(solved.claim, solved.write, entry.kind.slips, workings)
            for solved in solution.answers
        ]
        lucky = {name for part in found for name in part.lucky}
        if not lucky or draws == before:
            mistakes = tuple(part.mistakes for part in found)
            return _Drawn(draws, tries, rejected, solution, mistakes)
        for name in sorted(lucky):
            rejected[f"slip: {name}"] = rejected.get(f"slip: {name}", 0) + 1
        before = draws
    raise never(f"the problem '{entry.name}'", rejected, entry.place)


def _certified(
    bank: Bank,
    entry: ProblemEntry,
    solved: Solved,
    mistakes: tuple[Mistake, ...],
    seed: int,
    proofs: dict[int, tuple[Agreement, ...]],
) -> Answer:
    claim = solved.claim
    try:
        if claim is not None and id(claim) not in proofs:
            proofs[id(claim)] = prove(claim)
        certificate = () if claim is None else proofs[id(claim)]
    except CertificateError as error:
        raise CertificateError(
            f"the answer '{solved.name}' could not be proven: {error.message}",
            place=f"{bank.name}, seed {seed}, problem '{entry.name}'",
            remedy="Nothing was written. This is a bug in exgen; please report it with the seed.",
        ) from None
    shape = None if solved.shape is None else _declared(solved.shape)
    return Answer(
        name=solved.name,
        latex=solved.latex,
        shape=shape,
        expr=solved.expr,
        steps=solved.steps,
        claim={"claim": "rubric"} if claim is None else claim.stored(),
        certificate=certificate,
        mistakes=mistakes,
    )


def _declared(shape: Shape) -> tuple[int | str, ...]:
    """Return a shape as a declaration writes it: no size for a scalar, one for a column."""
    kept: Shape = () if is_scalar(shape) else shape[:1] if is_column(shape) else shape
    return tuple(_size(dim) for dim in kept)


def _size(dim: Dim) -> int | str:
    return dim.constant if dim.is_number else str(dim)


def manifest(problem_set: ProblemSet, files: dict[str, bytes]) -> bytes:
    """Return the manifest: the whole document, and the hash of every file."""
    hashes = {name: {"sha256": sha256(data).hexdigest()} for name, data in sorted(files.items())}
    content = {"schema": SCHEMA, "set": to_json(problem_set), "files": hashes}
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def catalogue() -> list[tuple[str, list[tuple[str, ...]]]]:
    """Return what there is: sets, kinds, notations and ops, each with one line about it."""
    banks = (load_bank(resources.banks() / f"{n}.toml") for n in bank_names(resources.banks()))
    profiles = (load_profile(name) for name in notation_names(resources.notations()))
    ops = {f"{op.name}{op.signature}" for op in TABLE.values() if not op.infix}
    return [
        ("sets", [(bank.name, bank.title, f"{len(bank.problems)} problems") for bank in banks]),
        ("kinds", [(kind.name, kind.summary) for kind in KINDS.values()]),
        ("notations", [(profile.name, profile.title) for profile in profiles]),
        ("ops", [("+ - * / ** @ .T",), *((op,) for op in sorted(ops))]),
    ]


def make(
    set_name: str,
    seed: int,
    folder: Path | None,
    *,
    only: str | None = None,
    notation: str | None = None,
    pdf: bool = True,
    slips: bool = True,
    force: bool = False,
) -> Made:
    """Make a problem set and its key, and write them to a folder.

    Args:
        set_name: a set's number or name, or the path of a bank.
        seed: what every draw comes from.
        folder: where to; ``out/<set>-seed<seed>`` unless given, with ``-<id>`` for one problem.
        only: the id of the one problem that is wanted; all of them unless given.
        notation: another profile than the bank's own.
        pdf: whether to run TeX.
        slips: whether the key shows the common mistakes.
        force: whether to replace a folder that exgen did not make.

    Raises:
        ExgenError: with place and remedy; nothing is written then.

    """
    bank, profile = load(set_name, notation)
    ending = "" if only is None else f"-{bank.problem(only).name}"
    target = folder or Path("out") / f"{bank.name}-seed{seed}{ending}"
    check_target(target, force=force)
    if pdf:
        require_tex()
    problem_set = build(bank, profile, seed, only=only, slips=slips)
    sources = render_tex(problem_set)
    files = {f"{name}.tex": text.encode() for name, text in sources.items()}
    if pdf:
        files |= {
            f"{name}.pdf": data
            for name, data in compile_tex(
                sources, pages=dict.fromkeys(sources, LIKELY_PAGES)
            ).items()
        }
    files[MANIFEST] = manifest(problem_set, files)
    kept = write_folder(target, files, force=force)
    return Made(target, tuple(sorted(files)), problem_set, kept)
