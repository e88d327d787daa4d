"""The reference: current, complete, and every example of it is legal and can be made."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from msgspec import inspect

from exgen.asks.table import ASKS, SHOWS, Ask, Show
from exgen.banks import load_bank
from exgen.pipeline import build, load_profile
from exgen.reference import NETWORK, ON_SCALARS, SCALARS, TABLES, reference, told

DOCS = Path(__file__).parent.parent / "docs"
ROWS = [*SHOWS.values(), *ASKS.values()]


def test_it_is_current() -> None:
    """The page in docs/ is what the code says."""
    assert (DOCS / "reference.md").read_text(encoding="utf-8") == reference()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_example_of_a_phrase(row: Show | Ask, tmp_path: Path) -> None:
    """Each example of a show or an ask makes a problem, and what is asked is answered."""
    path = tmp_path / "one.toml"
    network = SCALARS if row.name in ON_SCALARS else NETWORK
    before = "{show rounding} {show circuit}" if row.name == "every" else "{show shapes z1, x}"
    path.write_text(
        f'title = "T"\ncourse = "C"\nnotation = "base"\n[networks.n]\ntext = """\n{network}"""\n'
        '[[problems]]\nid = "p"\nnetwork = "n"\n'
        f"text = '''{before}\n{row.example}'''\n"
    )
    (problem,) = build(load_bank(path), load_profile("base"), 1).problems
    assert bool(problem.answers) == (row in ASKS.values())


@pytest.mark.parametrize(
    ("struct", "key"),
    [
        pytest.param(struct, part, id=f"{title}: {part.encode_name}")
        for title, struct in TABLES
        for part in inspect.type_info(struct).fields  # type: ignore[attr-defined]
    ],
)
def test_the_example_of_a_key(struct: type[msgspec.Struct], key: inspect.Field) -> None:
    """A key has a type and a sentence, and each of its examples is legal."""
    about = told(key)
    assert about["title"]
    assert about["description"].endswith(".")
    types = msgspec.structs.fields(struct)
    kind = next(part.type for part in types if part.encode_name == key.encode_name)
    for example in about.get("examples", ()):
        msgspec.convert(example, kind)
