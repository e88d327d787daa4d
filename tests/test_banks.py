"""Banks: what an author writes is what is drawn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exgen import resources
from exgen.banks import bank_names, find_bank, load_bank
from exgen.derive.notation import load_notation
from exgen.draw import draw_networks
from exgen.errors import AcceptanceError, BankError
from exgen.pipeline import settings

if TYPE_CHECKING:
    from pathlib import Path

    from exgen.tables import Bank

HEAD = 'title = " T "\ncourse = "C"\nnotation = "base"\n'
PROBLEM = "[[problems]]\nid = 'p'\nkind = 'local_jacobian'\nnetwork = 'n'\n"


def bank(folder: Path, network: str, problems: str = PROBLEM) -> Bank:
    """Load a bank with one network."""
    path = folder / "bank.toml"
    quoted = network.replace("'", '"')
    path.write_text(f"{HEAD}[networks.n]\n{quoted}\n{problems}")
    return load_bank(path)


@pytest.mark.parametrize("name", bank_names(resources.banks()))
def test_the_sets_that_come_with_exgen(name: str) -> None:
    """Every one can be loaded and drawn from."""
    loaded = load_bank(resources.banks() / f"{name}.toml")
    assert loaded.name == name
    assert draw_networks(loaded, 1)


def test_a_set_is_found_by_number_by_name_and_by_path(tmp_path: Path) -> None:
    """``2`` and ``set2`` mean the set that comes with exgen, a path means itself."""
    folder = resources.banks()
    assert find_bank("2", folder) == find_bank("set2", folder) == folder / "set2.toml"
    (tmp_path / "set2.toml").touch()
    assert find_bank(str(tmp_path / "set2.toml"), folder) == tmp_path / "set2.toml"


def test_a_name_cannot_lead_out_of_the_folder() -> None:
    """Only names of files in the folder are names of sets."""
    for name in ("..", ".", "", "../pyproject"):
        with pytest.raises(BankError):
            find_bank(name, resources.banks())


def test_defaults(tmp_path: Path) -> None:
    """A problem counts a point a part and covers nothing unless its author says so."""
    loaded = bank(tmp_path, "text = 'z: input[3]\\na = relu(z)'")
    (problem,) = loaded.problems
    assert (problem.points, problem.covers, dict(problem.options)) == (None, (), {})
    assert loaded.title == "T"


def test_what_is_drawn_from(tmp_path: Path) -> None:
    """Ranges include both ends and keep their step; one value is a list of one."""
    loaded = bank(
        tmp_path,
        "text = 'z: input[n]\\nb: param[k]\\nW: param[m, n]\\na = f(W @ z)'\n"
        "draw.n = { from = 4, to = 10, step = 3 }\ndraw.k = 5\ndraw.m = [7, 8]\n"
        "draw.f = ['relu', 'lrelu(_, 0.1)']",
    )
    assert loaded.networks["n"].draw == {
        "n": (4, 7, 10),
        "k": (5,),
        "m": (7, 8),
        "f": ("relu", "lrelu(_, 0.1)"),
    }


def test_every_choice_is_drawn(tmp_path: Path) -> None:
    """Over many seeds nothing that may be drawn is left out."""
    loaded = bank(
        tmp_path, "text = 'z: input[n]\\na = f(z)'\ndraw.n = [3, 4, 5]\ndraw.f = ['relu', 'exp']"
    )
    drawn = {tuple(draw_networks(loaded, seed)["n"].draws.values()) for seed in range(60)}
    assert drawn == {(n, f) for n in (3, 4, 5) for f in ("relu", "exp")}


def test_one_of_several_texts(tmp_path: Path) -> None:
    """A network may have several texts; the manifest says which was drawn."""
    loaded = bank(tmp_path, "text = ['z: input[3]\\na = relu(z)', 'z: input[3]\\na = tanh(z)']")
    draws = [draw_networks(loaded, seed)["n"] for seed in range(20)]
    assert {network.draws["text"] for network in draws} == {0, 1}
    for network in draws:
        (binding,) = network.graph.bindings
        assert ("relu", "tanh")[network.draws["text"]] in repr(binding.expr)


NAMED = (
    "text = 'x: input[3]\\nW: param[2, 3]\\nz1 = W @ x\\na1 = f(z1)\\nz_s = a1'\ndraw.f = 'relu'\n"
)


def test_names_are_drawn(tmp_path: Path) -> None:
    """A letter is drawn for all names that begin with it, and no two letters come out alike."""
    loaded = bank(tmp_path, f"{NAMED}names.z = ['z', 'm']\nnames.a = ['m', 'h']")
    drawn = [draw_networks(loaded, seed)["n"] for seed in range(40)]
    assert {network.graph.names for network in drawn} == {
        ("x", "W", "z1", "m1", "z_s"),
        ("x", "W", "z1", "h1", "z_s"),
        ("x", "W", "m1", "h1", "m_s"),
    }
    for network in drawn:
        assert network.graph.loss == network.graph.names[-1]
        assert network.names == network.draws.get("names", {})
        assert [b.name for b in network.graph.bindings] == list(network.graph.names[2:])
        assert set(network.graph.shapes) == set(network.graph.names)


def test_options_speak_of_drawn_names(tmp_path: Path) -> None:
    """The author's names in a problem's options become those that were drawn."""
    problem = f"{PROBLEM}ask = [['a1', 'z1']]\n"
    loaded = bank(tmp_path, f"{NAMED}names.z = ['m']\nnames.a = ['h']", problem)
    notation = load_notation("base", resources.notations())
    ((entry, network, _),) = settings(loaded, notation, 1)
    assert entry.options == {"ask": [["h1", "m1"]]}
    assert network.names == {"z1": "m1", "z_s": "m_s", "a1": "h1"}


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ("names.q = ['s']", "no name of the network begins with q alone"),
        ("names.z = ['x']", "nothing to draw that is not taken"),
        ("names.z = ['z1']", "a name begins with letters alone"),
        ("names.z = 3", "must be text"),
        ("names = 'z'", "'names' must be a table"),
    ],
)
def test_names_that_cannot_be_drawn(tmp_path: Path, names: str, says: str) -> None:
    """Letters that no name begins with, or that are taken, are errors that say so."""
    with pytest.raises(BankError, match=says):
        draw_networks(bank(tmp_path, NAMED + names), 1)


def test_a_network_in_a_file(tmp_path: Path) -> None:
    """``file`` is looked for beside the bank."""
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "a.net").write_text("z: input[3]\na = relu(z)\n")
    loaded = bank(tmp_path, "file = 'nets/a.net'")
    assert list(draw_networks(loaded, 1)["n"].graph.names) == ["z", "a"]


def test_rejected_draws_are_counted(tmp_path: Path) -> None:
    """A draw that breaks a rule is drawn anew, and the number of tries is kept."""
    text = "text = 'z: input[n]\\nW: param[m, n]\\na = W @ z'\naccept = ['distinct_dims']\n"
    loaded = bank(tmp_path, f"{text}draw.n = [3, 4]\ndraw.m = [3, 4]")
    networks = [draw_networks(loaded, seed)["n"] for seed in range(40)]
    assert all(network.draws["n"] != network.draws["m"] for network in networks)
    assert min(network.tries for network in networks) == 1
    assert max(network.tries for network in networks) > 1


def test_acceptance_that_cannot_be_met(tmp_path: Path) -> None:
    """The tries are bounded, and the message counts which rule rejected how many."""
    text = "text = 'z: input[n]\\nW: param[m, n]\\na = W @ z'\naccept = ['distinct_dims']\n"
    loaded = bank(tmp_path, f"{text}draw.n = 3\ndraw.m = 3")
    with pytest.raises(AcceptanceError, match="distinct_dims 500"):
        draw_networks(loaded, 1)


def test_problems_share_a_network(tmp_path: Path) -> None:
    """Two problems about one network speak of the same sizes."""
    second = PROBLEM.replace("'p'", "'q'")
    loaded = bank(
        tmp_path, "text = 'z: input[n]\\na = relu(z)'\ndraw.n = [3, 4, 5]", PROBLEM + second
    )
    assert list(draw_networks(loaded, 1)) == ["n"]


def test_a_network_that_nobody_asks_about_is_not_drawn(tmp_path: Path) -> None:
    """Networks may wait for their problems."""
    loaded = bank(
        tmp_path, "text = 'z: input[3]\\na = relu(z)'\n[networks.m]\ntext = 'x: input[2]\\nb = x'"
    )
    assert list(draw_networks(loaded, 1)) == ["n"]
