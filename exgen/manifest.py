"""The manifest of a set as JSON: what decides the document, what followed, and hashes of its files.

What decides it is read strictly: what is not exactly of this schema is refused, with the place
where it is not. What followed is kept as it stands there, to be compared with what follows.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, fields
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from msgspec import to_builtins

from exgen.derive.notation import Notation, restored_notation
from exgen.document import SCHEMA, ProblemInputs, ProblemSet, SetInputs, to_json
from exgen.errors import BankError, DataError, ManifestError, NotationError, nearest, retold
from exgen.files import read as read_file
from exgen.files import reason
from exgen.languages import load_language
from exgen.page import LOGO, Page
from exgen.problems.table import NAMES
from exgen.strict import read, shown
from exgen.tables import ID
from exgen.write import MANIFEST, is_plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MAX_BYTES = 64 * 2**20
MAX_DEPTH = 100
MAX_DIGITS = 20
TOP = ("schema", "set", "files")
NOT_OURS = "Name a folder that 'exgen make' wrote, or its manifest.json."
AGAIN = "Take the manifest from a backup, or make the set again with 'exgen make'."
SOURCES = ("problems.tex", "solutions.tex")
"""The files that every manifest lists."""


MAX_DRAWN = 10**6
"""No number is drawn that is larger, or has more digits than this has."""
NUMERIC = re.compile(r"[-+\d._/eE\s]+")
DRAWN = re.compile(r"[-+]?\d{1,40}(\.\d{1,40})?(/\d{1,40})?|[eE]+")
"""A drawn number as text. One with an exponent could be of any length."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that was read.

    Attributes:
        folder: where the files it lists should be.
        inputs: what decides the set besides its problems.
        problems: what decides each problem.
        notation: how the set is written.
        recorded: the whole set, as it is recorded.
        files: the hash of each file, as recorded.

    """

    folder: Path
    inputs: SetInputs
    problems: tuple[ProblemInputs, ...]
    notation: Notation
    recorded: Mapping[str, Any]
    files: Mapping[str, str]


def manifest_bytes(problem_set: ProblemSet, files: Mapping[str, bytes]) -> bytes:
    """Return the manifest of a set and of the files that were made of it."""
    content = {
        "schema": SCHEMA,
        "set": to_json(problem_set),
        "files": {name: {"sha256": digest(data)} for name, data in sorted(files.items())},
    }
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def digest(data: bytes) -> str:
    """Return the hash of a file."""
    return sha256(data).hexdigest()


def read_manifest(path: Path) -> Manifest:
    """Read the manifest of a folder, or a manifest by its own path.

    Raises:
        ManifestError: there is none, it is not one of exgen's, or of another version.

    """
    file = path / MANIFEST if path.is_dir() or not path.exists() else path
    content = _load(file)
    try:
        return _manifest(file, content)
    except DataError as error:
        where = error.path.removeprefix(".")
        place = f"{file}: {where}" if where else str(file)
        raise ManifestError(error.message, place=place, remedy=error.remedy or AGAIN) from None


def _load(file: Path) -> Any:  # noqa: ANN401 - any JSON
    """Return the JSON of a file, within limits."""
    try:
        raw = read_file(file, MAX_BYTES)
        if len(raw) > MAX_BYTES:
            raise ManifestError("this file is too large", place=str(file), remedy=NOT_OURS)
        text = raw.decode()
        content = json.loads(
            text,
            parse_int=_whole,
            parse_float=_finite,
            parse_constant=_finite,
            object_pairs_hook=_once,
        )
        # Half a character, which JSON can write, is no text and cannot be printed.
        json.dumps(content, ensure_ascii=False).encode()
    except FileNotFoundError:
        raise ManifestError("there is no manifest here", place=str(file), remedy=NOT_OURS) from None
    except OSError as error:
        says = f"this cannot be read: {reason(error).lower()}"
        raise ManifestError(says, place=str(file)) from None
    except json.JSONDecodeError as error:
        place = f"{file}:{error.lineno}:{error.colno}"
        raise ManifestError(f"this is not JSON: {error.msg}", place=place, remedy=AGAIN) from None
    except UnicodeError:
        raise ManifestError("this is not text in UTF-8", place=str(file), remedy=AGAIN) from None
    except ValueError as error:
        raise ManifestError(str(error), place=str(file), remedy=AGAIN) from None
    except RecursionError:
        raise ManifestError("this is nested too deeply", place=str(file), remedy=AGAIN) from None
    level = [content]
    for _ in range(MAX_DEPTH):
        level = [inner for part in level for inner in _inside(part)]
    if level:
        raise ManifestError("this is nested too deeply", place=str(file), remedy=AGAIN)
    return content


def _inside(part: object) -> Iterator[object]:
    if isinstance(part, dict):
        yield from part.values()
    elif isinstance(part, list):
        yield from part


def _whole(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError("it holds a number that is too large")
    return int(text)


def _finite(text: str) -> float:
    if not math.isfinite(float(text)):
        raise ValueError(f"it holds a number that is not finite: {text[:MAX_DIGITS]}")
    return float(text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"it holds '{key}' twice in one object")
        found[key] = value
    return found


def _manifest(file: Path, content: Any) -> Manifest:  # noqa: ANN401 - any JSON
    if not isinstance(content, dict) or "schema" not in content:
        raise DataError("this is not a manifest of exgen's", "", NOT_OURS)
    schema = content["schema"]
    if type(schema) is not int or schema != SCHEMA:
        made = "'exgen make --set … --seed …'"
        raise DataError(
            f"this manifest is of schema {shown(schema)}, and this exgen reads schema {SCHEMA}",
            ".schema",
            f"Use the exgen it was made with, or make the set again: {made}.",
        )
    for key in (*TOP, *content):
        if key not in content or key not in TOP:
            says = f"'{key}' is missing" if key in TOP else f"there is no '{key}' here"
            raise DataError(says, "")
    inputs, problems = _inputs(content["set"])
    with retold(partial(DataError, path=".set.notation"), NotationError):
        notation = restored_notation(inputs.notation)
    with retold(partial(DataError, path=".set.language"), BankError):
        load_language(inputs.language)
    listed = read(dict[str, dict[str, str]], content["files"], ".files")
    for name, part in listed.items():
        if not is_plain(name) or part.keys() != {"sha256"}:
            raise DataError(f"'{name[:MAX_DEPTH]}' is no file with its hash", ".files")
    for name in SOURCES:
        if name not in listed:
            raise DataError(f"'{name}' is missing", ".files")
    files = {name: part["sha256"] for name, part in listed.items()}
    return Manifest(file.parent, inputs, problems, notation, content["set"], files)


def _inputs(data: Any) -> tuple[SetInputs, tuple[ProblemInputs, ...]]:  # noqa: ANN401 - any JSON
    """Return what decides a set and each of its problems."""
    inputs = _decided(SetInputs, data, ".set")
    if not isinstance(data.get("problems"), list):
        raise DataError("there is no list of problems", ".set")
    if "exgen" not in inputs.versions:
        raise DataError("the version of exgen is missing", ".set.versions")
    problems: list[ProblemInputs] = []
    for place, part in enumerate(data["problems"]):
        path = f".set.problems[{place}]"
        problem = _decided(ProblemInputs, part, path)
        if problem.name in {other.name for other in problems}:
            raise DataError(f"{shown(problem.name)} is there twice", f"{path}.name")
        if problem.kind not in NAMES:
            said = f"there is no kind {shown(problem.kind)}"
            raise DataError(said, f"{path}.kind", nearest(problem.kind, NAMES))
        if not re.match(ID, problem.name):
            raise DataError(f"{shown(problem.name)} is no name of a problem", f"{path}.name")
        _check_draws(problem.draws, f"{path}.draws")
        problems.append(problem)
    return inputs, tuple(problems)


def _decided(kind: Any, data: Any, path: str) -> Any:  # noqa: ANN401 - a class, and any JSON
    """Return what of an object decides a document, which must be there as a whole."""
    if not isinstance(data, dict):
        raise DataError(f"{shown(data)} is not an object", path)
    for part in fields(kind):
        if part.name not in data:
            raise DataError(f"'{part.name}' is missing", path)
    found = read(kind, data, path)
    if isinstance(found, SetInputs):
        _check_page(data["page"], found.page, f"{path}.page")
    return found


def _check_page(data: Mapping[str, Any], page: Page, path: str) -> None:
    """See that a page is recorded as a whole, and as it is stored."""
    for key, value in to_builtins(page).items():
        if key not in data:
            raise DataError(f"'{key}' is missing", path)
        if type(data[key]) is float:
            raise DataError(f"{data[key]} is not {value}", f"{path}.{key}")
    if page.logo and not LOGO.fullmatch(page.logo):
        raise DataError("there is no such logo", f"{path}.logo")


def _check_draws(value: Any, path: str) -> None:  # noqa: ANN401 - any JSON
    """See that no drawn value is of a size that would take for ever to solve."""
    if isinstance(value, (int, float)):
        if abs(value) > MAX_DRAWN:
            raise DataError("this number is too large", path)
    elif isinstance(value, str):
        if NUMERIC.fullmatch(value) and not DRAWN.fullmatch(value):
            raise DataError(f"{shown(value)} is nothing that is drawn", path)
    else:
        named = value.items() if isinstance(value, dict) else enumerate(value or ())
        for key, part in named:
            _check_draws(part, f"{path}.{key}" if isinstance(key, str) else f"{path}[{key}]")
