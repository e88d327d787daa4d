"""Asks at numbers: the value of a name, a gradient's value, and a parameter after one step."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from exgen.asks.arrays import cells_latex, matrix_latex
from exgen.asks.cases import paths
from exgen.asks.grids import cellwise, is_in_grid
from exgen.asks.scalars import is_of_scalars
from exgen.asks.scene import Answered, Scene, backward_of, is_exact, placed
from exgen.asks.wires import beside, is_by_hand, is_on_a_wire, on_wires
from exgen.certify.equation import Equation, as_cells
from exgen.certify.quantity import Quantity
from exgen.certify.sides import Rounding
from exgen.derive.linear import linear_entries
from exgen.document import Step, Tex
from exgen.engine import evaluate, gradients
from exgen.errors import KindError
from exgen.graph import Name, is_scalar, names_in
from exgen.language import to_text
from exgen.language.writer import decimal_text
from exgen.problems.backward import reasons_of
from exgen.problems.base import Solved
from exgen.problems.upstream import part_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from exgen.asks.pieces import Phrase
    from exgen.engine import Values
    from exgen.errors import Source
    from exgen.graph import Expr, Graph
    from exgen.problems.backward import Backward

TWICE = re.compile(r"\\left\(\\left\((-[\d.]+)\\right\)\\right\)")
"""A negative number in two pairs of brackets, its own and those of a power."""
MOST_CELLS = 16
"""Arrays with more entries than this are not written in place of their names."""
DESCENT = "One step of gradient descent moves a parameter against its gradient."
PUT_IN = "The formula, at these numbers."
STEP_DIGITS = 4
"""The decimals of a number on the way, where the answer is exact and this one is not."""


def is_numeric(ask: Phrase) -> bool:
    """Whether an ask is answered by numbers."""
    if "symbols" in ask.clauses:
        return False
    worked = ask.sort in ("value", "update") or bool({"digits", "exactly"} & ask.clauses.keys())
    return worked or is_on_a_wire(ask)


def result(ask: Phrase, graph: Graph, values: Values) -> NDArray[Any]:
    """Return the array that an ask is answered by, at the values of a forward pass."""
    if ask.sort == "value":
        return values[ask["name"]]
    is_update = ask.sort == "update"
    of, by = (graph.loss, ask["name"]) if is_update else (ask["name"], ask["entry"][0])
    inner = part_of(graph, of)
    slope = gradients(inner, {name: values[name] for name in inner.names}, exact=True)[by]
    if ask.sort == "gradient":
        return slope
    rate = Fraction(ask.clauses.get("rate", 1))
    exact = all(map(is_exact, slope.flat))
    return values[by] - (rate if exact else float(rate)) * slope


def value(ask: Phrase, scene: Scene) -> Answered:
    """Return the value of a name at the numbers, worked out line by line."""
    if is_on_a_wire(ask):
        return on_wires(ask, scene)
    scene = scene.numbered(ask)
    name, digits = scene.name(ask), scene.digits(ask)
    graph, array = scene.graph, scene.values[name]
    require_exact(ask, array, scene.source)
    left = scene.printer.name(name)
    done, _ = _before(ask, scene, None)
    lines = [b.name for b in part_of(graph, name).bindings if b.name not in {*done} - {name}]
    if "open" in ask.clauses:
        return _in_terms_of(scene.known(ask.clauses["open"], ask, "open"), ask, scene)
    grids = cellwise(ask, scene)

    def worked(line: str) -> tuple[Step, ...]:
        if grids is not None:
            return grids.forward_steps(line)
        return (_line_step(scene, line, digits, answer=line == name),)

    solved = Solved(
        name=ask.name,
        latex=Tex(cells_latex(array, digits, grid=is_in_grid(ask))),
        shape=graph.shapes[name],
        expr=to_text(graph.expr(name) or scene.formula(name, ask.span)[0]),
        steps=tuple(step for line in lines or [name] for step in worked(line)),
        claim=_claim(scene, Quantity(name), array, digits),
        write=lambda claim: Tex(cells_latex(claim.value, digits, grid=is_in_grid(ask))),
        where=told_apart(ask, scene, left),
    )
    solved = beside(ask, scene, solved, (name, False)) if is_by_hand(scene) else solved
    return Answered(asked(f"${left}$", digits, scene), (solved,), "worked")


def _in_terms_of(leaf: str, ask: Phrase, scene: Scene) -> Answered:
    """Return the value of a name with a leaf that stays a symbol, and enters it once."""
    graph = part_of(scene.graph, scene.name(ask))
    leaves = {part.name: scene.leaves[part.name] for part in graph.leaves if part.name != leaf}
    if graph.leaf(leaf) is None:
        raise scene.error(f"'{graph.loss}' does not depend on a leaf '{leaf}'", ask.spans["open"])
    try:
        cells = linear_entries(graph, leaves, leaf)
    except KindError as error:
        raise placed(error, scene.source, ask.spans["open"]) from None

    def write(claim: Equation) -> Tex:
        rows = [list(map(scene.printer, row)) for row in claim.cells]
        return Tex(matrix_latex(rows, grid=is_in_grid(ask)))

    claim = Equation(graph, Quantity(graph.loss), cells=cells, leaves=leaves)
    left, expr = scene.printer.name(graph.loss), graph.expr(graph.loss) or Name(graph.loss)
    solved = Solved(
        ask.name, write(claim), graph.shapes[graph.loss], to_text(expr), (), claim, write
    )
    return Answered(Tex(f"${left}$"), (solved,), "worked")


def gradient_value(ask: Phrase, scene: Scene) -> Answered:
    """Return the value of a gradient at the numbers, worked out from the loss backwards."""
    scene = scene.numbered(ask)
    by = scene.name(ask, "entry")
    inner = scene.ending_in(scene.name(ask), ask)
    graph = inner.graph
    found, digits = result(ask, scene.graph, scene.values), scene.digits(ask)
    require_exact(ask, found, scene.source)
    work = backward_of(inner)
    symbol = inner.printer.derivative(graph.loss, by)
    claim = _claim(inner, Quantity(graph.loss, by), found, digits)

    def write(claim: Equation) -> Tex:
        return Tex(cells_latex(claim.value, digits, grid=is_in_grid(ask)))

    steps, where = _steps(ask, inner, by, digits, answer=True), told_apart(ask, scene, symbol)
    if is_of_scalars(graph) and any(is_formula_of(part, ask) for part in scene.earlier(ask)):
        numbers = "".join(f" = {part}" for part in _put_in(inner, work.found[by].closed, digits))
        line = Tex(f"{symbol}{numbers}{_equals(found, digits, answer=True)}")
        steps, where = (Step("value", line, PUT_IN),), Tex("at these numbers")
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


def update(ask: Phrase, scene: Scene) -> Answered:
    """Return a parameter after one step of gradient descent on the loss, at the numbers."""
    scene = scene.numbered(ask)
    by, graph, layout = updated(ask, scene), scene.graph, scene.setting.notation.layout
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
    shown = cells_latex(slope, _shown_digits(slope, digits))
    numbers = rf"{cells_latex(scene.values[by], None)} - {factor} \cdot {_bracketed(shown)}"
    claim = _claim(scene, Quantity(graph.loss, by, Decimal(str(float(rate)))), moved, digits)
    equation = Tex(rf"{formula} = {numbers}{_equals(moved, digits, answer=True)}")
    solved = Solved(
        name=ask.name,
        latex=Tex(cells_latex(moved, digits)),
        shape=graph.shapes[by],
        expr=to_text(Name(by) - rate * graph.gradient(by)),
        steps=(
            *_steps(ask, scene, by, digits, answer=False),
            Step("update", equation, DESCENT, claims=(claim,)),
        ),
        claim=claim,
    )
    return Answered(asked(rf"$\displaystyle {formula}$", digits, scene), (solved,), "worked")


def updated(ask: Phrase, scene: Scene) -> str:
    """Return the leaf that gradient descent on the loss moves."""
    by, graph = scene.name(ask), scene.graph
    if graph.leaf(by) is None or not is_scalar(graph.shapes[graph.loss]):
        remedy = "It takes a leaf, and a network that ends in a scalar."
        raise scene.error(f"'{by}' cannot be updated", ask.spans["name"], remedy)
    return by


def _claim(scene: Scene, quantity: Quantity, array: NDArray[Any], digits: int | None) -> Equation:
    """Return the claim that a quantity has these numbers, as the notation lays them out."""
    layout = scene.setting.notation.layout
    turned = layout == "numerator" and quantity.by and quantity.rate is None
    return Equation(
        scene.graph,
        quantity,
        cells=as_cells(array.T if turned else array),
        layout=layout if quantity.rate is None else "shape",
        leaves={leaf.name: scene.leaves[leaf.name] for leaf in scene.graph.leaves},
        rounding=None if digits is None else Rounding(digits),
    )


def told_apart(ask: Phrase, scene: Scene, symbol: str) -> Tex:
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


def require_exact(ask: Phrase, array: NDArray[Any], source: Source) -> None:
    """Raise where an answer that is not to be rounded is no fraction."""
    if "digits" not in ask.clauses and not all(map(is_exact, array.flat)):
        error = KindError(
            "this is no fraction, so it cannot be asked for exactly",
            remedy="Say to how many decimals, as in 'to 3 digits'.",
        )
        raise placed(error, source, ask.span)


# --- worked lines ---


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


def _equals(array: NDArray[Any], digits: int | None, *, answer: bool = False) -> str:
    """Return the last side of a line, with its sign: numbers, marked where they are the answer."""
    shown = digits if answer else _shown_digits(array, digits)
    whole = shown is None or all(
        is_exact(number) and (number * 10**shown).denominator == 1 for number in array.flat
    )
    latex, sign = cells_latex(array, shown), "=" if whole else r"\approx"
    return rf" {sign} \exanswer{{{latex}}}" if answer else f" {sign} {latex}"


def _bracketed(latex: str) -> str:
    return rf"\left({latex}\right)" if latex.startswith("-") else latex


def _before(ask: Phrase, scene: Scene, work: Backward | None) -> tuple[set[str], list[str]]:
    """Return the lines, and the gradients, that the key works out for earlier asks."""
    lines: set[str] = set()
    known = scene.given_gradients
    for earlier in scene.earlier(ask):
        if not is_numeric(earlier) or is_on_a_wire(earlier):
            continue
        if earlier.sort == "value" and earlier["name"] in scene.graph.names:
            lines |= set(part_of(scene.graph, earlier["name"]).names)
        elif work is not None and (earlier.sort, earlier["name"]) == ("gradient", scene.graph.loss):
            by, index = earlier["entry"]
            if index:
                continue
            known += [*work.needed(by, known), by]
            lines |= _read(scene.graph, work, known)
    return lines, known


def _read(graph: Graph, work: Backward, stages: Iterable[str]) -> set[str]:
    """Return the lines of the forward pass that some stages of the backward pass need."""
    read = {name for stage in stages for name in names_in(work.found[stage].step)}
    return {b.name for name in read & {*graph.names} for b in part_of(graph, name).bindings}


def _line_step(scene: Scene, line: str, digits: int | None, *, answer: bool = False) -> Step:
    """Return one line of the forward pass: its formula, with numbers put in, and its value."""
    printer, array, expr = scene.printer, scene.values[line], scene.graph.expr(line)
    sides = [printer.name(line)]
    if expr is not None:
        sides += [printer(expr), *_put_in(scene, expr, digits)]
    claim = _claim(scene, Quantity(line), array, digits if answer else _shown_digits(array, digits))
    equation = f"{' = '.join(sides)}{_equals(array, digits, answer=answer)}"
    return Step("line", Tex(equation), "", claims=(claim,))


def _put_in(scene: Scene, expr: Expr, digits: int | None) -> list[str]:
    """Return a line with the numbers in place of the names; nothing where that is too much."""
    if any(scene.values[name].size > MOST_CELLS for name in names_in(expr)):
        return []

    def number(name: str, _latex: str) -> str:
        array = scene.values[name]
        return _bracketed(cells_latex(array, _shown_digits(array, digits)))

    return [TWICE.sub(r"\\left(\1\\right)", replace(scene.printer, decorate=number)(expr))]


def _steps(
    ask: Phrase, scene: Scene, by: str, digits: int | None, *, answer: bool
) -> tuple[Step, ...]:
    """Return the lines that lead to a gradient, forwards and backwards, each with its numbers.

    What the key worked out for an earlier ask stands there.
    """
    work, graph = backward_of(scene), scene.graph
    lines, known = _before(ask, scene, work)
    stages = [stage for stage in (*work.needed(by, known), by) if stage not in known]
    read = _read(graph, work, stages) - lines
    found = gradients(graph, {n: scene.values[n] for n in graph.names}, exact=True)
    told = {part["entry"][0] for part in scene.earlier(ask) if part.sort == "gradient"}
    forwards = [_line_step(scene, b.name, digits) for b in graph.bindings if b.name in read]
    steps: list[Step] = []
    grids = cellwise(ask, scene)
    for stage in stages:
        if grids is not None:
            steps += grids.backward_steps(work.found[stage])
            continue
        last, array = answer and stage == by, found[stage]
        shown = digits if last else _shown_digits(array, digits)
        claim = _claim(scene, Quantity(graph.loss, stage), array, shown)
        step = work.step(stage)
        ending = _equals(claim.value, digits, answer=last)
        sides = str(step.equation).replace("&=", "=")
        sides += _paths_put_in(scene, work, stage, found, digits)
        if shown is None:  # a formula that is a number already is written once
            sides = sides.removesuffix(f" = {cells_latex(claim.value, None)}")
        why = "" if stage in told else " ".join(reasons_of(work.found[stage]))
        claims = (*step.claims, claim)
        steps.append(replace(step, equation=Tex(f"{sides}{ending}"), why=why, claims=claims))
    return (*forwards, *steps)


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
    sign = "=" if _shown_digits(arrays[0], digits) is None else r"\approx"
    return f" {sign} {' + '.join(shown)}"
