"""Arrays as grids of ruled cells, and how each number in them follows from those before it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.derive.gradients import derive_gradients
from exgen.derive.index import entry_form, letters
from exgen.derive.jacobian import slope_at_zero
from exgen.derive.latex import HADAMARD, Printer
from exgen.document import Step, Tex
from exgen.engine import Values, evaluate, gradients
from exgen.errors import KindError
from exgen.graph import (
    Binding,
    Call,
    Derivative,
    Entry,
    Expr,
    Graph,
    Index,
    Name,
    Number,
    Pair,
    SumOver,
    as_expr,
    is_column,
    is_scalar,
    names_in,
    rebuild,
    walk,
)
from exgen.ops import lookup, uses
from exgen.ops.base import size_of
from exgen.ops.leaky import LRELU
from exgen.ops.pool import AVGPOOL, MAXPOOL, MAXROUTE, window_of
from exgen.problems.luck import windows
from exgen.problems.numbers import number_latex
from exgen.problems.steps import claimed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exgen.derive.gradients import Gradient
    from exgen.derive.notation import Notation

RULES = (
    "no_ties",
    "off_the_kink",
    "both_signs",
    "short_decimals",
    "no_zero_inputs",
    "no_zero_results",
    "no_zero_gradients",
)
"""What numbers must show that are worked out cell by cell."""
SLIPS = (
    "mean_for_max",
    "max_for_mean",
    "no_activation",
    "no_slope_below",
    "leak_above",
    "matrix_product",
    "no_slope",
    "slope_on_the_wrong_side",
    "every_cell",
    "not_shared_out",
    "forgot_upstream",
)
"""The usual mistakes in such numbers, the likeliest first."""
SLOPE_RULES = (
    "off_the_kink",
    "both_signs",
    "several_terms",
    "short_decimals",
    "no_zero_inputs",
    "no_zero_gradients",
)
"""What numbers must show where the slope below 0 is learned."""
SLOPE_SLIPS = (
    "no_slope_below",
    "leak_above",
    "either_sign",
    "slope_on_the_wrong_side",
    "forgot_upstream",
)
"""The usual mistakes with a slope that is learned, the likeliest first."""
NEEDS = "alpha_gradient needs a line such as V = prelu(U, alpha) with alpha: param."
MOST_TERMS = 16
"""Sums over more entries than this are not written out."""
MOST_ENTRIES = 9
"""Grids of more entries than this are not worked out one by one."""


def slope_of(graph: Graph) -> tuple[str, str]:
    """Return the leaf that is a learned slope, and what shares it: ``all``, each ``row``, ``none``.

    Raises:
        KindError: there is none, or the output is too large for a grid.

    """
    bent = uses(graph, lambda op: op.traits.kink and len(op.signature.args) > 1)
    slopes = (graph.leaf(part.args[1].name) for part in bent if isinstance(part.args[1], Name))
    leaf = next((leaf for leaf in slopes if leaf is not None and leaf.role == "param"), None)
    if leaf is None:
        raise KindError("the network has no slope that is learned", remedy=NEEDS)
    parts = (part for line in graph.bindings for part in walk(line.expr))
    if sum(part == Name(leaf.name) for part in parts) > 1:
        said = f"'{graph.loss}' is not linear in '{leaf.name}'"
        raise KindError(said, remedy="alpha_gradient needs the slope used once.")
    if graph.size_names:
        said = f"the size {graph.size_names[0]} has no value"
        raise KindError(said, remedy="alpha_gradient needs sizes as numbers.")
    rows, columns = (dim.constant for dim in graph.shapes[graph.loss])
    if not 1 < rows * columns <= MOST_TERMS:
        said = f"'{graph.loss}' has {rows * columns} entries"
        remedy = f"alpha_gradient asks for a grid of 2 to {MOST_TERMS} entries; {NEEDS}"
        raise KindError(said, remedy=remedy)
    sort = "all" if is_scalar(leaf.shape) else "row" if is_column(leaf.shape) else "none"
    return leaf.name, sort


def grid_latex(array: NDArray[Any]) -> str:
    """Return an array as a grid with ruled cells; one number stays bare."""
    if array.size == 1:
        return number_latex(array.item())
    return ruled([[number_latex(entry) for entry in row] for row in array])


def ruled(cells: list[list[str]]) -> str:
    """Return cells of LaTeX as a grid with rules."""
    columns = "|c" * len(cells[0]) + "|"
    rows = r" \\ \hline ".join(" & ".join(row) for row in cells)
    return rf"\begin{{array}}{{{columns}}} \hline {rows} \\ \hline \end{{array}}"


@dataclass(frozen=True)
class Grids:
    """The numbers of both passes, and how to print them.

    Attributes:
        notation: how to write.
        graph: the network, ending in a loss.
        values: the forward pass in fractions.

    """

    notation: Notation
    graph: Graph
    values: Values

    @property
    def printer(self) -> Printer:
        """A printer for names and their gradients, which have the shape of their grid here."""
        notation = replace(self.notation, layout="shape")
        return Printer(notation, self.graph.shapes, self.graph.loss)

    @cached_property
    def found(self) -> Values:
        """Every gradient, in fractions; none where the network ends in no scalar."""
        if not is_scalar(self.graph.shapes[self.graph.loss]):
            return {}
        return gradients(self.graph, self.values, exact=True)

    @cached_property
    def derived(self) -> dict[str, Gradient]:
        """Every gradient as a formula, with the notation's slope at a kink."""
        return {
            name: replace(
                found,
                step=slope_at_zero(found.step, self.notation),
                closed=slope_at_zero(found.closed, self.notation),
            )
            for name, found in derive_gradients(self.graph).items()
        }

    def with_gradients(self) -> Values:
        """Return the values, and of a scalar the gradients under their own names."""
        return {**self.values, **{self.graph.gradient(n): array for n, array in self.found.items()}}

    def bound(self, name: str) -> Expr:
        """Return the expression a name is bound to."""
        expr = self.graph.expr(name)
        return Name(name) if expr is None else expr

    # --- symbols ---

    def gradient_symbol(self, name: str) -> str:
        """Return the symbol of the loss's gradient by a name."""
        return self.printer.derivative(self.graph.loss, name)

    def line(self, name: str) -> str:
        """Return the right side of a line; a sum over a grid is written with its indices."""
        expr = self.bound(name)
        match expr:
            case Call("sum", (inner,)) if expr.option("axis") is None:
                with suppress(KindError):  # what has no index form is written as it stands
                    return self.printer(self._summed(inner))
        return self.printer(expr)

    def _summed(self, inner: Expr) -> Expr:
        shape = self.printer.shape(inner)
        index: Pair = ("i", "j") if shape[1].constant != 1 else ("i", 0)
        total = self._entry_form(inner, index)
        for letter, dim in reversed(list(zip(index, shape, strict=True))):
            if isinstance(letter, str):
                total = SumOver(letter, dim, total)
        return total

    def _entry_form(self, expr: Expr, index: Pair) -> Expr:
        shapes = self.graph.shapes
        return entry_form(expr, index, shapes, letters(shapes))

    # --- the forward pass ---

    def forward_steps(self, name: str) -> tuple[Step, ...]:
        """Return how a line's entries follow from those it reads."""
        expr = self.bound(name)
        if not isinstance(expr, Call):
            return ()
        why = _pool_why(expr) if "stride" in lookup(expr.op).options else ""
        if self.values[name].size > MOST_ENTRIES:
            return (Step(expr.op, Tex(""), why),)
        if "stride" in lookup(expr.op).options:
            insides = [_pool_inside(expr.op, window) for window in windows(expr, self.values)]
        else:
            insides = list(map(add, self._insides(expr, name), self._scaled(expr, name)))
        equations = [
            (self._entry_symbol(name, place), inside, number_latex(self.values[name].item(*place)))
            for place, inside in zip(np.ndindex(self.values[name].shape), insides, strict=True)
        ]
        return (Step(expr.op, Tex(_aligned(equations)), why),)

    def _insides(self, expr: Call, name: str) -> list[str]:
        if expr.op == "sum" and is_scalar(self.graph.shapes[name]):
            return [self._numbers(self._summed(expr.args[0]))]
        places = np.ndindex(self.values[name].shape)
        return [self.inside(expr, (row, column)) for row, column in places]

    def _scaled(self, expr: Call, name: str) -> list[str]:
        """Return for each entry what a leaky ReLU multiplies; nothing where it changes nothing."""
        match expr:
            case Call(LRELU.name, (Name(of), Number() as slope)):
                entries = self.values[of].flat
                return [f" = {self.printer(slope * Number(x))}" if x < 0 else "" for x in entries]
        return [""] * self.values[name].size

    def _numbers(self, expr: Expr) -> str:
        """Return an index form with every sum written out and every entry's number in."""
        return self.printer(self._insert(expr, {}))

    def _insert(self, expr: Expr, at: dict[str, int]) -> Expr:
        known = self.with_gradients()

        def position(index: Index) -> int:
            return index if isinstance(index, int) else at[index]

        match expr:
            case Entry(Name() | Derivative() as of, (row, column)):
                return Number(evaluate(of, known, exact=True)[position(row), position(column)])
            case SumOver(index, size, body, _):
                terms = [self._insert(body, {**at, index: n}) for n in range(size_of(size))]
                total = terms[0]
                for term in terms[1:]:
                    total = total + term
                return total
            case Name() | Derivative() if is_scalar(self.printer.shape(expr)):
                return Number(evaluate(expr, known, exact=True).item())
        return rebuild(expr, lambda part: self._insert(part, at))

    def _entry_symbol(self, name: str, place: tuple[int, ...]) -> str:
        return self.printer(Entry(Name(name), (place[0], place[1])))

    def inside(self, expr: Expr, place: tuple[int, int]) -> str:
        """Return an entry of an expression with numbers in; nothing where it has no index form."""
        try:
            return self._numbers(self._entry_form(expr, place))
        except KindError:
            return ""

    # --- the backward pass ---

    def backward_steps(self, gradient: Gradient) -> tuple[Step, ...]:
        """Return a gradient as its rule, then with the numbers in."""
        gradient = replace(gradient, step=slope_at_zero(gradient.step, self.notation))
        why = " ".join(gradient.why)
        ops = [lookup(part.op) for part in walk(gradient.step) if isinstance(part, Call)]
        # A student has no name for what routes gradients, so the key explains it in words.
        if any(op.traits.backward and "stride" in op.options for op in ops):
            found = self._routes(gradient) or self._shares(gradient)
            return (Step(gradient.rules[0], Tex(found), why),)
        summed = self._collected(gradient)
        if summed:
            return (*summed[:1], replace(summed[1], why=why))
        symbol = self.gradient_symbol(gradient.name)
        inserted = self._product(gradient.step)
        equation = f"{symbol} = {self.printer(gradient.step)}{inserted}"
        sides = (self.graph.gradient(gradient.name), gradient.step)
        claims = claimed(self.graph, sides)
        return (Step(gradient.rules[0], Tex(equation), why, claims=claims),)

    def _collected(self, gradient: Gradient) -> tuple[Step, ...]:
        """Return the terms of a gradient that is a sum over a grid, and the sum for each entry."""
        match gradient.step:
            case Call("sum", (inner,)) as expr:
                terms = evaluate(inner, self.with_gradients(), exact=True)
            case _:
                return ()
        if not 1 < terms.size <= MOST_TERMS:
            return ()
        axis = expr.option("axis")
        rows = [terms] if axis is None else list(terms if axis == 1 else terms.T)
        value = evaluate(expr, self.with_gradients(), exact=True)
        equations = [
            (
                self.gradient_symbol(gradient.name)
                if value.size == 1
                else self.printer(Entry(self.graph.gradient(gradient.name), (place[0], place[1]))),
                _terms_latex([term for term in row.flat if term != 0]),
                number_latex(value.item(*place)),
            )
            for place, row in zip(np.ndindex(value.shape), rows, strict=True)
        ]
        claims = claimed(self.graph, (self.graph.gradient(gradient.name), gradient.step))
        equation = rf"{self.printer(inner)} =\; {grid_latex(terms)}"
        first = Step(gradient.rules[0], Tex(equation), "", claims=claims)
        return first, Step("sum", Tex(_aligned(equations)), "")

    def _routes(self, gradient: Gradient) -> str:
        """Return where a max-pool's gradients go, for each entry that receives any."""
        match gradient.step:
            case Call(MAXROUTE.name, (Name(name), Derivative() as upstream)) as expr:
                pass
            case _:
                return ""
        size, stride = window_of(dict(expr.options))
        routes: dict[tuple[int, int], list[str]] = {}
        known = self.with_gradients()
        columns = known[upstream].shape[1]
        for n, window in enumerate(windows(expr, self.values)):
            r, c = divmod(n, columns)
            inside = divmod(window.index(max(window)), size)
            place = (r * stride + inside[0], c * stride + inside[1])
            routes.setdefault(place, []).append(self.printer(Entry(upstream, (r, c))))
        if len(routes) > MOST_ENTRIES:
            return ""
        target = self.graph.gradient(name)
        return _aligned(
            [
                (
                    self.printer(Entry(target, place)),
                    " + ".join(parts),
                    number_latex(known[target][place[0], place[1]]),
                )
                for place, parts in sorted(routes.items())
            ],
            columns=2,
        )

    def _shares(self, gradient: Gradient) -> str:
        """Return what each window of a mean passes on to every entry that it covers."""
        pools = [b for b in self.graph.bindings if gradient.name in names_in(b.expr)]
        match pools:
            case [Binding(name, Call(AVGPOOL.name, (Name(),)) as expr)]:
                pass
            case _:
                return ""
        covered = window_of(dict(expr.options))[0] ** 2
        upstream = self.graph.gradient(name)
        found = self.with_gradients()[upstream]
        if found.size > MOST_ENTRIES:
            return ""
        equations = []
        for (row, column), received in np.ndenumerate(found):
            share = as_expr(1) / as_expr(covered) * Entry(upstream, (row, column))
            equations.append((self.printer(share), "", number_latex(received / covered)))
        return _aligned(equations, columns=2)

    def _product(self, expr: Expr) -> str:
        """Return a product with its factors as grids, or nothing where it is no product."""
        if not isinstance(expr, Call) or expr.op != "mul":
            return ""
        factors = [evaluate(arg, self.with_gradients(), exact=True) for arg in expr.args]
        sign = r"\cdot" if any(f.size == 1 for f in factors) else HADAMARD[self.notation.hadamard]
        return r" =\; " + rf" \;{sign}\; ".join(map(_bracketed, factors))


def _bracketed(array: NDArray[Any]) -> str:
    latex = grid_latex(array)
    return rf"\left({latex}\right)" if array.size == 1 and latex.startswith("-") else latex


def _terms_latex(terms: list[Any]) -> str:
    """Return a sum of numbers; nothing where it has one term."""
    total = "".join(
        f" {'-' if term < 0 else '+'} {number_latex(abs(term))}" if n else number_latex(term)
        for n, term in enumerate(terms)
    )
    return total if len(terms) > 1 else ""


def _pool_inside(op: str, window: list[Any]) -> str:
    if op == MAXPOOL.name:
        return r"\max\{" + r",\, ".join(map(number_latex, window)) + r"\}"
    total = _terms_latex(window)
    return rf"\frac{{1}}{{{len(window)}}} \left({total}\right)"


def _pool_why(expr: Call) -> str:
    what = "largest entry" if MAXPOOL.made(expr) else "mean"
    return f"Each entry is the {what} of one window."


def _aligned(equations: list[tuple[str, str, str]], columns: int = 1) -> str:
    parts = [
        f"{symbol} &= {inside + ' = ' if inside else ''}{value}"
        for symbol, inside, value in equations
    ]
    lines = [" & ".join(parts[n : n + columns]) for n in range(0, len(parts), columns)]
    return r"\begin{aligned} " + r" \\ ".join(lines) + r" \end{aligned}"
