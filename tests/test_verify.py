"""``exgen verify``: whatever was changed since a set was made is found and named."""

from __future__ import annotations

import json
import re
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from exgen.banks import bank_names
from exgen.document import read_set, to_json
from exgen.manifest import digest, digests
from exgen.resources import banks
from exgen.verify import Verified, verify
from tests.commands import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SETS = bank_names(banks())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder that holds all sets for one seed, without PDFs."""
    folder = tmp_path_factory.mktemp("made")
    for name in SETS:
        out = str(folder / name)
        assert run("make", "--set", name, "--seed", "7", "--no-pdf", "--out", out).code == 0
    return folder


@dataclass(frozen=True, slots=True)
class Tamper:
    """A change to a copy of a set, and what must be said of it.

    Attributes:
        title: the name of the case.
        set: which set.
        path: the part of the manifest, as ``problems.2.answers.0.expr`` below ``set``.
        value: what stands there then; a pair is a replacement inside its text.
        says: patterns, each of which one failure must match.

    """

    title: str
    set: str
    path: str
    value: Any
    says: tuple[str, ...]


EDITED = r"its LaTeX, steps, mistakes, claim or certificate was edited"
PROBLEM = r"its network, draws, fields or points were edited"
TAMPERS = (
    Tamper(
        "a digit of the LaTeX",
        "set2",
        "problems.2.answers.1.latex.tex",
        ("180", "181"),
        (
            r"^problem 'forward-shapes', answer '[a-z]1.W1': read back: ",
            r"^solutions.tex: prints otherwise from the manifest: problem 'forward-shapes'",
        ),
    ),
    Tamper(
        "a shape",
        "set2",
        "problems.2.answers.1.shape",
        [181, 257],
        (r"answer '[a-z]1.W1': the shape is recorded as 181 x 257, certified is 180 x 257$",),
    ),
    Tamper(
        "an expression",
        "set2",
        "problems.0.answers.0.expr",
        ("278", "279"),
        (
            (
                r"answer 'htilde.h': the expression is recorded as 'concat\(zeros\(279\), .*', "
                r"certified is 'concat\(zeros\(278\)"
            ),
        ),
    ),
    Tamper(
        "an expression that cannot be read",
        "set2",
        "problems.1.answers.0.expr",
        "a +",
        (r"answer 'a.z': the expression is recorded as 'a \+', certified is 'diag",),
    ),
    Tamper(
        "the formula of a claim",
        "set2",
        "problems.1.answers.0.claim.expr",
        ("1 - a", "2 - a"),
        (r"^problem 'activation', answer 'a.z': reverse mode: \S+ is not \S+$",),
    ),
    Tamper(
        "the shape of a claim",
        "set2",
        "problems.2.answers.1.claim.shape",
        ["180", "258"],
        (r"answer '[a-z]1.W1': inference: the shape of 'W1' is 180 x 257, not 180 x 258$",),
    ),
    Tamper(
        "a name in a claim",
        "set2",
        "problems.3.answers.0.claim.chain.0",
        "W1",
        (r"^problem 'chain-rule', answer '0.1.of': \S",),
    ),
    Tamper(
        "a claim that is none",
        "set2",
        "problems.1.answers.0.claim.expr",
        "a +",
        (r"answer 'a.z': claim.expr: this is not legal syntax",),
    ),
    Tamper(
        "the network",
        "set2",
        "problems.2.network",
        ("sigmoid", "tanh"),
        (rf"^problem 'forward-shapes': {PROBLEM}",),
    ),
    Tamper(
        "a size of the network",
        "set2",
        "problems.2.network",
        ("257", "258"),
        (
            r"^problem 'forward-shapes': its network cannot be read: ",
            r"^problem 'forward-shapes': its network, draws",
        ),
    ),
    Tamper(
        "a draw",
        "set2",
        "problems.2.draws.network",
        {},
        (rf"^problem 'forward-shapes': {PROBLEM}",),
    ),
    Tamper(
        "a field",
        "set2",
        "problems.0.fields.word",
        "other",
        (
            rf"^problem 'augmented-vector': {PROBLEM}",
            r"^problems.tex: prints otherwise .*: problem 'augmented-vector'",
        ),
    ),
    Tamper(
        "a field that a template needs",
        "set2",
        "problems.0.fields",
        {},
        (r"^manifest.json: this cannot be printed: 'shown_in' is undefined$",),
    ),
    Tamper(
        "a step",
        "set2",
        "problems.1.answers.0.steps.0.why",
        "because",
        (rf"answer 'a.z': {EDITED}", r"^solutions.tex: .*: problem 'activation'"),
    ),
    Tamper(
        "the points", "set2", "problems.0.points", 99, (rf"^problem 'augmented-vector': {PROBLEM}",)
    ),
    Tamper(
        "the title",
        "set2",
        "title",
        "Other",
        (
            r"^manifest.json: the title, .* was edited",
            r"^problems.tex: prints otherwise from the manifest: its pages",
        ),
    ),
    Tamper("the seed", "set2", "seed", 8, (r"^manifest.json: the title, course, seed",)),
    Tamper(
        "a certificate",
        "set2",
        "problems.1.answers.0.certificate",
        [],
        (r"answer 'a.z': the methods are recorded as none, certified by shapes \(2\), reverse",),
    ),
    Tamper(
        "an error in a certificate",
        "set2",
        "problems.1.answers.0.certificate.1.error",
        0.5,
        (rf"answer 'a.z': {EDITED}",),
    ),
    Tamper(
        "an answer declared a rubric",
        "set2",
        "problems.1.answers.0.claim",
        {"claim": "rubric"},
        (r"answer 'a.z': a rubric has no claim and no certificate$",),
    ),
    Tamper(
        "an answer less",
        "set2",
        "problems.2.answers.1",
        None,
        (
            r"^problem 'forward-shapes', answer '[a-z]1.W1': is missing$",
            r"^manifest.json: this cannot be printed: ",
        ),
    ),
    Tamper(
        "the sides of a step's equation left out",
        "set2",
        "problems.1.answers.0.steps.0.claims.0.sides",
        None,
        (r"answer 'a.z': steps: 'sides' is missing$",),
    ),
    Tamper(
        "a side of a step's equation",
        "set2",
        "problems.1.answers.0.steps.0.claims.0.sides.1",
        "2",
        (r"^problem 'activation', answer 'a.z': the step '\w+' does not hold: ",),
    ),
    Tamper("a problem less", "set2", "problems.1", None, (r"^problem 'activation': is missing$",)),
)


@contextmanager
def edited(source: Path, target: Path) -> Iterator[Any]:
    """Copy a set, and give the content of its manifest to be changed."""
    shutil.copytree(source, target)
    file = target / "manifest.json"
    content = json.loads(file.read_text())
    yield content
    file.write_text(json.dumps(content))


def answers_in(content: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - JSON
    """Yield every answer in a manifest, with how a failure names it."""
    for problem in content["set"]["problems"]:
        for answer in problem["answers"]:
            yield f"problem '{problem['name']}', answer '{answer['name']}'", answer


def tampered(source: Path, target: Path, case: Tamper) -> None:
    """Copy a set, and change its manifest."""
    *way, last = [int(key) if key.isdigit() else key for key in case.path.split(".")]
    with edited(source, target) as content:
        part = content["set"]
        for key in way:
            part = part[key]
        if case.value is None:
            del part[last]
        elif isinstance(case.value, tuple):
            assert case.value[0] in part[last]
            part[last] = part[last].replace(*case.value)
        else:
            assert part[last] != case.value
            part[last] = case.value


def failures(found: Verified) -> list[str]:
    """Return the failures as they are printed."""
    return [f"{failure.where}: {failure.message}" for failure in found.failures]


def assert_said(lines: list[str], says: tuple[str, ...]) -> None:
    """Each pattern is in one of the failures."""
    for pattern in says:
        assert any(re.search(pattern, line) for line in lines), (pattern, lines)


def test_all_sets(made: Path) -> None:
    """What was just made is as it was made; each folder has one line."""
    ran = run("verify", str(made))
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert len(lines) == len(SETS)
    for name, line in zip(SETS, lines, strict=True):
        assert re.fullmatch(
            rf"{re.escape(str(made / name))}   \d+ problems, \d+ answers certified again "
            r"\(worst error \de-\d\d\)(, \d rubrics?)?",
            line,
        )


def test_only_the_manifest_is_read(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No bank is opened, no notation file, and nothing is drawn."""

    def never(*_: object, **__: object) -> None:
        pytest.fail("verify must not draw, nor read a bank")

    for name in ("exgen.banks.load_bank", "exgen.seeds.Stream.child", "exgen.seeds.Stream.below",
                 "exgen.derive.notation.load_notation"):  # fmt: skip
        monkeypatch.setattr(name, never)
    for name in SETS:
        assert not verify(made / name).failures


@pytest.mark.parametrize("case", TAMPERS, ids=lambda case: case.title)
def test_what_was_changed_is_named(made: Path, tmp_path: Path, case: Tamper) -> None:
    """A change is found, and the message names the problem, the answer and both values."""
    tampered(made / case.set, tmp_path / "set", case)
    ran = run("verify", str(tmp_path / "set"))
    assert ran.code == 1
    assert ran.err == ""
    head, *lines = ran.out.splitlines()
    assert head.endswith(f"{len(lines)} failure{'s' if len(lines) > 1 else ''}")
    assert_said([line.removeprefix("  ") for line in lines], case.says)


def rehashed(folder: Path) -> None:
    """Record the hashes of the document anew, as someone would who wants to deceive."""
    file = folder / "manifest.json"
    content = json.loads(file.read_text())
    content["digests"] = to_json(digests(read_set(content["set"])))
    file.write_text(json.dumps(content))


PROVEN = {
    "a shape",
    "an expression",
    "an expression that cannot be read",
    "the formula of a claim",
    "the shape of a claim",
    "a name in a claim",
    "a claim that is none",
    "a size of the network",
    "a certificate",
    "the sides of a step's equation left out",
    "a side of a step's equation",
    "an answer declared a rubric",
}
PRINTED = {
    "a digit of the LaTeX", "a field", "a step", "the title", "the points", "the seed",
    "a field that a template needs", "an answer less", "a problem less",
}  # fmt: skip
READ_BACK = {"the network"}
"""What differs from the statement on the sheet."""


@pytest.mark.parametrize("case", TAMPERS, ids=lambda case: case.title)
def test_new_hashes_do_not_help(made: Path, tmp_path: Path, case: Tamper) -> None:
    """Mathematics is proven and pages are printed again, whatever the hashes of the document."""
    tampered(made / case.set, tmp_path / "set", case)
    rehashed(tmp_path / "set")
    found = verify(tmp_path / "set")
    # Draws and the size of an error leave nothing to prove.
    assert bool(found.failures) == (case.title in PROVEN | PRINTED | READ_BACK)
    if case.title in PROVEN:
        assert_said(failures(found), case.says[:1])


def test_the_lists_above_name_cases() -> None:
    """No name in them is left over."""
    assert {case.title for case in TAMPERS} - PROVEN - PRINTED - READ_BACK == {
        "a draw",
        "an error in a certificate",
    }


@pytest.mark.parametrize("name", ["set1", "set3", "set4", "set5"])
def test_every_shape_and_expression(made: Path, tmp_path: Path, name: str) -> None:
    """In every proven answer of every kind, another shape and another expression are named."""
    folder = tmp_path / "set"
    expected: set[str] = set()
    with edited(made / name, folder) as content:
        for where, answer in answers_in(content):
            if answer["claim"]["claim"] in ("rubric", "fact"):
                continue
            if answer["shape"] is not None:
                answer["shape"] = [*answer["shape"], 97]
                expected.add(f"{where}: the shape is recorded")
            else:
                answer["expr"] += " * 2"
                expected.add(f"{where}: the expression is recorded")
    found = {line.split(" as ")[0] for line in failures(verify(folder))}
    assert expected <= found


@pytest.mark.parametrize("name", ["set1", "set3", "set4", "set5"])
def test_every_expression(made: Path, tmp_path: Path, name: str) -> None:
    """The same for expressions, where an answer has a shape too."""
    folder = tmp_path / "set"
    expected: set[str] = set()
    with edited(made / name, folder) as content:
        for where, answer in answers_in(content):
            if answer["claim"]["claim"] not in ("rubric", "fact"):
                answer["expr"] = f"{answer['expr']} + 3"
                expected.add(where)
    found = {line.partition(": ")[0] for line in failures(verify(folder))}
    assert expected <= found


@pytest.mark.parametrize("name", SETS)
def test_every_digit_of_a_claim(made: Path, tmp_path: Path, name: str) -> None:
    """A changed number in a claim of a value is refuted by the proof, not only by a hash."""
    folder = tmp_path / "set"
    expected: set[str] = set()
    with edited(made / name, folder) as content:
        for where, answer in answers_in(content):
            claim = answer["claim"]
            if claim["claim"] in ("forward", "gradient value"):
                claim["value"][0][0] += "7" if claim["value"][0][0] != "0" else "1"
                expected.add(where)
            if claim["claim"] == "gradient on a wire":
                claim["printed"] += "7" if "." in claim["printed"] else ".7"
                expected.add(where)
    found = {line.split(": ")[0] for line in failures(verify(folder)) if EDITED not in line}
    assert expected <= found
    assert bool(expected) == (name in ("set1", "set5"))


def test_files_beside_it(made: Path, tmp_path: Path) -> None:
    """A file that was changed, lost or exchanged for another is named with both hashes."""
    folder = tmp_path / "set"
    shutil.copytree(made / "set2", folder)
    sheet, key = folder / "problems.tex", folder / "solutions.tex"
    text = key.read_bytes()
    key.write_bytes(text + b"%")
    assert failures(verify(folder)) == [
        (
            f"solutions.tex: was changed since it was made (sha256 recorded {digest(text)[:12]}, "
            f"found {digest(text + b'%')[:12]})"
        )
    ]
    key.unlink()
    assert failures(verify(folder)) == ["solutions.tex: is missing"]
    key.mkdir()
    assert failures(verify(folder)) == ["solutions.tex: cannot be read: is a directory"]
    key.rmdir()
    key.write_bytes(sheet.read_bytes())
    assert [line.split(" (")[0] for line in failures(verify(folder))] == [
        "solutions.tex: was changed since it was made"
    ]


def test_exchanged_hashes(made: Path, tmp_path: Path) -> None:
    """The hash of the sheet in place of that of the key is found twice: by file and by page."""
    folder = tmp_path / "set"
    with edited(made / "set2", folder) as content:
        files = content["files"]
        sheet, key = files["problems.tex"], files["solutions.tex"]
        files["problems.tex"], files["solutions.tex"] = key, sheet
    found = [line.split(" (")[0] for line in failures(verify(folder))]
    assert found == [
        "problems.tex: was changed since it was made",
        "solutions.tex: was changed since it was made",
        "problems.tex: prints otherwise from the manifest: its pages",
        "solutions.tex: prints otherwise from the manifest: its pages",
    ]


def test_a_byte_more_in_a_pdf(tex: Path, tmp_path: Path) -> None:
    """PDFs are compared too."""
    folder = tmp_path / "set"
    assert run("make", "--set", "2", "--seed", "7", "--out", str(folder)).code == 0
    assert run("verify", str(folder)).code == 0
    pdf = folder / "solutions.pdf"
    pdf.write_bytes(pdf.read_bytes() + b"\n")
    ran = run("verify", str(folder))
    assert ran.code == 1
    assert "  solutions.pdf: was changed since it was made" in ran.out


def test_many_folders(made: Path, tmp_path: Path) -> None:
    """Good, bad and unreadable ones stand in one list, sorted; the worst decides the exit code."""
    shutil.copytree(made / "set2", tmp_path / "b" / "good")
    shutil.copytree(made / "set2", tmp_path / "a-bad")
    (tmp_path / "a-bad" / "problems.tex").unlink()
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "manifest.json").write_text("{")
    (tmp_path / ".exgen-1-new").mkdir()
    (tmp_path / ".exgen-1-new" / "manifest.json").write_text("{")
    ran = run("verify", str(tmp_path))
    heads = [line.split()[0] for line in ran.out.splitlines() if line[0] != " "]
    assert heads == [str(tmp_path / name) for name in ("a-bad", "b/good", "c")]
    assert ran.code == 1
    assert "  problems.tex: is missing" in ran.out.splitlines()
    assert re.search(r"c +refused\n  .*manifest.json:1:2: this is not JSON", ran.out)
    shutil.rmtree(tmp_path / "a-bad")
    assert run("verify", str(tmp_path)).code == 2
    shutil.rmtree(tmp_path / "c")
    assert run("verify", str(tmp_path)).code == 0


def test_nothing_to_verify(tmp_path: Path) -> None:
    """A path without a manifest is one line with what to do, and exit code 2."""
    for path in (tmp_path, tmp_path / "none"):
        ran = run("verify", str(path))
        assert (ran.code, ran.out) == (2, "")
        assert re.match(r"error: .*: there is no manifest", ran.err)
        assert "exgen make" in ran.err


def test_the_manifest_alone(made: Path, tmp_path: Path) -> None:
    """A manifest can be named itself; the files are looked for beside it."""
    shutil.copy(made / "set2" / "manifest.json", tmp_path)
    ran = run("verify", str(tmp_path / "manifest.json"))
    assert ran.code == 1
    assert ran.out.splitlines()[1:] == ["  problems.tex: is missing", "  solutions.tex: is missing"]
    assert run("verify", str(made / "set2" / "manifest.json")).code == 0
