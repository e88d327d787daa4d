"""Asks at numbers: the value of a name, a gradient's value, and a parameter after one step."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.asks.arrays import cell_latex, cells_latex
from exgen.asks.cases import paths
from exgen.asks.scalars import is_of_scalars
from exgen.asks.scene import Answered, Scene, backward_of, is_exact, placed
from exgen.asks.wires import beside, is_by_hand, is_on_a_wire, on_wires
from exgen.certify.equation import Equation, as_cells
from exgen.certify.quantity import Quantity
from exgen.certify.sides import Rounding
from exgen.document import Step, Tex
from exgen.engine import evaluate, gradients
from exgen.errors import KindError
from exgen.graph import SCALAR, Entry, Name, Number, is_scalar, names_in
from exgen.language import to_text
from exgen.language.writer import decimal_text
from exgen.problems.backward import reasons_of
from exgen.problems.base import Solved
from exgen.problems.cellwise import Grids
from exgen.problems.upstream import part_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exgen.asks.pieces import Phrase
    from exgen.derive.latex import Printer
    from exgen.engine import Values
    from exgen.errors import Source
    from exgen.graph import Graph
    from exgen.problems.backward import Backward

TWICE = re.compile(r"\\left\(\\left\((-[\d.]+)\\right\)\\right\)")
"""A negative number in two pairs of brackets, its own and those of a power."""
MOST_CELLS = 16
"""Arrays with more entries than this are not written in place of their names."""
PUT_IN = "The formula, at these numbers."
STEP_DIGITS = 4
"""The decimals of a number on the way, where the answer is exact and this one is not."""


def is_numeric(ask: Phrase) -> bool:
    """Whether an ask is answered by numbers."""
    worked = ask.sort in ("value", "update") or bool({"digits", "exactly"} & ask.clauses.keys())
    return worked or is_on_a_wire(ask)


def result(ask: Phrase, graph: Graph, values: Values) -> NDArray[Any]:
    """Return the array that an ask is answered by, at the values of a forward pass."""
    if ask.sort == "value":
        return values[ask["name"]]
    of, by = (graph.loss, ask["name"]) if ask.sort == "update" else (ask["name"], _by(ask))
    inner = part_of(graph, of)
    slope = gradients(inner, {name: values[name] for name in inner.names}, exact=True)[by]
    if ask.sort == "gradient":
        return slope
    rate = Fraction(ask.clauses.get("rate", 1))
    exact = all(map(is_exact, slope.flat))
    return values[by] - (rate if exact else float(rate)) * slope


def is_in_grid(ask: Phrase) -> bool:
    """Whether an answer is written into a grid of cells."""
    return ask.clauses.get("inside") == "grid"


def is_by_number(ask: Phrase) -> bool:
    """Whether entries are called by their places, such as the first one."""
    index = ask.slots.get("entry", ("", ()))[1]
    return is_in_grid(ask) or any(part.isdecimal() for part in index)


def cellwise(ask: Phrase, scene: Scene) -> Grids | None:
    """Return what works an answer out cell by cell; None where it is no grid of fractions."""
    turned = scene.setting.notation.layout == "numerator" and ask.sort == "gradient"
    exact = all(is_exact(part) for array in scene.values.values() for part in array.flat)
    if not is_in_grid(ask) or "digits" in ask.clauses or turned or not exact:
        return None
    return Grids(scene.setting.notation, scene.graph, scene.values)


def value(ask: Phrase, scene: Scene) -> Answered:
    """Return the value of a name at the numbers, worked out line by line."""
    if is_on_a_wire(ask):
        return on_wires(ask, scene)
    scene = scene.numbered(ask)
    name, digits = scene.name(ask), scene.digits(ask)
    graph, array = scene.graph, scene.values[name]
    require_exact(ask, array, scene.source)
    left = scene.printer.name(name)
    solved = Solved(
        name=ask.name,
        latex=Tex(cells_latex(array, digits, grid=is_in_grid(ask))),
        shape=graph.shapes[name],
        expr=to_text(graph.expr(name) or scene.formula(name, ask.span)[0]),
        steps=_forward_steps(ask, scene, name, digits),
        claim=Equation(
            graph,
            Quantity(name),
            cells=as_cells(array),
            leaves=scene.leaves,
            rounding=_rounding(digits),
        ),
        write=lambda claim: Tex(cells_latex(claim.value, digits, grid=is_in_grid(ask))),
        where=_where(ask, scene, left),
    )
    solved = beside(ask, scene, solved, (name, False)) if is_by_hand(scene) else solved
    return Answered(asked(f"${left}$", digits, scene), (solved,), "worked")


def gradient_value(ask: Phrase, scene: Scene) -> Answered:
    """Return the value of a gradient at the numbers, worked out from the loss backwards."""
    scene = scene.numbered(ask)
    by, index = scene.name(ask, "entry"), ask["entry"][1]
    inner = scene.ending_in(scene.name(ask), ask)
    if index:
        return _entry_value(ask, inner, by, index)
    graph, layout = inner.graph, scene.setting.notation.layout
    leaves = {leaf.name: scene.leaves[leaf.name] for leaf in graph.leaves}
    found, digits = result(ask, scene.graph, scene.values), scene.digits(ask)
    require_exact(ask, found, scene.source)

    def write(claim: Equation) -> Tex:
        return Tex(cells_latex(claim.value, digits, grid=is_in_grid(ask)))

    claim = Equation(
        graph,
        Quantity(graph.loss, by),
        cells=as_cells(_turned(found, layout)),
        layout=layout,
        leaves=leaves,
        rounding=_rounding(digits),
    )
    work = backward_of(inner)
    symbol = inner.printer.derivative(graph.loss, by)
    if is_of_scalars(graph) and any(is_formula_of(part, ask) for part in scene.earlier(ask)):
        steps: tuple[Step, ...] = (Step("value", write(claim), PUT_IN),)
        where = Tex("at these numbers")
    else:
        forward_steps = _needed_forward(ask, inner, work, by, digits)
        steps = (*forward_steps, *_backward_steps(ask, inner, by, digits))
        where = _where(ask, scene, symbol)
    solved = Solved(
        name=ask.name,
        latex=write(claim),
        shape=work.shape(by),
        expr=to_text(work.found[by].closed),
        steps=steps,
        claim=claim,
        write=write,
        where=where,
    )
    solved = beside(ask, scene, solved, (by, True))
    return Answered(asked(rf"$\displaystyle {symbol}$", digits, scene), (solved,), "worked")


def _entry_value(ask: Phrase, scene: Scene, by: str, index: tuple[str, ...]) -> Answered:
    """Return one entry of a gradient at the numbers, from those of its one step."""
    graph, shape = scene.graph, scene.graph.shapes[by]
    row, column = (int(part) if part.isdecimal() else -1 for part in (*index, "0")[:2])
    place = row, column
    sizes = tuple(dim.constant for dim in shape)
    if len(index) > 2 or not all(0 <= n < size for n, size in zip(place, sizes, strict=True)):  # noqa: PLR2004 - axes
        remedy = f"Count from 0: '{by}' is {' x '.join(map(str, sizes))}."
        raise scene.error(f"'{by}' has no such entry", ask.spans["entry"], remedy)
    found = gradients(graph, scene.values, exact=True)[by][place]
    digits = scene.digits(ask)
    require_exact(ask, np.array([found]), scene.source)
    grids = Grids(scene.setting.notation, graph, scene.values)
    symbol = scene.printer(Entry(graph.gradient(by), *place))
    inside = grids.inside(backward_of(scene).found[by].step, place)
    latex = cell_latex(found, digits)
    sides = [symbol, *([inside] if inside not in ("", latex) else [])]
    sign = "=" if digits is None else r"\approx"
    equation = rf"{' = '.join(sides)} {sign} \exanswer{{{latex}}}"
    claim = Equation(
        graph,
        Quantity(graph.loss, by),
        (Number(Fraction(found)),),
        index=place,
        leaves={leaf.name: scene.leaves[leaf.name] for leaf in graph.leaves},
        rounding=_rounding(digits),
    )
    solved = Solved(
        name=ask.name,
        latex=Tex(latex),
        shape=SCALAR,
        expr=str(found),
        steps=(Step("entry", Tex(equation), ""),),
        claim=claim,
        write=lambda claim: Tex(cell_latex(claim.rights[0].value, digits)),
        where=_where(ask, scene, symbol),
    )
    return Answered(asked(rf"$\displaystyle {symbol}$", digits, scene), (solved,), "worked")


def update(ask: Phrase, scene: Scene) -> Answered:
    """Return a parameter after one step of gradient descent on the loss, at the numbers."""
    scene = scene.numbered(ask)
    by, graph, layout = scene.name(ask), scene.graph, scene.setting.notation.layout
    if graph.leaf(by) is None or not is_scalar(graph.shapes[graph.loss]):
        remedy = "It takes a leaf, and a network that ends in a scalar."
        raise scene.error(f"'{by}' cannot be updated", ask.spans["name"], remedy)
    rate, digits = Fraction(ask.clauses.get("rate", 1)), scene.digits(ask)
    slope = gradients(graph, scene.values, exact=True)[by]
    moved = result(ask, graph, scene.values)
    require_exact(ask, moved, scene.source)
    printer = scene.printer
    symbol = printer.derivative(graph.loss, by)
    if layout == "numerator" and not is_scalar(graph.shapes[by]):
        symbol = printer.transpose_of(symbol)
    factor = decimal_text(rate) or str(rate)
    formula = rf"{printer.name(by)} - {factor} \, {symbol}"
    before = [part for part in scene.earlier(ask) if _is_gradient_of(part, graph.loss, by)]
    steps: tuple[Step, ...] = ()
    if not before:
        work = backward_of(scene)
        steps = (
            *_needed_forward(ask, scene, work, by, digits),
            *_backward_steps(ask, scene, by, digits),
        )
    shown = cells_latex(slope, _shown_digits(slope, digits))
    sign = "=" if digits is None else r"\approx"
    numbers = rf"{cells_latex(scene.values[by], None)} - {factor} \cdot {_bracketed(shown)}"
    shown_result = cells_latex(moved, digits)
    equation = rf"{formula} = {numbers} {sign} \exanswer{{{shown_result}}}"
    why = "One step of gradient descent moves a parameter against its gradient."
    claim = Equation(
        graph,
        Quantity(graph.loss, by, Decimal(str(float(rate)))),
        cells=as_cells(moved),
        leaves=scene.leaves,
        rounding=_rounding(digits),
    )
    solved = Solved(
        name=ask.name,
        latex=Tex(shown_result),
        shape=graph.shapes[by],
        expr=to_text(Name(by) - rate * graph.gradient(by)),
        steps=(*steps, Step("update", Tex(equation), why)),
        claim=claim,
    )
    return Answered(asked(rf"$\displaystyle {formula}$", digits, scene), (solved,), "worked")


def _where(ask: Phrase, scene: Scene, symbol: str) -> Tex:
    """Return which of several numbers a mistake is about; a grid has its symbol beside it."""
    several = sum(map(is_numeric, scene.asks)) > 1 and not is_in_grid(ask)
    return Tex(f"for ${symbol}$" if several else "")


def asked(symbol: str, digits: int | None, scene: Scene) -> Tex | dict[str, Any]:
    """Return what stands on the sheet: the symbol, and how far to round if that is not said."""
    if digits is None:
        return Tex(symbol)
    shown = 0 if is_by_hand(scene) else digits
    return {"show": "rounded", "symbol": Tex(symbol), "digits": shown}


def is_formula_of(ask: Phrase, value: Phrase) -> bool:
    """Whether an ask is for the formula whose value another is for."""
    return ask.sort == value.sort and f"{ask.name}.value" == value.name


def _is_gradient_of(ask: Phrase, of: str, by: str) -> bool:
    """Whether an ask worked a gradient out at numbers."""
    return (
        ask.sort == "gradient"
        and ask["name"] == of
        and ask["entry"] == (by, ())
        and bool({"digits", "exactly"} & ask.clauses.keys())
    )


def require_exact(ask: Phrase, array: NDArray[Any], source: Source) -> None:
    """Raise where an answer that is not to be rounded is no fraction."""
    if "digits" not in ask.clauses and not all(map(is_exact, array.flat)):
        error = KindError(
            "this is no fraction, so it cannot be asked for exactly",
            remedy="Say to how many decimals, as in 'to 3 digits'.",
        )
        raise placed(error, source, ask.span)


def _rounding(digits: int | None) -> Rounding | None:
    return None if digits is None else Rounding(digits)


def _turned(array: NDArray[Any], layout: str) -> NDArray[Any]:
    return array.T if layout == "numerator" else array


def _shown_digits(array: NDArray[Any], digits: int | None) -> int | None:
    """Return the decimals of a number on the way: none where it is a short fraction."""
    short = all(
        is_exact(part) and len(decimal_text(Fraction(part)) or "9" * 9) <= 2 + STEP_DIGITS + 1
        for part in array.flat
    )
    return (
        None
        if short or (digits is None and all(map(is_exact, array.flat)))
        else (STEP_DIGITS if digits is None else digits)
    )


def _sign(array: NDArray[Any], digits: int | None) -> str:
    return "=" if _shown_digits(array, digits) is None else r"\approx"


def _bracketed(latex: str) -> str:
    return rf"\left({latex}\right)" if latex.startswith("-") else latex


def _worked_before(ask: Phrase, scene: Scene) -> frozenset[str]:
    """Return the lines whose values the key works out for an earlier ask."""
    done: set[str] = set()
    for earlier in scene.earlier(ask):
        if earlier.sort == "value" and earlier["name"] in scene.graph.names:
            done |= set(part_of(scene.graph, earlier["name"]).names)
    return frozenset(done)


def _forward_steps(ask: Phrase, scene: Scene, name: str, digits: int | None) -> tuple[Step, ...]:
    done = _worked_before(ask, scene)
    lines = [b.name for b in part_of(scene.graph, name).bindings if b.name not in done]
    grids = cellwise(ask, scene)
    if grids is not None:
        return tuple(step for line in lines for step in grids.forward_steps(line))
    return tuple(
        _line_step(scene, line, digits, answer=line == name)
        for line in (lines if name in lines or not lines else [*lines, name])
    )


def _line_step(scene: Scene, line: str, digits: int | None, *, answer: bool = False) -> Step:
    """Return one line of the forward pass: its formula, with numbers put in, and its value."""
    printer, array = scene.printer, scene.values[line]
    expr = scene.graph.expr(line)
    shown = cells_latex(array, digits if answer else _shown_digits(array, digits))
    sign = r"\approx" if answer and digits is not None else _sign(array, digits)
    sides = [printer.name(line)]
    if expr is not None:
        sides.append(printer(expr))
        sides += _put_in(scene, printer, line, digits)
    result = rf"\exanswer{{{shown}}}" if answer else shown
    return Step("line", Tex(f"{' = '.join(sides)} {sign} {result}"), "")


def _put_in(scene: Scene, printer: Printer, line: str, digits: int | None) -> list[str]:
    """Return a line with the numbers in place of the names; nothing where that is too much."""
    expr = scene.graph.expr(line)
    read = [name for name in scene.graph.names if expr is not None and name in names_in(expr)]
    if any(scene.values[name].size > MOST_CELLS for name in read):
        return []

    def number(name: str, _latex: str) -> str:
        array = scene.values[name]
        return _bracketed(cells_latex(array, _shown_digits(array, digits)))

    if expr is None:
        return []
    return [TWICE.sub(r"\\left(\1\\right)", replace(printer, decorate=number)(expr))]


def _needed_forward(
    ask: Phrase, scene: Scene, work: Backward, by: str, digits: int | None
) -> tuple[Step, ...]:
    """Return the lines of the forward pass that a backward pass reads and no ask worked out."""
    done = _worked_before(ask, scene) | _lines_before(ask, scene)
    read: set[str] = set()
    for stage in (*work.needed(by, []), by):
        read |= names_in(work.found[stage].step)
    lines = {b.name for name in read if name in scene.graph.names
             for b in part_of(scene.graph, name).bindings}  # fmt: skip
    return tuple(
        _line_step(scene, b.name, digits) for b in scene.graph.bindings if b.name in lines - done
    )


def _lines_before(ask: Phrase, scene: Scene) -> frozenset[str]:
    """Return the lines that earlier gradients at numbers worked out."""
    found: set[str] = set()
    for earlier in scene.earlier(ask):
        if _is_gradient_of(earlier, scene.graph.loss, _by(earlier)):
            work = backward_of(scene)
            for stage in (*work.needed(_by(earlier), []), _by(earlier)):
                for name in names_in(work.found[stage].step) & set(scene.graph.names):
                    found |= {b.name for b in part_of(scene.graph, name).bindings}
    return frozenset(found)


def _by(ask: Phrase) -> str:
    return ask["entry"][0] if ask.sort == "gradient" else ""


def _backward_steps(ask: Phrase, scene: Scene, by: str, digits: int | None) -> tuple[Step, ...]:
    """Return the gradients from the loss back to a name, each as formula and as number."""
    work = backward_of(scene)
    known = scene.given_gradients
    derived = [part["entry"][0] for part in scene.earlier(ask) if part.sort == "gradient"]
    for earlier in scene.earlier(ask):
        if _is_gradient_of(earlier, scene.graph.loss, _by(earlier)):
            known += [*work.needed(_by(earlier), known), _by(earlier)]
    found = gradients(scene.graph, {n: scene.values[n] for n in scene.graph.names}, exact=True)
    layout, grids = scene.setting.notation.layout, cellwise(ask, scene)
    steps: list[Step] = []
    for stage in (*work.needed(by, known), by):
        if stage in known:
            continue
        known.append(stage)
        if grids is not None:
            steps += grids.backward_steps(work.found[stage])
            continue
        answer = stage == by and ask.sort == "gradient"
        array = _turned(found[stage], layout)
        shown = cells_latex(array, digits if answer else _shown_digits(array, digits))
        rounded = answer and digits is not None
        sign = r"\approx" if rounded else _sign(array, digits)
        step = work.step(stage)
        result = rf"\exanswer{{{shown}}}" if answer else shown
        formula = str(step.equation).replace("&=", "=")
        sides = f"{formula}{_paths_put_in(scene, work, stage, found, digits)}"
        if sign == "=":  # a formula that is a number already is written once
            sides = sides.removesuffix(f" = {shown}")
        why = "" if stage in derived else " ".join(reasons_of(work.found[stage]))
        steps.append(replace(step, equation=Tex(f"{sides} {sign} {result}"), why=why))
    return tuple(steps)


def _paths_put_in(
    scene: Scene, work: Backward, stage: str, found: Values, digits: int | None
) -> str:
    """Return what each of several paths brings, as numbers; nothing where that is too much."""
    each = paths(work.written(work.found[stage].step))
    if len(each) == 1 or found[stage].size > MOST_CELLS:
        return ""
    named = {**scene.values, **{scene.graph.gradient(n): array for n, array in found.items()}}
    arrays = [evaluate(path, named, exact=True) for path in each]
    shown = [_bracketed(cells_latex(array, _shown_digits(array, digits))) for array in arrays]
    return f" {_sign(arrays[0], digits)} {' + '.join(shown)}"
