"""The derivative of a vector by a matrix, as an answer of the kind ``local_jacobian``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.certify.equation import Equation
from exgen.certify.quantity import Quantity
from exgen.derive.tensor import TensorForm, tensor_form
from exgen.document import Step, Tex
from exgen.graph import ONE, SCALAR, Delta, Entry, Name, Pair, is_scalar, walk
from exgen.language import to_text
from exgen.problems.base import Setting, Solved

if TYPE_CHECKING:
    from exgen.graph import Index

WHY = (
    "The derivative of a vector with respect to a matrix has three indices, so it is no matrix; a "
    "general entry describes it. A {line} of the matrix affects only its own entry of the vector, "
    "and the derivative is the entry of the input that is multiplied."
)
WHY_ROW = (
    "Each entry of the {line} multiplies one entry of the input, which is therefore its derivative."
)


def _same_as_out(form: TensorForm) -> tuple[str, Index]:
    """Return which line of the matrix belongs to an entry of the function, and its index."""
    deltas = [part for part in walk(form.entry) if isinstance(part, Delta)]
    is_row = any(form.arg[0] in (delta.left, delta.right) for delta in deltas)
    return ("row", form.arg[0]) if is_row else ("column", form.arg[1])


def tensor_answer(setting: Setting, of: str, by: str) -> tuple[dict[str, Any], Solved]:
    """Return the fields and the answer for the derivative of a name by a matrix."""
    graph, printer = setting.graph, setting.printer
    form = tensor_form(graph, of, by)

    def entry_of(name: str, index: Pair) -> str:
        if is_scalar(graph.shapes[name]):
            return printer.name(name)
        return printer(Entry(Name(name), index))

    index = form.arg if is_scalar(graph.shapes[of]) else (*form.out, *form.arg)
    sign = r"\mathrm{d}" if setting.notation.gradient == "d" else r"\partial "
    left = rf"\frac{{{sign}{entry_of(of, form.out)}}}{{{sign}{entry_of(by, form.arg)}}}"
    right = printer(form.entry)
    equation = f"{left} = {right}"
    why = WHY_ROW.format(line="row" if graph.shapes[by][0] == ONE else "column")
    if form.nonzero is not None:
        row, (line, other) = form.out[0], _same_as_out(form)
        why = WHY.format(line=line)
        equation += (
            rf" = \begin{{cases}} {printer(form.nonzero)} & \text{{if }} {row} = {other}, \\"
            r" 0 & \text{otherwise.} \end{cases}"
        )
    name = f"{of}.{by}"
    solved = Solved(
        name=name,
        latex=Tex(right),
        shape=SCALAR,
        expr=to_text(form.entry),
        steps=(Step("entry", Tex(equation), why),),
        claim=Equation(graph, Quantity(of, by), (form.entry,), index),
        write=lambda claim: Tex(printer(claim.rights[0])),
    )
    whole = printer.derivative(of, by)
    fields = {
        "answer": name,
        "derivative": Tex(whole),
        "of": Tex(printer.name(of)),
        "by": Tex(printer.name(by)),
        "entry": Tex(left),
        "is_entry": True,
    }
    return fields, solved
