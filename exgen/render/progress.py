"""A bar on standard error for work that lasts, and nothing where nobody watches."""

from __future__ import annotations

import sys
from time import monotonic
from typing import TYPE_CHECKING, Self

import click

if TYPE_CHECKING:
    from types import TracebackType

PATIENCE = 1.0
"""Seconds after which somebody begins to wonder."""


class Progress:
    """Tells how far some work is, once it has lasted a while and if there is a terminal.

    Args:
        total: how many steps the work has.
        label: what is being done.

    """

    def __init__(self, total: int, label: str) -> None:
        self._total = total
        self._began = monotonic()
        self._watched = sys.stderr.isatty()
        self._bar = click.progressbar(length=total, label=label, file=sys.stderr)
        self._shown = False
        self._done = 0

    def __enter__(self) -> Self:
        return self

    def __call__(self, done: int) -> None:
        """Tell that so many steps are done."""
        if not self._watched or monotonic() - self._began < PATIENCE:
            return
        if not self._shown:
            self._bar.__enter__()
            self._shown = True
        self._bar.update(done - self._done)
        self._done = done

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._shown:
            self._bar.__exit__(kind, error, trace)
