"""What a rewrite rule is: a function with an instance of what it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from exgen.derive.rewriting.terms import Sum
from exgen.derive.rewriting.views import PRODUCTS, is_sum, write_product, write_sum
from exgen.graph import Expr, made

if TYPE_CHECKING:
    from collections.abc import Callable

    from exgen.derive.rewriting.terms import Known, Product
    from exgen.graph import Call

F = TypeVar("F", bound="Callable[..., Any]")


@dataclass(frozen=True, slots=True)
class Rule(Generic[F]):
    """One rewrite: where the left side stands, the right side says the same and reads better.

    Attributes:
        left: an instance of the left side, in the network language.
        right: what becomes of it.
        sizes: the rows and columns of each letter in the two sides, such as ``a[n, m]``; a small
            letter stands for any size, a capital for one above 1, and ``s[]`` is a scalar.
        guard: when the rule applies, in words; empty for always.
        change: the rewrite, of the expression or of a view of it, into an expression or a view;
            None where the left side does not stand there.
        view: how the expression is read for it; None for as it is.

    """

    left: str
    right: str
    sizes: str
    guard: str
    change: F
    view: Callable[[Expr, Known], Product | Sum | None] | None

    @property
    def name(self) -> str:
        """What it does, in a few words."""
        return f"{self.change.__doc__} {self.left}"

    def apply(self, expr: Call, known: Known) -> Expr | None:
        """Return what the rule makes of an expression; None where it does not apply."""
        seen = self.view(expr, known) if self.view else expr
        found = None if seen is None else self.change(seen, known)
        if found is None or isinstance(found, Expr):
            return found
        return None if found is seen and id(expr) in known.orderly else _noted(expr, found, known)


def rule(
    left: str,
    right: str,
    sizes: str,
    guard: str = "",
    *,
    of: Callable[[Expr, Known], Product | Sum | None] | None = None,
) -> Callable[[F], Rule[F]]:
    """Make a rule of a function; the arguments are those of :class:`Rule`."""
    return lambda change: Rule(left, right, sizes, guard, change, of)


def _noted(expr: Expr, view: Product | Sum, known: Known) -> Expr | None:
    """Return a view as an expression, remembered as in order; None where it is the old one."""
    found = write_sum(view) if isinstance(view, Sum) else write_product(view)
    if found == expr:
        known.orderly[id(expr)] = expr
        return None
    known.shapes.seen[id(found)] = found, known.shapes.of(expr)
    if isinstance(view, Sum):
        if is_sum(found):
            known.orderly[id(found)] = found
            known.sums[id(found)] = found, view
    # The negative of a sum is a sum, which is still to be put in order.
    elif made(found, *PRODUCTS) and not (made(found, "neg") and is_sum(found.args[0])):
        known.orderly[id(found)] = found
        known.products[id(found)] = found, view
    return found
