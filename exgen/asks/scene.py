"""What an ask is answered from: the network in its notation, the numbers, and the other asks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from exgen.asks.turned import written
from exgen.derive.factors import NOTHING, gradients_given
from exgen.derive.turning import alike
from exgen.engine import forward
from exgen.errors import KindError, LanguageError, MisfitError, Source, nearest
from exgen.graph import Graph, Name, is_scalar, shape_text, substitute
from exgen.language import read_expression
from exgen.problems.backward import Backward
from exgen.problems.numbers import exact_arrays
from exgen.problems.upstream import part_of
from exgen.shapes import shape_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from exgen.asks.pieces import Compared, Formula, Phrase
    from exgen.derive.factors import Given
    from exgen.derive.latex import Printer
    from exgen.document import Tex
    from exgen.engine import Values
    from exgen.errors import Span
    from exgen.graph import Expr
    from exgen.problems.base import Setting, Solved


@dataclass(frozen=True, slots=True)
class Answered:
    """What an ask leads to.

    Attributes:
        prints: what stands in the text in place of the ask; blanks are marks in it.
        solved: the answers, one for each blank.
        layout: how the key works it out: ``worked``, ``derivation``, ``backward``, ``examples`` or
            ``rubric``; empty where the answer stands in a blank and has nothing to work out.
        derives: the rules that its key derives, to which later problems point.

    """

    prints: Tex | dict[str, Any]
    solved: tuple[Solved, ...]
    layout: str = ""
    derives: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scene:
    """A problem's network and draws.

    Attributes:
        setting: the network in its notation.
        source: the text, for errors.
        asks: every ask of the text, in order.
        stated: the names whose shapes the sheet states.
        draws: what was drawn: under ``numbers`` the leaves, under ``sizes`` those at which they
            are, under ``order`` that of choices.
        upstream: the leaf that is the upstream gradient of the last line, where one is shown.
        unnamed: whether the sheet has no name for it, so that its symbol stands in formulas.
        own: the network with what the text lets be.
        turned: the names that hold the transpose of what the text means by them.

    """

    setting: Setting
    source: Source
    asks: tuple[Phrase, ...]
    stated: frozenset[str]
    draws: Mapping[str, Any]
    upstream: str | None = None
    unnamed: bool = False
    own: Graph | None = None
    turned: frozenset[str] = frozenset()

    @property
    def graph(self) -> Graph:
        """The network."""
        return self.setting.graph

    @property
    def beside(self) -> Scene:
        """The scene whose network has what the text lets be as well."""
        if self.own is None:
            return self
        return replace(self, setting=replace(self.setting, graph=self.own))

    @property
    def printer(self) -> Printer:
        """A printer for the network's names."""
        return self.setting.printer

    @cached_property
    def leaves(self) -> Values:
        """The leaves' numbers, as exact fractions."""
        return exact_arrays(self.draws["numbers"])

    @cached_property
    def values(self) -> Values:
        """The forward pass at the numbers, exact as far as it can be."""
        return forward(self.graph, self.leaves, exact=True)

    @property
    def given_gradients(self) -> list[str]:
        """The line whose gradient is shown as given."""
        return [self.graph.bindings[-2].name] if self.upstream in self.graph.names else []

    @property
    def arriving(self) -> dict[Any, Expr]:
        """What stands in a formula for the leaf that is given, or for the gradient that it is."""
        if not self.given_gradients:
            return {}
        leaf, symbol = str(self.upstream), self.graph.gradient(*self.given_gradients)
        return {leaf: symbol} if self.unnamed else {symbol: Name(leaf)}

    def error(self, message: str, span: Span, remedy: str = "") -> KindError:
        """Return an error that points into the text."""
        return placed(KindError(message, remedy=remedy), self.source, span)

    def name(self, ask: Phrase, slot: str = "name") -> str:
        """Return the name that fills a place, if the network has it."""
        name = ask[slot] if isinstance(ask[slot], str) else ask[slot][0]
        return self.known(name, ask, slot)

    def known(self, name: str, ask: Phrase, slot: str) -> str:
        """Return a name of the network; an error points at where it should be."""
        if name not in self.graph.names:
            raise self.error(
                f"the network has no '{name}'", ask.spans[slot], nearest(name, self.graph.names)
            )
        return str(name)

    def numbered(self, ask: Phrase) -> Scene:
        """Return the scene with its sizes as numbers; raise where a network has none."""
        if "numbers" not in self.draws:
            raise self.error(
                "there are no numbers to work this out at", ask.span, "Sizes must be numbers."
            )
        sizes = self.draws.get("sizes")
        if not sizes:
            return self
        return replace(self, setting=replace(self.setting, graph=self.graph.with_sizes(sizes)))

    def digits(self, ask: Phrase) -> int | None:
        """Return the decimals that an answer is rounded to; None where it is exact."""
        digits = ask.clauses.get("digits")
        return None if digits is None else int(digits)

    def ending_in(self, of: str, ask: Phrase, slot: str = "name") -> Scene:
        """Return the scene whose network ends in a scalar that is differentiated."""
        if of == self.graph.loss and is_scalar(self.graph.shapes[of]):
            return self
        if not is_scalar(self.graph.shapes[of]):
            raise self.error(
                f"'{of}' is no scalar, so it has no gradient",
                ask.spans[slot],
                f"Ask for its jacobian, as in {{ask jacobian of {of} by …}}.",
            )
        return replace(self, setting=replace(self.setting, graph=part_of(self.graph, of)))

    def earlier(self, ask: Phrase) -> tuple[Phrase, ...]:
        """Return the asks that stand before one; before what is shown, all."""
        return tuple(takewhile(lambda part: part.name != ask.name, self.asks))

    def ending(self, of: str, span: Span) -> Scene:
        """Return the scene with what the text lets be, whose gradients are of a line if of any."""
        scene = self.beside
        if not of:
            return scene
        if of not in scene.graph.names or not is_scalar(scene.graph.shapes[of]):
            raise self.error(f"'{of}' is no scalar of the network", span)
        ends = part_of(scene.graph, of)
        return replace(scene, setting=replace(scene.setting, graph=ends), own=None)

    def check_sides(self, one: Expr, other: Expr, span: Span, sign: str = "=") -> None:
        """Raise where two sides differ in shape; every entry may compare with one number."""
        shapes = [shape_of(side, self.graph.shapes) for side in (one, other)]
        if shapes[0] != shapes[1] and (sign == "=" or not any(map(is_scalar, shapes))):
            said = " and ".join(map(shape_text, shapes))
            raise self.error(f"the two sides have different shapes: {said}", span)

    def formula(self, piece: Formula | str, span: Span | None = None) -> tuple[Expr, str]:
        """Return an expression of the text, and its LaTeX in the notation."""
        text, at = (piece, span) if isinstance(piece, str) else (piece.text, piece.span)
        if at is None:
            raise TypeError("a side of an equation needs its place")
        return self.formulas([(text, at)])[0]

    def sides(self, piece: Compared) -> list[tuple[Expr, str]]:
        """Return what a fact or a condition compares, each with its LaTeX in the notation."""
        return self.formulas((side, piece.span) for side in piece.sides)

    def formulas(self, sides: Iterable[tuple[str, Span]]) -> list[tuple[Expr, str]]:
        """Return expressions that are equal or are compared, each with its LaTeX in the notation.

        Each is read at its place in the text.
        """
        scene = self.beside
        graph = written(scene.graph, self.turned)
        exprs: list[Expr] = []
        for text, at in sides:
            try:
                exprs.append(read_expression(text, graph, name=self.source.name))
            except (MisfitError, LanguageError) as error:
                raise self.error(error.message, at, error.remedy) from None
        if self.turned:
            exprs = alike(exprs, graph.shapes, self.turned)
        return [(expr, scene.printer(expr)) for expr in exprs]


def backward_of(scene: Scene, given: Given = NOTHING) -> Backward:
    """Return the gradients of a scene; where an upstream gradient is shown they are written by it.

    ``given`` says which derivatives stay symbols besides.
    """
    found = dict(gradients_given(scene.graph, given))
    put = scene.arriving
    if put:
        found |= {
            name: replace(g, step=substitute(g.step, put), closed=substitute(g.closed, put))
            for name, g in found.items()
            if name not in scene.given_gradients
        }
    return Backward(scene.setting, given, found)


def placed(error: KindError, source: Source, span: Span) -> KindError:
    """Return an error that points into a text."""
    return KindError(
        error.message,
        place=source.place(span),
        excerpt=source.excerpt(span),
        remedy=error.remedy,
    )


def is_exact(number: object) -> bool:
    """Whether a number is a fraction, and no float."""
    return isinstance(number, (Fraction, int))
