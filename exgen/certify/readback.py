"""Read back what was printed: the LaTeX of an answer is parsed again, and that is evaluated.

The other methods prove the expression that the printer was given. This one proves what the
printer made of it: a transpose mark that is missing on the page, an index counted from the wrong
base, brackets that are not there, are seen by nobody else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.certify.batches import BatchShapeClaim
from exgen.certify.cases import CaseClaim, OrderClaim
from exgen.certify.chains import ChainClaim
from exgen.certify.derivations import DerivationClaim
from exgen.certify.edges import EdgesClaim
from exgen.certify.equality import EqualityClaim
from exgen.certify.examples import MeanGradientClaim
from exgen.certify.facts import BottleneckClaim, FactClaim
from exgen.certify.gradients import GradientClaim
from exgen.certify.grids import SymbolicGridClaim
from exgen.certify.identities import ProofClaim
from exgen.certify.jacobians import JacobianClaim
from exgen.certify.layers import LayerInputClaim, LayerOutputClaim
from exgen.certify.layouts import LayoutGradientClaim
from exgen.certify.numbers import ForwardClaim, GradientValueClaim
from exgen.certify.reading import entries, gradients, names, numbers
from exgen.certify.reading.page import METHOD, Page
from exgen.certify.rounded import RoundedClaim
from exgen.certify.shapes import ShapeClaim
from exgen.certify.tensors import TensorClaim
from exgen.certify.wiring import FunctionClaim, WeightedSumClaim
from exgen.errors import CertificateError, MisfitError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from exgen.certify.prove import Claim
    from exgen.document import Agreement

READERS: Mapping[type, Callable[[Any, Page], Agreement | None]] = {
    GradientClaim: gradients.gradient,
    LayoutGradientClaim: gradients.layout_gradient,
    MeanGradientClaim: gradients.mean_gradient,
    JacobianClaim: gradients.jacobian,
    EqualityClaim: entries.equality,
    CaseClaim: entries.case,
    OrderClaim: entries.order,
    TensorClaim: entries.tensor,
    DerivationClaim: entries.derivation,
    ProofClaim: entries.proof,
    ForwardClaim: numbers.forward_value,
    GradientValueClaim: numbers.gradient_value,
    SymbolicGridClaim: numbers.symbolic_grid,
    RoundedClaim: numbers.wire,
    ShapeClaim: numbers.shape,
    BatchShapeClaim: numbers.batch_shape,
    WeightedSumClaim: numbers.line,
    FunctionClaim: numbers.line,
    FactClaim: numbers.fact,
    ChainClaim: names.chain,
    LayerInputClaim: names.layer_input,
    LayerOutputClaim: names.layer_output,
    EdgesClaim: names.edges,
    BottleneckClaim: names.bottleneck,
}
"""How the page is read for each sort of claim."""

UNREAD: Mapping[str, str] = {
    "steepest sigmoid": "an inequality with the derivative of a function that has no argument yet",
    "falling loss": "a derivative that is taken on the page, and an inequality",
    "overflow": "a number that a float64 cannot hold",
}
"""The facts that are not read back, each with the reason."""


def check_printed(claim: Claim, page: Page) -> Agreement | None:
    """Read an answer's LaTeX, evaluate it, and compare it with what the claim is about.

    Args:
        claim: what the answer asserts.
        page: the answer as printed, and the conventions it is printed in.

    Returns:
        The agreement; None for what ``UNREAD`` lists.

    Raises:
        CertificateError: the page cannot be read, or says something else than the claim.

    """
    reader = READERS.get(type(claim))
    if reader is None:
        return None
    try:
        return reader(claim, page)
    except (MisfitError, ValueError, LookupError, ArithmeticError) as error:
        raise CertificateError(f"{METHOD}: what was read cannot be evaluated: {error}") from error
