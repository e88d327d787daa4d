"""Gradients of parameters and of values on the way, in vectorised form, for any network."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from exgen.certify.equation import Equation
from exgen.certify.examples import MeanGradientClaim
from exgen.certify.quantity import Quantity
from exgen.derive.batch import batched, cost_name, in_rows, per_example
from exgen.derive.factors import Given, gradients_given, known_name, read_given
from exgen.derive.marked import MarkedPrinter, example_mark
from exgen.derive.symbols import dim_latex, shape_latex
from exgen.document import Step, Tex
from exgen.errors import KindError
from exgen.graph import SCALAR, Call, Dim, Expr, Graph, Number
from exgen.language import to_text
from exgen.problems.backward import Backward, reasons_of
from exgen.problems.base import Kind, Setting, Solution, Solved, forward_fields
from exgen.problems.fused import fused_proofs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from exgen.seeds import Stream


def sample(graph: Graph, options: Mapping[str, Any], _stream: Stream) -> dict[str, Any]:
    """Check what is asked and given; unless the bank names it, every parameter is asked for."""
    groups = _groups(graph, options.get("ask"))
    given = read_given(graph, options.get("given", []))
    for name in (name for group in groups for name in group):
        if name in given.gradients:
            raise KindError(f"the gradient by '{name}' is both given and asked for")
    draws: dict[str, Any] = {"ask": groups}
    if "given" in options:
        draws["given"] = options["given"]
    if "examples" in options:
        _check_examples(graph, groups, given)
        draws["examples"] = options["examples"]
    return draws


def _groups(graph: Graph, asked: object) -> list[list[str]]:
    if asked is None:
        weights = [leaf.name for leaf in graph.leaves if leaf.role == "param"]
        if not weights:
            raise KindError(
                "the network has no parameter",
                remedy="parameter_gradients needs a leaf such as W: param[3, 2], or 'ask'.",
            )
        asked = [weights]
    if not isinstance(asked, list):
        raise KindError("'ask' is a list of names, or of lists of names")
    groups = asked if all(isinstance(part, list) for part in asked) else [asked]
    found = gradients_given(graph, Given())
    for name in (name for group in groups for name in group):
        if not isinstance(name, str):
            raise KindError("'ask' is a list of names, or of lists of names")
        known_name(graph, name)
        if name == graph.loss or not found[name].rules:
            raise KindError(
                f"the loss '{graph.loss}' does not depend on '{name}'"
                if name != graph.loss
                else f"'{name}' is the loss itself, so its gradient is 1",
                remedy="Ask for names that the loss depends on.",
            )
    return [list(group) for group in groups]


def _check_examples(graph: Graph, groups: list[list[str]], given: Given) -> None:
    if not given.is_empty:
        raise KindError("'examples' and 'given' cannot be combined")
    batched(graph, Dim(0, ("m",)))
    for name in (name for group in groups for name in group):
        if name in per_example(graph):
            raise KindError(
                f"'{name}' differs from example to example, so its gradient is no mean over them",
                remedy="With 'examples', ask for parameters.",
            )


def solve(setting: Setting, draws: Mapping[str, Any]) -> Solution:
    """Derive every gradient that is asked for, from those found before it."""
    if "examples" in draws:
        return _over_examples(setting, draws)
    given = read_given(setting.graph, draws.get("given", []))
    work = Backward(setting, given, gradients_given(setting.graph, given))
    printer = setting.printer
    known: list[str] = []
    answers: list[Solved] = []
    groups: list[dict[str, Any]] = []
    said: set[str | Tex] = set()
    derived: set[str] = set()
    for names in draws["ask"]:
        lines: list[dict[str, Any]] = []
        why: list[str | Tex] = []
        proofs: list[dict[str, Any]] = []
        for name in names:
            steps: list[Step] = []
            for stage in (*work.needed(name, known), name):
                if stage not in known:
                    known.append(stage)
                    lines.append(work.line(stage))
                    told, claims = work.reasons(stage)
                    step = work.step(stage)
                    steps.append(replace(step, claims=(*step.claims, *claims)))
                    why += [text for text in told if text not in said]
                    said |= set(why)
                    proof, proven = fused_proofs(setting, [stage], work.found, derived)
                    proofs += proof
                    steps += proven
            answers.append(_answer(work, name, tuple(steps), alone=len(names) == 1))
        groups.append(
            {
                "answers": list(names),
                "asked": [Tex(printer.derivative(setting.graph.loss, name)) for name in names],
                "lines": lines,
                "why": why,
                "proofs": proofs,
            }
        )
    fields = {**forward_fields(setting), "groups": groups, "given": _given_fields(work)}
    fields["derives"] = sorted(derived)
    return Solution({**fields, "examples": None}, tuple(answers))


def _given_fields(work: Backward) -> list[Tex]:
    """Return the symbols of what is given, the loss's own first."""
    printer, loss = work.setting.printer, work.graph.loss
    return [
        *(Tex(printer.derivative(loss, name)) for name in work.given.gradients),
        *(Tex(printer.derivative(factor.of, factor.by)) for factor in work.given.factors),
    ]


def _answer(work: Backward, name: str, steps: tuple[Step, ...], *, alone: bool) -> Solved:
    gradient = work.found[name]
    step = work.written(gradient.step)
    closed = work.written(gradient.closed)
    answer = step if work.given.is_empty else closed
    line = work.line(name)
    printer, position = work.printer(), 0 if answer is step else 1

    def write(claim: Equation) -> Tex:
        right = printer(claim.rights[position])
        return Tex(right if alone else f"{line['left']} = {right}")

    return Solved(
        name=name,
        latex=Tex(printer(answer)),
        shape=work.shape(name),
        expr=to_text(closed),
        steps=steps or (work.step(name),),
        claim=Equation(
            work.graph,
            Quantity(work.graph.loss, name),
            (step, closed),
            layout=work.layout,
        ),
        write=write,
    )


# --- a cost over many examples ---


def _over_examples(setting: Setting, draws: Mapping[str, Any]) -> Solution:
    """Derive the gradient of the mean loss: one example first, then the mean, then the batch."""
    graph, notation = setting.graph, setting.notation
    count = _count(draws["examples"])
    own = per_example(graph)
    work = Backward(setting, Given(), gradients_given(graph, Given()))
    batch = batched(graph, count, rows=in_rows(notation))
    many = Backward(
        Setting(batch.graph, notation, None), Given(), gradients_given(batch.graph, Given())
    )
    size, cost = dim_latex(count), cost_name(graph)
    marked = work.printer(own)
    mean = rf"\frac{{1}}{{{size}}} \sum_{{i=1}}^{{{size}}} "
    known: list[str] = []
    lines: list[dict[str, Any]] = []
    answers: list[Solved] = []
    totals: list[dict[str, Any]] = []
    for name in (name for group in draws["ask"] for name in group):
        for stage in (*work.needed(name, known), name):
            if stage not in known:
                known.append(stage)
                lines.append(work.line(stage, own))
        closed = work.written(work.found[name].closed)
        left = many.setting.printer.derivative(cost, name)
        body = work.printer(own).wrapped(closed)
        together = many.written(many.found[name].closed)
        batch_latex = many.printer()(together)
        shape = work.shape(name)
        why = " ".join(reasons_of(work.found[name]))
        answers += [
            Solved(
                name=name,
                latex=Tex(mean + body),
                shape=shape,
                expr=to_text(closed),
                steps=(Step("mean", Tex(f"{left} = {mean}{body}"), why),),
                claim=MeanGradientClaim(graph, name, closed, shape, work.layout, batch),
                write=_write_mean(work.printer(own), left, mean, closed),
            ),
            Solved(
                name=f"{name}.batch",
                latex=Tex(batch_latex),
                shape=shape,
                expr=to_text(together),
                steps=(Step("batch", Tex(f"{left} = {batch_latex}"), why),),
                claim=Equation(
                    batch.graph,
                    Quantity(batch.graph.loss, name),
                    (together,),
                    layout=work.layout,
                ),
                write=_write_batch(many.printer(), left),
            ),
        ]
        totals.append(
            {
                "names": [name, f"{name}.batch"],
                "left": Tex(left),
                "mean": Tex(mean + body),
                "batch": Tex(batch_latex),
                "shape": Tex(shape_latex(shape)),
            }
        )
    derived: set[str] = set()
    proofs, proven = fused_proofs(setting, known, work.found, derived)
    each = [
        replace(step, claims=(*step.claims, *work.reasons(stage)[1]))
        for stage in known
        for step in [work.step(stage, own)]
    ]
    answers[0] = replace(answers[0], steps=(*proven, *each, *answers[0].steps))
    fields = {
        **forward_fields(setting, {cost: SCALAR}),
        "derives": sorted(derived),
        "groups": [],
        "given": [],
        "examples": {
            "size": Tex(size),
            "line": "row" if batch.rows else "column",
            "mark": Tex(example_mark(notation)),
            "cost": Tex(many.setting.printer.name(cost)),
            "mean": Tex(mean + marked.name(graph.loss)),
            "inputs": [
                {
                    "one": Tex(marked.name(name)),
                    "all": Tex(many.setting.printer.name(batch.names[name])),
                }
                for name in batch.names
            ],
            "lines": lines,
            "totals": totals,
            "proofs": proofs,
            "why": list(dict.fromkeys(w for name in known for w in work.reasons(name)[0])),
        },
    }
    return Solution(fields, tuple(answers))


def _write_mean(
    printer: MarkedPrinter, left: str, mean: str, right: Expr
) -> Callable[[MeanGradientClaim], Tex]:
    """Return how a mean over the examples is printed, or a sum that was taken for it."""
    total = mean[mean.index(r"\sum") :]

    def write(claim: MeanGradientClaim) -> Tex:
        match claim.expr:
            case Call("mul", (Number(), inner)) if inner == right:
                return Tex(f"{left} = {total}{printer.wrapped(inner)}")
        return Tex(f"{left} = {mean}{printer.wrapped(claim.expr)}")

    return write


def _write_batch(printer: MarkedPrinter, left: str) -> Callable[[Equation], Tex]:
    return lambda claim: Tex(f"{left} = {printer(claim.rights[0])}")


def _count(examples: object) -> Dim:
    return Dim(examples) if isinstance(examples, int) else Dim(0, (str(examples),))


KIND = Kind(
    name="parameter_gradients",
    summary="vectorised gradients of parameters and of values on the way",
    options={"ask": (list,), "given": (list,), "examples": (str, int)},
    network_rules=("distinct_dims",),
    number_rules=(),
    slips=(
        "dropped_path",
        "missing_minus",
        "skipped_jacobian",
        "no_slope",
        "output_for_preactivation",
        "sum_for_mean",
        "wrong_sign",
        "forgot_factor",
        "wrong_mask",
        "slope_on_the_wrong_side",
        "slope_at_the_input",
        "kept_the_one",
        "forgot_transpose",
        "wrong_order",
    ),
    needs_loss=True,
    sample=sample,
    solve=solve,
)
