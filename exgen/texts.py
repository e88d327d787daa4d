"""The text files of an author: UTF-8 within limits, and TOML with the place of a mistake."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from exgen.errors import BankError
from exgen.files import read as read_file

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 1_000_000
# The parser takes time that grows with the square of a key's parts, or worse.
LONG_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){100}""")


def read_toml(path: Path) -> dict[str, Any]:
    """Return the data of a TOML file.

    Raises:
        BankError: it cannot be read, or is no TOML; with line and column.

    """
    text = read_text(path)
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


def read_text(path: Path) -> str:
    """Return a file's text, without the mark that some editors put at the front of UTF-8."""
    try:
        raw = read_file(path, MAX_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BankError(f"cannot be read: {reason}", place=str(path)) from None
    if len(raw) > MAX_BYTES:
        raise BankError(f"is larger than {MAX_BYTES} bytes", place=str(path))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BankError("is not UTF-8 text", place=str(path), remedy="Save it as UTF-8.") from None


def _malformed(path: Path, message: str) -> BankError:
    if "digits" in message:
        message = "a number has too many digits"
    found = re.search(r"\(at line (\d+), column (\d+)\)", message)
    place = f"{path}:{found[1]}:{found[2]}" if found else str(path)
    plain = re.sub(r"\s*\(at .*\)", "", message)
    if plain == "Cannot overwrite a value":
        plain = "this key was given before"
    return BankError(f"this is not legal TOML: {plain}", place=place)
