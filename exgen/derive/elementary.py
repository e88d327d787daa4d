"""Elementary steps: a scalar network taken apart into gates that do one thing each.

A gate has one or two inputs: ``a + b``, ``a * b``, or a function of one number, such as ``exp``,
``+ 1``, ``* (-1)`` or ``1/u``. A difference becomes a sum with a changed sign, a quotient a product
with a reciprocal. A value that is used more than once is copied first, once for each use; so every
line of a circuit is used once, and the copies' gradients are what the uses contribute.
"""

from __future__ import annotations

from msgspec import Struct, field

from exgen.errors import KindError
from exgen.graph import (
    SCALAR,
    Binding,
    Call,
    Expr,
    Graph,
    Name,
    Number,
    Shape,
    as_expr,
    is_scalar,
    rebuild,
    substitute,
    walk,
)
from exgen.language.writer import number_text
from exgen.ops import TABLE, lookup
from exgen.ops.scalars import definition_of
from exgen.printing import FENCES

FUNCTIONS = tuple(op.name for op in TABLE.values() if op.function and len(op.signature.args) == 1)
ONE_, MINUS_ONE = as_expr(1), as_expr(-1)


class Circuit(Struct, frozen=True):
    """A network as gates.

    Attributes:
        graph: one line for each gate and each copy; the loss is the output.
        forks: the names that only copies read.

    """

    graph: Graph
    forks: tuple[str, ...]

    @property
    def letter(self) -> str:
        """A letter for the input of a gate that has one; no quantity is called so."""
        return next(letter for letter in "uvsrpqk" if letter not in self.graph.names)


class _Splitter(Struct):
    taken: set[str]
    lines: list[Binding] = field(default_factory=list)

    def fresh(self, stem: str) -> str:
        number = 1
        while f"{stem}{number}" in self.taken:
            number += 1
        self.taken.add(f"{stem}{number}")
        return f"{stem}{number}"

    def gate(self, op: str, *args: Expr, name: str | None = None) -> Expr:
        found = name or self.fresh("u")
        self.lines.append(Binding(found, Call(op, args)))
        return Name(found)

    def visit(self, expr: Expr, name: str | None = None) -> Expr:
        """Add the gates of an expression; the last one gets the name, if there is one."""
        match expr:
            case Number():
                return expr
            case Name():
                if name is not None:
                    self.lines.append(Binding(name, expr))
                    return Name(name)
                return expr
            case Call(op, args, _):
                return self.call(op, args, name)
        raise KindError("a circuit has no gate for an index form")

    def call(self, op: str, args: tuple[Expr, ...], name: str | None) -> Expr:
        match op, args:
            case "neg", (inner,):
                return self.visit(inner * MINUS_ONE, name)
            case "sub", (left, Number(value)):
                return self.visit(left + Number(-value), name)
            case "sub", (left, right):
                return self.visit(left + right * MINUS_ONE, name)
            case "div", (left, Number(value)):
                return self.visit(left * Number(1 / value), name)
            case "div", (left, right) if left != ONE_:
                return self.visit(left * (ONE_ / right), name)
            case (("add" | "mul"), (Number() as left, right)):
                return self.gate(op, self.visit(right), left, name=name)
            case (("add" | "mul" | "div"), _):
                return self.gate(op, *map(self.visit, args), name=name)
            case "pow", (base, Number() as power):
                return self.gate(op, self.visit(base), power, name=name)
            case _ if op in FUNCTIONS:
                return self.gate(op, self.visit(args[0]), name=name)
        return self.composite(op, args, name)

    def composite(self, op: str, args: tuple[Expr, ...], name: str | None) -> Expr:
        """Add the gates of what an op is made of; a sum of one number is that number."""
        if op == "sum":
            return self.visit(args[0], name)
        made, row = definition_of(op), lookup(op)
        if made is None or row.options:
            raise KindError(
                f"a circuit has no gate for '{op}'",
                remedy=f"It has + - * / **, and {', '.join(FUNCTIONS)}.",
            )
        return self.visit(substitute(made, dict(zip(row.signature.args, args, strict=True))), name)


def split(graph: Graph) -> Circuit:
    """Take a scalar network apart into gates.

    Raises:
        KindError: a value is no scalar, an op has no gate, or a line leads nowhere.

    """
    for name, shape in graph.shapes.items():
        if not is_scalar(shape):
            raise KindError(
                f"a circuit is made of scalars, and '{name}' is none",
                remedy="Use a network whose leaves are declared without sizes.",
            )
    splitter = _Splitter(set(graph.names))
    for binding in graph.bindings:
        splitter.visit(binding.expr, binding.name)
    lines, forks = _copied(splitter, graph)
    shapes: dict[str, Shape] = {leaf.name: SCALAR for leaf in graph.leaves}
    shapes |= {line.name: SCALAR for line in lines}
    circuit = Graph(graph.leaves, lines, shapes, graph.loss)
    used = {part.name for line in lines for part in walk(line.expr) if isinstance(part, Name)}
    for name in graph.names:
        if name not in used | {graph.loss}:
            raise KindError(
                f"'{name}' leads nowhere in the circuit",
                remedy="Every value must be used on the way to the last line.",
            )
    return Circuit(circuit, forks)


def _copied(splitter: _Splitter, graph: Graph) -> tuple[tuple[Binding, ...], tuple[str, ...]]:
    """Give each use of a name that is used more than once a copy of its own."""
    counts: dict[str, int] = {}
    for line in splitter.lines:
        for part in walk(line.expr):
            if isinstance(part, Name):
                counts[part.name] = counts.get(part.name, 0) + 1
    shared = {name for name, count in counts.items() if count > 1}
    copies = {
        name: [splitter.fresh(f"{name}_") for _ in range(counts[name])] for name in sorted(shared)
    }
    waiting = {name: list(names) for name, names in copies.items()}

    def use_copy(expr: Expr) -> Expr:
        if isinstance(expr, Name) and expr.name in shared:
            return Name(waiting[expr.name].pop(0))
        return rebuild(expr, use_copy)

    lines = [
        Binding(copy, Name(leaf.name))
        for leaf in graph.leaves
        for copy in copies.get(leaf.name, ())
    ]
    for line in splitter.lines:
        lines.append(Binding(line.name, use_copy(line.expr)))
        lines += [Binding(copy, Name(line.name)) for copy in copies.get(line.name, ())]
    return tuple(lines), tuple(sorted(shared))


def gate_latex(expr: Expr, letter: str) -> str:
    """Return the sign on a gate; the letter stands for the input of a gate with one."""
    match expr:
        case Call("add", (_, Number(value))):
            return f"{'+' if value > 0 else '-'}{number_text(abs(value))}"
        case Call("mul", (_, Number(value))):
            text = number_text(value)
            if "/" in text:
                return rf"{{\times}}({text.replace(' ', '')})"
            return rf"{{\times}}({text})" if value < 0 else rf"{{\times}}{text}"
        case Call("add"):
            return "+"
        case Call("mul"):
            return r"\times"
        case Call("div"):
            return f"1/{letter}"
        case Call("pow", (_, Number(value))):
            return f"{letter}^{{{number_text(value)}}}"
        case Call(op):
            sign = lookup(op).words.latex.replace("operatorname", "mathrm")
            return f"{sign} {letter} {FENCES[sign]}" if sign in FENCES else sign
    return ""


def takes_one(gate: Call) -> bool:
    """Whether a gate is a function of one number with a slope of its own."""
    return lookup(gate.op).function or gate.op in ("div", "pow")


def has_letter(circuit: Circuit) -> bool:
    """Whether the sign on some gate uses the letter for its input."""
    ops = [lookup(line.expr.op) for line in circuit.graph.bindings if isinstance(line.expr, Call)]
    return any(op.words.latex in FENCES or op.name in ("div", "pow") for op in ops)
