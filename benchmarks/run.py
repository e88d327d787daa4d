"""Measure exgen beside its yardsticks, and print one table.

Run it with the Python that exgen is installed in, on a machine that does little else::

    .venv/bin/python benchmarks/run.py

How to read the table:

* Every figure is wall time in milliseconds: the median of all rounds, and the least.
* The yardstick of ``make`` is two bare runs of pdflatex, one after the other, on the very files
  that ``make`` wrote. Both are timed in every round, so that a busy machine slows both. ``make``
  aims at a ratio of 1 or less. It can get there because it compiles its two documents at once.
* The yardstick of ``--help`` is a Python that does nothing.
* ``--no-pdf`` is everything but TeX, with the start of Python and all imports. The line below it
  is the same work in this process, after a first call that is not counted: draw, solve, certify,
  typeset, list.
* Each command runs once before it is timed, with a fresh folder for compiled Python, so files
  are in memory and modules are compiled as they are after the first use.
"""

from __future__ import annotations

import argparse
import os
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
    """Something to time, and the name of the case it is measured against."""

    name: str
    run: Callable[[], None]
    beside: str = ""


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
    return [
        Case(named, make, two_runs),
        Case(two_runs, tex),
        Case(f"{named} --no-pdf", without_tex, two_runs),
        Case("the same in process, warm", in_process),
        Case("exgen --help", run(*exgen, "--help"), bare_python),
        Case(bare_python, run(sys.executable, "-c", "pass")),
    ]


def measure(todo: Sequence[Case], rounds: int) -> dict[str, list[float]]:
    """Return the times of every case in milliseconds; each round runs every case once."""
    times: dict[str, list[float]] = {case.name: [] for case in todo}
    for round_number in range(rounds + 1):
        for case in todo:
            start = perf_counter()
            case.run()
            if round_number:  # the first round only warms up
                times[case.name].append((perf_counter() - start) * 1000)
    return times


def table(todo: Sequence[Case], times: Mapping[str, Sequence[float]]) -> str:
    """Return the table: name, median, least, and the ratio of medians to the yardstick."""
    width = max(len(case.name) for case in todo)
    lines = [f"{'':{width}}  {'median':>8}  {'least':>8}  ratio"]
    for case in todo:
        middle, least = median(times[case.name]), min(times[case.name])
        line = f"{case.name:{width}}  {middle:5.0f} ms  {least:5.0f} ms"
        if case.beside:
            line += f"  {middle / median(times[case.beside]):5.2f} x {case.beside}"
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
