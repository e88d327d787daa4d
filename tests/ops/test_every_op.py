"""Every face of every row of the op table, held against the others and against differences."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import sympy

from exgen.certify.hand import calculate
from exgen.certify.identities import SymPy
from exgen.derive.latex import Printer
from exgen.derive.notation import load_notation, notation_names
from exgen.engine import evaluate, site_of
from exgen.errors import KindError
from exgen.graph import SCALAR, Call, Dim, Expr, Leaf, Name, Number, call
from exgen.language import read_expression, to_text
from exgen.ops import TABLE, lookup, pool
from exgen.ops.entrywise import entrywise
from exgen.ops.scalars import applied
from exgen.ops.table import FAMILIES
from exgen.resources import notations
from exgen.shapes import shape_of
from tests.ops.checks import CHECKS, arguments, check_vjp, value
from tests.ops.samples import DATA, Sample, samples, symbolic

if TYPE_CHECKING:
    from collections.abc import Callable

    from exgen.ops.base import Op, Site

NOTATIONS = notations()
POOLING = frozenset(row.name for row in pool.ROWS)
USES = [(op, sample) for op in DATA for sample in samples(op)]
WITH_GRADIENT = [op for op in DATA if any(lookup(op).vjp(samples(op)[0].site, Name("g")))]
every_sample = pytest.mark.parametrize(("op", "sample"), USES, ids=str)
every_op = pytest.mark.parametrize("op", sorted(TABLE))


def is_rational(op: str, sample: Sample) -> bool:
    """Whether the use of an op, and its gradient, can be computed with fractions."""
    return not (not lookup(op).traits.exact or sample.text.startswith(("a ** 0.5", "a ** b")))


def test_every_op_has_a_line() -> None:
    """An op without test data, or test data without an op, is caught."""
    assert sorted(DATA) == sorted(TABLE)
    assert sum(len(family.ROWS) for family in FAMILIES) == len(TABLE)


@every_sample
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_faces_agree(check: Callable[[Op, Sample], None], op: str, sample: Sample) -> None:
    """Shape, gradient rule, Jacobian and index form agree with the value's differences."""
    check(lookup(op), sample)


@pytest.mark.parametrize(("op", "sample"), [use for use in USES if is_rational(*use)], ids=str)
def test_exact_value(op: str, sample: Sample) -> None:
    """A rational op computes with fractions and gives what floats give; so does its gradient."""
    out = evaluate(sample.call, sample.fractions, exact=True)
    assert all(isinstance(entry, Fraction) for entry in out.flat)
    np.testing.assert_allclose(out.astype(float), evaluate(sample.call, sample.floats), rtol=1e-12)
    upstream = np.vectorize(Fraction, otypes=[object])(sample.upstream)
    known = {**sample.fractions, "o": out, "g": upstream}
    for gradient in filter(None, lookup(op).vjp(sample.site, Name("g"))):
        exact = evaluate(gradient, known, exact=True)
        assert all(isinstance(entry, Fraction) for entry in exact.flat)
        np.testing.assert_allclose(
            exact.astype(float), evaluate(gradient, sample.known), rtol=1e-9, atol=1e-12
        )


@every_sample
def test_transcendental_value_of_fractions(op: str, sample: Sample) -> None:
    """An op that is not rational takes fractions too, and answers in floats."""
    found = evaluate(sample.call, sample.fractions, exact=True).astype(float)
    np.testing.assert_allclose(found, evaluate(sample.call, sample.floats), rtol=1e-12)
    assert op in TABLE


@every_sample
def test_symbolic_sizes(op: str, sample: Sample) -> None:
    """A gradient rule builds expressions alone: named sizes do, and the shapes are right."""
    if op in POOLING:
        pytest.skip("how many windows fit needs numbers")
    shapes = {name: tuple(map(symbolic, shape)) for name, shape in sample.graph.shapes.items()}
    options = tuple(
        (key, symbolic(value) if isinstance(value, Dim) and op != "slice" else value)
        for key, value in sample.call.options
    )
    this = Call(op, sample.call.args, options)
    site = site_of(this, this, shapes)
    shapes["g"] = site.out_shape
    row = lookup(op)
    for gradient, shape in zip(row.vjp(site, Name("g")), site.shapes, strict=True):
        assert gradient is None or shape_of(gradient, shapes) == shape
    for position, shape in enumerate(site.shapes):
        jacobian = row.jacobian(site, position)
        assert jacobian is None or shape_of(jacobian, shapes) == (site.out_shape[0], shape[0])


def balanced(latex: str) -> bool:
    """Whether braces, delimiters and environments come in pairs."""
    bare = re.sub(r"\\[{}]", "", latex)
    depth = 0
    for character in bare:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth < 0:
            return False
    pairs = ((r"\left", r"\right"), (r"\begin", r"\end"))
    return depth == 0 and all(
        len(re.findall(re.escape(a) + r"\b|" + re.escape(a) + r"(?=[^a-z])", latex))
        == len(re.findall(re.escape(b) + r"\b|" + re.escape(b) + r"(?=[^a-z])", latex))
        for a, b in pairs
    )


@every_sample
@pytest.mark.parametrize("notation", notation_names(NOTATIONS))
def test_prints_in_every_notation(notation: str, op: str, sample: Sample) -> None:
    """The op, its gradients, Jacobians and index forms print with everything closed."""
    printer = Printer(
        load_notation(notation, NOTATIONS),
        {**sample.graph.shapes, "g": sample.graph.shapes["o"]},
        "o",
    )
    row, site = lookup(op), sample.site
    printed: list[Expr | None] = [sample.call, *row.vjp(site, Name("g"))]
    for position in range(len(site.args)):
        printed.append(row.jacobian(site, position))
        printed.append(row.entry(site, position, ("i", "j"), ("k", "l")))
    for expr in filter(None, printed):
        latex = printer(expr)
        assert latex.strip()
        assert balanced(latex), latex


@every_op
def test_sentences(op: str) -> None:
    """What the key says about an op is one sentence each."""
    for sentence in (lookup(op).why, lookup(op).shape_why):
        assert re.fullmatch(r"[A-Z][^\n]*\.", sentence)
        assert ". " not in sentence


@every_sample
def test_text_reads_back(op: str, sample: Sample) -> None:
    """An op as printed reads back as itself, and so do its gradients."""
    upstream = Leaf("g", "input", sample.graph.shapes["o"], 2)
    graph = replace(
        sample.graph,
        leaves=(*sample.graph.leaves, upstream),
        shapes={**sample.graph.shapes, "g": upstream.shape},
    )
    for expr in (sample.call, *lookup(op).vjp(sample.site, Name("g"))):
        if expr is not None:
            assert to_text(read_expression(to_text(expr), graph)) == to_text(expr)
    assert read_expression(to_text(sample.call), graph) == sample.call


@every_op
def test_signature(op: str) -> None:
    """An op is called as its signature says: arguments in order, then options by name."""
    row = lookup(op)
    sample = samples(op)[0]
    assert len(sample.call.args) == len(row.signature.args)
    assert [key for key, _ in sample.call.options] == [o.name for o in row.signature.options]
    if not row.infix:
        given = [f"{key}={value}" for key, value in sample.call.options if value is not None]
        text = f"{op}({', '.join([*map(to_text, sample.call.args), *given])})"
        assert read_expression(text, sample.graph) == sample.call


# --- the slopes of activations, as identities ---

FUNCTIONS = [op for op in DATA if lookup(op).function and op in WITH_GRADIENT]


@pytest.mark.parametrize("op", FUNCTIONS)
@pytest.mark.parametrize("sign", ["positive", "negative"])
def test_slope_is_the_derivative(op: str, sign: str) -> None:
    """On either side of 0 a function's slope is what SymPy finds by differentiating it."""
    if DATA[op][0] == "unit" and sign == "negative":
        pytest.skip("only positive numbers have one")
    z, alpha = sympy.Symbol("z", **{sign: True}), sympy.Symbol("alpha", real=True)
    known = dict(zip(lookup(op).signature.args, (z, alpha), strict=False))
    this = call(op, *map(Name, known))
    site = site_of(this, this, dict.fromkeys(known, SCALAR))
    for name, gradient in zip(known, lookup(op).vjp(site, Number(Fraction(1))), strict=True):
        assert gradient is not None
        expected = sympy.diff(in_sympy(this, known), known[name])
        difference = (in_sympy(gradient, known) - expected).rewrite(sympy.exp)
        assert sympy.simplify(difference) == 0


def in_sympy(expr: Expr, known: dict[str, Any]) -> Any:  # noqa: ANN401 - SymPy has no types
    """Return a scalar expression in SymPy, by the formulas of the rows."""
    match expr:
        case Name(name):
            return known[name]
        case Number(number):
            return sympy.Rational(number.numerator, number.denominator)
        case Call(op, args):
            return applied(op, [in_sympy(arg, known) for arg in args], SymPy())
    raise AssertionError(expr)


def test_a_function_without_a_formula_is_refused() -> None:
    """A row that says neither what it is of scalars nor what it is made of fails at once."""
    row = lookup("tanh")
    with pytest.raises(TypeError, match="'flat' needs a formula or a definition"):
        entrywise("flat", "z", value=row.value, slopes=None, words=row.words)


@every_op
def test_formula_is_the_value(op: str) -> None:
    """What decimals follow from is what NumPy computes, wherever an op has it for scalars."""
    for sample in samples(op):
        if any(value.size > 1 for value in sample.floats.values()) or sample.call.options:
            continue
        known = {name: Decimal(value.item()) for name, value in sample.floats.items()}
        with suppress(KindError):
            worked = calculate(sample.call, known)
            assert float(worked) == pytest.approx(evaluate(sample.call, sample.floats).item())


# --- traits ---

GRID = np.arange(-3, 3.25, 0.25)


@pytest.mark.parametrize("op", [op for op in DATA if lookup(op).function])
def test_kinks_and_jumps_are_stated(op: str) -> None:
    """Where a function's slope or value leaps, its row says so; elsewhere it does not."""
    row, step = lookup(op), 1e-7
    others = [np.full((1, 1), 0.3)] * (len(row.signature.args) - 1)

    def at(z: float) -> float:
        with np.errstate(all="ignore"):
            return float(row.value(np.full((1, 1), z), *others).item())

    leaps, bends = set(), set()
    for z in GRID:
        left, here, right = at(z - step), at(z), at(z + step)
        if abs(right - left) > 1e-3:
            leaps.add(z)
        elif abs((right - here) - (here - left)) / step > 1e-3:
            bends.add(z)
    assert bends == ({0} if row.traits.kink else set())
    assert leaps == ({0} if row.traits.jump else set())


@every_sample
def test_linear_where_stated(op: str, sample: Sample) -> None:
    """An op is linear in the arguments that its row lists, and a smooth function in no other."""
    row, args = lookup(op), arguments(sample)
    smooth = row.function and not row.traits.kink and not row.traits.jump
    for position, arg in enumerate(args):
        if position not in row.traits.linear and not smooth:
            continue
        times = ([*args[:position], n * arg, *args[position + 1 :]] for n in (1, 2, 3))
        once, twice, thrice = (value(row, sample, given) for given in times)
        straight = np.allclose(thrice - twice, twice - once, rtol=1e-9)
        assert straight == (position in row.traits.linear)


@every_sample
def test_range_is_kept(op: str, sample: Sample) -> None:
    """No entry lies outside the range that the row states."""
    found = value(lookup(op), sample, arguments(sample))
    low, high = lookup(op).traits.range
    assert low is None or found.min() >= low
    assert high is None or found.max() <= high


# --- the checks themselves can fail ---


def check_all(
    checks: tuple[Callable[[Op, Sample], None], ...], row: Op, uses: list[Sample]
) -> None:
    """Hold a row against every use by every check."""
    for sample in uses:
        for check in checks:
            check(row, sample)


def scaled(row: Op, factor: Fraction) -> Op:
    """Return a row whose gradient rule is off by a factor."""

    def vjp(site: Site, upstream: Expr) -> tuple[Expr | None, ...]:
        return tuple(
            None if part is None else Number(factor) * part for part in row.vjp(site, upstream)
        )

    return replace(row, vjp=vjp)


@pytest.mark.parametrize("op", WITH_GRADIENT)
@pytest.mark.parametrize("factor", [Fraction(1001, 1000), Fraction(-1)], ids=["1.001", "sign"])
def test_broken_rule_is_caught(op: str, factor: Fraction) -> None:
    """A gradient rule off by a thousandth, or by its sign, does not pass."""
    with pytest.raises(AssertionError):
        check_all((check_vjp,), scaled(lookup(op), factor), samples(op))


def test_lost_transpose_is_caught() -> None:
    """A matrix product whose rule forgets a transpose does not pass, even where it fits."""

    def vjp(site: Site, upstream: Expr) -> tuple[Expr | None, ...]:
        return upstream @ site.args[1], site.args[0] @ upstream

    row = replace(lookup("matmul"), vjp=vjp)
    (square,) = (s for s in samples("matmul") if s.text == "a @ b at 3x3 3x3")
    with pytest.raises(AssertionError):
        check_vjp(row, square)


@pytest.mark.parametrize("face", ["jacobian", "entry"])
def test_broken_face_is_caught(face: str) -> None:
    """A Jacobian or an index form of the wrong op does not pass."""
    row = replace(lookup("sigmoid"), **{face: getattr(lookup("tanh"), face)})
    with pytest.raises(AssertionError):
        check_all(CHECKS, row, samples("sigmoid"))
