"""Loss derivatives: entry, vector and pre-activation, for each loss and over examples."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exgen.certify.equation import Equation
from exgen.certify.prove import prove
from exgen.derive.summands import loss_line
from exgen.errors import CertificateError, KindError
from exgen.language import to_text
from tests.problems.setting import NOTATIONS, graph_of, solved

HEAD = "x: input[4]\nW: param[3, 4]\n"
LOSSES = {
    "bce": f"{HEAD}y: target[3]\nz = W @ x\np = sigmoid(z)\nL = bce(p, y) / 3",
    "cross-entropy": f"{HEAD}y: onehot[3]\nz = W @ x\np = softmax(z)\nL = cross_entropy(p, y)",
    "squared": f"{HEAD}y: target[3]\nz = W @ x\np = tanh(z)\nL = squared_error(p, y) / 2",
}
ONE = "x: input[4]\ny: target\nw: param[1, 4]\nz = w @ x\np = sigmoid(z)\nL = bce(p, y)"


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_every_loss(loss: str, notation: str) -> None:
    """Each loss gives its entry in one form or two, its vector, and what is behind it."""
    solution = solved("loss_derivative", LOSSES[loss], 1, notation)
    names = [answer.name for answer in solution.answers]
    terms = [] if loss == "cross-entropy" else ["L.p-k.terms"]
    assert names == [*terms, "L.p-k", "L.p", "L.z"]
    vector = next(answer for answer in solution.answers if answer.name == "L.p")
    assert vector.shape is not None
    sizes = [dim.constant for dim in vector.shape]
    assert sizes == ([1, 3] if notation == "numerator" else [3, 1])


@pytest.mark.parametrize("notation", NOTATIONS)
def test_over_examples(notation: str) -> None:
    """Each example has its own derivative, and together they are a row, a column transposed."""
    solution = solved("loss_derivative", ONE, 1, notation, examples="m")
    found = {answer.name: answer for answer in solution.answers}
    mark = "[i]" if notation == "numerator" else "(i)"
    assert found["L.p-i.terms.examples"].latex.tex == (
        rf"-\frac{{1}}{{m}}\,\left(\frac{{y^{{{mark}}}}}{{p^{{{mark}}}}} - "
        rf"\frac{{1 - y^{{{mark}}}}}{{1 - p^{{{mark}}}}}\right)"
    )
    shape = found["L.p.examples"].shape
    assert shape is not None
    sizes = [str(dim) for dim in shape]
    assert sizes == (["m", "1"] if notation == "numerator" else ["1", "m"])


def test_output_minus_target_is_derived() -> None:
    """By the pre-activation there is every line from the chain rule on, each one proven."""
    steps = solved("loss_derivative", LOSSES["bce"], 1).answers[-1].steps
    start = next(n for n, step in enumerate(steps) if str(step.why).startswith("Output minus"))
    whys = [str(step.why) for step in steps[start + 1 :]]
    slopes = r"slopes of the loss and of $\mathbf{p}$"
    assert whys == ["chain rule", slopes, "multiply out", "simplify"]
    assert steps[-1].claims
    squared = solved("loss_derivative", LOSSES["squared"], 1).answers[-1].steps
    assert not any("Output minus" in str(step.why) for step in squared)


def test_a_wrong_answer_is_refused() -> None:
    """A lost factor, a lost minus, and a sum over the examples are found out."""
    answers = {a.name: a.claim for a in solved("loss_derivative", LOSSES["bce"], 1).answers}
    entry, vector = answers["L.p-k"], answers["L.p"]
    assert isinstance(entry, Equation)
    assert isinstance(vector, Equation)
    whole, form = entry.rights
    for wrong in (3 * form, -form):
        with pytest.raises(CertificateError, match="right side 2: reverse mode"):
            prove(replace(entry, rights=(whole, wrong)))
    with pytest.raises(CertificateError, match="reverse mode"):
        prove(replace(vector, rights=(3 * vector.rights[0],)))


def test_factors_of_a_loss() -> None:
    """Numbers and sizes in front of a loss are one factor."""
    text = f"{HEAD}y: target[3]\np = W @ x\nL = 2 * (squared_error(p, y) / 3)"
    assert to_text(loss_line(graph_of(text)).factor) == "2 / 3"


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("x: input[3]\nL = sum(x * x)", {}, "no loss of a prediction and a target"),
        (f"{HEAD}y: target[3]\nL = squared_error(W @ x, y)", {}, "no loss of a prediction"),
        ("x: input[3]\ny: target[3]\nL = squared_error(x, y)", {}, "no line of the network"),
        (
            "X: input[4, 2]\nW: param[3, 4]\nY: target[3, 2]\nP = W @ X\nL = bce(P, Y)",
            {},
            "is a matrix",
        ),
        (LOSSES["bce"], {"examples": "m"}, "has several entries"),
    ],
)
def test_what_cannot_be_asked(text: str, options: dict[str, str], message: str) -> None:
    """A network without such a loss is refused with what the kind needs."""
    with pytest.raises(KindError, match=message):
        solved("loss_derivative", text, 1, **options)


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_only_quotients_are_written_as_one_fraction(loss: str) -> None:
    """A difference is simplified; where the prediction stands below a bar, there is a fraction."""
    pieces = str(solved("loss_derivative", LOSSES[loss], 1).fields["blocks"][1])
    assert ("as one fraction" in pieces) == (loss == "bce")
    assert ("simplify" in pieces) == (loss == "squared")
