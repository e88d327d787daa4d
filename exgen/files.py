"""Read what a user named: a file or a pipe, as bytes, as text, or as TOML.

A device or a socket has no end, or nothing to say, and a pipe without a writer would be waited for
without end; so each is refused.
"""

from __future__ import annotations

import errno
import os
import re
import select
import stat
import sys
import time
import tomllib
from typing import TYPE_CHECKING, Any

from exgen.errors import BankError

if TYPE_CHECKING:
    from pathlib import Path

    from exgen.errors import ExgenError

MAX_TOML = 1_000_000
# The parser takes time that grows with the square of a key's parts, or worse.
LONG_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){100}""")
PATIENCE = 2.0
"""Seconds in which somebody must begin to write to a pipe."""
GLANCE = 0.02
CHUNK = 1 << 16


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
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            raise OSError(errno.EINVAL, "it is a device and no file", str(path))
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


def reason(error: Exception) -> str:
    """Return why something could not be read."""
    return str(getattr(error, "strerror", None) or error)


def read_text(path: Path, most: int, refused: type[ExgenError], *, pipes: bool = False) -> str:
    """Return a file's text, without the mark that some editors put at the front of UTF-8.

    Args:
        path: the file.
        most: how many bytes it may have.
        refused: the error that is raised.
        pipes: whether a pipe will do, and ``-`` for standard input.

    Raises:
        ExgenError: it cannot be read, is too large, or is not UTF-8.

    """
    place = str(path)
    try:
        if pipes and place == "-":
            place = "standard input"
            raw = sys.stdin.buffer.read(most + 1)
        else:
            raw = read(path, most, pipes=pipes)
    except AttributeError:  # there is no standard input
        raise refused("cannot be read: it is closed", place=place) from None
    except (OSError, ValueError) as error:
        raise refused(f"cannot be read: {reason(error)}", place=place) from None
    if len(raw) > most:
        raise refused(f"is larger than {most} bytes", place=place)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise refused("is not UTF-8 text", place=place, remedy="Save it as UTF-8.") from None


def read_toml(path: Path) -> dict[str, Any]:
    """Return the data of a TOML file.

    Raises:
        BankError: it cannot be read, or is no TOML; with line and column.

    """
    text = read_text(path, MAX_TOML, BankError)
    if found := LONG_KEY.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise BankError("a key here has too many parts", place=f"{path}:{line}")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise _malformed(path, "it is nested too deeply") from None
    # ValueError: a whole number with thousands of digits
    except ValueError as error:
        raise _malformed(path, str(error)) from None


def _malformed(path: Path, message: str) -> BankError:
    if "digits" in message:
        message = "a number has too many digits"
    found = re.search(r"\(at line (\d+), column (\d+)\)", message)
    place = f"{path}:{found[1]}:{found[2]}" if found else str(path)
    plain = re.sub(r"\s*\(at .*\)", "", message)
    if plain == "Cannot overwrite a value":
        plain = "this key was given before"
    return BankError(f"this is not legal TOML: {plain}", place=place)
