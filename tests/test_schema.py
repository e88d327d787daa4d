"""The JSON Schema of manifests: it is that of the types, every set keeps to it, and it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from exgen import resources
from exgen.banks import bank_names
from exgen.manifest import manifest_bytes
from exgen.pipeline import build, load
from exgen.schema import manifest_schema, pages
from tests.test_manifest import places

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted(str(path) for path in (ROOT / "docs" / "examples").glob("*.toml"))
SCHEMA = Draft202012Validator(manifest_schema())


@pytest.mark.parametrize("name", pages())
def test_the_pages_are_those_of_the_types(name: str) -> None:
    """What ``docs/`` has is what ``python -m exgen.schema`` writes."""
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == pages()[name]


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
