"""Let two folders change places in one step, where the system can."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

AT_FDCWD = -100
RENAME_EXCHANGE = 2
CANNOT = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)
"""What a kernel or a file system answers that has no such step."""


def swapped(one: Path, other: Path) -> bool:
    """Let two paths change places; False, with nothing changed, where the system cannot.

    It is ``renameat2`` of Linux, see rename(2).

    Raises:
        OSError: it can, but not with these paths.

    """
    step = _renameat2()
    if step is None:
        return False
    if step(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in CANNOT:
        return False
    raise OSError(number, os.strerror(number), str(one), None, str(other))


def _renameat2() -> ctypes._NamedFuncPointer | None:
    if sys.platform != "linux":
        return None
    step = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if step is not None:
        step.argtypes = [
            ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint,
        ]  # fmt: skip
        step.restype = ctypes.c_int
    return step
