"""Vocabulary: what stands for which name, and which sign means what, in one notation.

This is all that reading takes from the printing side: how each single name looks. It is what the
conventions on page 1 and the list of the network's names tell a student. How names are put
together to expressions is read by the rules of mathematics, without the printer's help.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import msgspec

from exgen.derive.orient import examples as batch_axes
from exgen.derive.symbols import dim_latex, example_mark, symbol, unique_without_layers
from exgen.graph import SCALAR, Call, Dim, Entry, Expr, Index, Name
from exgen.ops import uses
from exgen.ops.order import SORT
from exgen.readback.tokens import tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from exgen.derive.notation import Notation
    from exgen.graph import Derivative, Graph, Shape
    from exgen.printing import Symbol

Texts = tuple[str, ...]

HADAMARD: Mapping[str, str] = {"odot": r"\odot", "circ": r"\circ"}
TRANSPOSE: Mapping[str, str] = {"top": r"\top", "T": r"\mathsf{T}"}
PRODUCT: Mapping[str, str] = {"times": r"\times", "dot": r"\cdot", "none": ""}
ONES: Mapping[str, str] = {"bold": r"\mathbf{1}", "blackboard": r"\mathbb{1}"}
INDICATOR: Mapping[str, str] = {**ONES, "bracket": ""}


class Item(msgspec.Struct, frozen=True):
    """One look of a name: its letter, what stands below and above, and what it stands for.

    Attributes:
        below: the tokens of its subscript, before any index.
        above: the tokens of its superscript, before any transpose mark.
        reads: the name, or an entry of it.
        shape: the shape of what it stands for.
        indexed: whether an index must follow: the look of its entries.

    """

    below: Texts
    above: Texts
    reads: Expr
    shape: Shape
    indexed: bool


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a reader of a page knows before reading it.

    Attributes:
        notation: the conventions.
        shapes: the shape of every name.
        loss: the name of the loss.
        items: the looks of names, by letter.
        sizes: the names of sizes, by look.
        letters: the indices that may stand free, and the size of the axis each runs along.
        examples: the letter of the examples of a batch, and their number, where the values of
            one example are marked with it.
        layout: says which derivatives stand transposed.
        given: the derivatives of other lines than the last that may stand on the page.
        sorts: every sort in the network.
        batch: the axis along which a name's examples run.

    """

    notation: Notation
    shapes: Mapping[str, Shape]
    loss: str
    items: Mapping[str, tuple[Item, ...]]
    sizes: Mapping[Texts, str]
    letters: Mapping[str, Dim] = field(default_factory=dict)
    examples: tuple[str, Dim] | None = None
    layout: str = "shape"
    given: frozenset[Derivative] = frozenset()
    sorts: tuple[Call, ...] = ()
    batch: Mapping[str, int] = field(default_factory=dict)

    def with_letters(self, letters: Mapping[str, Dim]) -> Vocabulary:
        """Return it with letters that may stand free."""
        return replace(self, letters=letters)


class _Items(msgspec.Struct):
    notation: Notation
    by_letter: dict[str, list[Item]] = msgspec.field(default_factory=dict)

    def add(self, named: Symbol, reads: Expr, shape: Shape, *, indexed: bool) -> None:
        """Add a look of a name, as tokens."""
        letter, below, above = scripts(tuple(t.text for t in tokens_of(named.latex())))
        found = self.by_letter.setdefault(letter, [])
        item = Item(below, above, reads, shape, indexed)
        if item not in found:
            found.append(item)

    def add_name(self, name: str, shape: Shape, look: _Look) -> None:
        """Add a name in every look the notation gives it, and the look of its entries."""
        reads: Expr = Name(name) if look.entry is None else Entry(Name(name), look.entry)
        inner = shape if look.entry is None else SCALAR
        for marked in look.marked:
            looks = {"is_loss": look.is_loss, "marked": marked}
            whole = symbol(look.called or name, inner, self.notation, **looks)
            whole = replace(whole, superscript=whole.superscript + look.mark)
            self.add(whole, reads, inner, indexed=False)
            if inner != SCALAR:
                entry = symbol(look.called or name, SCALAR, self.notation, **looks)
                entry = replace(entry, superscript=entry.superscript + look.mark)
                self.add(entry, reads, inner, indexed=True)


class _Look(msgspec.Struct, frozen=True):
    """How a name is shown: with its layer or not, as the loss, with an example's mark."""

    marked: tuple[bool, ...]
    is_loss: bool = False
    mark: str = ""
    called: str = ""
    entry: tuple[Index, Index] | None = None


def vocabulary(
    graph: Graph,
    notation: Notation,
    *,
    layout: str = "shape",
    beside: Iterable[str] = (),
) -> Vocabulary:
    """Return what a reader knows of a network.

    Args:
        graph: the network.
        notation: the conventions.
        layout: says which derivatives stand transposed.
        beside: names that the problem uses next to those of the network.

    """
    items = _Items(notation)
    for name in graph.names:
        is_loss = _is_loss(name, graph, notation, beside)
        items.add_name(
            name, graph.shapes[name], _Look(_marked(graph.names, notation), is_loss=is_loss)
        )
    return Vocabulary(
        notation=notation,
        shapes=graph.shapes,
        loss=graph.loss,
        items={letter: tuple(found) for letter, found in items.by_letter.items()},
        sizes=size_looks(graph.size_names),
        layout=layout,
        sorts=tuple(uses(graph, lambda op: op.name == SORT.name)),
        batch=batch_axes(graph),
    )


def over_examples(
    plain: Vocabulary, graph: Graph, names: Iterable[str], count: Dim, letter: str = "i"
) -> Vocabulary:
    """Return a vocabulary in which some names carry the mark of an example, as ``x^{(i)}``."""
    items, own = _Items(plain.notation), frozenset(names)
    mark = example_mark(plain.notation, letter)
    for name in graph.names:
        marked = _marked(graph.names, plain.notation)
        is_loss = _is_loss(name, graph, plain.notation, ("J",))
        look = _Look(marked, is_loss=is_loss, mark=mark if name in own else "")
        items.add_name(name, plain.shapes[name], look)
    sizes = {**plain.sizes, **size_looks(count.names)}
    looks = {key: tuple(found) for key, found in items.by_letter.items()}
    return replace(plain, items=looks, sizes=sizes, examples=(letter, count))


def entries_of_examples(
    plain: Vocabulary, graph: Graph, index: tuple[Index, Index], count: Dim
) -> Vocabulary:
    """Return a vocabulary in which ``y^{(i)}`` is an entry of the batch's name Y."""
    items = _Items(plain.notation)
    letter = next(part for part in index if isinstance(part, str))
    small = {name: name[0].lower() + name[1:] for name in graph.names}
    for name, called in small.items():
        if graph.shapes[name][index.index(letter)] != count:
            continue
        for marked in _marked(tuple(small.values()), plain.notation):
            look = _Look(
                (marked,), mark=example_mark(plain.notation, letter), called=called, entry=index
            )
            items.add_name(name, graph.shapes[name], look)
    looks = {key: tuple(found) for key, found in items.by_letter.items()}
    return replace(plain, items=looks, examples=(letter, count))


def _marked(names: Iterable[str], notation: Notation) -> tuple[bool, ...]:
    """Return whether names carry their layer; both looks where a notation may leave it out."""
    if notation.layer != "none":
        return (True,)
    return (True, False) if unique_without_layers(names) else (True,)


def _is_loss(name: str, graph: Graph, notation: Notation, beside: Iterable[str]) -> bool:
    taken = "J" in graph.names or "J" in tuple(beside)
    return name == graph.loss and not (notation.loss == "J" and taken)


def size_looks(names: Iterable[str]) -> dict[Texts, str]:
    """Return the names of sizes by their tokens."""
    return {tuple(t.text for t in tokens_of(dim_latex(Dim(0, (name,))))): name for name in names}


def scripts(texts: Texts) -> tuple[str, Texts, Texts]:
    """Return a single symbol's letter, subscript and superscript."""
    letter, rest = texts[0], texts[1:]
    found: dict[str, Texts] = {"_": (), "^": ()}
    while rest:
        end = rest.index("}")
        found[rest[0]] = rest[2:end]
        rest = rest[end + 1 :]
    return letter, found["_"], found["^"]
