"""Every slip by name, and what a slip is."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.slips import indices, layouts, names_and_sizes, outputs, passes, slopes, terms
from exgen.slips.base import of_rows
from exgen.slips.claims import Wrong, on_formulas

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from exgen.certify.memory import Memory
    from exgen.certify.prove import Claim
    from exgen.slips.claims import Rewrite

    Make = Callable[[Claim, Memory], Iterator[Wrong]]


class Slip(Struct, frozen=True):
    """One usual mistake.

    Attributes:
        name: as kinds list it.
        says: what went wrong, in the past tense; on the key it follows what was written.
        wrong: a right claim in; each claim that the slip makes of it out.

    """

    name: str
    says: str
    wrong: Make


_FORMULAS: tuple[tuple[Rewrite, str], ...] = (
    (terms.forgot_transpose, "forgot the transpose"),
    (indices.swapped_indices, "swapped the indices"),
    (terms.wrong_order, "multiplied in the wrong order"),
    (terms.wrong_sign, "took target minus output"),
    (terms.missing_minus, "lost the minus sign"),
    (terms.dropped_path, "left out the other path"),
    (terms.skipped_jacobian, "left out one factor of the chain rule"),
    (terms.dropped_input, "left out an input"),
    (terms.forgot_factor, "forgot the factor in front"),
    (terms.forgot_upstream, "forgot the upstream gradient"),
    (terms.not_summed, "forgot the sum"),
    (outputs.output_for_preactivation, "used the gradient with respect to the output"),
    (terms.kept_the_one, "kept the entry of the constant 1"),
    (outputs.elementwise_softmax, "left out the sum over the classes"),
    (terms.needless_transpose, "one transpose too many"),
    (terms.entrywise_product, "multiplied entry by entry"),
    (terms.forgot_bias, "forgot the bias"),
    (indices.forgot_delta, "forgot the Kronecker delta"),
    (indices.own_position, "left the entry at its own position"),
    (indices.exponential_of_difference, "took the exponential term by term"),
    (indices.divided_above_only, "divided the numerator only"),
    (indices.counted_twice, "counted the correct class twice"),
    (indices.forgot_share, "left out the share of the correct class"),
    (outputs.forgot_inner, "forgot the inner derivative"),
    (outputs.quotient_rule_sign, "took the wrong sign in the quotient rule"),
    (outputs.forgot_square, "forgot the square"),
    (layouts.other_layout, "used the other layout"),
    (layouts.forgot_diag, "wrote a column for a diagonal matrix"),
    (layouts.function_for_slope, "used the function for its derivative"),
    (layouts.zeros_at_the_other_end, "put the zeros at the other end"),
    (slopes.no_slope, "forgot the derivative of the activation"),
    (slopes.wrong_mask, "took the mask of another layer"),
    (slopes.slope_on_the_wrong_side, "took the slope on the wrong side of 0"),
    (slopes.no_slope_below, "took ReLU for leaky ReLU"),
    (slopes.slope_at_the_input, "used the pre-activation for the output"),
    (passes.matrix_product, "took the matrix product for the entrywise one"),
    (passes.not_shared_out, "did not divide by the size of the window"),
    (passes.either_sign, "counted positive entries too"),
    (passes.not_added, "left the products unsummed"),
    (passes.own_factor, "used its own value for that of the other factor"),
    (passes.no_local, "forgot the local derivative"),
)
"""The slips that rewrite a formula, each by the name of its function, and what went wrong."""
_OF_ROWS: Mapping[str, str] = {
    "sorted_the_other_way": "sorted the other way round",
    "forgot_activation": "left out the activation",
    "every_cell": "passed the gradient to every cell of the window",
    "mean_for_max": "took the mean, not the maximum",
    "max_for_mean": "took the maximum, not the mean",
    "no_activation": "kept the negative entries as they are",
    "leak_above": "put the slope on the positive side of 0",
}
"""Those that the rows of ops know."""
_CLAIMS: tuple[tuple[Make, str], ...] = (
    (layouts.sum_for_mean, "took the sum, not the mean"),
    (layouts.put_in_order_again, "sorted again, where sorting is to be undone"),
    (layouts.before_the_activation, "took the value before the activation"),
    (names_and_sizes.swapped_shape, "swapped rows and columns"),
    (names_and_sizes.forgot_the_one, "forgot the appended 1"),
    (names_and_sizes.one_example, "gave the shape of a single example"),
    (names_and_sizes.bias_for_each, "gave each example a bias of its own"),
    (names_and_sizes.one_stage_off, "took a neighbouring stage"),
    (names_and_sizes.missing_arrow, "left out an arrow"),
)
"""Those that make another claim of one."""

SLIPS: Mapping[str, Slip] = MappingProxyType(
    {
        slip.name: slip
        for slip in (
            *(Slip(made.__name__, says, on_formulas(made)) for made, says in _FORMULAS),
            *(Slip(name, says, on_formulas(of_rows(name))) for name, says in _OF_ROWS.items()),
            *(Slip(made.__name__, says, made) for made, says in _CLAIMS),
        )
    }
)
