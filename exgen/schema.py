"""The JSON Schema of a manifest, and the page of its fields, made from the types of the document.

``python -m exgen.schema`` writes both to ``docs/``; a test compares them.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import inspect

from exgen.derive.notation import CHOICES
from exgen.document import (
    SCHEMA,
    UNSTORED,
    Agreement,
    Answer,
    Mistake,
    Part,
    Problem,
    ProblemSet,
    Step,
    Tex,
)
from exgen.page import Page

ABOUT = f"""\
# The manifest

<!-- made by python -m exgen.schema -->

`exgen make` writes `manifest.json` beside its files. It holds what decides the document (sizes,
draws, notation, page) and the whole document that followed from it. `exgen verify` solves the
first again, and compares the second.

[manifest.schema.json](manifest.schema.json) has the same as a JSON Schema. No field may be
missing, and there is no other. This is schema {SCHEMA}; a manifest of another one is refused."""
PARTS = (ProblemSet, Problem, Part, Answer, Step, Mistake, Agreement, Tex, Page)
"""What a manifest holds, from the outside in."""


class FileHash(msgspec.Struct):
    """What is recorded of a file.

    Attributes:
        sha256: the hash of its bytes.

    """

    sha256: str


class Recorded(msgspec.Struct):
    """A manifest.

    Attributes:
        schema: the version of this layout.
        set: the whole document, and what decides it.
        files: the hash of each file that was made, by its name.

    """

    schema: Literal[SCHEMA]  # type: ignore[valid-type]
    set: ProblemSet
    files: dict[str, FileHash]


def manifest_schema() -> dict[str, Any]:
    """Return the JSON Schema of manifests: every field must be there, and no other."""
    (top,), parts = msgspec.json.schema_components([Recorded], ref_template="#/$defs/{name}")
    for kind in (Recorded, FileHash, *PARTS):
        part = parts[kind.__name__]
        about, unstored = described(kind), unstored_of(kind)
        part["description"] = summary(kind)
        part["properties"] = {
            name: {**value, **({"description": about[name]} if name in about else {})}
            for name, value in part["properties"].items()
            if name not in unstored
        }
        part |= {"required": [*part["properties"]], "additionalProperties": False}
        for value in part["properties"].values():
            value.pop("default", None)
    parts["ProblemSet"]["properties"]["notation"] |= {
        "properties": {name: {"enum": list(legal)} for name, legal in CHOICES.items()}
        | {"name": {"type": "string"}, "title": {"type": "string"}},
        "required": [*CHOICES, "name", "title"],
        "additionalProperties": False,
    }
    draft = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": draft, "title": "The manifest of a problem set", **top, "$defs": parts}


def summary(kind: type) -> str:
    """Return the first line of a docstring."""
    return (kind.__doc__ or "").partition("\n")[0]


def described(kind: type) -> dict[str, str]:
    """Return what docstrings, or annotations, say of each field of a class."""
    found: dict[str, str] = {}
    for part in reversed(kind.__mro__):
        _, _, listed = (part.__doc__ or "").partition("Attributes:\n")
        for name, text in re.findall(r"^        (\w+): (.*(?:\n {12}.*)*)", listed, re.MULTILINE):
            told = " ".join(text.split()).replace("``", "`").replace("None ", "null ")
            found[name] = told[:1].upper() + told[1:]
    info = inspect.type_info(kind)
    for field in getattr(info, "fields", ()):
        if isinstance(field.type, inspect.Metadata):
            said = (field.type.extra_json_schema or {}).get("description")
            if said:
                found[field.encode_name] = said
    return found


def unstored_of(kind: type) -> set[str]:
    """Return the fields that no manifest has."""
    fields = getattr(kind, "__dataclass_fields__", {})
    return {name for name, field in fields.items() if field.metadata == UNSTORED}


def manifest_page() -> str:
    """Return the page about manifests: each field in a line."""
    lines = [ABOUT]
    schema = manifest_schema()["$defs"]
    for kind in (Recorded, FileHash, *PARTS):
        part = schema[kind.__name__]
        lines += ["", f"## {kind.__name__}", "", summary(kind), "", "| field | is | says |"]
        lines += ["|---|---|---|"]
        lines += [
            f"| `{name}` | {_sort(value)} | {_cell(value.get('description', ''))} |"
            for name, value in part["properties"].items()
        ]
    return "\n".join(lines) + "\n"


def _sort(schema: dict[str, Any]) -> str:
    """Return a JSON Schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(map(_sort, schema["anyOf"]))
    if "enum" in schema:
        return " or ".join(f"`{json.dumps(value)}`" for value in schema["enum"])
    if schema.get("type") == "array":
        inner = schema.get("items") or {}
        return f"list of {_sort(inner)}" if inner else "list"
    if schema.get("type") == "object":
        inner = schema.get("additionalProperties") or {}
        return f"object of {_sort(inner)}" if inner else "object"
    words = {"integer": "whole number", "boolean": "true or false", "string": "text"}
    sort = str(schema.get("type", "any JSON"))
    return words.get(sort, sort)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def pages() -> dict[str, str]:
    """Return every file of ``docs/`` that is made from the types, by its name."""
    schema = json.dumps(manifest_schema(), indent=1, ensure_ascii=False) + "\n"
    return {
        "manifest.md": manifest_page(),
        "manifest.schema.json": schema,
    }


def main() -> None:
    """Write the files."""
    for name, text in pages().items():
        (Path(__file__).parent.parent / "docs" / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
