"""Share the parts of a sweep among processes, and leave none behind, however it ends."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from exgen.errors import MachineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future, ProcessPoolExecutor

Part = TypeVar("Part")
Found = TypeVar("Found")

ENDINGS = ("SIGTERM", "SIGHUP")
"""The signals that ask a program to end, besides Ctrl-C; not every system has all."""
AHEAD = 3
"""How many parts for each process are handed out; a million at once would take its time."""
PATIENCE = 0.1
"""Seconds between two looks at whether Ctrl-C was pressed."""


def all_cores() -> int:
    """Return how many processes this machine can run at the same time."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


@contextmanager
def ended_as_interrupted() -> Iterator[None]:
    """Let the signals that end a program be as Ctrl-C, so that nothing half-made is left."""
    found = [getattr(signal, name) for name in ENDINGS if hasattr(signal, name)]
    ours = threading.current_thread() is threading.main_thread()
    # What nohup ignores stays ignored.
    heard = [n for n in found if ours and signal.getsignal(n) is signal.SIG_DFL]
    for number in heard:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def results(
    work: Callable[[Part], Found],
    parts: Sequence[Part],
    jobs: int,
    warm_up: Callable[[], object],
) -> Iterator[Iterator[Found]]:
    """Give what each part of some work came to, in order; on leaving, no process is left.

    Args:
        work: what to do with a part.
        parts: the parts.
        jobs: how many processes share them; 1 does them in this one.
        warm_up: is called first in every process.

    """
    if jobs == 1:
        warm_up()
        yield map(work, parts)
        return
    # these cost every command 7 ms, and one of them needs them
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(
        jobs,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(warm_up,),
    )
    with interrupts() as interrupted:
        try:
            yield _in_order(pool, work, parts, AHEAD * jobs, interrupted)
        finally:
            # At the end they have nothing to do; after Ctrl-C nobody waits for what they are at.
            for process in set(multiprocessing.active_children()) - before:
                process.terminate()
            pool.shutdown(cancel_futures=True)


def _in_order(
    pool: ProcessPoolExecutor,
    work: Callable[[Part], Found],
    parts: Sequence[Part],
    ahead: int,
    interrupted: Callable[[], bool],
) -> Iterator[Found]:
    """Yield what each part came to, with no more of them handed out than are soon begun."""
    waiting: deque[Future[Found]] = deque()
    for part in parts:
        if len(waiting) >= ahead:
            yield _result(waiting.popleft(), interrupted)
        with _deaf_tointerrupts():
            waiting.append(pool.submit(work, part))
    while waiting:
        yield _result(waiting.popleft(), interrupted)


def _result(future: Future[Found], interrupted: Callable[[], bool]) -> Found:
    from concurrent.futures import wait
    from concurrent.futures.process import BrokenProcessPool

    while not future.done() and not interrupted():
        wait([future], timeout=PATIENCE)
    if interrupted():
        raise KeyboardInterrupt
    try:
        return future.result()
    except BrokenProcessPool:
        raise MachineError(
            "a process that was sweeping seeds has been ended from outside",
            remedy="If the machine ran out of memory, use fewer --jobs.",
        ) from None


@contextmanager
def interrupts() -> Iterator[Callable[[], bool]]:
    """Give a way to ask whether Ctrl-C was pressed.

    Raised in the middle of the pool's own code it could leave a lock behind that is never freed,
    and the end of the program would wait for it.
    """
    seen: list[int] = []
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield lambda: False
        return
    signal.signal(signal.SIGINT, lambda number, _frame: seen.append(number))
    try:
        yield lambda: bool(seen)
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def _deaf_tointerrupts() -> Iterator[None]:
    """Hold Ctrl-C back while processes are started: they inherit it, and only this one listens."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(warm_up: Callable[[], object]) -> None:
    """Get a new process ready to work."""
    _end_with_parent()
    warm_up()


def _end_with_parent() -> None:
    """Let a process end as soon as the one that started it is gone, however that ended."""
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is None:
        return

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
