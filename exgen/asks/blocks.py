"""The text of a problem as blocks of paragraphs, with what is asked in its place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from exgen.asks.pieces import Formula, Part, Phrase, Words
from exgen.asks.table import SHOWS
from exgen.asks.tables import TABLE
from exgen.asks.wires import is_on_a_wire
from exgen.asks.words import inline
from exgen.document import Tex
from exgen.problems.base import blank

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from exgen.asks.pieces import Piece
    from exgen.asks.scene import Answered, Scene

RUBRIC, CHAIN = "rubric", "chain"
PLACES = (CHAIN, "boxes")
"""The asks of which some places are blank."""
PANELS = (*PLACES, TABLE, "graph")
"""The asks that bring their own solution."""
SHORT = ("rounded", "entry", "word", "where", "ordered", "line", "")
"""What a question with its answer beside it may show."""
STOPS = (".", ",", ";")
PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")


def blocks_of(
    pieces: Iterable[Piece], scene: Scene, found: Mapping[str, Answered]
) -> list[dict[str, Any]]:
    """Return the text as blocks, of which each but the first is a part, of paragraphs."""
    blocks: list[dict[str, Any]] = [_block(part=False)]
    for piece in pieces:
        if isinstance(piece, Part):
            blocks.append(_block(part=True))
            continue
        paragraphs = blocks[-1]["paragraphs"]
        if isinstance(piece, Words):
            first, *rest = PARAGRAPH.split(piece.text)
            first = _after_display(paragraphs[-1]["pieces"], first)
            paragraphs[-1]["pieces"].append(first)
            for text in rest:
                paragraphs.append(_paragraph())
                paragraphs[-1]["pieces"].append(text)
        elif isinstance(piece, Phrase) and piece.verb == "ask":
            _put(piece, found[piece.name], paragraphs[-1])
        elif isinstance(piece, Phrase):
            paragraphs[-1]["pieces"].append(SHOWS[piece.sort].make(piece, scene))
        elif isinstance(piece, Formula):
            paragraphs[-1]["pieces"] += inline((piece,), scene)
    for block in blocks:
        block["paragraphs"] = [part for part in block["paragraphs"] if _says(part)]
        block["short"] = _is_short(block["paragraphs"])
        if not block["short"]:
            for paragraph in block["paragraphs"]:
                _put_apart(paragraph)
        block["bare"] = block["short"] and not any(
            isinstance(piece, dict) or (isinstance(piece, str) and piece.strip())
            for piece in block["paragraphs"][0]["pieces"]
        )
    return [block for block in blocks if block["paragraphs"] or block["part"]]


def _block(*, part: bool) -> dict[str, Any]:
    return {"part": part, "paragraphs": [_paragraph()]}


def _paragraph() -> dict[str, Any]:
    return {"pieces": [], "boxed": [], "blanks": []}


def _equated(prints: Tex | dict[str, Any], mark: str) -> Tex | dict[str, Any]:
    """Return what is asked as the left side of an equation, with its blank on the right."""
    if isinstance(prints, Tex):
        return Tex(f"{prints.tex.removesuffix('$')} = {mark}$")
    symbol = prints["symbol"].tex.removesuffix("$")
    return {**prints, "symbol": Tex(rf"{symbol} \approx {mark}$")}


def _in_grid(prints: Any, answer: str) -> dict[str, Any]:  # noqa: ANN401 - a symbol, or a mapping
    """Return what is asked as a display: its symbol, and a grid for its numbers."""
    symbol = prints if isinstance(prints, Tex) else prints["symbol"]
    return {
        "show": "grid",
        "asked": prints,
        "symbol": Tex(symbol.tex.strip("$").removeprefix(r"\displaystyle ")),
        "sign": Tex("=" if symbol is prints else r"\approx"),
        "answer": answer,
        "after": "",
    }


def _after_display(pieces: list[Any], text: str) -> str:
    """Give the stop behind a grid to its display, and return what is left of the text."""
    if pieces and isinstance(pieces[-1], dict) and "after" in pieces[-1] and text[:1] in STOPS:
        pieces[-1]["after"] = text[:1]
        return text[1:]
    return text


def _put_apart(paragraph: dict[str, Any]) -> None:
    """Give numbers that were to stand behind their formulas an equation of their own."""
    for boxed in paragraph["boxed"]:
        after, boxed["after"] = boxed["after"], None
        if after is not None:
            paragraph["pieces"].append(_equated(after["prints"], blank(after["answer"])))
            paragraph["blanks"].append(after["answer"])


def is_choice(answered: Answered) -> bool:
    """Whether an ask offers answers to choose from."""
    return isinstance(answered.prints, dict) and answered.prints["show"] == "choice"


def _is_plain(prints: Tex | dict[str, Any]) -> bool:
    """Whether a number is asked for without a word on how to round it."""
    return isinstance(prints, Tex) or prints.get("digits") == 0


def _says(paragraph: Mapping[str, Any]) -> bool:
    return any(not isinstance(piece, str) or piece.strip() for piece in paragraph["pieces"])


def _is_short(paragraphs: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a part is one question with one answer below, which may share its line."""
    if len(paragraphs) != 1 or len(paragraphs[0]["boxed"]) != 1 or paragraphs[0]["blanks"]:
        return False
    if paragraphs[0]["boxed"][0]["layout"] == "rubric":
        return False
    shown = [piece for piece in paragraphs[0]["pieces"] if isinstance(piece, dict)]
    return all(piece["show"] in SHORT for piece in shown)


def _put(ask: Phrase, answered: Answered, paragraph: dict[str, Any]) -> None:
    """Put an ask into a paragraph: what it prints, and where its answer goes."""
    own = "box" if answered.layout and not is_choice(answered) else "blank"
    inside = ask.clauses.get("inside") or own
    names = [solved.name for solved in answered.solved]
    prints = answered.prints
    before = paragraph["boxed"][-1] if paragraph["boxed"] else {"answer": ""}
    if is_on_a_wire(ask):
        paragraph["pieces"].append(prints)
        return
    if inside == "blank" and names[0] == f"{before['answer']}.value" and _is_plain(prints):
        sign = "=" if isinstance(prints, Tex) else r"\approx"
        before["after"] = {"answer": names[0], "sign": Tex(sign), "prints": prints}
        return
    if is_choice(answered):
        inside = "blank"
    elif inside == "blank" and answered.layout not in ("", "rubric"):
        prints = _equated(prints, blank(names[0]))
    elif inside == "grid":
        prints = _in_grid(prints, names[0])
    if inside == "box" and answered.layout:
        facts = names[1:] if answered.layout == RUBRIC else []
        boxed = names[: len(names) - len(facts)]
        paragraph["boxed"] += [
            {"answer": name, "layout": answered.layout, "after": None, "facts": facts}
            for name in boxed
        ]
    elif (not ask.choices or answered.layout) and ask.sort not in PANELS:
        paragraph["blanks"] += names
    paragraph["pieces"].append(prints)
