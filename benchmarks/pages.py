"""Measure the pages of many sheets and keys: how many there are, how full, and what sticks out.

    python -m benchmarks.pages --seeds 5                      # all sets, each in its own notation
    python -m benchmarks.pages --seeds 200 --notations all    # 200 seeds a set in every notation
    python -m benchmarks.pages --sets 4 --seeds 3 --no-fill

The table has a row for each set, notation and document: the documents made, the fewest and the
most pages, how many lines or boxes stick out by more than a point (TeX's own reports), how many
pages but the last are less than a third full, and the emptiest of them. TeX runs once a document.
What could not be made is listed below, with its seed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from exgen import resources
from exgen.banks import bank_names
from exgen.derive.notation import notation_names
from exgen.errors import ExgenError
from exgen.pipeline import LIKELY_PAGES, build, load
from exgen.render.pdf import typeset
from exgen.render.tex import render_tex

DPI = 20
HEAD, FOOT = 22.0, 21.0
"""Where on a page its text begins and ends, in millimetres from the paper's edge."""
DARK = 200
THIRD = 1 / 3


@dataclass(frozen=True, slots=True)
class Job:
    """A set to make: its bank, its notation (its own if empty), and the seed."""

    bank: str
    notation: str
    seed: int
    fill: bool


@dataclass(frozen=True, slots=True)
class Measured:
    """What one document came to; ``fills`` are the shares of its pages but the last."""

    job: Job
    document: str
    pages: int
    overfull: tuple[str, ...]
    fills: tuple[float, ...]
    error: str = ""


def measure(job: Job) -> list[Measured]:
    """Make the documents of a set, and measure their pages."""
    try:
        bank, profile = load(job.bank, job.notation or None)
        sources = render_tex(build(bank, profile, job.seed))
        made = typeset(sources, pages=dict.fromkeys(sources, LIKELY_PAGES))
    except ExgenError as error:
        return [Measured(job, "", 0, (), (), str(error).splitlines()[0])]
    return [
        Measured(
            job,
            name,
            document.log.pages,
            tuple(f"{one.problem} {one.part} {one.points:.1f}pt" for one in document.log.overfull),
            fills(document.pdf)[:-1] if job.fill else (),
        )
        for name, document in made.items()
    ]


def fills(pdf: bytes) -> tuple[float, ...]:
    """Return how far down each page of a PDF is filled, as a share of its text."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["pdftoppm", "-r", str(DPI), "-gray", "-", f"{folder}/page"]
        subprocess.run(command, input=pdf, check=True, capture_output=True)
        return tuple(_fill(path.read_bytes()) for path in sorted(Path(folder).iterdir()))


def _fill(pgm: bytes) -> float:
    _, size, _, pixels = pgm.split(b"\n", 3)
    width, height = map(int, size.split())
    image = np.frombuffer(pixels, np.uint8).reshape(height, width)
    top, bottom = (round(edge * DPI / 25.4) for edge in (HEAD, FOOT))
    rows = np.flatnonzero((image[top : height - bottom] < DARK).any(axis=1))
    return float(rows[-1] + 1) / (height - bottom - top) if rows.size else 0.0


def table(found: list[Measured]) -> list[str]:
    """Return the lines of the table."""
    head = "{:6} {:10} {:10} {:>5} {:>7} {:>8} {:>6} {:>8}"
    names = ("set", "notation", "document", "made", "pages", "overfull", "< 1/3", "emptiest")
    lines = [head.format(*names)]
    groups: dict[tuple[str, str, str], list[Measured]] = {}
    for one in found:
        if not one.error:
            groups.setdefault((one.job.bank, one.job.notation, one.document), []).append(one)
    for (bank, notation, document), group in groups.items():
        pages = [one.pages for one in group]
        shares = [share for one in group for share in one.fills]
        airy = sum(share < THIRD for share in shares)
        lines.append(
            f"{bank:6} {notation or 'its own':10} {document:10} {len(group):5} "
            f"{f'{min(pages)}-{max(pages)}':>7} {sum(len(one.overfull) for one in group):8} "
            f"{airy:6} {min(shares, default=1.0):8.2f}"
        )
    return lines


def main() -> int:
    """Run the benchmark; 1 where something sticks out or could not be made."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sets", nargs="+", default=bank_names(resources.banks()))
    parser.add_argument("--notations", nargs="+", default=[""], help="names, or all")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--no-fill", action="store_true")
    options = parser.parse_args()
    all_notations = options.notations == ["all"]
    notations = notation_names(resources.notations()) if all_notations else options.notations
    jobs = [
        Job(bank, notation, seed, not options.no_fill)
        for bank in options.sets
        for notation in notations
        for seed in range(options.first, options.first + options.seeds)
    ]
    with ProcessPoolExecutor(options.jobs) as pool:
        found = [one for part in pool.map(measure, jobs, chunksize=1) for one in part]
    print("\n".join(table(found)))
    for one in found:
        for what in (one.error, *one.overfull):
            if what:
                job = one.job
                print(f"{job.bank} seed {job.seed} {job.notation} {one.document}: {what}")
    return int(any(one.error or one.overfull for one in found))


if __name__ == "__main__":
    sys.exit(main())
