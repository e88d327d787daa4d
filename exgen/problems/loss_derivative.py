"""Loss derivatives: by one entry of the prediction, by all of it, and by the pre-activation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from exgen.certify.equation import Equation
from exgen.certify.quantity import Quantity
from exgen.derive.batch import batched, cost_name, in_rows
from exgen.derive.factors import Given, gradients_given
from exgen.derive.index import entry_form, letters
from exgen.derive.marked import MarkedPrinter, example_mark
from exgen.derive.orient import per_example
from exgen.derive.summands import entry_at, loss_line
from exgen.derive.symbols import dim_latex, shape_latex
from exgen.derive.worked import functions_on
from exgen.derive.written import as_written, written_shape
from exgen.document import Step, Tex
from exgen.errors import KindError
from exgen.graph import (
    ONE,
    SCALAR,
    Call,
    Dim,
    Entry,
    Expr,
    Graph,
    Index,
    Name,
    as_expr,
    is_column,
    is_scalar,
    names_in,
    rebuild,
    size_as_number,
    walk,
)
from exgen.language import to_text
from exgen.ops.losses import AFTER_SIGMOID
from exgen.problems.base import Kind, Setting, Solution, Solved, forward_fields
from exgen.problems.fused import fused_proofs
from exgen.problems.steps import claimed, slope_reasons

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.graph import Shape
    from exgen.seeds import Stream

ONLY_OWN = "Only the term of the sum with the same index depends on this entry."
WHOLE = "The loss is differentiated term by term."
FRACTION = "The two terms have a common denominator."
TOGETHER = "The derivatives with respect to the entries are the entries of the gradient."


def sample(graph: Graph, options: Mapping[str, Any], _stream: Stream) -> dict[str, Any]:
    """Check that the loss is one of a prediction and a target."""
    line = loss_line(graph)
    if not is_column(graph.shapes[line.prediction]):
        raise KindError(
            f"the prediction '{line.prediction}' is a matrix",
            remedy="loss_derivative needs one example; 'examples' makes many of it.",
        )
    if graph.leaf(line.prediction) is not None:
        raise KindError(
            f"the prediction '{line.prediction}' is no line of the network",
            remedy="Give it one, such as yhat = sigmoid(z).",
        )
    if "examples" not in options:
        return {}
    if not is_scalar(graph.shapes[line.prediction]):
        raise KindError(
            "'examples' needs one prediction for each example, and "
            f"'{line.prediction}' has several entries",
            remedy="Leave 'examples' out, or give the network one output.",
        )
    batched(graph, Dim(0, ("m",)))
    return {"examples": options["examples"]}


class _Case(Struct, frozen=True):
    """What the answers are built from: a network, its printers, and how an entry is written.

    Attributes:
        setting: the network that the claims are about: for many examples, that of the batch.
        network: the problem's own network.
        prediction, target, logits: their names in it; no logits where nothing comes before.
        index: where an entry stands in it; 0 along an axis of length 1.
        split: the derivative of the summand, term by term.

    """

    setting: Setting
    network: Graph
    prediction: str
    target: str
    logits: str | None
    index: tuple[Index, Index]
    split: Expr

    @property
    def graph(self) -> Graph:
        return self.setting.graph

    def written(self, expr: Expr) -> Expr:
        return as_written(expr, self.graph, self.setting.notation)

    def shape(self, name: str) -> Shape:
        return written_shape(self.graph.shapes[name], self.setting.notation)

    def latex(self, expr: Expr) -> str:
        return self.setting.printer(self.written(expr))

    def entry_of(self, expr: Expr) -> Expr:
        """Return an expression's entry in index form."""
        shapes = self.graph.shapes
        return entry_form(expr, self.index, shapes, letters(shapes))


def solve(setting: Setting, draws: Mapping[str, Any]) -> Solution:
    """Differentiate the loss by an entry, by the prediction, and by the pre-activation."""
    graph = setting.graph
    line = loss_line(graph)
    logits = _logits(graph, line.prediction)
    if "examples" in draws:
        shown = forward_fields(setting, {cost_name(graph): SCALAR})
        return _over_examples(setting, draws["examples"], shown)
    fields: dict[str, Any] = {**forward_fields(setting), "examples": None}
    index: tuple[Index, Index] = (0, 0) if is_scalar(graph.shapes[line.prediction]) else ("k", 0)
    split = line.at(entry_at(line.prediction, *index), entry_at(line.target, *index))
    case = _Case(setting, graph, line.prediction, line.target, logits, index, split)
    printer = setting.printer

    def by(name: str) -> str:
        if index == (0, 0):
            return printer.derivative(graph.loss, name)
        return printer.partial(name, "k")

    return _solution(case, by, printer, fields)


def _divides_by_a_name(expr: Expr) -> bool:
    """Whether a quantity stands below a bar, and not only a number or a size."""
    bars = (part for part in walk(expr) if isinstance(part, Call) and part.op == "div")
    return any(names_in(bar.args[1]) for bar in bars)


def _logits(graph: Graph, prediction: str) -> str | None:
    """Return the pre-activation: what the prediction's function is applied to, entry by entry.

    A weight or a scalar that the prediction is a product with is none.
    """
    match graph.expr(prediction):
        case Call(_, (Name(name), *_)) if name in per_example(graph):
            return name if graph.shapes[name] == graph.shapes[prediction] else None
    return None


def _over_examples(setting: Setting, examples: object, fields: dict[str, Any]) -> Solution:
    graph, notation = setting.graph, setting.notation
    count = Dim(examples) if isinstance(examples, int) else Dim(0, (str(examples),))
    batch = batched(graph, count, rows=in_rows(notation))
    line = loss_line(graph)
    names = batch.names
    index: tuple[Index, Index] = ("i", 0) if batch.rows else (0, "i")
    logits = _logits(graph, line.prediction)
    split = line.at(
        entry_at(names[line.prediction], *index),
        entry_at(names[line.target], *index),
        1 / size_as_number(count) if count != ONE else as_expr(1),
    )
    many = Setting(batch.graph, notation, None)
    case = _Case(
        many,
        graph,
        names[line.prediction],
        names[line.target],
        None if logits is None else names.get(logits),
        index,
        split,
    )
    own = per_example(graph)
    marked = MarkedPrinter(
        notation,
        {**graph.shapes, cost_name(graph): SCALAR},
        graph.loss,
        examples=own,
        mark=example_mark(notation),
    )
    single = {big: small for small, big in names.items()}
    shown = _ExamplePrinter(marked, single)
    cost = cost_name(graph)

    def by(name: str) -> str:
        sign = r"\mathrm{d}" if notation.gradient == "d" else r"\partial "
        return rf"\frac{{{sign}{marked.name(cost)}}}{{{sign}{marked.name(single[name])}}}"

    size = dim_latex(count)
    every = [
        by(case.prediction).replace(example_mark(notation), example_mark(notation, place))
        for place in ("1", size)
    ]
    every = [rf"\displaystyle {part}" for part in every]
    row = rf"\begin{{bmatrix}} {every[0]} & \cdots & {every[1]} \end{{bmatrix}}"
    upright = batch.rows != (notation.layout == "numerator")
    if upright:
        row = rf"\begin{{bmatrix}} {every[0]} \\ \vdots \\[1mm] {every[1]} \end{{bmatrix}}"
    fields["examples"] = {
        "size": Tex(size),
        "line": "column" if batch.rows else "row",
        "mark": Tex(example_mark(notation)),
        "cost": Tex(marked.name(cost)),
        "mean": Tex(rf"\frac{{1}}{{{size}}} \sum_{{i=1}}^{{{size}}} " + marked.name(graph.loss)),
        "rows": [
            {"one": Tex(marked.name(single[big])), "all": Tex(many.printer.name(big))}
            for big in (case.logits, case.prediction, case.target)
            if big is not None
        ],
        "row": Tex(row),
    }
    return _solution(case, by, shown, fields)


class _ExamplePrinter(Struct, frozen=True):
    """Prints an entry of a batch as the value of example i."""

    marked: MarkedPrinter
    single: Mapping[str, str]

    def __call__(self, expr: Expr) -> str:
        return self.marked(self._one(expr))

    def _one(self, expr: Expr) -> Expr:
        if isinstance(expr, Entry) and isinstance(expr.of, Name):
            return Name(self.single[expr.of.name])
        return rebuild(expr, self._one)


def _solution(case: _Case, by: Any, shown: Any, fields: dict[str, Any]) -> Solution:  # noqa: ANN401
    """Build the answers and the lines of the worked derivation."""
    graph, loss = case.graph, case.graph.loss
    gradients = gradients_given(graph, Given())
    whole = gradients[case.prediction].closed
    combined = case.entry_of(whole)
    left = by(case.prediction)
    rights = list(dict.fromkeys((shown(case.split), shown(combined))))
    why = ONLY_OWN if case.index != (0, 0) else WHOLE
    entry_claims = [
        Equation(graph, Quantity(loss, case.prediction), (whole, form), case.index)
        for form in (case.split, combined)
    ]
    answers = [
        Solved(
            name="entry",
            latex=Tex(rights[0]),
            shape=SCALAR,
            expr=to_text(case.split),
            steps=(Step("entry", Tex(f"{left} = {' = '.join(rights)}"), why),),
            claim=entry_claims[0],
            write=lambda claim: Tex(shown(claim.rights[1])),
        )
    ]
    if len(rights) > 1:
        answers.append(
            Solved(
                name="fraction",
                latex=Tex(rights[1]),
                shape=SCALAR,
                expr=to_text(combined),
                steps=(Step("common denominator", Tex(f"{left} = {rights[1]}"), FRACTION),),
                claim=entry_claims[1],
                write=lambda claim: Tex(shown(claim.rights[1])),
            )
        )
    fields |= {
        "entry": Tex(left),
        "rights": [Tex(right) for right in rights],
        "is_fraction": _divides_by_a_name(case.split),
        "why": why,
        "vector": None,
        "logits": None,
    }
    if case.index != (0, 0):
        answers.append(_whole(case, case.prediction, whole, "vector", TOGETHER))
        fields["vector"] = {
            "left": Tex(case.setting.printer.derivative(loss, case.prediction)),
            "right": Tex(case.latex(whole)),
            "shape": Tex(shape_latex(case.shape(case.prediction))),
        }
    if case.logits is not None:
        # With the prediction's gradient given, nothing is fused: the chain rule as it stands.
        stage = gradients_given(graph, Given((case.prediction,)))[case.logits]
        fused = gradients[case.logits]
        chain = case.written(stage.step)
        line = graph.expr(case.prediction) or Name(case.prediction)
        formulas, claims = slope_reasons(functions_on(line), case.setting.printer, graph)
        answer = _whole(case, case.logits, fused.closed, "logits", " ".join(fused.why), chain)
        step = answer.steps[0]
        proofs: list[dict[str, Any]] = []
        proven: tuple[Step, ...] = ()
        if case.graph is case.network:
            proven, _ = fused_proofs(case.setting, [case.logits], gradients, ())
        if proven:
            shown_lines = [{"equation": s.equation, "why": Tex(str(s.why))} for s in proven[1:]]
            proofs = [{"lines": shown_lines, "entries": "entry by entry" in str(proven[0].why)}]
            proven = proven[1:]
        own = replace(step, claims=(*step.claims, *claims))
        answers.append(replace(answer, steps=(*proven, own)))
        entry = shown(case.entry_of(fused.closed))
        fields["logits"] = {
            "name": Tex(case.setting.printer.name(case.logits)),
            "left": Tex(case.setting.printer.derivative(loss, case.logits)),
            "entry": Tex(f"{by(case.logits)} = {entry}") if case.index != (0, 0) else None,
            "chain": Tex(case.latex(stage.step)),
            "right": Tex(case.latex(fused.closed)),
            "shape": Tex(shape_latex(case.shape(case.logits))),
            "scalar": is_scalar(case.shape(case.logits)),
            "why": " ".join(text for text in fused.why if not formulas or "+" in fused.rules[0]),
            "slopes": [Tex(formula) for formula in formulas],
            "proofs": proofs,
        }
    fields["derives"] = [
        rule
        for rule in (gradients[case.logits].rules if case.logits is not None else ())
        if rule == AFTER_SIGMOID.rule
    ]
    return Solution({**fields, "names": [answer.name for answer in answers]}, tuple(answers))


def _whole(
    case: _Case, name: str, expr: Expr, label: str, why: str, chain: Expr | None = None
) -> Solved:
    """Return the answer for a whole gradient, in the layout; ``chain`` is the step before it."""
    written = case.written(expr)
    latex = case.latex(expr)
    shape = case.shape(name)
    left = case.setting.printer.derivative(case.graph.loss, name)
    printer = case.setting.printer
    sides = (chain, written) if chain is not None else (written,)
    claims = claimed(case.graph, (case.written(case.graph.gradient(name)), *sides))
    return Solved(
        name=label,
        latex=Tex(latex),
        shape=shape,
        expr=to_text(written),
        steps=(Step(label, Tex(f"{left} = {latex}"), why, claims=claims),),
        claim=Equation(
            case.graph,
            Quantity(case.graph.loss, name),
            (written,),
            layout=case.setting.notation.layout,
        ),
        write=lambda claim: Tex(printer(claim.rights[0])),
    )


KIND = Kind(
    name="loss_derivative",
    summary="a loss by its prediction, and by the pre-activation behind it",
    options={"examples": (str, int)},
    network_rules=(),
    number_rules=(),
    slips=(
        "forgot_inner",
        "output_for_preactivation",
        "sum_for_mean",
        "wrong_sign",
        "no_slope",
        "forgot_factor",
        "elementwise_softmax",
        "missing_minus",
        "slope_at_the_input",
        "forgot_square",
        "wrong_mask",
        "slope_on_the_wrong_side",
        "wrong_order",
    ),
    needs_loss=True,
    sample=sample,
    solve=solve,
)
