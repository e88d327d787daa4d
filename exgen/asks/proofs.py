"""Asks to show, line by line, that an entry of a gradient is what the sheet says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from exgen.asks.scene import Answered, Scene
from exgen.document import Tex
from exgen.errors import KindError
from exgen.ops.losses import AFTER_SOFTMAX
from exgen.problems.entries import check_entries
from exgen.problems.index_proofs import premises, proof_of, raw_of, sides_of

if TYPE_CHECKING:
    from exgen.asks.pieces import Phrase
    from exgen.derive.derivations import Derivation
    from exgen.errors import Span

SORTS = {"derivation": "name", "case": "word"}
"""The asks of this module, and the place that says what is derived."""


def derivation(ask: Phrase, scene: Scene) -> Answered:
    """Return the lines from a gradient's entry to its index form, which the sheet states."""
    answered, (left, right, runs) = proven(ask, scene, ask.span)
    line = rf"$\displaystyle {left} = {right}$"
    shown = {"show": "line", "line": Tex(rf"{line},\quad ${runs}$" if runs else line)}
    told = (AFTER_SOFTMAX.rule,) if _raw(ask, scene, ask.span).premise else ()
    return replace(answered, prints=shown, derives=told)


def proven(ask: Phrase, scene: Scene, span: Span) -> tuple[Answered, tuple[str, str, str]]:
    """Return the answer of a derivation, its two sides, and how far its letters run."""
    raw = _raw(ask, scene, span)
    solved = proof_of(scene.setting, ask.name, raw)
    return Answered(Tex(""), (solved,), "derivation"), sides_of(scene.setting, raw)


def _raw(ask: Phrase, scene: Scene, span: Span) -> Derivation:
    try:
        check_entries(scene.graph)
        return raw_of(scene.graph, ask[SORTS.get(ask.sort, "name")])
    except KindError as error:
        raise scene.error(error.message, span, error.remedy) from None


def show(phrase: Phrase, scene: Scene) -> dict[str, Any]:
    """Show what the derivations that are asked for rest on."""
    asks = [ask for ask in scene.asks if ask.sort in SORTS]
    found = [_raw(ask, scene, ask.span) for ask in asks]
    return {"show": phrase.sort, **premises(scene.setting, found)}
