"""An entry of a gradient down to its closed form, in the letters that an author chose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.derive.derivations import Derivation, Line, derivation, ranges_of
from exgen.derive.gradients import derive_gradients
from exgen.derive.index import entry_form, letters, letters_of
from exgen.derive.orient import per_example
from exgen.derive.partials import ordered
from exgen.derive.summands import loss_line
from exgen.errors import KindError
from exgen.graph import (
    Call,
    Entry,
    Name,
    derivatives_in,
    is_column,
    is_scalar,
    made,
    names_in,
    reindexed,
    substitute,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Graph, Index, Pair


def is_prediction(graph: Graph, name: str) -> bool:
    """Whether the loss is one of a name and a target, entry by entry."""
    try:
        return loss_line(graph).prediction == name
    except KindError:
        return False


def loss_case(graph: Graph) -> dict[str, Any]:
    """Return how a loss depends on its prediction, in the names of the network.

    ``by`` is the prediction, ``before`` what its function is applied to entry by entry, or "";
    ``letter`` that of an entry, or ""; ``forms`` how many forms the derivative by it has, and
    ``below`` whether a quantity stands below a bar in the first.

    Raises:
        KindError: the loss is none of a prediction and a target, or the prediction is a matrix.

    """
    by = loss_line(graph).prediction
    expr, shape = graph.expr(by), graph.shapes[by]
    if not is_column(shape):
        raise KindError(
            f"the prediction '{by}' is a matrix",
            remedy="loss_derivative needs one example; 'examples' makes many of it.",
        )
    if expr is None:
        said = f"the prediction '{by}' is no line of the network"
        raise KindError(said, remedy="Give it one, such as yhat = sigmoid(z).")
    before = ""
    match expr:
        # a weight or a scalar that the prediction is a product with is none
        case Call(_, (Name(name), *_)) if name in per_example(graph):
            before = name if graph.shapes[name] == shape else ""
    names = {*graph.names, *graph.size_names}
    letter = "" if is_scalar(shape) else next(sign for sign in "kijlpq" if sign not in names)
    _, *forms = of_prediction(graph, (letter or 0, 0)).lines
    bars = (part for part in walk(forms[0].expr) if made(part, "div"))
    return {
        "loss": graph.loss,
        "by": by,
        "before": before,
        "letter": letter,
        "forms": len(forms),
        "below": any(names_in(bar.args[1]) for bar in bars),
    }


def of_prediction(graph: Graph, index: Pair) -> Derivation:
    """Return the derivative of the loss by an entry of its prediction: term by term, then closed.

    Raises:
        KindError: the loss is none of a prediction and a target.

    """
    line = loss_line(graph)
    closed = derive_gradients(graph)[line.prediction].closed
    prediction, target = (Entry(Name(name), index) for name in (line.prediction, line.target))
    lines = (
        Line(Entry(graph.gradient(line.prediction), index), "start"),
        Line(line.at(prediction, target), "local", (graph.loss,)),
        Line(entry_form(closed, index, graph.shapes, letters(graph.shapes)), "cancel"),
    )
    kept = lines[: 2 if lines[1].expr == lines[2].expr else 3]
    return Derivation(line.prediction, index, ranges_of(graph, line.prediction, index), kept)


def closed_derivation(graph: Graph, name: str, index: Pair) -> Derivation:
    """Derive an entry of a gradient, and put each gradient in that it reads, back to the loss.

    Raises:
        KindError: a line on the way has no index form.

    """
    if is_prediction(graph, name):
        return of_prediction(graph, index)
    raw, gradients = derivation(graph, name), derive_gradients(graph)
    letter = letters_of(graph)
    lines, whole = list(raw.lines), gradients[name].step
    for reader in reversed(gradients):
        symbol = graph.gradient(reader)
        if reader != graph.loss and symbol in derivatives_in(whole):
            whole = substitute(whole, {symbol: gradients[reader].step})
            form = ordered(entry_form(whole, raw.index, graph.shapes, letter))
            lines.append(Line(form, "put in", (reader,)))
    closed = ordered(entry_form(gradients[name].closed, raw.index, graph.shapes, letter))
    if lines[-1].expr != closed:
        lines.append(Line(closed, "cancel"))
    return _in_letters(
        Derivation(raw.name, raw.index, raw.ranges, tuple(lines), raw.premise), index
    )


def _in_letters(found: Derivation, index: Pair) -> Derivation:
    """Return a derivation with other indices of its entry; letters in their way give way."""
    letters: dict[Index, Index] = {
        own: new for own, new in zip(found.index, index, strict=True) if isinstance(own, str)
    }
    free = [own for own in letters if own not in letters.values()]
    for taken in [new for new in letters.values() if isinstance(new, str) and new not in letters]:
        letters[taken] = free.pop() if free else f"{taken}''"
    for own, new in [*letters.items()]:
        if isinstance(new, str):
            letters.setdefault(f"{own}'", f"{new}'")
    return Derivation(
        found.name,
        index,
        tuple((new, dim) for own, dim in found.ranges if isinstance(new := letters[own], str)),
        tuple(
            Line(reindexed(line.expr, letters), line.rule, _about(line.about, letters))
            for line in found.lines
        ),
        found.premise,
    )


def _about(about: tuple[str, ...], letters: Mapping[Index, Index]) -> tuple[str, ...]:
    """Return what a rule speaks of, where it is a pair such as ``k'=k`` with other letters."""
    return tuple(
        "=".join(str(letters.get(letter, letter)) for letter in part.split("="))
        if "=" in part
        else part
        for part in about
    )
