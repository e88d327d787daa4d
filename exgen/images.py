"""The image that a bank names: looked at, and taken along under a name of ours."""

from __future__ import annotations

from pathlib import Path

from exgen.errors import BankError
from exgen.files import read, reason

MAX_BYTES = 2_000_000
MAX_SIDE = 6000
"""The most pixels of a side of a PNG: one may be small as a file, and huge when it is unpacked."""
SORTS = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg", b"%PDF-": "pdf"}
"""How the file of each sort begins."""


def read_logo(bank: Path, name: str, place: str) -> tuple[str, bytes]:
    """Return the name under which an image stands beside the TeX, and its bytes.

    Args:
        bank: the file that names it.
        name: its path from the folder of that file.
        place: where it is named, for errors.

    Raises:
        BankError: there is none, or none that TeX could print.

    """

    def refused(message: str, remedy: str) -> BankError:
        return BankError(f"the logo '{name}' {message}", place=place, remedy=remedy)

    if Path(name).is_absolute():
        raise refused("has no path from the bank's folder", 'Such as logo = "logo.png".')
    path = bank.parent / name
    try:
        data = read(path, MAX_BYTES)
    except (OSError, ValueError) as error:
        raise refused(
            f"cannot be read: {reason(error).lower()}", f"It is looked for at {path}."
        ) from None
    if len(data) > MAX_BYTES:
        raise refused(f"is larger than {MAX_BYTES // 1_000_000} MB", "Make it smaller.")
    sort = next((sort for start, sort in SORTS.items() if data.startswith(start)), None)
    if sort is None:
        raise refused("is no PNG, JPEG or PDF", "Save it as one of these.")
    # the sides of a PNG stand behind its mark and the head of its first chunk
    sides = [int.from_bytes(data[at : at + 4]) for at in (16, 20)] if sort == "png" else []
    if any(not 1 <= side <= MAX_SIDE for side in sides):
        raise refused(f"has more than {MAX_SIDE} pixels on a side", "Make it smaller.")
    return f"logo.{sort}", data
