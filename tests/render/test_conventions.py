"""The conventions box: right for each notation, and nothing that the pages do not use."""

from __future__ import annotations

import re

import pytest

from exgen.banks import bank_names
from exgen.derive.notation import Notation, load_notation, notation_names
from exgen.derive.orient import oriented
from exgen.errors import Source
from exgen.language import read_network
from exgen.pipeline import build, load
from exgen.render.conventions import box, conventions, ops, signs
from exgen.render.tex import problem_bodies
from exgen.resources import banks, notations
from tests.cases import rows_in

PROFILES = notation_names(notations())
LAYERS = ("vectors", "matrices", "derivative", "relu", "cross_entropy")
EXPECTED = {
    "aml5202": "The gradient of the loss has the shape of its variable. "
    "At $0$, ReLU takes the slope of its negative side, $0$. Classes are counted from $0$.",
    "csc311": "The gradient of the loss has the shape of its variable. "
    "At $0$, ReLU takes the slope of its negative side, $0$. Classes are counted from $1$.",
    "nyu": "The gradient of the loss has the shape of its variable. "
    "ReLU is written $(z)^{+} = \\max(z, 0)$, entry by entry. "
    "At $0$, ReLU takes the slope of its negative side, $0$. Classes are counted from $1$.",
    "section3": "The gradient of the loss has the shape of its variable. "
    "At $0$, ReLU takes the slope of its positive side, $1$. Classes are counted from $0$.",
    "exam": "The gradient of the loss has the shape of its variable. "
    "At $0$, ReLU takes the slope of its positive side, $1$. Classes are counted from $1$.",
    "numerator": "Derivatives are in numerator layout: one row for each entry of the function and "
    "one column for each entry of the variable. So the derivative of the loss with respect to "
    "a column is a row. At $0$, ReLU takes the slope of its negative side, $0$. Classes are "
    "counted from $1$.",
    "cs231n": "The gradient of the loss has the shape of its variable. "
    "At $0$, ReLU takes the slope of its negative side, $0$. Classes are counted from $0$.",
    "base": "The gradient of the loss has the shape of its variable. "
    "At $0$, ReLU takes the slope of its negative side, $0$. Classes are counted from $1$.",
}
SHAPES = (
    "Vectors are columns. A shape $m \\times n$ has $m$ rows and $n$ columns; "
    "the shape of a vector is its number of entries. "
)


def profile(name: str) -> Notation:
    """Return a profile."""
    return load_notation(name, notations())


def said(name: str, *used: str) -> str:
    """Return the sentences for what is used."""
    return " ".join(part.tex for part in conventions(profile(name), frozenset(used)))


@pytest.mark.parametrize("name", PROFILES)
def test_box_of_each_profile(name: str) -> None:
    """A classifier's gradients need the layout, the slope at 0 and the base of the classes."""
    assert said(name, *LAYERS) == SHAPES + EXPECTED[name]


@pytest.mark.parametrize("name", PROFILES)
def test_nothing_used_nothing_said(name: str) -> None:
    """A sheet that uses nothing has no conventions, and scalars alone have no layout."""
    assert said(name) == ""
    assert said(name, "derivative", "add", "mul") == ""


@pytest.mark.parametrize(
    ("used", "sentence"),
    rows_in("render/conventions.txt"),
)
def test_one_sentence_for_each_use(used: str, sentence: str) -> None:
    """What occurs is explained, and nothing beside it."""
    assert said("csc311", used).startswith(sentence)
    assert said("csc311", used).count(".") == 1


def test_layouts_speak_of_jacobians_and_chains() -> None:
    """Each layout says what a Jacobian's rows are, and which way a chain reads."""
    used = ("vectors", "derivative", "jacobian", "chain")
    assert "from the inside out" in said("aml5202", *used)
    assert "one row for each entry of the variable and one column" in said("aml5202", *used)
    assert "from the outside in" in said("numerator", *used)
    assert "A Jacobian has one row for each entry of the function" in said("csc311", *used)
    assert r"with respect to an $m \times n$ matrix it is $n \times m$" in said(
        "numerator", "derivative", "by matrix", "matrices"
    )


@pytest.mark.parametrize(
    ("notation", "sentence"),
    [
        ("numerator", r"with respect to an $m \times n$ matrix it is $n \times m$."),
        ("aml5202", "The gradient of a scalar has the shape of its variable."),
        ("nyu", "The gradient of a scalar has the shape of its variable."),
    ],
)
def test_gradients_by_weights_have_a_shape(notation: str, sentence: str) -> None:
    """Where weights have gradients, page 1 says their shape beside that of Jacobians."""
    made = build(*load("3", notation), 1)
    assert sentence in " ".join(part.tex for part in box(made, problem_bodies(made, key=False)))


def test_both_kinks() -> None:
    """ReLU and its kin at 0 are named together, and only where derivatives are asked for."""
    assert said("exam", "relu", "lrelu", "derivative").endswith(
        "At $0$, ReLU and LReLU take the slope of their positive side."
    )
    assert "At $0$" not in said("exam", "relu", "lrelu")


@pytest.mark.parametrize("name", PROFILES)
def test_ops_of_a_batch(name: str) -> None:
    """The box tells the orientation that the notation gave to the network."""
    text = (
        "X: input[N, 4]\nY: onehot[N, 3]\nW: param[4, 3]\n"
        "Z = X @ W\nP = softmax(Z)\nL = cross_entropy(P, Y)"
    )
    notation = profile(name)
    used = ops(oriented(read_network(Source("net", text)), notation))
    line = "column" if notation.batch == "columns" else "row"
    sentences = said(name, *used)
    assert f"Each {line} of a batch is one example, and softmax acts on each {line}." in sentences
    assert ("weight matrix" in sentences) == (notation.weights != "written")


@pytest.mark.parametrize("name", PROFILES)
def test_signs_are_those_of_the_notation(name: str) -> None:
    """A sign counts as used where it is printed, and is not taken for one that looks like it."""
    from exgen.derive.latex import Printer
    from exgen.language import read_expression

    notation = profile(name)
    graph = read_network(Source("net", "a: input[3]\nb: input[3]\ns: param\nL = sum(a * b) * s"))
    printer = Printer(notation, graph.shapes, "L")
    for text, sign in [
        ("a * b", "hadamard"),
        ("a ** 2", "power"),
        ("a / b", "quotient"),
        ("a > 0", "indicator"),
        ("a @ ones(1, 2)", "ones"),
        ("1 - a", "ones"),
        ("s * a", ""),
        ("sigmoid(a)", "sigmoid"),
    ]:
        assert signs(printer(read_expression(text, graph)), notation) == ({sign} - {""})
    assert signs(printer.derivative("L", "a"), notation) == {"derivative"}


@pytest.mark.parametrize("notation", PROFILES)
@pytest.mark.parametrize("set_name", bank_names(banks()))
def test_box_is_short(set_name: str, notation: str) -> None:
    """On every sheet in every notation the box stays a few sentences, each said once."""
    made = build(*load(set_name, notation), 1)
    for key in (False, True):
        sentences = [part.tex for part in box(made, problem_bodies(made, key=key))]
        assert len(set(sentences)) == len(sentences)
        assert len(re.sub(r"\\[a-z]+|[{}$]", "", " ".join(sentences))) < 1000
