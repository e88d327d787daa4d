"""A problem from its text: what is drawn for it, and what its sheet and key hold."""

from __future__ import annotations

from dataclasses import replace
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.asks.blocks import CHAIN, PLACES, RUBRIC, blocks_of, is_choice
from exgen.asks.cases import RULES, is_by_cases, require_telling
from exgen.asks.numeric import is_by_number, is_in_grid, is_numeric, require_exact, result
from exgen.asks.parse import asks_of, parse, phrases_of
from exgen.asks.pieces import Let, Part, Phrase
from exgen.asks.scalars import is_of_scalars
from exgen.asks.scene import Scene, placed
from exgen.asks.symbolic import hidden_in, stated_places
from exgen.asks.table import ASKS
from exgen.asks.tables import TABLE, is_hidden
from exgen.asks.vectorised import SORTS
from exgen.asks.wires import BESIDE, BY_HAND, is_on_a_wire, require_workable, rounded_to
from exgen.asks.wires import RULES as HAND_RULES
from exgen.asks.words import among
from exgen.derive.batch import cost_name
from exgen.engine import forward
from exgen.errors import KindError, LanguageError, RejectedError, Source, nearest
from exgen.graph import SCALAR, Call
from exgen.language import read_network
from exgen.language.writer import graph_text
from exgen.ops import traits_of
from exgen.problems import luck
from exgen.problems.base import Kind, Setting, Solution, forward_fields
from exgen.problems.numbers import draw_numbers, exact_arrays
from exgen.problems.rounding import NEAR_TIE, TRIES, carried
from exgen.problems.steps import said_once, scalar_notation
from exgen.problems.upstream import part_of, with_upstream

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from exgen.asks.pieces import Piece
    from exgen.asks.scene import Answered
    from exgen.engine import Values
    from exgen.graph import Expr, Graph
    from exgen.seeds import Stream

WHOLE = ("network", "entries", "chain")
"""What shows the whole forward pass."""
TEXT = "text"
"""The name of the kind, and of the key of a bank that holds the text."""
MOST_DECIMALS = 4
"""The decimals of a drawn exact answer."""
LARGEST = 1000
NUMBER_RULES = tuple(
    dict.fromkeys(
        (
            "values_exist",
            "no_ties",
            "off_the_kink",
            "both_signs",
            "short_decimals",
            "clear_rounding",
            *RULES,
            *HAND_RULES,
            *BESIDE,
        )
    )
)
"""The rules for the numbers of any text."""
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
    draws: dict[str, Any] = {
        TEXT: options[TEXT],
        **{key: part for key, part in own.items() if part},
    }
    shown = [phrase.sort for phrase in phrases if phrase.verb == "show"]
    on_wires = [phrase for phrase in asks if is_on_a_wire(phrase)]
    if on_wires and shown.count("circuit") != 1:
        error = KindError("a wire needs a circuit", remedy="Put {show circuit} into the text.")
        raise placed(error, source, on_wires[0].span)
    numeric = [phrase for phrase in phrases if is_numeric(phrase)]
    if numeric or "numbers" in options or {"values", "circuit"} & set(shown):
        sizes = options.get("sizes", {})
        fixed = graph.with_sizes(sizes)
        draws |= {"sizes": sizes, **_numbers(fixed, options, phrases, stream, source)}
    return draws


UPSTREAM = "upstream"
"""The leaf that is an upstream gradient which is shown without a name."""


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


def with_own(pieces: Iterable[Piece], graph: Graph, source: Source) -> Graph:
    """Return the network with the leaves and lines that a text lets be besides.

    It ends in the last of them if that depends on the network's own last line, else in this.

    Raises:
        KindError: they cannot be read.

    """
    for piece in pieces:
        if isinstance(piece, Let):
            text = Source(TEXT, f"{graph_text(graph)}{dedent(piece.text)}\n")
            try:
                found = read_network(text, scalar_loss=False)
            except LanguageError as error:
                said = KindError(error.message, remedy=error.remedy)
                raise placed(said, source, piece.span) from None
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


def _numbers(
    graph: Graph,
    options: Mapping[str, Any],
    phrases: Sequence[Phrase],
    stream: Stream,
    source: Source,
) -> dict[str, Any]:
    """Draw the leaves until every number asked for can be worked out and rounded without doubt."""
    asks = [phrase for phrase in phrases if is_numeric(phrase)]
    by_hand = any(phrase.sort in BY_HAND for phrase in phrases)
    worked = [ask for ask in asks if by_hand and ask.sort != "update"]
    digits = rounded_to(worked)
    vectors = {p["entry"][0] for p in phrases if p.verb == "ask" and is_by_cases(p, graph)}
    upstream = graph.leaves[-1].name if any(p.sort == "upstream" for p in phrases) else None
    ranges = options.get("numbers", {})
    given = {name for name, spec in ranges.items() if isinstance(spec, dict) and "is" in spec}
    drawn = [leaf.name for leaf in graph.leaves if leaf.name not in given]

    def draw(attempt: int) -> dict[str, Any]:
        numbers = draw_numbers(graph, ranges, stream.child("try", attempt))
        try:
            values = forward(graph, exact_arrays(numbers), exact=True)
        except ZeroDivisionError:
            raise RejectedError("values_exist") from None
        floats = [np.asarray(array, dtype=float) for array in values.values()]
        luck.require("values_exist", all(np.isfinite(array).all() for array in floats))
        luck.require("no_ties", luck.no_ties(graph, values))
        luck.require("off_the_kink", luck.off_the_kink(graph, values))
        for by in vectors:
            require_telling(graph, by, upstream, values, options)
        found: dict[str, Any] = {"numbers": numbers}
        if digits is not None:
            found["carry"] = carried(digits, attempt, drawn=bool(drawn))
        if drawn and ((is_of_scalars(graph) and asks) or any(map(is_in_grid, asks))):
            _require_telling(graph, asks, values, ranges, options)
        if worked:
            require_workable(worked, graph, found, upstream, options)
        if drawn:
            for ask in asks:
                if ask not in worked or not (is_on_a_wire(ask) or "digits" in ask.clauses):
                    _require_workable(ask, result(ask, graph, values), source, options)
        return found

    tries = (TRIES if by_hand else luck.TRIES) if drawn else 2 if by_hand else 1
    return luck.first_lucky(draw, ("numbers",), tries)


def _require_telling(
    graph: Graph,
    asks: Sequence[Phrase],
    values: Values,
    ranges: Mapping[str, Any],
    options: Mapping[str, Any],
) -> None:
    """Turn numbers down among which a 0, or a lone sign, hides what was done with the others."""
    drawn = luck.factors(graph, ranges)
    luck.require("no_zero_inputs", all(luck.nonzero(values[name]) for name in drawn), options)
    luck.require("both_signs", luck.both_signs(graph, values), options)
    luck.require("both_signs", luck.both_signs(graph, values), options)
    lines = [b.name for b in graph.bindings if not _is_kinked(b.expr)]
    luck.require("no_zero_results", all(luck.nonzero(values[name]) for name in lines), options)
    slopes = [result(ask, graph, values) for ask in asks if ask.sort == "gradient"]
    luck.require("no_zero_gradients", all(slope.any() for slope in slopes), options)


def _is_kinked(expr: Expr) -> bool:
    return isinstance(expr, Call) and bool(traits_of(expr).kink)


def _require_workable(
    ask: Phrase, array: NDArray[Any], source: Source, options: Mapping[str, Any]
) -> None:
    """Turn a draw down whose answer is long, or hard to round."""
    digits = ask.clauses.get("digits")
    if digits is None:
        require_exact(ask, array, source)
        luck.require(
            "short_decimals", luck.short_decimals([array], MOST_DECIMALS, LARGEST), options
        )
        return
    units = np.abs(array.astype(float)) * 10.0 ** int(digits)
    ties = np.abs(units - np.floor(units) - 0.5)
    luck.require("clear_rounding", bool((ties > float(NEAR_TIE)).all()), options)


def solve(setting: Setting, draws: Mapping[str, Any]) -> Solution:
    """Answer every ask, and set the text with its blanks."""
    source = Source(TEXT, draws[TEXT])
    pieces = parse(source)
    hidden = {ask["name"] for ask in asks_of(pieces) if is_hidden(ask, setting.graph)}
    stated = _stated(pieces, setting, hidden)
    turned, scalars = setting.notation.layout == "numerator", is_of_scalars(setting.graph)
    if turned and any(phrase.sort == "untransposed" for phrase in phrases_of(pieces)):
        setting = replace(setting, notation=replace(setting.notation, layout="shape"))
    if scalars:
        setting = replace(setting, notation=scalar_notation(setting.notation))
    graph, upstream, unnamed = behind(pieces, setting.graph, source)
    whole = replace(setting, graph=graph)
    own = with_own(pieces, graph, source)
    scene = Scene(whole, source, asks_of(pieces), stated, draws, upstream, unnamed, own)
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
            "turned": turned,
            "by_number": any(map(is_by_number, scene.asks)),
            "scalars": scalars,
            "shown_in": setting.shown_in if shows else None,
            "statement": _statement(shows=shows, hidden=bool(hidden) or boxes),
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
            found[piece.name] = part
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
    options={TEXT: (str,), "numbers": (dict,), "sizes": (dict,)},
    network_rules=(),
    number_rules=NUMBER_RULES,
    slips=SLIPS,
    needs_loss=False,
    sample=sample,
    solve=solve,
)
