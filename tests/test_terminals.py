"""Signs for terminals that have no Unicode."""

from __future__ import annotations

import io

import pytest

from exgen.terminals import degrade, readable
from tests.cases import rows_in


@pytest.mark.parametrize(
    ("character", "shown"),
    rows_in("terminals.txt"),
)
def test_a_sign_in_ascii(character: str, shown: str) -> None:
    """It is a word of the field, or the letter without its accent."""
    assert readable(character) == shown


def test_only_what_the_encoding_lacks_is_changed() -> None:
    """Latin-1 keeps its own letters, and UTF-8 everything."""
    latin = io.TextIOWrapper(io.BytesIO(), encoding="iso-8859-1")
    unicode = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    degrade(latin, unicode, None, io.StringIO())
    for stream in (latin, unicode):
        stream.write("größe × ŷ")
        stream.flush()
    assert latin.buffer.getvalue().decode("iso-8859-1") == "größe × y"
    assert unicode.buffer.getvalue().decode() == "größe × ŷ"
