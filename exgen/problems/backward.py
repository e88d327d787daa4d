"""The backward pass of a problem: every gradient as its notation writes it, with its reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.derive.batch import cost_name
from exgen.derive.latex import Printer
from exgen.derive.rules import rule_name
from exgen.derive.symbols import example_mark, shape_latex
from exgen.derive.worked import functions_on
from exgen.derive.written import as_written, written_shape
from exgen.document import Step, Tex
from exgen.graph import SCALAR, Derivative, Expr, Graph, is_scalar, names_in, walk
from exgen.ops import lookup
from exgen.problems.steps import claimed, slope_reasons

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.certify.prove import Claim
    from exgen.derive.factors import Given
    from exgen.derive.gradients import Gradient
    from exgen.graph import Shape
    from exgen.problems.base import Setting

PATHS = "A value that is used in several places receives a contribution from each; they add up."


class Backward(Struct, frozen=True):
    """Everything one problem derives from: the setting, what is given, and the gradients."""

    setting: Setting
    given: Given
    found: Mapping[str, Gradient]

    @property
    def graph(self) -> Graph:
        """The network."""
        return self.setting.graph

    @property
    def layout(self) -> str:
        """The layout of the notation."""
        return self.setting.notation.layout

    def written(self, expr: Expr) -> Expr:
        """Return a gradient as the notation writes it."""
        return as_written(expr, self.graph, self.setting.notation)

    def shape(self, name: str) -> Shape:
        """Return the shape in which the gradient by a name is printed."""
        return written_shape(self.graph.shapes[name], self.setting.notation)

    def printer(self, examples: frozenset[str] = frozenset()) -> Printer:
        """Return a printer; with ``examples``, for the values of one example of many."""
        notation, shapes = self.setting.notation, self.graph.shapes
        if examples:
            # beside a cost J the loss of an example is no J
            shapes = {**shapes, cost_name(self.graph): SCALAR}
        mark = example_mark(notation)
        return Printer(notation, shapes, self.graph.loss, examples=examples, mark=mark)

    def step(
        self,
        name: str,
        examples: frozenset[str] = frozenset(),
        *,
        closed: bool = False,
        answer: bool = False,
    ) -> Step:
        """Return one aligned line of the derivation, proven: its rule and shape are the reason.

        With ``closed``, or where something is given, the line ends in the closed form; ``answer``
        marks its last side.
        """
        gradient = self.found[name]
        written = [self.written(gradient.step)]
        if closed or not self.given.is_empty:
            written.append(self.written(gradient.closed))
        printer = self.printer(examples)
        shown = list(dict.fromkeys(map(printer, written)))
        if answer:
            shown[-1] = rf"\exanswer{{{shown[-1]}}}"
        sides = dict.fromkeys((self.written(self.graph.gradient(name)), *written))
        claims = claimed(self.graph, tuple(sides))
        left, rule = printer.derivative(self.graph.loss, name), rule_name(gradient, self.graph)
        why = Tex(f"{rule}; {sized(self.shape(name))}")
        return Step(rule, Tex(f"{left} &= {' = '.join(shown)}"), why, claims=claims)

    def reasons(self, name: str) -> tuple[list[str | Tex], tuple[Claim, ...]]:
        """Return why a line holds, sentence by sentence, and the claims of what it states."""
        gradient = self.found[name]
        lines = [b.expr for b in self.graph.bindings if name in names_in(b.expr)]
        calls = [part for line in lines for part in functions_on(line) if part.op in gradient.rules]
        formulas, claims = slope_reasons(calls, self.setting.printer, self.graph)
        stated = {lookup(part.op).why for part in calls}
        told: list[str | Tex] = [text for text in reasons_of(gradient) if text not in stated]
        return [*told, *(Tex(f"Here ${formula}$, entry by entry.") for formula in formulas)], claims

    def needed(self, name: str, known: list[str]) -> list[str]:
        """Return the names whose gradients must be known before, in an order that works."""
        order: list[str] = []

        def visit(target: str) -> None:
            for part in walk(self.found[target].step):
                by = part.by if isinstance(part, Derivative) and part.of == self.graph.loss else ""
                if by and by not in (*known, *order, *self.given.gradients):
                    visit(by)
                    order.append(by)

        visit(name)
        return order


def sized(shape: Shape) -> str:
    """Return the shape of a gradient in words."""
    return "a scalar" if is_scalar(shape) else f"shape ${shape_latex(shape)}$"


def reasons_of(gradient: Gradient) -> list[str]:
    """Return the sentences that say why a gradient is what it is."""
    return [*gradient.why, *([PATHS] if len(gradient.rules) > 1 else [])]
