"""The kind ``write_out``: both passes of a drawn network of units."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from exgen import resources
from exgen.certify.prove import prove
from exgen.errors import CertificateError, KindError
from exgen.language import read_expression
from exgen.problems import KINDS
from exgen.problems.units import units_of
from exgen.seeds import Stream
from tests.problems.setting import NOTATIONS, TWO_LAYERS, graph_of, solved

if TYPE_CHECKING:
    from exgen.certify.prove import Claim

FOLDER = resources.banks() / "networks"
FILES = sorted(path.name for path in FOLDER.glob("units_*.net"))


def altered(claim: Claim | None, **changes: object) -> Claim:
    """Return a claim with something changed."""
    assert claim is not None
    return replace(claim, **changes)  # type: ignore[type-var]


def read(name: str, function: str = "relu") -> str:
    """Return a network of units with its functions filled in."""
    text = (FOLDER / name).read_text()
    return text.replace("f(", f"{function}(").replace("loss(y)", "squared_error(y, t)")


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("name", FILES)
def test_every_line_is_proven(name: str, notation: str) -> None:
    """Each network of a bank has a line for every quantity but the inputs, all proven."""
    text = read(name, "tanh")
    solution = solved("write_out", text, 1, notation)
    graph = graph_of(text)
    lines = {f"output.{b.name}" for b in graph.bindings[:-1]}
    lines |= {f"L.{b.name}.upstream" for b in graph.bindings}
    lines |= {f"L.{leaf.name}.upstream" for leaf in graph.leaves if leaf.role == "param"}
    assert {answer.name for answer in solution.answers} == lines


def test_units_read_off() -> None:
    """A missing connection is missing from the arrows, and a bias is no arrow."""
    sparse = {u.name: u.arrows for u in units_of(graph_of(read("units_2221_sparse.net")))}
    assert sparse["h_4"] == (("h_2", "w_7"),)
    biased = units_of(graph_of(read("units_221_bias.net")))
    assert [unit.bias for unit in biased] == ["b_1", "b_2", "b_3"]


def test_fan_out_is_summed() -> None:
    """h_1 of the deep network feeds two units, so its gradient has two terms."""
    found = {a.name: a.expr for a in solved("write_out", read("units_2221.net"), 1).answers}
    assert found["L.h_1.upstream"] == "derivative(L, m_4) * w_7 + derivative(L, m_3) * w_5"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TWO_LAYERS, "not every quantity"),
        ("x: input\nw: param\nt: target\nm = w * x\nL = (m - t) ** 2\n", "no activation"),
        ("x: input\nw: param\nm = w * x * x\nh = relu(m)\nL = h ** 2\n", "not a sum of weights"),
        ("x: input\nw: param\nt: input\nm = w * x\nh = relu(m)\nL = t ** 2\n", "last line"),
        (
            "x: input\nu: input\nw: param\nm = w * x + w * u\nh = relu(m)\nL = h ** 2\n",
            "two arrows",
        ),
        (read("units_221_bias.net").replace(" + b_2", ""), "only some units"),
    ],
)
def test_refusals(text: str, message: str) -> None:
    """A network that is not made of scalar units is refused with what is needed instead."""
    with pytest.raises(KindError, match=message) as caught:
        KINDS["write_out"].sample(graph_of(text), {}, Stream(1, "test"))
    assert caught.value.remedy


def test_wrong_lines_are_refused() -> None:
    """A forward line with two weights swapped and a gradient that drops a path are not proven."""
    text = read("units_2221.net")
    graph = graph_of(text)
    claims: Any = {answer.name: answer.claim for answer in solved("write_out", text, 1).answers}
    swapped = read_expression("w_2 * x_1 + w_1 * x_2", graph)
    _, drawn = claims["output.m_1"].rights
    with pytest.raises(CertificateError, match="right side 1"):
        prove(altered(claims["output.m_1"], rights=(swapped, drawn)))
    with pytest.raises(CertificateError):
        prove(altered(claims["output.h_1"], rights=(read_expression("tanh(m_1)", graph),)))
    dropped = read_expression("derivative(L, m_3) * w_5", graph)
    with pytest.raises(CertificateError):
        prove(altered(claims["L.h_1.upstream"], rights=(dropped,)))
