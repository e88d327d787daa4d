"""Read what a user named: a regular file, or a pipe that somebody writes to.

A device or a socket has no end, or nothing to say, and a pipe without a writer would be waited for
without end; so each is refused.
"""

from __future__ import annotations

import errno
import os
import select
import stat
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 2.0
"""Seconds in which somebody must begin to write to a pipe."""
GLANCE = 0.02
CHUNK = 1 << 16
SORTS = (
    (stat.S_ISCHR, "it is a device and no file"),
    (stat.S_ISBLK, "it is a device and no file"),
)


def read(path: Path, most: int, *, pipes: bool = False) -> bytes:
    """Return the first ``most + 1`` bytes of a file.

    Args:
        path: the file.
        most: how many bytes the caller allows; one more shows that there are too many.
        pipes: whether a pipe will do, such as ``<(cat net)`` of a shell gives.

    Raises:
        OSError: there is no such file, it may not be read, or it is no file; ``strerror`` says so.
        ValueError: the path holds a null character.

    """
    # A socket cannot even be opened, and its error says nothing of it.
    if stat.S_ISSOCK(path.stat().st_mode):
        raise OSError(errno.EINVAL, "it is a socket and no file", str(path))
    # Without waiting: else opening a pipe waits for a writer.
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0))
    try:
        mode = os.fstat(number).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        for is_sort, reason in SORTS:
            if is_sort(mode):
                raise OSError(errno.EINVAL, reason, str(path))
        if not stat.S_ISFIFO(mode):
            with os.fdopen(number, "rb", closefd=False) as file:
                return file.read(most + 1)
        if not pipes:
            raise OSError(errno.EINVAL, "it is a pipe and no file", str(path))
        return _from_pipe(number, most, str(path))
    finally:
        os.close(number)


def _from_pipe(number: int, most: int, path: str) -> bytes:
    """Return what is written to a pipe until its writers are done."""
    found, until = bytearray(), time.monotonic() + PATIENCE
    has_writer = False
    while len(found) <= most:
        try:
            chunk = os.read(number, CHUNK)
        except BlockingIOError:
            # There is a writer, and it may take its time.
            has_writer = True
            select.select([number], [], [])
            continue
        if chunk:
            found += chunk
        elif found or has_writer:
            break
        elif time.monotonic() > until:
            raise OSError(errno.EINVAL, "it is a pipe that nobody writes to", path)
        else:
            time.sleep(GLANCE)
    return bytes(found[: most + 1])
