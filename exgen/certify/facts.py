"""Facts behind concept questions, each checked by two methods when a key is made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.certify.chains import separates
from exgen.certify.compare import DIFFERENCE_TOLERANCE, EXACT_TOLERANCE, SEED, compare
from exgen.certify.differences import directional
from exgen.certify.identities import is_zero
from exgen.certify.points import trial_point, with_numbers
from exgen.document import Agreement
from exgen.engine import evaluate, forward
from exgen.errors import CertificateError
from exgen.graph import Name
from exgen.ops.activations import LOG, SIGMOID, SOFTMAX

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from exgen.graph import Graph

GRID = 2001
"""How many points of a curve are looked at."""
MAX_DEPTH = 100
"""How many layers a fact may be about."""


@dataclass(frozen=True, slots=True)
class FactClaim:
    """A fact of the table below, with its numbers.

    Attributes:
        name: which fact.
        numbers: what it is about, and what the key prints.

    """

    name: str
    numbers: tuple[float, ...] = ()

    def prove(self) -> tuple[Agreement, ...]:
        """Check the fact by the methods of its row."""
        return FACTS[self.name](*self.numbers)


def _require(method: str, holds: object, message: str, points: int = 1) -> Agreement:
    if not holds:
        raise CertificateError(f"{method}: {message}")
    return Agreement(method, 0.0, points)


def _rounded(method: str, found: NDArray[Any], printed: NDArray[Any], rounding: float) -> Agreement:
    """Compare numbers with what is printed of them; what rounding takes away is no error."""
    return replace(compare(method, found, printed, rounding), error=0.0)


def _sigmoid(z: Any) -> Any:  # noqa: ANN401 - floats and arrays
    return evaluate(SIGMOID(Name("z")), {"z": np.reshape(np.asarray(z, float), (-1, 1))})


def _steepest_sigmoid(claimed: float) -> tuple[Agreement, ...]:
    """The slope of the sigmoid is at most 1/4, and that at 0."""
    import sympy

    a = sympy.Symbol("a", real=True)
    z = sympy.Symbol("z", real=True)
    sigmoid = 1 / (1 + sympy.exp(-z))
    slope = sympy.diff(sigmoid, z)
    by_output = sympy.simplify(slope - sigmoid * (1 - sigmoid)) == 0
    square = is_zero(sympy.Rational(1, 4) - (a - sympy.Rational(1, 2)) ** 2 - a * (1 - a))
    grid = np.linspace(-12, 12, GRID).reshape(-1, 1)
    slopes = directional(_sigmoid, grid, np.ones_like(grid))
    largest = np.array([[slopes.max()]])
    at_zero = np.abs(grid[slopes.argmax(), 0]) < 1e-9  # noqa: PLR2004 - the grid's middle
    _require("slopes on a grid", at_zero, "the steepest point is not 0")
    return (
        _require("SymPy identity", by_output and square, "a(1 - a) is not 1/4 - (a - 1/2)²"),
        compare("slopes on a grid", largest, np.array([[claimed]]), DIFFERENCE_TOLERANCE),
    )


def _shrinking_sigmoids(depth: float, claimed: float) -> tuple[Agreement, ...]:
    """The slope of so many sigmoids, one after the other, is at most so much."""

    def run(z: Any) -> Any:  # noqa: ANN401
        for _ in range(int(depth)):
            z = _sigmoid(z)
        return z

    _require("exact fractions", 0 < depth <= MAX_DEPTH, f"{depth:g} layers are too many")
    grid = np.linspace(-6, 6, GRID).reshape(-1, 1)
    slopes = np.abs(directional(run, grid, np.ones_like(grid)))
    bound = float(Fraction(1, 4) ** int(depth))
    return (
        _require("exact fractions", abs(bound - claimed) <= bound * 0.005, f"{bound} is the bound"),
        _require("slopes on a grid", slopes.max() <= bound * (1 + 1e-4), "a steeper place", GRID),
    )


def _overflow(largest: float) -> tuple[Agreement, ...]:
    """The exponential of a logit is too large for a float; of the shifted one it is not."""
    with np.errstate(over="ignore"):
        plain = np.exp(np.float64(largest))
    with localcontext() as context:
        context.prec = 20
        # Decimals reach further than floats, so they can say by how much it is too large.
        too_large = Decimal(largest).exp() > Decimal(float(np.finfo(np.float64).max))
    return (
        _require("float64", np.isinf(plain) and np.exp(0.0) == 1.0, "no overflow here"),
        _require("decimals", too_large, "a float64 can hold it"),
    )


def _shifted_softmax(*numbers: float) -> tuple[Agreement, ...]:
    """The softmax of such logits, computed with the largest one subtracted, is as printed."""
    half = len(numbers) // 2
    logits, claimed = (np.array(part).reshape(-1, 1) for part in (numbers[:half], numbers[half:]))
    found = evaluate(SOFTMAX(Name("z"), axis=None), {"z": logits})
    with localcontext() as context:
        context.prec = 30
        powers = [Decimal(float(z)).exp() for z in logits[:, 0]]
        exact = np.array([[float(power / sum(powers))] for power in powers])
    return (
        _rounded("float64", found, claimed, 1e-4),
        _rounded("decimals", exact, claimed, 1e-4),
    )


def _minus_log(p: float, claimed: float) -> tuple[Agreement, ...]:
    """The loss of a probability is as printed, to the digits printed."""
    found = -evaluate(LOG(Name("p")), {"p": np.array([[p]])})
    with localcontext() as context:
        context.prec = 30
        exact = np.array([[float(-Decimal(str(p)).ln())]])
    rounding = 0.006
    return (
        _rounded("float64", found, np.array([[claimed]]), rounding),
        _rounded("decimals", exact, np.array([[claimed]]), rounding),
    )


def _falling_loss() -> tuple[Agreement, ...]:
    """The loss falls as the probability rises, is 0 at 1 and grows without bound towards 0."""
    import sympy

    p = sympy.Symbol("p", positive=True)
    slope = sympy.diff(-sympy.log(p), p)
    symbolic = slope.is_negative and sympy.log(1) == 0 and sympy.limit(-sympy.log(p), p, 0) > 0
    unbounded = sympy.limit(-sympy.log(p), p, 0) == sympy.oo
    grid = np.linspace(1e-6, 1, GRID).reshape(-1, 1)
    losses = -evaluate(LOG(Name("p")), {"p": grid})
    falls = (np.diff(losses[:, 0]) < 0).all() and abs(losses[-1, 0]) < EXACT_TOLERANCE
    return (
        _require("SymPy", symbolic and unbounded, "the slope of -log p is not negative"),
        _require("values on a grid", falls, "the loss does not fall", GRID),
    )


FACTS: Mapping[str, Callable[..., tuple[Agreement, ...]]] = {
    "steepest sigmoid": _steepest_sigmoid,
    "shrinking sigmoids": _shrinking_sigmoids,
    "overflow": _overflow,
    "shifted softmax": _shifted_softmax,
    "minus log": _minus_log,
    "falling loss": _falling_loss,
}


@dataclass(frozen=True, slots=True)
class BottleneckClaim:
    """Every path from some names to the loss goes through a node; from others some do not.

    Attributes:
        graph: the network.
        node: the name in the middle.
        through: the leaves all of whose paths go through it.
        besides: the other leaves that are learned.

    """

    graph: Graph
    node: str
    through: tuple[str, ...]
    besides: tuple[str, ...]

    def prove(self) -> tuple[Agreement, ...]:
        """Search the graph, and hold the node fixed while each leaf moves."""
        graph = with_numbers(self.graph)
        for name in (*self.through, *self.besides):
            if separates(graph, name, self.node, graph.loss) != (name in self.through):
                raise CertificateError(f"paths: '{name}' is on the wrong side of '{self.node}'")
        values = trial_point(graph, SEED)
        held = {self.node: values[self.node]}
        leaves = {leaf.name: values[leaf.name] for leaf in graph.leaves}
        for name in (*self.through, *self.besides):
            moved = {**leaves, name: leaves[name] + 0.125}
            after = forward(graph, {**moved, **held})[graph.loss].item()
            still = after == values[graph.loss].item()
            if still != (name in self.through) and not self._is_idle(name, moved, values):
                raise CertificateError(f"held fixed: '{name}' is on the wrong side")
        count = len(self.through) + len(self.besides)
        return Agreement("paths", 0.0, count), Agreement("held fixed", 0.0, count)

    def _is_idle(self, name: str, moved: Any, values: Any) -> bool:  # noqa: ANN401
        """Whether a leaf moves nothing at this point, as behind a ReLU that is closed."""
        graph = with_numbers(self.graph)
        free = forward(graph, moved)[graph.loss].item() == values[graph.loss].item()
        return free and name not in self.through
