"""Every kind of problem is complete: wording, a place in a set, and tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from exgen import presets, resources
from exgen.banks import bank_names, load_bank
from exgen.problems import KINDS, table

BANKS = [load_bank(resources.banks() / f"{name}.toml") for name in bank_names(resources.banks())]


@pytest.mark.parametrize("name", sorted({*KINDS} - {"text"}))
def test_a_kind_is_complete(name: str) -> None:
    """A kind has a template, a problem in a set that comes with exgen, and tests."""
    assert KINDS[name].name == name
    assert KINDS[name].summary
    folder = resources.templates()
    wording = [folder / "problems" / f"{name}.tex.j2", folder / "presets" / f"{name}.txt.j2"]
    assert sum(path.is_file() for path in wording) == 1
    assert any(problem.kind.name == name for bank in BANKS for problem in bank.problems)
    tests = Path(__file__).parents[1]
    homes = tests / "problems" / f"test_{name}.py", tests / "asks" / "cases" / f"{name}.md"
    assert any(path.is_file() for path in homes)


def test_the_table_names_every_kind() -> None:
    """The names are those of the modules that hold a kind, and a kind keeps its module's name."""
    modules = [
        *Path(table.__file__).parent.glob("*.py"),
        *Path(presets.__file__).parent.glob("*.py"),
    ]
    assert sorted({*KINDS} - {"text"}) == sorted(
        path.stem
        for path in modules
        if re.search(r"^KIND = (?:Kind|preset)\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert len(set(table.NAMES)) == len(table.NAMES)
    assert "nothing" not in KINDS
    with pytest.raises(KeyError):
        KINDS["nothing"]


def test_the_rules_of_networks_are_those_of_all_kinds() -> None:
    """The table states them, so that a set need not import every kind."""
    assert set(table.NETWORK_RULES) == {r for kind in KINDS.values() for r in kind.network_rules}


def test_every_template_has_a_kind() -> None:
    """A template that no kind uses is a leftover; some hold wording that kinds share."""
    templates = {
        path.name.partition(".")[0] for path in (resources.templates() / "problems").glob("*.j2")
    }
    assert templates - {"forward", "entries", "concepts"} <= KINDS.keys()
