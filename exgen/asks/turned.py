"""A text about a network as its author wrote it, and the sheet's, in which names are turned."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from exgen.asks.grammar import NAME
from exgen.asks.pieces import Compared, Formula, Let, Phrase
from exgen.derive.turning import Turning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from exgen.asks.pieces import Inline, Piece
    from exgen.graph import Graph


def written(graph: Graph, turned: frozenset[str]) -> Graph:
    """Return a network whose shapes are those before some of its names were turned."""
    return replace(graph, shapes=Turning(graph.shapes, turned).turned_shapes()) if turned else graph


def with_turned_entry(piece: Piece, turned: frozenset[str]) -> Piece:
    """Return an ask about an entry such as ``W[i, j]`` as one about the same entry of the sheet."""
    if isinstance(piece, Phrase) and "entry" in piece.slots:
        name, index = piece["entry"]
        if name in turned and len(index) > 1:
            return replace(piece, slots={**piece.slots, "entry": (name, index[::-1])})
    return piece


def turned_in(pieces: Iterable[Piece], names: Iterable[str]) -> list[str]:
    """Return those of the names that a text has formulas or entries of; a name alone is none."""
    read: set[str] = set()
    for text in _texts(pieces):
        if not NAME.fullmatch(text):
            read |= set(NAME.findall(text))
    return sorted(read.intersection(names))


def _texts(pieces: Iterable[Piece | Inline]) -> Iterator[str]:
    for piece in pieces:
        if isinstance(piece, (Formula, Let)):
            yield piece.text
        elif isinstance(piece, Compared):
            yield " = ".join(piece.sides)
        elif isinstance(piece, Phrase):
            yield piece.slots.get("condition", "")
            if len(piece.slots.get("entry", ("", ()))[1]) > 1:
                yield f"{piece['entry'][0]}[,]"
            for choice in piece.choices:
                yield from _texts(choice)
