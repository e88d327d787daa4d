"""What a view of an expression is made of: powers, their products, and sums of those."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from msgspec import Struct

from exgen.graph import SCALAR, Expr, Number, Shape, is_scalar

Exact = int | Fraction
FULL = 1


@dataclass(frozen=True, slots=True)
class Factor:
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


class Sum(Struct, frozen=True):
    """Products added up; beside arrays a scalar stands for a multiple of the array of ones."""

    terms: tuple[Product, ...]
    shape: Shape
