"""Read a whole sheet as an instructor would, and look for what it says twice, differently.

Nothing here knows how answers, layouts or mistakes are chosen. The pages are read as text: what is
declared, which shape stands beside a derivative, what the box on page 1 promises. What the key
lists as a mistake is read back from its LaTeX and evaluated beside the answer.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.certify.compare import same_numbers
from exgen.certify.equation import Equation
from exgen.certify.hand import UPSTREAM
from exgen.certify.points import trial_points, with_numbers
from exgen.certify.quantity import known_values
from exgen.certify.reading.page import Page
from exgen.certify.reading.readers import check_printed
from exgen.certify.samples import ITSELF
from exgen.derive.notation import restored_notation
from exgen.engine import evaluate, forward, gradients
from exgen.errors import CertificateError, Source
from exgen.graph import ONE, Graph, is_scalar
from exgen.language import read_network
from exgen.readback.pages import read_expression, read_names, read_shape
from exgen.readback.vocabulary import vocabulary
from exgen.render.tex import render_tex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from exgen.derive.notation import Notation
    from exgen.document import Answer, Problem, ProblemSet
    from exgen.engine import Values
    from exgen.graph import Expr, Shape
    from exgen.readback.cursor import Part
    from exgen.readback.vocabulary import Vocabulary

SEED = 77
TOLD_AT_MOST = 2
NEW = "A problem that states its own forward pass gives its names a meaning of their own."
OWN_SHAPE = "each gradient is written in the shape of its grid"
LOSSES = frozenset({"L", r"\mathcal{L}", r"\ell", "J"})
DECLARED = re.compile(
    r"\$([^$]+)\$(?: be| has| is)? an? "
    r"(?:input, a |target, a |one-hot |one\{-\}hot (?:label, a )?)?"
    r"(scalar|vector with \$[^$]+\$ entries|matrix of shape \$[^$]+\$)"
)
DEFINED = re.compile(r"Define \$([^$=]+) = ([^$]+)\$\.")
LINE = re.compile(r"^\s*([^&=\n]+?) &= (.+?)(?: \\\\.*)?$", re.MULTILINE)
BOX = re.compile(r"\$\\exbox\{(.+?)\}\{[^$]*?\} = (.+)\$")
BRACE = re.compile(
    r"\\exshape\{([^{}]*(?:\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}[^{}]*)*)\}\{[^{}]*(?:\{[^{}]*\})*[^{}]*\}"
)
SHAPED = re.compile(r"^\s*(\S.*?) &?= .*?shape \$([^$]+)\$", re.MULTILINE)
UNDER = re.compile(
    r"^(?:\\part(?:\[[^\]]*\])?\s*)?(?:\\\[|\$)\s*(?:\\displaystyle )?(.+?) = (?:\\exanswer\{)?"
    r"\\exshape\{.*\}\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}\}?\s*(?:\\\]|\$)",
    re.MULTILINE,
)
ROW = re.compile(r"\s*\\\\\*?(?:\[[^\]]*\])?\s")
"""The end of a row of aligned equations."""
CONTINUED = re.compile(r"\s*\\\\\*\s*&\\qquad\s")
"""The end of a row that is too long: what belongs at its right stands on the next."""
VALUE = re.compile(r"read back: \S+ is not \S+$")


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two things on a sheet that do not go together.

    Attributes:
        sort: ``symbol``, ``shape``, ``mistake`` or ``telling``.
        place: the problem, and the answer where there is one.
        says: what was found.

    """

    sort: str
    place: str
    says: str


def contradictions(
    problem_set: ProblemSet, counted: Counter[str] | None = None
) -> list[Contradiction]:
    """Return every contradiction on the sheet, on the key, and between them.

    Args:
        problem_set: as made, or read from its manifest.
        counted: counts what was read, by sort.

    """
    seen = Counter[str]() if counted is None else counted
    sources = render_tex(problem_set)
    sheet, key = sources["problems"], sources["solutions"]
    notation = restored_notation(problem_set.notation)
    return [
        *symbols(sheet, problem_set, seen),
        *shapes(sheet, key, problem_set, notation, seen),
        *(found for part in problem_set.problems for found in mistakes(part, notation, seen)),
        *told(key, problem_set, seen),
    ]


def blocks(source: str) -> list[str]:
    """Return the text of each problem."""
    return source.partition(r"\begin{questions}")[2].split(r"\question[")[1:]


# --- one symbol, one meaning ---


def meanings(block: str) -> Iterator[tuple[str, str]]:
    """Yield what the statement of a problem says of a symbol: its shape, or the line it is."""
    statement = block.partition(r"\begin{parts}")[0]
    for symbol, shape in DECLARED.findall(statement):
        yield symbol, shape
    lines = [*DEFINED.findall(statement), *BOX.findall(statement)]
    for part in re.findall(r"\\begin\{align\*\}(.*?)\\end\{align\*\}", statement, re.DOTALL):
        lines += LINE.findall(ROW.sub("\n", part))
    for symbol, line in lines:
        if r"\exblank" not in symbol and not re.match(r"\\(nabla|frac)", symbol):
            yield symbol, BRACE.sub(r"\1", line).strip()


def symbols(sheet: str, problem_set: ProblemSet, counted: Counter[str]) -> Iterator[Contradiction]:
    """Yield symbols that a later problem uses for something else, without saying so."""
    seen: dict[tuple[str, bool], dict[str, str]] = {}
    for block, problem in zip(blocks(sheet), problem_set.problems, strict=True):
        for symbol, meaning in meanings(block):
            counted["symbol"] += 1
            is_line = not re.match(r"scalar|vector with|matrix of", meaning)
            before = seen.setdefault((symbol, is_line), {})
            if before and meaning not in before and symbol not in LOSSES and NEW not in sheet:
                other, where = next(iter(before.items()))
                says = f"{symbol} is {meaning}, and {other} in {where}"
                yield Contradiction("symbol", problem.name, says)
            before.setdefault(meaning, problem.name)


# --- the shape of a derivative ---


def orientation(source: str, of_scalar: bool) -> str:  # noqa: FBT001 - one question
    """Return which size the box on page 1 puts first: ``variable`` or ``function``; else ""."""
    if "in numerator layout" in source:
        return "function"
    if "in denominator layout" in source:
        return "variable"
    if of_scalar and "has the shape of its variable" in source:
        return "variable"
    if not of_scalar and "A Jacobian has one row for each entry of the function" in source:
        return "function"
    return ""


def shapes(
    sheet: str, key: str, problem_set: ProblemSet, notation: Notation, counted: Counter[str]
) -> Iterator[Contradiction]:
    """Yield derivatives whose shape is not the one that the box on page 1 gives them."""
    for number, problem in enumerate(problem_set.problems):
        graph = network(problem)
        if graph is None:
            continue
        known = vocabulary(graph, notation)
        block = ROW.sub("\n", CONTINUED.sub(" ", blocks(key)[number]))
        for symbol, shape in (*SHAPED.findall(block), *UNDER.findall(block), *braced(block)):
            found = derivative(symbol, known)
            if found is None:
                continue
            expected = expected_shape(graph, *found, key)
            try:
                printed = read_shape(shape, known)
            except CertificateError:
                continue  # a shape with the number of examples, which the network does not have
            counted["shape"] += expected is not None
            if expected is not None and printed != expected:
                yield Contradiction("shape", problem.name, f"{symbol} is printed as {shape}")
        for answer in problem.answers:
            yield from _recorded(problem, answer, graph, key, blocks(sheet)[number])


def braced(text: str) -> Iterator[tuple[str, str]]:
    """Yield what stands over a brace and the shape below it, wherever there is a brace."""
    for match in re.finditer(r"\\exshape(?=\{)", text):
        over, end = _group(text, match.end())
        yield over, _group(text, end)[0]


def _group(text: str, start: int) -> tuple[str, int]:
    """Return what a pair of braces holds, and where it ends."""
    depth = 0
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return text[start + 1 : place], place + 1
    return "", len(text)


def _recorded(
    problem: Problem, answer: Answer, graph: Graph, key: str, block: str
) -> Iterator[Contradiction]:
    """Compare the shape that the manifest has for a derivative with the box."""
    claim = answer.claim
    if (
        answer.sort not in ("gradient", "jacobian", "mean of gradients")
        or answer.shape is None
        or claim.graph != graph
    ):
        return
    quantity = getattr(claim, "quantity", None)
    of, by = (quantity.of, quantity.by) if quantity else (graph.loss, claim.by)
    expected = expected_shape(graph, str(of), str(by), key)
    # a transposed symbol stands for a column; grids say that they are written as they are
    if claim.layout == "shape" and (r"\right)^{" in block or OWN_SHAPE in block):
        return
    if expected is not None and answer.shape not in _written(expected):
        says = f"d{of}/d{by} has the shape {answer.shape}"
        yield Contradiction("shape", f"{problem.name}, {answer.name}", says)


def _written(shape: Shape) -> list[tuple[int | str, ...]]:
    sizes = tuple(dim.constant if dim.is_number else str(dim) for dim in shape)
    if is_scalar(shape):
        return [(), sizes]
    return [sizes, sizes[:1]] if shape[1] == ONE else [sizes]


def derivative(symbol: str, known: Vocabulary) -> tuple[str, str] | None:
    """Return the names of function and variable in the symbol of a derivative."""
    sign = r"(?:\\partial |\\mathrm\{d\})"
    forms = (
        r"\\nabla_\{(?P<by>.+)\}\(?(?P<of>.+?)\)?$",
        rf"\\frac\{{{sign}(?P<of>.+)\}}\{{{sign}(?P<by>.+)\}}$",
    )
    for form in forms:
        match = re.match(form, symbol.strip().removeprefix(r"\displaystyle "))
        if match:
            try:
                (of,), (by,) = read_names(match["of"], known), read_names(match["by"], known)
            except (CertificateError, ValueError):
                return None
            return of, by
    return None


def expected_shape(graph: Graph, of: str, by: str, source: str) -> Shape | None:
    """Return the shape that the box on page 1 gives a derivative; None where it is silent."""
    if of not in graph.names or by not in graph.names:
        return None
    scalar = is_scalar(graph.shapes[of])
    first = orientation(source, of_scalar=scalar)
    if not first:
        return None
    if scalar:
        shape = graph.shapes[by]
        return shape if first == "variable" else shape[::-1]
    rows, columns = graph.shapes[of][0], graph.shapes[by][0]
    return (columns, rows) if first == "variable" else (rows, columns)


# --- mistakes ---


def mistakes(
    problem: Problem, notation: Notation, counted: Counter[str]
) -> Iterator[Contradiction]:
    """Yield listed mistakes that are right, that cannot be read, or that are of another sort."""
    numbers = drawn(problem)
    for answer in problem.answers:
        for mistake in answer.mistakes:
            counted["mistake"] += 1
            place = f"{problem.name}, {answer.name}, {mistake.slip}"
            says = judged(problem, answer, mistake.latex.tex, notation, numbers)
            if says:
                yield Contradiction("mistake", place, f"{mistake.latex.tex}: {says}")


def judged(
    problem: Problem, answer: Answer, latex: str, notation: Notation, numbers: list[Values]
) -> str:
    """Return what is wrong with a listed mistake; "" if it is one."""
    bare = right_side(latex)
    if right_side(answer.latex.tex) == bare:
        return "this is the answer itself"
    claim: Any = answer.claim
    for text in (latex, bare):
        page = Page(text, notation, answer.expr)
        try:
            if check_printed(claim, page) is not None:
                return "this reads as right"
        except CertificateError as error:
            refused = error.message
    equation = isinstance(claim, Equation)
    if (answer.sort == "proof" or (equation and claim.index)) and not VALUE.match(refused):
        return f"this cannot be read: {refused}"
    if not equation or claim.index or claim.leaves or claim.cells:
        return ""
    try:
        wrong, right = read_both(claim, bare, right_side(answer.latex.tex), notation)
    except CertificateError as error:
        return f"this cannot be read: {error.message} ({refused})"
    if sort_of(wrong[1]) != sort_of(right[1]):
        return f"this is a {sort_of(wrong[1])}, and the answer a {sort_of(right[1])}"
    graph = with_numbers(claim.graph)
    trials = [_named(claim, graph, dict(run)) for run in trial_points(graph, SEED)]
    runs = [_named(claim, graph, run) for run in runs_at(graph, numbers)]
    turned = answer.sort != "jacobian"
    same = [equal(claim, wrong[0], right[0], values, turned=turned) for values in trials]
    if all(same):
        return "this has the value of the answer"
    if any(equal(claim, wrong[0], right[0], values, turned=turned) for values in runs):
        return "this has the value of the answer at the numbers of the problem"
    return ""


def right_side(latex: str) -> str:
    """Return what stands right of the first sign of equality outside of braces and brackets."""
    depth = 0
    for place, sign in enumerate(latex):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if sign == "=" and depth == 0 and r"\left[" not in latex[:place]:
            return latex[place + 1 :].strip()
    return latex.strip()


def read_both(
    claim: Any,  # noqa: ANN401 - a claim, of any sort
    wrong: str,
    right: str,
    notation: Notation,
) -> tuple[tuple[Expr, Shape], tuple[Expr, Shape]]:
    """Read two formulas over the names of a claim, each with its shape."""
    known = replace(
        vocabulary(claim.graph, notation, layout=getattr(claim, "layout", "shape")),
        given=getattr(claim, "given", frozenset()),
    )
    first, second = (_read(text, known, claim) for text in (wrong, right))
    return (first.expr, first.shape), (second.expr, second.shape)


def _read(text: str, known: Vocabulary, claim: Any) -> Part:  # noqa: ANN401
    try:
        return read_expression(text, known)
    except CertificateError as error:
        # a unit vector is as long as what it stands beside
        if "does not say how large" not in error.message:
            raise
        return read_expression(text, known, claim.shape)


def sort_of(shape: Shape) -> str:
    """Return whether a shape is that of a scalar, a vector or a matrix."""
    return "scalar" if is_scalar(shape) else "vector" if ONE in shape else "matrix"


def equal(claim: Any, wrong: Expr, right: Expr, values: Values, *, turned: bool) -> bool:  # noqa: ANN401
    """Whether two formulas have one value; as vectors, also if one is turned round."""
    one, other = (
        evaluate(same_numbers(expr, claim.graph), values).astype(float) for expr in (wrong, right)
    )
    if turned and 1 in one.shape and one.shape == other.shape[::-1]:
        one = one.reshape(other.shape)
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=1e-9, atol=1e-12))


def _named(claim: Any, graph: Graph, run: Values) -> Values:  # noqa: ANN401
    if not is_scalar(graph.shapes[graph.loss]):
        return run
    read: tuple[Expr, ...] = tuple(getattr(claim, "given", ()))
    return known_values(graph, run, gradients(graph, run), read)


def drawn(problem: Problem) -> list[Values]:
    """Return the numbers at which a problem evaluates its network."""
    found: list[Values] = []
    for answer in problem.answers:
        claim: Any = answer.claim
        if not getattr(claim, "leaves", None):
            continue
        point: dict[str, NDArray[Any]] = {
            name: np.asarray(value, dtype=object).astype(float).reshape(np.shape(value) or (1, 1))
            for name, value in claim.leaves.items()
        }
        if (point.get(UPSTREAM, ITSELF) == 1).all():
            point.pop(UPSTREAM, None)
        found.append(point)
    return found


def runs_at(graph: Graph, numbers: list[Values]) -> list[Values]:
    """Return runs of a network at those numbers that say all its leaves."""
    runs: list[Values] = []
    for point in numbers:
        leaves = {leaf.name: point.get(leaf.name, point.get(UPSTREAM)) for leaf in graph.leaves}
        given = {name: array for name, array in leaves.items() if array is not None}
        fits = all(
            leaf.name in given and given[leaf.name].shape == tuple(d.constant for d in leaf.shape)
            for leaf in graph.leaves
        )
        if fits:
            runs.append(dict(forward(graph, given)))
    return runs


# --- how they are told ---


def told(key: str, problem_set: ProblemSet, counted: Counter[str]) -> Iterator[Contradiction]:
    """Yield parts of which the key tells more than two mistakes, or not as ``wrote X: reason``."""
    for block, problem in zip(blocks(key), problem_set.problems, strict=True):
        for part in re.findall(r"\\begin\{exmistakes\}(.*?)\\end\{exmistakes\}", block, re.DOTALL):
            counted["telling"] += 1
            lines = [line for line in part.splitlines() if line.strip()][1:]
            if len(lines) > TOLD_AT_MOST:
                yield Contradiction("telling", problem.name, f"{len(lines)} mistakes in one part")
            for line in lines:
                if not re.match(r"(wrote|drew) \$.+\$.*: [a-z].*[.;]\s*$", line):
                    yield Contradiction("telling", problem.name, line.strip())


def network(problem: Problem) -> Graph | None:
    """Return the network of a problem, if it has one."""
    if not problem.network.strip():
        return None
    return read_network(Source("network", problem.network), scalar_loss=False)
