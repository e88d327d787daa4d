"""Loss derivatives: entry, vector and pre-activation, for each loss and over examples."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exgen.certify.equation import Equation
from exgen.certify.prove import prove
from exgen.derive.summands import loss_line
from exgen.errors import CertificateError, KindError
from exgen.language import to_text
from exgen.problems import KINDS
from exgen.seeds import Stream
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
    """Each loss gives its entry, its vector, and the gradient by the pre-activation."""
    solution = solved("loss_derivative", LOSSES[loss], 1, notation)
    names = [answer.name for answer in solution.answers]
    assert names[0] == "entry"
    assert names[-2:] == ["vector", "logits"]
    vector = next(answer for answer in solution.answers if answer.name == "vector")
    assert vector.shape is not None
    sizes = [dim.constant for dim in vector.shape]
    assert sizes == ([1, 3] if notation == "numerator" else [3, 1])


def test_bce_by_hand() -> None:
    """-(1/3)(y/p - (1 - y)/(1 - p)), which is (p - y)/(3 p(1 - p)); by z it is (p - y)/3."""
    found = {a.name: a.expr for a in solved("loss_derivative", LOSSES["bce"], 1).answers}
    p, y = "p[k, 0]", "y[k, 0]"
    assert found["entry"] == f"-(1 / 3 * ({y} / {p} - (1 - {y}) / (1 - {p})))"
    assert found["fraction"] == f"1 / 3 * (({p} - {y}) / ({p} * (1 - {p})))"
    assert found["vector"] == "1 / 3 * ((p - y) / (p * (1 - p)))"
    assert found["logits"] == "1 / 3 * (p - y)"


def test_output_minus_target_is_derived() -> None:
    """By the pre-activation there is every line from the chain rule on, each one proven."""
    solution = solved("loss_derivative", LOSSES["bce"], 1)
    (proof,) = solution.fields["logits"]["proofs"]
    whys = [str(line["why"]) for line in proof["lines"]]
    slopes = r"slopes of the loss and of $\mathbf{p}$"
    assert whys == ["chain rule", slopes, "multiply out", "simplify"]
    steps = next(answer for answer in solution.answers if answer.name == "logits").steps
    assert [step.equation for step in steps[:-1]] == [line["equation"] for line in proof["lines"]]
    assert steps[-2].claims
    squared = solved("loss_derivative", LOSSES["squared"], 1)
    assert squared.fields["logits"]["proofs"] == []


@pytest.mark.parametrize("notation", NOTATIONS)
def test_over_examples(notation: str) -> None:
    """Each example has its own derivative, and together they are a row, a column transposed."""
    solution = solved("loss_derivative", ONE, 1, notation, examples="m")
    found = {answer.name: answer for answer in solution.answers}
    mark = "[i]" if notation == "numerator" else "(i)"
    assert found["entry"].latex.tex == (
        rf"-\frac{{1}}{{m}}\,\left(\frac{{y^{{{mark}}}}}{{p^{{{mark}}}}} - "
        rf"\frac{{1 - y^{{{mark}}}}}{{1 - p^{{{mark}}}}}\right)"
    )
    shape = found["vector"].shape
    assert shape is not None
    sizes = [str(dim) for dim in shape]
    assert sizes == (["m", "1"] if notation == "numerator" else ["1", "m"])


def test_seeds_draw_nothing() -> None:
    """A hundred seeds agree: all that varies is the network."""
    graph = graph_of(LOSSES["bce"])
    assert all(
        KINDS["loss_derivative"].sample(graph, {}, Stream(seed)) == {} for seed in range(100)
    )


def test_a_wrong_answer_is_refused() -> None:
    """A lost factor, a lost minus, and a sum over the examples are found out."""
    answers = {a.name: a.claim for a in solved("loss_derivative", LOSSES["bce"], 1).answers}
    entry, vector = answers["entry"], answers["vector"]
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
    solution = solved("loss_derivative", LOSSES[loss], 1)
    assert solution.fields["is_fraction"] == (loss != "squared")
