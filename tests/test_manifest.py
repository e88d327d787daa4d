"""The manifest: read strictly, refused in one line, and printed again byte for byte."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exgen.again import again, compared, differences
from exgen.banks import bank_names
from exgen.document import SCHEMA, ProblemInputs, SetInputs
from exgen.errors import ManifestError
from exgen.manifest import manifest_bytes, read_manifest
from exgen.resources import banks
from exgen.verify import verify
from tests.commands import run
from tests.sheets import is_free

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SETS = bank_names(banks())
BANK = """\
title = "Small"
course = "Deep Learning"
notation = "base"

[networks.one]
text = '''
x: input[3]
t: target
W: param[2, 3]
z = W @ x
a = relu(z)
L = squared_error(sum(a), t)
'''

[[problems]]
id = "jacobian"
kind = "local_jacobian"
network = "one"
count = 1

[[problems]]
id = "shapes"
kind = "missing_shapes"
network = "one"
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a small set."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "bank.toml").write_text(BANK)
    ran = run("make", "--set", str(folder / "bank.toml"), "--no-pdf", "--out", str(folder / "set"))
    assert (ran.code, ran.err) == (0, "")
    return folder / "set"


def content(folder: Path) -> dict[str, Any]:
    """Return a folder's manifest."""
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
    return found


def refused(tmp_path: Path, text: str | bytes) -> str:
    """Return how ``verify`` refuses a manifest: one error with a remedy, and exit code 2."""
    file = tmp_path / "manifest.json"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    for command in ("verify", "render"):
        ran = run(command, str(tmp_path))
        assert (ran.code, ran.out) == (2, "")
    head, *remedy = ran.err.splitlines()
    assert remedy
    assert head.startswith(f"error: {file}")
    return head.removeprefix(f"error: {file}").removeprefix(": ")


def test_it_comes_back(small: Path) -> None:
    """What is read is what was written: written again it has the same bytes."""
    manifest = read_manifest(small)
    files = {name: (small / name).read_bytes() for name in manifest.files}
    follows = again(manifest).problem_set
    assert manifest_bytes(follows, files) == (small / "manifest.json").read_bytes()
    assert manifest.notation.name == "base"
    assert read_manifest(small / "manifest.json") == manifest


@pytest.mark.parametrize("schema", [1, 3, SCHEMA + 1, None, True, "2", [2]])
def test_another_schema(small: Path, tmp_path: Path, schema: object) -> None:
    """A manifest of another version is refused with what to do, never guessed at."""
    says = refused(tmp_path, json.dumps({**content(small), "schema": schema}))
    assert re.fullmatch(
        rf"schema: this manifest is of schema .*, and this exgen reads schema {SCHEMA}", says
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", r":1:1: this is not JSON: Expecting value"),
        ("null", r"this is not a manifest of exgen's"),
        ("[]", r"this is not a manifest of exgen's"),
        ("{}", r"this is not a manifest of exgen's"),
        ('{"files": {}}', r"this is not a manifest of exgen's"),
        ('{"schema": 4, "schema": 3}', r"it holds 'schema' twice in one object"),
        ('{"schema": NaN}', r"it holds a number that is not finite: NaN"),
        ('{"schema": 1e999}', r"it holds a number that is not finite: 1e999"),
        ('{"schema": 1' + "0" * 5000 + "}", r"it holds a number that is too large"),
        ('{"schema": 4, "set": "\\ud800"}', r"this is not text in UTF-8"),
        (b'{"schema": "\xff"}', r"this is not text in UTF-8"),
        ("[" * 100_000 + "]" * 100_000, r"this is nested too deeply"),
        ('{"schema": 4, "set": ' + "[" * 300 + "]" * 300 + "}", r"this is nested too deeply"),
    ],
)
def test_no_manifest(tmp_path: Path, text: str | bytes, says: str) -> None:
    """What is no JSON, or none of ours, is refused in one line."""
    assert re.fullmatch(says, refused(tmp_path, text))


def test_too_large(tmp_path: Path) -> None:
    """A file that would fill the memory is not read."""
    with (tmp_path / "manifest.json").open("wb") as file:
        file.truncate(65 * 2**20)
    with pytest.raises(ManifestError, match="this file is too large"):
        read_manifest(tmp_path)


def test_a_part_of_a_file(small: Path, tmp_path: Path) -> None:
    """Wherever a manifest is cut off, it is refused."""
    whole = (small / "manifest.json").read_text().rstrip()
    for length in range(0, len(whole), 61):
        (tmp_path / "manifest.json").write_text(whole[:length])
        with pytest.raises(ManifestError, match="this is not JSON"):
            read_manifest(tmp_path)


def places(part: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401
    """Yield the way to everything in a piece of JSON."""
    if isinstance(part, (dict, list)):
        for key, value in part.items() if isinstance(part, dict) else enumerate(part):
            yield (*way, key)
            yield from places(value, (*way, key))


def at(part: Any, way: tuple[Any, ...]) -> Any:  # noqa: ANN401
    """Return the part at a way."""
    for key in way:
        part = part[key]
    return part


@pytest.mark.parametrize("value", [None, 7, "text", [], {}, True, 1.5])
def test_another_type_anywhere(small: Path, tmp_path: Path, value: object) -> None:
    """Something else, anywhere, is refused, or differs from what follows, or decides otherwise."""
    whole, before = content(small), read_manifest(small)
    follows = again(before).problem_set
    for way in list(places(whole)):
        kept = at(whole, way)
        if kept == value:
            continue
        at(whole, way[:-1])[way[-1]] = value
        (tmp_path / "manifest.json").write_text(json.dumps(whole))
        at(whole, way[:-1])[way[-1]] = kept
        try:
            found = read_manifest(tmp_path)
        except ManifestError as error:
            assert str(error).count("\n") == 1  # noqa: PT017 - both ways are right
        else:
            assert (
                (found.inputs, found.problems) != (before.inputs, before.problems)
                or found.files != before.files
                or any(compared(found, follows, complete=True))
            )


@pytest.mark.parametrize(
    ("way", "value", "says"),
    [
        ("set.problems.0.name", 3, r"set.problems\[0\].name: 'name' must be text"),
        ("set.problems.1.name", "jacobian", r"set.problems\[1\].name: 'jacobian' is there twice"),
        ("set.problems.0.kind", "../x", r"set.problems\[0\].kind: there is no kind '../x'"),
        (
            "set.problems.0.tries",
            10**19,
            r"set.problems\[0\].tries: 'tries' must be a whole number below 2\*\*63",
        ),
        ("set.problems.0.network", 3, r"set.problems\[0\].network: 'network' must be text"),
        (
            "set.problems.0.worth",
            1.5,
            r"set.problems\[0\].worth: 'worth' must be a whole .*",
        ),
        ("set.problems.0", "x", r"set.problems\[0\]: 'x' is not an object"),
        ("set.problems", {}, r"set: there is no list of problems"),
        ("set.slips", 1, r"set.slips: 'slips' must be true or false"),
        ("set.notation.layout", "sideways", r"set.notation: layout cannot be 'sideways'"),
        ("set.notation.color", "red", r"set.notation: there is no setting 'color'"),
        ("files.../x", {"sha256": ""}, r"files: '../x' is no file with its hash"),
        ("files.problems.tex", {"sha1": ""}, r"files: 'problems.tex' is no file with its hash"),
        ("more", 1, r"there is no 'more' here"),
    ],
)
def test_the_path_to_what_does_not_fit(
    small: Path, tmp_path: Path, way: str, value: object, says: str
) -> None:
    """An error says where in the manifest, and what is wrong there."""
    whole = content(small)
    first, _, rest = way.partition(".")
    keys = [first, rest] if first == "files" else way.split(".")
    *above, last = [int(key) if key.isdigit() else key for key in keys]
    at(whole, tuple(above))[last] = value
    assert re.fullmatch(says, refused(tmp_path, json.dumps(whole)))


def test_a_key_that_is_missing(small: Path, tmp_path: Path) -> None:
    """Whatever decides the set is missed by its name; of what follows, ``verify`` tells."""
    whole = content(small)
    parts = {"set": SetInputs, "set.problems.0": ProblemInputs}
    for place, kind in parts.items():
        way = tuple(int(key) if key.isdigit() else key for key in place.split("."))
        for part in fields(kind):
            above = at(whole, way)
            kept = above.pop(part.name)
            (tmp_path / "manifest.json").write_text(json.dumps(whole))
            above[part.name] = kept
            with pytest.raises(ManifestError, match=f"'{part.name}' is missing"):
                read_manifest(tmp_path)


DEEDS = ("set", "set", "move", "drop")
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-3, 300),
    st.floats(allow_nan=True),
    st.text(max_size=8),
    st.sampled_from(["x ** 9 ** 9", "ones(99999, 99999)", "sum_over(j < 9999999, j)", "L", "W[0]"]),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_only_our_errors(small: Path, tmp_path: Path, data: st.DataObject) -> None:
    """Whatever is changed in a manifest, reading it, printing it and proving it never break."""
    whole = content(small)
    for _ in range(data.draw(st.integers(1, 3))):
        ways = list(places(whole))
        way = ways[data.draw(st.integers(0, len(ways) - 1))]
        above, deed = at(whole, way[:-1]), data.draw(st.sampled_from(DEEDS))
        if deed == "drop":
            del above[way[-1]]
        elif deed == "move":
            above[way[-1]] = at(whole, ways[data.draw(st.integers(0, len(ways) - 1))])
            try:
                whole = json.loads(json.dumps(whole))
            except (ValueError, RecursionError):
                return
        else:
            above[way[-1]] = data.draw(ODD)
        if not whole:
            break
    target = tmp_path / "set"
    shutil.copytree(small, target, dirs_exist_ok=True)
    (target / "manifest.json").write_text(json.dumps(whole))
    found = verify(target)
    if not (found.refused or found.failures):
        assert all(is_free(part.path) for part in differences(content(small), whole))


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_bytes_that_changed(small: Path, tmp_path: Path, data: st.DataObject) -> None:
    """The same for single bytes: a copy with one of them changed is never found in order."""
    raw = bytearray((small / "manifest.json").read_bytes())
    place = data.draw(st.integers(0, len(raw) - 1))
    byte = data.draw(st.integers(0, 255))
    if raw[place] == byte:
        return
    raw[place] = byte
    target = tmp_path / "set"
    shutil.copytree(small, target, dirs_exist_ok=True)
    (target / "manifest.json").write_bytes(raw)
    found = verify(target)
    if not (found.refused or found.failures):
        changed = differences(content(small), json.loads(raw))
        assert all(is_free(part.path) for part in changed)


# --- printed again ---


@pytest.fixture
def without_banks(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Give a function after which no bank can be read and nothing can be drawn."""

    def never(*_: object, **__: object) -> None:
        pytest.fail("render must not draw, nor read a bank")

    def forbid() -> None:
        for name in ("exgen.banks.load_bank", "exgen.seeds.Stream.child",
                     "exgen.derive.notation.load_notation"):  # fmt: skip
            monkeypatch.setattr(name, never)

    return forbid


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("name", SETS)
def test_render_byte_for_byte(
    tex: Path, tmp_path: Path, without_banks: Callable[[], None], name: str
) -> None:
    """Sheet, key, PDFs and manifest come out as they were made, figures and plots included."""
    made, again = tmp_path / "made", tmp_path / "again"
    assert run("make", "--set", name, "--seed", "7", "--out", str(made)).code == 0
    without_banks()
    (tmp_path / "alone").mkdir()
    shutil.copy(made / "manifest.json", tmp_path / "alone")
    ran = run("render", str(tmp_path / "alone" / "manifest.json"), "--out", str(again))
    assert (ran.code, ran.err) == (0, "")
    assert contents(again) == contents(made)
    assert ran.out.splitlines()[-5:] == [f"  {again / name}" for name in sorted(contents(made))]


@pytest.mark.parametrize("notation", ["numerator", "cs231n"])
def test_render_keeps_the_notation(tmp_path: Path, notation: str) -> None:
    """The notation comes from the manifest, in whatever notation the set was made."""
    made, again = tmp_path / "made", tmp_path / "again"
    chosen = ("--set", "4", "--notation", notation, "--no-pdf")
    assert run("make", *chosen, "--out", str(made)).code == 0
    assert run("render", str(made), "--no-pdf", "--out", str(again)).code == 0
    assert contents(again) == contents(made)


def test_render_in_place(small: Path, tmp_path: Path) -> None:
    """Without --out the folder itself is made again; a file that is lost comes back."""
    shutil.copytree(small, tmp_path / "set")
    (tmp_path / "set" / "problems.tex").unlink()
    assert run("render", str(tmp_path / "set"), "--no-pdf").code == 0
    assert contents(tmp_path / "set") == contents(small)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_render_leaves_what_was_edited(small: Path, tmp_path: Path) -> None:
    """A file that somebody edited is not overwritten, unless with --force, which keeps it."""
    folder = tmp_path / "set"
    shutil.copytree(small, folder)
    (folder / "problems.tex").write_text("mine")
    ran = run("render", str(folder), "--no-pdf")
    assert (ran.code, ran.out) == (2, "")
    assert "edited since: problems.tex" in ran.err
    assert (folder / "problems.tex").read_text() == "mine"
    assert run("render", str(folder), "--no-pdf", "--force").code == 0
    assert contents(folder) == contents(small)
    assert (tmp_path / "set.before" / "problems.tex").read_text() == "mine"


def test_render_proves_nothing_anew(small: Path, tmp_path: Path) -> None:
    """A manifest that was edited is not printed: nobody proved what it says now."""
    shutil.copytree(small, tmp_path / "set")
    file = tmp_path / "set" / "manifest.json"
    file.write_text(file.read_text().replace('"title": "Small"', '"title": "Large"'))
    ran = run("render", str(tmp_path / "set"), "--no-pdf")
    assert (ran.code, ran.out) == (2, "")
    assert "was edited since it was made" in ran.err
    assert "exgen verify" in ran.err


def test_render_says_what_differs(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where this exgen prints otherwise than the one before, the files are named."""
    monkeypatch.setattr("exgen.pipeline.render_tex", lambda _: dict.fromkeys(
        ("problems", "solutions"), "other"))  # fmt: skip
    shutil.copytree(small, tmp_path / "old")
    file = tmp_path / "old" / "manifest.json"
    file.write_text(file.read_text().replace('"exgen": "', '"exgen": "0.'))
    ran = run("render", str(tmp_path / "old"), "--no-pdf", "--out", str(tmp_path / "new"))
    assert ran.code == 0
    assert "and recorded anew: problems.tex, solutions.tex" in ran.out
