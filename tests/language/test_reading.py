"""Networks that can be read: what is inferred, and what short forms stand for."""

from __future__ import annotations

import pytest

from exgen.errors import LanguageError, Source
from exgen.graph import Dim, call
from exgen.language import read_expression, read_network, to_text
from exgen.language.writer import graph_text
from exgen.shapes import check
from tests.cases import Case, cases_in


@pytest.mark.parametrize("case", cases_in("language/cases"))
def test_network_spelt_out(case: Case) -> None:
    """A network reads as its author means it, and printed it reads as itself."""
    graph = read_network(Source("net", case.given))
    check(graph)
    assert graph_text(graph).rstrip("\n") == case.expected
    again = read_network(Source("net", case.expected))
    assert again == graph


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_of_other_systems(end: str) -> None:
    """A file from another system reads like one of this system, and so do its error places."""
    text = "x: input[3]\n# a comment\nL = sum(x)\n"
    assert read_network(Source("net", text.replace("\n", end))) == read_network(Source("net", text))
    with pytest.raises(LanguageError) as caught:
        read_network(Source("net", "x: input[3]\n\nL = sum(y)\n".replace("\n", end)))
    assert caught.value.place == "net:3:9"
    assert caught.value.excerpt == "    L = sum(y)\n            ^"


def test_marks_that_editors_leave() -> None:
    """A byte-order mark, tabs inside a line and a form feed in a comment do no harm."""
    graph = read_network(Source("net", "\ufeffx:\tinput[3]\n# page\x0cbreak \u2028\nL\t=\tsum(x)"))
    assert graph_text(graph) == "x: input[3]\nL = sum(x)\n"
    with pytest.raises(LanguageError) as caught:
        read_network(Source("net", "x: input[3]\n# page\x0cbreak\u2028\nL\t=\tsum(y)"))
    assert str(caught.value).startswith(
        "net:3:9: 'y' is not bound\n    L = sum(y)\n            ^\n"
    )


def test_caret_counts_characters_not_bytes() -> None:
    """Letters outside ASCII before a mistake do not shift the caret."""
    text = "x: input[3]  # größe\nL = sum(x) + 'äöü' + y"
    with pytest.raises(LanguageError) as caught:
        read_network(Source("net", text))
    assert caught.value.place == "net:2:14"
    assert caught.value.excerpt.splitlines()[1] == "                 ^^^^^"


def test_a_function_name_of_the_bank() -> None:
    """A bank's f may stand for an op, or for an op with its options."""
    text = "x: input[3]\nL = sum(f(x - 1))"
    for functions, line in (
        ({"f": "relu"}, "relu(x - 1)"),
        ({"f": "lrelu(_, 0.1)"}, "lrelu(x - 1, 0.1)"),
        ({"f": "tanh(_) * _"}, "tanh(x - 1) * (x - 1)"),
    ):
        graph = read_network(Source("net", text), functions=functions)
        assert to_text(graph.bindings[0].expr) == f"sum({line})"


def test_a_function_name_that_is_an_op_stands_for_what_the_bank_says() -> None:
    """Calling an alias by the name of an op does not go round in circles."""
    text = "x: input[3]\nL = sum(relu(x))"
    graph = read_network(Source("net", text), functions={"relu": "tanh"})
    assert to_text(graph.bindings[0].expr) == "sum(tanh(x))"
    graph = read_network(Source("net", text), functions={"relu": "relu"})
    assert to_text(graph.bindings[0].expr) == "sum(relu(x))"


def test_mistakes_about_a_function_name() -> None:
    """A bank's function that is no op, or that is called wrongly, is an error with a place."""
    text = "x: input[3]\nL = sum(f(x))"
    with pytest.raises(LanguageError) as caught:
        read_network(Source("net", text), functions={"f": "rleu"})
    assert caught.value.place == "net (f):1:1"
    with pytest.raises(LanguageError) as caught:
        read_network(Source("net", "x: input\nL = f(x, 1)"), functions={"f": "relu"})
    assert str(caught.value) == (
        "net:2:5: f stands for 'relu' and takes one argument\n    L = f(x, 1)\n        ^^^^^^^"
    )


def test_target_in_the_middle() -> None:
    """The loss may be any scalar of the network, named by the caller."""
    graph = read_network(Source("net", "x: input[3]\nL = sum(x)\nM = 2 * L"), loss="L")
    assert graph.loss == "L"
    with pytest.raises(LanguageError) as caught:
        read_network(Source("net", "x: input[3]\nL = sum(x)"), loss="loss")
    assert "there is no 'loss' to take the gradient of" in str(caught.value)


def test_fragment_without_a_scalar() -> None:
    """A fragment that only asks for a Jacobian needs no scalar."""
    graph = read_network(Source("net", "a: input[3]\nb = append_one(a)"), scalar_loss=False)
    assert graph.shapes["b"] == (Dim(4), Dim(1))


def test_expression_over_names_and_gradients() -> None:
    """A printed gradient reads back, with the names of gradients on the way."""
    graph = read_network(Source("net", "x: input[N]\nW: param[3, N]\nz = W @ x\nL = sum(z)"))
    texts = ("derivative(L, z) @ x.T", "(W.T @ derivative(L, z)) / N", "zeros(3, N) + W")
    for text in (*texts, "derivative(z, x) @ x", "derivative(L, W).T"):
        assert to_text(read_expression(f"  {text}\n", graph)) == text


def test_place_in_an_expression() -> None:
    """The caret in a lone expression counts from where its text begins."""
    graph = read_network(Source("net", "x: input[3]\nL = sum(x)"))
    with pytest.raises(LanguageError) as caught:
        read_expression("  x + xx", graph)
    assert str(caught.value) == (
        "expression:1:5: 'xx' is not bound\n    x + xx\n        ^^\n"
        "Declare it, such as 'xx: param[10, 5]'. Did you mean 'x'?"
    )
    for text in ("", "x; x", "x = 1"):
        with pytest.raises(LanguageError, match="exactly one expression is expected here"):
            read_expression(text, graph)


def test_sizes_that_leave_nothing() -> None:
    """Filling in a named size that makes another vanish is refused."""
    graph = read_network(Source("net", "x: input[_]\nW: param[10, N]\nL = sum(W @ append_one(x))"))
    assert graph.with_sizes({"N": 2}).shapes["x"] == (Dim(1), Dim(1))
    with pytest.raises(Exception, match="leave nothing of N - 1"):
        graph.with_sizes({"N": 1})


def test_an_op_built_in_python_prints() -> None:
    """An expression built with operators prints as the language writes it."""
    graph = read_network(Source("net", "x: input[3]\nL = sum(x)"))
    x = read_expression("x", graph)
    assert (
        to_text(2 * x.T @ (-x) / 3 - call("relu", x) ** 2) == "((2 * x.T) @ -x) / 3 - relu(x) ** 2"
    )
