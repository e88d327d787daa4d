"""Templates as Jinja compiled them, kept from run to run in the user's cache folder."""

from __future__ import annotations

import atexit
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

import jinja2
from jinja2.bccache import BytecodeCache

if TYPE_CHECKING:
    from jinja2.bccache import Bucket

SEAL = 4
"""How many bytes in front of a compiled template are the checksum of the rest."""


def cache_folder() -> Path:
    """Return where compiled templates are kept; FileNotFoundError where there is no such place."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not base.is_absolute():
        base = Path(os.path.expanduser("~")).resolve(strict=True) / ".cache"  # noqa: PTH111
    return base / "exgen"


class Compiled(BytecodeCache):
    """Keeps what an engine compiles; without a place for it everything is compiled each time.

    What is damaged, or somebody else's, is compiled again. Nothing is written before the program
    ends.

    Args:
        settings: what the compiled code depends on besides its source.

    """

    def __init__(self, settings: str) -> None:
        depends = f"{settings} {jinja2.__version__} {sys.version}"
        self._settings = f"{crc32(depends.encode()):08x}"
        self._fresh: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give a bucket the code of its template, if it is there and whole."""
        with suppress(OSError):
            place = cache_folder() / self._name(bucket)
            data = place.read_bytes()
            whole = _sealed(data[SEAL:]) == data
            if whole and (os.name == "nt" or place.stat().st_uid == os.geteuid()):
                bucket.bytecode_from_string(data[SEAL:])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Take the code of a template, to keep it at the end."""
        if not self._fresh:
            atexit.register(self.keep)
        self._fresh[self._name(bucket)] = bucket.bytecode_to_string()

    def keep(self) -> None:
        """Write what was compiled."""
        with suppress(OSError):
            folder = cache_folder()
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name, code in self._fresh.items():
                place = folder / name
                part = place.with_suffix(f".{os.getpid()}")
                try:
                    part.write_bytes(_sealed(code))
                    part.replace(place)
                finally:
                    part.unlink(missing_ok=True)

    def _name(self, bucket: Bucket) -> str:
        return f"{bucket.key}-{self._settings}"


def _sealed(code: bytes) -> bytes:
    return crc32(code).to_bytes(SEAL) + code
