"""Verify what was made: from the manifest and the files beside it, without a bank or a draw."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib.metadata import version
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np

from exgen.again import Failure, again, more, said
from exgen.errors import ManifestError
from exgen.files import read as read_file
from exgen.manifest import MAX_BYTES, digest, read_manifest
from exgen.render.fragment import STYLE, fragments
from exgen.render.tex import render_tex
from exgen.write import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from exgen.manifest import Manifest

SHOWN = 12
"""How many digits of a hash tell it from another."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of one folder.

    Attributes:
        folder: as it was named or found.
        problems: how many it has.
        answers: how many answers follow, each certified again.
        rubrics: how many more are for a human grader.
        worst: the largest error of the proofs.
        failures: whatever does not follow, or is not as it was made.
        refused: the one reason why the manifest could not be read.

    """

    folder: Path
    problems: int = 0
    answers: int = 0
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
    # What a manifest says may be anything; NumPy's warnings about it would say nothing.
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = again(manifest, told)
    answers = [answer for part in found.problem_set.problems for answer in part.answers]
    proven = [answer for answer in answers if not answer.is_rubric]
    printed = {}
    if found.complete:
        pages = render_tex(found.problem_set)
        printed = {f"{name}.tex": text.encode() for name, text in pages.items()}
        printed |= fragments(found.problem_set) if STYLE in manifest.files else {}
    return Verified(
        folder=path,
        problems=len(manifest.problems),
        answers=len(proven),
        rubrics=len(answers) - len(proven),
        worst=max((part.error for answer in proven for part in answer.certificate), default=0.0),
        failures=(
            *found.failures,
            *_files(manifest, printed),
        ),
    )


# --- the files ---


def _files(manifest: Manifest, printed: Mapping[str, bytes]) -> Iterator[Failure]:
    """Compare every file with what is printed again, or else with its recorded hash."""
    for name, recorded in manifest.files.items():
        try:
            data = read_file(manifest.folder / name, MAX_BYTES)
        except FileNotFoundError:
            yield Failure(name, "is missing")
            continue
        except OSError as error:
            yield Failure(name, f"cannot be read: {(error.strerror or 'unknown reason').lower()}")
            continue
        if name in printed and data != printed[name]:
            yield _line(name, data.decode(errors="replace"), printed[name].decode(), _by(manifest))
        elif digest(data) != recorded:
            both = f"sha256 recorded {recorded[:SHOWN]}, found {digest(data)[:SHOWN]}"
            yield Failure(name, f"was changed since it was made ({both})")


def _line(name: str, stands: str, follows: str, by: str) -> Failure:
    """Tell of the first line that is another."""
    lines = zip_longest(stands.splitlines(), follows.splitlines(), fillvalue="")
    differ = [(n, *pair) for n, pair in enumerate(lines, start=1) if pair[0] != pair[1]]
    if not differ:
        return Failure(name, "ends its lines otherwise")
    number, line, right = differ[0]
    return Failure(
        f"{name}:{number}",
        f"{said(line, right)} stands there; {said(right, line)} follows"
        f"{more(len(differ), 'line')}{by}",
    )


def _by(manifest: Manifest) -> str:
    """Say so where the set was made by another version, whose pages may differ."""
    made, own = manifest.inputs.versions.get("exgen"), version("exgen")
    return "" if made == own else f"; it was made by exgen {made}, and this is {own}"
