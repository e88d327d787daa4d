"""Document 002, part 1.4, with its own functions: the answers are those derived by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.published.reading import answers, make, numbered, value, values

if TYPE_CHECKING:
    from exgen.document import ProblemSet


@pytest.fixture(scope="module")
def made() -> ProblemSet:
    """Give the set, solved and proven."""
    return make("set4")


def test_twin_gradients(made: ProblemSet) -> None:
    """1.4.1b-d: (y - t) h^T, y - t, W2^T (y - t), the other branch, and both branches summed."""
    graph = numbered(made, "p4-1")
    run = values(graph)
    error, h = run["y"] - run["t"], run["W2"].T @ (run["y"] - run["t"])
    m_a = h * run["h_b"] * (run["m_a"] > 0)
    m_b = h * run["h_a"] * (run["m_b"] > 0)
    expected = {
        "W2": error @ run["h"].T,
        "b2": error,
        "h": h,
        "h_a": h * run["h_b"],
        "h_b": h * run["h_a"],
        "W1": m_a @ run["x_a"].T + m_b @ run["x_b"].T,
        "b1": m_a + m_b,
    }
    found = answers(made, "p4-1")
    assert found.keys() == {f"{graph.loss}.{name}" for name in expected}
    for name, array in expected.items():
        answer = found[f"{graph.loss}.{name}"]
        np.testing.assert_allclose(value(answer, graph, run), array, err_msg=name)


def test_twin_gradients_as_printed(made: ProblemSet) -> None:
    """1.4.1b-d: each gradient from those before it."""
    every = answers(made, "p4-1").items()
    found = {name.removeprefix("L."): answer.latex.tex for name, answer in every}
    by_h, by_a, by_b = (rf"\nabla_{{\mathbf{{{name}}}}}L" for name in ("h", "m}_{a", "m}_{b"))
    assert found == {
        "W2": r"\nabla_{z}L\,\mathbf{h}^{\top}",
        "b2": r"\nabla_{z}L",
        "h": r"\mathbf{W}^{[2]\top}\,\nabla_{z}L",
        "h_a": rf"{by_h} \odot \mathbf{{h}}_{{b}}",
        "h_b": rf"{by_h} \odot \mathbf{{h}}_{{a}}",
        "W1": rf"{by_a}\,\mathbf{{x}}_{{a}}^{{\top}} + {by_b}\,\mathbf{{x}}_{{b}}^{{\top}}",
        "b1": f"{by_a} + {by_b}",
    }


def test_skip_gradients(made: ProblemSet) -> None:
    """1.4.2b-e: three layers and the skip, and x from both paths."""
    graph = numbered(made, "p4-2")
    run = values(graph)
    z3 = run["y"] - run["t"]
    h2 = run["W3"].T @ z3
    z2 = h2 * (run["z2"] > 0)
    h1 = run["W2"].T @ z2
    z1 = h1 * run["h1"] * (1 - run["h1"])
    expected = {
        "z3": z3, "W3": z3 @ run["h2"].T, "b3": z3,
        "h2": h2, "z2": z2, "W2": z2 @ run["h1"].T, "b2": z2,
        "h1": h1, "z1": z1, "W1": z1 @ run["x"].T, "b1": z1,
        "z_s": h2, "W_s": h2 @ run["x"].T, "x": run["W1"].T @ z1 + run["W_s"].T @ h2,
    }  # fmt: skip
    found = answers(made, "p4-2")
    assert found.keys() == {f"{graph.loss}.{name}" for name in expected}
    for name, array in expected.items():
        answer = found[f"{graph.loss}.{name}"]
        np.testing.assert_allclose(value(answer, graph, run), array, err_msg=name)
    assert found["L.x"].latex.tex == (
        r"\mathbf{W}^{[1]\top}\,\nabla_{\mathbf{z}^{[1]}}L + "
        r"\mathbf{W}_{s}^{\top}\,\nabla_{\mathbf{z}_{s}}L"
    )
    assert found["L.z3"].latex.tex == r"\mathbf{y} - \mathbf{t}"
