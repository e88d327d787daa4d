"""How the examples of a batch lie: which axis runs through the entries of one example.

Parameters act on the entries of an example: in ``W @ X`` these run down the rows, in ``X @ W``
along the columns. A product with a constant, such as the adjacency matrix of a graph, shows less,
and counts only where no parameter shows anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct, field

from exgen.graph import is_scalar, names_in
from exgen.ops import lookup

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exgen.graph import Call, Expr, Shape
    from exgen.language.reader import Declaration

NONE: frozenset[int] = frozenset()


class Features(NamedTuple):
    """The axes along which an example's entries run, as far as products show them.

    Both axes stand here where products contradict one another.
    """

    by_params: frozenset[int] = NONE
    by_constants: frozenset[int] = NONE

    @property
    def shown(self) -> frozenset[int]:
        """The axes that count."""
        return self.by_params or self.by_constants

    @property
    def axis(self) -> int | None:
        """The one axis that products show; None where they show none, or both."""
        return next(iter(self.shown)) if len(self.shown) == 1 else None

    @property
    def turned(self) -> Features:
        """The axes of the transpose."""
        return Features(*(frozenset(1 - axis for axis in axes) for axes in self))


def together(features: Iterable[Features]) -> Features:
    """Return what several expressions show in one place."""
    every = tuple(features)
    return Features(
        NONE.union(*(part.by_params for part in every)),
        NONE.union(*(part.by_constants for part in every)),
    )


class Orientation(Struct):
    """What the names bound so far are computed from, and along which axes their features run.

    Attributes:
        data: the names that hold examples, or are computed from them.
        learned: the names that are parameters, or are computed from them.
        batches: the names that hold, or are computed from, data declared with two sizes.
        features: the axes of the names that are bound by lines.

    """

    data: set[str] = field(default_factory=set)
    learned: set[str] = field(default_factory=set)
    batches: set[str] = field(default_factory=set)
    features: dict[str, Features] = field(default_factory=dict)

    @classmethod
    def of(cls, declarations: Iterable[Declaration]) -> Orientation:
        """Return what declarations alone show."""
        found = Orientation()
        for leaf in declarations:
            if leaf.role == "param":
                found.learned.add(leaf.name)
            elif leaf.role != "const":
                found.data.add(leaf.name)
                if len(leaf.dims) > 1:
                    found.batches.add(leaf.name)
        return found

    def bind(self, name: str, expr: Expr, features: Features) -> None:
        """Note a line."""
        self.features[name] = features
        for sort in (self.data, self.learned, self.batches):
            if names_in(expr) & sort:
                sort.add(name)

    def is_batch(self, expr: Expr) -> bool:
        """Whether an expression is computed from data declared with two sizes."""
        return bool(names_in(expr) & self.batches)

    def of_name(self, name: str, shape: Shape) -> Features:
        """Return the axes of a name's features."""
        return Features() if is_scalar(shape) else self.features.get(name, Features())

    def of_call(self, expr: Call, args: tuple[Features, ...], shape: Shape) -> Features:
        """Return the axes of a call's features from those of its arguments."""
        if is_scalar(shape):
            return Features()
        if expr.op == "matmul":
            return self._of_product(expr, args)
        if expr.op == "transpose":
            return args[0].turned
        row = lookup(expr.op)
        if row.traits.entrywise or not row.infix:
            return together(args)
        return Features()

    def _of_product(self, expr: Call, args: tuple[Features, ...]) -> Features:
        left, right = (bool(names_in(arg) & self.data) for arg in expr.args)
        if left == right:
            return Features()
        data, axis = (0, frozenset({1})) if left else (1, frozenset({0}))
        acts = names_in(expr.args[1 - data]) & self.learned
        return together([args[data], Features(axis, NONE) if acts else Features(NONE, axis)])
