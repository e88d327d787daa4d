"""Derivatives in a network of scalars: the chain rule along every path to a variable."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from exgen.asks.scene import Answered, Scene
from exgen.certify.equation import Equation
from exgen.certify.quantity import Quantity
from exgen.derive.factors import Given, gradients_given
from exgen.derive.gradients import rule_by_rule
from exgen.derive.jacobian import slope_at_zero
from exgen.derive.latex import Printer
from exgen.derive.worked import chained, functions_on
from exgen.document import Tex
from exgen.errors import KindError
from exgen.graph import SCALAR, Call, Graph, Name, is_scalar, names_in, substitute, walk
from exgen.language import to_text
from exgen.ops import traits_of
from exgen.problems.base import Solved
from exgen.problems.steps import scalar_reasons, scalar_step, slope_reasons
from exgen.problems.upstream import part_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.asks.pieces import Phrase
    from exgen.derive.worked import Chained


UPSTREAM = "upstream"
"""The leaf that is an upstream gradient which is shown without a name."""


def is_of_scalars(graph: Graph) -> bool:
    """Whether every quantity of a network is a scalar."""
    return all(map(is_scalar, graph.shapes.values()))


def is_rational(graph: Graph) -> bool:
    """Whether every line computes with fractions, so that its numbers can be exact."""
    calls = (part for b in graph.bindings for part in walk(b.expr) if isinstance(part, Call))
    return all(traits_of(part).exact for part in calls)


def derivative(ask: Phrase, scene: Scene, given: Given, whole: Graph) -> Answered:
    """Return the derivative of the last line by a name, in terms of names of the forward pass.

    Args:
        ask: with ``with upstream`` the derivatives by the lines on the way stay symbols.
        scene: its network ends in what is differentiated.
        given: derivatives that stay symbols in any case.
        whole: the problem's network, whose names no rule takes for letters of its own.

    """
    by, notation = scene.name(ask, "entry"), scene.setting.notation
    network = part_of(scene.graph, scene.graph.loss)
    alone = "upstream" in ask.clauses and given.is_empty
    found = rule_by_rule(network) if alone else gradients_given(network, given)
    closed_form = not {"upstream", "steps"} & ask.clauses.keys()
    raw = chained(network, by, found, inner=closed_form)
    written = (slope_at_zero(substitute(side, scene.arriving), notation) for side in raw.sides)
    chain = replace(raw, sides=tuple(dict.fromkeys(written)))
    closed, of = chain.sides[-1], network.loss
    printer = Printer(notation, network.shapes, of)
    step = scalar_step(network, by, chain, printer, whole)
    inserted = _inserted(network, by, chain) if closed_form else []
    formulas, proven = slope_reasons(inserted, printer, whole)
    reasons, _ = scalar_reasons(network, by, chain.paths, printer, whole)
    if formulas:
        reasons.append(f"Here ${'$ and $'.join(formulas)}$.")
    solved = Solved(
        name=ask.name,
        latex=Tex(printer(closed)),
        shape=SCALAR,
        expr=to_text(closed),
        steps=(replace(step, why=Tex(" ".join(reasons)), claims=(*step.claims, *proven)),),
        claim=Equation(network, Quantity(of, by), (closed,)),
        write=lambda claim: Tex(printer(claim.rights[0])),
    )
    return Answered(Tex(rf"$\displaystyle {printer.derivative(of, by)}$"), (solved,), "worked")


def _inserted(network: Graph, by: str, chain: Chained) -> list[Call]:
    """Return the functions behind the lines that read a name, whose slopes are inserted too."""
    reading = {path.line for path in chain.paths}
    later = [b for b in network.bindings if b.name not in reading | {by}]
    return [
        part
        for line in later
        if by in part_of(network, line.name).names
        for part in functions_on(line.expr)
    ]


def way_of(graph: Graph, options: Mapping[str, Any], of: str = "") -> str:
    """Return how a preset asks for the numbers of a line, or all: exactly where they can be."""
    exact = is_rational(part_of(graph, of) if of in graph.names else graph)
    return "exactly" if exact else f"to {options.get('digits', 2)} digits"


# --- which derivatives a preset asks for ---


def pairs(graph: Graph, options: Mapping[str, Any], upstream: str) -> list[list[str]]:
    """Return what is differentiated, and by what.

    That is what a bank names under ``ask``; with ``loss`` the last line by itself, by every other
    line and by every leaf but the targets; with ``leaves`` by each leaf. Else it is each line by
    what it reads, the last line by the rest, and the loss behind it, if there is one, by each leaf.

    Raises:
        KindError: the network is not of scalars, or ``ask`` is malformed.

    """
    if not is_of_scalars(graph):
        name = next(name for name, shape in graph.shapes.items() if not is_scalar(shape))
        raise KindError(
            f"scalar_graph asks about scalars, and '{name}' is none",
            remedy="Use a network whose leaves are declared without sizes.",
        )
    if "ask" in options:
        if not all(isinstance(p, list) and len(p) == 2 for p in options["ask"]):  # noqa: PLR2004
            raise KindError("each entry of 'ask' is a pair [function, variable]")
        return [list(map(str, pair)) for pair in options["ask"]]
    last, reached = graph.loss, part_of(graph, graph.loss)
    leaves = [leaf.name for leaf in reached.leaves]
    lines = [binding.name for binding in reversed(graph.bindings)]
    if options.get("loss"):
        targets = {leaf.name for leaf in graph.leaves if leaf.role in ("target", "onehot")}
        wanted = [name for name in (*lines, *leaves) if name in reached.names]
        return [[last, name] for name in wanted if name not in targets]
    found: list[list[str]] = []
    if not options.get("leaves"):
        found = [[line, by] for line in lines for by in graph.names if _reads(graph, line, by)]
    found += [[last, name] for name in leaves if [last, name] not in found]
    return found + [[upstream, name] for name in leaves if upstream]


def _reads(graph: Graph, line: str, by: str) -> bool:
    """Whether a line reads a name, and reaches it in no other way."""
    read = names_in(graph.expr(line) or Name(line))
    others = [name for name in read - {by} if graph.expr(name) is not None]
    return by in read and not any(by in part_of(graph, other).names for other in others)


def loss_with_numbers(graph: Graph, options: Mapping[str, Any]) -> str:
    """Return a name for the loss behind a network of which a bank has the upstream gradient."""
    return loss_behind(graph) if UPSTREAM in options.get("numbers", {}) else ""


def loss_behind(graph: Graph) -> str:
    """Return a name for the loss that lies beyond the network."""
    return next(name for name in ("L", "J", "C", "Loss") if name not in graph.names)
