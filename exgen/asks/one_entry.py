"""An ask for one entry of a gradient at numbers, such as its first one."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from exgen.asks.numeric import require_exact, result, told_apart
from exgen.asks.scene import Answered, Scene, backward_of
from exgen.certify.equation import Equation
from exgen.certify.quantity import Quantity
from exgen.document import Step, Tex
from exgen.graph import SCALAR, Entry, Number
from exgen.problems.base import Solved
from exgen.problems.cellwise import Grids
from exgen.problems.numbers import number_latex

if TYPE_CHECKING:
    from exgen.asks.pieces import Phrase


def entry_value(ask: Phrase, scene: Scene) -> Answered:
    """Return the number at a place of a gradient, from the gradients that it is worked out from."""
    scene, (by, index) = scene.numbered(ask), ask["entry"]
    if "digits" in ask.clauses:
        remedy = "Ask for it exactly, or for the whole gradient."
        raise scene.error("one entry is not rounded", ask.spans["digits"], remedy)
    inner = scene.ending_in(scene.name(ask), ask)
    graph, whole = inner.graph, result(ask, scene.graph, scene.values)
    row, column = (int(part) if part.isdecimal() else -1 for part in (*index, "0")[:2])
    if not (0 <= row < whole.shape[0] and 0 <= column < whole.shape[1]) or len(index) > whole.ndim:
        remedy = f"Count from 0: '{by}' is {' x '.join(map(str, whole.shape))}."
        raise scene.error(f"'{by}' has no such entry", ask.spans["entry"], remedy)
    number = whole[row, column]
    require_exact(ask, np.array([number]), scene.source)
    claim = Equation(
        graph,
        Quantity(graph.loss, by),
        (Number(Fraction(number)),),
        index=(row, column),
        leaves={leaf.name: scene.leaves[leaf.name] for leaf in graph.leaves},
    )
    grids = Grids(scene.setting.notation, graph, scene.values)
    symbol = grids.printer(Entry(graph.gradient(by), (row, column)))
    latex = number_latex(number)
    inside = grids.inside(backward_of(inner).found[by].step, (row, column))
    sides = " = ".join([symbol, *([inside] if inside not in ("", latex) else [])])
    solved = Solved(
        name=ask.name,
        latex=Tex(latex),
        shape=SCALAR,
        expr=str(number),
        steps=(Step("entry", Tex(rf"{sides} = \exanswer{{{latex}}}"), "", claims=(claim,)),),
        claim=claim,
        write=lambda claim: Tex(number_latex(claim.rights[0].value)),
        where=told_apart(ask, scene, symbol),
    )
    return Answered(Tex(rf"$\displaystyle {symbol}$"), (solved,), "worked")
