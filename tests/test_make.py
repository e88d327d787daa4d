"""``exgen make``: the files of a set, what they hold, and that a seed decides every byte."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from exgen import document, resources
from exgen.again import again
from exgen.manifest import read_manifest
from exgen.pipeline import build, load
from exgen.render.tex import render_tex
from tests.commands import run

if TYPE_CHECKING:
    from exgen.document import ProblemSet

FILES = ["manifest.json", "problems.pdf", "problems.tex", "solutions.pdf", "solutions.tex"]
BANK = """\
title = "Two networks"
course = "Deep Learning"
notation = "base"

[networks.one]
text = '''
z: input[n]
a = f(z)
'''
draw.n = { from = 10, to = 500 }
draw.f = ["relu", "sigmoid", "tanh"]

[networks.two]
text = '''
a1: input[n]
a1_B = append_one(a1)
z2 = W @ a1_B
W: param[m, _]
'''
draw.n = { from = 10, to = 500 }
draw.m = { from = 10, to = 500 }
"""
PROBLEMS = {
    "first": "kind = 'local_jacobian'\nnetwork = 'one'\n",
    "second": "kind = 'local_jacobian'\nnetwork = 'two'\ncount = 1\n",
    "third": "kind = 'local_jacobian'\nnetwork = 'two'\ncount = 2\n",
}


@pytest.fixture(scope="module")
def made(tex: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of set 2 with seed 7, made once."""
    folder = tmp_path_factory.mktemp("made") / "set"
    ran = run("make", "--set", "2", "--seed", "7", "--out", str(folder))
    assert (ran.code, ran.err) == (0, "")
    return folder


def manifest(folder: Path) -> dict[str, Any]:
    """Return a folder's manifest."""
    content: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
    return content


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def make_tex(folder: Path, *arguments: str) -> dict[str, bytes]:
    """Make a set without PDFs and return its files."""
    ran = run("make", "--no-pdf", "--out", str(folder), *arguments)
    assert (ran.code, ran.err) == (0, "")
    return contents(folder)


def page_texts(pdf: Path) -> list[str]:
    """Return the text of each page."""
    text = subprocess.run(
        ["pdftotext", "-layout", str(pdf), "-"], check=True, capture_output=True, text=True
    ).stdout
    return text.split("\f")[:-1]


def test_the_command_of_the_readme(tex: Path, tmp_path: Path) -> None:
    """One command writes five files into out/, and its last lines name them."""
    ran = subprocess.run(
        [sys.executable, "-m", "exgen", "make", "--set", "2", "--seed", "7"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert ran.stderr == ""
    assert sorted(path.name for path in (tmp_path / "out/set2-seed7").iterdir()) == FILES
    last = ran.stdout.splitlines()[-5:]
    assert [line.strip() for line in last] == [f"out/set2-seed7/{name}" for name in FILES]


def test_exactly_the_five_files(made: Path) -> None:
    """Sheet and key, each as TeX and as PDF, and the manifest: nothing else."""
    assert sorted(contents(made)) == FILES
    assert (made / "problems.pdf").read_bytes().startswith(b"%PDF-")


def test_without_pdf(tmp_path: Path) -> None:
    """--no-pdf leaves the PDFs out, and the manifest does not list them."""
    files = make_tex(tmp_path / "set", "--set", "2", "--seed", "7")
    assert sorted(files) == ["manifest.json", "problems.tex", "solutions.tex"]
    assert sorted(manifest(tmp_path / "set")["files"]) == ["problems.tex", "solutions.tex"]


def test_a_second_run_replaces_the_folder(tmp_path: Path) -> None:
    """What a run leaves is its own set and nothing of the run before."""
    first = make_tex(tmp_path / "set", "--set", "2", "--seed", "7")
    second = make_tex(tmp_path / "set", "--set", "2", "--seed", "8")
    assert sorted(first) == sorted(second)
    assert first["problems.tex"] != second["problems.tex"]
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_same_seed_same_bytes(made: Path, tmp_path: Path) -> None:
    """A fresh process makes every file anew, byte for byte."""
    subprocess.run(
        [sys.executable, "-m", "exgen", "make", "--set", "2", "--seed", "7", "--out", "again"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        env={
            "PATH": str(Path(shutil.which("pdflatex") or "").parent),
            "PYTHONHASHSEED": "1",
            "PYTHONPATH": str(Path(__file__).parent.parent),
        },
    )
    assert contents(tmp_path / "again") == contents(made)


def test_different_seeds_differ(tmp_path: Path) -> None:
    """Ten seeds make ten different sheets."""
    bank, notation = load("2", None)
    sheets = {render_tex(build(bank, notation, seed))["problems"] for seed in range(10)}
    bodies = {sheet.partition(r"\begin{questions}")[2] for sheet in sheets}
    assert len(bodies) == 10


@pytest.mark.parametrize("name", ["problems", "solutions"])
def test_compiles_on_its_own(tex: Path, made: Path, tmp_path: Path, name: str) -> None:
    """Plain pdflatex, run three times by hand on a copy of one file, gives the very PDF."""
    shutil.copy(made / f"{name}.tex", tmp_path)
    for _ in range(3):
        subprocess.run(
            [tex, "-interaction=nonstopmode", f"{name}.tex"],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )
    assert (tmp_path / f"{name}.pdf").read_bytes() == (made / f"{name}.pdf").read_bytes()


@pytest.mark.parametrize("name", ["problems", "solutions"])
def test_every_page_says_which_it_is(made: Path, name: str) -> None:
    """The foot of each page counts it, and beside that stands the variant."""
    pages = page_texts(made / f"{name}.pdf")
    for number, text in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in text
        assert "set2-7" in text


def test_every_answer_has_two_proofs(made: Path) -> None:
    """No answer is printed on the word of one method."""
    answers = [a for p in manifest(made)["set"]["problems"] for a in p["answers"]]
    assert len(answers) >= 5
    for answer in answers:
        assert len({agreement["method"] for agreement in answer["certificate"]}) >= 2
        assert all(0 <= agreement["error"] < 1e-6 for agreement in answer["certificate"])


def test_the_manifest_keeps_its_promises(made: Path) -> None:
    """It has a version, every draw and answer, and the hash of each file beside it."""
    content = manifest(made)
    assert content["schema"] == document.SCHEMA
    assert content["set"]["seed"] == 7
    assert content["set"]["versions"].keys() == {"exgen", "numpy", "python"}
    for name, file in content["files"].items():
        assert file["sha256"] == sha256((made / name).read_bytes()).hexdigest()
    assert sorted(content["files"]) == FILES[1:]
    for problem in content["set"]["problems"]:
        assert isinstance(problem["draws"], dict)
        assert problem["tries"] >= 1
        for answer in problem["answers"]:
            assert answer["latex"]["tex"]
            assert answer["expr"]
            assert answer["steps"]
            assert answer["sort"]


def test_the_document_comes_back_from_json(made: Path) -> None:
    """What the manifest holds decides the document: it is solved the same without any draw."""
    found = again(read_manifest(made))
    assert not found.failures
    assert document.to_json(found.problem_set) == manifest(made)["set"]
    for name, text in render_tex(found.problem_set).items():
        assert text.encode() == (made / f"{name}.tex").read_bytes()


def leaks(problem_set: ProblemSet, sheet: str) -> list[str]:
    """Return what a problem sheet gives away."""
    body = sheet.partition(r"\begin{document}")[2]
    found = [word for word in (r"\exanswer", "exsolution", r"\exgenask") if word in body]
    for problem in problem_set.problems:
        for answer in problem.answers:
            found += [str(step.why) for step in answer.steps if step.why and str(step.why) in body]
            is_matrix = answer.shape is not None and len(answer.shape) == 2
            if is_matrix and answer.latex.tex in body:
                found.append(answer.latex.tex)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_the_sheet_keeps_the_answers_to_itself(seed: int) -> None:
    """No filled blank, no worked step and no hidden shape stands in the sheet's TeX."""
    problem_set = build(*load("2", None), seed)
    sources = render_tex(problem_set)
    assert leaks(problem_set, sources["problems"]) == []
    assert leaks(problem_set, sources["solutions"]) != []


def write_bank(folder: Path, networks: str, names: list[str]) -> Path:
    """Write a bank with the problems of these names."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = (f"[[problems]]\nid = '{name}'\n{PROBLEMS[name]}" for name in names)
    path = folder / "bank.toml"
    path.write_text("\n".join([networks, *entries]))
    return path


def draws(path: Path, seed: int) -> dict[str, Any]:
    """Return what each problem of a bank drew, with its network."""
    problem_set = build(*load(str(path), None), seed)
    return {problem.name: (problem.network, problem.draws) for problem in problem_set.problems}


def swap_networks(bank: str) -> str:
    """Return the bank with its two networks in the other order."""
    head, one, two = bank.partition("[networks.one]")[0], *bank.split("[networks.")[1:]
    return f"{head}[networks.{two}\n[networks.{one}"


@pytest.mark.parametrize(
    ("networks", "names"),
    [
        (BANK, ["first", "second"]),
        (BANK, ["third"]),
        (BANK, ["third", "first", "second"]),
        (swap_networks(BANK), ["first", "second", "third"]),
        (f"{BANK}\n[networks.more]\ntext = 'x: input[3]\\ny = relu(x)'\n", ["first", "third"]),
    ],
    ids=["one less", "only one", "another order", "networks in another order", "a network more"],
)
def test_the_other_problems_do_not_matter(tmp_path: Path, networks: str, names: list[str]) -> None:
    """Adding, removing or moving a problem or a network changes no draw of the others."""
    whole = write_bank(tmp_path / "a", BANK, ["first", "second", "third"])
    part = write_bank(tmp_path / "b", networks, names)
    for seed in range(5):
        expected = draws(whole, seed)
        assert draws(part, seed) == {name: expected[name] for name in names}


def test_the_draws_do_vary(tmp_path: Path) -> None:
    """The test above could not pass on constants: seeds change what is drawn."""
    path = write_bank(tmp_path, BANK, ["first", "second", "third"])
    assert len({json.dumps(draws(path, seed)) for seed in range(5)}) == 5


@pytest.mark.parametrize("chunk", range(8))
def test_two_hundred_seeds(chunk: int) -> None:
    """Whatever is drawn can be solved, proven and typeset."""
    bank, notation = load("2", None)
    for seed in range(chunk * 25, chunk * 25 + 25):
        sources = render_tex(build(bank, notation, seed))
        for text in sources.values():
            assert "exgenask" not in text
            assert not re.search(r"<<|>>|<%|%>", text)


@pytest.mark.parametrize("notation", ["aml5202", "base", "numerator"])
@pytest.mark.parametrize("seed", [1, 2, 3, 5, 11])
def test_every_line_fits(tex: Path, tmp_path: Path, seed: int, notation: str) -> None:
    """TeX reports no overfull line and no missing character in any notation."""
    sources = render_tex(build(*load("2", notation), seed))
    for name, text in sources.items():
        (tmp_path / f"{name}.tex").write_text(text)
        subprocess.run(
            [tex, "-interaction=nonstopmode", "-halt-on-error", f"{name}.tex"],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )
        log = (tmp_path / f"{name}.log").read_text(errors="replace")
        assert re.findall(r"^(?:Overfull|Missing character).*$", log, re.MULTILINE) == []


def test_the_overfull_check_can_fail(tex: Path, tmp_path: Path) -> None:
    """A line that is too long is found where the test above looks for it."""
    text = r"\documentclass{article}\begin{document}\noindent\rule{30cm}{1pt}\end{document}"
    (tmp_path / "a.tex").write_text(text)
    subprocess.run([tex, "a.tex"], cwd=tmp_path, check=True, capture_output=True)
    assert re.search("^Overfull", (tmp_path / "a.log").read_text(), re.MULTILINE)


@pytest.mark.parametrize("number", [2])
def test_the_bank_names_its_reference(number: int) -> None:
    """Every problem of a set that comes with exgen says which reference parts it stands for."""
    bank, _ = load(str(number), None)
    assert bank.path.parent == resources.banks()
    assert all(problem.covers for problem in bank.problems)
