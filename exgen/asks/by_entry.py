"""Asks for an entry of a gradient in the author's letters, down to its closed form."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from exgen.asks.scene import Answered, Scene, placed
from exgen.asks.tables import batch_of
from exgen.certify.equation import Equation
from exgen.certify.quantity import Quantity
from exgen.derive.closed import closed_derivation, is_prediction, of_prediction
from exgen.derive.gradients import derive_gradients
from exgen.derive.latex import Printer
from exgen.derive.orient import per_example
from exgen.derive.symbols import example_mark
from exgen.document import Step, Tex
from exgen.errors import KindError
from exgen.graph import ONE, SCALAR, Entry, Name, is_scalar, rebuild
from exgen.language import to_text
from exgen.problems.base import Solved
from exgen.problems.entries import check_entries, ranges_latex
from exgen.problems.index_proofs import claim_of, lines_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from exgen.asks.pieces import Phrase
    from exgen.derive.derivations import Derivation
    from exgen.graph import Expr, Index, Shape

LETTER = re.compile(r"[A-Za-z]")
QUAD = r"\quad"
TERMS = "terms"
"""The clause of an entry whose loss is differentiated, and nothing put together."""
SLIPS = (
    "forgot_inner",
    "output_for_preactivation",
    "sum_for_mean",
    "wrong_sign",
    "no_slope",
    "forgot_factor",
    "elementwise_softmax",
    "missing_minus",
    "slope_at_the_input",
    "forgot_square",
    "wrong_mask",
    "slope_on_the_wrong_side",
    "wrong_order",
)
"""The usual mistakes by an entry of a prediction and behind it, the likeliest first."""
OWN = "Only the term of the sum with the same index depends on this entry."
WHOLE = "The loss is differentiated term by term."


def is_of_entry(ask: Phrase, scene: Scene) -> bool:
    """Whether an ask is for an entry, or for a scalar prediction as for one."""
    return bool(ask["entry"][1]) or TERMS in ask.clauses or _in_terms_before(ask, scene)


def _in_terms_before(ask: Phrase, scene: Scene) -> bool:
    """Whether the same entry was asked for term by term."""
    return any(
        TERMS in part.clauses
        and part.slots == ask.slots
        and part.clauses.get("examples") == ask.clauses.get("examples")
        for part in scene.earlier(ask)
    )


def entry(ask: Phrase, scene: Scene, by: str) -> Answered:
    """Return an entry of a gradient in index form, derived line by line."""
    graph = scene.graph
    if TERMS in ask.clauses and not is_prediction(graph, by):
        said = f"'{by}' is not what the loss compares with a target"
        raise scene.error(said, ask.spans["entry"], "Leave out 'term by term'.")
    try:
        check_entries(graph)
        row, column = _index(ask, scene, by, graph.shapes[by])
        index = row, column
        found = closed_derivation(graph, by, index)
    except KindError as error:
        if error.place:
            raise
        raise placed(error, scene.source, ask.spans["entry"]) from None
    of_loss = is_prediction(graph, by)
    runs = "" if of_loss else ranges_latex(scene.printer, index, graph.shapes[by])
    return _answered(ask, scene, found, scene.printer, runs)


def entry_of_batch(ask: Phrase, scene: Scene, by: str) -> Answered:
    """Return the gradient of the mean loss by the prediction, a scalar, for one example."""
    graph, notation = scene.graph, scene.setting.notation
    if not (is_prediction(graph, by) and is_scalar(graph.shapes[by])):
        said = "only a prediction that is a scalar has an entry for each example here"
        raise scene.error(said, ask.spans["entry"], "Ask for the whole, without an index.")
    batch = batch_of(ask, scene)
    row, column = _index(ask, scene, by, batch.graph.shapes[batch.names[by]])
    example = str(row if batch.rows else column)
    marked = Printer(
        notation,
        {**graph.shapes, batch.graph.loss: SCALAR},
        batch.graph.loss,
        examples=per_example(graph),
        mark=example_mark(notation, example),
    )
    single = {big: Name(small) for small, big in batch.names.items()}

    def of_example(expr: Expr) -> Expr:
        match expr:
            case Entry(Name(big)) if big in single:
                return single[big]
        return rebuild(expr, of_example)

    whole = replace(scene, setting=replace(scene.setting, graph=batch.graph))
    found = of_prediction(batch.graph, (row, column))
    left = marked.partial(by, "")
    return _answered(ask, whole, found, lambda expr: marked(of_example(expr)), left=left)


def _index(ask: Phrase, scene: Scene, by: str, axes: Shape) -> tuple[Index, ...]:
    """Return where an entry stands along each axis: the author's letters, and 0 along one of 1."""
    said = [int(part) if part.isdecimal() else part for part in ask["entry"][1]]
    taken = {*scene.graph.names, *scene.graph.size_names}
    wanted = sum(dim != ONE for dim in axes)
    if len(said) != wanted or len(set(said)) != wanted:
        said_of = f"an entry of '{by}' has {('no index', 'one index', 'two indices')[wanted]} here"
        raise scene.error(said_of, ask.spans["entry"], "Such as W[i, j], each another letter.")
    index: list[Index] = []
    for dim in axes:
        part = 0 if dim == ONE else said.pop(0)
        if isinstance(part, str) and (not LETTER.fullmatch(part) or part in taken):
            why = "a name of the network" if part in taken else "no letter"
            raise scene.error(f"'{part}' is {why}", ask.spans["entry"], "Take another letter.")
        if isinstance(part, int) and dim.is_number and part >= max(1, dim.constant):
            raise scene.error(f"'{by}' has no entry {part}", ask.spans["entry"])
        index.append(part)
    return tuple(index)


def _answered(
    ask: Phrase,
    scene: Scene,
    found: Derivation,
    printer: Callable[[Expr], str],
    runs: str = "",
    left: str = "",
) -> Answered:
    """Return the answer that is the last line, or the first alone where terms are asked for."""
    graph, index = scene.graph, found.index
    last = found.lines[1 if TERMS in ask.clauses else -1].expr
    left = left or printer(found.lines[0].expr)
    lines = lines_of(scene.setting, found, printer, left)
    steps = [replace(lines[0], claims=(claim_of(graph, found),)), *lines[1:]]
    if TERMS in ask.clauses:
        steps = steps[:1]
    elif _in_terms_before(ask, scene):
        steps = steps[1:] or steps
    equation = steps[-1].equation.tex
    before, sign, right = equation.partition("&= ")
    steps[-1] = replace(steps[-1], equation=Tex(rf"{before}{sign}\exanswer{{{right}}}"))
    if is_prediction(graph, found.name) and steps[0].equation.tex.startswith(left):
        letters = [part for part in index if isinstance(part, str)]
        steps.append(Step("reason", Tex(""), OWN if letters else WHOLE))
    whole = derive_gradients(graph)[found.name].closed
    solved = Solved(
        name=ask.name,
        latex=Tex(printer(last)),
        shape=SCALAR,
        expr=to_text(last),
        steps=tuple(steps),
        claim=Equation(graph, Quantity(graph.loss, found.name), (whole, last), index),
        write=lambda claim: Tex(printer(claim.rights[1])),
    )
    prints = rf"$\displaystyle {left}{rf',{QUAD} {runs}' if runs else ''}$"
    return Answered(Tex(prints), (solved,), "entry")
