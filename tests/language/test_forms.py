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
    Dim,
    Entry,
    Expr,
    Name,
    Number,
    Partial,
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

NAMES = ("x", "W1", "a_B", "grad_z2", "grad_z2_by_a1", "upstream_", "T")
numbers = st.fractions(max_denominator=40).map(Number)
dims = st.builds(
    Dim,
    st.integers(1, 5000),
    st.lists(st.sampled_from(["N", "D0"]), max_size=2).map(lambda found: tuple(sorted(found))),
)
names = st.sampled_from(NAMES).map(Name)
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
        ("x[1, 0] * z[k, 0]", Entry(X, 1, 0) * Entry(Z, "k", 0)),
        (r"x[\rho(i), 0]", Entry(X, r"\rho(i)", 0)),
        ("delta(i, k')", Delta("i", "k'")),
        ("sum_over(j < n, x[j, 0])", SumOver("j", Dim(0, ("n",)), Entry(X, "j", 0))),
        (
            "sum_over(j < 3, j != 1, x[j, 0])",
            SumOver("j", Dim(3), Entry(X, "j", 0), 1),
        ),
        ("partial(x[0, 0], z[k, 0])", Partial(Entry(X, 0, 0), Entry(Z, "k", 0))),
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
    if not any(isinstance(part, (Entry, SumOver, Delta, Partial)) for part in walk(expr)):
        assert read_form(text) == expr


HOSTILE = [
    ("__import__('os')", "there is no op '__import__'"),
    ("__import__(x)", "there is no op '__import__'"),
    ("eval(x)", "there is no op 'eval'"),
    ("x.__class__", "this is not part of the network language"),
    ("__x", "this is not a name"),
    ("größe", "this is not a name"),
    ("lambda: x", "this is not part of the network language"),
    ("[x for x in x]", "this is not part of the network language"),
    ("x if x else x", "this is not part of the network language"),
    ("x ** 9 ** 9 ** 9", "this exponent is a computation"),
    ("x ** 1001", "an exponent lies within 1000 of 0"),
    ("9" * 200, "this number is too long"),
    ("1e99999", "this number is too long"),
    ("1 / 0", "this divides by 0"),
    ("x[99999999]", "a position is a whole number from 0"),
    ("x[k]", "a position is a whole number from 0"),
    ("ones(99999999)", "a size lies between 1 and 10000000"),
    ("(" * 150 + "x" + ")" * 150, None),
    ("(" * 10_000 + "x" + ")" * 10_000, "this is not legal syntax: too many nested parentheses"),
    ("-" * 300 + "x", "this expression is nested more than 200 deep"),
    ("-" * 50_000 + "x", "the text is nested too deeply to be parsed"),
    ("x + " * 30_000 + "x", "the text is longer than 100000 characters"),
]


@pytest.mark.parametrize(("text", "says"), HOSTILE, ids=lambda part: str(part)[:30])
def test_hostile_text(text: str, says: str | None) -> None:
    """What is not of the language, or too large, is refused with a place; nothing is executed."""
    network = f"x: input\nL = {text}\n"
    if says is None:
        assert read_graph(network).expr("L") == X
        return
    with pytest.raises(LanguageError) as caught:
        read_graph(network)
    assert says in caught.value.message
    assert caught.value.place.startswith("network")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the network has no line 'name = expression'"),
        ("x: input[3]", "the network has no line 'name = expression'"),
        ("import os", "this is neither a declaration nor a line of the forward pass"),
        ("x: thing\nL = sum(x)", "'thing' is not a role"),
        ("x: input[_]\nL = sum(x)", "a size is left open here"),
        ("x: input[3]\nL = sum(y)", "'y' is not bound"),
        ("W: param[9999999, 9999999]\nL = sum(W)", "more than 100000000 numbers"),
        ("L = sum(ones(9999999, 9999999))", "more than 100000000 numbers"),
        ("grad_x: input\nL = grad_x", "is taken"),
        ("x: input[3]\nx = x", "'x' is bound twice"),
        ("x: input[3]\nx: input[3]\nL = sum(x)", "a name is bound twice"),
    ],
)
def test_no_network(text: str, says: str) -> None:
    """A network that was not written by exgen is refused with a place."""
    with pytest.raises(LanguageError) as caught:
        read_graph(text)
    assert says in caught.value.message


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="xW1k[],.()+-*/@<>=!' \\rho:;_\n", max_size=30))
def test_any_text(text: str) -> None:
    """Whatever is written, it is read or refused."""
    try:
        read_graph(text)
    except LanguageError as error:
        assert error.message  # noqa: PT017 - both ways are right
