"""An ask for one entry of a gradient at numbers, such as its first one."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from exgen.asks.arrays import cell_latex
from exgen.asks.numeric import asked, require_exact, result, told_apart
from exgen.asks.scene import Answered, Scene, backward_of
from exgen.certify.equation import Equation
from exgen.certify.quantity import Quantity
from exgen.certify.sides import Rounding
from exgen.document import Step, Tex
from exgen.graph import SCALAR, Entry, Number
from exgen.problems.base import Solved
from exgen.problems.cellwise import Grids

if TYPE_CHECKING:
    from exgen.asks.pieces import Phrase


def entry_value(ask: Phrase, scene: Scene) -> Answered:
    """Return the number at a place of a gradient, from the gradients that it is worked out from."""
    scene, (by, index) = scene.numbered(ask), ask["entry"]
    inner, digits = scene.ending_in(scene.name(ask), ask), scene.digits(ask)
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
        rounding=None if digits is None else Rounding(digits),
    )
    grids = Grids(scene.setting.notation, graph, scene.values)
    symbol = grids.printer(Entry(graph.gradient(by), (row, column)))
    latex, sign = cell_latex(number, digits), "=" if digits is None else r"\approx"
    inside = grids.inside(backward_of(inner).found[by].step, (row, column))
    sides = " = ".join([symbol, *([inside] if inside not in ("", latex) else [])])
    solved = Solved(
        name=ask.name,
        latex=Tex(latex),
        shape=SCALAR,
        expr=str(number),
        steps=(Step("entry", Tex(rf"{sides} {sign} \exanswer{{{latex}}}"), "", claims=(claim,)),),
        claim=claim,
        write=lambda claim: Tex(cell_latex(claim.rights[0].value, digits)),
        where=told_apart(ask, scene, symbol),
    )
    return Answered(asked(rf"$\displaystyle {symbol}$", digits, scene), (solved,), "worked")
