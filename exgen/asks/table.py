"""The table of what a text may show and ask: one row each, and all that is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.asks import (
    cases,
    derived,
    numeric,
    proofs,
    shown,
    symbolic,
    tables,
    vectorised,
    wires,
    words,
)
from exgen.asks.scene import Answered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from exgen.asks.pieces import Phrase
    from exgen.asks.scene import Scene
    from exgen.asks.shown import Shown


class Show(Struct, frozen=True):
    """Something to show.

    Attributes:
        name: the word behind ``show``.
        pattern: that word and the places behind it.
        says: one sentence for the reference.
        example: a phrase about the network of the reference.
        make: what it puts on the page.
        clauses: the clauses that may follow.
        choices: how many texts have to stand behind a colon.

    """

    name: str
    pattern: str
    says: str
    example: str
    make: Callable[[Phrase, Scene], Shown]
    clauses: tuple[str, ...] = ()
    choices: int = 0


class Ask(Struct, frozen=True):
    """Something to ask, with the attributes of a show.

    Attributes:
        answer: the answer, its steps, its claim, and what stands on the sheet.
        choices: how many texts have to stand behind a colon at least.
        wrong: whether wrong answers may stand there, which makes it a choice.

    """

    name: str
    pattern: str
    says: str
    example: str
    answer: Callable[[Phrase, Scene], Answered]
    clauses: tuple[str, ...] = ()
    choices: int = 0
    wrong: bool = False


def _cells(table: Phrase, scene: Scene) -> list[Answered]:
    return [ASKS[cell.sort].answer(cell, scene) for cell in table.cells]


def _table(phrase: Phrase, scene: Scene) -> Answered:
    """Return what is asked in the cells of a table."""
    found = _cells(phrase, scene)
    if "lines" in phrase.clauses:
        found = [tables.as_line(part) for part in found]
    solved = tuple(solved for part in found for solved in part.solved)
    if "lines" in phrase.clauses:
        return Answered({"show": "written", "names": [part.name for part in solved]}, solved)
    return Answered(tables.table(phrase, scene, found), solved)


SHOWS: Mapping[str, Show] = {
    row.name: row
    for row in (
        Show(
            "network",
            "network",
            "The whole forward pass, with the shape of every leaf that is not asked for.",
            "{show network}",
            shown.network,
        ),
        Show(
            "lines",
            "lines NAMES",
            "Some lines of the forward pass.",
            "{show lines z1, a1}",
            shown.lines,
        ),
        Show(
            "formulas",
            "formulas NAMES",
            "Some lines of the forward pass, in the text.",
            "{show formulas a1, a2}",
            shown.formulas,
        ),
        Show(
            "entries",
            "entries",
            "The whole forward pass entry by entry.",
            "{show entries}",
            shown.entries,
        ),
        Show(
            "premises",
            "premises",
            "What the derivations that are asked for rest on.",
            "{show premises}",
            proofs.show,
        ),
        Show(
            "arrays",
            "arrays",
            "What the lines for whole arrays that are asked for may be written with.",
            "{show arrays}",
            vectorised.show,
        ),
        Show(
            "chain",
            "chain",
            "The network as a chain of layers, in words.",
            "{show chain}",
            shown.chain,
        ),
        Show(
            "runs",
            "runs",
            "What the network is, and how many examples it sees, as the start of a sentence.",
            "{show runs}",
            shown.runs,
        ),
        Show(
            "data",
            "data",
            "What the inputs and the targets are.",
            "{show data}",
            shown.data,
        ),
        Show(
            "notes",
            "notes",
            "What the formulas leave open, such as axes and windows.",
            "{show notes}",
            shown.notes,
        ),
        Show(
            "graph",
            "graph",
            "The computation graph as a figure.",
            "{show graph}",
            shown.graph,
        ),
        Show(
            "units",
            "units",
            "A network of scalar units as a figure, any other by its lines.",
            "{show units}",
            shown.units,
        ),
        Show(
            "plot",
            "plot sigmoid|minuslog",
            "A curve, on the key alone.",
            "{show plot sigmoid}",
            shown.plot,
        ),
        Show(
            "batch",
            "batch",
            "How many examples are processed at once, and which line of the data each of them is.",
            "{show batch over m examples as columns}",
            tables.show_batch,
            ("examples", "as"),
        ),
        Show(
            tables.TABLE,
            "table of NAMES",
            "A table with a row for each name; its columns are as those that may be asked.",
            "{show table of z1, a1: output of _ | shape of _}",
            lambda phrase, scene: tables.table(phrase, scene, _cells(phrase, scene)),
            choices=1,
        ),
        Show(
            "values",
            "values [NAMES]",
            "The numbers of these names, or of every leaf.",
            "{show values x, W1}",
            shown.values,
            ("grid",),
        ),
        Show(
            "shapes",
            "shapes NAMES",
            "The shapes of these names.",
            "{show shapes z1, a1}",
            shown.shapes,
        ),
        Show(
            "word",
            "word for NAMES",
            "What the notation calls the derivative of these names, such as a Jacobian.",
            "{show word for a1}",
            shown.word,
        ),
        Show(
            "gradient",
            "gradient of NAME by NAME",
            "The symbol of a gradient, or of a Jacobian.",
            "{show gradient of L by z1}",
            shown.gradient,
        ),
        Show(
            "upstream",
            "upstream [NAME] of NAME",
            "The gradient of a loss by the last line is given, under a name or as its symbol; the "
            "loss stands behind the network. Without a name its number is that of `upstream`.",
            "{show upstream g of J}",
            shown.upstream,
        ),
        Show(
            "untransposed",
            "untransposed",
            "Each gradient of this problem has the shape of its array; the sheet says so where the "
            "notation would transpose it.",
            "{show untransposed}",
            shown.untransposed,
        ),
        Show(
            "cost",
            "cost",
            "The cost, the mean of the losses of many examples, and how their values are called.",
            "{show cost over m examples}",
            derived.show_cost,
            ("examples",),
        ),
        Show(
            "cases",
            "cases of NAME",
            "What the entries of a gradient by a vector may be written with: how its entries are "
            "sorted, their permutation and their ranks, and unit vectors.",
            "{show cases of x}",
            cases.show,
        ),
        Show(
            "circuit",
            "circuit",
            "A network of scalars as a circuit of gates: values above the wires, gradients below; "
            "what is asked for on a wire is blank there.",
            "{show circuit}",
            wires.circuit,
        ),
        Show(
            "rounding",
            "rounding",
            "How to round on the way, in a network of scalars; each rounded answer is then right "
            "however a student does.",
            "{show rounding}",
            wires.rounds,
        ),
        Show(
            "remark",
            "remark [where] [CONDITION]",
            "Words on the key alone; behind a condition, where the numbers meet it.",
            "{remark: A ReLU is never negative, and neither is {a1}.}",
            shown.remark,
            choices=1,
        ),
    )
}
"""What may be shown, by name."""

ASKS: Mapping[str, Ask] = {
    row.name: row
    for row in (
        Ask(
            "value",
            "value of NAME",
            "The value of a name at the numbers, exactly or rounded.",
            "{ask value of z1 to 2 digits}",
            numeric.value,
            ("open", "exactly", "digits", "wire"),
        ),
        Ask(
            "every",
            "every value|gradient on its wire",
            "Every number in the circuit that is shown, but those that are given: of the forward "
            "pass, or of the backward pass.",
            "{ask every gradient on its wire to 2 digits}",
            wires.on_wires,
            ("exactly", "digits"),
        ),
        Ask(
            "shape",
            "shape of NAME",
            "The shape of a name, which must follow from what the sheet states; or over a batch.",
            "{ask shape of W1}",
            tables.shape,
            ("examples", "as"),
        ),
        Ask(
            "input",
            "input of NAME",
            "What a layer gets, which is what the layer before it puts out.",
            "{ask input of z2}",
            tables.source,
        ),
        Ask(
            "output",
            "output of NAME",
            "A line of the forward pass, as a formula.",
            "{ask output of z2}",
            tables.output,
        ),
        Ask(
            tables.TABLE,
            "table of NAMES",
            "A table to fill in: a row for each name, for which _ stands in its columns. A column "
            f"is one of {', '.join(tables.HEADS)}.",
            "{ask table of W1, z1: shape of _ | shape of _ over m examples}",
            _table,
            ("lines",),
            choices=1,
        ),
        Ask(
            "gradient",
            "gradient of NAME by ENTRY",
            "The gradient of a scalar: closed, one step from its upstream gradients, step by step, "
            "from derivatives that are given, of the mean over examples, an entry in index form or "
            "by cases, with a known order of what is sorted, or at the numbers.",
            "{ask gradient of L by W1}",
            derived.gradient,
            (
                "upstream",
                "steps",
                "terms",
                "given",
                "examples",
                "sorted",
                "exactly",
                "digits",
                "wire",
            ),
            wrong=True,
        ),
        Ask(
            "jacobian",
            "jacobian of NAME by NAME",
            "The derivative of a line by a name that it reads; by a matrix, a general entry.",
            "{ask jacobian of a1 by z1}",
            symbolic.jacobian,
            wrong=True,
        ),
        Ask(
            "chain",
            "chain of NAME",
            "Chain-rule products with names left blank, each along the names behind the colon.",
            "{ask chain of L hiding 2 blanks: z1, a1, z2 | x, z1}",
            symbolic.chain,
            ("hiding", "at"),
            choices=1,
        ),
        Ask(
            "boxes",
            "boxes",
            "The forward pass as a chain of boxes with its shapes, some of them left blank.",
            "{ask boxes hiding 3 blanks}",
            symbolic.box_chain,
            ("hiding", "at"),
        ),
        Ask(
            "graph",
            "graph",
            "The computation graph, to be drawn.",
            "{ask graph}",
            symbolic.graph,
        ),
        Ask(
            "derivation",
            "derivation of NAME",
            "To show, line by line, that an entry of the loss's gradient is what the sheet says.",
            "{ask derivation of W1}",
            proofs.derivation,
        ),
        Ask(
            "case",
            "case same|other",
            "The same for a logit behind a softmax, of the target's own class or of another one.",
            "{ask case same}",
            proofs.derivation,
        ),
        Ask(
            "proof",
            "proof",
            "To prove that the first formula equals the last, by the lines between them, each with "
            "its reason.",
            "{ask proof: {a1[i]} | {relu(z1[i])} entry by entry}",
            proofs.proof,
            ("hot",),
            choices=2,
        ),
        Ask(
            "rewriting",
            "rewriting",
            "What a formula can be rewritten as, line by line, each with its reason; the last line "
            "is the answer.",
            "{ask rewriting: {exp(z1)[i]} | {exp(z1[i])} entry by entry}",
            proofs.proof,
            ("hot",),
            choices=2,
        ),
        Ask(
            "line",
            "line of NAME",
            "A line of the forward pass for whole arrays; the sheet has it entry by entry.",
            "{ask line of z1}",
            vectorised.line,
        ),
        Ask(
            "backward",
            "backward line of NAME",
            "A line of the backward pass for whole arrays; the sheet has it entry by entry.",
            "{ask backward line of W1}",
            vectorised.backward,
        ),
        Ask(
            "count",
            "count of [parameters] [NAMES]",
            "How many numbers all parameters hold, or some names.",
            "{ask count of parameters}",
            symbolic.count,
        ),
        Ask(
            "update",
            "update of NAME",
            "A leaf after one step of gradient descent, at the numbers or in symbols.",
            "{ask update of W1 with rate 0.1 to 3 digits}",
            lambda ask, scene: (derived if "symbols" in ask.clauses else numeric).update(
                ask, scene
            ),
            ("rate", "symbols", "exactly", "digits"),
        ),
        Ask(
            "choice",
            "choice",
            "A choice in a drawn order; right is the one whose condition holds, or the first.",
            "{ask choice: at most 1 {where: a1 <= 1} | at least 0 {where: a1 >= 0}}",
            words.choice,
            choices=2,
        ),
        Ask(
            "rubric",
            "rubric",
            "An answer in words, with the points of a full one; facts in it are proven.",
            "{rubric: The slope is {fact: relu(z1) = (z1 > 0) * z1}. | It keeps the sign.}",
            words.rubric,
            choices=1,
        ),
    )
}
"""What may be asked, by name."""
