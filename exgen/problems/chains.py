"""Chain-rule blanks: gradients of the loss as products of Jacobians, with names left out."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from exgen.certify.arrows import separates
from exgen.certify.chains import ChainClaim, fillings
from exgen.derive.jacobian import local_jacobian
from exgen.derive.symbols import shape_latex
from exgen.document import Step, Tex
from exgen.errors import KindError, nearest
from exgen.graph import Graph, is_column, is_scalar
from exgen.problems.base import Setting, Solved, blank

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from exgen.seeds import Stream

# The left side, or the factor, that a slot belongs to; and whether it names the variable.
LEFT = "left"


def spine(graph: Graph) -> list[str]:
    """Return the vectors through which every path from the input to the loss goes, in order."""
    names = [
        name
        for name in graph.names
        if name != graph.loss
        and is_column(graph.shapes[name])
        and not is_scalar(graph.shapes[name])
        and (graph.leaf(name) is None or graph.leaf(name) in _inputs(graph))
    ]
    chain: list[str] = []
    for name in names:
        if (not chain or separates(graph, chain[-1], name, graph.loss)) and separates(
            graph, name, graph.loss, graph.loss
        ):
            chain.append(name)
    return chain


def _inputs(graph: Graph) -> list[object]:
    return [leaf for leaf in graph.leaves if leaf.role == "input"]


def _has_jacobian(graph: Graph, of: str, by: str) -> bool:
    try:
        local_jacobian(graph, of, by, denominator=False)
    except KindError:
        return False
    return True


def drawn_lines(graph: Graph, stream: Stream) -> list[list[str]]:
    """Draw two lines, one a stage further in than the other.

    Raises:
        KindError: the network is too short.

    """
    stages = spine(graph)
    starts = [
        n
        for n in range(1, len(stages) - 2)
        if all(_has_jacobian(graph, b, a) for a, b in pairwise(stages[n - 1 : n + 3]))
    ]
    if not starts:
        raise KindError(
            "the network has no chain of four vectors between input and loss",
            remedy="chain_rule needs a hidden layer; z1 = W1 @ x, a1 = relu(z1), z2 = W2 @ a1.",
        )
    start = stream.choose(starts)
    return [
        [*stages[start : start + 3], graph.loss],
        [*stages[start - 1 : start + 1], graph.loss],
    ]


def check_lines(graph: Graph, lines: object) -> None:
    """Raise where a line is no chain of stages through which every path goes."""
    if not (isinstance(lines, list) and lines and all(map(_is_chain, lines))):
        raise KindError("each entry of 'lines' is a chain of names such as ['a1', 'z2', 'L']")
    for line in lines:
        for name in line:
            if name not in graph.names:
                raise KindError(f"the network has no '{name}'", remedy=nearest(name, graph.names))
        if len(line) < 3 or line[-1] != graph.loss:  # noqa: PLR2004 - variable, stage, loss
            raise KindError(
                f"a chain goes from a vector through at least one stage to '{graph.loss}'"
            )
        for by, of in pairwise(line[:-1]):
            local_jacobian(graph, of, by, denominator=False)
        if fillings(graph, tuple(line), ()) != 1:
            raise KindError(
                f"the gradient by '{line[0]}' is no single product along {', '.join(line)}",
                remedy="Every path to the loss must go through each stage.",
            )


def _is_chain(line: object) -> bool:
    return isinstance(line, list) and all(isinstance(name, str) for name in line)


def slots(line: list[str]) -> dict[str, int]:
    """Return every place of a line where a name stands, with its position in the chain."""
    places = {f"{LEFT}.by": 0}
    for factor in range(len(line) - 1):
        places[f"{factor}.by"] = factor
        if factor < len(line) - 2:
            places[f"{factor}.of"] = factor + 1
    return places


def unseen(line: list[str], hidden: set[str]) -> tuple[int, ...]:
    """Return the positions of a chain of which no place is left to be seen."""
    places = slots(line)
    return tuple(
        sorted(
            {n for n in places.values() if all(s in hidden for s, m in places.items() if m == n)}
        )
    )


def check_hidden(graph: Graph, lines: list[list[str]], hide: object) -> None:
    """Raise where a place to hide is none, or where its blanks leave more than one filling."""
    legal = {f"{n}.{slot}" for n, line in enumerate(lines) for slot in slots(line)}
    if not (isinstance(hide, list) and hide and all(isinstance(place, str) for place in hide)):
        raise KindError("'hide' is a list of places such as '0.left.by' or '0.1.of'")
    for place in hide:
        if place not in legal:
            raise KindError(f"there is no place '{place}'", remedy=nearest(place, legal))
    for n, line in enumerate(lines):
        if fillings(graph, tuple(line), unseen(line, _of_line(hide, n))) != 1:
            raise KindError(f"the blanks of line {n + 1} can be filled in more than one way")


def _of_line(hide: list[str], line: int) -> set[str]:
    return {place.partition(".")[2] for place in hide if place.startswith(f"{line}.")}


def draw_hidden(
    graph: Graph, lines: list[list[str]], options: Mapping[str, Any], stream: Stream
) -> list[str]:
    """Hide places in random order, at least one a line, while only one filling is left."""
    wanted = int(options.get("blanks", 3))
    hidden: list[str] = []
    queues = [stream.shuffle([f"{n}.{slot}" for slot in slots(li)]) for n, li in enumerate(lines)]
    first = [queue[0] for queue in queues]
    rest = stream.shuffle([place for queue in queues for place in queue[1:]])
    for place in (*first, *rest):
        trial = [*hidden, place]
        if len(hidden) < wanted and all(
            fillings(graph, tuple(line), unseen(line, _of_line(trial, n))) == 1
            for n, line in enumerate(lines)
        ):
            hidden = trial
    order = [f"{n}.{slot}" for n, line in enumerate(lines) for slot in slots(line)]
    return sorted(hidden, key=order.index)


def blanks_of(
    setting: Setting, lines: list[list[str]], hide: list[str], prefix: str
) -> tuple[list[dict[str, Any]], list[Solved]]:
    """Return lines with their blanks, each worked out with its shapes, and the names to fill in.

    ``prefix`` begins the names of the answers.
    """
    shown: list[dict[str, Any]] = []
    answers: list[Solved] = []
    for n, line in enumerate(lines):
        hidden = _of_line(hide, n)
        shown.append(_line(setting, line, hidden, f"{prefix}{n}"))
        answers += _answers(setting, line, hidden, f"{prefix}{n}", f" in line {n + 1}")
    return shown, answers


def _inside_out(setting: Setting) -> bool:
    """Whether the factor next to the variable stands first; only numerator layout reverses it."""
    return setting.notation.layout != "numerator"


def _factor(setting: Setting, of: str, by: str) -> str:
    """Return a Jacobian's symbol; where gradients have the variable's shape, its transpose."""
    printer = setting.printer
    symbol = printer.derivative_of(of, by)
    return printer.transpose_of(symbol) if setting.notation.layout == "shape" else symbol


def _ordered(setting: Setting, factors: list[str]) -> str:
    """Join factors in the order of the layout."""
    inside_out = _inside_out(setting)
    return f" {setting.printer.chain_sign} ".join(factors if inside_out else reversed(factors))


def _line(setting: Setting, line: list[str], hidden: set[str], number: str) -> dict[str, Any]:
    printer = setting.printer

    def name(slot: str, position: int) -> str:
        return blank(f"{number}.{slot}") if slot in hidden else printer.name(line[position])

    loss = printer.name(line[-1])
    left = printer.derivative_of(loss, name(f"{LEFT}.by", 0))
    factors = [
        _factor(setting, name(f"{n}.of", n + 1), name(f"{n}.by", n)) for n in range(len(line) - 2)
    ]
    factors.append(printer.derivative_of(loss, name(f"{len(line) - 2}.by", len(line) - 2)))
    return {
        "left": Tex(left),
        "right": Tex(_ordered(setting, factors)),
        "worked": Tex(_worked(setting, line)),
    }


def _brace(setting: Setting, latex: str, of: str, by: str) -> str:
    """Return a derivative with its shape in a brace below it."""
    rows, columns = setting.graph.shapes[by][0], setting.graph.shapes[of][0]
    shape = (rows, columns) if _inside_out(setting) else (columns, rows)
    return rf"\exshape{{{latex}}}{{{shape_latex(shape)}}}"


def _worked(setting: Setting, line: list[str]) -> str:
    printer, loss = setting.printer, line[-1]
    names = [printer.name(name) for name in line]
    factors = [
        _brace(setting, _factor(setting, names[n + 1], names[n]), line[n + 1], line[n])
        for n in range(len(line) - 2)
    ]
    factors.append(_brace(setting, printer.derivative(loss, line[-2]), loss, line[-2]))
    left = _brace(setting, printer.derivative(loss, line[0]), loss, line[0])
    return f"{left} &= {_ordered(setting, factors)}"


def _answers(
    setting: Setting, line: list[str], hidden: set[str], number: str, of_line: str
) -> list[Solved]:
    graph, printer = setting.graph, setting.printer
    # A transposed numerator Jacobian is the denominator one: both stand from the inside out.
    denominator = _inside_out(setting)
    claim = ChainClaim(
        graph,
        tuple(line),
        tuple(
            local_jacobian(graph, of, by, denominator=denominator) for by, of in pairwise(line[:-1])
        ),
        denominator,
        unseen(line, hidden),
    )
    places = slots(line)

    def written(place: int) -> Callable[[ChainClaim], Tex]:
        return lambda wrong: Tex(printer.name(wrong.chain[place]))

    return [
        Solved(
            name=f"{number}.{slot}",
            latex=Tex(printer.name(line[places[slot]])),
            shape=None,
            expr=line[places[slot]],
            steps=(Step("chain rule", Tex(_worked(setting, line)), _why(line, slot)),),
            claim=claim,
            write=written(places[slot]),
            where=Tex(f"for ${printer.name(line[places[slot]])}${of_line}"),
        )
        for slot in places
        if slot in hidden
    ]


def _why(line: list[str], slot: str) -> str:
    """Return why a blank holds its name: what its neighbour in the chain is."""
    factor, part = slot.split(".")
    if factor == LEFT or (factor == "0" and part == "by"):
        return "The chain begins at the variable that the gradient is taken by."
    if int(factor) == len(line) - 2:
        return "The factor of the loss shares its variable with its neighbour."
    return "Neighbouring factors share a stage."
