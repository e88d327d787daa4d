"""Verify what was made: from the manifest and the files beside it, without a bank or a draw."""

from __future__ import annotations

import re
import warnings
from contextlib import suppress
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct

from exgen import __version__
from exgen.again import Failure, again, more, said
from exgen.errors import ExgenError, MachineError, ManifestError
from exgen.files import read, reason
from exgen.manifest import MAX_BYTES, digest, read_manifest
from exgen.pipeline import printed_again
from exgen.render.pdf import require_tex
from exgen.render.pdftext import difference
from exgen.sign import SIGNATURE, is_signed, public_key
from exgen.write import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from exgen.manifest import Manifest

PDFS = ("problems.pdf", "solutions.pdf")
OURS = re.compile(r"(problems|solutions)\.pdf|problem-.+\.tex|exgen\.sty")
"""The files besides those that every manifest lists; others beside them are not exgen's."""
SHOWN = 12
"""How many digits of a hash tell it from another."""


class Verified(Struct, frozen=True):
    """What came of one folder.

    Attributes:
        folder: as it was named or found.
        problems: how many it has.
        answers: how many answers follow, each certified again.
        rubrics: how many more are for a human grader.
        worst: the largest error of the proofs.
        unread: whether there are PDFs that were not read.
        signer: the file of the key whose owner signed it; empty where nobody asked.
        failures: whatever does not follow, or is not as it was made.
        refused: the one reason why the manifest could not be read.

    """

    folder: Path
    problems: int = 0
    answers: int = 0
    rubrics: int = 0
    worst: float = 0.0
    unread: bool = False
    signer: str = ""
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
        raise ManifestError(
            f"this cannot be read: {reason(error).lower()}", place=str(path)
        ) from None
    if not folders:
        raise ManifestError(
            f"there is no {MANIFEST} here or in any folder below",
            place=str(path),
            remedy="Name a folder that 'exgen make' wrote, or one that holds such folders.",
        )
    return folders


def verify(
    path: Path,
    told: Callable[[str], None] = lambda _: None,
    *,
    pdf: bool = True,
    key: Path | None = None,
) -> Verified:
    """Verify one folder; a manifest that cannot be read is ``refused``.

    Args:
        path: a folder, or its manifest.
        told: is given the name of each problem before it is looked at.
        pdf: whether to make the PDFs again, too, and compare them; else their hash has to do.
        key: the public key of whoever has to have signed the manifest.

    Raises:
        MachineError: there are PDFs, and no TeX.
        SignatureError: the key is none.

    """
    owner = None if key is None else public_key(key)
    try:
        manifest = read_manifest(path)
    except ManifestError as error:
        return Verified(path, refused=error)
    files = {**dict.fromkeys(_unlisted(manifest), ""), **manifest.files}
    pdfs = [name for name in PDFS if (manifest.folder / name).exists()]
    if pdfs and pdf:
        require_tex()
    # What a manifest says may be anything; NumPy's warnings about it would say nothing.
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = again(manifest, told)
    answers = [answer for part in found.problem_set.problems for answer in part.answers]
    proven = [answer for answer in answers if not answer.is_rubric]
    printed: dict[str, bytes] = {}
    failures: list[Failure] = [*found.failures]
    if found.complete:
        try:
            printed = printed_again(manifest, found.problem_set, pdf=bool(pdfs) and pdf)
        except MachineError:
            raise
        except ExgenError as error:
            failures.append(Failure((error.place or MANIFEST).rpartition("/")[2], error.message))
    failures += _files(manifest, files, printed)
    unsigned = () if key is None or owner is None else tuple(_signature(manifest, owner, key.name))
    return Verified(
        folder=path,
        problems=len(manifest.problems),
        answers=len(proven),
        rubrics=len(answers) - len(proven),
        worst=max((part.error for answer in proven for part in answer.certificate), default=0.0),
        unread=bool(pdfs) and not pdf,
        signer="" if key is None or unsigned else key.name,
        failures=(*failures, *unsigned),
    )


def _signature(manifest: Manifest, owner: Ed25519PublicKey, key: str) -> Iterator[Failure]:
    try:
        if not is_signed(manifest.folder, owner):
            yield Failure(SIGNATURE, f"is no signature of this manifest by the owner of {key}")
    except FileNotFoundError:
        yield Failure(SIGNATURE, "is missing: nobody signed this manifest")
    except OSError as error:
        yield Failure(SIGNATURE, f"cannot be read: {reason(error).lower()}")


# --- the files ---


def _unlisted(manifest: Manifest) -> Iterator[str]:
    """Yield what stands beside a manifest under a name of exgen's, and is not listed there."""
    with suppress(OSError):
        for file in sorted(manifest.folder.iterdir()):
            if OURS.fullmatch(file.name) and file.name not in manifest.files:
                yield file.name


def _files(
    manifest: Manifest, files: Mapping[str, str], printed: Mapping[str, bytes]
) -> Iterator[Failure]:
    """Compare every file with what is printed again, or else with its recorded hash, if any."""
    for name, recorded in files.items():
        if name not in printed and (not recorded or (printed and name not in PDFS)):
            yield Failure(name, "is none of the files of this set")
            continue
        try:
            data = read(manifest.folder / name, MAX_BYTES)
        except FileNotFoundError:
            yield Failure(name, "is missing")
            continue
        except OSError as error:
            yield Failure(name, f"cannot be read: {reason(error).lower()}")
            continue
        if name in printed and name in PDFS:
            says = difference(data, printed[name])
            if says:
                yield Failure(name, f"{says}{_by(manifest)}")
                continue
        elif name in printed and data != printed[name]:
            yield _line(name, data.decode(errors="replace"), printed[name].decode(), _by(manifest))
            continue
        if recorded and digest(data) != recorded:
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
    made, own = manifest.inputs.versions.get("exgen"), __version__
    return "" if made == own else f"; it was made by exgen {made}, and this is {own}"
