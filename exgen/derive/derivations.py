"""Derivations in index form: a gradient's entry, line by line, each line an expression.

A line equals the one before it for the reason that it gives; what the certificate evaluates is
what is printed. :mod:`exgen.certify.against` compares each with the gradient.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.derive.gradients import derive_gradients
from exgen.derive.index import Bound, Letters, entry_form, letters_of, over, times
from exgen.derive.partials import contracted, ordered, partial
from exgen.derive.simplify import simplify
from exgen.errors import KindError
from exgen.graph import (
    Binding,
    Call,
    Delta,
    Dim,
    Entry,
    Expr,
    Graph,
    Index,
    Name,
    SumOver,
    as_expr,
    derivatives_in,
    is_column,
    made,
    names_in,
    walk,
)
from exgen.ops import traits_of
from exgen.ops.activations import EXP, SOFTMAX
from exgen.ops.base import Fusion, axis_option
from exgen.ops.losses import AFTER_SIGMOID, AFTER_SOFTMAX, BCE, CROSS_ENTROPY

if TYPE_CHECKING:
    from exgen.derive.gradients import Gradient
    from exgen.graph import Pair
    from exgen.ops.base import Op


FUSED = (AFTER_SOFTMAX, AFTER_SIGMOID)


class Line(Struct, frozen=True):
    """A line of a derivation: an expression in index form, and why it equals the one before.

    Attributes:
        expr: a scalar over entries.
        rule: a key for the wording: ``chain``, ``local``, ``delta``, …; ``start`` for the first.
        about: the names that the wording speaks of, or indices as ``k'=k``.

    """

    expr: Expr
    rule: str
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Derivation:
    """The lines for one entry of a gradient.

    Attributes:
        name: the variable.
        index: the indices of its entry; 0 along an axis of length 1.
        ranges: the letters and how far they run.
        lines: from the gradient's symbol to its index form.
        premise: what the last line needs beyond the forward pass; empty if nothing.

    """

    name: str
    index: Pair
    ranges: tuple[tuple[str, Dim], ...]
    lines: tuple[Line, ...]
    premise: str = ""


def asked_by_default(graph: Graph) -> tuple[str, ...]:
    """Return the names whose gradients a backward pass needs: parameters, and what leads there.

    The output's gradient is left out where the loss reaches the logits directly.
    """
    found = derive_gradients(graph)
    weights = [leaf.name for leaf in graph.leaves if leaf.role == "param"]
    needed = set(weights)
    # The gradients come with the last names first: whoever reads one comes after it.
    for name in reversed(found):
        if name in needed:
            needed |= _gradients_read(graph, found[name].step)
    depth = {name: n for n, name in enumerate(_backward_order(graph, found))}
    return tuple(sorted(needed, key=lambda name: depth[name]))


def _backward_order(graph: Graph, found: dict[str, Gradient]) -> list[str]:
    """Return lines from the last to the first, each followed by the leaves that it alone reads."""
    order: list[str] = []
    for binding in reversed(graph.bindings):
        order.append(binding.name)
        order += [
            leaf.name
            for leaf in graph.leaves
            if leaf.name in names_in(binding.expr) and leaf.name not in order
        ]
    return [*order, *(name for name in found if name not in order)]


def _gradients_read(graph: Graph, step: Expr) -> set[str]:
    return {part.by for part in derivatives_in(step)} - {graph.loss}


def index_gradient(graph: Graph, name: str) -> tuple[Pair, Expr]:
    """Return the indices of a gradient's entry and its index form."""

    def worked_out() -> tuple[Pair, Expr]:
        letters, step = letters_of(graph), derive_gradients(graph)[name].step
        index = letters.pair(graph.shapes[name])
        entry = simplify(entry_form(step, index, graph.shapes, letters), graph.shapes)
        return index, ordered(entry)

    return graph.once(("index form of the gradient", name), worked_out)


def ranges_of(graph: Graph, name: str, index: Pair) -> tuple[tuple[str, Dim], ...]:
    """Return the letters of an entry with the sizes through which they run."""
    return tuple(
        (letter, dim)
        for letter, dim in zip(index, graph.shapes[name], strict=True)
        if isinstance(letter, str)
    )


def derivation(graph: Graph, name: str) -> Derivation:
    """Derive one entry of the gradient by a name, line by line.

    Raises:
        KindError: a line that reads the name has no index form.

    """
    deriver = _Deriver(graph, letters_of(graph), derive_gradients(graph))
    return graph.once(("derivation", name), lambda: deriver.derive(name))


class _Deriver(Struct, frozen=True):
    graph: Graph
    letters: Letters
    found: dict[str, Gradient]

    def tidy(self, expr: Expr) -> Expr:
        return ordered(simplify(expr, self.graph.shapes))

    def derive(self, name: str) -> Derivation:
        if name not in self.found or not self.found[name].rules:
            raise KindError(
                f"the loss does not depend on '{name}'", remedy="Ask for another gradient."
            )
        index, last = index_gradient(self.graph, name)
        start = Line(Entry(self.graph.gradient(name), index), "start")
        (rule, *others), lines, premise = self.found[name].rules, None, ""
        output = self.output(name, next((f for f in FUSED if f.rule == rule), None))
        if output is None or others:
            lines = self.chain(name, index, last)
        elif rule == AFTER_SOFTMAX.rule:
            lines, premise = self.softmax(output, name, index, last), "target"
        else:
            lines = self.sigmoid(output, name, index, last)
        return Derivation(
            name, index, ranges_of(self.graph, name, index), (start, *_distinct(lines)), premise
        )

    # --- the chain rule, whatever the network ---

    def chain(self, name: str, index: Pair, last: Expr) -> list[Line]:
        """Return the chain rule over every entry that reads the name, and what is left of it."""
        readers = [b for b in self.graph.bindings if name in names_in(b.expr)]
        readers = [b for b in readers if b.name == self.graph.loss or self.found[b.name].rules]
        symbols: list[Expr] = []
        locals_: list[Expr] = []
        left: list[Expr] = []
        dropped: list[str] = []
        for reader in readers:
            place, bound = self.fresh(reader.name, index)
            if reader.name == self.graph.loss and _is_direct(reader.expr, name):
                local, bound = self.of_loss(reader.name, name, index)
            else:
                local = partial(self.graph, reader.name, place, name, index, self.letters)
            upstream = self.upstream(reader.name, place, last)
            symbol = Entry(self.graph.gradient(reader.name), place)
            by = self.graph.partial(reader.name, place, name, index)
            whole = reader.name == self.graph.loss
            # the symbol would mean the gradient along every path
            symbols.append(over(bound, self.tidy(local) if whole else symbol * by))
            inner = local if whole else upstream * local
            locals_.append(over(bound, self.tidy(inner)))
            left.append(self.tidy(contracted(over(bound, self.tidy(inner)))))
            dropped += [f"{a}={b}" for a, b in _collapsed(local, [n for n, _ in bound])]
        loss_only = [reader.name for reader in readers] == [self.graph.loss]
        chained = [] if loss_only else [Line(_total(symbols), "chain", _names(readers))]
        shown = {part.by for part in derivatives_in(_total(locals_))} | {self.graph.loss}
        inserted = [r.name for r in readers if r.name not in shown]
        rule = "slopes" if inserted and not loss_only else "local"
        return [
            *chained,
            Line(_total(locals_), rule, _names(readers)),
            Line(_total(left), "delta", tuple(dict.fromkeys(dropped))),
            Line(last, "cancel"),
        ]

    def of_loss(self, loss: str, name: str, index: Pair) -> tuple[Expr, Bound]:
        """Return the slope of each term of a loss, with the delta that picks those that count."""
        place, bound = self.fresh(name, index)
        slope = partial(self.graph, loss, (0, 0), name, place, self.letters)
        deltas = [Delta(a, b) for a, b in zip(place, index, strict=True) if a != b]
        return reduce(lambda one, other: one * other, deltas, slope), bound

    def fresh(self, name: str, index: Pair) -> tuple[Pair, Bound]:
        """Return indices for all entries of a name, other than those in use."""
        (row, column), bound = self.letters.place(self.graph.shapes[name], index)
        return (row, column), bound

    def upstream(self, name: str, place: Pair, last: Expr) -> Expr:
        """Return a gradient's entry: its symbol, or what it is where the last line has not it."""
        symbol = self.graph.gradient(name)
        if symbol in derivatives_in(last) or name == self.graph.loss:
            return Entry(symbol, place)
        return entry_form(self.found[name].step, place, self.graph.shapes, self.letters)

    # --- softmax with cross-entropy ---

    def output(self, name: str, fusion: Fusion | None) -> Binding | None:
        """Return the line that is the output of a fusion, of a name alone; None without one."""
        return next(
            (
                line
                for line in self.graph.bindings
                if fusion and made(line.expr, fusion.output) and line.expr.args[0] == Name(name)
            ),
            None,
        )

    def softmax(self, output: Binding, name: str, index: Pair, last: Expr) -> list[Line]:
        """Return the lines from the loss through the softmax to the logits."""
        p, t = Name(output.name), self.target(output.name, CROSS_ENTROPY)
        axis = axis_option(dict(output.expr.options)) if isinstance(output.expr, Call) else 0
        dim, own = self.graph.shapes[name][axis], index[axis]
        m = f"{self.letters[dim]}'"

        def at(of: Expr, letter: Index) -> Entry:
            row, column = (letter, index[1]) if axis == 0 else (index[0], letter)
            return Entry(of, (row, column))

        def over(body: Expr) -> Expr:
            return SumOver(m, dim, body)

        p_m, t_m, p_k, t_k = at(p, m), at(t, m), at(p, own), at(t, own)
        share = self.share(last)
        slope = -times(share, t_m / p_m)
        gradient = at(self.graph.gradient(output.name), m)
        by = self.graph.partial(output.name, p_m.indices, name, at(p, own).indices)
        local = p_m * (Delta(m, own) - p_k)
        return [
            Line(over(gradient * by), "chain", (output.name,)),
            Line(over(slope * local), "slopes", (output.name,)),
            Line(times(share, over(t_m * (p_k - Delta(m, own)))), "cancel output", (output.name,)),
            Line(times(share, p_k * over(t_m) - over(t_m * Delta(m, own))), "split"),
            Line(times(share, p_k * over(t_m) - t_k), "delta", (f"{m}={own}",)),
            Line(last, "premise", tuple(sorted(names_in(t)))),
        ]

    # --- sigmoid with binary cross-entropy ---

    def sigmoid(self, output: Binding, name: str, index: Pair, last: Expr) -> list[Line]:
        """Return the lines from the loss through the sigmoid to the pre-activation."""
        out = output.name
        p = Entry(Name(out), index)
        t = entry_form(self.target(out, BCE), index, self.graph.shapes, self.letters)
        share = self.share(last)
        product = (t / p - (1 - t) / (1 - p)) * (p * (1 - p))
        one = (1 - t) * p - t * (1 - p)
        gradient = Entry(self.graph.gradient(out), index)
        return [
            Line(gradient * self.graph.partial(out, index, name, index), "own chain", (out,)),
            Line(-times(share, product), "slopes", (out,)),
            Line(times(share, one), "multiply out"),
            Line(last, "cancel"),
        ]

    def target(self, output: str, loss: Op) -> Expr:
        for binding in self.graph.bindings:
            for part in walk(binding.expr):
                if loss.made(part) and part.args[0] == Name(output):
                    return part.args[1]
        raise KindError("there is no cross-entropy of this output")

    @staticmethod
    def share(last: Expr) -> Expr:
        """Return the factor before ``p - t``, such as 1/N."""
        match last:
            case Call("mul", (factor, Call("sub"))):
                return factor
            case Call("div", (Call("sub"), below)):
                return 1 / below
        return as_expr(1)


def hot_derivation(graph: Graph, *, same: bool, letter: str = "c") -> Derivation:
    """Derive the gradient by one logit where the class of the one-hot target has a letter.

    Args:
        graph: a softmax of one column of logits, and its cross-entropy with a one-hot target.
        same: whether the logit is that of the target's class, or of another.
        letter: what the target's class is called.

    Raises:
        KindError: the network is another.

    """
    logits, output, _ = hot_names(graph)
    dim = graph.shapes[logits][0]
    other = letters_of(graph)[dim]
    m = f"{other}'" if not same else other
    own = letter if same else other

    def at(name: str, index: Index) -> Entry:
        return Entry(Name(name), (index, 0))

    def power(index: Index) -> Expr:
        return EXP(at(logits, index))

    total = SumOver(m, dim, power(m))
    p_y, p_own = at(output, letter), at(output, own)
    top = (
        power(letter) * total - power(letter) * power(own)
        if same
        else -(power(letter) * power(own))
    )
    slope = p_y * (1 - p_y) if same else -(p_y * p_own)
    lines = (
        Line(Entry(graph.gradient(logits), (own, 0)), "start"),
        Line(-(1 / p_y * graph.partial(output, (letter, 0), logits, (own, 0))), "log"),
        Line(-(1 / p_y * (top / total**2)), "quotient"),
        Line(-(1 / p_y * slope), "in terms of", (output,)),
        Line(p_y - 1 if same else p_own, "cancel"),
    )
    ranges = ((letter, dim),) if same else ((letter, dim), (own, dim))
    return Derivation(logits, (own, 0), ranges, lines, "hot")


def hot_names(graph: Graph) -> tuple[str, str, str]:
    """Return logits, output and one-hot target of a softmax with cross-entropy on one column.

    Raises:
        KindError: the network is another.

    """
    loss = graph.expr(graph.loss)
    match loss:
        case Call(CROSS_ENTROPY.name, (Name(output), Name(target))):
            before = graph.expr(output)
            leaf = graph.leaf(target)
            match before:
                case Call(SOFTMAX.name, (Name(logits),)) if (
                    leaf is not None and leaf.role == "onehot" and is_column(graph.shapes[logits])
                ):
                    return logits, output, target
    raise KindError(
        "the loss is not the cross-entropy of one softmax with a one-hot target",
        remedy="It needs the lines p = softmax(z) and L = cross_entropy(p, g), with g: onehot[K].",
    )


# --- small pieces ---


def _is_direct(expr: Expr, name: str) -> bool:
    """Whether a loss of a name stands in an expression, a sum with a term for each entry."""
    return any(
        isinstance(part, Call) and traits_of(part).loss and part.args[0] == Name(name)
        for part in walk(expr)
    )


def _total(parts: list[Expr]) -> Expr:
    return reduce(lambda left, right: left + right, parts)


def _names(readers: list[Binding]) -> tuple[str, ...]:
    return tuple(reader.name for reader in readers)


def _distinct(lines: list[Line]) -> list[Line]:
    """Drop lines that say the same as the one before."""
    kept: list[Line] = []
    for line in lines:
        if not kept or line.expr != kept[-1].expr:
            kept.append(line)
    return kept


def _collapsed(local: Expr, bound: list[str]) -> list[tuple[str, str]]:
    """Return which summed index is forced to equal which other one."""
    pairs: dict[str, str] = {}
    for part in walk(local):
        if isinstance(part, Delta):
            for one, other in ((part.left, part.right), (part.right, part.left)):
                if one in bound and str(one) not in pairs:
                    pairs[str(one)] = str(other)
                    break
    return list(pairs.items())
