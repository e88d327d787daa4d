"""Local Jacobians: the derivative of one line of a forward pass by a name that it reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from exgen.certify.equation import Equation
from exgen.certify.quantity import Quantity
from exgen.derive.jacobian import is_denominator, local_jacobian, slope_at_zero
from exgen.derive.symbols import shape_latex
from exgen.derive.tensor import tensor_form
from exgen.derive.worked import functions_on
from exgen.document import Step, Tex
from exgen.errors import KindError
from exgen.graph import Call, Expr, Graph, Name, is_column, is_scalar, names_in, substitute, walk
from exgen.language import to_text
from exgen.ops import lookup
from exgen.problems import luck
from exgen.problems.base import Setting, Solved
from exgen.problems.by_matrix import tensor_answer
from exgen.problems.steps import slope_reasons

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exgen.graph import Shape
    from exgen.seeds import Stream


SLIPS = (
    "elementwise_softmax",
    "zeros_at_the_other_end",
    "slope_at_the_input",
    "wrong_sign",
    "forgot_factor",
    "function_for_slope",
    "no_slope_below",
    "slope_on_the_wrong_side",
    "forgot_square",
    "forgot_transpose",
    "other_layout",
    "forgot_delta",
    "swapped_indices",
    "forgot_diag",
)
"""The usual mistakes in a Jacobian, the likeliest first."""
NAMES = re.compile(r"\b(?:[A-Za-z]\w*(?!\w|\()|\d+)\b")
"""A name or a size in an expression, and no function."""
TRANSPOSED = (
    "Denominator layout gives each entry of the variable a row, so the matrix stands transposed."
)

AS_VARIABLE = "The function is a scalar, so its gradient has the shape of the variable."
DIAGONAL = "Each entry depends only on the entry at the same place, so the Jacobian is diagonal."
SCALARS = "Both are scalars, so the derivative is one too."
COPY = "Each entry is a copy of the entry at the same place, so its derivative is 1."


def pairs(graph: Graph) -> list[tuple[str, str]]:
    """Return every (function, variable) that has a local Jacobian which is a matrix."""
    found: list[tuple[str, str]] = []
    for binding in graph.bindings:
        if is_scalar(graph.shapes[binding.name]):
            continue
        for name in sorted(names_in(binding.expr)):
            try:
                local_jacobian(graph, binding.name, name, denominator=False)
            except KindError:
                continue
            if not is_scalar(graph.shapes[name]):
                found.append((binding.name, name))
    return found


def drawn_pairs(graph: Graph, options: Mapping[str, Any], stream: Stream) -> dict[str, Any]:
    """Draw ``count`` pairs under ``ask``, no two with Jacobians alike where that can be.

    Raises:
        KindError: there is none.

    """
    legal = pairs(graph)
    if not legal:
        raise KindError(
            "the network has no line whose Jacobian is a matrix",
            remedy="local_jacobian needs a line from a column vector to a column vector.",
        )
    count = min(int(options.get("count", 1)), len(legal))
    forms = {pair: form_of(graph, pair) for pair in legal}

    def draw(attempt: int) -> dict[str, Any]:
        source = stream if attempt == 1 else stream.child("ask", attempt)
        found = source.sample(legal, count)
        alike = len({forms[pair] for pair in found}) < count
        luck.require("distinct_answers", not alike or len(set(forms.values())) < count, options)
        return {"ask": [list(pair) for pair in sorted(found, key=legal.index)]}

    return luck.first_lucky(draw, ("count", "ask"))


def check_pair(graph: Graph, pair: object) -> tuple[str, str]:
    """Return a function and a variable that a bank names, if the one has a Jacobian by the other.

    Raises:
        KindError: it has none; the message says why.

    """
    if not (isinstance(pair, list) and len(pair) == 2):  # noqa: PLR2004 - of, by
        raise KindError("each entry of 'ask' is a pair [function, variable]")
    of, by = map(str, pair)
    if is_entry(graph, (of, by)):
        tensor_form(graph, of, by)
    else:
        local_jacobian(graph, of, by, denominator=False)
    return of, by


def form_of(graph: Graph, pair: tuple[str, str]) -> str:
    """Return a Jacobian without its names and sizes: what a part asks a student to know."""
    return NAMES.sub("_", to_text(local_jacobian(graph, *pair, denominator=False)))


def is_entry(graph: Graph, pair: Sequence[str]) -> bool:
    """Whether a derivative is by a matrix, so that a general entry is asked for."""
    return pair[1] in graph.names and not is_column(graph.shapes[pair[1]])


def jacobian_answer(setting: Setting, of: str, by: str) -> tuple[dict[str, Any], Solved]:
    """Return the fields and the answer for the derivative of a line by a name that it reads."""
    if is_entry(setting.graph, (of, by)):
        return tensor_answer(setting, of, by)
    graph, printer = setting.graph, setting.printer
    denominator = is_denominator(setting.notation.layout, graph.shapes[of])
    derived = local_jacobian(graph, of, by, denominator=denominator)
    expr = slope_at_zero(derived, setting.notation)
    claim = Equation(graph, Quantity(of, by), (expr,), layout=setting.notation.layout)
    rows, columns = claim.shape
    left = printer.derivative(of, by)
    size = shape_latex((rows, columns)) if not is_column((rows, columns)) else str(rows)
    right = _with_size(setting, of, expr, (rows, columns), size)
    solved = Solved(
        name=f"{of}.{by}",
        latex=Tex(printer(expr)),
        shape=(rows, columns),
        expr=to_text(expr),
        steps=(_step(setting, of, by, expr, rf"{left} = {right}", derived),),
        claim=claim,
        write=lambda claim: Tex(printer(claim.rights[0])),
    )
    fields = {
        "answer": solved.name,
        "derivative": Tex(left),
        "right": Tex(right),
        "of": Tex(printer.name(of)),
        "by": Tex(printer.name(by)),
        "rows": Tex(printer.name(by if denominator else of)),
        "columns": Tex(printer.name(of if denominator else by)),
        "size": Tex(size),
        "is_entry": False,
    }
    return fields, solved


def _with_size(setting: Setting, of: str, expr: Expr, shape: Shape, size: str) -> str:
    """Return a derivative with its shape below it; a scalar one also without the output's name."""
    printer = setting.printer
    if not is_scalar(shape):
        return rf"\exshape{{{printer(expr)}}}{{{size}}}"
    line = setting.graph.expr(of)
    if isinstance(line, Call) and len(line.args) == 1 and of in names_in(expr):
        return f"{printer(expr)} = {printer(substitute(expr, {of: line}))}"
    return printer(expr)


def _rule(graph: Graph, of: str) -> str:
    expr = graph.expr(of)
    return expr.op if isinstance(expr, Call) else "copy"


def _step(setting: Setting, of: str, by: str, expr: Expr, equation: str, derived: Expr) -> Step:
    """Return the worked step: the equation, and what it rests on."""
    graph = setting.graph
    line = graph.expr(of) or Name(of)
    formulas, claims = slope_reasons(functions_on(line), setting.printer, graph)
    why = _why(graph, of, by, derived)
    if formulas:
        where = "" if is_scalar(graph.shapes[of]) else " for each entry"
        why.insert(0, f"Here ${'$ and $'.join(formulas)}${where}.")
    if _is_diagonal(expr):
        why.append(DIAGONAL)
    if is_scalar(graph.shapes[of]) and is_scalar(graph.shapes[by]):
        why.append(SCALARS)
    return Step(_rule(graph, of), Tex(equation), Tex(" ".join(why)), claims=claims)


def _is_diagonal(expr: Expr) -> bool:
    """Whether a Jacobian is diagonal by its form; one with a ``diag`` in a product may not be."""
    match expr:
        case Call("diag" | "identity"):
            return True
        case Call("add" | "sub" | "neg" | "matmul", args):
            return all(map(_is_diagonal, args))
        case Call("mul", args):
            return any(map(_is_diagonal, args))
        case Call("div", (above, _)):
            return _is_diagonal(above)
    return False


def _why(graph: Graph, of: str, by: str, derived: Expr) -> list[str]:
    """Return the sentences of the ops in a line, each once, and whether the layout transposed.

    A function whose derivative is stated as a formula needs no sentence.
    """
    line = graph.expr(of)
    ops = [part.op for part in walk(line) if isinstance(part, Call)] if line else []
    stated = {part.op for part in functions_on(line)} if line else set()
    # A weight that stands transposed is still a factor of its product.
    kept = [op for op in ops if (op != "transpose" or "matmul" not in ops) and op not in stated]
    sentences = dict.fromkeys(lookup(op).why for op in kept)
    if not ops:
        sentences[COPY] = None
    if derived != local_jacobian(graph, of, by, denominator=False):
        sentences[AS_VARIABLE if is_scalar(graph.shapes[of]) else TRANSPOSED] = None
    return list(sentences)
