"""Measure each kind of problem, and sweep seeds through it.

Run it with the Python that exgen is installed in, on a machine that does little else::

    .venv/bin/python benchmarks/kinds.py
    .venv/bin/python benchmarks/kinds.py --seeds 2000 --kind chain_rule

How to read the table:

* Every figure is wall time in milliseconds for one problem, in this process, after a first run
  that is not counted: the median over all seeds and over all problems of the kind in the banks.
* ``sample`` draws what the problem leaves open, ``solve`` derives fields and answers, ``certify``
  proves every answer, ``render`` makes the TeX of sheet and key. TeX itself is not run. ``network``
  draws and reads the problem's network, which a set does once for all problems that share it.
* ``total`` is the sum of the four. The aim is a median of 5 ms, and no kind above 50 ms.
* ``worst`` is the slowest problem of the kind at its slowest seed.
* ``tries`` is how many draws it took until the acceptance rules held: the mean and the most.

Every seed must make a certified variant: the first that raises anything is printed with its
problem, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from statistics import mean, median
from time import perf_counter
from typing import TYPE_CHECKING

from exgen.banks import bank_names
from exgen.derive.orient import oriented
from exgen.draw import draw_networks, draw_problem
from exgen.leaves import asked
from exgen.pipeline import build, load
from exgen.problems.base import Setting
from exgen.render.tex import problem_bodies
from exgen.resources import banks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exgen.derive.notation import Notation
    from exgen.tables import Bank

STEPS = ("network", "sample", "solve", "certify", "render")
COUNTED = STEPS[1:]


@dataclass(slots=True)
class Measured:
    """The times of one kind in milliseconds, one for each problem and seed, and its tries."""

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    tries: list[int] = field(default_factory=list)

    def totals(self) -> list[float]:
        """Return the time of each problem at each seed, without its network."""
        return [sum(parts) for parts in zip(*(self.times[s] for s in COUNTED), strict=True)]


class Failure(Exception):  # noqa: N818 - it ends the sweep; it is not raised to a user
    """A seed that made no certified variant."""


def measure(chosen: Sequence[str], seeds: Sequence[int], kind: str | None) -> dict[str, Measured]:
    """Time every problem of the chosen sets at every seed, by kind."""
    found: dict[str, Measured] = defaultdict(Measured)
    for set_name in chosen:
        bank, notation = load(set_name, None)
        wanted = [p.name for p in bank.problems if kind in (None, p.kind.name)]
        for number, seed in enumerate([seeds[0], *seeds]) if wanted else []:
            for name in wanted:
                try:
                    times, tries = one(bank, notation, name, seed)
                except Exception as error:
                    place = f"{bank.name}, problem '{name}', seed {seed}"
                    raise Failure(f"{place}: {type(error).__name__}: {error}") from error
                # The first seed runs twice, and its first run warms everything up.
                if number:
                    into = found[bank.problem(name).kind.name]
                    into.tries.append(tries)
                    for step, milliseconds in times.items():
                        into.times[step].append(milliseconds)
    return found


def one(bank: Bank, notation: Notation, name: str, seed: int) -> tuple[dict[str, float], int]:
    """Return how long each step of one problem takes at one seed, and its tries.

    Solving and proving are one call in the pipeline; what solving takes alone is measured beside
    it and subtracted.
    """
    entry = bank.problem(name)
    clock = [perf_counter()]

    def lap() -> float:
        clock.append(perf_counter())
        return 1000 * (clock[-1] - clock[-2])

    drawn = draw_networks(bank, seed)[entry.network]
    graph = oriented(drawn.graph, notation)
    times = {"network": lap()}
    own = draw_problem(bank, asked(entry, drawn), graph, seed)
    times["sample"] = lap()
    solution = entry.kind.solve(Setting(graph, notation, None), own.draws)
    times["solve"] = lap()
    for claim in {id(answer.claim): answer.claim for answer in solution.answers}.values():
        if claim is not None:
            claim.prove()
    times["certify"] = lap()
    made = build(bank, notation, seed, only=name)
    lap()
    for key in (False, True):
        problem_bodies(made, key=key)
    times["render"] = lap()
    return times, drawn.tries + own.tries - 1


def table(found: dict[str, Measured]) -> str:
    """Return the table."""
    width = max(map(len, found))
    heads = [*STEPS, "total", "worst"]
    lines = [" ".join([f"{'kind':{width}}", *(f"{h:>8}" for h in heads), "  tries"])]
    everything: list[float] = []
    for kind, measured in sorted(found.items()):
        totals = measured.totals()
        everything += totals
        cells = [median(measured.times[step]) for step in STEPS]
        cells += [median(totals), max(totals)]
        tries = f"{mean(measured.tries):6.2f} ({max(measured.tries)})"
        lines.append(" ".join([f"{kind:{width}}", *(f"{c:8.2f}" for c in cells), f" {tries}"]))
    lines.append(f"\nmedian of all problems: {median(everything):.2f} ms")
    return "\n".join(lines)


def main() -> None:
    """Read the options, measure, print."""
    names = bank_names(banks())
    parser = argparse.ArgumentParser(description="Measure each kind of problem.")
    parser.add_argument("--set", dest="sets", action="append", help="only this set")
    parser.add_argument("--kind", help="only this kind")
    parser.add_argument("--seeds", type=int, default=20, help="how many seeds, from 0")
    options = parser.parse_args()
    if options.seeds < 1:
        parser.error("--seeds must be at least 1")
    try:
        found = measure(options.sets or names, range(options.seeds), options.kind)
    except Failure as failure:
        sys.exit(f"no certified variant: {failure}")
    if not found:
        parser.error("no problem of that kind in these sets")
    print(table(found))
    count = sum(len(measured.tries) for measured in found.values())
    print(f"{count} variants from {options.seeds} seeds, each certified")


if __name__ == "__main__":
    main()
