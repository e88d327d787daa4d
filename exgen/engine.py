"""Evaluate expressions and graphs, and build the backward pass of a graph as a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct

from exgen.errors import MisfitError
from exgen.graph import (
    Call,
    Delta,
    Derivative,
    Entry,
    Expr,
    Graph,
    Index,
    Name,
    Number,
    Shape,
    Size,
    SumOver,
    as_expr,
    is_scalar,
    names_in,
    shape_text,
)
from exgen.ops import lookup
from exgen.ops.base import Site, size_of
from exgen.ops.logits import from_logits, log_softmax, softmax_inside, through_log_softmax
from exgen.shapes import shape_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

Values = dict[Any, "NDArray[Any]"]
"""Two-dimensional arrays: floats, or exact fractions as objects.

The keys are names, and derivatives where they stand as symbols. As no mapping of names alone would
be one with keys of both sorts, their type is open.
"""


_as_fractions = np.vectorize(Fraction, otypes=[object])


def _scalar(value: Fraction | int, *, exact: bool) -> NDArray[Any]:
    array = np.empty((1, 1), dtype=object if exact else float)
    array[0, 0] = Fraction(value) if exact else float(value)
    return array


def _numbers(array: NDArray[Any], *, exact: bool) -> NDArray[Any]:
    """Return floats or fractions in place of integers, whose powers and quotients differ."""
    if array.dtype.kind not in "iub":
        return array
    return np.asarray(_as_fractions(array.astype(object)) if exact else array.astype(float))


def evaluate(
    expr: Expr,
    values: Mapping[Any, NDArray[Any]],
    indices: Mapping[str, int] | None = None,
    *,
    exact: bool = False,
) -> NDArray[Any]:
    """Return the value of an expression.

    Args:
        expr: an expression whose sizes are all numbers.
        values: two-dimensional arrays for the names and the derivatives it reads.
        indices: positions, from 0, for the named indices of index forms.
        exact: whether numbers are fractions; the arrays must then hold fractions too.

    Raises:
        KeyError: a name has no value.
        MisfitError: a named size has no value.

    """
    # Overflow and 0/0 give inf and nan, which whoever compares the values must reject anyway.
    with np.errstate(all="ignore"):
        return _program(expr, exact=exact)(values, indices or {})


Program = Callable[[Mapping[Any, "NDArray[Any]"], Mapping[str, int]], "NDArray[Any]"]
"""An expression made ready to run, which pays where it is evaluated at many points."""


def _program(expr: Expr, *, exact: bool) -> Program:
    match expr:
        case Name(name):
            return lambda values, _at: values[name]
        case Derivative():
            return lambda values, _at: values[expr]
        case Number(value):
            number = _scalar(value, exact=exact)
            return lambda _values, _at: number
        case Call() if not exact and (softmax := softmax_inside(expr)) is not None:
            logits, options = _program(softmax.args[0], exact=exact), softmax.options
            return lambda values, at: log_softmax(logits(values, at), options)
        case Call():
            return _call(expr, exact=exact)
        case Entry(of, (row, column)):
            whole = _program(of, exact=exact)
            return lambda values, at: whole(values, at)[
                _position(row, at) :, _position(column, at) :
            ][:1, :1]
        case Delta(left, right):
            return lambda _values, at: _scalar(
                int(_position(left, at) == _position(right, at)), exact=exact
            )
        case SumOver():
            return _sum(expr, exact=exact)
        case Size(name):
            raise MisfitError(f"the size {name} has no value yet")
    raise MisfitError(f"{type(expr).__name__} is not an expression")


def _position(index: Index, at: Mapping[str, int]) -> int:
    return index if isinstance(index, int) else at[index]


def _call(expr: Call, *, exact: bool) -> Program:
    value, options = lookup(expr.op).value, dict(expr.options)
    inner = [_program(arg, exact=exact) for arg in expr.args]
    if len(inner) == 2:  # noqa: PLR2004 - most ops take two, and this is what runs most
        left, right = inner
        return lambda values, at: _numbers(
            value(left(values, at), right(values, at), **options), exact=exact
        )

    def run(values: Mapping[Any, NDArray[Any]], at: Mapping[str, int]) -> NDArray[Any]:
        return _numbers(value(*[part(values, at) for part in inner], **options), exact=exact)

    return run


def _sum(expr: SumOver, *, exact: bool) -> Program:
    body, start = _program(expr.body, exact=exact), _scalar(0, exact=exact)

    def run(values: Mapping[Any, NDArray[Any]], at: Mapping[str, int]) -> NDArray[Any]:
        left_out = None if expr.but is None else _position(expr.but, at)
        places = (n for n in range(size_of(expr.size)) if n != left_out)
        return sum((body(values, {**at, expr.index: n}) for n in places), start=start)

    return run


def forward(graph: Graph, given: Mapping[str, NDArray[Any]], *, exact: bool = False) -> Values:
    """Run the forward pass; logarithms of probabilities are read off the logits.

    Args:
        graph: a graph whose sizes are all numbers.
        given: an array of shape (rows, columns) for each leaf. A binding that is given too is
            not computed, so that a pass can start in the middle.
        exact: whether to compute with fractions.

    Returns:
        The value of every name.

    """
    names = frozenset(given)
    lines = graph.once(("forward", names, exact), lambda: _lines(graph, names, exact=exact))
    values: Values = {leaf.name: _numbers(given[leaf.name], exact=exact) for leaf in graph.leaves}
    with np.errstate(all="ignore"):
        for binding in graph.bindings:
            name = binding.name
            values[name] = (
                lines[name](values, {}) if name in lines else _numbers(given[name], exact=exact)
            )
    return values


def onwards(
    graph: Graph, given: Mapping[str, NDArray[Any]], by: str, of: str
) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Return a line as a function of a name, in floats, with all that is given held.

    It is :func:`forward`, made ready to run at many values of the name.
    """
    names = frozenset({*given, by})
    lines = graph.once(("forward", names, False), lambda: _lines(graph, names, exact=False))
    start = {name: _numbers(array, exact=False) for name, array in given.items()}

    def run(array: NDArray[Any]) -> NDArray[Any]:
        values = {**start, by: _numbers(array, exact=False)}
        with np.errstate(all="ignore"):
            for name, program in lines.items():
                values[name] = program(values, {})
        return values[of]

    return run


def _lines(graph: Graph, given: frozenset[str], *, exact: bool) -> dict[str, Program]:
    """Return the lines that are computed, with logarithms of probabilities read off the logits."""
    lines = {b.name: b.expr for b in graph.bindings if b.name not in given}
    programs: dict[str, Program] = {}
    for name, expr in lines.items():
        read = expr if exact else from_logits(expr, lines)
        # mostly it is the line as it stands, whatever is given
        key = ("program", name, exact, read is expr or given)
        programs[name] = graph.once(key, partial(_program, read, exact=exact))
    return programs


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one use of a name adds to its gradient.

    Attributes:
        rule: the name of the op it is an argument of; ``copy`` where a line only renames it.
        consumer: the name of the line it is used in.
        use: the call it is an argument of; None for a copy.
        gradient: what the use adds.

    """

    rule: str
    consumer: str
    use: Call | None
    gradient: Expr


class Backward(Struct, frozen=True):
    """The backward pass: for each name the contributions of its uses, last lines first.

    A contribution reads names of the forward pass, and the gradients by names that come after it.
    ``start`` is the gradient of the loss by itself.
    """

    graph: Graph
    contributions: Mapping[str, tuple[Contribution, ...]]
    start: Expr = Number(Fraction(1))

    def gradient(self, name: str) -> Expr:
        """Return the gradient of the loss by a name: the sum over its uses."""
        if name == self.graph.loss:
            return self.start
        parts = [part.gradient for part in self.contributions.get(name, ())]
        if not parts:
            rows, columns = self.graph.shapes[name]
            if is_scalar((rows, columns)):
                return as_expr(0)
            return Call("zeros", (), (("rows", rows), ("columns", columns)))
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total

    def order(self) -> tuple[str, ...]:
        """Return the names in an order in which their gradients can be computed."""
        inner = [binding.name for binding in reversed(self.graph.bindings)]
        return (*inner, *(leaf.name for leaf in self.graph.leaves))


def site_of(expr: Call, out: Expr, shapes: Mapping[str, Shape]) -> Site:
    """Return what a gradient rule may look at for one call."""
    inner = tuple(shape_of(arg, shapes) for arg in expr.args)
    return Site(out, shape_of(expr, shapes), expr.args, inner, dict(expr.options))


def backward(graph: Graph, start: Expr | None = None) -> Backward:
    """Build the backward pass of a graph's loss by reverse mode.

    Every binding's upstream gradient is pulled back through its expression by the ops' gradient
    rules; each time a name is reached, one contribution is added.

    Args:
        graph: the network.
        start: the upstream gradient to begin with, where the last line is no scalar.

    Raises:
        MisfitError: the loss is not a scalar, so it has no gradient.

    """
    return graph.once(("backward", start), lambda: _backward(graph, start))


def _backward(graph: Graph, start: Expr | None) -> Backward:
    if start is None and not is_scalar(graph.shapes[graph.loss]):
        shape = shape_text(graph.shapes[graph.loss])
        raise MisfitError(f"'{graph.loss}' is {shape}; a gradient needs a scalar")
    contributions: dict[str, list[Contribution]] = {name: [] for name in graph.names}
    reached = {graph.loss}
    for binding in reversed(graph.bindings):
        if binding.name not in reached:
            continue
        upstream: Expr = graph.gradient(binding.name)
        if binding.name == graph.loss:
            upstream = start or as_expr(1)
        line = binding.expr, Name(binding.name)
        for name, contribution in pull_back(graph, binding.name, *line, upstream):
            contributions[name].append(contribution)
            reached.add(name)
    parts_by_name = {name: tuple(parts) for name, parts in contributions.items()}
    return Backward(graph, parts_by_name, start or as_expr(1))


def pull_back(
    graph: Graph, consumer: str, expr: Expr, out: Expr, upstream: Expr
) -> list[tuple[str, Contribution]]:
    """Return what an expression adds to the gradients of the names that it reads.

    Args:
        graph: the network.
        consumer: the line that the expression stands in.
        expr: the expression.
        out: what its value is called; the expression itself where it has no name.
        upstream: the gradient by its value.

    """
    found: list[tuple[str, Contribution]] = []

    def visit(expr: Expr, out: Expr, gradient: Expr, use: Call | None) -> None:
        if isinstance(expr, Name):
            rule = use.op if use else "copy"
            found.append((expr.name, Contribution(rule, consumer, use, gradient)))
        if not isinstance(expr, Call) or not names_in(expr):
            return
        softmax = softmax_inside(expr)
        if softmax is not None:
            site = site_of(softmax, softmax, graph.shapes)
            visit(softmax.args[0], softmax.args[0], through_log_softmax(site, gradient), softmax)
            return
        site = site_of(expr, out, graph.shapes)
        gradients = lookup(expr.op).vjp(site, gradient)
        for arg, part in zip(expr.args, gradients, strict=True):
            if part is not None:
                visit(arg, arg, part, expr)

    visit(expr, out, upstream, None)
    return found


def gradients(
    graph: Graph,
    values: Mapping[str, NDArray[Any]],
    *,
    exact: bool = False,
    upstream: NDArray[Any] | None = None,
) -> Values:
    """Return the gradient of the loss by every name, given the values of a forward pass.

    Each gradient has the shape of its name. Where the last line is no scalar, ``upstream`` has
    its shape, and what comes out is the vector-Jacobian product.
    """
    start = None if upstream is None else graph.gradient(graph.loss)
    lines = graph.once(("gradients", start, exact), lambda: _slopes(graph, start, exact=exact))
    found: Values = dict(values)
    if start is not None and upstream is not None:
        found[start] = upstream
    with np.errstate(all="ignore"):
        for name, line in lines.items():
            found[graph.gradient(name)] = line(found, {})
    return {name: found[graph.gradient(name)] for name in graph.names}


def _slopes(graph: Graph, start: Expr | None, *, exact: bool) -> dict[str, Program]:
    back = backward(graph, start)
    return {name: _program(back.gradient(name), exact=exact) for name in back.order()}
