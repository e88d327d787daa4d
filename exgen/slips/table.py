"""Every slip by name, and what a slip is."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.certify.memory import Memory
from exgen.slips import indices, layouts, names_and_sizes, outputs, passes, slopes, terms
from exgen.slips.base import of_rows
from exgen.slips.claims import Wrong, on_formulas

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from exgen.certify.memory import Memory
    from exgen.certify.prove import Claim


class Slip(Struct, frozen=True):
    """One usual mistake.

    Attributes:
        name: as kinds list it.
        says: what went wrong, in the past tense; on the key it follows what was written.
        wrong: a right claim in; each claim that the slip makes of it out.

    """

    name: str
    says: str
    wrong: Callable[[Claim, Memory], Iterator[Wrong]]


_ROWS = (
    Slip("forgot_transpose", "forgot the transpose", on_formulas(terms.forgot_transpose)),
    Slip("swapped_indices", "swapped the indices", on_formulas(indices.swapped_indices)),
    Slip("wrong_order", "multiplied in the wrong order", on_formulas(terms.wrong_order)),
    Slip("wrong_sign", "took target minus output", on_formulas(terms.wrong_sign)),
    Slip("missing_minus", "lost the minus sign", on_formulas(terms.missing_minus)),
    Slip("dropped_path", "left out the other path", on_formulas(terms.dropped_path)),
    Slip(
        "skipped_jacobian",
        "left out one factor of the chain rule",
        on_formulas(terms.skipped_jacobian),
    ),
    Slip("dropped_input", "left out an input", on_formulas(terms.dropped_input)),
    Slip("sum_for_mean", "took the sum, not the mean", layouts.sum_for_mean),
    Slip("forgot_factor", "forgot the factor in front", on_formulas(terms.forgot_factor)),
    Slip("forgot_upstream", "forgot the upstream gradient", on_formulas(terms.forgot_upstream)),
    Slip("not_summed", "forgot the sum", on_formulas(terms.not_summed)),
    Slip(
        "output_for_preactivation",
        "used the gradient with respect to the output",
        on_formulas(outputs.output_for_preactivation),
    ),
    Slip("kept_the_one", "kept the entry of the constant 1", on_formulas(terms.kept_the_one)),
    Slip(
        "elementwise_softmax",
        "left out the sum over the classes",
        on_formulas(outputs.elementwise_softmax),
    ),
    Slip(
        "needless_transpose",
        "one transpose too many",
        on_formulas(terms.needless_transpose),
    ),
    Slip("entrywise_product", "multiplied entry by entry", on_formulas(terms.entrywise_product)),
    Slip("forgot_bias", "forgot the bias", on_formulas(terms.forgot_bias)),
    Slip("forgot_delta", "forgot the Kronecker delta", on_formulas(indices.forgot_delta)),
    Slip("own_position", "left the entry at its own position", on_formulas(indices.own_position)),
    Slip(
        "exponential_of_difference",
        "took the exponential term by term",
        on_formulas(indices.exponential_of_difference),
    ),
    Slip(
        "divided_above_only", "divided the numerator only", on_formulas(indices.divided_above_only)
    ),
    Slip("counted_twice", "counted the correct class twice", on_formulas(indices.counted_twice)),
    Slip(
        "forgot_share", "left out the share of the correct class", on_formulas(indices.forgot_share)
    ),
    Slip("forgot_inner", "forgot the inner derivative", on_formulas(outputs.forgot_inner)),
    Slip(
        "quotient_rule_sign",
        "took the wrong sign in the quotient rule",
        on_formulas(outputs.quotient_rule_sign),
    ),
    Slip("forgot_square", "forgot the square", on_formulas(outputs.forgot_square)),
    Slip("other_layout", "used the other layout", on_formulas(layouts.other_layout)),
    Slip("forgot_diag", "wrote a column for a diagonal matrix", on_formulas(layouts.forgot_diag)),
    Slip(
        "function_for_slope",
        "used the function for its derivative",
        on_formulas(layouts.function_for_slope),
    ),
    Slip(
        "zeros_at_the_other_end",
        "put the zeros at the other end",
        on_formulas(layouts.zeros_at_the_other_end),
    ),
    Slip(
        "sorted_the_other_way",
        "sorted the other way round",
        on_formulas(of_rows("sorted_the_other_way")),
    ),
    Slip(
        "put_in_order_again",
        "sorted again, where sorting is to be undone",
        layouts.put_in_order_again,
    ),
    Slip(
        "before_the_activation",
        "took the value before the activation",
        layouts.before_the_activation,
    ),
    Slip("forgot_activation", "left out the activation", on_formulas(of_rows("forgot_activation"))),
    Slip("no_slope", "forgot the derivative of the activation", on_formulas(slopes.no_slope)),
    Slip("wrong_mask", "took the mask of another layer", on_formulas(slopes.wrong_mask)),
    Slip(
        "slope_on_the_wrong_side",
        "took the slope on the wrong side of 0",
        on_formulas(slopes.slope_on_the_wrong_side),
    ),
    Slip("no_slope_below", "took ReLU for leaky ReLU", on_formulas(slopes.no_slope_below)),
    Slip(
        "slope_at_the_input",
        "used the pre-activation for the output",
        on_formulas(slopes.slope_at_the_input),
    ),
    Slip(
        "every_cell",
        "passed the gradient to every cell of the window",
        on_formulas(of_rows("every_cell")),
    ),
    Slip("mean_for_max", "took the mean, not the maximum", on_formulas(of_rows("mean_for_max"))),
    Slip("max_for_mean", "took the maximum, not the mean", on_formulas(of_rows("max_for_mean"))),
    Slip(
        "no_activation",
        "kept the negative entries as they are",
        on_formulas(of_rows("no_activation")),
    ),
    Slip(
        "leak_above", "put the slope on the positive side of 0", on_formulas(of_rows("leak_above"))
    ),
    Slip(
        "matrix_product",
        "took the matrix product for the entrywise one",
        on_formulas(passes.matrix_product),
    ),
    Slip(
        "not_shared_out",
        "did not divide by the size of the window",
        on_formulas(passes.not_shared_out),
    ),
    Slip("either_sign", "counted positive entries too", on_formulas(passes.either_sign)),
    Slip("not_added", "left the products unsummed", on_formulas(passes.not_added)),
    Slip(
        "own_factor",
        "used its own value for that of the other factor",
        on_formulas(passes.own_factor),
    ),
    Slip("no_local", "forgot the local derivative", on_formulas(passes.no_local)),
    Slip("swapped_shape", "swapped rows and columns", names_and_sizes.swapped_shape),
    Slip("forgot_the_one", "forgot the appended 1", names_and_sizes.forgot_the_one),
    Slip("one_example", "gave the shape of a single example", names_and_sizes.one_example),
    Slip("bias_for_each", "gave each example a bias of its own", names_and_sizes.bias_for_each),
    Slip("one_stage_off", "took a neighbouring stage", names_and_sizes.one_stage_off),
    Slip(
        "missing_arrow",
        "left out an arrow",
        names_and_sizes.missing_arrow,
    ),
)

SLIPS: Mapping[str, Slip] = MappingProxyType({slip.name: slip for slip in _ROWS})
