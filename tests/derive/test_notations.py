"""The notation profiles: one derivation in each of them, and laws that hold in all."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from exgen.certify.chains import ChainClaim
from exgen.certify.equation import Equation
from exgen.certify.points import trial_point
from exgen.certify.prove import prove
from exgen.certify.quantity import Quantity
from exgen.derive.gradients import derive_gradients
from exgen.derive.jacobian import is_denominator, local_jacobian, slope_at_zero
from exgen.derive.notation import CHOICES, Notation, load_notation, notation_names
from exgen.derive.orient import names_to_turn, oriented
from exgen.derive.written import as_written
from exgen.engine import forward
from exgen.errors import CertificateError, KindError, NotationError, Source
from exgen.graph import Expr, Graph, is_scalar, names_in
from exgen.language import read_network, to_text
from exgen.language.writer import graph_text
from exgen.problems.base import Setting, forward_fields
from exgen.problems.jacobians import pairs
from exgen.resources import notations
from exgen.shapes import check, shape_of
from tests.cases import TESTS, Case, cases_in, read_cases
from tests.strategies import SIZES, networks, steady

if TYPE_CHECKING:
    from pathlib import Path

    from exgen.certify.prove import Claim

PROFILES = notation_names(notations())
GOLDEN = TESTS / "derive" / "notations"
RICH = """
x: input[3]
y: onehot[2]
t: target
W1: param[4, 3]
b1: param[4]
W2: param[2, 4]
alpha: param
z1 = W1 @ x + b1
a1 = relu(z1)
h1 = a1 * tanh(z1)
z2 = alpha * (W2 @ h1)
a2 = softmax(z2)
s = a1[0] * mean(h1)
L = cross_entropy(a2, y) + bce(s, t)
"""
DEEP = """
x: input[3]
y: onehot[2]
W1: param[4, 3]
W2: param[2, 4]
z1 = W1 @ x
a1 = relu(z1)
z2 = W2 @ a1
a2 = softmax(z2)
L = cross_entropy(a2, y)
"""
BATCH = """
X: input[N, D]
Y: target[N, K]
W: param[D, K]
Z = X @ W
L = squared_error(Z, Y) / N
"""


def profile(name: str) -> Notation:
    """Return a profile."""
    return load_notation(name, notations())


def network(text: str) -> Graph:
    """Read a network."""
    return read_network(Source("net", text))


def claimed(graph: Graph, by: str, written: Expr, notation: Notation) -> Equation:
    """Return what has to be proven of a gradient as it stands on the page."""
    claim = Equation(graph, Quantity(graph.loss, by), (written,), layout=notation.layout)
    assert claim.shape == shape_of(written, graph.shapes)
    return claim


def derivation(graph: Graph, notation: Notation) -> list[str]:
    """Return the forward pass, the local Jacobians and the backward pass as a sheet prints them."""
    graph = oriented(graph, notation)
    setting = Setting(graph, notation, None)
    lines = [f"{line['left']} = {line['right']}" for line in forward_fields(setting)["lines"]]
    for of, by in pairs(graph):
        leaf = graph.leaf(by)
        if leaf is None or leaf.role == "input":
            denominator = is_denominator(notation.layout, graph.shapes[of])
            expr = slope_at_zero(local_jacobian(graph, of, by, denominator=denominator), notation)
            lines.append(f"{setting.printer.derivative(of, by)} = {setting.printer(expr)}")
    for name, gradient in derive_gradients(graph).items():
        leaf = graph.leaf(name)
        if name != graph.loss and (leaf is None or leaf.role == "param"):
            written = as_written(gradient.step, graph, notation)
            printer = setting.printer
            lines.append(f"{printer.derivative(graph.loss, name)} = {printer(written)}")
    return lines


@pytest.mark.parametrize("case", cases_in("derive/notations"))
def test_one_derivation_in_each_profile(case: Case) -> None:
    """A two-layer network, for one example and for a batch, as each course writes it."""
    name = case.title.partition(",")[0]
    assert "\n".join(derivation(network(case.given), profile(name))) == case.expected


def test_every_profile_has_its_page() -> None:
    """Each profile has its two derivations, in a file of its name."""
    assert sorted(path.stem for path in GOLDEN.glob("*.md")) == sorted(PROFILES)
    for name in PROFILES:
        titles = [case.title for case in read_cases(GOLDEN / f"{name}.md")]
        assert titles == [f"{name}, one example", f"{name}, a batch"]


# --- laws ---


def methods(claim: Claim) -> int:
    """Return how many methods agree on a claim, all three where no point can be tried."""
    try:
        return len(prove(claim))
    except CertificateError as error:
        # A network that has no finite value anywhere proves nothing, in any notation.
        if "no point was found" in error.message:
            return 3
        raise


@pytest.mark.parametrize("name", PROFILES)
@steady(25)
@given(networks())
def test_what_is_printed_is_proven_in_its_layout(name: str, graph: Graph) -> None:
    """Each printed gradient conforms as printed, and its claim holds in the printed layout."""
    notation = profile(name)
    graph = oriented(graph.with_sizes(SIZES), notation)
    for by, gradient in derive_gradients(graph).items():
        for expr in (gradient.step, gradient.closed):
            written = as_written(expr, graph, notation)
            rows, columns = graph.shapes[by]
            numerator = notation.layout == "numerator"
            shape = shape_of(written, graph.shapes)
            assert shape == ((columns, rows) if numerator else (rows, columns))
            assert methods(claimed(graph, by, written, notation)) == 3


@pytest.mark.parametrize("name", PROFILES)
@steady(25)
@given(networks())
def test_printed_jacobians_are_proven_in_their_layout(name: str, graph: Graph) -> None:
    """Each local Jacobian that can be asked for has the shape of its layout, and is right in it."""
    notation = profile(name)
    graph = oriented(graph.with_sizes(SIZES), notation)
    for of, by in pairs(graph):
        denominator = is_denominator(notation.layout, graph.shapes[of])
        expr = slope_at_zero(local_jacobian(graph, of, by, denominator=denominator), notation)
        layout = "denominator" if denominator else "numerator"
        claim = Equation(graph, Quantity(of, by), (expr,), layout=layout)
        rows, columns = (graph.shapes[n][0] for n in ((by, of) if denominator else (of, by)))
        assert claim.shape == (rows, columns)
        assert methods(claim) == 3


@pytest.mark.parametrize("name", PROFILES)
def test_chain_products_conform(name: str) -> None:
    """The chain of a deep network multiplies as printed; in the wrong order it is refused."""
    notation = profile(name)
    graph = oriented(network(DEEP), notation)
    line = ("z1", "a1", "z2", "a2", "L")
    denominator = notation.layout != "numerator"
    factors = tuple(
        local_jacobian(graph, of, by, denominator=denominator) for by, of in pairwise(line[:-1])
    )
    prove(ChainClaim(graph, line, factors, denominator, ()))
    with pytest.raises(CertificateError):
        prove(ChainClaim(graph, line, factors, not denominator, ()))


def test_wrong_layout_is_refused() -> None:
    """A numerator gradient claimed in the variable's shape does not pass, nor the reverse."""
    graph = network(RICH)
    step = derive_gradients(graph)["W1"].step
    numerator = profile("numerator")
    claim = claimed(graph, "W1", as_written(step, graph, numerator), numerator)
    with pytest.raises(CertificateError):
        prove(replace(claim, layout="shape"))
    column = replace(claim, rights=(step,))
    with pytest.raises(CertificateError):
        prove(column)


@pytest.mark.parametrize("name", PROFILES)
def test_equal_factors_all_stay(name: str) -> None:
    """Of s * s * (1 - s) no factor is lost where a notation writes an activation as a diag."""
    graph = network("x: input[2]\nL = mean(sigmoid(x) ** 2)\n")
    notation = profile(name)
    for expr in (derive_gradients(graph)["x"].step, derive_gradients(graph)["x"].closed):
        written = as_written(expr, graph, notation)
        assert methods(claimed(graph, "x", written, notation)) == 3


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("function", ["relu(z)", "lrelu(z, 0.1)", "prelu(z, alpha)"])
def test_slope_at_zero_is_honoured(function: str, name: str) -> None:
    """At 0 a printed derivative takes the side that the profile names, in every layout."""
    notation = profile(name)
    text = f"z: input[3]\nalpha: param\na = {function}\nL = sum(a * a) + 0 * alpha"
    graph = network(text)
    printed = as_written(derive_gradients(graph)["z"].step, graph, notation)
    jacobian = slope_at_zero(local_jacobian(graph, "a", "z", denominator=False), notation)
    for expr in (printed, jacobian):
        found = {sign for sign in (" > 0", ">= 0", "<= 0", " < 0") if sign in to_text(expr)}
        assert found
        assert found <= ({">= 0", " < 0"} if notation.relu_at_zero else {" > 0", "<= 0"})


# --- settings ---


def everything(notation: Notation) -> str:
    """Return all that a setting may change: two derivations, and a chain with its sign."""
    lines = [line for text in (RICH, BATCH) for line in derivation(network(text), notation)]
    printer = Setting(network(RICH), notation, None).printer
    entry = printer.partial("z1", "k")
    return "\n".join([*lines, printer.chain_sign, entry])


@pytest.mark.parametrize("setting", sorted(CHOICES))
def test_every_choice_has_an_effect(setting: str) -> None:
    """Every choice of every setting prints something that no other choice prints."""
    base = profile("base")
    if setting == "parentheses":
        base = replace(base, gradient="nabla")
    choices: list[dict[str, Any]] = [{setting: choice} for choice in CHOICES[setting]]
    printed = [everything(replace(base, **choice)) for choice in choices]
    differ = len(set(printed))
    # The batch is written in rows. Without layer marks a network keeps its numbers as subscripts
    # where the names need them; the batch does not need them, but has none.
    same = 1 if setting in ("batch", "layer") else 0
    assert differ == len(CHOICES[setting]) - same


def test_layer_marks_go_where_names_stay_unique() -> None:
    """Without layer marks the number is left out only where that leaves no two names alike."""
    notation = profile("exam")
    one = "x: input[3]\nW1: param[2, 3]\nz1 = W1 @ x\nL = sum(z1)"
    two = f"{one.replace('L =', 'z2 = tanh(z1)' + chr(10) + 'L =')}"
    assert derivation(network(one), notation)[0] == r"z = W\,x"
    assert derivation(network(two), notation)[0] == r"z_{1} = W_{1}\,x"


def test_loss_named_j_gives_way() -> None:
    """A loss L is not written J beside another J."""
    text = "x: input[2]\nJ = sum(x)\nL = 2 * J"
    assert derivation(network(text), profile("section3"))[1] == r"L = 2 \cdot J"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('colour = "red"', "there is no setting 'colour'"),
        ('layers = "bracket"', "Did you mean 'layer'?"),
        ('layer = "brackets"', "layer cannot be 'brackets'"),
        ("relu_at_zero = 2", "Legal here: 0, 1."),
        ("bold = 1", "bold cannot be 1"),
        ("index_base = true", "index_base cannot be True"),
        ("layer =", "this is not legal TOML"),
        ("index_base = " + "1" * 5000, "this is not legal TOML"),
        ("index_base = " + "1" * 4000, "index_base cannot be"),
        ("layer = " + "[" * 5000, "nested too deeply"),
        ("layer = nan", "layer cannot be nan"),
        ('"\\u001b[2J" = 1', "there is no setting '\\x1b[2J'"),
    ],
    ids=lambda part: part[:40],
)
def test_wrong_settings(line: str, said: str, tmp_path: Path) -> None:
    """An unknown setting or choice is an error that names the file and what is legal."""
    base = (notations() / "base.toml").read_text(encoding="utf-8")
    (tmp_path / "base.toml").write_text(base, encoding="utf-8")
    (tmp_path / "mine.toml").write_text(line, encoding="utf-8")
    with pytest.raises(NotationError) as caught:
        load_notation("mine", tmp_path)
    assert said in str(caught.value)
    assert "mine.toml" in caught.value.place


def test_unknown_profile() -> None:
    """An unknown profile is an error that names the nearest."""
    with pytest.raises(NotationError, match="Did you mean 'csc311'"):
        profile("csc31")


def test_missing_setting(tmp_path: Path) -> None:
    """A base without a setting is an error that names it."""
    (tmp_path / "base.toml").write_text('title = "x"', encoding="utf-8")
    with pytest.raises(NotationError, match="missing: batch, bold"):
        load_notation("base", tmp_path)


# --- orientation ---


@pytest.mark.parametrize("name", PROFILES)
@steady(25)
@given(networks())
def test_turned_networks_keep_their_values(name: str, graph: Graph) -> None:
    """A network turned to a profile's orientation is legal and has the same loss."""
    graph = graph.with_sizes(SIZES)
    turned = oriented(graph, profile(name))
    check(turned)
    try:
        values = trial_point(graph, 1)
    except CertificateError:
        return
    names = names_to_turn(graph, profile(name))
    leaves = {
        leaf.name: values[leaf.name].T if leaf.name in names else values[leaf.name]
        for leaf in graph.leaves
    }
    loss = forward(turned, leaves)[turned.loss].item()
    assert loss == pytest.approx(values[graph.loss].item(), rel=1e-9, nan_ok=True)


TURNS = [
    ("in_out", "rows", "Z = X @ W + ones(N) @ b.T", "P = softmax(Z, axis=1)"),
    ("out_in", "rows", "Z = X @ W.T + ones(N) @ b.T", "P = softmax(Z, axis=1)"),
    ("out_in", "columns", "Z = W @ X + b @ ones(1, N)", "P = softmax(Z, axis=0)"),
    ("in_out", "columns", "Z = W.T @ X + b @ ones(1, N)", "P = softmax(Z, axis=0)"),
]
LINES = {(w, b): (z, p) for w, b, z, p in TURNS}


@pytest.mark.parametrize("written", sorted(LINES))
@pytest.mark.parametrize("wanted", sorted(LINES))
def test_four_orientations(written: tuple[str, str], wanted: tuple[str, str]) -> None:
    """Softmax regression in any of the four orientations becomes each of the others."""

    def text(weights: str, batch: str) -> str:
        x, y = ("N, D", "N, K") if batch == "rows" else ("D, N", "K, N")
        w = "K, D" if weights == "out_in" else "D, K"
        z, p = LINES[weights, batch]
        leaves = f"X: input[{x}]\nY: onehot[{y}]\nW: param[{w}]\nb: param[K]"
        return f"{leaves}\n{z}\n{p}\nL = cross_entropy(P, Y) / N\n"

    notation = replace(profile("base"), weights=wanted[0], batch=wanted[1])
    assert graph_text(oriented(network(text(*written)), notation)) == text(*wanted)


@pytest.mark.parametrize(
    "text",
    [
        "U: input[4, 4]\nW: param[4, 4]\ny = sum(U * W)",
        "X: input[N, D]\nW: param[D, D]\nL = sum((X @ W).T @ X)",
        "A: input[N, D]\nB: input[D, N]\nW: param[D, D]\nL = sum((A @ W) * (W @ B).T)",
        "x: input[3]\nw: param[3]\nL = w.T @ x",
    ],
    ids=["a grid", "a Gram matrix", "both at once", "no matrix"],
)
def test_unclear_orientation_stays(text: str) -> None:
    """A network that does not show which axis its examples run along stays as written."""
    graph = network(text)
    notation = replace(profile("cs231n"), weights="written")
    assert oriented(graph, notation) == graph


def test_tied_weights_stay() -> None:
    """A weight matrix used in both directions keeps its orientation."""
    graph = network(
        "x: input[3]\nW: param[2, 3]\nh = tanh(W @ x)\nr = W.T @ h\nL = squared_error(r, x)"
    )
    assert oriented(graph, profile("cs231n")) == graph


def test_a_row_loss_is_a_scalar() -> None:
    """Every gradient of a scalar name prints as a scalar in every layout."""
    graph = network("w: param\nx: input\nz = w * x\nL = z ** 2")
    for name in PROFILES:
        for gradient in derive_gradients(graph).values():
            written = as_written(gradient.closed, graph, profile(name))
            assert names_in(written) <= set(graph.names)
            assert is_scalar(shape_of(written, graph.shapes))


def test_no_jacobian_is_still_an_error() -> None:
    """A matrix has no local Jacobian in any notation."""
    with pytest.raises(KindError):
        local_jacobian(network(BATCH), "Z", "X", denominator=True)
