"""Declarations: which arrays a network has and how large they are, in words and read again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.errors import CertificateError
from exgen.readback.sentences import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exgen.readback.sentences import Fact

PAIR = 2
SENTENCE = re.compile(
    r"(?:^|\s)Let (\$.*?(?:a scalar|entries|\$|-hot rows|-hot columns))\.(?=\s|$)"
)
TOGETHER = re.compile(r"\$([^$]+)\$ and \$([^$]+)\$ be vectors with \$([^$]+)\$ entries")
ITEM = re.compile(
    r"\$(?P<symbol>[^$]+)\$(?: be)? a"
    r"(?: (?P<scalar>scalar)"
    r"|(?P<hot> one-hot)? vector with \$(?P<entries>[^$]+)\$ entries"
    r"| matrix of shape \$(?P<shape>[^$]+)\$(?: with one-hot (?P<lines>rows|columns))?)"
    r"(?:, and |, | and |$)"
)


class Declared(Struct, frozen=True):
    """One array as a sheet declares it.

    Attributes:
        symbol: its name in LaTeX.
        sort: ``scalar``, ``vector`` or ``matrix``.
        size: its number of entries, or its shape, in LaTeX; empty for a scalar.
        hot: what of it is one-hot: the ``vector``, each ``row`` or each ``column``; else empty.

    """

    symbol: str
    sort: str
    size: str
    hot: str = ""


def declare(leaves: Sequence[Declared]) -> str:
    """Return the sentence that declares arrays, such as ``Let x be a vector with D entries.``.

    Without arrays there is none.
    """
    if not leaves:
        return ""
    if _alike(leaves):
        first, second = leaves
        vectors = f"be vectors with ${first.size}$ entries."
        return f"Let ${first.symbol}$ and ${second.symbol}$ {vectors}"
    parts = [_one(leaf, " be" if n == 0 else "") for n, leaf in enumerate(leaves)]
    last = " and " if len(parts) == PAIR else ", and "
    return f"Let {', '.join(parts[:-1])}{last if parts[1:] else ''}{parts[-1]}."


def _alike(leaves: Sequence[Declared]) -> bool:
    return len(leaves) == PAIR and len({(x.sort, x.size, x.hot) for x in leaves} | {
        ("vector", leaves[0].size, "")}) == 1  # fmt: skip


def _one(leaf: Declared, verb: str) -> str:
    hot = " one-hot" if leaf.hot == "vector" else ""
    lines = f" with one-hot {leaf.hot}s" if leaf.hot in ("row", "column") else ""
    what = {
        "scalar": " scalar",
        "vector": f"{hot} vector with ${leaf.size}$ entries",
        "matrix": f" matrix of shape ${leaf.size}${lines}",
    }[leaf.sort]
    return f"${leaf.symbol}${verb} a{what}"


def declared_in(text: str) -> tuple[Declared, ...]:
    """Return what a problem's text declares.

    Raises:
        CertificateError: a sentence that begins as a declaration cannot be read.

    """
    found: list[Declared] = []
    for sentence in SENTENCE.finditer(" ".join(text.split())):
        found += _items(sentence[1])
    return tuple(found)


def given(fact: Fact) -> Declared | None:
    """Return the array that a single sentence declares; None where it declares none."""
    slots = fact.slots
    match fact.kind:
        case "given scalar":
            return Declared(slots["name"], "scalar", "")
        case "given vector":
            hot = "vector" if slots["role"] == "one-hot target" else ""
            return Declared(slots["name"], "vector", slots["size"], hot)
        case "given matrix" | "given matrix of one-hot lines":
            return Declared(slots["name"], "matrix", slots["shape"], slots.get("line", ""))
    return None


def give(leaf: Declared, role: str) -> str:
    """Return the sentence that declares one array with its role: the input, or the target."""
    slots = {"name": leaf.symbol, "role": role, "size": leaf.size, "shape": leaf.size}
    if leaf.hot == "vector":
        slots["role"] = f"one-hot {role}"
    lines = leaf.hot in ("row", "column")
    kind = f"given {leaf.sort}" + (" of one-hot lines" if lines else "")
    return say(kind, line=leaf.hot, **slots)


def _items(listed: str) -> list[Declared]:
    if pair := TOGETHER.fullmatch(listed):
        return [Declared(symbol, "vector", pair[3]) for symbol in pair.group(1, 2)]
    found: list[Declared] = []
    place = 0
    while place < len(listed):
        item = ITEM.match(listed, place)
        if item is None:
            raise CertificateError(f"no reader knows what this declares: {listed[place:]}")
        symbol = item["symbol"]
        if item["scalar"]:
            found.append(Declared(symbol, "scalar", ""))
        elif item["entries"]:
            hot = "vector" if item["hot"] else ""
            found.append(Declared(symbol, "vector", item["entries"], hot))
        else:
            hot = (item["lines"] or "").removesuffix("s")
            found.append(Declared(symbol, "matrix", item["shape"], hot))
        place = item.end()
    return found
