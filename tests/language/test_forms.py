"""Expressions and networks as text: reading back gives the very same value."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exgen.errors import LanguageError
from exgen.graph import (
    Call,
    Delta,
    Derivative,
    Dim,
    Entry,
    Expr,
    Name,
    Number,
    Size,
    SumOver,
    call,
    walk,
)
from exgen.language import read_graph, to_text
from exgen.language.writer import graph_text
from exgen.ops import TABLE
from tests.language.reading import read_form
from tests.strategies import networks

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ("x", "W1", "a_B", "grad_z2", "upstream_", "T")
numbers = st.fractions(max_denominator=40).map(Number)
dims = st.builds(
    Dim,
    st.integers(1, 5000),
    st.lists(st.sampled_from(["N", "D0"]), max_size=2).map(lambda found: tuple(sorted(found))),
)
names = st.one_of(
    st.sampled_from(NAMES).map(Name),
    st.builds(Derivative, st.sampled_from(NAMES), st.sampled_from(NAMES)),
)
sizes = st.sampled_from(["n", "m"]).map(Size)


@st.composite
def calls(draw: Callable[[Any], Any], inner: st.SearchStrategy[Expr]) -> Expr:
    """Draw a call of any op in the table, with options of every sort."""
    op = TABLE[draw(st.sampled_from(sorted(TABLE)))]
    args = tuple(draw(inner) for _ in op.signature.args)
    if op.name == "pow":
        args = (args[0], draw(st.one_of(numbers.filter(lambda n: abs(n.value) < 999), names)))
    options: list[tuple[str, Any]] = []
    for option in op.signature.options:
        if option.kind == "dim":
            value: Any = draw(dims)
        else:
            whole = st.integers(0, 1 if option.kind == "axis" else 50)
            value = draw(whole if option.required else st.one_of(st.none(), whole))
        options.append((option.name, value))
    if op.name == "item":
        options = [("row", draw(st.integers(0, 9))), ("column", draw(st.none()))]
    if op.name == "slice":
        skip, drop = draw(dims), draw(st.one_of(st.just(Dim(0)), dims))
        options = [("skip", skip), ("drop", drop), ("axis", draw(st.integers(0, 1)))]
    return Call(op.name, args, tuple(options))


leaves = st.one_of(names, numbers, sizes)
expressions = st.recursive(leaves, calls, max_leaves=12)


def back(expr: Expr) -> Expr:
    """Write an expression and read it, with what its text alone cannot say."""
    return read_form(to_text(expr), {part.name for part in walk(expr) if isinstance(part, Size)})


@settings(max_examples=400, deadline=None)
@given(expressions)
def test_expressions_come_back(expr: Expr) -> None:
    """Brackets, signs, quotients, powers and options are read as they were meant."""
    assert back(expr) == expr


@settings(max_examples=150, deadline=None)
@given(networks())
def test_networks_come_back(graph: Any) -> None:  # noqa: ANN401 - a Graph
    """A network is the same, whether its text is read as a bank's or as a manifest's."""
    assert read_graph(graph_text(graph)) == graph


X, Z = Name("x"), Name("z")


@pytest.mark.parametrize(
    ("text", "expr"),
    [
        ("-(1)", call("neg", 1)),
        ("-1", Number(Fraction(-1))),
        ("(1) / 3", call("div", 1, 3)),
        ("1 / 3", Number(Fraction(1, 3))),
        ("x[1]", call("item", X, row=1, column=None)),
        ("x[1, 0]", call("item", X, row=1, column=0)),
        ("x[1, 0] * z[k, 0]", Entry(X, (1, 0)) * Entry(Z, ("k", 0))),
        (r"x[\rho(i), 0]", Entry(X, (r"\rho(i)", 0))),
        ("derivative(L, x) @ z.T", Derivative("L", "x") @ Z.T),
        ("derivative(L, x)[k, 0]", Entry(Derivative("L", "x"), ("k", 0))),
        ("delta(i, k')", Delta("i", "k'")),
        ("sum_over(j < n, x[j, 0])", SumOver("j", Dim(0, ("n",)), Entry(X, ("j", 0)))),
        (
            "sum_over(j < 3, j != 1, x[j, 0])",
            SumOver("j", Dim(3), Entry(X, ("j", 0)), 1),
        ),
        ("derivative(z, x)[k, 0, 1, 0]", Entry(Derivative("z", "x"), ("k", 0, 1, 0))),
        ("softmax(x)", call("softmax", X, axis=None)),
        ("softmax(x, axis=1)", call("softmax", X, axis=1)),
        ("ones(3)", call("ones", rows=Dim(3), columns=Dim(1))),
        ("unit(3, 1)", call("unit", size=Dim(3), position=1)),
        ("x + ones(1, 3)", X + call("ones", rows=Dim(1), columns=Dim(3))),
    ],
)
def test_what_a_text_stands_for(text: str, expr: Expr) -> None:
    """Each sort of text is one expression, and that is written as this text."""
    assert to_text(expr) == text
    if not any(isinstance(part, (Entry, SumOver, Delta)) for part in walk(expr)):
        assert read_form(text) == expr


def test_a_manifest_may_nest_deeper() -> None:
    """What was derived is deeper than what an author may write; there is an end to that, too."""
    assert read_graph("x: input\nL = " + "-" * 150 + "x").expr("L") is not None
    for signs, says in ((300, "nested more than 200 deep"), (50_000, "nested too deeply")):
        with pytest.raises(LanguageError, match=says) as caught:
            read_graph("x: input\nL = " + "-" * signs + "x")
        assert caught.value.place.startswith("network")


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="xW1k[],.()+-*/@<>=!' \\rho:;_\n", max_size=30))
def test_any_text(text: str) -> None:
    """Whatever is written, it is read or refused."""
    try:
        read_graph(text)
    except LanguageError as error:
        assert error.message  # noqa: PT017 - both ways are right
