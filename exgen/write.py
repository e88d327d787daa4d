"""The only module that writes: a folder of files, or one file, as a whole or not at all.

The files are made in a hidden folder beside the target, and both then change places: in one step
where the system can, else in two, of which the next run mends the first if the second never came.
What stood there before goes only if exgen made it and nobody has touched it since, which its
``manifest.json`` tells: ``{"files": {"problems.tex": {"sha256": "..."}}}``.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from exgen.errors import MachineError
from exgen.swap import swapped

if TYPE_CHECKING:
    from collections.abc import Mapping

MANIFEST = "manifest.json"
"""The file by which exgen knows its own folders again."""

_ELSEWHERE = "Choose another folder with --out."
_SHOWN = 5
_PROBLEMS = {
    errno.ENOSPC: ("the disk is full", "Make room, or choose another folder with --out."),
    errno.EDQUOT: ("the disk quota is used up", "Make room, or choose another folder with --out."),
    errno.EROFS: ("the disk is read-only", _ELSEWHERE),
    errno.EACCES: ("writing here is not allowed", _ELSEWHERE),
    errno.EPERM: ("writing here is not allowed", _ELSEWHERE),
    errno.ENAMETOOLONG: ("the name is too long", "Choose a shorter name with --out."),
    errno.ENOTDIR: ("a part of this path is a file, not a folder", _ELSEWHERE),
    errno.EEXIST: ("a part of this path is a file, not a folder", _ELSEWHERE),
    errno.ELOOP: ("this path goes round in symbolic links", _ELSEWHERE),
    errno.ENOTEMPTY: ("another run wrote the same folder at this moment", "Run it again."),
    errno.EBUSY: ("the folder is in use as a whole", "Choose a folder inside it with --out."),
}


def check_target(target: Path, *, force: bool = False) -> None:
    """Raise if ``target`` may not or cannot be replaced; call it before expensive work.

    Args:
        target: the folder to be written; it need not exist.
        force: whether a folder with other people's files may be set aside.

    Raises:
        MachineError: the target is a file or a symbolic link, holds something that exgen did
            not make or that was edited since, or no folder can be made there.

    """
    try:
        _mend(target.absolute())
        _check(target.absolute(), force=force)
    except OSError as error:
        raise _machine_error(error, target) from error


def write_folder(target: Path, files: Mapping[str, bytes], *, force: bool = False) -> Path | None:
    """Make ``target`` a folder that holds exactly ``files``, or change nothing.

    Args:
        target: the folder; folders above it are made where they are missing.
        files: plain file names to contents. Without a ``manifest.json`` that lists the others,
            the next call will refuse to replace the folder.
        force: replace a folder even if it holds other people's files or edited ones. Nothing is
            lost then either: the old folder is kept beside the new one.

    Returns:
        Where the old folder was put if it was kept, else None.

    Raises:
        MachineError: as for :func:`check_target`, or the files cannot be written. The target is
            then as it was, and nothing is left beside it.
        ValueError: a file name has a separator or a leading dot, or is empty.

    """
    for name in files:
        if not is_plain(name):
            raise ValueError(f"{name!r} is not a plain file name")
    folder = target.absolute()
    made: list[Path] = []
    try:
        _mend(folder)
        _check(folder, force=force)
        _make_parents(folder.parent, made)
        return _replace(folder, files)
    except BaseException as error:
        for parent in reversed(made):
            with suppress(OSError):
                parent.rmdir()
        if isinstance(error, OSError):
            raise _machine_error(error, target) from error
        raise


def write_file(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Write one file, as a whole or not at all.

    Args:
        path: the file; one that is there is replaced.
        content: what it holds.
        mode: who may read it, from the moment at which it is there.

    Raises:
        MachineError: it cannot be written; what was there before stays.

    """
    fresh = path.with_name(f".exgen-{os.getpid()}-{_mark(path)}")
    try:
        _write_file(fresh, content, mode)
        fresh.replace(path)
    except BaseException as error:
        with suppress(OSError):
            fresh.unlink()
        if isinstance(error, OSError):
            raise _machine_error(error, path) from error
        raise


def _check(folder: Path, *, force: bool) -> None:
    if folder.is_symlink():
        raise MachineError(
            "The folder to write is a symbolic link.",
            place=str(folder),
            remedy=f"Name the folder it points to ({folder.readlink()}), or another one.",
        )
    # lstat and not exists(): that one takes a name too long for a folder still to be made
    try:
        folder.lstat()
    except FileNotFoundError:
        _check_parent(folder)
        return
    if not folder.is_dir():
        raise MachineError("The folder to write is a file.", place=str(folder), remedy=_ELSEWHERE)
    if Path.cwd().is_relative_to(folder.resolve()):
        raise MachineError(
            "The folder to write is the one you are in, and cannot be replaced as a whole.",
            place=str(folder),
            remedy="Name a folder inside it with --out.",
        )
    _check_parent(folder)
    strangers = [] if force else _strangers(folder)
    if strangers:
        names = ", ".join(strangers[:_SHOWN])
        more = f" and {len(strangers) - _SHOWN} more" if len(strangers) > _SHOWN else ""
        raise MachineError(
            f"The folder holds what exgen did not make, or what was edited since: {names}{more}.",
            place=str(folder),
            remedy="Move that away, choose another folder with --out, or give --force, "
            "which keeps the old folder under another name.",
        )


def _check_parent(folder: Path) -> None:
    """Raise if no folder could be made at this path."""
    parent = folder.parent
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(parent))
    if not os.access(parent, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(parent))


def _strangers(folder: Path) -> list[str]:
    """Return the names in ``folder`` that are not unchanged files of exgen's, sorted."""
    names = sorted(entry.name for entry in folder.iterdir())
    listed = _listed(folder / MANIFEST)
    if listed is None:
        return names
    return [
        name
        for name in names
        if name != MANIFEST and not _is_unchanged(folder / name, listed.get(name))
    ]


def _listed(manifest: Path) -> dict[str, str] | None:
    """Return the file names and checksums in a manifest, or None if there is no legal one."""
    if manifest.is_symlink() or not manifest.is_file():
        return None
    try:
        document = json.loads(manifest.read_bytes())
        return {str(name): str(file["sha256"]) for name, file in document["files"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _is_unchanged(path: Path, checksum: str | None) -> bool:
    if checksum is None or path.is_symlink() or not path.is_file():
        return False
    return sha256(path.read_bytes()).hexdigest() == checksum


def _make_parents(parent: Path, made: list[Path]) -> None:
    """Make the folders down to ``parent``, noting in ``made`` those that were missing."""
    missing = [path for path in (parent, *parent.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        made.append(path)


def _replace(folder: Path, files: Mapping[str, bytes]) -> Path | None:
    """Write the files beside ``folder``, then let the new folder take its place.

    What is called new is not whole yet. Before both change places it gets the name of the old
    one, so that whatever a killed run leaves under that name is whole.
    """
    hidden = f".exgen-{os.getpid()}-{_mark(folder)}"
    fresh = _free_name(folder.parent, f"{hidden}-new")
    old = _free_name(folder.parent, f"{hidden}-old")
    before, ours = _identity(folder), None
    try:
        fresh.mkdir()
        ours = _identity(fresh)
        for name, content in files.items():
            _write_file(fresh / name, content)
        _sync(fresh)
        if before is None:
            fresh.rename(folder)
        else:
            fresh.rename(old)
            if not swapped(old, folder):
                old.rename(fresh)
                folder.rename(old)
                fresh.rename(folder)
    except BaseException:
        _back(folder, fresh, old, before, ours)
        raise
    with suppress(OSError):
        _sync(folder.parent)
    return _clear_away(old, folder) if old.exists() else None


_Identity = tuple[int, int] | None


def _back(folder: Path, fresh: Path, old: Path, before: _Identity, ours: _Identity) -> None:
    """Undo a run that stopped, between whichever two steps: what was there before comes back."""
    is_swapped = _identity(folder) == ours is not None
    if is_swapped and (_identity(old) != before or not swapped(old, folder)):
        folder.rename(fresh)
    if before is not None and _identity(old) == before:
        if folder.exists():
            _clear_away(old, folder)  # another run was quicker; its folder stays
        else:
            old.rename(folder)
    for path in (fresh, old):
        if _identity(path) == ours is not None:
            shutil.rmtree(path, ignore_errors=True)


def _identity(path: Path) -> _Identity:
    """Return what a folder keeps when it is renamed; None where there is none."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _mark(folder: Path) -> str:
    """Return what tells the hidden folders of one target from those of its neighbours."""
    return sha256(os.fsencode(folder.name)).hexdigest()[:8]


def _mend(folder: Path) -> None:
    """Put right what a run left that was killed while it wrote this folder."""
    if not folder.parent.is_dir() or not os.access(folder.parent, os.W_OK | os.X_OK):
        return
    for left in sorted(folder.parent.glob(f".exgen-*-{_mark(folder)}-*")):
        number = left.name.split("-")[1]
        if not number.isdigit() or _is_running(int(number)):
            continue
        if left.name.rpartition("-")[2] == "new" or "-new-" in left.name:
            shutil.rmtree(left, ignore_errors=True)
        elif not folder.exists():
            left.rename(folder)
        else:
            _clear_away(left, folder)


def _is_running(number: int) -> bool:
    try:
        os.kill(number, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _clear_away(old: Path, folder: Path) -> Path | None:
    """Remove the old folder if it is all exgen's, else keep it under a name that can be seen."""
    # looked at once more, because somebody may have saved a file since the check
    if not _strangers(old):
        shutil.rmtree(old, ignore_errors=True)
        return None
    kept = _free_name(folder.parent, f"{folder.name}.before")
    try:
        return old.rename(kept)
    except OSError:
        return old


def _free_name(parent: Path, name: str) -> Path:
    """Return a path in ``parent`` that does not exist, ``name`` itself if possible."""
    path, count = parent / name, 1
    while os.path.lexists(path):
        count += 1
        path = parent / f"{name}-{count}"
    return path


def _write_file(path: Path, content: bytes, mode: int = 0o666) -> None:
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(number, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Make sure that the entries of ``folder`` are on the disk."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def is_plain(name: str) -> bool:
    """Whether a name is that of a file in a folder, without a path."""
    return bool(name) and not name.startswith(".") and not set(name) & set("/\\\0")


def _machine_error(error: OSError, target: Path) -> MachineError:
    what = (error.strerror or "unknown reason").lower()
    reason, remedy = _PROBLEMS.get(error.errno or 0, (what, _ELSEWHERE))
    return MachineError(f"Cannot write: {reason}.", place=str(target), remedy=remedy)
