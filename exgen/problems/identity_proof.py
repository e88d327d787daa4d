"""Identities to prove: the softmax under a shift, the cross-entropy of a one-hot target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.certify.equation import Equation
from exgen.certify.quantity import Quantity
from exgen.derive import proofs
from exgen.derive.latex import Printer
from exgen.derive.symbols import free_name, symbol
from exgen.document import Step, Tex
from exgen.errors import KindError, nearest
from exgen.graph import (
    SCALAR,
    Binding,
    Dim,
    Entry,
    Graph,
    Leaf,
    Name,
    is_column,
    size_as_number,
    walk,
)
from exgen.language import to_text
from exgen.ops.activations import SOFTMAX
from exgen.ops.losses import CROSS_ENTROPY
from exgen.problems.base import Kind, Setting, Solution, Solved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.derive.proofs import Chain
    from exgen.graph import Expr
    from exgen.seeds import Stream

IDENTITIES = ("softmax_shift", "onehot_cross_entropy")
SHIFTS = ("max", "min", "mean", "any")
DIRECTIONS = ("subtract", "add")
CLASSES = ("K", "C", "M")
"""What the number of classes may be called, which is no part of the argument."""
CONSTANTS = ("s", "c", "b")
WEIGHTS = ("epsilon", "eta", "alpha")
NEEDED = {
    "softmax_shift": (SOFTMAX, "p = softmax(z) of a column vector z"),
    "onehot_cross_entropy": (CROSS_ENTROPY, "L = cross_entropy(p, y) of column vectors"),
}


def subject(graph: Graph, identity: str) -> tuple[str, ...]:
    """Return the names that the identity is about.

    Raises:
        KindError: the network has no line of that sort.

    """
    op, needs = NEEDED[identity]
    for binding in graph.bindings:
        for part in walk(binding.expr):
            if op.made(part):
                names = tuple(arg.name for arg in part.args if isinstance(arg, Name))
                if len(names) == len(part.args) and all(is_column(graph.shapes[n]) for n in names):
                    return names
    raise KindError(
        f"the network has no {op.name} to prove something about", remedy=f"Add {needs}."
    )


def sample(graph: Graph, options: Mapping[str, Any], stream: Stream) -> dict[str, Any]:
    """Draw which identity to prove, the constant of the shift, and whether to add a contrast."""
    identity = options.get("identity")
    if identity is None:
        identity = stream.child("identity").choose(IDENTITIES)
    if identity not in IDENTITIES:
        raise KindError(f"there is no identity '{identity}'", remedy=nearest(identity, IDENTITIES))
    subject(graph, identity)
    shift = options.get("shift") or stream.child("shift").choose(SHIFTS)
    if shift not in SHIFTS:
        raise KindError(f"there is no shift '{shift}'", remedy=nearest(shift, SHIFTS))
    direction = options.get("direction") or stream.child("direction").choose(DIRECTIONS)
    if direction not in DIRECTIONS:
        raise KindError(
            f"there is no direction '{direction}'", remedy=nearest(direction, DIRECTIONS)
        )
    letters = CONSTANTS if identity == "softmax_shift" else WEIGHTS
    return {
        "identity": identity,
        "direction": direction if identity == "softmax_shift" else "",
        "classes": options.get("classes") or stream.child("classes").choose(CLASSES),
        "letter": options.get("letter") or stream.child("letter").choose(letters),
        "shift": shift if identity == "softmax_shift" else "",
        "smoothing": bool(options.get("smoothing", True)) and identity != "softmax_shift",
    }


def solve(setting: Setting, draws: Mapping[str, Any]) -> Solution:
    """Write the proof as a chain of lines, each with its reason."""
    graph, identity = setting.graph, draws["identity"]
    names = subject(graph, identity)
    # The number of classes is no part of the argument.
    shape = (Dim(0, (draws["classes"],)), graph.shapes[names[0]][1])
    if identity == "softmax_shift":
        shift = free_name(graph, (draws["letter"], *CONSTANTS))
        added = draws["direction"] == "add"
        chains = [proofs.softmax_shift(names[0], shift, shape, added=added)]
    else:
        chains = [proofs.onehot_cross_entropy(names[0], names[1], shape)]
        if draws["smoothing"]:
            weight = free_name(graph, (draws["letter"], *WEIGHTS))
            chains.append(proofs.smoothed_cross_entropy(names[0], names[1], weight, shape))
    printers = [Printer(setting.notation, {**graph.shapes, **chain.shapes}, "") for chain in chains]
    answers = [
        _answer(chain, printer, name)
        for chain, printer, name in zip(chains, printers, ("proof", "contrast"), strict=False)
    ]
    printer, chain = printers[-1], chains[-1]
    fields: dict[str, Any] = {
        "identity": identity,
        "shift": draws["shift"],
        "direction": draws["direction"],
        "names": [Tex(printer.name(name)) for name in names],
        "size": Tex(str(shape[0])),
        "constant": Tex(printer.name(list(chain.shapes)[-1])) if chain.shapes else Tex(""),
        "left": Tex(_left(printers[0], chains[0])),
        "right": Tex(_right(printers[0], chains[0])),
        "loss": Tex(printer(chain.lines[0].expr)) if identity != "softmax_shift" else Tex(""),
        "logits": Tex(printer(Entry(Name(names[0]), "k", 0))),
        "hot": Tex(printer(Entry(Name(names[-1]), proofs.HOT, 0))),
        "cold": Tex(printer(Entry(Name(names[-1]), "k", 0))),
        "contrast": draws["smoothing"],
        "first": setting.notation.index_base,
        "share": Tex(rf"\frac{{{printer.name(list(chain.shapes)[-1])}}}{{{shape[0]}}}"),
    }
    return Solution(fields, tuple(answers))


def claim_of(chain: Chain) -> Equation:
    """Return what has to be proven: every line is an entry of what the chain starts from."""
    lines = tuple(line.expr for line in chain.lines)
    leaves = tuple(Leaf(name, "const", shape, 2) for name, shape in chain.shapes.items())
    whole = Graph(leaves, (), dict(chain.shapes), "")
    start, hot = free_name(whole, ("left",)), free_name(whole, ("hot",))
    if chain.right is not None:
        (letter, _), *_ = chain.letters
        shapes = {**chain.shapes, start: next(iter(chain.shapes.values()))}
        graph = Graph(leaves, (Binding(start, chain.left),), shapes, start)
        rights = (*lines, chain.right)
        return Equation(graph, Quantity(start), rights, (letter, 0), symbolic=True)
    shape = chain.shapes[chain.target]
    target: Expr = Name(hot)
    if chain.smoothing:
        weight = Name(chain.smoothing)
        target = (1 - weight) * target + weight / size_as_number(shape[0])
    others = (leaf for leaf in leaves if leaf.name != chain.target)
    bindings = (Binding(chain.target, target), Binding(start, chain.left))
    graph = Graph(
        (*others, Leaf(hot, "onehot", shape, 1)),
        bindings,
        {**chain.shapes, hot: shape, start: SCALAR},
        start,
    )
    return Equation(graph, Quantity(start), lines, (0, 0), hot=(hot, proofs.HOT), symbolic=True)


def _left(printer: Printer, chain: Chain) -> str:
    """Return the left side: an entry of the shifted softmax, or the loss."""
    if chain.right is None:
        return symbol("L", SCALAR, printer.notation, is_loss=True).latex()
    return printer(Entry(chain.left, proofs.LETTER, 0))


def _right(printer: Printer, chain: Chain) -> str:
    if chain.right is None:
        return printer(chain.lines[-1].expr)
    return printer(Entry(chain.right, proofs.LETTER, 0))


def _answer(chain: Chain, printer: Printer, name: str) -> Solved:
    """Return a chain as steps, aligned at the sign of equality."""
    steps = [
        Step(
            line.why, Tex(f"{_left(printer, chain) if n == 0 else ''} &= {printer(line.expr)}"), ""
        )
        for n, line in enumerate(chain.lines)
    ]
    if chain.right is not None:
        steps.append(Step("definition of the softmax", Tex(f"&= {_right(printer, chain)}"), ""))

    def write(claim: Equation) -> Tex:
        """Print the line that is not as it should be; else the last one."""
        pairs = zip(claim.rights, chain.lines, strict=False)
        wrong = (right for right, line in pairs if right != line.expr)
        return Tex(printer(next(wrong, chain.lines[-1].expr)))

    return Solved(
        name=name,
        latex=Tex(printer(chain.lines[-1].expr)),
        shape=SCALAR,
        expr=to_text(chain.lines[-1].expr),
        steps=tuple(steps),
        claim=claim_of(chain),
        sort="proof",
        # what is to be shown stands in the question; what becomes of it does not
        write=write if name == "contrast" else None,
    )


KIND = Kind(
    name="identity_proof",
    summary="an identity to prove, line by line with reasons",
    options={
        "identity": (str,),
        "shift": (str,),
        "direction": (str,),
        "smoothing": (bool,),
        "classes": (str,),
        "letter": (str,),
    },
    network_rules=(),
    number_rules=(),
    slips=("forgot_share", "counted_twice"),
    needs_loss=False,
    sample=sample,
    solve=solve,
)
