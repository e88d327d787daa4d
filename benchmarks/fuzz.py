"""Give the readers of exgen as many bad inputs as one asks for, and print one table.

Run it from the folder of the project with the Python that exgen is installed in::

    .venv/bin/python -m benchmarks.fuzz --inputs 100000

Every input must be read, or refused with an error of exgen's own, within seconds and within a
gigabyte, and nothing of it may be executed, imported or written. The first input that breaks this
is printed, and the exit code is 1. Each row of ``tests/fuzzing.py`` gets its share of the inputs.
The same ``--seed`` gives the same inputs.

How to read the table: for each reader the inputs it was given, how they ended (``read``, or the
errors they were refused with), the slowest input in seconds, and at the end the inputs a second
and the most memory in use.
"""

from __future__ import annotations

import argparse
import resource
from collections import Counter
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzzing import TARGETS, give

if TYPE_CHECKING:
    from tests.fuzzing import Target

BATCH = 500
"""Hypothesis remembers what it has drawn; a batch ends before that takes much memory."""
ROOM = 2**30


def limit_memory() -> None:
    """Let this process take a gigabyte more than it has."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def fuzz(target: Target, inputs: int, start: int) -> tuple[Counter[str], float]:
    """Give a reader its inputs; return how they ended, and the slowest time."""
    ended: Counter[str] = Counter()
    slowest = 0.0
    for batch in range(0, inputs, BATCH):

        @seed(start * 1_000_003 + batch)
        @settings(
            max_examples=min(BATCH, inputs - batch),
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(st.data())
        def some(data: st.DataObject) -> None:
            nonlocal slowest
            given_ = data.draw(target.inputs)
            begun = perf_counter()
            ended[give(target, given_)] += 1
            slowest = max(slowest, perf_counter() - begun)

        some()
    return ended, slowest


def main() -> None:
    """Parse options, fuzz, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    names = [target.name for target in TARGETS]
    parser.add_argument("--target", choices=names, action="append", help="only this reader")
    options = parser.parse_args()
    targets = [t for t in TARGETS if not options.target or t.name in options.target]
    shares = sum(target.share for target in targets)
    limit_memory()
    begun, total = perf_counter(), 0
    for target in targets:
        ended, slowest = fuzz(target, -(-options.inputs * target.share // shares), options.seed)
        total += ended.total()
        counts = ", ".join(f"{name} {count}" for name, count in ended.most_common())
        print(
            f"{target.name:12}{ended.total():>9}   slowest {slowest:6.2f} s   {counts}", flush=True
        )
    seconds = perf_counter() - begun
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{total} inputs, none broke a reader: {total / seconds:.0f} a second, {most} MB at most")


if __name__ == "__main__":
    main()
