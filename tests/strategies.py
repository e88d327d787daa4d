"""Random networks that are well typed, with numbers that keep off kinks and out of saturation."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st

from exgen.engine import Values, evaluate, forward
from exgen.errors import Source
from exgen.graph import ONE, SCALAR, Call, Dim, Graph, Shape, is_column, is_scalar, walk
from exgen.language import read_network
from exgen.ops import traits_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SIZES = {"N": 2, "M": 3, "K": 4}
DIMS = (ONE, Dim(2), Dim(3), Dim(0, ("N",)), Dim(0, ("M",)), Dim(0, ("K",)))
NEAR = 1e-3
LARGE = 50.0

# text of the operand -> text of the result, for ops that keep the shape
SMOOTH = ("sigmoid({})", "tanh({})", "softplus({})", "exp({} / 3)", "log(2 + tanh({}))")
PIECEWISE = (
    "relu({})",
    "relu({})",
    "lrelu({}, 0.1)",
    "prelu({}, 1/3)",
    "({0} > 0.1) * {0}",
    "({0} <= 0.1) * {0}",
    "({0} >= -0.1) * ({0} < 0.5) * {0}",
)
POLYNOMIAL = ("-{}", "{} ** 2 / 2", "2 * {}", "1 - {}", "{} / 3", "({0} - 0.5) * {0}", "{0} + {0}")
KINDS = ("map", "map", "map", "pair", "matmul", "matmul", "constant", "reduce", "block", "cut")


def steady(examples: int) -> settings:
    """Return settings for so many draws, always the same: a red build is red for everyone."""
    return settings(
        derandomize=True,
        deadline=None,
        database=None,
        max_examples=examples,
        suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
    )


@dataclass
class Writer:
    """A network while it is being drawn: its text, and what can be used so far."""

    draw: Callable[[st.SearchStrategy[Any]], Any]
    rational: bool
    leaves: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    pool: list[tuple[str, Shape]] = field(default_factory=list)

    def choose(self, options: list[Any] | tuple[Any, ...]) -> Any:  # noqa: ANN401 - of any sort
        """Return one of several things."""
        return self.draw(st.sampled_from(options))

    def leaf(self, shape: Shape, role: str = "input") -> str:
        """Declare a leaf and return its name."""
        name = f"v{len(self.leaves)}"
        # A bare param in a matrix product would be one whose shape is to be inferred.
        sizes = f"[{shape[0]}]" if is_column(shape) else f"[{shape[0]}, {shape[1]}]"
        if is_scalar(shape) and role != "param":
            sizes = ""
        self.leaves.append(f"{name}: {role}{sizes}")
        self.pool.append((name, shape))
        return name

    def add(self, text: str, shape: Shape) -> None:
        """Offer a value, on a line of its own or to be nested into a later one."""
        if self.draw(st.booleans()):
            name = f"h{len(self.lines)}"
            self.lines.append(f"{name} = {text}")
            text = name
        elif len(text) > 60:
            return
        self.pool.append((text if text.isalnum() else f"({text})", shape))

    def partner(self, shape: Shape) -> str:
        """Return something of a given shape: a value at hand, or else a new leaf."""
        fitting = [text for text, other in self.pool if other == shape]
        if fitting and self.draw(st.booleans()):
            return str(self.choose(fitting))
        return self.leaf(shape, "param")

    def step(self) -> None:
        """Add one op."""
        text, shape = self.choose(self.pool)
        rows, columns = shape
        axis = self.choose([0, 1])
        grown = (rows + ONE, columns) if axis == 0 else (rows, columns + ONE)
        kind = self.choose(KINDS)
        if kind == "map":
            smooth = (*SMOOTH, f"softmax({{}}, axis={axis})")
            family = self.choose([POLYNOMIAL, PIECEWISE, *([] if self.rational else [smooth])])
            self.add(self.choose(family).format(text), shape)
        elif kind == "constant":
            self.add(f"ones({rows}, {columns}) - {text}", shape)
            self.add(f"identity({rows}) @ {text} + zeros({rows}, {columns})", shape)
            self.add(f"{text}.T @ unit({rows}, 0)", (columns, ONE))
        elif kind == "pair":
            other = self.choose([shape, SCALAR])
            sign = self.choose(["+", "-", "*"])
            self.add(f"{text} {sign} {self.partner(other)}", shape)
            if not is_column(shape) and self.draw(st.booleans()):
                self.add(f"prelu({text}, {self.partner((rows, ONE))} / 2)", shape)
        elif kind == "matmul":
            outer = self.choose(DIMS)
            self.add(f"{self.partner((outer, rows))} @ {text}", (outer, columns))
        elif kind == "reduce":
            name = self.choose(["sum", "mean"])
            left = (ONE, columns) if axis == 0 else (rows, ONE)
            self.add(f"{name}({text}, axis={axis})", left)
        elif kind == "block":
            name = self.choose(["append_one", "prepend_one"])
            self.add(f"{name}({text}, axis={axis})", grown)
            both = (rows + rows, columns) if axis == 0 else (rows, columns + columns)
            self.add(f"concat({text}, {self.partner(shape)}, axis={axis})", both)
        else:
            self.cut(text, shape)

    def cut(self, text: str, shape: Shape) -> None:
        """Take an array apart, or turn it."""
        rows, columns = shape
        self.add(f"{text}.T", (columns, rows))
        self.add(f"{text}[0, 0]", SCALAR)
        if is_column(shape):
            self.add(f"diag({text})", (rows, rows))
        for dim, stretch, left in (
            (rows, "1:", (rows + Dim(-1), columns)),
            (columns, ":, :-1", (rows, columns + Dim(-1))),
        ):
            if dim.constant >= 2 or (dim.names and dim.constant >= 0):
                self.add(f"{text}[{stretch}]", left)

    def loss(self) -> None:
        """Reduce what is there to a scalar."""
        text, shape = self.pool[-1]
        last = len(self.lines)
        terms = [f"mean({text} ** 2)"]
        ending = self.choose(["plain", "softmax", "softmax", "sigmoid", "squared"])
        if ending == "softmax" and not self.rational:
            if not is_column(shape):
                text, shape = f"sum({text}, axis=1)", (shape[0], ONE)
            y = self.leaf(shape, "onehot")
            self.lines += [f"z = {text} / 2", "p = softmax(z)"]
            terms = [f"cross_entropy(p, {y})" + self.choose(["", " / 4"])]
        elif ending == "sigmoid" and not self.rational:
            y = self.leaf(shape, "target")
            self.lines += [f"z = {text} / 2", "p = sigmoid(z)"]
            terms = [f"bce(p, {y} ** 2)"]
        elif ending == "squared":
            terms = [f"squared_error({text}, {self.leaf(shape, 'target')}) / 2"]
        for other, _ in self.pool[:last][:2]:
            terms.append(f"sum({other})")
        self.lines.append(f"L = {' + '.join(terms)}")


@st.composite
def networks(draw: Callable[[st.SearchStrategy[Any]], Any], *, rational: bool = False) -> Graph:
    """Draw a network with symbolic and numeric sizes, reuse and nesting."""
    writer = Writer(draw, rational)
    for _ in range(draw(st.integers(1, 3))):
        writer.leaf((writer.choose(DIMS), writer.choose((ONE, ONE, *DIMS))))
    for _ in range(draw(st.integers(2, 7))):
        writer.step()
    writer.loss()
    return read_network(Source("drawn", "\n".join([*writer.leaves, *writer.lines])))


def numbers(graph: Graph, seed: int) -> Values:
    """Return exact fractions for the leaves of a network whose sizes are numbers."""
    draws = random.Random(seed)  # noqa: S311 - test data
    found: Values = {}
    for leaf in graph.leaves:
        rows, columns = (dim.constant for dim in leaf.shape)
        array = np.full((rows, columns), Fraction(0), dtype=object)
        if leaf.role == "onehot":
            for column in range(columns):
                array[draws.randrange(rows), column] = Fraction(1)
        else:
            for where in np.ndindex(rows, columns):
                array[where] = Fraction(draws.choice([-1, 1]) * draws.randint(5, 99), 100)
        found[leaf.name] = array
    return found


def floats(values: Values) -> Values:
    """Return fractions as floats."""
    return {name: value.astype(float) for name, value in values.items()}


def tame(graph: Graph, leaves: Values) -> Values:
    """Return the forward pass; discard draws at a kink, or so large that differences fail."""
    values = forward(graph, leaves)
    assume(all(np.abs(value).max() < LARGE for value in values.values()))
    for binding in graph.bindings:
        for part in walk(binding.expr):
            if isinstance(part, Call) and (traits_of(part).kink or traits_of(part).jump):
                assume(_gap(part, values) > NEAR)
    return values


def _gap(part: Call, values: Values) -> float:
    left: NDArray[Any] = evaluate(part.args[0], values)
    compares = part.op not in ("relu", "lrelu", "prelu")
    right = evaluate(part.args[1], values) if compares else 0.0
    return float(np.abs(left - right).min())
