"""Sentences about conventions and networks: every one is read as it is written."""

from __future__ import annotations

import pytest

from exgen.certify.first_page import ALWAYS, OF_NETWORKS, SETTINGS
from exgen.errors import CertificateError
from exgen.readback.declarations import Declared, declare, declared_in, give, given
from exgen.readback.sentences import (
    PAGE,
    PROBLEM,
    SLOT,
    WORDS,
    Fact,
    Form,
    facts_in,
    read_page,
    say,
)

EVERY = (*PAGE, *PROBLEM)


def filled(form: Form) -> dict[str, str]:
    """Return something that may stand in each slot."""
    slots = dict.fromkeys(SLOT.findall(form.text), "Z_{1}")
    for name in slots:
        words = WORDS.get(name)
        if words is not None:
            slots[name] = "2" if words == r"\d+" else words.split("|")[-1]
    return slots | ({"names": "ReLU"} if "names" in slots else {})


@pytest.mark.parametrize("form", EVERY, ids=lambda form: form.kind)
def test_every_sentence_is_read_as_it_is_written(form: Form) -> None:
    """Its kind and what stands in its slots come back, from among all other sentences."""
    slots = filled(form)
    text = say(form.kind, **slots)
    fact = Fact(form.kind, slots)
    if form in PAGE:
        assert read_page([text]) == (fact,)
    else:
        assert fact in facts_in(f"Before it.\n{text.replace(' ', chr(10), 1)} After it.")


def test_kinds_are_unique() -> None:
    """No two sentences have one kind."""
    assert len({form.kind for form in EVERY}) == len(EVERY)


def test_every_sentence_of_page_1_is_held_against_something() -> None:
    """A sentence on page 1 defines a sign, or is compared with the notation or the networks."""
    assert {form.kind for form in PAGE} == ALWAYS | SETTINGS.keys() | OF_NETWORKS.keys()


@pytest.mark.parametrize(
    "text",
    [
        "Vectors are rows.",
        "Each row of a batch is one example, and softmax acts on each column.",
        "Vectors are columns. Truly.",
        "",
    ],
)
def test_what_page_1_never_says(text: str) -> None:
    """A sentence that no reader knows is an error, not passed over."""
    with pytest.raises(CertificateError, match="no reader knows"):
        read_page([text])


LEAVES = (
    Declared("b", "scalar", ""),
    Declared(r"\mathbf{x}", "vector", "D_{0} + 1"),
    Declared("t", "vector", "3", "vector"),
    Declared("W^{(1)}", "matrix", r"H \times D"),
    Declared("T", "matrix", r"N \times K", "row"),
    Declared("Y", "matrix", r"K \times N", "column"),
)


@pytest.mark.parametrize("count", range(1, len(LEAVES) + 1))
def test_declarations_are_read_as_they_are_written(count: int) -> None:
    """One array, two, and many; what is one-hot, and the sizes."""
    for start in range(len(LEAVES) - count + 1):
        leaves = LEAVES[start : start + count]
        assert declared_in(f"Now. {declare(leaves)}\nThe forward pass is") == leaves


def test_two_vectors_of_one_size_are_declared_together() -> None:
    """As a textbook has it."""
    pair = (Declared("z", "vector", "K"), Declared("g", "vector", "K"))
    assert declare(pair) == "Let $z$ and $g$ be vectors with $K$ entries."
    assert declared_in(declare(pair)) == pair


def test_no_arrays_are_declared_by_no_sentence() -> None:
    """A network of constants has none."""
    assert declare(()) == ""
    assert declared_in("The forward pass is") == ()


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.symbol)
def test_an_array_with_its_role(leaf: Declared) -> None:
    """One sentence declares an input or a target."""
    (fact,) = facts_in(give(leaf, "target"))
    assert given(fact) == leaf


def test_a_declaration_that_cannot_be_read() -> None:
    """What begins as a declaration has to be one."""
    with pytest.raises(CertificateError, match="no reader knows what this declares"):
        declared_in("Let $x$ be a scalar, $y$ be a tensor with $3$ entries.")
