"""``exgen verify``: whatever was changed since a set was made is found and named."""

from __future__ import annotations

import json
import re
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from exgen.banks import bank_names
from exgen.derive.notation import notation_names
from exgen.resources import banks, notations
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


def failures(found: Verified) -> list[str]:
    """Return the failures as they are printed."""
    return [f"{failure.where}: {failure.message}" for failure in found.failures]


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


@pytest.mark.parametrize("notation", notation_names(notations()))
def test_every_notation(tmp_path: Path, notation: str) -> None:
    """In every notation sets follow from what their manifests say decides them."""
    place = notation_names(notations()).index(notation)
    for name in (SETS[place % len(SETS)], SETS[(place + 2) % len(SETS)]):
        folder = tmp_path / name
        chosen = ("--set", name, "--seed", str(20 + place), "--notation", notation)
        assert run("make", *chosen, "--no-pdf", "--out", str(folder)).code == 0
        assert failures(verify(folder)) == []


@pytest.mark.parametrize("name", SETS)
def test_every_answer(made: Path, tmp_path: Path, name: str) -> None:
    """In every answer of every kind, another text, shape and expression are named."""
    folder = tmp_path / "set"
    expected: set[str] = set()
    with edited(made / name, folder) as content:
        for number, (where, answer) in enumerate(answers_in(content)):
            latex = {"tex": answer["latex"]["tex"] + "1"}
            others = {"latex": latex, "shape": [97, 98, 99], "expr": f"{answer['expr']} + 3"}
            changed = [*others][number % 3]
            answer[changed] = others[changed]
            expected.add(f"{where}: {changed}")
    found = {re.split(r" is recorded as|\[", line)[0] for line in failures(verify(folder))}
    assert found == expected


def test_a_set_without_mistakes(tmp_path: Path) -> None:
    """Whether the key shows the common mistakes is recorded too."""
    folder = tmp_path / "set"
    assert run("make", "--set", "4", "--no-slips", "--no-pdf", "--out", str(folder)).code == 0
    assert failures(verify(folder)) == []


def test_one_problem(tmp_path: Path) -> None:
    """A problem by itself shows its network itself, and follows as such."""
    folder = tmp_path / "set"
    chosen = ("--set", "3", "--problem", "activations")
    assert run("make", *chosen, "--no-pdf", "--out", str(folder)).code == 0
    assert failures(verify(folder)) == []


def test_files_beside_it(made: Path, tmp_path: Path) -> None:
    """A file that was changed, lost or exchanged is named, with the first other line."""
    folder = tmp_path / "set"
    shutil.copytree(made / "set2", folder)
    sheet, key = folder / "problems.tex", folder / "solutions.tex"
    text = key.read_text()
    key.write_text(text + "%")
    last = text.count("\n") + 1
    assert failures(verify(folder)) == [f"solutions.tex:{last}: '%' stands there; '' follows"]
    key.write_bytes(text.replace("\n", "\r\n").encode())
    assert failures(verify(folder)) == ["solutions.tex: ends its lines otherwise"]
    key.unlink()
    assert failures(verify(folder)) == ["solutions.tex: is missing"]
    key.mkdir()
    assert failures(verify(folder)) == ["solutions.tex: cannot be read: is a directory"]
    key.rmdir()
    key.write_bytes(sheet.read_bytes())
    (line,) = failures(verify(folder))
    assert re.match(r"solutions.tex:\d+: .* more lines differ$", line)


def test_exchanged_hashes(made: Path, tmp_path: Path) -> None:
    """The hash of the sheet in place of that of the key is found."""
    folder = tmp_path / "set"
    with edited(made / "set2", folder) as content:
        files = content["files"]
        sheet, key = files["problems.tex"], files["solutions.tex"]
        files["problems.tex"], files["solutions.tex"] = key, sheet
    found = [line.split(" (")[0] for line in failures(verify(folder))]
    assert found == [
        "problems.tex: was changed since it was made",
        "solutions.tex: was changed since it was made",
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
    assert "  solutions.pdf: says what its TeX says, and is another PDF" in ran.out


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
