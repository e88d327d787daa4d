"""Every rule, by the sort of expression that it looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.derive.rewriting import brackets, matrices, products, sums, totals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.derive.rewriting.rule import Rule

BY_OP: Mapping[str, tuple[Rule, ...]] = {
    **dict.fromkeys(("add", "sub"), (*sums.RULES, *brackets.SUMS)),
    **dict.fromkeys(("mul", "div", "pow"), (*products.RULES, *brackets.PRODUCTS)),
    "neg": (*sums.RULES, *brackets.SUMS, *products.RULES, *brackets.PRODUCTS),
    "matmul": (*matrices.PRODUCTS, *totals.MEANS),
    "transpose": matrices.TRANSPOSES,
    "slice": matrices.STRETCHES,
    "sum": totals.SUMS,
}
RULES: tuple[Rule, ...] = tuple(
    {rule.name: rule for rules in BY_OP.values() for rule in rules}.values()
)
APPLIED = {op: tuple(dict.fromkeys(rule.apply for rule in rules)) for op, rules in BY_OP.items()}
"""Every rewrite by the op that it looks at; two rules may be one rewrite."""
