"""Chains: the gradient of the loss as a product of Jacobians, and blanks with one filling."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from itertools import pairwise, product
from typing import TYPE_CHECKING

from exgen.certify.arrows import separates
from exgen.certify.compare import worst
from exgen.certify.equation import Equation
from exgen.certify.quantity import Quantity
from exgen.document import Agreement
from exgen.errors import CertificateError

if TYPE_CHECKING:
    from exgen.graph import Expr, Graph


DIFFERENCES = "differences"


@dataclass(frozen=True, slots=True)
class ChainClaim:
    """The gradient of the loss by a name is a product of Jacobians along a chain of names.

    Attributes:
        graph: the network.
        chain: the names, from the variable through each stage to the loss.
        jacobians: the expression of each factor but the last, in the layout.
        denominator: the layout; it also says that the factors stand from the inside out.
        hidden: the positions in the chain that are not shown anywhere in the line.

    """

    graph: Graph
    chain: tuple[str, ...]
    jacobians: tuple[Expr, ...]
    denominator: bool
    hidden: tuple[int, ...]

    @property
    def sort(self) -> str:
        """What a manifest calls it."""
        return "chain"

    def prove(self) -> tuple[Agreement, ...]:
        """Multiply the factors in the printed order, and compare with the gradient."""
        if not self.jacobians:
            raise CertificateError("a chain has a Jacobian")
        layout = "denominator" if self.denominator else "numerator"
        stages = pairwise(self.chain[:-1])
        parts = [
            Equation(self.graph, Quantity(outer, inner), (expr,), layout=layout).prove()
            for (inner, outer), expr in zip(stages, self.jacobians, strict=True)
        ]
        last = self.graph.gradient(self.chain[-2])
        factors: list[Expr] = [*self.jacobians, last] if self.denominator else [last.T]
        factors += [] if self.denominator else reversed(self.jacobians)
        whole = reduce(lambda left, right: left @ right, factors)
        asked = Quantity(self.graph.loss, self.chain[0])
        agreed = Equation(self.graph, asked, (whole,), layout=layout).prove()
        apart = [part for found in (*parts, agreed) for part in found if part.method == DIFFERENCES]
        self.check_unique()
        return (
            *(part for part in agreed if part.method != DIFFERENCES),
            worst(apart),
            Agreement("only one filling", 0.0, len(self.hidden)),
        )

    def check_unique(self) -> None:
        """Raise where other names fit the hidden positions as well."""
        if fillings(self.graph, self.chain, self.hidden) != 1:
            raise CertificateError("only one filling: other names fit the blanks as well")


def fillings(graph: Graph, chain: tuple[str, ...], hidden: tuple[int, ...]) -> int:
    """Count the ways to fill the hidden positions so that the chain rule holds.

    Each position needs a name that the next one depends on, through which every path to it goes.
    """
    names = [name for name in graph.names if name not in chain or chain.index(name) in hidden]
    count = 0
    for names_tried in product(names, repeat=len(hidden)):
        trial = dict(enumerate(chain)) | dict(zip(hidden, names_tried, strict=True))
        count += all(separates(graph, a, b, chain[-1]) for a, b in pairwise(trial.values()))
    return count
