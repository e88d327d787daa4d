"""The rewrite rules: each one on random instances of its own left side."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exgen.derive.gradients import derive_gradients
from exgen.derive.latex import Printer
from exgen.derive.notation import load_notation
from exgen.derive.rewriting.table import BY_OP, RULES
from exgen.derive.rewriting.terms import Known
from exgen.derive.simplify import simplify, simplify_with
from exgen.engine import evaluate
from exgen.errors import Source
from exgen.graph import Call, Dim, Expr, Graph, substitute_sizes, walk
from exgen.language import read_expression, read_network
from exgen.resources import notations
from exgen.shapes import Shapes, shape_of
from tests.strategies import networks, steady

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from exgen.derive.rewriting.rule import Rule

LETTER = re.compile(r"(\w)\[(.*?)\]")
SIZE = re.compile(r"[A-Zmn]")


def letters(rule: Rule[Any]) -> dict[str, list[str]]:
    """Return the letters of a rule with the names of their sizes."""
    return {name: re.findall(r"\w", dims) for name, dims in LETTER.findall(rule.sizes)}


@st.composite
def instances(
    draw: Callable[[st.SearchStrategy[int]], int], rule: Rule[Any]
) -> tuple[Graph, str, str]:
    """Draw sizes for a rule's letters: a capital is above 1, a small one may be 1."""
    sizes: dict[str, int] = {}
    for dims in letters(rule).values():
        for name in dims:
            sizes.setdefault(name, draw(st.integers(2 if name.isupper() else 1, 4)))
    leaves = "".join(
        f"{name}: param" + (f"[{', '.join(str(sizes[d]) for d in dims)}]\n" if dims else "\n")
        for name, dims in letters(rule).items()
    )
    graph = read_network(
        Source(rule.name, leaves + "L = " + " + ".join(f"sum({n})" for n in letters(rule)))
    )

    def sized(text: str) -> str:
        return re.sub(r"\b([nmKMN])\b", lambda found: str(sizes[found[1]]), text)

    return graph, sized(rule.left), sized(rule.right)


def numbers(graph: Graph, seed: int) -> dict[str, NDArray[np.float64]]:
    """Return values away from 0; those of ``p`` sum to 1, and ``q`` is the quotient it names."""
    random = np.random.default_rng(seed)
    found = {}
    for leaf in graph.leaves:
        shape = tuple(dim.constant for dim in leaf.shape)
        found[leaf.name] = random.uniform(0.2, 0.9, shape)
    if "p" in found:
        found["p"] /= found["p"].sum()
    if "q" in found:
        found["q"] = found["a"] / found["s"]
    return found


def known_of(graph: Graph) -> Known:
    """Return what the rules know: the shapes, that p is a distribution, and q a quotient."""
    named = {"q": as_call(read_expression("a / s", graph))} if "q" in graph.shapes else {}
    return Known(Shapes(graph.shapes), {"p": 0}, named)


def as_call(expr: Expr) -> Call:
    """Return an expression that is a call."""
    assert isinstance(expr, Call)
    return expr


def places(expr: Expr, rule: Rule[Any], known: Known) -> list[tuple[Expr, Expr]]:
    """Return the parts of an expression to which a rule applies, with what it makes of them."""
    ops = {op for op, rules in BY_OP.items() if rule in rules}
    parts = [part for part in walk(expr) if isinstance(part, Call) and part.op in ops]
    made = [(part, rule.apply(part, known)) for part in parts]
    return [(part, found) for part, found in made if found is not None]


@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
@steady(20)
@given(data=st.data())
def test_rule(rule: Rule[Any], data: st.DataObject) -> None:
    """The rule fires on its left side, and both sides have the same shape and the same value."""
    graph, left, right = data.draw(instances(rule))
    one, other = (read_expression(text, graph) for text in (left, right))
    assert places(one, rule, known_of(graph))
    values = numbers(graph, data.draw(st.integers(0, 999)))
    tidy = simplify_with(one, known_of(graph))
    for found in (other, tidy):
        assert shape_of(found, graph.shapes) == shape_of(one, graph.shapes)
        np.testing.assert_allclose(evaluate(found, values), evaluate(one, values), rtol=1e-9)
    assert simplify_with(other, known_of(graph)) == tidy


@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
@steady(20)
@given(data=st.data())
def test_rewrite_alone(rule: Rule[Any], data: st.DataObject) -> None:
    """What the rule alone makes of a part has the shape and the value of that part."""
    graph, left, _ = data.draw(instances(rule))
    values = numbers(graph, data.draw(st.integers(0, 999)))
    for part, found in places(read_expression(left, graph), rule, known_of(graph)):
        assert found != part
        assert shape_of(found, graph.shapes) == shape_of(part, graph.shapes)
        np.testing.assert_allclose(evaluate(found, values), evaluate(part, values), rtol=1e-9)


def test_names_are_unique() -> None:
    """No rule hides another of the same name."""
    assert len({rule.name for rule in RULES}) == len(RULES) > 20


def test_a_rule_that_is_wrong_is_seen() -> None:
    """The comparison of both sides fails for a right side that says something else."""
    graph = read_network(Source("net", "a: param[3]\nL = sum(a)"))
    one, other = (read_expression(text, graph) for text in ("a + a", "3 * a"))
    values = numbers(graph, 1)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(evaluate(other, values), evaluate(one, values), rtol=1e-9)


def test_a_thousand_terms() -> None:
    """A sum of any length is put in order: nothing here calls itself for each term."""
    graph = read_network(Source("net", "a: param[3]\nb: param[3]\nL = sum(a) + sum(b)"))
    a, b = (read_expression(name, graph) for name in "ab")
    total: Expr = a
    for _ in range(3000):
        total = total + b
    found = simplify(total, graph.shapes)
    assert found == simplify(read_expression("a + 3000 * b", graph), graph.shapes)


def test_sizes_stay_symbolic() -> None:
    """A number of examples stands below the bar with the numbers, whatever it will be."""
    graph = read_network(Source("net", "X: input[N, D]\nr: input[N]\nL = sum(X) + sum(r)"))
    found = simplify(read_expression("r / (2 * N) * 4", graph), graph.shapes)
    assert found == read_expression("2 / N * r", graph)
    sized = substitute_sizes(found, {"N": Dim(3)})
    assert shape_of(sized, graph.with_sizes({"N": 3, "D": 2}).shapes) == (Dim(3), Dim(1))


@steady(40)
@given(networks())
def test_what_is_in_form_stays(graph: Graph) -> None:
    """Simplifying again changes nothing, and no sign stands beside another on the page."""
    printer = Printer(load_notation("base", notations()), graph.shapes, graph.loss)
    for gradient in derive_gradients(graph).values():
        assert simplify(gradient.step, graph.shapes) == gradient.step
        assert simplify(gradient.closed, graph.shapes) == gradient.closed
        for expr in (gradient.step, gradient.closed):
            assert not re.search(r"[-+] -", printer(expr))
