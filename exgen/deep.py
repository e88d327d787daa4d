"""Room for deep expressions: a sum over a thousand uses of a name is a tree a thousand deep."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_USES = 1000
"""A network reads a name at most so often; each use is a term of its gradient."""
FRAMES = 12 * MAX_USES
"""The calls that Python may nest: several for each level of an expression."""


@contextmanager
def deep_expressions() -> Iterator[None]:
    """Let functions recurse through every expression that a legal network leads to.

    Readers of foreign text keep Python's own limit, which refuses what is nested without end.
    """
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
