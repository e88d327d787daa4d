"""Functions made of pieces: every entry is held on the piece that it stands on.

A ReLU is made of two linear pieces, a sorted column of one piece for each order. Off the places
where they meet, a function agrees nearby with the piece it stands on, so both have the same
derivative there, however near the next piece is. A difference of the held function therefore needs
no step that is smaller than every distance to a kink, which a batch of thousands of
pre-activations does not have. At a kink itself, holding is the convention: the slope that the
notation gives to 0.

Nothing here knows a gradient rule: a piece is found by running the op.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.engine import Values, evaluate
from exgen.graph import Binding, Call, Dim, Expr, Graph, Leaf, Name, rebuild
from exgen.ops import traits_of
from exgen.ops.compare import LESS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


def held(
    graph: Graph, values: Mapping[str, NDArray[Any]], *, slope_at_zero: int = 0, ties: bool = True
) -> tuple[Graph, Values]:
    """Return a network that stays on the pieces that it stands on, and its new constants.

    Args:
        graph: a network whose sizes are all numbers.
        values: the value of every name.
        slope_at_zero: 0 where an entry at a kink belongs to the negative side, 1 where it
            belongs to the positive one.
        ties: whether equal entries keep their order too. A trial point has only ties that are
            never broken; elsewhere no convention says which of two equal entries comes first.

    Returns:
        The network, with constants as additional leaves, and their values. Near ``values`` it
        has the values of ``graph``, and so its derivatives, wherever those exist. A comparison
        of equal numbers is left as it is: no piece has its jump.

    """
    holding = _Holding(values, slope_at_zero, ties=ties)
    for binding in graph.bindings:
        holding.add(binding)
    if not holding.leaves:
        return graph, {}
    shapes = {**graph.shapes, **{leaf.name: leaf.shape for leaf in holding.leaves}}
    leaves = (*graph.leaves, *holding.leaves)
    return Graph(leaves, tuple(holding.bindings), shapes, graph.loss), holding.constants


class _Holding:
    """The lines of a network, rewritten one after the other."""

    def __init__(
        self, values: Mapping[str, NDArray[Any]], slope_at_zero: int, *, ties: bool
    ) -> None:
        self.values = values
        self.slope_at_zero = slope_at_zero
        self.ties = ties
        self.leaves: list[Leaf] = []
        self.bindings: list[Binding] = []
        self.constants: Values = {}

    def add(self, binding: Binding) -> None:
        expr = self._held(binding.expr)
        self.bindings.append(Binding(binding.name, expr))

    def _held(self, expr: Expr) -> Expr:
        inner = rebuild(expr, self._held)
        if not (isinstance(expr, Call) and isinstance(inner, Call)):
            return inner
        traits = traits_of(expr)
        if traits.jump:
            sides = [evaluate(arg, self.values) for arg in expr.args]
            tied = bool((sides[0] == (sides[1] if sides[1:] else 0)).any())
            return inner if tied else self._constant(evaluate(expr, self.values))
        if traits.kink:
            return self._on_its_side(inner, evaluate(expr.args[0], self.values))
        if traits.routed is not None:
            order = evaluate(expr.args[0], self.values)
            tied = np.unique(order).size < order.size
            return inner if tied and not self.ties else traits.routed(inner, self._constant(order))
        return inner

    def _constant(self, array: NDArray[Any]) -> Name:
        # A name with a space is no name of the language, so it cannot be taken.
        name = f"held {len(self.leaves)}"
        rows, columns = array.shape
        self.leaves.append(Leaf(name, "const", (Dim(rows), Dim(columns)), 2))
        self.constants[name] = array
        return Name(name)

    def _on_its_side(self, expr: Call, at: NDArray[Any]) -> Expr:
        """Continue an entry that crosses its kink along the piece that it comes from."""
        at_zero = (1.0 if self.slope_at_zero else -1.0) if traits_of(expr).kink == "side" else 0.0
        side = self._constant(np.where(at == 0, at_zero, np.sign(at)))
        z = Name(f"argument {len(self.leaves)}")
        self.bindings.append(Binding(z.name, expr.args[0]))
        own = Call(expr.op, (z, *expr.args[1:]), expr.options)
        # Linear on either side, so the slope of a piece is what the op makes of a 1 on it.
        piece = Call(expr.op, (side, *expr.args[1:]), expr.options) * (side * z)
        # Where it is flat at its kink, every move crosses it.
        flat = 0 if at_zero else self._constant(np.where(at == 0, 1.0, 0.0))
        return own + LESS(side * z, flat) * (piece - own)
