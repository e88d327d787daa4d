"""The manifest of a set: the whole document as JSON, with hashes of it and of every file.

Everything can be proven and printed again from it, without a bank and without a draw. It is read
strictly: what is not exactly of this schema is refused, with the place where it is not.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from exgen.derive.notation import Notation, restored_notation
from exgen.document import SCHEMA, Problem, ProblemSet, read_set, to_json
from exgen.errors import BankError, DataError, ManifestError, NotationError
from exgen.files import read as read_file
from exgen.languages import load_language
from exgen.problems.table import NAMES
from exgen.render.tex import render_tex
from exgen.typed import Decoder, shown
from exgen.write import MANIFEST, is_plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MAX_BYTES = 64 * 2**20
MAX_DEPTH = 100
MAX_DIGITS = 20
TOP = ("schema", "set", "digests", "files")
NOT_OURS = "Name a folder that 'exgen make' wrote, or its manifest.json."
AGAIN = "Take the manifest from a backup, or make the set again with 'exgen make'."
SOURCES = ("problems.tex", "solutions.tex")
"""The files that every manifest lists."""


@dataclass(frozen=True, slots=True)
class ProblemDigest:
    """The hash of a problem without its answers, and of each answer."""

    problem: str
    answers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Digests:
    """The hash of a set without its problems, and those of each problem."""

    set: str
    problems: dict[str, ProblemDigest]


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that was read.

    Attributes:
        folder: where the files it lists should be.
        problem_set: the document.
        notation: how it is written.
        digests: the hashes of the parts of the document, as recorded.
        files: the hash of each file, as recorded.

    """

    folder: Path
    problem_set: ProblemSet
    notation: Notation
    digests: Digests
    files: Mapping[str, str]


def manifest_bytes(problem_set: ProblemSet, files: Mapping[str, bytes]) -> bytes:
    """Return the manifest of a set and of the files that were made of it."""
    content = {
        "schema": SCHEMA,
        "set": to_json(problem_set),
        "digests": to_json(digests(problem_set)),
        "files": {name: {"sha256": digest(data)} for name, data in sorted(files.items())},
    }
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def digest(data: bytes) -> str:
    """Return the hash of a file."""
    return sha256(data).hexdigest()


def digests(problem_set: ProblemSet) -> Digests:
    """Return the hashes of all parts of a set; one that is edited, moved or left out shows."""
    return Digests(
        _hash(problem_set, "problems"),
        {
            problem.name: ProblemDigest(
                _hash(problem, "answers"),
                {answer.name: _hash(answer, "") for answer in problem.answers},
            )
            for problem in problem_set.problems
        },
    )


def _hash(part: object, inner: str) -> str:
    """Return the hash of a part in one canonical form, with only the names of what it holds."""
    data = to_json(part)
    if inner:
        data = {**data, inner: [one["name"] for one in data[inner]]}
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return digest(text.encode())


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
        reason = (error.strerror or "unknown reason").lower()
        raise ManifestError(f"this cannot be read: {reason}", place=str(file)) from None
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
    problem_set = read_set(content["set"], ".set")
    _check_names(problem_set)
    try:
        notation = restored_notation(problem_set.notation)
    except NotationError as error:
        raise DataError(error.message, ".set.notation", error.remedy) from None
    try:
        load_language(problem_set.language)
    except BankError as error:
        raise DataError(error.message, ".set.language", error.remedy) from None
    decoder = Decoder({}, {})
    recorded: Digests = decoder.read(Digests, content["digests"], ".digests")
    listed = decoder.read(dict[str, dict[str, str]], content["files"], ".files")
    for name, part in listed.items():
        if not is_plain(name) or part.keys() != {"sha256"}:
            raise DataError(f"'{name[:MAX_DEPTH]}' is no file with its hash", ".files")
    for name in SOURCES:
        if name not in listed:
            raise DataError(f"'{name}' is missing", ".files")
    files = {name: part["sha256"] for name, part in listed.items()}
    return Manifest(file.parent, problem_set, notation, recorded, files)


def _check_names(problem_set: ProblemSet) -> None:
    """See that problems and answers have names of their own, and kinds that there are."""
    _check_unique([problem.name for problem in problem_set.problems], ".set.problems")
    for place, problem in enumerate(problem_set.problems):
        path = f".set.problems[{place}]"
        _check_unique([answer.name for answer in problem.answers], f"{path}.answers")
        _check_kind(problem, path)


def _check_unique(names: list[str], path: str) -> None:
    for place, name in enumerate(names):
        if name in names[:place]:
            raise DataError(f"{shown(name)} is there twice", f"{path}[{place}].name")


def _check_kind(problem: Problem, path: str) -> None:
    if problem.kind not in NAMES:
        raise DataError(f"there is no kind {shown(problem.kind)}", f"{path}.kind")


def printed_again(manifest: Manifest) -> dict[str, str]:
    """Return the TeX of the problem sheet and of the key, made of the manifest alone.

    Raises:
        ManifestError: the document does not fit the templates.

    """
    try:
        return render_tex(manifest.problem_set)
    except Exception as error:
        # Fields from a file may be anything, so a template may stop anywhere.
        reason = getattr(error, "message", None) or str(error) or type(error).__name__
        raise ManifestError(
            f"this cannot be printed: {reason}", place=str(manifest.folder / MANIFEST), remedy=AGAIN
        ) from error
