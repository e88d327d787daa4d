"""Missing shapes: a forward pass as a chain of boxes, with some of its sizes left out."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from exgen.certify.sizes import ShapeClaim, infer_from_shown
from exgen.derive.latex import Printer
from exgen.derive.orient import DATA
from exgen.derive.symbols import shape_latex
from exgen.derive.turning import turned
from exgen.document import Step, Tex
from exgen.errors import CertificateError, KindError, nearest
from exgen.graph import Binding, Call, Expr, Graph, Name, is_column, is_scalar, walk
from exgen.ops import lookup, traits_of
from exgen.ops.append import APPEND_ONE, PREPEND_ONE
from exgen.ops.assemble import CONCAT
from exgen.printing import Level, Printed
from exgen.problems.base import Setting, Solved, blank
from exgen.problems.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from exgen.seeds import Stream

# A brace inside stacked brackets or under a sum sign would be unreadable.
STACKED = frozenset(op.name for op in (APPEND_ONE, PREPEND_ONE, CONCAT))
MARK = "\x00"
"""Stands in no LaTeX, so that it tells a first pass of printing from what is printed."""


class Slot(Struct, frozen=True):
    """A place where a shape is printed: the box of a line, or the brace under an operand."""

    line: str
    name: str

    @property
    def label(self) -> str:
        """How banks and answers name the slot: ``a1`` for a box, ``z1.W1`` for a brace."""
        return self.line if self.line == self.name else f"{self.line}.{self.name}"


def slots(graph: Graph) -> tuple[Slot, ...]:
    """Return every place where a shape is printed, in reading order."""
    found: list[Slot] = []
    for binding in graph.bindings:
        if is_scalar(graph.shapes[binding.name]):
            continue
        found.append(Slot(binding.name, binding.name))
        found += [Slot(binding.name, name) for name in _braced(binding)]
    return tuple(found)


def _braced(binding: Binding) -> list[str]:
    def visit(expr: Expr) -> Iterator[str]:
        if isinstance(expr, Call):
            for arg in expr.args:
                if isinstance(arg, Name) and not (traits_of(expr).loss or expr.op in STACKED):
                    yield arg.name
                yield from visit(arg)

    return list(dict.fromkeys(visit(binding.expr)))


def shown_names(graph: Graph, hidden: tuple[Slot, ...]) -> tuple[str, ...]:
    """Return the names whose shape can be read off the sheet: data, and what some slot shows."""
    visible = {slot.name for slot in slots(graph) if slot not in hidden}
    braced = {slot.name for slot in slots(graph)}
    stated = {leaf.name for leaf in graph.leaves if leaf.name not in braced}
    return tuple(name for name in graph.names if name in visible | stated)


def determined(graph: Graph, hidden: tuple[Slot, ...]) -> bool:
    """Whether every hidden shape follows from those that are left."""
    try:
        inferred = infer_from_shown(graph, shown_names(graph, hidden))
    except CertificateError:
        # An op such as pooling cannot be followed backwards at all.
        return False
    return all(inferred[slot.name] is not None for slot in hidden)


def drawn_places(graph: Graph, options: Mapping[str, Any], stream: Stream) -> list[str]:
    """Draw which shapes to hide, weights first, as long as each still follows from the rest.

    A name that stands in several places is hidden in all of them, so that no blank is a copy of
    what is printed beside it.
    """
    by_label = {slot.label: slot for slot in slots(graph)}
    if not any(slot.line != slot.name for slot in by_label.values()):
        raise KindError(
            "the network has no product or function whose shapes could be hidden",
            remedy="missing_shapes needs lines such as z1 = W1 @ x.",
        )
    if "hide" in options:
        return _named(graph, by_label, options["hide"])
    weights = [s for s in by_label.values() if graph.leaf(s.name) and not _is_data(graph, s.name)]
    others = [slot for slot in by_label.values() if slot not in weights]
    wanted = int(options.get("blanks", 5))
    hidden: tuple[Slot, ...] = ()
    mixed = stream.shuffle(others)
    for places in (*((slot,) for slot in stream.shuffle(weights)), *_by_name(graph, mixed)):
        if len(hidden) + len(places) <= wanted and determined(graph, (*hidden, *places)):
            hidden = (*hidden, *places)
    if not hidden:
        hidden = next(((slot,) for slot in mixed if determined(graph, (slot,))), ())
    return [slot.label for slot in by_label.values() if slot in hidden]


def _by_name(graph: Graph, places: Sequence[Slot]) -> list[tuple[Slot, ...]]:
    """Return the places of each name that the problem's text does not declare, most places first.

    So what is left at the end is filled by a name with a single place.
    """
    names = dict.fromkeys(slot.name for slot in places if not _is_data(graph, slot.name))
    groups = [tuple(slot for slot in places if slot.name == name) for name in names]
    return sorted(groups, key=len, reverse=True)


def _is_data(graph: Graph, name: str) -> bool:
    leaf = graph.leaf(name)
    return leaf is not None and leaf.role in DATA


def _named(graph: Graph, by_label: Mapping[str, Slot], labels: object) -> list[str]:
    if not (isinstance(labels, list) and labels and all(isinstance(x, str) for x in labels)):
        raise KindError("'hide' is a list of places such as 'a1' or 'z1.W1'")
    for label in labels:
        if label not in by_label:
            raise KindError(
                f"there is no place '{label}' to hide a shape", remedy=nearest(label, by_label)
            )
    if not determined(graph, tuple(by_label[label] for label in labels)):
        raise KindError(
            "the shapes in 'hide' do not follow from those that are left",
            remedy="Hide fewer of them.",
        )
    return list(labels)


def blanks_in(graph: Graph, hide: list[str]) -> str:
    """Return how many sizes are missing, in words."""
    hidden = [slot for slot in slots(graph) if slot.label in hide]
    sizes = sum(1 if is_column(graph.shapes[slot.name]) else 2 for slot in hidden)
    return counted(sizes, "missing size")


def boxes(setting: Setting, hide: list[str], prefix: str) -> tuple[dict[str, Any], list[Solved]]:
    """Set the chain with its blanks, and give each hidden shape with its reason.

    ``prefix`` begins the names of the answers.
    """
    graph, printer = setting.graph, setting.printer
    hidden = tuple(slot for slot in slots(graph) if slot.label in hide)
    shown = shown_names(graph, hidden)
    answers = [
        sized(prefix + slot.label, printer.name(slot.name), claim, reason(graph, slot.name))
        for slot in hidden
        for claim in [ShapeClaim(graph, slot.name, graph.shapes[slot.name], shown)]
    ]
    fields = {
        "links": [_link(setting, binding, hidden, prefix) for binding in graph.bindings],
        "names": [answer.name for answer in answers],
        "reasons": [
            {**shaped(printer, binding), "why": reason(graph, binding.name)}
            for binding in graph.bindings
            if any(slot.line == binding.name for slot in hidden)
        ],
    }
    return fields, answers


@dataclass(frozen=True)
class _Braced(Printer):
    """Prints one brace under a name with its transpose mark, not the transpose of a brace."""

    def printed(self, expr: Expr) -> Printed:
        """Return an expression as LaTeX with its level."""
        match expr:
            case Call("transpose", (Name(name),)):
                bare = Printer(self.notation, self.shapes, self.loss, batch=self.batch)(expr)
                size = shape_latex(turned(self.shapes[name]))
                return Printed(rf"\exshape{{{bare}}}{{{size}}}", Level.SCRIPT)
        return Printer.printed(self, expr)


def shaped(printer: Printer, line: Binding) -> dict[str, Tex]:
    """Return the two sides of a line with the shape under every name."""

    def decorate(name: str, latex: str) -> str:
        return rf"\exshape{{{latex}}}{{{shape_latex(printer.shapes[name])}}}"

    known = {field.name: getattr(printer, field.name) for field in fields(printer)}
    braced = _Braced(**{**known, "decorate": decorate})
    return {"left": Tex(braced(Name(line.name))), "right": Tex(braced(line.expr))}


def _link(
    setting: Setting, binding: Binding, hidden: tuple[Slot, ...], prefix: str
) -> dict[str, Any]:
    """Return a box and its right side as pieces: LaTeX, and the blanks between."""
    graph, printer = setting.graph, setting.printer
    hidden_here = {slot.name: slot for slot in hidden if slot.line == binding.name}
    braced = _braced(binding)

    box = None
    if not is_scalar(graph.shapes[binding.name]):
        box = Tex(_shape(graph, binding.name, hidden_here.get(binding.name), prefix))
    shapes = {name: _shape(graph, name, hidden_here.get(name), prefix) for name in braced}
    right = _once_braced(printer, binding.expr, shapes)
    for slot in hidden_here.values():
        if slot.name != binding.name and blank(prefix + slot.label) not in right:
            raise KindError(
                f"the line of '{binding.name}' is not printed with '{slot.name}' as it stands, so "
                "its shape has no place there",
                remedy="Give the expression around it a line of its own.",
            )
    return {"name": Tex(printer.name(binding.name)), "box": box, "right": Tex(right)}


def _once_braced(printer: Printer, expr: Expr, shapes: Mapping[str, str]) -> str:
    """Return a right side with each shape in a brace, under the first use of its name alone.

    A printer may ask about a name more often than it prints it, so a first pass finds out which
    of its questions lead to print, and a second one answers only the first of these.
    """
    asked: list[str] = []
    kept: set[int] = set()

    def number(name: str, latex: str) -> str:
        asked.append(name)
        return rf"\exshape{{{latex}}}{{{MARK}{len(asked)}{MARK}}}"

    def brace(name: str, latex: str) -> str:
        asked.append(name)
        shape = shapes.get(name) if len(asked) in kept else None
        return latex if shape is None else rf"\exshape{{{latex}}}{{{shape}}}"

    marks = replace(printer, decorate=number)(expr).split(MARK)[1::2]
    printed = dict.fromkeys(int(mark) for mark in marks)
    for name in shapes:
        kept |= set([place for place in printed if asked[place - 1] == name][:1])
    asked.clear()
    return replace(printer, decorate=brace)(expr)


def _shape(graph: Graph, name: str, slot: Slot | None, prefix: str) -> str:
    """Return a shape, or the blanks for it."""
    return shape_latex(graph.shapes[name]) if slot is None else blank(prefix + slot.label)


def sized(name: str, symbol: str, claim: ShapeClaim, why: str) -> Solved:
    """Return a shape as an answer: its name, whose shape it is, the claim, and the reason."""
    latex = shape_latex(claim.shape)
    return Solved(
        name=name,
        latex=Tex(latex),
        shape=claim.shape,
        expr=claim.name,
        steps=(Step("shape", Tex(rf"{symbol}\colon \exanswer{{{latex}}}"), why),),
        claim=claim,
        write=lambda wrong: Tex(shape_latex(wrong.shape)),
        where=Tex(f"for ${symbol}$"),
    )


def reason(graph: Graph, name: str) -> str:
    """Return why a name has its shape: from its own line, or from the line that multiplies it."""
    expr = graph.expr(name)
    if isinstance(expr, Call):
        return lookup(expr.op).shape_why
    for binding in graph.bindings:
        for part in walk(binding.expr):
            if isinstance(part, Call) and Name(name) in part.args:
                return lookup(part.op).shape_why
    return ""
