"""The gradient of the loss by every name: step by step, and in closed form."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from exgen.derive.distributions import distributions, quotients, sums_to_one
from exgen.derive.rewriting.terms import Known
from exgen.derive.simplify import simplify_with
from exgen.engine import Backward, Contribution, backward, pull_back
from exgen.graph import (
    Binding,
    Call,
    Derivative,
    Expr,
    Graph,
    Name,
    Shape,
    is_column,
    is_scalar,
    made,
    names_in,
    substitute,
    walk,
)
from exgen.ops import TABLE, lookup
from exgen.ops.activations import SOFTMAX
from exgen.ops.base import axis_option
from exgen.ops.losses import AFTER_SOFTMAX
from exgen.ops.pool import window_of
from exgen.shapes import Shapes, shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from exgen.ops.base import Fusion

MAX_CLOSED_PARTS = 2000
"""A closed form with more parts than this keeps the names of gradients on the way."""
MAX_CLOSED_DEPTH = 100
"""A closed form nested deeper than this does so too; it must stay readable by the language."""


@dataclass(frozen=True, slots=True)
class Gradient:
    """The gradient of the loss by one name.

    Attributes:
        name: the variable.
        shape: its shape, which is the gradient's too.
        step: the gradient from the gradients of the names that use the variable.
        closed: the gradient from names of the forward pass alone.
        rules: the ops whose rules were used, one for each use of the variable.
        why: one sentence for each distinct rule.
        whole: the names whose entries were taken to sum to 1 so far.

    """

    name: str
    shape: Shape
    step: Expr
    closed: Expr
    rules: tuple[str, ...]
    why: tuple[str, ...]
    whole: frozenset[str] = frozenset()


FUSIONS: Mapping[str, Fusion] = {
    op.name: op.traits.fusion for op in TABLE.values() if op.traits.fusion is not None
}
"""The losses that simplify together with the output before them, each with that output."""


def derive_gradients(graph: Graph) -> dict[str, Gradient]:
    """Derive the gradient of the loss by every name, last names first."""
    return graph.once("gradients", lambda: gradients_from(in_order(fuse(backward(graph)))))


def rule_by_rule(graph: Graph) -> dict[str, Gradient]:
    """Derive the same gradients with each rule by itself, so that nothing is fused."""
    return graph.once("rule by rule", lambda: gradients_from(backward(graph)))


def in_order(back: Backward) -> Backward:
    """Return a backward pass in which the uses of a name come as they are met from the loss.

    Reading starts at the loss, from left to right, and goes into each line where it is first met;
    so the terms of a gradient stand in the order of the loss's terms, and then of the lines.
    """
    met = _as_met(back.graph)
    contributions = {
        name: tuple(sorted(parts, key=lambda part: met.get((name, part.consumer), 0)))
        for name, parts in back.contributions.items()
    }
    return Backward(back.graph, contributions, back.start)


def _as_met(graph: Graph) -> dict[tuple[str, str], int]:
    """Return when a line that reads a name is met; in the loss's own line, when the name is."""
    lines = {binding.name: binding.expr for binding in graph.bindings}
    met: dict[tuple[str, str], int] = {}
    opened = {graph.loss: 0}
    waiting = [(graph.loss, walk(lines[graph.loss]))] if graph.loss in lines else []
    while waiting:
        line, parts = waiting[-1]
        for part in parts:
            if not isinstance(part, Name):
                continue
            at = len(met) + len(opened)
            met.setdefault((part.name, line), at if line == graph.loss else opened[line])
            if part.name in lines and part.name not in opened:
                opened[part.name] = at
                waiting.append((part.name, walk(lines[part.name])))
                break
        else:
            waiting.pop()
    return met


def gradients_from(back: Backward, kept: frozenset[str] = frozenset()) -> dict[str, Gradient]:
    """Derive the gradients of a backward pass, last names first.

    Args:
        back: the backward pass.
        kept: names whose gradients stay as symbols in the closed forms of others.

    """
    graph = back.graph
    whole, named = distributions(graph), quotients(graph)
    closed: dict[Derivative, Expr] = {}
    found: dict[str, Gradient] = {}
    # What was brought into form once is not worked on again where it is put in.
    known = Known(Shapes(graph.shapes), whole, named)
    for name in back.order():
        step = simplify_with(back.gradient(name), known)
        full = _closed(step, closed, known)
        if full is not None and name not in kept:
            closed[graph.gradient(name)] = full
        parts = back.contributions.get(name, ())
        rules = tuple(_rule(part, graph) for part in parts)
        why = tuple(dict.fromkeys(text for part in parts for text in _why(part, name, graph)))
        used = frozenset(known.used)
        found[name] = Gradient(name, graph.shapes[name], step, full or step, rules, why, used)
    return found


def _rule(part: Contribution, graph: Graph) -> str:
    """Return the rule behind a contribution; a transposed factor has the rule of its product."""
    if part.rule == "transpose":
        line = graph.expr(part.consumer)
        for outer in walk(line) if line is not None else ():
            if made(outer, "matmul") and part.use in outer.args:
                return outer.op
    return part.rule


def _closed(step: Expr, closed: Mapping[Derivative, Expr], known: Known) -> Expr | None:
    """Return a step with the gradients on the way put in; None where that grows too large."""
    symbols = (part for part in walk(step) if isinstance(part, Derivative))
    inserted = [closed[symbol] for symbol in symbols if symbol in closed]
    # Counted before anything is put in: along a chain of skips the size doubles with every block.
    counted = (1 for expr in (step, *inserted) for _ in walk(expr))
    if sum(islice(counted, MAX_CLOSED_PARTS + 1)) > MAX_CLOSED_PARTS:
        return None
    full = simplify_with(substitute(step, closed), known)
    return full if _depth(full) <= MAX_CLOSED_DEPTH else None


def _depth(expr: Expr) -> int:
    deepest, waiting = 0, [(expr, 1)]
    while waiting:
        part, depth = waiting.pop()
        deepest = max(deepest, depth)
        if isinstance(part, Call):
            waiting += [(arg, depth + 1) for arg in part.args]
    return deepest


STRETCHED = "The scalar acts on every entry, so the contributions of all entries are summed."
OVERLAP = "An entry that lies in several windows receives the sum of its contributions."


def _why(part: Contribution, name: str, graph: Graph) -> tuple[str, ...]:
    """Return why a use adds what it does: the rule, and what holds of this use alone."""
    rule = _rule(part, graph)
    fused = {fusion.rule: fusion.why for fusion in FUSIONS.values()}
    if rule == "copy":
        return ("Another name for the same value has the same gradient.",)
    if rule == "chain":
        return ("Chain rule with the given Jacobian.",)
    if rule in fused:
        return (fused[rule],)
    op = lookup(rule)
    own = (op.why,)
    if part.use is None:
        return own
    if "stride" in op.options:
        size, stride = window_of(dict(part.use.options))
        return own if stride >= size else (*own, OVERLAP)
    shapes = [shape_of(arg, graph.shapes) for arg in part.use.args]
    stretched = op.infix and op.traits.entrywise and sum(map(is_scalar, shapes)) == 1
    one_number = is_scalar(graph.shapes[name]) and Name(name) in part.use.args
    return (*own, STRETCHED) if stretched and one_number else own


def fuse(back: Backward) -> Backward:
    """Let the loss reach the logits directly where output and loss simplify together.

    Only where the loss is the output's one use: else the logits need the whole gradient by the
    output. That gradient itself stays as it is.
    """
    contributions = dict(back.contributions)
    whole = distributions(back.graph)
    for binding in back.graph.bindings:
        output = binding.expr
        if not isinstance(output, Call):
            continue
        loss = next((name for name, f in FUSIONS.items() if f.output == output.op), None)
        if loss is None:
            continue
        logits = output.args[0]
        # Along the rows of a column every softmax is 1, and no target's entries sum to 1.
        if axis_option(dict(output.options)) == 1 and is_column(back.graph.shapes[binding.name]):
            continue
        parts = contributions[binding.name]
        direct = [_fused(back.graph, binding, loss, part, whole) for part in parts]
        if not (direct and all(direct)):
            continue
        for name in names_in(logits):
            others = [p for p in contributions[name] if p.consumer != binding.name]
            contributions[name] = (
                *_through(back.graph, binding.name, logits, name, direct),
                *others,
            )
    return Backward(back.graph, contributions)


def _through(
    graph: Graph, output: str, logits: Expr, name: str, direct: Sequence[Contribution | None]
) -> Iterator[Contribution]:
    """Yield what the loss adds to the gradient of a name that the logits are, or are made of."""
    for part in direct:
        if part is not None and logits == Name(name):
            yield part
        elif part is not None:
            for reached, inner in pull_back(graph, output, logits, logits, part.gradient):
                if reached == name:
                    yield replace(inner, rule=part.rule)


def _fused(
    graph: Graph, line: Binding, loss: str, part: Contribution, whole: Mapping[str, int]
) -> Contribution | None:
    """Return the contribution to the logits that replaces the loss's to the output."""
    if part.use is None or part.rule != loss or not isinstance(line.expr, Call):
        return None
    prediction, target = part.use.args
    if prediction != Name(line.name) or line.name in names_in(target):
        return None
    axis = axis_option(dict(line.expr.options))
    if FUSIONS[loss].premise and not sums_to_one(target, axis, graph.shapes, whole):
        return None
    # The loss's rule builds upstream * slope, so the upstream gradient is the left factor.
    if not (isinstance(part.gradient, Call) and part.gradient.op == "mul"):
        return None
    gradient = part.gradient.args[0] * (Name(line.name) - target)
    return Contribution(FUSIONS[loss].rule, part.consumer, part.use, gradient)


def premises(graph: Graph, found: Mapping[str, Gradient]) -> tuple[str, ...]:
    """Return what gradients assume beyond the forward pass, each once."""
    if not any(leaf.role == "onehot" for leaf in graph.leaves):
        return ()
    used = {rule for gradient in found.values() for rule in gradient.rules}
    told = [f.premise for f in FUSIONS.values() if f.premise and f.rule in used]
    # That the entries of a softmax sum to 1 is no premise.
    made = {b.name for b in graph.bindings if SOFTMAX.made(b.expr)}
    if any(gradient.whole - made for gradient in found.values()):
        told.append(AFTER_SOFTMAX.premise)
    return tuple(dict.fromkeys(told))
