"""What a manifest holds as text, read with Python's own parser: networks, expressions, sizes.

Nothing here or in its neighbours comes from exgen. The oracle knows the language from its
documentation alone, so that a mistake in exgen cannot be on both sides of a comparison.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LEAF = re.compile(r"(?P<name>\w+): (?P<role>\w+)(?:\[(?P<sizes>[^\]]*)\])?")
RANK = re.compile(r"\\rho\([^)]*\)")
RANK_NAME = "rank_"
KEPT = 20_000
"""How many texts are kept parsed; a sweep meets the same ones over and over."""

NUMBERS = (5, 3, 4, 6, 7, 2, 8, 9)
"""Numbers for sizes that are names: small, and no two alike."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A declared leaf.

    Attributes:
        name: its name.
        role: what it is for.
        axes: how many sizes are written.
        rows: the first of them, or 1.
        columns: the second of them, or 1.

    """

    name: str
    role: str
    axes: int
    rows: str
    columns: str


@dataclass(frozen=True, slots=True)
class Network:
    """A network as read: leaves, and lines with the names they read."""

    leaves: tuple[Leaf, ...]
    lines: tuple[tuple[str, ast.expr], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All names that stand for arrays, in order."""
        return (*(leaf.name for leaf in self.leaves), *(name for name, _ in self.lines))

    @property
    def last(self) -> str:
        """The name of the last line: the loss, or the output of a fragment."""
        return self.lines[-1][0]

    def line(self, name: str) -> ast.expr | None:
        """Return the right side of a line; None of a leaf."""
        return next((expr for line, expr in self.lines if line == name), None)

    def sizes(self) -> dict[str, int]:
        """Return a number for every size that is a name."""
        texts = [text for leaf in self.leaves for text in (leaf.rows, leaf.columns)]
        found = dict.fromkeys(name for text in texts for name in names_in(expression(text)))
        return dict(zip(found, NUMBERS, strict=False))


@lru_cache(maxsize=KEPT)
def network(text: str) -> Network:
    """Read a network."""
    leaves: list[Leaf] = []
    lines: list[tuple[str, ast.expr]] = []
    for row in text.strip().splitlines():
        found = LEAF.fullmatch(row.strip())
        if found:
            sizes = [part.strip() for part in (found["sizes"] or "").split(",") if part]
            rows, columns = [*sizes, "1", "1"][:2]
            leaves.append(Leaf(found["name"], found["role"], len(sizes), rows, columns))
        else:
            name, _, right = row.partition("=")
            lines.append((name.strip(), expression(right.strip())))
    return Network(tuple(leaves), tuple(lines))


@lru_cache(maxsize=KEPT)
def expression(text: str) -> ast.expr:
    """Read an expression, in arrays or in index form."""
    plain = RANK.sub(RANK_NAME, text).replace("'", "_prime")
    return ast.parse(plain, mode="eval").body


def letter(text: str) -> str:
    """Return an index letter as it is called after reading: ``k'`` is no name in Python."""
    return text.replace("'", "_prime")


def size(text: str | int, numbers: Mapping[str, int]) -> int:
    """Return a size such as 7 or ``N + 1`` as a number."""
    return text if isinstance(text, int) else _whole(expression(text), numbers)


def _whole(node: ast.expr, numbers: Mapping[str, int]) -> int:
    match node:
        case ast.Constant(value=int(value)):
            return value
        case ast.Name(id=name):
            return numbers[name]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _whole(left, numbers) + _whole(right, numbers)
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return _whole(left, numbers) - _whole(right, numbers)
    raise ValueError(f"'{ast.unparse(node)}' is no size")


def names_in(node: ast.AST) -> set[str]:
    """Return every name that an expression reads; what it calls is none."""
    called = {id(part.func) for part in ast.walk(node) if isinstance(part, ast.Call)}
    return {
        part.id for part in ast.walk(node) if isinstance(part, ast.Name) and id(part) not in called
    }


def joined(texts: Iterable[str]) -> str:
    """Return lines as the text of a network."""
    return "\n".join(texts) + "\n"
