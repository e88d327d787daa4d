"""Verify what was made: from the manifest and the files beside it, without a bank or a draw."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exgen.certify.answers import certify, certify_steps
from exgen.certify.memory import Memory
from exgen.certify.reading.page import Page
from exgen.certify.recorded import check_expression_recorded, check_shape_recorded
from exgen.certify.stored import RUBRIC, restored
from exgen.errors import CertificateError, DataError, ExgenError, ManifestError
from exgen.files import read as read_file
from exgen.language import read_graph
from exgen.languages import load_language
from exgen.manifest import MAX_BYTES, digest, digests, printed_again, read_manifest
from exgen.render.tex import DOCUMENTS, problem_bodies
from exgen.statements import read_statements
from exgen.write import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from exgen.certify.prove import Claim
    from exgen.document import Agreement, Answer, Problem
    from exgen.graph import Graph
    from exgen.manifest import Digests, Manifest, ProblemDigest

SHOWN = 12
"""How many digits of a hash tell it from another."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What is not as it was made: where, and what was found."""

    where: str
    message: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of one folder.

    Attributes:
        folder: as it was named or found.
        problems: how many it has.
        answers: how many answers it claims to prove.
        certified: how many of them were certified again.
        rubrics: how many more are for a human grader.
        worst: the largest error of the proofs.
        failures: whatever is not as it was made.
        refused: the one reason why the manifest could not be read.

    """

    folder: Path
    problems: int = 0
    answers: int = 0
    certified: int = 0
    rubrics: int = 0
    worst: float = 0.0
    failures: tuple[Failure, ...] = ()
    refused: ManifestError | None = None


def made_folders(path: Path) -> tuple[Path, ...]:
    """Return what to verify: the path itself, or every folder below it with a manifest, sorted.

    Raises:
        ManifestError: there is nothing at this path, or nothing with a manifest.

    """
    try:
        if not path.is_dir() or (path / MANIFEST).exists():
            return (path,)
        # A folder whose name starts with a dot is one that a run has not finished.
        found = (
            file.parent
            for file in path.rglob(MANIFEST)
            if not any(part.startswith(".") for part in file.relative_to(path).parts)
        )
        folders = tuple(sorted(found))
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise ManifestError(f"this cannot be read: {reason}", place=str(path)) from None
    if not folders:
        raise ManifestError(
            f"there is no {MANIFEST} here or in any folder below",
            place=str(path),
            remedy="Name a folder that 'exgen make' wrote, or one that holds such folders.",
        )
    return folders


def verify(path: Path, told: Callable[[str], None] = lambda _: None) -> Verified:
    """Verify one folder; a manifest that cannot be read is ``refused``, and never raises.

    Args:
        path: a folder, or its manifest.
        told: is given the name of each problem before it is looked at.

    """
    try:
        manifest = read_manifest(path)
    except ManifestError as error:
        return Verified(path, refused=error)
    files = tuple(_files(manifest))
    # What a manifest says may be anything; NumPy's warnings about it would say nothing.
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        now = digests(manifest.problem_set)
        found = [_problem(manifest, part, now, told) for part in manifest.problem_set.problems]
        pages = tuple(_pages(manifest)) or tuple(_statements(manifest))
    answers = [answer for part in manifest.problem_set.problems for answer in part.answers]
    rubrics = sum(answer.claim.get("claim") == RUBRIC for answer in answers)
    errors = [part.error for proofs, _ in found for proof in proofs for part in proof]
    return Verified(
        folder=path,
        problems=len(found),
        answers=len(answers) - rubrics,
        certified=sum(len(proofs) for proofs, _ in found),
        rubrics=rubrics,
        worst=max(errors, default=0.0),
        failures=(
            *files,
            *(failure for _, failures in found for failure in failures),
            *_head(manifest.digests, now),
            *pages,
        ),
    )


# --- the files, and the document as a whole ---


def _files(manifest: Manifest) -> Iterator[Failure]:
    for name, recorded in manifest.files.items():
        try:
            found = digest(read_file(manifest.folder / name, MAX_BYTES))
        except FileNotFoundError:
            yield Failure(name, "is missing")
        except OSError as error:
            yield Failure(name, f"cannot be read: {(error.strerror or 'unknown reason').lower()}")
        else:
            if found != recorded:
                yield Failure(name, f"was changed since it was made{_both(recorded, found)}")


def _both(recorded: str, found: str) -> str:
    return f" (sha256 recorded {recorded[:SHOWN]}, found {found[:SHOWN]})"


def _head(recorded: Digests, found: Digests) -> Iterator[Failure]:
    """Yield what was edited around the problems, or which of them is gone or new."""
    for name in sorted(recorded.problems.keys() ^ found.problems.keys()):
        gone = name in recorded.problems
        yield Failure(f"problem '{name}'", "is missing" if gone else "was added")
    if recorded.set != found.set and recorded.problems.keys() == found.problems.keys():
        what = "the title, course, seed, notation or versions, or the order of the problems"
        yield Failure(MANIFEST, f"{what} was edited{_both(recorded.set, found.set)}")


def _pages(manifest: Manifest) -> Iterator[Failure]:
    """Print everything again, and compare it with what was made."""
    try:
        again = printed_again(manifest)
    except ManifestError as error:
        yield Failure(MANIFEST, error.message)
        return
    for name, text in again.items():
        file = f"{name}.tex"
        recorded, found = manifest.files[file], digest(text.encode())
        if found == recorded:
            continue
        differ = _differing(manifest, name)
        names = ", ".join(f"'{part}'" for part in differ)
        what = f"problem{'s' if len(differ) > 1 else ''} {names}" if differ else "its pages"
        yield Failure(
            file,
            f"prints otherwise from the manifest: {what}{_both(recorded, found)}{_by(manifest)}",
        )


def _statements(manifest: Manifest) -> Iterator[Failure]:
    """Read again what the sheet says of its networks, and compare what is recorded of it."""
    problems = manifest.problem_set.problems
    try:
        graphs = [read_graph(problem.network) for problem in problems]
        found = read_statements(manifest.problem_set, graphs, manifest.notation)
    except CertificateError as error:
        yield Failure((error.place or MANIFEST).rpartition(", ")[2], error.message)
        return
    except ExgenError:
        # A network that cannot be read is told of with its problem.
        return
    for problem, proof in zip(problems, found, strict=True):
        try:
            _compare(problem.statement, proof)
        except CertificateError as error:
            where = f"problem '{problem.name}', its statement"
            yield Failure(where, error.message)


def _by(manifest: Manifest) -> str:
    """Say so where the set was made by another version, whose pages may differ."""
    from importlib.metadata import version

    made, own = manifest.problem_set.versions.get("exgen"), version("exgen")
    return "" if made == own else f"; it was made by exgen {made}, and this is {own}"


def _differing(manifest: Manifest, name: str) -> list[str]:
    """Return which problems are not in the file as the manifest prints them."""
    try:
        data = read_file(manifest.folder / f"{name}.tex", MAX_BYTES)
    except OSError:
        return []
    if digest(data) != manifest.files[f"{name}.tex"]:
        return []
    page = data.decode(errors="replace")
    words = load_language(manifest.problem_set.language)
    bodies = problem_bodies(manifest.problem_set, words, key=DOCUMENTS[name])
    named = zip(manifest.problem_set.problems, bodies, strict=True)
    return [problem.name for problem, body in named if body not in page]


# --- the answers ---


def _problem(
    manifest: Manifest, problem: Problem, now: Digests, told: Callable[[str], None]
) -> tuple[list[tuple[Agreement, ...]], list[Failure]]:
    """Return the proofs of a problem's answers, and what failed."""
    told(problem.name)
    where = f"problem '{problem.name}'"
    recorded = manifest.digests.problems.get(problem.name)
    found = now.problems[problem.name]
    proofs: list[tuple[Agreement, ...]] = []
    failures = list(_answers_listed(where, recorded, found))
    try:
        network = read_graph(problem.network)
    except ExgenError as error:
        return [], [*failures, Failure(where, f"its network cannot be read: {error.message}")]
    claims: dict[str, Claim] = {}
    memory = Memory()
    for answer in problem.answers:
        place = f"{where}, answer '{answer.name}'"
        page = Page(answer.latex.tex, manifest.notation, answer.expr, memory)
        try:
            proof = _certified(answer, network, claims, page)
        except CertificateError as error:
            failures.append(Failure(place, error.message))
            continue
        proofs += [proof] if proof else []
        before = None if recorded is None else recorded.answers.get(answer.name)
        if before is not None and before != found.answers[answer.name]:
            says = "its LaTeX, steps, mistakes, claim or certificate was edited"
            failures.append(Failure(place, says + _both(before, found.answers[answer.name])))
    return proofs, failures


def _answers_listed(
    where: str, recorded: ProblemDigest | None, found: ProblemDigest
) -> Iterator[Failure]:
    if recorded is None:
        return
    for name in sorted(recorded.answers.keys() ^ found.answers.keys()):
        says = "is missing" if name in recorded.answers else "was added"
        yield Failure(f"{where}, answer '{name}'", says)
    if recorded.problem != found.problem and recorded.answers.keys() == found.answers.keys():
        what = "its network, draws, fields or points were edited"
        yield Failure(where, what + _both(recorded.problem, found.problem))


def _certified(
    answer: Answer, network: Graph, claims: dict[str, Claim], page: Page
) -> tuple[Agreement, ...]:
    """Certify an answer again; a rubric has no proof.

    Raises:
        CertificateError: it cannot be, or what is recorded is not what was certified.

    """
    if answer.claim.get("claim") == RUBRIC:
        if answer.certificate or len(answer.claim) > 1:
            raise CertificateError("a rubric has no claim and no certificate")
        try:
            certify_steps(answer.steps, network, page.memory)
        except DataError as error:
            raise CertificateError(f"{error.path}: {error.message}") from None
        return ()
    key = json.dumps(answer.claim, sort_keys=True)
    try:
        if key not in claims:
            claims[key] = restored(answer.claim, network, "claim")
        claim = claims[key]
        proof = certify(claim, page)
        certify_steps(answer.steps, network, page.memory)
        check_shape_recorded(claim, answer.shape)
        check_expression_recorded(claim, answer.expr)
    except CertificateError:
        raise
    except DataError as error:
        raise CertificateError(f"{error.path}: {error.message}") from None
    except Exception as error:
        # A claim from a file may say anything, so anything may go wrong in its proof.
        reason = getattr(error, "message", str(error)) or type(error).__name__
        raise CertificateError(f"its claim cannot be proven: {reason}") from error
    _compare(answer.certificate, proof)
    return proof


def _compare(recorded: tuple[Agreement, ...], found: tuple[Agreement, ...]) -> None:
    """Compare the methods; errors may differ in the last digit from machine to machine."""
    before, after = (
        [f"{part.method} ({part.points})" for part in parts] for parts in (recorded, found)
    )
    if before != after:
        raise CertificateError(
            f"the methods are recorded as {', '.join(before) or 'none'}, "
            f"certified by {', '.join(after)}"
        )
