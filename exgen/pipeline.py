"""The way through the house, on one screen: bank, draw, solve, certify, document, render, write."""

from __future__ import annotations

import platform
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from msgspec.structs import replace as with_keys

from exgen import __version__, resources
from exgen.again import again
from exgen.asks.problem import shows_network
from exgen.banks import TEXT, bank_names, find_bank, load_bank, with_page
from exgen.derive.notation import Notation, load_notation, notation_names
from exgen.document import ProblemSet, without_mistakes
from exgen.draw import DrawnNetwork, draw_networks
from exgen.errors import BankError, ManifestError, NotationError
from exgen.files import read
from exgen.images import MAX_BYTES
from exgen.include import chosen, require_tags, tagged
from exgen.language.writer import graph_text
from exgen.languages import load_language
from exgen.leaves import asked, network_numbers
from exgen.manifest import AGAIN, Manifest, digest, manifest_bytes, read_manifest
from exgen.ops import TABLE
from exgen.page import WORDS
from exgen.problems import KINDS
from exgen.problems.base import Setting
from exgen.render.characters import check_text
from exgen.render.fragment import STYLE, fragments
from exgen.render.giveaways import require_kept
from exgen.render.pdf import compile_tex, require_tex
from exgen.render.tex import render_tex
from exgen.solve import solve_problem
from exgen.statements import with_statements
from exgen.write import MANIFEST, check_target, write_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from exgen.document import Problem
    from exgen.tables import Bank, ProblemEntry

MAX_SEED = 2**63 - 1
LIKELY_PAGES = 2
"""A right guess of the page count spares TeX its second run; a wrong one costs nothing."""


class Made(Struct, frozen=True):
    """What was written.

    Attributes:
        folder: where to.
        files: their names.
        problem_set: what they print.
        kept: where the folder is that stood there, if it was kept.
        english: the sentences that have no translation.
        changed: the files that came out otherwise than they were recorded.

    """

    folder: Path
    files: tuple[str, ...]
    problem_set: ProblemSet
    kept: Path | None
    english: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def load(
    set_name: str, notation: str | None, language: str | None = None, tags: Sequence[str] = ()
) -> tuple[Bank, Notation]:
    """Load a bank by name or path, with its own notation and language or others.

    Where tags are given, only the problems with one of them are left.
    """
    bank = tagged(load_bank(find_bank(set_name, resources.banks())), tags)
    load_language(language or bank.language, "" if language else str(bank.path))
    bank = with_keys(bank, language=language or bank.language)
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
    asked = settings(bank, notation, seed, only=only)
    problems = [
        solve_problem(bank, entry, network, setting, seed) for entry, network, setting in asked
    ]
    made = problems if slips else [without_mistakes(problem) for problem in problems]
    graphs = [setting.graph for _, _, setting in asked]
    return with_statements(assembled(bank, notation, seed, made, slips=slips), graphs, notation)


def assembled(
    bank: Bank, notation: Notation, seed: int, problems: Iterable[Problem], *, slips: bool = True
) -> ProblemSet:
    """Return problems of a bank as a document."""
    return ProblemSet(
        name=bank.name,
        title=bank.title,
        course=bank.course,
        seed=seed,
        notation=asdict(notation),
        slips=slips,
        versions={
            "exgen": __version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        problems=tuple(problems),
        language=bank.language,
        page=bank.page,
    )


def settings(
    bank: Bank, notation: Notation, seed: int, *, only: str | None = None
) -> list[tuple[ProblemEntry, DrawnNetwork, Setting]]:
    """Draw the networks of a bank, and return what each of its problems is asked about.

    Raises:
        AcceptanceError: no draw of a network met its rules.
        ExgenError: the bank cannot be drawn from.

    """
    if not 0 <= seed <= MAX_SEED:
        raise BankError(f"a seed is a whole number from 0 to {MAX_SEED}", remedy="Check --seed.")
    bank = chosen(bank, seed) if only is None else bank
    wanted = bank.problems if only is None else (bank.problem(only),)
    networks = {name: drawn.oriented(notation) for name, drawn in draw_networks(bank, seed).items()}
    homes = {problem.network: bank.home(problem) for problem in bank.problems}
    numbers = {
        name: network_numbers(homes[name], bank.networks[name], network, seed)
        for name, network in networks.items()
    }
    found: list[tuple[ProblemEntry, DrawnNetwork, Setting]] = []
    shown: dict[str, int] = {}
    for number, entry in enumerate(wanted, start=1):
        network = networks[entry.network]
        by_layers = bank.networks[entry.network].by_layers
        text = graph_text(network.graph)
        setting = Setting(network.graph, notation, shown.get(text), by_layers)
        found.append((asked(entry, network, numbers[entry.network]), network, setting))
        if shows_network(entry.options.get(TEXT)) and not bank.page.alone:
            shown.setdefault(text, number)
    return found


Listed = list[tuple[str, list[tuple[str, ...]]]]
"""Headings, each with rows of cells."""


def catalogue() -> Listed:
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


def problems_of(set_name: str | None, tags: Sequence[str]) -> Listed:
    """Return the problems of a set, or of all, with their kinds and tags; of some tags only.

    Raises:
        BankError: there is no such set, or no problem has a tag.

    """
    names = bank_names(resources.banks()) if set_name is None else (set_name,)
    banks = [load_bank(find_bank(name, resources.banks())) for name in names]
    require_tags(banks, tags)
    found: Listed = []
    for bank in banks:
        rows: list[tuple[str, ...]] = [
            (f"{bank.name}:{problem.name}", problem.kind_name, ", ".join(problem.labels))
            for problem in bank.problems
            if not tags or set(tags) & set(problem.labels)
        ]
        found += [(bank.name, rows)] if rows else []
    return found


def make(
    set_name: str,
    seed: int,
    folder: Path | None,
    *,
    only: str | None = None,
    notation: str | None = None,
    language: str | None = None,
    pdf: bool = True,
    slips: bool = True,
    force: bool = False,
    fragment: bool = False,
    page: Mapping[str, object] | None = None,
    tags: Sequence[str] = (),
) -> Made:
    """Make a problem set and its key, and write them to a folder.

    Args:
        set_name: a set's number or name, or the path of a bank.
        seed: what every draw comes from.
        folder: where to; ``out/<set>-seed<seed>`` unless given, with ``-<id>`` for one problem.
        only: the id of the one problem that is wanted; all of them unless given.
        notation: another profile than the bank's own.
        language: another language than the bank's own.
        pdf: whether to run TeX.
        slips: whether the key shows the common mistakes.
        force: whether to replace a folder that exgen did not make.
        fragment: whether to write each problem for a document of the author's own, too.
        page: keys of the bank's page that are replaced.
        tags: leaves the problems that have none of these out.

    Raises:
        ExgenError: with place and remedy; nothing is written then.

    """
    bank, profile = load(set_name, notation, language, tags)
    ending = "" if only is None else f"-{bank.problem(only).name}"
    ending = "".join(f"-{re.sub('[^A-Za-z0-9]+', '-', tag)}" for tag in tags) + ending
    target = folder or Path("out") / f"{bank.name}-seed{seed}{ending}"
    check_target(target, force=force)
    check_printable(bank)
    if pdf:
        require_tex()
    bank = with_page(bank, {**(page or {}), "alone": fragment or bank.page.alone})
    problem_set = build(bank, profile, seed, only=only, slips=slips)
    require_kept(problem_set, str(bank.path))
    beside = {**bank.files, **(fragments(problem_set) if fragment else {})}
    english: list[str] = []
    files = _files(problem_set, render_tex(problem_set, english.append), beside, pdf=pdf)
    kept = write_folder(target, files, force=force)
    return Made(target, tuple(sorted(files)), problem_set, kept, tuple(dict.fromkeys(english)))


def check_printable(bank: Bank) -> None:
    """Raise where a page cannot have the words of a bank, with file and key."""
    check_text(bank.title, f"{bank.path}: title")
    check_text(bank.course, f"{bank.path}: course")
    check_text(bank.name, str(bank.path), "Rename the file: the set is called by it.")
    for key in WORDS:
        check_text(getattr(bank.page, key), f"{bank.path}: [page]: {key}")
    for field in bank.page.identity:
        check_text(field, f"{bank.path}: [page]: identity")
    for problem in bank.problems:
        check_text(problem.hint, f"{problem.place}: hint")


def _files(
    problem_set: ProblemSet, sources: dict[str, str], beside: Mapping[str, bytes], *, pdf: bool
) -> dict[str, bytes]:
    """Return the files of a set: sheet and key as TeX and as PDF, what is beside, the manifest."""
    files = {f"{name}.tex": text.encode() for name, text in sources.items()} | dict(beside)
    if pdf:
        guess = dict.fromkeys(sources, LIKELY_PAGES)
        made = compile_tex(sources, pages=guess, beside=beside)
        files |= {f"{name}.pdf": data for name, data in made.items()}
    files[MANIFEST] = manifest_bytes(problem_set, files)
    return files


def _beside(manifest: Manifest, problem_set: ProblemSet) -> dict[str, bytes]:
    """Return the files beside sheet and key: fragments are made again, a logo is taken along.

    Raises:
        ManifestError: the logo is gone, or another one.

    """
    found = fragments(problem_set) if STYLE in manifest.files else {}
    logo = problem_set.page.logo
    if logo:
        path = manifest.folder / logo
        try:
            found[logo] = read(path, MAX_BYTES)
        except OSError as error:
            raise ManifestError("the logo cannot be read", place=str(path), remedy=AGAIN) from error
        if digest(found[logo]) != manifest.files.get(logo):
            raise ManifestError("the logo is another one", place=str(path), remedy=AGAIN)
    return found


def printed_again(manifest: Manifest, problem_set: ProblemSet, *, pdf: bool) -> dict[str, bytes]:
    """Return every file of a set that follows from a manifest, by name.

    Args:
        manifest: it names the files beside it, such as a logo.
        problem_set: what follows from it.
        pdf: whether to run TeX.

    Raises:
        ManifestError: the logo is gone, or another one.
        TexError: TeX stopped.

    """
    beside = _beside(manifest, problem_set)
    return _files(problem_set, render_tex(problem_set), beside, pdf=pdf)


def render(
    path: Path, folder: Path | None = None, *, pdf: bool = True, force: bool = False
) -> Made:
    """Make the files of a set again from its manifest, byte for byte.

    Args:
        path: a folder that ``make`` wrote, or its manifest.
        folder: where to; the manifest's own folder unless given.
        pdf: whether to run TeX.
        force: whether to replace a folder that holds what exgen did not make.

    Raises:
        ManifestError: the manifest cannot be read, or was edited.
        ExgenError: with place and remedy; nothing is written then.

    """
    manifest = read_manifest(path)
    target = folder or manifest.folder
    check_target(target, force=force)
    if pdf:
        require_tex()
    found = again(manifest)
    if found.failures:
        raise _edited(manifest, found.failures[0].where, found.failures[0].message)
    problem_set = found.problem_set
    files = printed_again(manifest, problem_set, pdf=pdf)
    recorded = sorted(manifest.files.items())
    changed = [name for name, sha in recorded if name in files and digest(files[name]) != sha]
    if problem_set.versions["exgen"] == __version__:
        for name in changed:
            if name.endswith(".tex"):
                raise _edited(manifest, name, "it is not what was made")
    kept = write_folder(target, files, force=force)
    return Made(target, tuple(sorted(files)), problem_set, kept, changed=tuple(changed))


def _edited(manifest: Manifest, where: str, says: str) -> ManifestError:
    return ManifestError(
        f"the manifest was edited since it was made: {where}: {says}",
        place=str(manifest.folder / MANIFEST),
        remedy="'exgen verify' names all that does not follow. Make the set from its bank.",
    )
