"""The certificate can fail: break one face of one op, and nothing is made.

A proof that never refuses proves nothing. Here each op's gradient rule, and each face that is
printed, is broken in small ways, and ``make`` or ``derive`` must notice and say so.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest

from exgen.certify.arrows import separates
from exgen.certify.chains import ChainClaim, fillings
from exgen.certify.compare import compare
from exgen.certify.equation import Equation
from exgen.certify.prove import Claim, prove
from exgen.certify.quantity import Quantity
from exgen.certify.sizes import ShapeClaim, infer_from_shown
from exgen.derive.jacobian import local_jacobian
from exgen.document import Agreement
from exgen.engine import site_of
from exgen.errors import CertificateError, Source
from exgen.graph import Call, Dim, Expr, Graph, Name, Number, call
from exgen.language import read_network
from exgen.language.network import read_expression
from exgen.ops import TABLE
from exgen.problems import jacobians as kind
from tests.commands import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction
    from pathlib import Path

    from exgen.ops.base import Op, Site

BANK = """\
title = "One op"
course = "Proofs"
notation = "aml5202"
[networks.n]
text = '''
{text}
'''
[[problems]]
id = "p"
kind = "local_jacobian"
network = "n"
ask = [["out", "z"]]
"""

# op: a network whose last line, a column, is the op alone, applied to the column z
COLUMNS = {
    **{
        name: f"z: input[6]\nout = {name}(z)"
        for name, op in TABLE.items()
        if op.function and len(op.signature.args) == 1 and not op.traits.jump
    },
    "add": "z: input[6]\nb: param[6]\nout = z + b",
    "sub": "z: input[6]\nb: param[6]\nout = b - z",
    "neg": "z: input[6]\nout = -z",
    "mul": "z: input[6]\nb: param[6]\nout = z * b",
    "div": "z: input[6]\nb: param[6]\nout = b / z",
    "pow": "z: input[6]\nout = z ** 3",
    "matmul": "z: input[6]\nW: param[4, 6]\nout = W @ z",
    "slice": "z: input[6]\nout = z[1:-1]",
    "concat": "z: input[6]\nb: param[2]\nout = concat(b, z)",
    "append_one": "z: input[6]\nout = append_one(z)",
    "prepend_one": "z: input[6]\nout = prepend_one(z)",
    "softmax": "z: input[6]\nout = softmax(z)",
    "lrelu": "z: input[6]\nout = lrelu(z, 0.1)",
    "prelu": "z: input[6]\nalpha: param\nout = prelu(z, alpha)",
    "sort": "z: input[6]\nout = sort(z)",
}
# op: a network that ends in a scalar and uses it; for those with no Jacobian between columns
SCALARS = {
    "transpose": "A: input[3, 4]\nB: input[4, 3]\nL = sum(A.T * B)",
    "maxpool": "X: input[4, 4]\nL = sum(maxpool(X))",
    "avgpool": "X: input[4, 4]\nL = sum(avgpool(X))",
    "maxroute": "X: const[4, 4]\nG: input[2, 2]\nL = sum(maxroute(X, G))",
    "maxpick": "X: const[4, 4]\nH: input[4, 4]\nL = sum(maxpick(X, H))",
    "item": "z: input[5]\nL = z[2] * 3",
    "diag": "v: input[4]\nA: param[4, 4]\nL = sum(diag(v) * A)",
    "sum": "z: input[5]\nL = sum(z)",
    "mean": "z: input[5]\nL = mean(z)",
    "cross_entropy": "p: input[5]\ny: onehot[5]\nL = cross_entropy(p, y)",
    "bce": "p: input[5]\ny: target[5]\nL = bce(p, y)",
    "squared_error": "a: input[5]\ny: target[5]\nL = squared_error(a, y)",
}
WITHOUT = {
    *(name for name, op in TABLE.items() if op.traits.jump),
    "ones",
    "zeros",
    "identity",
    "unit",
    "windows",
    "permutation",
}


def patch(monkeypatch: pytest.MonkeyPatch, changed: Op) -> None:
    """Put a changed row into the table."""
    monkeypatch.setitem(cast("dict[str, Op]", TABLE), changed.name, changed)


def with_vjp(row: Op, change: Callable[[Expr], Expr]) -> Op:
    """Return a row whose gradient rule is changed for every argument."""

    def vjp(site: Site, upstream: Expr) -> tuple[Expr | None, ...]:
        return tuple(None if part is None else change(part) for part in row.vjp(site, upstream))

    return replace(row, vjp=vjp)


def with_jacobian(row: Op, change: Callable[[Expr], Expr]) -> Op:
    """Return a row whose printed Jacobian is changed."""

    def jacobian(site: Site, position: int) -> Expr | None:
        found = row.jacobian(site, position)
        return None if found is None else change(found)

    return replace(row, jacobian=jacobian)


def times(factor: str) -> Callable[[Expr], Expr]:
    """Return a change that multiplies by a factor."""
    number = read_expression(factor, ANY)
    return lambda expr: call("mul", number, expr)


def flipped(expr: Expr) -> Expr:
    """Return the expression with the other sign."""
    return -expr


def network(text: str) -> Graph:
    """Read a network from text."""
    return read_network(Source("net", text), scalar_loss=False)


ANY = network("x: input\nL = x")
CHANGES: dict[str, Callable[[Expr], Expr]] = {"times 1.001": times("1.001"), "sign": flipped}
MESSAGE = re.compile(r"[a-z ]+: -?\S*\d\S* is not -?\S*\d\S*")


def refused(folder: Path, text: str) -> str:
    """Try to make a set about a network, and return the message of the refusal."""
    bank = folder / "bank.toml"
    bank.write_text(BANK.format(text=text))
    ran = run("make", "--set", str(bank), "--seed", "7", "--no-pdf", "--out", str(folder / "out"))
    assert ran.code == 1
    assert ran.out == ""
    assert [path.name for path in folder.iterdir()] == ["bank.toml"]
    assert ran.err.startswith("error: bank, seed 7, problem 'p': the answer 'out.z'")
    return ran.err


def derived(folder: Path, text: str) -> tuple[int, str, str]:
    """Run ``derive`` on a network."""
    (folder / "n.net").write_text(text)
    ran = run("derive", str(folder / "n.net"))
    return ran.code, ran.out, ran.err


def test_every_op_with_a_gradient_is_here() -> None:
    """A new op needs a line in this file, or it could be wrong without anyone knowing."""
    assert COLUMNS.keys() | SCALARS.keys() | WITHOUT == TABLE.keys()


@pytest.mark.parametrize("op", sorted(COLUMNS))
def test_sound_ops_are_made(tmp_path: Path, op: str) -> None:
    """As the table stands, the set with the one op is made."""
    expr = network(COLUMNS[op]).expr("out")
    assert isinstance(expr, Call)
    assert expr.op == op
    (tmp_path / "bank.toml").write_text(BANK.format(text=COLUMNS[op]))
    where = ("--set", str(tmp_path / "bank.toml"), "--out", str(tmp_path / "out"))
    ran = run("make", "--seed", "7", "--no-pdf", *where)
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize("change", sorted(CHANGES))
@pytest.mark.parametrize("op", sorted(COLUMNS))
def test_a_wrong_gradient_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, op: str, change: str
) -> None:
    """A gradient rule off by a thousandth, or with the wrong sign, stops ``make``."""
    patch(monkeypatch, with_vjp(TABLE[op], CHANGES[change]))
    assert MESSAGE.search(refused(tmp_path, COLUMNS[op]))


@pytest.mark.parametrize("change", sorted(CHANGES))
@pytest.mark.parametrize("op", sorted(COLUMNS))
def test_a_wrong_printed_jacobian(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, op: str, change: str
) -> None:
    """What the key would print is refused if it is off by a thousandth, or has the wrong sign."""
    patch(monkeypatch, with_jacobian(TABLE[op], CHANGES[change]))
    assert MESSAGE.search(refused(tmp_path, COLUMNS[op]))


@pytest.mark.parametrize("change", sorted(CHANGES))
@pytest.mark.parametrize("op", sorted(SCALARS | COLUMNS))
def test_derive_notices_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, op: str, change: str
) -> None:
    """``derive`` prints and checks by the same rule, and yet differences find it out."""
    text = SCALARS.get(op) or f"{COLUMNS[op]}\nw: const[{size(op)}]\nL = sum(w * out)"
    assert derived(tmp_path, text)[0] == 0
    patch(monkeypatch, with_vjp(TABLE[op], CHANGES[change]))
    code, out, err = derived(tmp_path, text)
    assert (code, out) == (1, "")
    assert re.match(r"error: the gradient by '\w+' could not be proven: ", err)
    assert MESSAGE.search(err)


@pytest.mark.parametrize("factor", ["0.01", "0.0001", "0.00001"])
def test_a_small_gradient_is_checked_as_strictly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, factor: str
) -> None:
    """A rule off by a thousandth is found out even where the gradient itself is tiny."""
    text = f"z: input[6]\nL = {factor} * sum(tanh(z))"
    assert derived(tmp_path, text)[0] == 0
    patch(monkeypatch, with_vjp(TABLE["tanh"], CHANGES["times 1.001"]))
    assert derived(tmp_path, text)[0] == 1


def size(op: str) -> Dim:
    """Return how many entries the column of an op's network has."""
    return network(COLUMNS[op]).shapes["out"][0]


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("text", ["z: input[6]\nW: param[6, 6]\nout = W @ z", COLUMNS["matmul"]])
def test_a_lost_transpose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, position: int
) -> None:
    """A matrix product whose rule forgot a transpose is refused, whether or not shapes show it."""

    def vjp(site: Site, upstream: Expr) -> tuple[Expr | None, ...]:
        left, right = site.args
        lost = (upstream @ right, left.T @ upstream), (upstream @ right.T, left @ upstream)
        return lost[position]

    patch(monkeypatch, replace(TABLE["matmul"], vjp=vjp))
    if position == 1:
        refused(tmp_path, text)
    else:
        # `make` asks for the Jacobian by z alone, which has nothing to do with this half
        text = text.replace("z: input[6]\n", "z: input[6, 6]\n").replace("[4, 6]", "[6, 6]")
        code, out, err = derived(tmp_path, f"{text}\nL = sum(out * out)")
        assert (code, out) == (1, "")
        assert MESSAGE.search(err)


@pytest.mark.parametrize("text", ["z: input[6]\nW: param[6, 6]\nout = W @ z", COLUMNS["matmul"]])
def test_a_transposed_layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """The right matrix in the wrong layout is wrong, even where it is square."""

    def other(graph: Graph, of: str, by: str, *, denominator: bool) -> Expr:
        return local_jacobian(graph, of, by, denominator=not denominator)

    monkeypatch.setattr(kind, "local_jacobian", other)
    refused(tmp_path, text)


@pytest.mark.parametrize("op", ["relu", "lrelu", "prelu"])
def test_a_mask_on_the_wrong_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, op: str) -> None:
    """A rule that forgets where the kink is does not pass."""

    def forget(expr: Expr) -> Expr:
        return swapped(expr)

    patch(monkeypatch, with_vjp(TABLE[op], forget))
    assert "reverse mode" in refused(tmp_path, COLUMNS[op])


def swapped(expr: Expr) -> Expr:
    """Return an expression with > for <= and the other way round."""
    names = {"greater": "less_equal", "less_equal": "greater"}
    if isinstance(expr, Call):
        return Call(names.get(expr.op, expr.op), tuple(map(swapped, expr.args)), expr.options)
    return expr


# --- claims that are wrong ------------------------------------------------------------------------

NETWORK = network(
    "x: input[5]\ny: target[3]\nW1: param[4, 5]\nW2: param[3, 4]\n"
    "z1 = W1 @ x\na1 = tanh(z1)\nz2 = W2 @ a1\nL = squared_error(z2, y)"
)


def shape(*sizes: int) -> tuple[Dim, Dim]:
    """Return a shape from numbers."""
    rows, columns = (*sizes, 1)[:2]
    return Dim(rows), Dim(columns)


def expr(text: str) -> Expr:
    """Read an expression over the network."""
    return read_expression(text, NETWORK)


def gradient(by: str, printed: Expr) -> Equation:
    """Return the claim that an expression is the gradient by a name."""
    return Equation(NETWORK, Quantity("L", by), (printed,))


def jacobian(of: str, by: str, printed: Expr) -> Equation:
    """Return the claim that an expression is a Jacobian in denominator layout."""
    return Equation(NETWORK, Quantity(of, by), (printed,), layout="denominator")


RIGHT: dict[str, Claim] = {
    "jacobian": jacobian("z2", "a1", expr("W2.T")),
    "gradient": gradient("z2", expr("2 * (z2 - y)")),
    "shape": ShapeClaim(NETWORK, "W2", shape(3, 4), ("x", "y", "W1", "z1", "a1", "z2")),
    "chain": ChainClaim(
        NETWORK,
        ("a1", "z2", "L"),
        (expr("W2.T"),),
        denominator=True,
        hidden=(),
    ),
}
WRONG: dict[str, Claim] = {
    "jacobian: value": jacobian("z2", "a1", expr("2 * W2.T")),
    "jacobian: layout": jacobian("z2", "a1", expr("W2")),
    "jacobian: not a number": jacobian("a1", "z1", expr("diag(log(0 * a1))")),
    "gradient: factor": gradient("z2", expr("z2 - y")),
    "gradient: a small error": gradient("z2", expr("2.0001 * (z2 - y)")),
    "gradient: not a number": gradient("z2", expr("log(0 * z2)")),
    "gradient: missing mask": gradient("z1", expr("W2.T @ (2 * (z2 - y))")),
    "gradient: does not conform": gradient("z1", call("matmul", Name("W2"), Name("y"))),
    "shape: swapped": ShapeClaim(NETWORK, "W2", shape(4, 3), ("x", "y", "W1", "z1", "a1", "z2")),
    "shape: off by one": ShapeClaim(NETWORK, "a1", shape(5), ("x", "W1", "z1")),
    "shape: does not follow": ShapeClaim(NETWORK, "a1", shape(4), ("x", "y", "z2")),
    "chain: factor": ChainClaim(
        NETWORK, ("a1", "z2", "L"), (expr("2 * W2.T"),), denominator=True, hidden=()
    ),
    "chain: order": ChainClaim(
        NETWORK,
        ("z1", "a1", "z2", "L"),
        (expr("W2.T"), expr("diag(1 - a1 ** 2)")),
        denominator=True,
        hidden=(),
    ),
}


@pytest.mark.parametrize("name", sorted(RIGHT))
def test_right_claims_are_proven(name: str) -> None:
    """Each claim from which the wrong ones below differ in one thing does hold."""
    assert len({agreement.method for agreement in prove(RIGHT[name])}) >= 2


@pytest.mark.parametrize("name", sorted(WRONG))
def test_wrong_claims_are_refused(name: str) -> None:
    """A wrong value, shape, layout or order is refused with the name of a method."""
    with pytest.raises(CertificateError) as caught:
        prove(WRONG[name])
    assert ":" in caught.value.message


def test_one_method_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """A claim that only one method could check, however often, is not proven."""

    class Once:
        """A claim that one method confirms twice."""

        sort = "once"

        def stored(self) -> dict[str, object]:
            """Return nothing of interest."""
            return {}

        def prove(self) -> tuple[Agreement, ...]:
            """Return the same method twice."""
            return (Agreement("shapes", 0.0, 1), Agreement("shapes", 0.0, 2))

    with pytest.raises(CertificateError, match="fewer than two methods"):
        prove(Once())


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_not_a_number_never_agrees(bad: float) -> None:
    """A NaN or an infinity on either side is a disagreement, never a match."""
    good, found = np.ones((2, 1)), np.array([[1.0], [bad]])
    with pytest.raises(CertificateError), np.errstate(invalid="ignore"):
        compare("differences", found, good, 1e-6)
    with pytest.raises(CertificateError), np.errstate(invalid="ignore"):
        compare("differences", good, found, 1e-6)


# --- blanks with one filling ----------------------------------------------------------------------

SKIP = network(
    "x: input[4]\ny: target[4]\nW: param[4, 4]\n"
    "z1 = W @ x\na1 = tanh(z1)\nb1 = sigmoid(z1)\ns = a1 + b1\nL = squared_error(s, y)"
)


def test_a_blank_that_two_names_fit_is_refused() -> None:
    """Where a stage may be left out or another put in, the blank cannot be asked."""
    # z1 and x both stand before a1 in the chain, and so do W and the sizes it lets through
    chain = ("W1", "z1", "a1", "z2", "L")
    assert fillings(NETWORK, chain, ()) == 1
    assert fillings(NETWORK, chain, (0,)) > 1
    graph, start = NETWORK, ("z1", "a1", "z2", "L")
    factors = (expr("diag(1 - a1 ** 2)"), expr("W2.T"))
    assert len(prove(ChainClaim(graph, start, factors, denominator=True, hidden=(1,)))) >= 2
    ambiguous = ChainClaim(graph, start, factors, denominator=True, hidden=(0,))
    with pytest.raises(CertificateError, match="only one filling"):
        prove(ambiguous)


def test_a_chain_past_a_fork_is_no_chain() -> None:
    """Through one branch of a fork goes only a part of the gradient."""
    assert not separates(SKIP, "z1", "a1", "L")
    assert separates(SKIP, "z1", "s", "L")
    assert not separates(SKIP, "s", "z1", "L")
    assert not separates(SKIP, "s", "s", "L")
    assert fillings(SKIP, ("z1", "a1", "L"), ()) == 0


def test_what_does_not_follow_stays_open() -> None:
    """Shapes that the shown ones do not settle are None, and the others are exact."""
    known = infer_from_shown(NETWORK, ("x", "y", "z1"))
    assert known["W1"] == shape(4, 5)
    assert known["a1"] == shape(4)
    assert known["W2"] == shape(3, 4)
    opened = infer_from_shown(NETWORK, ("x", "y"))
    assert opened["z1"] is None
    assert opened["W1"] is None
    assert opened["W2"] is None
    assert opened["z2"] == shape(3)


def test_a_rule_is_tried_where_it_matters() -> None:
    """The point of a proof is off the kink and has entries on both sides of it."""
    graph = network("z: input[64]\nout = relu(z)")
    site = site_of(cast("Call", graph.expr("out")), Name("out"), graph.shapes)
    assert isinstance(site.args[0], Name)
    always = call("diag", call("greater_equal", Name("z"), Number(cast("Fraction", -1000))))
    claim = Equation(graph, Quantity("out", "z"), (always,), layout="denominator")
    with pytest.raises(CertificateError):
        prove(claim)
