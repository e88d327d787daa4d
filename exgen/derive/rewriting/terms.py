"""What a view of an expression is made of: powers, their products, and sums of those."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import msgspec

from exgen.graph import SCALAR, Expr, Number, Shape, is_scalar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Call
    from exgen.shapes import Shapes

Exact = int | Fraction
FULL = 1


class Factor(msgspec.Struct, frozen=True):
    """A power of an expression that is no product itself; the exponent is a number."""

    base: Expr
    power: Exact = FULL

    def written(self) -> Expr:
        """Return the factor with the sign of its exponent left out."""
        power = magnitude(self.power)
        return self.base if power == 1 else self.base ** Number(Fraction(power))


Factors = tuple[Factor, ...]


def magnitude(value: Exact) -> Exact:
    """Return a number without its sign."""
    return -value if value < 0 else value


@dataclass(frozen=True, slots=True)
class Product:
    """A number times scalars times arrays of one shape, entry by entry."""

    number: Exact
    scalars: Factors
    arrays: Factors
    shape: Shape

    def times(self, other: Product) -> Product:
        """Return the product of two products."""
        shape = self.shape if is_scalar(other.shape) else other.shape
        return Product(
            self.number * other.number,
            self.scalars + other.scalars,
            self.arrays + other.arrays,
            shape,
        )

    @property
    def coefficient(self) -> Product:
        """The part in front of the arrays."""
        return Product(self.number, self.scalars, (), SCALAR)

    @property
    def bare(self) -> Product:
        """The arrays without what stands in front of them."""
        return Product(FULL, (), self.arrays, self.shape)

    @property
    def divisors(self) -> Factors:
        """What divides."""
        return tuple(f for f in (*self.scalars, *self.arrays) if f.power < 0)


class Sum(msgspec.Struct, frozen=True):
    """Products added up; beside arrays a scalar stands for a multiple of the array of ones."""

    terms: tuple[Product, ...]
    shape: Shape


class Known(msgspec.Struct, frozen=True):
    """What rules may look at beside the expression itself.

    Attributes:
        shapes: the shape of every name.
        whole: the names whose entries sum to 1 along an axis, with that axis.
        quotients: the lines that are a quotient, by name.
        used: the names of ``whole`` that a rule has leant on so far.
        products: expressions that were read as products, by identity; each is kept with its view.
        sums: the same for sums.
        done: what became of expressions that were worked on, by identity.
        orderly: expressions that were written from a view, and need not be put in order again.

    """

    shapes: Shapes
    whole: Mapping[str, int] = msgspec.field(default_factory=dict)
    quotients: Mapping[str, Call] = msgspec.field(default_factory=dict)
    used: set[str] = msgspec.field(default_factory=set)
    products: dict[int, tuple[Expr, Product | None]] = msgspec.field(default_factory=dict)
    sums: dict[int, tuple[Expr, Sum | None]] = msgspec.field(default_factory=dict)
    done: dict[int, tuple[Expr, Expr]] = msgspec.field(default_factory=dict)
    orderly: dict[int, Expr] = msgspec.field(default_factory=dict)
