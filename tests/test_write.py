"""Writing a folder as a whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from exgen.errors import MachineError
from exgen.swap import swapped
from exgen.write import _mark, check_target, write_folder

if TYPE_CHECKING:
    from collections.abc import Callable

Snapshot = dict[str, bytes | None]


def folder_files(**contents: str) -> dict[str, bytes]:
    """Return files with the manifest that lists them."""
    files = {f"{name}.tex": text.encode() for name, text in contents.items()}
    listed = {name: {"sha256": sha256(content).hexdigest()} for name, content in files.items()}
    return {**files, "manifest.json": json.dumps({"files": listed}).encode()}


def snapshot(root: Path) -> Snapshot:
    """Return everything below ``root``, hidden leftovers included."""
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() else None
        for path in sorted(root.rglob("*"))
    }


OLD = folder_files(problems="old", key="old key")
NEW = folder_files(problems="new")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Give a folder that exgen wrote."""
    write_folder(tmp_path / "out", OLD)
    return tmp_path / "out"


def refusal(target: Path, *, force: bool = False) -> MachineError:
    """Return the error with which both functions refuse, after seeing that nothing changed."""
    root = target.parent if target.parent.is_dir() else target.parent.parent
    before = snapshot(root)
    with pytest.raises(MachineError) as checked:
        check_target(target, force=force)
    with pytest.raises(MachineError) as written:
        write_folder(target, NEW, force=force)
    assert str(checked.value) == str(written.value)
    assert snapshot(root) == before
    assert written.value.exit_code == 2
    assert written.value.place
    assert written.value.remedy
    return written.value


def test_a_new_folder_holds_exactly_the_files(tmp_path: Path) -> None:
    """Writing makes the folder and leaves nothing beside it."""
    assert write_folder(tmp_path / "out", NEW) is None
    assert snapshot(tmp_path) == {"out": None, **{f"out/{n}": NEW[n] for n in sorted(NEW)}}


def test_missing_parents_are_made(tmp_path: Path) -> None:
    """A deep target needs no mkdir by hand."""
    write_folder(tmp_path / "a" / "b" / "out", NEW)
    assert (tmp_path / "a" / "b" / "out" / "problems.tex").read_bytes() == b"new"


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    """A folder made by hand beforehand is welcome."""
    (tmp_path / "out").mkdir()
    check_target(tmp_path / "out")
    write_folder(tmp_path / "out", NEW)
    assert (tmp_path / "out" / "problems.tex").is_file()


def test_the_folder_may_be_read_by_others(tmp_path: Path) -> None:
    """The folder has the rights that mkdir would give it."""
    write_folder(tmp_path / "out", NEW)
    (tmp_path / "plain").mkdir()
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_our_own_folder_is_replaced_as_a_whole(target: Path) -> None:
    """Files that the new set does not have are gone afterwards."""
    check_target(target)
    assert write_folder(target, NEW) is None
    assert snapshot(target.parent) == {"out": None, **{f"out/{n}": NEW[n] for n in sorted(NEW)}}


def test_a_deleted_file_does_not_stand_in_the_way(target: Path) -> None:
    """Throwing a file away loses nothing when the folder is made anew."""
    (target / "key.tex").unlink()
    write_folder(target, OLD)
    assert (target / "key.tex").is_file()


def test_an_edited_file_is_not_overwritten(target: Path) -> None:
    """What an instructor changed by hand is theirs."""
    (target / "key.tex").write_text("my own words")
    error = refusal(target)
    assert "key.tex" in error.message
    assert "problems.tex" not in error.message
    assert "--force" in error.remedy


def test_a_strange_file_is_not_destroyed(target: Path) -> None:
    """A file that exgen did not make stops it."""
    (target / "notes.txt").write_text("remember")
    (target / "photos").mkdir()
    error = refusal(target)
    assert "notes.txt, photos" in error.message


def test_a_link_with_the_name_of_a_file_is_strange(target: Path, tmp_path: Path) -> None:
    """A symbolic link is not the file that exgen wrote, whatever it points to."""
    (tmp_path / "elsewhere").write_bytes(OLD["key.tex"])
    (target / "key.tex").unlink()
    (target / "key.tex").symlink_to(tmp_path / "elsewhere")
    assert "key.tex" in refusal(target).message


@pytest.mark.parametrize(
    "manifest", ["", "[]", "{}", '{"files": ["a.tex"]}', '{"files": {"a.tex": 1}}', "\x80"]
)
def test_a_manifest_of_another_program_proves_nothing(tmp_path: Path, manifest: str) -> None:
    """A folder with some other manifest.json is not exgen's."""
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "manifest.json").write_bytes(manifest.encode("latin-1"))
    (folder / "a.tex").write_text("x")
    assert "a.tex, manifest.json" in refusal(folder).message


def test_many_strange_files_make_a_short_message(tmp_path: Path) -> None:
    """A home folder is refused without listing all of it."""
    (tmp_path / "home").mkdir()
    for number in range(30):
        (tmp_path / "home" / f"letter{number:02}").touch()
    message = refusal(tmp_path / "home").message
    assert "letter04 and 25 more" in message
    assert "letter05" not in message


def test_force_keeps_the_old_folder_beside_the_new_one(target: Path) -> None:
    """Even forced, nothing of anybody's is lost."""
    for words in ("first", "second"):
        (target / "notes.txt").write_text(words)
        check_target(target, force=True)
        kept = write_folder(target, NEW, force=True)
        assert kept is not None
        assert (kept / "notes.txt").read_text() == words
    names = sorted(path.name for path in target.parent.iterdir())
    assert names == ["out", "out.before", "out.before-2"]
    assert sorted(path.name for path in target.iterdir()) == ["manifest.json", "problems.tex"]


def test_force_leaves_no_copy_of_our_own_folder(target: Path) -> None:
    """Where nothing would be lost, nothing is kept."""
    assert write_folder(target, NEW, force=True) is None
    assert [path.name for path in target.parent.iterdir()] == ["out"]


@pytest.mark.parametrize("force", [False, True])
def test_a_file_is_not_a_folder(tmp_path: Path, force: bool) -> None:  # noqa: FBT001 - pytest's
    """A target that is a file is refused, forced or not."""
    (tmp_path / "out").write_text("a thesis")
    assert "is a file" in refusal(tmp_path / "out", force=force).message


def test_a_link_is_not_replaced(tmp_path: Path) -> None:
    """A symbolic link is refused, and the message names where it points."""
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to("real")
    error = refusal(tmp_path / "out", force=True)
    assert "symbolic link" in error.message
    assert "real" in error.remedy


def test_a_target_under_a_file_is_refused(tmp_path: Path) -> None:
    """A path through a file cannot become a folder."""
    (tmp_path / "file").write_text("x")
    assert "is a file" in refusal(tmp_path / "file" / "out").message


def test_a_name_too_long_is_refused(tmp_path: Path) -> None:
    """A name that no disk takes is refused before anything is made."""
    assert "too long" in refusal(tmp_path / ("n" * 300)).message


def test_the_folder_one_is_in_is_refused(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replacing the current folder would leave the shell nowhere."""
    monkeypatch.chdir(target)
    assert "one you are in" in refusal(Path.cwd(), force=True).message
    with pytest.raises(MachineError, match="one you are in"):
        check_target(Path())


def test_a_folder_without_the_right_to_write_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Missing rights are found before the expensive work."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "not allowed" in refusal(tmp_path / "out").message


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "/etc/passwd", "a\\b"])
def test_a_file_name_with_a_path_in_it_is_refused(tmp_path: Path, name: str) -> None:
    """No file can land outside the folder."""
    with pytest.raises(ValueError, match="not a plain file name"):
        write_folder(tmp_path / "out", {name: b""})
    assert snapshot(tmp_path) == {}


def failing(error: BaseException, after: int) -> Callable[[int], None]:
    """Return an fsync that works ``after`` times and then raises ``error``."""
    calls: list[int] = []

    def fsync(number: int) -> None:
        calls.append(number)
        if len(calls) > after:
            raise error

    return fsync


FAILURES = [
    (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
    (OSError(errno.EDQUOT, "Disk quota exceeded"), "quota"),
    (OSError(errno.EROFS, "Read-only file system"), "read-only"),
    (OSError(errno.EIO, "Input/output error"), "input/output error"),
]


@pytest.mark.parametrize(("failure", "words"), FAILURES)
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_disk_that_fails_leaves_the_old_folder(
    target: Path, monkeypatch: pytest.MonkeyPatch, failure: OSError, words: str, after: int
) -> None:
    """A full or broken disk gives one error, and the old set is still there."""
    before = snapshot(target.parent)
    monkeypatch.setattr(os, "fsync", failing(failure, after))
    with pytest.raises(MachineError, match=words) as caught:
        write_folder(target, NEW)
    assert caught.value.place == str(target)
    assert caught.value.remedy
    assert snapshot(target.parent) == before


def test_a_failure_removes_the_parents_it_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failure not even an empty folder is left."""
    monkeypatch.setattr(os, "fsync", failing(OSError(errno.ENOSPC, "full"), 0))
    with pytest.raises(MachineError):
        write_folder(tmp_path / "a" / "b" / "out", NEW)
    assert snapshot(tmp_path) == {}


def test_an_interrupt_leaves_the_old_folder(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the middle of writing is as if nothing had been started."""
    before = snapshot(target.parent)
    monkeypatch.setattr(os, "fsync", failing(KeyboardInterrupt(), 1))
    with pytest.raises(KeyboardInterrupt):
        write_folder(target, NEW)
    assert snapshot(target.parent) == before


SYSTEMS = [True, False] if sys.platform == "linux" else [False]
"""Whether two folders change places in one step here, as it is and as it is elsewhere."""
STEPS = {True: 2, False: 5}
"""How many steps it takes to replace a folder; where they cannot be swapped, one that is tried."""


def stopping(monkeypatch: pytest.MonkeyPatch, which: int, stop: Callable[[], None], *, late: bool,
             can_swap: bool) -> None:  # fmt: skip
    """Let something happen at one of the steps, before it or after it took effect."""
    calls = [0]

    def stepped(step: Callable[[Path, Path], object]) -> Callable[[Path, Path], object]:
        def taken(one: Path, other: Path) -> object:
            calls[0] += 1
            if calls[0] == which and not late:
                stop()
            found = step(one, other)
            if calls[0] == which:
                stop()
            return found

        return taken

    swap = swapped if can_swap else lambda *_: False
    monkeypatch.setattr(Path, "rename", stepped(Path.rename))
    monkeypatch.setattr("exgen.write.swapped", stepped(swap))


CASES = [
    (can_swap, which, late)
    for can_swap in SYSTEMS
    for which in range(1, STEPS[can_swap] + 1)
    for late in (False, True)
]


@pytest.mark.parametrize(("can_swap", "which", "late"), CASES)
@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError(errno.EIO, "I/O error")])
def test_a_failure_during_the_swap_is_rolled_back(
    target: Path,
    monkeypatch: pytest.MonkeyPatch,
    failure: BaseException,
    which: int,
    late: bool,  # noqa: FBT001 - pytest gives it by name
    can_swap: bool,  # noqa: FBT001
) -> None:
    """Whichever step fails, before or after it took effect, the old set comes back."""
    before = snapshot(target.parent)

    def fail() -> None:
        raise failure

    stopping(monkeypatch, which, fail, late=late, can_swap=can_swap)
    with pytest.raises((KeyboardInterrupt, MachineError)):
        write_folder(target, NEW)
    assert snapshot(target.parent) == before


@pytest.mark.parametrize("late", [False, True])
def test_a_failure_without_an_old_folder_leaves_none(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    late: bool,  # noqa: FBT001
) -> None:
    """Where nothing stood before, nothing stands after."""

    def fail() -> None:
        raise OSError(errno.EIO, "I/O error")

    stopping(monkeypatch, 1, fail, late=late, can_swap=False)
    with pytest.raises(MachineError):
        write_folder(tmp_path / "out", NEW)
    assert snapshot(tmp_path) == {}


def killed_while_writing(target: Path, which: int, *, late: bool, can_swap: bool) -> None:
    """Replace a folder in a process that is killed at one of the steps."""
    number = os.fork()
    if number == 0:
        patch = pytest.MonkeyPatch()
        kill = partial(os.kill, os.getpid(), signal.SIGKILL)
        stopping(patch, which, kill, late=late, can_swap=can_swap)
        write_folder(target, NEW, force=True)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) == -signal.SIGKILL


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is killed")
@pytest.mark.parametrize(("can_swap", "which", "late"), CASES)
def test_a_run_that_is_killed_leaves_a_whole_folder(
    target: Path,
    which: int,
    late: bool,  # noqa: FBT001
    can_swap: bool,  # noqa: FBT001
) -> None:
    """Where folders can be swapped, one stands under the name at every moment.

    Elsewhere the next run begins by putting the old one back. Both clear away what was left.
    """
    old = {path.name: path.read_bytes() for path in target.iterdir()}
    killed_while_writing(target, which, late=late, can_swap=can_swap)
    if can_swap:
        assert {path.name: path.read_bytes() for path in target.iterdir()} in (old, NEW)
    check_target(target)
    assert {path.name: path.read_bytes() for path in target.iterdir()} in (old, NEW)
    assert [path.name for path in target.parent.iterdir()] == [target.name]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is killed")
@pytest.mark.parametrize(("can_swap", "which", "late"), CASES)
def test_a_run_that_is_killed_loses_no_file_of_others(
    target: Path,
    which: int,
    late: bool,  # noqa: FBT001
    can_swap: bool,  # noqa: FBT001
) -> None:
    """A file that --force was to set aside is there after the next run, under some name."""
    (target / "notes.txt").write_text("remember")
    killed_while_writing(target, which, late=late, can_swap=can_swap)
    write_folder(target, NEW, force=True)
    assert [path.read_text() for path in target.parent.rglob("notes.txt")] == ["remember"]
    assert not [path for path in target.parent.iterdir() if path.name.startswith(".")]


def test_what_another_run_is_writing_is_left_alone(target: Path) -> None:
    """Its process is still there."""
    hidden = target.parent / f".exgen-{os.getpid()}-{_mark(target)}-new"
    hidden.mkdir()
    check_target(target)
    assert hidden.is_dir()
