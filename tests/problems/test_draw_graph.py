"""The kind ``draw_graph``: one arrow for each use of a quantity."""

from __future__ import annotations

import pytest

from exgen import resources
from exgen.certify.arrows import EDGES, ArrowsClaim, moved
from exgen.certify.prove import prove
from exgen.errors import CertificateError, KindError
from exgen.figures.computation import uses
from exgen.problems import KINDS
from exgen.seeds import Stream
from tests.problems.setting import NETWORKS, NOTATIONS, graph_of, piece, solve, solved

SCALARS = "w: param\nx: input\nb: param\nt: target\nz = w * x + b\ny = x + tanh(z)\nL = (y - t) ** 2 / 2\n"  # noqa: E501
TWIN = (resources.banks() / "networks" / "twin.net").read_text().replace("f(", "relu(")


def test_by_hand() -> None:
    """In z = w x + b, y = x + tanh z there are seven arrows, two of them from x."""
    (answer,) = solve("draw_graph", SCALARS, {}).answers
    assert answer.expr == "w -> z; x -> z; b -> z; x -> y; z -> y; t -> L; y -> L"


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("text", [*NETWORKS, TWIN])
def test_every_arrow_is_proven(text: str, notation: str) -> None:
    """For any network the arrows are those that reading and moving its quantities show."""
    (answer,) = solved("draw_graph", text, 1, notation).answers
    assert isinstance(answer.claim, ArrowsClaim)
    assert moved(graph_of(text)) == set(answer.claim.found)


def test_shared_leaves_are_named() -> None:
    """The key says which quantities are used twice: W1 and b1 of the twin network."""
    shared = piece(solve("draw_graph", TWIN, {}), "drawing")["shared"]
    assert [(item["symbol"].tex, item["count"]) for item in shared] == [
        (r"\mathbf{W}^{[1]}", 2),
        (r"\mathbf{b}^{[1]}", 2),
    ]


def test_a_forward_pass_entry_by_entry() -> None:
    """The graph of whole arrays may be asked for lines in index form; the arrows are the same."""
    whole = solve("draw_graph", TWIN, {})
    by_entry = solve("draw_graph", TWIN, {"entries": True})
    assert by_entry.answers[0].expr == whole.answers[0].expr
    assert piece(by_entry, "entries")["entries"][0]["left"].tex == "m_{a,j}"
    stream = Stream(1, "test")
    assert KINDS["draw_graph"].sample(graph_of(TWIN), {"entries": True}, stream) == {
        "entries": True
    }


@pytest.mark.parametrize("change", ["left out", "added", "turned", "twice"])
def test_wrong_arrows_are_refused(change: str) -> None:
    """An arrow too few, too many, the wrong way round, or drawn twice cannot be proven."""
    graph = graph_of(SCALARS)
    edges = uses(graph)
    wrong = {
        "left out": edges[:-1],
        "added": (*edges, ("w", "y")),
        "turned": (*edges[1:], ("z", "w")),
        "twice": (*edges, edges[0]),
    }[change]
    with pytest.raises(CertificateError, match="arrow"):
        prove(ArrowsClaim(graph, EDGES, wrong))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x: input\ny = relu(x)\n", "one line"),
        ("x: input\nu: input\ny = relu(x)\nL = y ** 2\n", "'u' is read by no line"),
        ("\n".join(["v0: input", *(f"v{n + 1} = relu(v{n})" for n in range(45))]), "does not fit"),
    ],
)
def test_refusals(text: str, message: str) -> None:
    """A network without a graph worth drawing is refused with what is needed instead."""
    with pytest.raises(KindError, match=message):
        KINDS["draw_graph"].sample(graph_of(text), {}, Stream(1, "test"))
