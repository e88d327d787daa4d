"""Sweep seeds through every set, and compare every certified answer with PyTorch.

Run it from the checkout, with the Python that exgen and the group ``oracle`` are installed in::

    .venv/bin/python -m benchmarks.oracle --minutes 40 --jobs 2
    .venv/bin/python -m benchmarks.oracle --minutes 40 --jobs 2 --from 5000

How to read the table:

* A seed makes one variant of every set, and of the first set's circuits with every wire hidden.
  Each answer is certified by exgen as always, and then compared: numbers as printed on the key,
  formulas at random leaves that come from the seed, shapes and names. ``tests/oracle`` says how.
* ``answers`` counts what was compared. Rubrics, which nothing can compute, are not counted.
* ``different`` counts the answers that differ in network, numbers or text; the others are the same
  formulas again, compared at other leaves.
* ``worst`` is the largest difference, relative to the largest entry; a number that the sheet says
  to round counts with what goes beyond its rounding.
* Answers a second per core are counted over the time that the processors spent, from drawing to
  comparing, so that a busy machine does not count.
* An answer that disagrees, and a set that could not be made or proven, is printed with its set,
  seed and problem, and the exit code is 1.

Seeds are worked in order, so the last line can say where to go on from.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import count
from time import monotonic, process_time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.oracle.answers import Verdict

CHUNK = 2
"""How many seeds a process takes at a time."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What one seed gave: a verdict on every answer with its fingerprint, and what failed."""

    seed: int
    seconds: float
    verdicts: tuple[tuple[Verdict, bytes], ...]
    failures: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    """What was found for one kind of problem."""

    answers: int = 0
    worst: float = 0.0
    different: set[bytes] = field(default_factory=set)


def prepare() -> None:
    """Import and set up in a process of its own: it computes with one thread."""
    import torch

    torch.set_num_threads(1)


def sweep(seed: int) -> Swept:
    """Make, certify and compare everything at one seed."""
    from tests.oracle.answers import verdicts
    from tests.oracle.sets import document, set_names

    start = process_time()
    found: list[tuple[Verdict, bytes]] = []
    failures: list[str] = []
    for name in set_names():
        try:
            made = document(name, seed)
        except Exception as error:  # noqa: BLE001 - whatever it is, this seed has no certified set
            failures.append(f"{name}, seed {seed}: {type(error).__name__}: {error}")
            continue
        marks = fingerprints(made)
        for verdict in verdicts(made, seed):
            found.append((verdict, marks[verdict.problem, verdict.answer]))
            if verdict.reason:
                place = f"{name}, seed {seed}, problem '{verdict.problem}'"
                failures.append(f"{place}, answer '{verdict.answer}': {verdict.reason}")
    return Swept(seed, process_time() - start, tuple(found), tuple(failures))


def fingerprints(made: Any) -> dict[tuple[str, str], bytes]:  # noqa: ANN401 - JSON
    """Return for each answer what is the same for the same network, numbers and text."""
    found: dict[tuple[str, str], bytes] = {}
    for problem in made["problems"]:
        drawn = {key: problem["draws"].get(key) for key in ("numbers", "upstream")}
        own = json.dumps([problem["kind"], problem["network"], drawn])
        for answer in problem["answers"]:
            text = own + answer["name"] + answer["expr"] + answer["latex"]["tex"]
            found[problem["name"], answer["name"]] = blake2b(text.encode(), digest_size=8).digest()
    return found


def swept(first: int, jobs: int) -> Iterator[Swept]:
    """Yield what each seed gives, in order, without end."""
    if jobs == 1:
        prepare()
        yield from map(sweep, count(first))
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(jobs, prepare) as pool:
        start = first
        # blocks, as a pool reads ahead without end
        while True:
            block = range(start, start + 16 * CHUNK * jobs)
            yield from pool.imap(sweep, block, CHUNK)
            start = block.stop


def table(tallies: dict[str, Tally]) -> str:
    """Return the table."""
    width = max(map(len, tallies))
    lines = [f"{'kind':{width}} {'answers':>9} {'different':>9} {'worst':>8}"]
    for kind, tally in sorted(tallies.items()):
        lines.append(
            f"{kind:{width}} {tally.answers:9} {len(tally.different):9} {tally.worst:8.1e}"
        )
    return "\n".join(lines)


def report(seeds: str, tallies: dict[str, Tally], seconds: float, worked: float) -> str:
    """Return the table and its summary."""
    answers = sum(tally.answers for tally in tallies.values())
    different = len(set().union(*(tally.different for tally in tallies.values())))
    worst = max(tally.worst for tally in tallies.values())
    return (
        f"{table(tallies)}\n\n"
        f"{answers} answers compared, {different} of them different; worst error {worst:.1e}\n"
        f"{seconds:.0f} seconds, {worked:.0f} of them computing, over all processes: "
        f"{answers / worked:.0f} answers a second per core\n"
        f"{seeds}"
    )


def main() -> None:
    """Read the options, sweep until the time is up, print."""
    parser = argparse.ArgumentParser(description="Compare every certified answer with PyTorch.")
    parser.add_argument("--minutes", type=float, default=1.0, help="how long to go on")
    parser.add_argument("--jobs", type=int, default=2, help="how many processes")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed")
    options = parser.parse_args()
    if options.minutes <= 0 or options.jobs < 1 or options.first < 0:
        parser.error("--minutes and --jobs are positive, and seeds count from 0")
    tallies: dict[str, Tally] = defaultdict(Tally)
    failures: list[str] = []
    worked, last = 0.0, options.first
    start = told = monotonic()
    for found in swept(options.first, options.jobs):
        for verdict, mark in found.verdicts:
            tally = tallies[verdict.kind]
            tally.answers += 1
            tally.different.add(mark)
            if not verdict.reason:
                tally.worst = max(tally.worst, verdict.error)
        for failure in found.failures:
            print(f"DISAGREES: {failure}", flush=True)
        failures += found.failures
        worked += found.seconds
        last, now = found.seed, monotonic()
        if now - told > 60:
            told, total = now, sum(tally.answers for tally in tallies.values())
            print(f"seed {last}: {total} answers, {len(failures)} disagree", flush=True)
        if now - start > 60 * options.minutes:
            break
    seeds = f"seeds {options.first} to {last}; go on with --from {last + 1}"
    print(report(seeds, tallies, monotonic() - start, worked))
    sys.exit(f"{len(failures)} disagree" if failures else 0)


if __name__ == "__main__":
    main()
