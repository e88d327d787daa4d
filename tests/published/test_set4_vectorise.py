"""Document 002, parts 1.1.2b-h, 1.2 and 1.3, with the document's own networks.

The document answers 1.1.2c, 1.1.2e, 1.2.1b, 1.3.1e and 1.3.2c itself, rightly; the others are the
full answers that were derived by hand. Errata of the document: part 1.2.2d leaves the example's
index n out of its question, and 1.3.2a does not say through which n its line runs; both stand on
the sheet here. The heading of 1.2.2 says "backward" where the forward pass is meant.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from exgen.engine import evaluate
from exgen.errors import Source
from exgen.graph import Derivative
from exgen.language import read_network
from exgen.language.network import read_expression
from exgen.pipeline import build, load
from exgen.render.tex import render_tex

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exgen.document import ProblemSet
    from exgen.engine import Values

BANK = Path(__file__).with_name("set4_vectorise.toml")
SIZES = {"D0": 3, "D1": 4, "D2": 5, "N": 6}
LATEX = {
    ("show", "z2"): (r"a_{k}^{[2]} - t_{k}"),
    ("show", "W2"): (r"\frac{\partial L}{\partial z_{k}^{[2]}}\,a_{j}^{[1]}"),
    ("show", "b2"): (r"\frac{\partial L}{\partial z_{k}^{[2]}}"),
    ("show", "a1"): (r"\sum_{k=1}^{D_{2}} \frac{\partial L}{\partial z_{k}^{[2]}}\,W_{kj}^{[2]}"),
    ("show", "z1"): (
        r"\frac{\partial L}{\partial a_{j}^{[1]}}\,\mathbf{1}\left[z_{j}^{[1]} > 0\right]"
    ),
    ("show", "W1"): (r"\frac{\partial L}{\partial z_{j}^{[1]}}\,a_{i}^{[0]}"),
    ("show", "b1"): (r"\frac{\partial L}{\partial z_{j}^{[1]}}"),
    ("forward", "z1"): (r"\mathbf{W}^{[1]}\,\mathbf{a}^{[0]} + \mathbf{b}^{[1]}"),
    ("forward", "a2"): (
        r"\frac{\exp\left(\mathbf{z}^{[2]}\right)}{\mathbf{1}_{D_{2}}^{\top}\,\exp\left(\mathbf{z}^{[2]}\right)}"
    ),
    ("forward", "L"): (r"-\mathbf{t}^{\top}\,\log\left(\mathbf{a}^{[2]}\right)"),
    ("forward-batch", "Z1"): (
        r"\mathbf{A}^{[0]}\,\mathbf{W}^{[1]\top} + \mathbf{1}_{N}\,\mathbf{b}^{[1]\top}"
    ),
    ("forward-batch", "A1"): (r"\operatorname{ReLU}\left(\mathbf{Z}^{[1]}\right)"),
    ("forward-batch", "Z2"): (
        r"\mathbf{A}^{[1]}\,\mathbf{W}^{[2]\top} + \mathbf{1}_{N}\,\mathbf{b}^{[2]\top}"
    ),
    ("forward-batch", "A2"): (
        r"\exp\left(\mathbf{Z}^{[2]}\right) \oslash "
        r"\left(\exp\left(\mathbf{Z}^{[2]}\right)\,\mathbf{1}_{D_{2}}\,\mathbf{1}_{D_{2}}^{\top}\right)"
    ),
    ("forward-batch", "L"): (
        r"-\frac{1}{N}\,"
        r"\mathbf{1}_{N}^{\top}\,\left(\mathbf{T} \odot \log\left(\mathbf{A}^{[2]}\right)\right)"
        r"\,\mathbf{1}_{D_{2}}"
    ),
    ("backward", "z2"): (r"\mathbf{a}^{[2]} - \mathbf{t}"),
    ("backward", "W2"): (r"\nabla_{\mathbf{z}^{[2]}}L\,\mathbf{a}^{[1]\top}"),
    ("backward", "b2"): (r"\nabla_{\mathbf{z}^{[2]}}L"),
    ("backward", "a1"): (r"\mathbf{W}^{[2]\top}\,\nabla_{\mathbf{z}^{[2]}}L"),
    ("backward", "z1"): (
        r"\nabla_{\mathbf{a}^{[1]}}L \odot \mathbf{1}\left[\mathbf{z}^{[1]} > 0\right]"
    ),
    ("backward", "W1"): (r"\nabla_{\mathbf{z}^{[1]}}L\,\mathbf{a}^{[0]\top}"),
    ("backward", "b1"): (r"\nabla_{\mathbf{z}^{[1]}}L"),
    ("backward-batch", "Z2"): (r"\frac{1}{N}\,\left(\mathbf{A}^{[2]} - \mathbf{T}\right)"),
    ("backward-batch", "W2"): (r"\left(\nabla_{\mathbf{Z}^{[2]}}L\right)^{\top}\,\mathbf{A}^{[1]}"),
    ("backward-batch", "A1"): (r"\nabla_{\mathbf{Z}^{[2]}}L\,\mathbf{W}^{[2]}"),
    ("backward-batch", "Z1"): (
        r"\nabla_{\mathbf{A}^{[1]}}L \odot \mathbf{1}\left[\mathbf{Z}^{[1]} > 0\right]"
    ),
    ("backward-batch", "b1"): (r"\left(\nabla_{\mathbf{Z}^{[1]}}L\right)^{\top}\,\mathbf{1}_{N}"),
}
"""Every answer as it is printed."""


@pytest.fixture(scope="module")
def made() -> ProblemSet:
    """Give the set, solved and proven."""
    return build(*load(str(BANK), None), 7)


def by_hand() -> tuple[Values, dict[str, dict[str, NDArray[Any]]]]:
    """Return numbers for every name and gradient, computed with NumPy alone, and the answers."""
    random = np.random.default_rng(3)
    d0, d1, d2, n = SIZES.values()

    def draw(*shape: int) -> NDArray[Any]:
        return random.standard_normal(shape)

    w1, b1, w2, b2 = draw(d1, d0), draw(d1, 1), draw(d2, d1), draw(d2, 1)
    a0, t = draw(d0, 1), np.eye(d2)[:, [2]]
    z1 = w1 @ a0 + b1
    a1 = np.maximum(z1, 0)
    z2 = w2 @ a1 + b2
    a2 = np.exp(z2) / np.exp(z2).sum()
    gz2 = a2 - t
    ga1 = w2.T @ gz2
    gz1 = ga1 * (z1 > 0)
    rows, targets = draw(n, d0), np.eye(d2)[random.integers(d2, size=n)]
    zz1 = rows @ w1.T + b1.ravel()
    aa1 = np.maximum(zz1, 0)
    zz2 = aa1 @ w2.T + b2.ravel()
    aa2 = np.exp(zz2) / np.exp(zz2).sum(axis=1, keepdims=True)
    gzz2 = (aa2 - targets) / n
    gaa1 = gzz2 @ w2
    gzz1 = gaa1 * (zz1 > 0)
    by = partial(Derivative, "L")
    values: Values = {
        "W1": w1, "b1": b1, "W2": w2, "b2": b2, "a0": a0, "t": t, "z1": z1, "a1": a1, "z2": z2,
        "a2": a2, by("z2"): gz2, by("a1"): ga1, by("z1"): gz1,
        "A0": rows, "T": targets, "Z1": zz1, "A1": aa1, "Z2": zz2, "A2": aa2,
        by("Z2"): gzz2, by("A1"): gaa1, by("Z1"): gzz1,
    }  # fmt: skip
    answers = {
        "forward": {"z1": z1, "a2": a2, "L": -np.log(a2[[2]])},
        "forward-batch": {
            "Z1": zz1, "A1": aa1, "Z2": zz2, "A2": aa2,
            "L": np.array([[-np.log(aa2[targets == 1]).mean()]]),
        },
        "backward": {
            "z2": gz2, "W2": np.outer(gz2, a1), "b2": gz2, "a1": ga1, "z1": gz1,
            "W1": np.outer(gz1, a0), "b1": gz1,
        },
        "backward-batch": {
            "Z2": gzz2, "W2": np.einsum("nk,nj->kj", gzz2, aa1), "A1": gaa1, "Z1": gzz1,
            "b1": gzz1.sum(axis=0)[:, None],
        },
    }  # fmt: skip
    return values, answers


@pytest.mark.parametrize(("problem", "answer"), LATEX)
def test_as_printed(made: ProblemSet, problem: str, answer: str) -> None:
    """The key prints the full correct answer of each part."""
    (found,) = (part for part in made.problems if part.name == problem)
    assert found.answer(answer).latex.tex == LATEX[problem, answer]


@pytest.mark.parametrize("problem", ["forward", "forward-batch", "backward", "backward-batch"])
def test_by_evaluation(made: ProblemSet, problem: str) -> None:
    """What is printed has the value that NumPy finds without the network language."""
    values, answers = by_hand()
    (found,) = (part for part in made.problems if part.name == problem)
    graph = read_network(Source("net", found.network))
    numbered = graph.with_sizes({name: SIZES[name] for name in graph.size_names})
    assert [answer.name for answer in found.answers] == list(answers[problem])
    for answer in found.answers:
        text = answer.expr
        for name in graph.size_names:
            text = text.replace(f"({name})", f"({SIZES[name]})").replace(
                f" {name})", f" {SIZES[name]})"
            )
            text = text.replace(f" {name} ", f" {SIZES[name]} ")
        value = evaluate(read_expression(text, numbered), values)
        np.testing.assert_allclose(value, answers[problem][answer.name], rtol=1e-12)


def test_the_batch_index_is_on_the_sheet(made: ProblemSet) -> None:
    """The softmax of a batch names its example in every entry, and says how far it runs."""
    (problem,) = (part for part in made.problems if part.name == "forward-batch")
    paragraphs = [part for block in problem.fields["blocks"] for part in block["paragraphs"]]
    (asked,) = (part for part in paragraphs if [b["answer"] for b in part["boxed"]] == ["A2"])
    (line,) = (part for part in asked["pieces"] if isinstance(part, dict))
    assert line["line"].tex == (
        r"$\displaystyle A_{nk}^{[2]} = \frac{\exp\left(Z_{nk}^{[2]}\right)}"
        r"{\sum_{k'=1}^{D_{2}} \exp\left(Z_{nk'}^{[2]}\right)}$"
        r",\quad $n = 1, \dots, N,\ k = 1, \dots, D_{2}$"
    )


def test_the_logits_line_by_line(made: ProblemSet) -> None:
    """Part 1.1.2b goes from the chain rule to output minus target, and uses the premise last."""
    (problem,) = (part for part in made.problems if part.name == "show")
    answer = problem.answer("z2")
    assert [step.rule for step in answer.steps] == [
        "chain", "slopes", "cancel output", "split", "delta", "premise",
    ]  # fmt: skip
    assert answer.steps[4].equation.tex == (r" &= a_{k}^{[2]}\,\sum_{k'=1}^{D_{2}} t_{k'} - t_{k}")
    assert "SymPy identity" in {part.method for part in answer.certificate}
    assert "sum to $1$" in render_tex(made)["problems"]
