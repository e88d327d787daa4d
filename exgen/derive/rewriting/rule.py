"""What a rewrite rule is, and what rules may know of the names in an expression."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from exgen.derive.rewriting.terms import Product, Sum
    from exgen.graph import Call, Expr
    from exgen.shapes import Shapes


class Known(Struct, frozen=True):
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
    whole: Mapping[str, int] = field(default_factory=dict)
    quotients: Mapping[str, Call] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    products: dict[int, tuple[Expr, Product | None]] = field(default_factory=dict)
    sums: dict[int, tuple[Expr, Sum | None]] = field(default_factory=dict)
    done: dict[int, tuple[Expr, Expr]] = field(default_factory=dict)
    orderly: dict[int, Expr] = field(default_factory=dict)


class Rule(Struct, frozen=True):
    """One rewrite: where the left side stands, the right side says the same and reads better.

    Attributes:
        name: what it does, in a few words.
        left: an instance of the left side, in the network language.
        right: what becomes of it.
        sizes: the rows and columns of each letter in the two sides, such as ``a[n, m]``; a small
            letter stands for any size, a capital for one above 1, and ``s[]`` is a scalar.
        guard: when the rule applies, in words; empty for always.
        apply: the rewrite; None where the left side does not stand there.

    """

    name: str
    left: str
    right: str
    sizes: str
    guard: str
    apply: Callable[[Call, Known], Expr | None]
