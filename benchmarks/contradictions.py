"""Read many sheets as text, and count what contradicts something else on them.

Run it with the Python that exgen is installed in, from the checkout::

    .venv/bin/python -m benchmarks.contradictions --seeds 25
    .venv/bin/python -m benchmarks.contradictions --seeds 200 --set set3 --notation nyu --first 1000

Every set is made in every notation for each seed, with its sheet and its key as TeX; TeX itself is
not run. ``tests/contradictions.py`` says what is read and compared. The counts:

* ``sheets`` were read, each with its key.
* ``symbol``: what statements say of a symbol, compared with every other problem of the sheet.
* ``shape``: shapes beside derivatives, compared with the box on page 1.
* ``mistake``: listed mistakes, read back and evaluated beside the answer.
* ``telling``: parts of the key that tell mistakes, at most two.
* ``unmade``: sheets that could not be made; each is printed with the reason.

Each contradiction is printed with its set, notation and seed. The exit code is 1 if there is any,
or a sheet that could not be made.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from typing import TYPE_CHECKING

from exgen.banks import bank_names
from exgen.derive.notation import notation_names
from exgen.errors import ExgenError
from exgen.pipeline import build, load
from exgen.resources import banks, notations
from tests.contradictions import contradictions

if TYPE_CHECKING:
    from collections.abc import Sequence

Sheet = tuple[str, str, int]


def read(sheet: Sheet) -> tuple[Counter[str], list[str]]:
    """Make one sheet and read it; return what was counted, and what was found."""
    set_name, notation, seed = sheet
    counted = Counter[str](sheets=1)
    place = f"{set_name}, {notation}, seed {seed}"
    try:
        problem_set = build(*load(set_name, notation), seed)
    except ExgenError as error:
        return Counter(unmade=1), [f"{place}: {error.message}"]
    found = contradictions(problem_set, counted)
    counted["contradictions"] = len(found)
    return counted, [f"{place}: {part.sort} in {part.place}: {part.says}" for part in found]


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the sheets, print what was found and the counts, and return the exit code."""
    sets, profiles = bank_names(banks()), notation_names(notations())
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=5, help="how many for each set and notation")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--set", action="append", choices=sets, help="only this set")
    parser.add_argument("--notation", action="append", choices=profiles, help="only this notation")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes")
    chosen = parser.parse_args(arguments)
    seeds = range(chosen.first, chosen.first + chosen.seeds)
    sheets = list(product(chosen.set or sets, chosen.notation or profiles, seeds))
    total = Counter[str]()
    with ProcessPoolExecutor(chosen.jobs) as pool:
        for counted, found in pool.map(read, sheets, chunksize=4):
            total += counted
            for line in found:
                print(line, flush=True)
    for name in ("sheets", "symbol", "shape", "mistake", "telling", "unmade", "contradictions"):
        print(f"{name:>15} {total[name]:8,}")
    return 1 if total["contradictions"] or total["unmade"] else 0


if __name__ == "__main__":
    sys.exit(main())
