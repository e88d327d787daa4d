"""Concept questions: a rubric for the grader, and the facts behind it, which are checked."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from exgen.certify.chains import separates
from exgen.certify.equation import Equation
from exgen.certify.facts import BottleneckClaim, FactClaim
from exgen.certify.quantity import Quantity
from exgen.derive.gradients import derive_gradients
from exgen.derive.latex import Printer
from exgen.document import Tex
from exgen.errors import KindError, Source, nearest
from exgen.graph import SCALAR, Call, Graph, Name, names_in, walk
from exgen.language import read_network, to_text
from exgen.ops import uses
from exgen.ops.activations import RELU, SIGMOID, SOFTMAX
from exgen.ops.losses import BCE
from exgen.problems.base import Kind, Setting, Solution, Solved, forward_fields
from exgen.problems.wording import output_range
from exgen.problems.write_out import Unit, drawing, units_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from exgen.certify.prove import Claim
    from exgen.seeds import Stream

Draws = dict[str, Any]
Found = tuple[dict[str, Any], tuple[Solved, ...]]


def fact(name: str, latex: str, expr: str, claim: Claim) -> Solved:
    """Return a checked fact that only the key shows."""
    return Solved(name, Tex(latex), None, expr, (), claim)


def _ops(graph: Graph) -> set[str]:
    return {part.op for b in graph.bindings for part in walk(b.expr) if isinstance(part, Call)}


# --- which activation where ---


def _draw_activations(graph: Graph, options: Mapping[str, Any], stream: Stream) -> Draws:
    if not {RELU.name, SIGMOID.name} <= _ops(graph):
        raise KindError(
            "the network has no ReLU inside and no sigmoid at its output",
            remedy="The topic 'activations' needs a1 = relu(z1) and yhat = sigmoid(z2).",
        )
    return {"depth": int(options.get("depth") or stream.choose((5, 6, 8, 10)))}


def _activations(setting: Setting, draws: Mapping[str, Any]) -> Found:
    depth = int(draws["depth"])
    bound = Fraction(1, 4) ** depth
    exponent = math.floor(math.log10(bound))
    factor = f"{float(bound) / 10**exponent:.2f}"
    claimed = float(f"{factor}e{exponent}")
    power = rf"{factor} \cdot 10^{{{exponent}}}"
    fields = {
        "depth": depth,
        "plot": SIGMOID.name,
        BCE.name: BCE.name in _ops(setting.graph),
        **forward_fields(setting),
    }
    return fields, (
        fact(
            "slope",
            r"\sigma'(z) = \sigma(z)\,(1 - \sigma(z))"
            r" = \tfrac14 - \left(\sigma(z) - \tfrac12\right)^2 \le \tfrac14",
            "1 / 4",
            FactClaim("steepest sigmoid", (0.25,)),
        ),
        fact(
            "shrink",
            rf"\left(\tfrac14\right)^{{{depth}}} \approx {power}",
            f"(1 / 4) ** {depth}",
            FactClaim("shrinking sigmoids", (float(depth), claimed)),
        ),
    )


# --- why a gradient on the way is computed ---


def bottlenecks(graph: Graph) -> dict[str, tuple[str, ...]]:
    """Return the inner names that are used more than once, with the parameters behind each."""
    params = [leaf.name for leaf in graph.leaves if leaf.role == "param"]
    found: dict[str, tuple[str, ...]] = {}
    for binding in graph.bindings:
        uses = sum(binding.name in names_in(other.expr) for other in graph.bindings)
        behind = tuple(p for p in params if separates(graph, p, binding.name, graph.loss))
        if uses > 1 and len(behind) > 1:
            found[binding.name] = behind
    return found


def _draw_shared(graph: Graph, options: Mapping[str, Any], stream: Stream) -> Draws:
    legal = bottlenecks(graph)
    if not legal:
        raise KindError(
            "no value of the network is used twice and has two parameters behind it alone",
            remedy="The topic 'shared_factor' needs a hidden unit that feeds two others.",
        )
    node = options.get("node") or stream.choose(sorted(legal))
    if node not in legal:
        raise KindError(f"'{node}' is no such value", remedy=nearest(str(node), legal))
    return {"node": node}


def _shared(setting: Setting, draws: Mapping[str, Any]) -> Found:
    graph, printer, node = setting.graph, setting.printer, draws["node"]
    behind = bottlenecks(graph)[node]
    besides = tuple(
        leaf.name for leaf in graph.leaves if leaf.role == "param" and leaf.name not in behind
    )
    units = _units(setting)
    totals = {} if units is None else {unit.total: unit.name for unit in units}
    uses = [totals.get(b.name, b.name) for b in graph.bindings if node in names_in(b.expr)]
    fields = {
        "node": Tex(printer.name(node)),
        "gradient": Tex(_slope(printer, node)),
        "behind": [Tex(_slope(printer, name)) for name in behind],
        "uses": [Tex(printer.name(name)) for name in uses],
        "drawing": None if units is None else drawing(graph, printer).fields(),
        "biased": any(unit.bias for unit in units or ()),
        "plot": "",
        **forward_fields(setting),
    }
    names = r",\; ".join(printer.name(name) for name in behind)
    claim = BottleneckClaim(graph, node, behind, besides)
    return fields, (fact("behind", names, ", ".join(behind), claim),)


def _slope(printer: Printer, name: str) -> str:
    """Return the derivative of the loss by a name for a line of text, as ``∂L/∂h``."""
    sign = r"\mathrm{d}" if printer.notation.gradient == "d" else r"\partial "
    return f"{sign}{printer.name(printer.loss)} / {sign}{printer.name(name)}"


def _units(setting: Setting) -> tuple[Unit, ...] | None:
    """Return the units of a network of scalars that can be drawn; None for any other network."""
    try:
        drawing(setting.graph, setting.printer)
        return units_of(setting.graph)
    except KindError:
        return None


# --- which loss ---

TASKS: Mapping[str, str] = {
    "temperature": "squared",
    "age": "squared",
    "price": "squared",
    "weight": "squared",
    "distance": "squared",
    "hours": "squared",
    "defect": "binary",
    "rain": "binary",
    "spam": "binary",
    "forgery": "binary",
    "tumour": "binary",
    "cancelled": "binary",
}
EVERY = tuple(sorted(TASKS))
FITTING: Mapping[str, tuple[str, ...]] = {
    "real": EVERY,
    "unknown": EVERY,
    "at least 0": ("age", "distance", "hours", "price", "weight"),
    "probability": tuple(task for task in EVERY if TASKS[task] == "binary"),
    "bounded": (),
}
"""The tasks that an output can serve, by its range."""
LOSSES: Mapping[str, str] = {
    "squared": "{y}: input\n{t}: target\n{L} = ({y} - {t})**2 / 2\n",
    "binary": "{y}: input\n{t}: target\n{p} = sigmoid({y})\n{L} = bce({p}, {t})\n",
    "probability": "{z}: input\n{t}: target\n{y} = sigmoid({z})\n{L} = bce({y}, {t})\n",
}


def _draw_loss(graph: Graph, options: Mapping[str, Any], stream: Stream) -> Draws:
    if graph.shapes[graph.loss] != SCALAR:
        raise KindError(
            f"the network ends in '{graph.loss}', which is not one number",
            remedy="The topic 'loss' needs an output such as y = sum(V * W).",
        )
    fitting = FITTING[output_range(graph)]
    if not fitting:
        raise KindError(
            f"the output '{graph.loss}' lies between -1 and 1, which fits no task",
            remedy="The topic 'loss' needs an output such as y = sum(V * W) or y = sigmoid(z).",
        )
    task = options.get("task") or stream.choose(sorted(fitting))
    if task not in TASKS:
        raise KindError(f"there is no task '{task}'", remedy=nearest(str(task), TASKS))
    if task not in fitting:
        raise KindError(
            f"the output '{graph.loss}' does not fit the task '{task}': its range is "
            f"{output_range(graph)}",
            remedy=f"It fits {', '.join(fitting)}.",
        )
    return {"task": task}


def _loss(setting: Setting, draws: Mapping[str, Any]) -> Found:
    reach = output_range(setting.graph)
    sort = TASKS[draws["task"]]
    if reach == "probability":
        sort = "probability"
    output = setting.graph.loss
    wishes = {"t": "tyg", "p": "pqr", "z": "zus", "L": "LJC"}
    names = {"y": output} | {
        name: next(letter for letter in letters if letter != output)
        for name, letters in wishes.items()
    }
    graph = read_network(Source("loss", LOSSES[sort].format(**names)))
    printer = Printer(setting.notation, graph.shapes, graph.loss)
    gradient = derive_gradients(graph)[output].closed
    shown = [b for b in graph.bindings if b.name != output]
    fields = {
        "task": draws["task"],
        "sort": sort,
        "reach": reach,
        **{
            role: Tex(printer.name(names[name])) if names[name] in graph.names else None
            for role, name in (("output", "y"), ("target", "t"), ("probability", "p"))
        },
        "loss_lines": [
            {"left": Tex(printer.name(b.name)), "right": Tex(printer(b.expr))} for b in shown
        ],
        "plot": "",
    }
    latex = f"{printer.derivative(graph.loss, output)} = {printer(gradient)}"
    layout = setting.notation.layout
    claim = Equation(graph, Quantity(graph.loss, output), (gradient,), layout=layout)
    return fields, (fact("slope", latex, to_text(gradient), claim),)


# --- why the largest logit is subtracted ---


def _require_softmax(graph: Graph, topic: str) -> None:
    if SOFTMAX.name not in _ops(graph):
        raise KindError(
            "the network has no softmax", remedy=f"The topic '{topic}' needs p = softmax(z)."
        )


def _draw_overflow(graph: Graph, options: Mapping[str, Any], stream: Stream) -> Draws:
    _require_softmax(graph, "overflow")
    if not isinstance(_softmax(graph).args[0], Name):
        raise KindError(
            "the logits of the softmax have no name of their own",
            remedy="The topic 'overflow' needs p = softmax(z), with a line for z.",
        )
    if "logits" in options:
        return {"logits": [int(z) for z in options["logits"]]}
    top = stream.child("top").choose((800, 900, 1000, 1200))
    gaps = sorted(stream.child("gaps").sample((1, 2, 3, 4, 5), 2))
    return {"logits": list(stream.child("order").shuffle([top, *(top - gap for gap in gaps)]))}


def _overflow(setting: Setting, draws: Mapping[str, Any]) -> Found:
    logits = [int(z) for z in draws["logits"]]
    top = max(logits)
    powers = [math.exp(z - top) for z in logits]
    printed = [f"{power / sum(powers):.4f}" for power in powers]
    shifted = [f"${z - top}$" for z in logits]
    softmax = _softmax(setting.graph)

    def column(entries: list[str]) -> str:
        return r"\begin{bmatrix} " + r" \\ ".join(entries) + r" \end{bmatrix}"

    fields = {
        "logits": Tex(setting.printer(softmax.args[0])),
        "values": Tex(column(list(map(str, logits)))),
        "shifted": Tex(f"{', '.join(shifted[:-1])} and {shifted[-1]}"),
        "plot": "",
    }
    numbers = (*map(float, logits), *map(float, printed))
    return fields, (
        fact("overflow", rf"e^{{{top}}} > 1.8 \cdot 10^{{308}}", f"exp({top})",
             FactClaim("overflow", (float(top),))),
        fact("softmax", rf"{setting.printer(softmax)} \approx {column(printed)}", to_text(softmax),
             FactClaim("shifted softmax", numbers)),
    )  # fmt: skip


def _softmax(graph: Graph) -> Call:
    return next(uses(graph, lambda op: op.name == SOFTMAX.name))


# --- why a smaller loss means a larger probability ---


def _draw_falling(graph: Graph, options: Mapping[str, Any], stream: Stream) -> Draws:
    _require_softmax(graph, "falling_loss")
    low = options.get("low") or stream.choose(("0.01", "0.02", "0.05", "0.1"))
    near = options.get("near") or stream.child("near").choose(("0.9", "0.95", "0.98", "0.99"))
    middle = options.get("middle") or stream.child("middle").choose(("0.3", "0.4", "0.5", "0.6"))
    return {"probabilities": [str(near), str(middle), str(low)]}


def _falling(setting: Setting, draws: Mapping[str, Any]) -> Found:
    d = r"\mathrm{d}" if setting.notation.gradient == "d" else "d"
    slope = rf"\frac{{{d}}}{{{d} p}}\left(-\log p\right) = -\frac{{1}}{{p}} < 0"
    facts = [fact("falling", slope, "-1 / p", FactClaim("falling loss"))]
    for number, p in enumerate(draws["probabilities"]):
        value = f"{-math.log(float(p)):.2f}"
        claim = FactClaim("minus log", (float(p), float(value)))
        facts.append(fact(f"loss{number}", rf"-\log {p} \approx {value}", f"-log({p})", claim))
    return {"plot": "minuslog", "probabilities": draws["probabilities"]}, tuple(facts)


TOPICS: Mapping[str, tuple[Callable[..., Draws], Callable[..., Found]]] = {
    "activations": (_draw_activations, _activations),
    "shared_factor": (_draw_shared, _shared),
    "loss": (_draw_loss, _loss),
    "overflow": (_draw_overflow, _overflow),
    "falling_loss": (_draw_falling, _falling),
}


def sample(graph: Graph, options: Mapping[str, Any], stream: Stream) -> dict[str, Any]:
    """Draw the variant of a topic."""
    topic = options.get("topic")
    if topic is None:
        raise KindError("a concept question needs a 'topic'", remedy=nearest("", TOPICS))
    if topic not in TOPICS:
        raise KindError(f"there is no topic '{topic}'", remedy=nearest(str(topic), TOPICS))
    return {"topic": topic, **TOPICS[topic][0](graph, options, stream)}


def solve(setting: Setting, draws: Mapping[str, Any]) -> Solution:
    """Return the rubric, which has no proof, and the facts, which are checked."""
    fields, facts = TOPICS[draws["topic"]][1](setting, draws)
    rubric = Solved("answer", Tex(""), None, "", (), None)
    names = [solved.name for solved in facts]
    return Solution({**fields, "topic": draws["topic"], "facts": names}, (rubric, *facts))


KIND = Kind(
    name="concept",
    summary="a question to answer in words, with a rubric and checked facts",
    options={
        "topic": (str,),
        "depth": (int,),
        "node": (str,),
        "task": (str,),
        "logits": (list,),
        "low": (str,),
        "middle": (str,),
        "near": (str,),
    },
    network_rules=(),
    number_rules=(),
    slips=(),
    needs_loss=False,
    sample=sample,
    solve=solve,
)
