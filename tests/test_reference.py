"""The reference: it is made of the types, its examples are legal, manifests keep to the schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from exgen import resources
from exgen.banks import bank_names, load_bank
from exgen.errors import BankError
from exgen.manifest import manifest_bytes
from exgen.pipeline import build, load
from exgen.reference import TABLES, keys_of, manifest_schema, pages
from exgen.strict import toml
from tests.test_manifest import places

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted(str(path) for path in (ROOT / "docs" / "examples").glob("*.toml"))
SCHEMA = Draft202012Validator(manifest_schema())
NETWORK = "x: input[2]\\nW: param[2, 2]\\nz = W @ x\\nL = sum(relu(z))"
BANK: dict[str, dict[str, str]] = {
    "The file": {"title": '"T"', "course": '"C"', "notation": '"base"'},
    "[page]": {},
    "[networks.NAME]": {"text": f'"{NETWORK}"'},
    "[[problems]]": {"id": '"one"', "kind": '"grid"', "network": '"mlp"'},
}
CASES = [
    pytest.param(title, field.encode_name, example, id=f"{title}: {field.encode_name}")
    for title, kind, _ in TABLES
    for field, said in keys_of(kind)
    for example in said.get("examples", [])
]


@pytest.mark.parametrize("name", pages())
def test_the_pages_are_those_of_the_types(name: str) -> None:
    """What ``docs/`` has is what ``python -m exgen.reference`` writes."""
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == pages()[name]


def written(folder: Path, changes: dict[str, dict[str, str]]) -> Path:
    """Write a bank of one network and three problems, with other values for some keys."""
    tables = {title: {**keys, **changes.get(title, {})} for title, keys in BANK.items()}
    lines = {
        title: "\n".join(f"{key} = {value}" for key, value in keys.items())
        for title, keys in tables.items()
    }
    others = "".join(
        f"\n[[problems]]\nid = '{name}'\nkind = 'grid'\nnetwork = 'mlp'\ndifficulty = 'easy'"
        for name in ("two", "three")
    )
    path = folder / "bank.toml"
    path.write_text(
        f"{lines['The file']}\n[page]\n{lines['[page]']}\n[networks.mlp]\n"
        f"{lines['[networks.NAME]']}\n[[problems]]\n{lines['[[problems]]']}{others}\n"
    )
    return path


@pytest.mark.parametrize(("title", "key", "example"), CASES)
def test_each_example_is_legal(tmp_path: Path, title: str, key: str, example: object) -> None:
    """A bank with the example in its place can be loaded."""
    changes = {title: {key: toml(example)}}
    if key == "file":
        (tmp_path / str(example)).write_text(NETWORK.replace("\\n", "\n"))
        changes[title]["text"] = ""
    (tmp_path / "logo.png").write_bytes((ROOT / "docs" / "page.png").read_bytes())
    path = written(tmp_path, changes)
    path.write_text(path.read_text().replace("text = \n", ""))
    assert load_bank(path)
    path.write_text(path.read_text().replace(f"{key} = ", f"{key}s = "))
    says = "must be given" if key == "kind" else f"there is no key '{key}s' here"
    with pytest.raises(BankError, match=says):
        load_bank(path)


@pytest.mark.parametrize("name", [*bank_names(resources.banks()), *EXAMPLES])
def test_manifests_keep_to_the_schema(name: str) -> None:
    """Those of every set, and of every example."""
    made = build(*load(name, None), 1)
    content = json.loads(manifest_bytes(made, {"problems.tex": b""}))
    assert [f"{error.json_path}: {error.message}" for error in SCHEMA.iter_errors(content)] == []


def test_the_schema_can_refuse() -> None:
    """It misses each field of the document that is left out, and knows no other."""
    content: Any = json.loads(manifest_bytes(build(*load("2", None), 1, only="two-jacobians"), {}))
    free = ("draws", "fields", "rejected", "versions", "files")
    for way in list(places(content)):
        if isinstance(way[-1], int) or any(part in free for part in way[:-1]):
            continue
        above = content
        for key in way[:-1]:
            above = above[key]
        kept = above.pop(way[-1])
        assert not SCHEMA.is_valid(content), way
        above |= {"more": 1, way[-1]: kept}
        assert not SCHEMA.is_valid(content), way
        del above["more"]
    assert SCHEMA.is_valid(content)
