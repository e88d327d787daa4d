"""Every part of the reference documents is covered by a problem of some bank."""

from __future__ import annotations

import re

from exgen.banks import bank_names, load_bank
from exgen.resources import banks

# The documents by number, each with its parts.
PARTS = """
000:
    1 2 3 4 5
001:
    1.2b 1.2c 1.2d 1.3a 1.3b 1.3c
002:
    1.1.1a 1.1.1b 1.1.2a 1.1.2b 1.1.2c 1.1.2d 1.1.2e 1.1.2f 1.1.2g 1.1.2h 1.1.3a 1.1.3b 1.1.3c
    1.2.1a 1.2.1b 1.2.1c 1.2.2a 1.2.2b 1.2.2c 1.2.2d 1.2.2e 1.3.1a 1.3.1b 1.3.1c 1.3.1d 1.3.1e
    1.3.1f 1.3.1g 1.3.2a 1.3.2b 1.3.2c 1.3.2d 1.3.2e 1.4.1a 1.4.1b 1.4.1c 1.4.1d 1.4.2a 1.4.2b
    1.4.2c 1.4.2d 1.4.2e
003:
    P1.1 P1.2 P1.3 P1.4 P1.5 P1.6 P2.fig P2.1 P2.2 P2.3 P2.4 P2.5 P3.1 P3.2 P3.3 P3.4 P3.5 P3.6
    P3.7 P4.1 P4.2 P4.3
004:
    1a 1b.i 1b.ii 1b.iii 1c.i 1c.ii 1c.iii 1c.iv 1d.i 1d.ii 2a.i 2a.ii 2b.i 2b.ii 2c.i 2c.ii
"""
PART = re.compile(r"\d{3}/[\w.]+\Z")


def parts() -> list[str]:
    """Return the parts as banks name them, such as ``002/1.3.1e``."""
    found: list[str] = []
    document = ""
    for word in PARTS.split():
        if word.endswith(":"):
            document = word.removesuffix(":")
        else:
            found.append(f"{document}/{word}")
    return found


def covered() -> dict[str, list[str]]:
    """Return for each part the problems that cover it, as ``set2: chain-rule``."""
    found: dict[str, list[str]] = {}
    for name in bank_names(banks()):
        for problem in load_bank(banks() / f"{name}.toml").problems:
            for part in problem.covers:
                found.setdefault(part, []).append(f"{name}: {problem.name}")
    return found


def test_the_list_has_all_parts() -> None:
    """There are 91 parts, each once, in five documents."""
    assert len(parts()) == len(set(parts())) == 91
    assert all(PART.match(part) for part in parts())


def test_every_part_is_covered() -> None:
    """Each part of the five documents is covered by a problem; what is missing is listed."""
    missing = [part for part in parts() if part not in covered()]
    assert not missing, f"{len(missing)} of {len(parts())} parts have no problem: {missing}"


def test_no_other_part_is_claimed() -> None:
    """A problem covers only parts that there are."""
    wrong = {part: where for part, where in covered().items() if part not in parts()}
    assert wrong == {}
