"""Forged sets: whatever does not follow from what decides a set is refused, and named.

The cases stand in ``forgeries/*.md``. A change is one line: a place, and what becomes of it.

    problem shapes, answer z2, latex.tex: 3 => 4     the text in place of another, everywhere in it
    problem shapes, points := 5                      another value, as JSON
    problem shapes: remove                           taken away
    problem shapes <=> problem chain                 exchanged
    every network: sigmoid => tanh                   in all problems

A place is a problem and an answer by name, and keys, all below the set; or a file. A PDF is made
of its TeX with the change. The hashes of the files are worked out anew after the change. Each line
of what must be said is part of what is said; after ``refused:`` it is part of the one error, with
exit code 2. The sets are made of the banks beside the cases; PDFs are those of ``own``.
"""

from __future__ import annotations

import json
import shutil
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from exgen.again import again, compared, differences
from exgen.errors import ManifestError
from exgen.manifest import digest, read_manifest
from exgen.render.pdf import compile_tex
from exgen.render.pdftext import difference
from exgen.verify import verify
from tests.cases import Case, read_cases
from tests.commands import run
from tests.sheets import is_free

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _pytest.mark.structures import ParameterSet

FOLDER = Path(__file__).parent / "forgeries"
LEAST = 100
Way = tuple[str | int, ...]


def cases(name: str) -> list[ParameterSet]:
    """Return the cases of one file, each under its title."""
    return [pytest.param(name, case, id=case.title) for case in read_cases(FOLDER / f"{name}.md")]


TEXTS = [*cases("problems"), *cases("own")]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the sets, without PDFs."""
    folder = tmp_path_factory.mktemp("forged")
    for name in ("problems", "own"):
        make(name, folder / name, "--no-pdf")
    return folder


def make(name: str, folder: Path, *options: str) -> None:
    """Make a set, and see that it is in order."""
    bank = str(FOLDER / f"{name}.toml")
    ran = run("make", "--set", bank, "--seed", "1", "--out", str(folder), *options)
    assert (ran.code, ran.err) == (0, "")
    assert run("verify", str(folder)).code == 0


def read(folder: Path) -> Any:  # noqa: ANN401 - JSON
    """Return the manifest of a folder, with the texts of its files for their hashes."""
    content = json.loads((folder / "manifest.json").read_text())
    content["files"] = {name: (folder / name).read_text() for name in content["files"]}
    return content


def write(folder: Path, content: Any) -> None:  # noqa: ANN401
    """Write a manifest and its files, with the hashes worked out anew."""
    for name, text in content["files"].items():
        (folder / name).write_text(text)
    files = {name: {"sha256": digest(text.encode())} for name, text in content["files"].items()}
    (folder / "manifest.json").write_text(json.dumps({**content, "files": files}))


def way_to(content: Any, place: str) -> Way:  # noqa: ANN401
    """Return the keys to a place."""
    if place in content["files"]:
        return ("files", place)
    way: Way = ("set",)
    for word in place.split(", "):
        sort, _, name = word.partition(" ")
        if sort in ("problem", "answer") and name:
            names = [part.get("name") for part in at(content, (*way, f"{sort}s"))]
            way = (*way, f"{sort}s", names.index(name))
        else:
            way = (*way, *(int(key) if key.isdigit() else key for key in word.split(".")))
    return way


def at(part: Any, way: Way) -> Any:  # noqa: ANN401
    """Return what stands at a place."""
    for key in way:
        part = part[key]
    return part


def forge(content: Any, change: str) -> None:  # noqa: ANN401
    """Make one change."""
    if change.startswith("every "):
        rest = change.removeprefix("every ")
        for problem in content["set"]["problems"]:
            if rest.partition(": ")[2].partition(" => ")[0] in problem["network"]:
                forge(content, f"problem {problem['name']}, {rest}")
    elif " <=> " in change:
        ways = [way_to(content, place) for place in change.split(" <=> ")]
        found = [at(content, way) for way in ways]
        for way, value in zip(ways, reversed(found), strict=True):
            at(content, way[:-1])[way[-1]] = value
    elif " := " in change:
        place, _, text = change.partition(" := ")
        way = way_to(content, place)
        at(content, way[:-1])[way[-1]] = json.loads(text)
    elif change.endswith(": remove"):
        way = way_to(content, change.removesuffix(": remove"))
        del at(content, way[:-1])[way[-1]]
    else:
        place, _, texts = change.partition(": ")
        before, after = texts.split(" => ")
        way = way_to(content, place)
        text = at(content, way)
        assert before in text
        at(content, way[:-1])[way[-1]] = text.replace(before, after.replace(r"\n", "\n"))


def forged(source: Path, folder: Path, case: Case) -> None:
    """Copy a set, and make the changes of a case."""
    shutil.copytree(source, folder)
    content = read(folder)
    for change in case.given.splitlines():
        forge(content, change)
    write(folder, content)


@pytest.mark.parametrize(("name", "case"), TEXTS)
def test_a_forgery_is_refused(made: Path, tmp_path: Path, name: str, case: Case) -> None:
    """It is named, with both values."""
    folder = tmp_path / "set"
    forged(made / name, folder, case)
    assert_said(folder, case)


def assert_said(folder: Path, case: Case) -> None:
    """See what ``verify`` says of a forged set."""
    ran = run("verify", str(folder))
    expected = case.expected.splitlines()
    if expected[0].startswith("refused: "):
        assert ran.code == 2
        assert expected[0].removeprefix("refused: ") in ran.err
    else:
        assert ran.code == 1, ran.out
        assert ran.err == ""
        for text in expected:
            assert text in ran.out


@pytest.mark.parametrize(
    ("name", "case"), [part for part in TEXTS if "macro hidden in a" in str(part.id)]
)
def test_no_forgery_is_printed(made: Path, tmp_path: Path, name: str, case: Case) -> None:
    """``render`` prints nothing of a manifest that does not follow from what decides it."""
    forged(made / name, tmp_path / "set", case)
    ran = run("render", str(tmp_path / "set"), "--no-pdf", "--out", str(tmp_path / "again"))
    assert (ran.code, ran.out) == (2, "")
    assert case.expected.splitlines()[0].removeprefix("refused: ") in ran.err
    assert not (tmp_path / "again").exists()


@pytest.fixture(scope="module")
def printed(tex: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a set with its PDFs."""
    folder = tmp_path_factory.mktemp("printed") / "set"
    make("own", folder)
    return folder


@pytest.mark.parametrize(("name", "case"), cases("pdfs"))
def test_a_forged_pdf_is_refused(printed: Path, tmp_path: Path, name: str, case: Case) -> None:
    """A PDF is compared with the one that the TeX gives, whatever its recorded hash."""
    folder = tmp_path / name
    shutil.copytree(printed, folder)
    file, _, texts = case.given.partition(": ")
    before, after = texts.split(" => ")
    source = (folder / file).with_suffix(".tex").read_text()
    assert before in source
    document = file.removesuffix(".pdf")
    (folder / file).write_bytes(compile_tex({document: source.replace(before, after)})[document])
    content = json.loads((folder / "manifest.json").read_text())
    content["files"][file]["sha256"] = digest((folder / file).read_bytes())
    (folder / "manifest.json").write_text(json.dumps(content))
    assert_said(folder, case)


def test_without_tex(printed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PDFs are not passed over in silence: there is an error, or the hash alone has to do."""
    monkeypatch.setenv("PATH", "")
    ran = run("verify", str(printed))
    assert (ran.code, ran.out) == (2, "")
    assert "pdflatex is not installed" in ran.err
    ran = run("verify", str(printed), "--no-pdf")
    assert (ran.code, ran.err) == (0, "")
    assert "PDFs by their hash alone" in ran.out


def test_files_that_are_not_listed(printed: Path, tmp_path: Path) -> None:
    """A PDF beside a manifest that keeps silent about it is compared like any other."""
    folder = tmp_path / "set"
    shutil.copytree(printed, folder)
    content = json.loads((folder / "manifest.json").read_text())
    for name in ("problems.pdf", "solutions.pdf"):
        del content["files"][name]
    content["files"]["errata.pdf"] = content["files"]["problems.tex"]
    (folder / "manifest.json").write_text(json.dumps(content))
    shutil.copy(folder / "problems.tex", folder / "errata.pdf")
    shutil.copy(folder / "problems.tex", folder / "problem-step.tex")
    shutil.copy(folder / "solutions.pdf", folder / "problems.pdf")
    (folder / "notes.txt").write_text("mine")
    ran = run("verify", str(folder))
    assert ran.code == 1
    heads = [line.split(": ")[:2] for line in ran.out.splitlines()[1:]]
    gone = "is none of the files of this set"
    assert heads == [
        ["  problem-step.tex", gone], ["  problems.pdf", "page 1"], ["  errata.pdf", gone],
    ]  # fmt: skip
    ran = run("verify", str(folder), "--no-pdf")
    assert ran.out.count(gone) == 4


def test_without_pdftotext(printed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PDF that is another one is refused also where nothing can read it."""
    monkeypatch.setenv("PATH", "")
    sheet, key = ((printed / f"{name}.pdf").read_bytes() for name in ("problems", "solutions"))
    assert difference(sheet, sheet) == ""
    assert "is pdftotext installed?" in difference(sheet, key)


def test_the_battery_is_large() -> None:
    """It has no fewer cases than were promised, and no two alike."""
    every = [part.values for part in (*TEXTS, *cases("pdfs"))]
    given = {(name, case.given) for name, case in every if isinstance(case, Case)}
    assert len(given) == len(every) >= LEAST


# --- every value ---


def leaves(part: Any, way: Way = ()) -> Iterator[Way]:  # noqa: ANN401
    """Yield the way to every single value, and to every empty list or object."""
    inner = (
        part.items()
        if isinstance(part, dict)
        else enumerate(part)
        if isinstance(part, list)
        else ()
    )
    found = [leaf for key, value in inner for leaf in leaves(value, (*way, key))]
    yield from found or [way]


def other(value: object) -> object:
    """Return a value of the same type that is another."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return f"{value}x"
        case list():
            return ["x"]
        case dict():
            return {"x": "x"}
    return "x"


@pytest.mark.parametrize(
    ("bank", "problem"),
    [("problems", "gradients"), ("problems", "words"), ("problems", "wires"), ("own", "step")],
)
def test_every_value_is_compared(tmp_path: Path, bank: str, problem: str) -> None:
    """Each value of a manifest, changed alone, is refused, or else changes no page and is free."""
    folder = tmp_path / "set"
    chosen = (
        "--set",
        str(FOLDER / f"{bank}.toml"),
        "--problem",
        problem,
        "--no-pdf",
        "--out",
        str(folder),
    )
    assert run("make", *chosen).code == 0
    whole = json.loads((folder / "manifest.json").read_text())
    before = read_manifest(folder)
    follows = again(before).problem_set
    free: set[str] = set()
    for way in leaves(whole):
        changed = deepcopy(whole)
        at(changed, way[:-1])[way[-1]] = other(at(whole, way))
        (folder / "manifest.json").write_text(json.dumps(changed))
        try:
            found = read_manifest(folder)
        except ManifestError:
            continue
        if replace(found, recorded={}) == replace(before, recorded={}):
            # what decides the set is the same, and so is what follows
            refused = any(compared(found, follows, complete=True))
        else:
            refused = bool(verify(folder).failures)
        if not refused:
            free |= {part.path for part in differences(whole, changed)}
    assert {place for place in free if not is_free(place)} == set()
    settings = {f"set.notation.{name}" for name in whole["set"]["notation"]}
    assert len(settings - free) > 1
