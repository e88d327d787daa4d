"""A problem from its text: what is drawn for it, and what its sheet and key hold."""

from __future__ import annotations

from dataclasses import replace
from textwrap import dedent
from typing import TYPE_CHECKING, Any

from exgen.asks.blocks import CHAIN, PLACES, RUBRIC, blocks_of, is_choice
from exgen.asks.drawing import NUMBER_RULES, drawn_numbers
from exgen.asks.grids import is_by_number
from exgen.asks.numeric import is_numeric
from exgen.asks.parse import asks_of, parse, phrases_of
from exgen.asks.pieces import Let, Part, Phrase
from exgen.asks.scalars import UPSTREAM, is_of_scalars
from exgen.asks.scene import Scene, placed
from exgen.asks.symbolic import hidden_in, stated_places
from exgen.asks.table import ASKS
from exgen.asks.tables import TABLE, is_hidden
from exgen.asks.turned import turned_in, with_turned_entry
from exgen.asks.vectorised import SORTS
from exgen.asks.wires import is_on_a_wire, rounded_to
from exgen.asks.words import among
from exgen.derive.batch import cost_name
from exgen.derive.orient import turn
from exgen.errors import KindError, LanguageError, Source, nearest
from exgen.graph import SCALAR
from exgen.language import read_network
from exgen.language.writer import graph_text
from exgen.problems.base import Kind, Setting, Solution, forward_fields
from exgen.problems.steps import said_once, scalar_notation
from exgen.problems.upstream import part_of, with_upstream

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from exgen.asks.pieces import Piece
    from exgen.asks.scene import Answered
    from exgen.graph import Graph
    from exgen.seeds import Stream

WHOLE = ("network", "entries", "chain")
"""What shows the whole forward pass."""
TEXT = "text"
"""The name of the kind, and of the key of a bank that holds the text."""
SLIPS = (
    "dropped_path",
    "own_factor",
    "missing_minus",
    "skipped_jacobian",
    "no_slope",
    "no_local",
    "output_for_preactivation",
    "sum_for_mean",
    "wrong_sign",
    "forgot_factor",
    "forgot_upstream",
    "wrong_mask",
    "elementwise_softmax",
    "slope_on_the_wrong_side",
    "slope_at_the_input",
    "function_for_slope",
    "kept_the_one",
    "forgot_transpose",
    "wrong_order",
    "other_layout",
    "forgot_diag",
    "swapped_shape",
    "forgot_the_one",
    "one_stage_off",
    "no_activation",
    "matrix_product",
    "mean_for_max",
    "own_position",
    "put_in_order_again",
    "sorted_the_other_way",
    "forgot_share",
    "counted_twice",
)
"""The usual mistakes in any of the asks, the likeliest first."""


def sample(graph: Graph, options: Mapping[str, Any], stream: Stream) -> dict[str, Any]:
    """Draw the order of choices, the blanks of chain rules, and numbers where some are asked for.

    Raises:
        LanguageError, KindError: the text cannot be read, or asks for what the network has not.

    """
    if TEXT not in options:
        raise KindError("a problem without a kind needs a 'text'", remedy='Such as text = "…".')
    source = Source(TEXT, options[TEXT])
    pieces = parse(source)
    phrases = list(phrases_of(pieces))
    graph = behind(pieces, graph, source)[0]
    for phrase in phrases:
        _check_names(phrase, graph, source)
    asks = asks_of(pieces)
    own: dict[str, Any] = {
        "order": {
            phrase.name: list(stream.child("order", phrase.name).shuffle(range(count)))
            for phrase in asks
            if phrase.choices and phrase.sort not in (RUBRIC, CHAIN)
            for count in [len(phrase.choices) + ASKS[phrase.sort].wrong]
        },
        # what the text states itself is checked, and not kept a second time
        "places": {
            phrase.name: places
            for phrase in asks
            if phrase.sort in PLACES
            for places in [hidden_in(phrase, graph, source, stream.child("places", phrase.name))]
            if stated_places(phrase) is None
        },
    }
    own["turned"] = turned_in(pieces, options.get("turned", ()))
    draws: dict[str, Any] = {
        TEXT: options[TEXT],
        **{key: part for key, part in own.items() if part},
    }
    shown = [phrase.sort for phrase in phrases if phrase.verb == "show"]
    on_wires = [phrase for phrase in asks if is_on_a_wire(phrase)]
    rounded = rounded_to(on_wires) is not None
    for needed in filter(None, ("circuit" if on_wires else "", "rounding" if rounded else "")):
        if shown.count(needed) != 1:
            remedy = f"Put {{show {needed}}} into the text, once."
            error = KindError(f"a number on a wire needs a {needed}", remedy=remedy)
            raise placed(error, source, on_wires[0].span)
    numeric = [phrase for phrase in phrases if is_numeric(phrase)]
    if numeric or "numbers" in options or {"values", "circuit"} & set(shown):
        sizes = options.get("sizes", {})
        fixed = graph.with_sizes(sizes)
        draws |= {"sizes": sizes, **drawn_numbers(fixed, options, phrases, stream, source)}
    return draws


def behind(pieces: Iterable[Piece], graph: Graph, source: Source) -> tuple[Graph, str | None, bool]:
    """Return the network with the loss behind it of which an upstream gradient is shown.

    Beside it stands the name of the leaf that is this gradient, and whether the sheet has no name
    for it.

    Raises:
        KindError: the network has one of the two names.

    """
    for piece in pieces:
        if isinstance(piece, Phrase) and piece.sort == "upstream":
            unnamed = "name2" not in piece.slots
            wanted = UPSTREAM if unnamed else piece["name"]
            loss = piece["name" if unnamed else "name2"]
            found, name = with_upstream(graph, (wanted,), (loss,))
            if (name, found.loss) != (wanted, loss):
                error = KindError("the network has a name that looks like one of these")
                raise placed(error, source, piece.span)
            return found, name, unnamed
    return graph, None, False


def with_own(
    pieces: Iterable[Piece], graph: Graph, source: Source, turned: frozenset[str] = frozenset()
) -> Graph:
    """Return the network with the leaves and lines that a text lets be besides.

    It ends in the last of them if that depends on the network's own last line, else in this.

    Raises:
        KindError: they cannot be read.

    """
    for piece in pieces:
        if isinstance(piece, Let):
            text = Source(TEXT, f"{graph_text(turn(graph, turned))}{dedent(piece.text)}\n")
            try:
                found = read_network(text, scalar_loss=False)
            except LanguageError as error:
                said = KindError(error.message, remedy=error.remedy)
                raise placed(said, source, piece.span) from None
            found = turn(found, turned)
            lines = (replace(b, expr=graph.expr(b.name) or b.expr) for b in found.bindings)
            found = replace(found, bindings=tuple(lines))
            ends = graph.loss in part_of(found, found.loss).names
            graph = found if ends else replace(found, loss=graph.loss)
    return graph


def _check_names(phrase: Phrase, graph: Graph, source: Source) -> None:
    for slot, filled in phrase.slots.items():
        if slot in ("condition", "word", "size"):
            continue
        names = (filled,) if isinstance(filled, str) else filled
        for name in names if slot != "entry" else names[:1]:
            if isinstance(name, str) and name not in graph.names:
                error = KindError(f"the network has no '{name}'", remedy=nearest(name, graph.names))
                raise placed(error, source, phrase.spans[slot])
    of, slot = phrase.slots.get("name", ""), "entry"
    if phrase.sort == "update":
        of, slot = graph.loss, "name"
    by = phrase.slots.get(slot, "")
    by = by if isinstance(by, str) else by[0]
    if by and of and by not in part_of(graph, of).names:
        raise placed(KindError(f"'{of}' does not depend on '{by}'"), source, phrase.spans[slot])


def solve(setting: Setting, draws: Mapping[str, Any], text: str | None = None) -> Solution:
    """Answer every ask, and set the text with its blanks; the drawn one unless it is given."""
    source = Source(TEXT, draws[TEXT] if text is None else text)
    turned = frozenset(draws.get("turned", ()))
    pieces = tuple(with_turned_entry(piece, turned) for piece in parse(source))
    hidden = {ask["name"] for ask in asks_of(pieces) if is_hidden(ask, setting.graph)}
    stated = _stated(pieces, setting, hidden)
    numerator, scalars = setting.notation.layout == "numerator", is_of_scalars(setting.graph)
    if numerator and any(phrase.sort == "untransposed" for phrase in phrases_of(pieces)):
        setting = replace(setting, notation=replace(setting.notation, layout="shape"))
    if scalars:
        setting = replace(setting, notation=scalar_notation(setting.notation))
    graph, upstream, unnamed = behind(pieces, setting.graph, source)
    whole = replace(setting, graph=graph)
    if upstream and setting.graph.loss in turned:
        turned |= {upstream}
    own = with_own(pieces, graph, source, turned)
    scene = Scene(whole, source, asks_of(pieces), stated, draws, upstream, unnamed, own, turned)
    found = {ask.name: _answered(ask, scene) for ask in scene.asks if not ask.is_cell}
    batch = any("examples" in phrase.clauses for phrase in phrases_of(pieces))
    fields = forward_fields(setting, {cost_name(graph): SCALAR} if batch else None)
    fields["leaves"] = [
        part
        for leaf, part in zip(setting.graph.leaves, fields["leaves"], strict=True)
        if leaf.name not in hidden
    ]
    boxes = any(ask.sort == "boxes" for ask in scene.asks)
    shows = boxes or any(_is_network(piece) for piece in pieces)
    drawn = any(isinstance(piece, Phrase) and piece.sort == "units" for piece in pieces)
    every = not shows and _shows_every_line(pieces, setting.graph)
    answers = said_once(
        (solved for answered in found.values() for solved in answered.solved),
        _parts(pieces) if scalars or all(ask.sort in SORTS for ask in scene.asks) else {},
    )
    rubrics = {
        name: answered.prints["rubric"]
        for name, answered in found.items()
        if isinstance(answered.prints, dict) and "rubric" in answered.prints
    }
    return Solution(
        {
            **fields,
            "numerator": numerator,
            "by_number": any(map(is_by_number, scene.asks)),
            "scalars": scalars,
            "shown_in": setting.shown_in if shows or drawn else None,
            "statement": _statement(shows=shows or every, hidden=bool(hidden) or boxes or every),
            "blocks": blocks_of(pieces, scene, found),
            "rubrics": rubrics,
            "derives": sorted({rule for part in found.values() for rule in part.derives}),
            "choices": [name for name, part in found.items() if is_choice(part)],
            "hints": {a.name: a.clauses["hint"] for a in scene.asks if "hint" in a.clauses},
        },
        answers,
    )


def _parts(pieces: Iterable[Piece]) -> dict[str, int]:
    """Return the part in which each answer is asked for, where a text has parts."""
    found: dict[str, int] = {}
    part = -1
    for piece in pieces:
        part += isinstance(piece, Part)
        if isinstance(piece, Phrase) and piece.verb == "ask" and part >= 0:
            found |= dict.fromkeys((phrase.name for phrase in (piece, *piece.cells)), part)
    return found


def _answered(ask: Phrase, scene: Scene) -> Answered:
    row = ASKS[ask.sort]
    answered = row.answer(ask, scene)
    return among(ask, scene, answered) if row.wrong and ask.choices else answered


def _is_network(piece: Piece) -> bool:
    return isinstance(piece, Phrase) and piece.verb == "show" and piece.sort in WHOLE


def shows_network(text: str | None) -> bool:
    """Whether a text shows its whole network, so that later problems need not; a preset does."""
    return text is None or any(map(_is_network, parse(Source(TEXT, text))))


def _shows_every_line(pieces: Iterable[Piece], graph: Graph) -> bool:
    """Whether the first lines that a text shows, before its parts, are the whole forward pass."""
    for piece in pieces:
        if isinstance(piece, Part):
            break
        if isinstance(piece, Phrase) and (piece.verb, piece.sort) == ("show", "lines"):
            return tuple(piece["names"]) == tuple(binding.name for binding in graph.bindings)
    return False


def _statement(*, shows: bool, hidden: bool) -> str:
    """Return how much of the network the sheet has to say, as the statement's reader calls it."""
    if not shows:
        return "text"
    return "text about shapes" if hidden else "text with a network"


def _stated(pieces: Iterable[Piece], setting: Setting, hidden: set[str]) -> frozenset[str]:
    """Return the names whose shapes a reader of the sheet knows."""
    found: set[str] = {setting.graph.loss}
    for piece in pieces:
        if not (isinstance(piece, Phrase) and piece.verb == "show"):
            continue
        if piece.sort in WHOLE:
            leaves = {leaf.name for leaf in setting.graph.leaves}
            found |= leaves if setting.shown_in else leaves - hidden
        elif piece.sort == "shapes":
            found |= set(piece["names"])
        elif piece.sort == "values":
            every = tuple(leaf.name for leaf in setting.graph.leaves)
            found |= set(piece.slots.get("names", every))
        elif piece.sort == TABLE:
            found |= {cell["name"] for cell in piece.cells if cell.sort == "shape"}
    return frozenset(found)


KIND = Kind(
    name=TEXT,
    summary="your own text with asks",
    options={TEXT: (str,), "sizes": (dict,)},
    network_rules=(),
    number_rules=NUMBER_RULES,
    slips=SLIPS,
    needs_loss=False,
    sample=sample,
    solve=solve,
    takes_numbers=True,
)
