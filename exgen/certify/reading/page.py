"""What every reader of a page needs: the printed text, and values to compare it with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from msgspec import Struct, field

from exgen.certify.memory import Memory
from exgen.readback.vocabulary import vocabulary

if TYPE_CHECKING:
    from exgen.derive.notation import Notation
    from exgen.graph import Derivative, Graph
    from exgen.readback.vocabulary import Vocabulary

METHOD = "read back"


class Page(Struct, frozen=True):
    """An answer as it stands on the page.

    Attributes:
        latex: the text, for math mode.
        notation: the conventions that the page states.
        expr: the answer in the network language, where it is a name.
        memory: what was worked out for earlier answers of the same problem.

    """

    latex: str
    notation: Notation
    expr: str = ""
    memory: Memory = field(default_factory=Memory)

    def known(
        self, graph: Graph, layout: str = "shape", given: frozenset[Derivative] = frozenset()
    ) -> Vocabulary:
        """Return what a reader knows of a network, and which derivatives of lines are given."""
        plain = self.memory.once(
            f"vocabulary {layout}", graph, lambda: vocabulary(graph, self.notation, layout=layout)
        )
        return replace(plain, given=given)
