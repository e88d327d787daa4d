"""Measure exgen beside its yardsticks, and print one table.

Run it with the Python that exgen is installed in, on a machine that does little else::

    .venv/bin/python benchmarks/run.py

How to read the table:

* Times are milliseconds: the median of all rounds, and the least, of wall time; and the median of
  processor time, the command's own and that of what it starts. Ratios are of wall time, but for
  those that say so.
* The yardstick of ``make`` is two bare runs of pdflatex, one after the other, on the very files
  that ``make`` wrote. Both are timed in every round, so that a busy machine slows both. ``make``
  aims at a ratio of 1 or less. It can get there because it compiles its two documents at once.
* The yardstick of ``--help`` is a Python that does nothing.
* ``--no-pdf`` is everything but TeX, with the start of Python and all imports. The yardstick of
  its processor time is a Python that imports the libraries. The line below it is the same work in
  this process, after a first call that is not counted: draw, solve, certify, typeset, list.
* Each command runs once before it is timed, with a fresh folder for compiled Python, so files
  are in memory and modules are compiled as they are after the first use.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

SHEETS = ("problems", "solutions")


@dataclass(frozen=True, slots=True)
class Case:
    """Something to time, and the case it is measured against, by wall or processor time."""

    name: str
    run: Callable[[], None]
    beside: str = ""
    by_processor: bool = False


@dataclass(frozen=True, slots=True)
class Time:
    """How long a run took in milliseconds: by the clock, and of a processor."""

    wall: float
    processor: float


def command(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    """Run a command to its end; a failure ends the benchmark with what it said."""
    done = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(words)} failed:\n{done.stdout[-2000:]}{done.stderr}")


def cases(set_name: str, seed: int, folder: Path) -> list[Case]:
    """Return what is timed, in an order that measures each case next to its yardstick."""
    from exgen.manifest import manifest_bytes
    from exgen.pipeline import build, load
    from exgen.render.tex import render_tex

    # compiled modules are kept, even where the shell forbids it, but not in the checkout
    environment = dict(os.environ, PYTHONPYCACHEPREFIX=str(folder / "compiled"))
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    exgen = (sys.executable, "-m", "exgen")
    chosen = ("--set", set_name, "--seed", str(seed))
    made, bare = folder / "made", folder / "bare"

    def make() -> None:
        shutil.rmtree(made, ignore_errors=True)
        command((*exgen, "make", *chosen, "--out", str(made)), folder, environment)

    def tex() -> None:
        shutil.rmtree(bare, ignore_errors=True)
        bare.mkdir()
        for sheet in SHEETS:
            shutil.copy(made / f"{sheet}.tex", bare)
            command(("pdflatex", "-interaction=batchmode", f"{sheet}.tex"), bare, environment)

    def without_tex() -> None:
        shutil.rmtree(made, ignore_errors=True)
        command((*exgen, "make", *chosen, "--no-pdf", "--out", str(made)), folder, environment)

    def in_process() -> None:
        problem_set = build(*load(set_name, None), seed)
        sources = render_tex(problem_set)
        manifest_bytes(problem_set, {name: text.encode() for name, text in sources.items()})

    def run(*words: str) -> Callable[[], None]:
        return lambda: command(words, folder, environment)

    named = f"exgen make --set {set_name} --seed {seed}"
    two_runs, bare_python = "two bare pdflatex runs", "python -c pass"
    libraries = "import click, jinja2, msgspec, numpy"
    return [
        Case(named, make, two_runs),
        Case(two_runs, tex),
        Case(f"{named} --no-pdf", without_tex, libraries, by_processor=True),
        Case(libraries, run(sys.executable, "-c", libraries)),
        Case("the same in process, warm", in_process),
        Case("exgen --help", run(*exgen, "--help"), bare_python),
        Case(bare_python, run(sys.executable, "-c", "pass")),
    ]


def processor_time() -> float:
    """Return the seconds of a processor that this process and those it waited for have used."""
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(part.ru_utime + part.ru_stime for part in used)


def measure(todo: Sequence[Case], rounds: int) -> dict[str, list[Time]]:
    """Return the times of every case; each round runs every case once."""
    times: dict[str, list[Time]] = {case.name: [] for case in todo}
    for round_number in range(rounds + 1):
        for case in todo:
            start, used = perf_counter(), processor_time()
            case.run()
            took = Time((perf_counter() - start) * 1000, (processor_time() - used) * 1000)
            if round_number:  # the first round only warms up
                times[case.name].append(took)
    return times


def table(todo: Sequence[Case], times: Mapping[str, Sequence[Time]]) -> str:
    """Return the table: name, times, and the ratio of medians to the yardstick."""
    width = max(len(case.name) for case in todo)
    lines = [f"{'':{width}}  {'median':>8}  {'least':>8}  {'processor':>9}  ratio"]
    wall = {name: [took.wall for took in every] for name, every in times.items()}
    processor = {name: [took.processor for took in every] for name, every in times.items()}
    for case in todo:
        middle, least = median(wall[case.name]), min(wall[case.name])
        line = f"{case.name:{width}}  {middle:5.0f} ms  {least:5.0f} ms"
        line += f"  {median(processor[case.name]):6.0f} ms"
        if case.beside:
            by = processor if case.by_processor else wall
            line += f"  {median(by[case.name]) / median(by[case.beside]):5.2f} x {case.beside}"
            line += " (processor)" if case.by_processor else ""
        lines.append(line)
    return "\n".join(lines)


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description="Measure exgen beside its yardsticks.")
    parser.add_argument("--set", default="2", dest="set_name", help="the set to make")
    parser.add_argument("--seed", type=int, default=7, help="the seed to make it from")
    parser.add_argument("--rounds", type=int, default=9, help="how often each case is timed")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    if shutil.which("pdflatex") is None:
        parser.error("pdflatex is not installed; run ./setup")
    with tempfile.TemporaryDirectory(prefix="exgen-benchmark-") as name:
        todo = cases(options.set_name, options.seed, Path(name))
        print(table(todo, measure(todo, options.rounds)))
        print(f"\nmedian of {options.rounds} rounds, {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
