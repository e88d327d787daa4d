"""An index never stands on a scalar: one output unit, one class, one feature, one example."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from exgen.errors import KindError
from exgen.graph import is_scalar
from exgen.pipeline import build, load, settings
from exgen.render.tex import problem_bodies

if TYPE_CHECKING:
    from pathlib import Path

NETWORKS = {
    "one output": "x: input[4]\nt: target\nw: param[4]\nb: param\nz = w.T @ x + b\na = sigmoid(z)\n"
    "L = bce(a, t)",
    "one row": "x: input[4]\nt: target[1]\nW: param[1, 4]\nb: param[1]\nz = W @ x + b\n"
    "L = squared_error(z, t)",
    "a scalar bias in a batch": "X: input[N, 4]\nt: target[N]\nw: param[4]\nb: param\n"
    "z = X @ w + b\nL = squared_error(z, t)",
    "a batch in columns": "X: input[4, N]\nT: target[1, N]\nW: param[1, 4]\nb: param[1]\n"
    "Z = W @ X + b\nA = sigmoid(Z)\nL = bce(A, T)",
    "one unit on the way": "x: input[4]\nt: target[3]\nU: param[1, 4]\nV: param[3, 1]\nz = U @ x\n"
    "a = tanh(z)\nu = V @ a\nL = squared_error(u, t)",
    "one feature": "x: input[1]\nt: target[3]\nW: param[3, 1]\nb: param[3]\nz = W @ x + b\n"
    "L = squared_error(z, t)",
    "a batch of one": "X: input[1, 4]\nT: target[1, 2]\nW: param[4, 2]\nb: param[2]\n"
    "Z = X @ W + b\nL = squared_error(Z, T)",
    "one slope": "x: input[4]\ns: param\nt: target[4]\nz = s * x\nL = squared_error(z, t)",
}
KINDS = (
    "show_that", "vectorise_forward", "vectorise_backward", "loss_derivative", "local_jacobian",
    "parameter_gradients",
)  # fmt: skip
NOTATIONS = ("base", "exam", "section3", "csc311", "cs231n")


def bank(folder: Path, network: str, kind: str) -> str:
    """Write a bank with one problem, and return where it stands."""
    drawn = "draw.N = [5]\n" if "N" in network else ""
    path = folder / "bank.toml"
    path.write_text(
        f'title = "T"\ncourse = "C"\nnotation = "base"\n[networks.n]\naccept = []\n{drawn}'
        f'text = """\n{network}\n"""\n[[problems]]\nid = "p"\nkind = "{kind}"\nnetwork = "n"\n'
    )
    return str(path)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS.keys())
def test_no_index_on_a_scalar(tmp_path: Path, network: str, kind: str) -> None:
    """Neither sheet nor key writes an entry of what has only one."""
    path = bank(tmp_path, network, kind)
    for notation in NOTATIONS:
        loaded = load(path, notation)
        try:
            ((_, drawn, _),) = settings(*loaded, 1)
            made = build(*loaded, 1)
        except KindError:
            continue
        scalars = {name for name in drawn.graph.names if is_scalar(drawn.graph.shapes[name])}
        page = "".join(text for key in (False, True) for text in problem_bodies(made, key=key))
        for name in scalars:
            found = re.search(rf"(?<![A-Za-z\\{{]){name}_\{{?[^}}]*\}}?", page)
            assert found is None, (notation, name, found)


@pytest.mark.parametrize("kind", ["show_that", "vectorise_forward", "vectorise_backward"])
def test_a_softmax_over_one_class_is_no_question(tmp_path: Path, kind: str) -> None:
    """It is always 1; its index form would have an index on a scalar."""
    network = "x: input[4]\ny: onehot[1]\nW: param[1, 4]\nz = W @ x\np = softmax(z)\n"
    path = bank(tmp_path, f"{network}L = cross_entropy(p, y)", kind)
    with pytest.raises(KindError, match="is over one class, so it is always 1"):
        build(*load(path, None), 1)


def test_a_name_like_kronecker_s_delta_is_refused(tmp_path: Path) -> None:
    """An entry of it could be read as 1 or 0."""
    network = "x: input[4]\ndelta: param[3, 4]\nt: target[3]\nz = delta @ x\n"
    path = bank(tmp_path, f"{network}L = squared_error(z, t)", "show_that")
    with pytest.raises(KindError, match="'delta' prints like Kronecker's delta"):
        build(*load(path, None), 1)
