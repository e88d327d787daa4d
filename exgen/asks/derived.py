"""Asks for gradients in symbols, derived line by line from the loss on."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from exgen.asks.by_entry import entry, entry_of_batch, is_of_entry
from exgen.asks.cases import entry as case
from exgen.asks.cases import in_order, is_by_cases
from exgen.asks.numeric import DESCENT, gradient_value, updated
from exgen.asks.one_entry import entry_value
from exgen.asks.scalars import derivative, is_of_scalars
from exgen.asks.scene import Answered, Scene, backward_of, placed
from exgen.asks.tables import batch_of, count_of
from exgen.asks.wires import is_on_a_wire, on_wires
from exgen.certify.equation import Equation
from exgen.certify.examples import MeanGradientClaim
from exgen.certify.quantity import Quantity
from exgen.derive.factors import NOTHING, gradients_given, read_given
from exgen.derive.latex import Printer
from exgen.derive.orient import per_example
from exgen.derive.simplify import transposed
from exgen.derive.symbols import dim_latex, example_mark, free_name
from exgen.document import Step, Tex
from exgen.errors import KindError
from exgen.graph import SCALAR, Call, Leaf, Name, Number, is_scalar
from exgen.language import to_text
from exgen.problems.backward import Backward, sized
from exgen.problems.base import Setting, Solved
from exgen.problems.fused import FUSED, fused_proofs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from exgen.asks.pieces import Phrase
    from exgen.derive.batch import Batch
    from exgen.derive.factors import Given
    from exgen.graph import Expr

ONE_STEP = ("upstream", "steps")
"""The ways in which an answer reads the gradients before it."""
SLIPS = (
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
)
"""The usual mistakes, the likeliest first."""
SAME: Mapping[str, str] = {}
RATES = ("eta", "gamma", "rate")
"""What a learning rate may be called."""
SYMBOLIC = frozenset({"digits", "exactly", "sorted", "terms"})
"""The clauses without which a gradient is derived here."""
MEAN = (
    "The cost is the mean of the losses, so its gradient is the mean of their gradients:",
    "A sum over examples of a column times a row is one product of matrices:",
)


def gradient(ask: Phrase, scene: Scene) -> Answered:
    """Return the gradient of a scalar by a name: in symbols, of one example or many, or not."""
    if is_on_a_wire(ask):
        return on_wires(ask, scene)
    if {"digits", "exactly"} & ask.clauses.keys():
        return (entry_value if ask["entry"][1] else gradient_value)(ask, scene)
    by, index = scene.name(ask, "entry"), ask["entry"][1]
    inner = scene.ending_in(scene.name(ask), ask)
    many = "examples" in ask.clauses
    if index and not many and is_by_cases(ask, inner.graph):
        return case(ask, inner)
    if is_of_entry(ask, inner):
        return (entry_of_batch if many else entry)(ask, inner, by)
    if "sorted" in ask.clauses:
        return in_order(ask, inner)
    work, scalars = backward_of(inner, _given(ask, inner)), is_of_scalars(inner.graph)
    found = work.found.get(by)
    itself = by == inner.graph.loss
    if found is None or (itself and not scalars) or not (found.rules or itself):
        raise scene.error(f"'{inner.graph.loss}' does not depend on '{by}'", ask.spans["entry"])
    if by in (*work.given.gradients, *inner.given_gradients):
        where = ask.spans["given" if by in work.given.gradients else "entry"]
        raise scene.error(f"the gradient by '{by}' is given", where)
    if many:
        return _over_examples(ask, inner, work, by)
    if scalars:
        return derivative(ask, inner, work.given, scene.graph)
    return _whole(ask, inner, work, by)


def _whole(
    ask: Phrase, scene: Scene, work: Backward, by: str, called: Mapping[str, str] = SAME
) -> Answered:
    """Return a whole gradient; ``called`` has the names of a batch."""
    found, graph = work.found[by], work.graph
    closed = not ask.clauses.keys() & set(ONE_STEP)
    written = work.written(found.closed if closed else found.step)
    printer = work.printer()
    symbol = printer.derivative(graph.loss, by)
    steps, told = _backward(ask, scene, work, by, closed=closed, called=called)
    solved = Solved(
        name=ask.name,
        latex=Tex(printer(written)),
        shape=work.shape(by),
        expr=to_text(written),
        steps=steps,
        claim=Equation(graph, Quantity(graph.loss, by), (written,), layout=work.layout),
        write=_write(printer, _left(scene, symbol)),
    )
    return Answered(Tex(rf"$\displaystyle {symbol}$"), (solved,), "backward", told)


def _given(ask: Phrase, scene: Scene) -> Given:
    kept = [
        part if isinstance(part, str) else part[1] if part[0] == scene.graph.loss else [*part]
        for part in ask.clauses.get("given", ())
    ]
    try:
        return read_given(scene.graph, kept)
    except KindError as error:
        raise placed(error, scene.source, ask.spans["given"]) from None


def _is_derived(ask: Phrase) -> bool:
    """Whether an ask is for a whole gradient in symbols."""
    of_entry = ask.sort != "gradient" or ask["entry"][1]
    return not of_entry and not SYMBOLIC & ask.clauses.keys()


def _left(scene: Scene, symbol: str) -> str:
    """Return what stands before a mistake: the symbol, where there are several gradients."""
    return f"{symbol} = " if sum(map(_is_derived, scene.asks)) > 1 else ""


def _write(printer: Printer, left: str) -> Callable[[Any], Tex]:
    return lambda claim: Tex(left + printer(claim.rights[0]))


def _known(
    ask: Phrase, scene: Scene, work: Backward, called: Mapping[str, str] = SAME
) -> list[str]:
    """Return the names whose gradients the key derived for earlier asks, from the same."""
    known = scene.given_gradients
    asks = (_as_gradient(part, scene) for part in scene.earlier(ask))
    for earlier in filter(_is_derived, asks):
        same = all(earlier.clauses.get(n) == ask.clauses.get(n) for n in ("given", "examples"))
        other = called.get(earlier["entry"][0], earlier["entry"][0])
        if same and earlier["name"] == ask["name"] and other in work.found:
            alone = "upstream" in earlier.clauses
            known += [other] if alone else [*work.needed(other, known), other]
    return known


def _backward(
    ask: Phrase,
    scene: Scene,
    work: Backward,
    by: str,
    examples: frozenset[str] = frozenset(),
    *,
    closed: bool,
    answer: bool = True,
    called: Mapping[str, str] = SAME,
) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """Return the lines that lead to a gradient and were not shown before, and why they hold.

    Beside them stand the rules that are derived below the lines.
    """
    known = _known(ask, scene, work, called)
    stages = [by] if "upstream" in ask.clauses else [*work.needed(by, known), by]
    lines: list[Step] = []
    reasons: list[Step] = []
    for stage in stages:
        line = work.step(
            stage,
            examples,
            closed=stage == by and closed and not examples,
            answer=stage == by and answer and not examples,
        )
        told, claims = work.reasons(stage)
        lines.append(replace(line, claims=(*line.claims, *claims)))
        reasons += [Step("reason", Tex(""), why) for why in told]
    before = {rule for stage in known for rule in work.found[stage].rules if rule in FUSED}
    single = {big: small for small, big in called.items()}
    names = [single.get(stage, stage) for stage in stages]
    found, shown = work.found, None
    if single or examples:  # it is derived for one of them
        one = backward_of(scene)
        found, shown = one.found, one.printer(per_example(scene.graph))
    proofs, rules = fused_proofs(scene.setting, names, found, before, shown)
    return (*lines, *reasons, *proofs), rules


def update(ask: Phrase, scene: Scene) -> Answered:
    """Return a parameter after one step of gradient descent on the loss, in symbols."""
    by, graph, notation = updated(ask, scene), scene.graph, scene.setting.notation
    said: Any = ask.clauses.get("rate")
    rate: Expr = Name(free_name(graph, RATES)) if said is None else Number(said)
    if isinstance(rate, Name):
        leaf = Leaf(rate.name, "const", SCALAR, 0)
        shapes = {**graph.shapes, rate.name: SCALAR}
        graph = replace(graph, leaves=(*graph.leaves, leaf), shapes=shapes)
    work, asked = backward_of(scene), _as_gradient(ask, scene)
    steps, told = _backward(asked, scene, work, by, closed=True, answer=False)
    if by in _known(asked, scene, work):
        steps, told = (), ()

    def moved(slope: Expr) -> Expr:
        turned = notation.layout == "numerator" and not is_scalar(graph.shapes[by])
        return Name(by) - rate * (transposed(slope, graph.shapes) if turned else slope)

    printer = Printer(notation, graph.shapes, graph.loss)
    formula, found = (
        moved(work.written(slope)) for slope in (graph.gradient(by), work.found[by].closed)
    )
    equation = Tex(rf"{printer(formula)} &= \exanswer{{{printer(found)}}}")
    step = rate.name if isinstance(rate, Name) else Decimal(str(float(said)))
    claim = Equation(graph, Quantity(graph.loss, by, step), (found,), layout=notation.layout)
    solved = Solved(
        name=ask.name,
        latex=Tex(printer(found)),
        shape=graph.shapes[by],
        expr=to_text(found),
        steps=(
            *steps,
            Step("update", Tex(""), DESCENT),
            Step("update", equation, Tex(sized(graph.shapes[by])), claims=(claim,)),
        ),
        claim=claim,
        write=_write(printer, ""),
    )
    return Answered(Tex(rf"$\displaystyle {printer(formula)}$"), (solved,), "backward", told)


def _as_gradient(ask: Phrase, scene: Scene) -> Phrase:
    """Return an ask; of an update in symbols that for the gradient which it needs."""
    if ask.sort != "update" or "symbols" not in ask.clauses:
        return ask
    slots = {"name": scene.graph.loss, "entry": (ask["name"], ())}
    return replace(ask, sort="gradient", slots=slots, clauses={})


# --- many examples ---


def show_cost(phrase: Phrase, scene: Scene) -> dict[str, Any]:
    """Show that there are many examples, and the cost, which is the mean of their losses."""
    batch = _batch(phrase, scene)
    one, many = backward_of(scene), _many(scene, batch)
    marked = one.printer(per_example(scene.graph))
    plain, size = many.setting.printer, dim_latex(count_of(batch))
    return {
        "show": "cost",
        "size": Tex(size),
        "line": "row" if batch.rows else "column",
        "mark": Tex(example_mark(scene.setting.notation)),
        "cost": Tex(plain.name(batch.graph.loss)),
        "mean": Tex(_mean(size) + marked.name(scene.graph.loss)),
        "inputs": [
            {"one": Tex(marked.name(name)), "all": Tex(plain.name(big))}
            for name, big in batch.names.items()
        ],
    }


def _batch(phrase: Phrase, scene: Scene) -> Batch:
    if "examples" not in phrase.clauses:
        raise scene.error("how many examples are there?", phrase.span, "Such as over m examples.")
    return batch_of(phrase, scene)


def _mean(size: str) -> str:
    return rf"\frac{{1}}{{{size}}} \sum_{{i=1}}^{{{size}}} "


def _many(scene: Scene, batch: Batch) -> Backward:
    setting = Setting(batch.graph, scene.setting.notation, None)
    return Backward(setting, NOTHING, gradients_given(batch.graph, NOTHING))


def _over_examples(ask: Phrase, scene: Scene, one: Backward, by: str) -> Answered:
    """Return the gradient of the mean loss: by a parameter as a mean too, and as one product."""
    if ask.choices:
        raise scene.error("an answer in two forms is nothing to choose", ask.span)
    graph, own = scene.graph, per_example(scene.graph)
    batch = batch_of(ask, scene)
    many = _many(scene, batch)
    if by in own:
        return _whole(ask, scene, many, batch.names[by], batch.names)
    closed = one.written(one.found[by].closed)
    whole = many.written(many.found[by].closed)
    printer, together = one.printer(own), many.printer()
    symbol = many.setting.printer.derivative(batch.graph.loss, by)
    mean = _mean(dim_latex(count_of(batch)))
    total = mean[mean.index(r"\sum") :]

    def write(claim: MeanGradientClaim) -> Tex:
        match claim.expr:
            case Call("mul", (Number(), inner)) if inner == closed:
                return Tex(f"{symbol} = {total}{printer.wrapped(inner)}")
        return Tex(f"{symbol} = {mean}{printer.wrapped(claim.expr)}")

    def lines(sort: str, place: int, right: str) -> tuple[Step, ...]:
        equation = rf"{symbol} &= \exanswer{{{right}}}"
        size = Tex(sized(one.shape(by)))
        return Step(sort, Tex(""), MEAN[place]), Step(sort, Tex(equation), size)

    steps, told = _backward(ask, scene, one, by, own, closed=False)
    answers = (
        Solved(
            name=ask.name,
            latex=Tex(mean + printer.wrapped(closed)),
            shape=one.shape(by),
            expr=to_text(closed),
            steps=(*steps, *lines("mean", 0, mean + printer.wrapped(closed))),
            claim=MeanGradientClaim(graph, by, closed, one.shape(by), one.layout, batch),
            write=write,
        ),
        Solved(
            name=f"{ask.name}.batch",
            latex=Tex(together(whole)),
            shape=one.shape(by),
            expr=to_text(whole),
            steps=lines("batch", 1, together(whole)),
            claim=Equation(
                batch.graph,
                Quantity(batch.graph.loss, by),
                (whole,),
                layout=one.layout,
            ),
            write=_write(together, f"{symbol} = "),
        ),
    )
    return Answered(Tex(rf"$\displaystyle {symbol}$"), answers, "examples", told)
