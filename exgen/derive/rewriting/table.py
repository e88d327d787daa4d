"""Every rule, by the sort of expression that it looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.derive.rewriting import brackets, matrices, products, sums, totals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.derive.rewriting.rule import Rule

OF_SUMS: tuple[Rule[Any], ...] = (
    sums.without_brackets,
    sums.collected,
    sums.positive_first,
    sums.without_ones_terms,
    sums.with_its_transpose,
    brackets.multiplied_out,
    brackets.shared_factors,
    brackets.SHARED_SCALAR,
)
OF_PRODUCTS: tuple[Rule[Any], ...] = (
    products.in_order,
    products.ONE_BAR,
    products.without_ones,
    products.cancelled,
    products.named,
    products.with_a_unit,
    products.powers,
    products.distributed,
    brackets.common_in_bracket,
)
OF_MATRIX_PRODUCTS: tuple[Rule[Any], ...] = (
    matrices.by_a_scalar,
    matrices.scalars_out,
    matrices.by_the_identity,
    matrices.by_zeros,
    matrices.inner_first,
    matrices.ones_outer,
    matrices.cancels_inside,
    matrices.picked,
    matrices.times_ones,
    totals.of_a_shift,
)
OF_TOTALS: tuple[Rule[Any], ...] = (
    totals.of_a_scalar,
    totals.of_a_multiple,
    totals.of_a_transpose,
    totals.of_a_square,
    totals.of_constants,
    totals.of_a_distribution,
    totals.of_known_terms,
)
BY_OP: Mapping[str, tuple[Rule[Any], ...]] = {
    **dict.fromkeys(("add", "sub"), OF_SUMS),
    **dict.fromkeys(("mul", "div", "pow"), OF_PRODUCTS),
    "neg": (*OF_SUMS, *OF_PRODUCTS),
    "matmul": OF_MATRIX_PRODUCTS,
    "transpose": (matrices.moved_inwards,),
    "slice": (totals.STRETCH,),
    "sum": OF_TOTALS,
}
RULES = tuple({rule.name: rule for rules in BY_OP.values() for rule in rules}.values())
APPLIED = {
    op: tuple({rule.change: rule.apply for rule in rules}.values()) for op, rules in BY_OP.items()
}
"""Every rewrite by the op that it looks at; two rules may be one rewrite."""
