"""What stands for an answer in a formula: its value on the key, blanks on the sheet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exgen.document import Answer

ASKED = re.compile(r"\\exgenask\{([^{}]*)\}")


def filled(answer: Answer) -> str:
    """Return an answer as the key marks it."""
    return rf"\exanswer{{{answer.latex}}}"


def blank(answer: Answer) -> str:
    """Return a blank for an answer, or for each of its sizes."""
    if answer.shape is None:
        return r"\exblank"
    return r" \,\times\, ".join([r"\exblank"] * max(1, len(answer.shape)))


def empty_grid(answer: Answer) -> str:
    """Return a grid with an empty cell for each entry of an answer."""
    sizes = (*(answer.shape or ()), 1, 1)[:2]
    if sizes == (1, 1):
        return r"\exblank"
    rows, columns = map(int, sizes)
    row = " & ".join([r"\excell"] * columns) + r" \\ \hline"
    return rf"\begin{{array}}{{{'|c' * columns}|}} \hline {' '.join([row] * rows)} \end{{array}}"
