"""Laws that hold for every network: gradients, derivations, printing and reading."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exgen.derive.gradients import derive_gradients
from exgen.derive.simplify import simplify
from exgen.engine import backward, evaluate, forward, gradients
from exgen.errors import LanguageError, Source
from exgen.graph import Binding, Dim, Graph, Name, Number, substitute_sizes
from exgen.language import read_expression, read_network, to_text
from exgen.language.writer import graph_text
from exgen.shapes import check, shape_of
from tests.strategies import SIZES, floats, networks, numbers, steady, tame

DIMS = {name: Dim(size) for name, size in SIZES.items()}
SEEDS = st.integers(0, 2**16)
STEP = 1e-5


@steady(150)
@given(networks(), SEEDS)
def test_gradients_equal_differences(graph: Graph, seed: int) -> None:
    """The gradient by every leaf is what moving each of its entries does to the loss."""
    graph = graph.with_sizes(SIZES)
    leaves = floats(numbers(graph, seed))
    found = gradients(graph, tame(graph, leaves))
    for leaf in graph.leaves:
        for where in np.ndindex(leaves[leaf.name].shape):
            sides = []
            for step in (STEP, -STEP):
                moved = leaves[leaf.name].copy()
                moved[where] += step
                sides.append(forward(graph, {**leaves, leaf.name: moved})[graph.loss].item())
            difference = (sides[0] - sides[1]) / (2 * STEP)
            assert found[leaf.name][where] == pytest.approx(difference, rel=2e-4, abs=2e-5)


@steady(150)
@given(networks(), SEEDS)
def test_derivations_equal_reverse_mode(graph: Graph, seed: int) -> None:
    """Closed forms and steps, derived with named sizes, evaluate to the engine's gradients."""
    derived = derive_gradients(graph)
    graph = graph.with_sizes(SIZES)
    values = tame(graph, floats(numbers(graph, seed)))
    expected = gradients(graph, values)
    known = {**values, **{graph.gradient(name): value for name, value in expected.items()}}
    stepped = dict(values)
    for name, gradient in derived.items():
        step, closed = (substitute_sizes(e, DIMS) for e in (gradient.step, gradient.closed))
        stepped[graph.gradient(name)] = evaluate(step, stepped)
        for found in (stepped[graph.gradient(name)], evaluate(closed, known)):
            assert found.shape == expected[name].shape
            np.testing.assert_allclose(found, expected[name], rtol=1e-8, atol=1e-9)


@steady(150)
@given(networks(), SEEDS)
def test_simplify_keeps_value_and_shape(graph: Graph, seed: int) -> None:
    """A tidied expression has the shape and the value of what it was made from."""
    back = backward(graph)
    numeric = graph.with_sizes(SIZES)
    values = tame(numeric, floats(numbers(numeric, seed)))
    known = {**values, **{graph.gradient(n): v for n, v in gradients(numeric, values).items()}}
    for name in graph.names:
        for expr in filter(None, (graph.expr(name), back.gradient(name))):
            tidy = simplify(expr, graph.shapes)
            assert shape_of(tidy, graph.shapes) == shape_of(expr, graph.shapes)
            pair = [evaluate(substitute_sizes(e, DIMS), known) for e in (expr, tidy)]
            np.testing.assert_allclose(pair[0], pair[1], rtol=1e-9, atol=1e-10)


@steady(150)
@given(networks())
def test_printed_expressions_read_back(graph: Graph) -> None:
    """Every line, step and closed form reads back from its text as the same expression."""
    printed = [binding.expr for binding in graph.bindings]
    for gradient in derive_gradients(graph).values():
        printed += [gradient.step, gradient.closed]
    for expr in printed:
        assert read_expression(to_text(expr), graph) == expr


@steady(150)
@given(networks())
def test_printed_networks_read_back(graph: Graph) -> None:
    """A network reads back from its text as the same graph, with named sizes and with numbers."""
    for this in (graph, graph.with_sizes(SIZES)):
        check(this)
        assert read_network(Source("again", graph_text(this))) == this


@steady(150)
@given(networks())
def test_gradients_have_the_shape_of_their_names(graph: Graph) -> None:
    """The backward pass is well typed, and every gradient has the shape of its variable."""
    back = backward(graph)
    for name, gradient in derive_gradients(graph).items():
        for expr in (back.gradient(name), gradient.step, gradient.closed):
            assert shape_of(expr, graph.shapes) == graph.shapes[name]


@steady(150)
@given(networks(rational=True), SEEDS)
def test_exact_equals_float(graph: Graph, seed: int) -> None:
    """A rational network gives fractions, forward and backward, and they equal the floats."""
    graph = graph.with_sizes(SIZES)
    leaves = numbers(graph, seed)
    values = tame(graph, floats(leaves))
    exact = forward(graph, leaves, exact=True)
    for pair in ((exact, values), (gradients(graph, exact, exact=True), gradients(graph, values))):
        for name in graph.names:
            assert all(isinstance(entry, Fraction) for entry in pair[0][name].flat)
            np.testing.assert_allclose(
                pair[0][name].astype(float), pair[1][name], rtol=1e-9, atol=1e-10
            )


@steady(150)
@given(networks(rational=True), SEEDS, st.integers(-3, 3))
def test_gradients_are_linear_in_the_loss(graph: Graph, seed: int, factor: int) -> None:
    """A multiple of the loss has that multiple of every gradient, exactly."""
    scaled = Binding("scaled", Number(Fraction(factor)) * Name(graph.loss))
    other = replace(
        graph,
        bindings=(*graph.bindings, scaled),
        shapes={**graph.shapes, "scaled": graph.shapes[graph.loss]},
        loss="scaled",
    )
    found = []
    for this in (graph.with_sizes(SIZES), other.with_sizes(SIZES)):
        values = forward(this, numbers(this, seed), exact=True)
        found.append(gradients(this, values, exact=True))
    for leaf in graph.leaves:
        assert (found[1][leaf.name] == factor * found[0][leaf.name]).all()


# --- texts that are no networks ---

PIECES = [
    "x",
    "y",
    "z",
    "W",
    "b",
    "L",
    "relu",
    "softmax",
    "sum",
    "ones",
    "derivative(L, x)",
    "T",
    "if",
    "lambda",
    "import",
    "N",
    "_",
    "é",
    "0",
    "1",
    "2.5",
    "1e9",
    "1e999",
    "1j",
    "True",
    "+",
    "-",
    "*",
    "**",
    "/",
    "@",
    ".",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    ",",
    ";",
    "=",
    "==",
    "<",
    ">",
    "~",
    "%",
    "&",
    "!",
    "#",
    "\\",
    "'",
    '"',
    "f'",
    "axis=",
    ":-1",
    "input",
    "param[3]",
    "input[N]",
    "param[_,_]",
    "onehot[3]",
]
BROKEN = ["\n", "\n", "\n  ", "\t", "\r\n", " ", "\x00", "\x0c", "\u2028", "\ufeff", "\ud800"]
FRAGMENTS = st.lists(st.sampled_from([*PIECES, *BROKEN]), max_size=30).map(" ".join)
TIGHT = st.lists(st.sampled_from([*PIECES, *BROKEN]), max_size=30).map("".join)
HEADED = FRAGMENTS.map("x: input[3]\nW: param[_, 3]\nL = sum(x) + ".__add__)


def read(text: str) -> Graph | LanguageError:
    """Return what the reader makes of a text; anything else that it raises fails the test."""
    try:
        return read_network(Source("typed", text))
    except LanguageError as error:
        return error


@steady(3000)
@given(st.one_of(FRAGMENTS, TIGHT, HEADED, st.text(max_size=60)))
def test_any_text_is_a_network_or_an_error(text: str) -> None:
    """Whatever is typed, the reader answers with a legal graph or with one clear error."""
    found = read(text)
    if isinstance(found, Graph):
        check(found)
        assert read(graph_text(found)) == found
    else:
        assert found.place.startswith("typed")
        assert found.message


@steady(300)
@given(networks(), st.integers(0, 10_000), st.sampled_from([*PIECES, *BROKEN]))
def test_a_damaged_network_is_a_network_or_an_error(graph: Graph, at: int, piece: str) -> None:
    """A character lost or a piece slipped in gives a graph, or an error placed in the text."""
    text = graph_text(graph)
    at %= len(text)
    for damaged in (text[:at] + text[at + 1 :], text[:at] + piece + text[at:]):
        found = read(damaged)
        if isinstance(found, Graph):
            check(found)
        elif ":" in found.place:
            line, column = map(int, found.place.removeprefix("typed:").split(":"))
            lines = damaged.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            assert 1 <= column <= len(lines[line - 1]) + 1
