"""From TeX to PDF."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from typing import TYPE_CHECKING

import pytest

from exgen.errors import MachineError, TexError
from exgen.pipeline import build, load
from exgen.render import pdf
from exgen.render.pdf import REPRODUCIBLE, compile_tex, require_tex, typeset
from exgen.render.tex import render_tex

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("tex")


def article(body: str) -> str:
    """Return a small document; the body begins on line 4."""
    head = f"\\documentclass{{article}}\n{REPRODUCIBLE}\n\\begin{{document}}\n"
    return f"{head}{body}\n\\end{{document}}\n"


def exam(pages: int) -> str:
    """Return a sheet with so many pages and "x of y" in the foot."""
    questions = "\n\\newpage\n".join(["\\question[2] Why?"] * pages)
    return (
        "\\documentclass[addpoints]{exam}\n\\pdfcompresslevel=0\n"
        f"{REPRODUCIBLE}\n\\pagestyle{{foot}}\\cfoot{{\\thepage\\ of \\numpages}}\n"
        f"\\begin{{document}}\\begin{{questions}}\n{questions}\n"
        "\\end{questions}\\end{document}\n"
    )


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let temporary folders lie in one place that a test can look into."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the names of the documents in the order in which TeX was run on them."""
    names: list[str] = []
    start = pdf._Job.start

    def counted(self: pdf._Job) -> subprocess.Popen[bytes]:
        names.append(self.name)
        return start(self)

    monkeypatch.setattr(pdf._Job, "start", counted)
    return names


def text_of(content: bytes, folder: Path) -> str:
    """Return the text of a PDF with its white space squeezed."""
    if shutil.which("pdftotext") is None and os.environ.get("CI") != "true":
        pytest.skip("pdftotext is not installed")
    file = folder / "look.pdf"
    file.write_bytes(content)
    done = subprocess.run(["pdftotext", file, "-"], check=True, capture_output=True, text=True)
    return " ".join(done.stdout.split())


def test_each_document_becomes_a_pdf(scratch: Path, tmp_path: Path) -> None:
    """Names and order are kept, and no folder is left."""
    made = compile_tex({"problems": article("Sheet"), "key": article("Answers")})
    assert list(made) == ["problems", "key"]
    assert "Sheet" in text_of(made["problems"], tmp_path)
    assert "Answers" in text_of(made["key"], tmp_path)
    assert list(scratch.iterdir()) == []


def test_nothing_to_do_is_done() -> None:
    """No documents need no TeX."""
    assert compile_tex({}) == {}


def test_the_same_source_gives_the_same_bytes(tmp_path: Path) -> None:
    """Two runs agree, and so does one by hand at another time in another folder."""
    source = article("Same $x^2$")
    first = compile_tex({"problems": source})
    assert compile_tex({"problems": source}) == first
    (tmp_path / "problems.tex").write_text(source)
    subprocess.run(
        ["pdflatex", "-interaction=batchmode", "problems.tex"],
        cwd=tmp_path,
        env={**os.environ, "TZ": "Asia/Tokyo"},
        check=True,
        capture_output=True,
    )
    assert (tmp_path / "problems.pdf").read_bytes() == first["problems"]


def test_a_plain_document_needs_one_run(runs: list[str]) -> None:
    """A document without references is not run twice."""
    compile_tex({"problems": article("\\section{One}\\label{one} Text")})
    assert runs == ["problems"]


def test_a_right_page_count_saves_the_second_run(runs: list[str], tmp_path: Path) -> None:
    """A foretold page count is printed at once."""
    made = compile_tex({"problems": exam(3)}, pages={"problems": 3})
    assert runs == ["problems"]
    assert "2 of 3" in text_of(made["problems"], tmp_path)


@pytest.mark.parametrize("pages", [{}, {"problems": 7}])
def test_a_wrong_page_count_is_never_printed(
    runs: list[str], tmp_path: Path, pages: dict[str, int]
) -> None:
    """Without a guess, or with a wrong one, a second run puts it right."""
    made = compile_tex({"problems": exam(3)}, pages=pages)
    assert runs == ["problems"] * 2
    assert re.findall(r"\d of \S+", text_of(made["problems"], tmp_path)) == [
        "1 of 3",
        "2 of 3",
        "3 of 3",
    ]


def test_the_guess_leaves_no_trace_in_the_pdf() -> None:
    """Guessed right, guessed wrong or not guessed, the bytes are the same."""
    source = exam(2)
    made = [compile_tex({"p": source}, pages=pages) for pages in ({}, {"p": 2}, {"p": 9})]
    assert made[0] == made[1] == made[2]


@pytest.mark.parametrize(("seed", "pages"), [(7, 1), (8, 2)])
def test_lower_rooms_cost_one_run(runs: list[str], tmp_path: Path, seed: int, pages: int) -> None:
    """They save a page, or what was set without them is taken; by hand the bytes are the same."""
    source = render_tex(build(*load("2", None), seed))["problems"]
    made = typeset({"problems": source}, pages={"problems": 2})["problems"]
    assert runs == ["problems"] * 2
    assert made.log.pages == pages
    assert typeset({"problems": source}, pages={"problems": 5})["problems"].pdf == made.pdf
    (tmp_path / "problems.tex").write_text(source)
    for _ in range(3):
        subprocess.run(
            ["pdflatex", "-interaction=batchmode", "problems.tex"],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )
    assert (tmp_path / "problems.pdf").read_bytes() == made.pdf


def test_what_leaves_the_page_is_refused() -> None:
    """A line that is too wide stops the run, with its place; a point of it is let through."""
    body = "\\typeout{exgen: problem wide-one}\\typeout{exgen: part (b)}\\noindent\\rule{%s}{1pt}"
    compile_tex({"problems": article(body % "\\dimexpr\\textwidth+0.9pt")})
    with pytest.raises(TexError, match=r"'wide-one', part \(b\) is 14\.1 mm too wide") as caught:
        compile_tex({"problems": article(body % "\\dimexpr\\textwidth+40pt")})
    assert caught.value.place == "problems.tex"
    assert caught.value.exit_code == 1


def test_references_are_settled(runs: list[str], tmp_path: Path) -> None:
    """A forward reference is printed, not two question marks."""
    source = article("See \\ref{late}.\\section{First}\\section{Second}\\label{late}")
    made = compile_tex({"problems": source})
    assert "See 2." in text_of(made["problems"], tmp_path)
    assert len(runs) > 1


def test_totals_of_the_exam_class_are_settled(tmp_path: Path) -> None:
    """A document that prints the sum of its points is run until it is right."""
    source = exam(3).replace("\\begin{questions}", "Total \\numpoints\n\\begin{questions}")
    assert "Total 6" in text_of(compile_tex({"problems": source})["problems"], tmp_path)


def test_references_that_never_settle_are_an_error() -> None:
    """A page number that moves itself is refused after three runs."""
    source = article(
        "x\\makeatletter\\@ifundefined{odd}{\\def\\odd{0}}{}"
        "\\immediate\\write\\@auxout{\\gdef\\string\\odd{\\odd1}}"
    )
    with pytest.raises(TexError, match="not settled after 3 runs"):
        compile_tex({"problems": source})


def test_an_error_names_the_line(scratch: Path) -> None:
    """TeX's own message comes with the line of the source, and nothing is left."""
    with pytest.raises(TexError) as caught:
        compile_tex({"key": article("fine"), "problems": article("a\n  b \\wrong c")})
    assert caught.value.place == "problems.tex:5"
    assert caught.value.message == "Undefined control sequence."
    assert caught.value.excerpt == "    b \\wrong c"
    assert "--no-pdf" in caught.value.remedy
    assert caught.value.exit_code == 1
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("$x", "Missing $ inserted."),
        ("\\begin{center}", "LaTeX Error: \\begin{center} on input line 4 ended by"),
        ("\\def\\x{", "File ended while scanning"),
        ("", "the document has no pages"),
    ],
)
def test_every_failure_has_a_message(body: str, message: str) -> None:
    """Unfinished or empty documents are errors with words."""
    with pytest.raises(TexError) as caught:
        compile_tex({"problems": article(body)})
    assert message in caught.value.message
    assert caught.value.place.startswith("problems.tex")


def test_a_missing_package_is_the_machines_fault() -> None:
    """A LaTeX file that is not installed is named with its remedy."""
    source = article("x").replace("\\begin{document}", "\\usepackage{nosuch}\\begin{document}")
    with pytest.raises(MachineError, match=r"nosuch\.sty") as caught:
        compile_tex({"problems": source})
    assert "texlive-latex-extra" in caught.value.remedy


def test_a_document_cannot_read_or_write_elsewhere(tmp_path: Path) -> None:
    """Paths out of the folder are closed, for reading and for writing."""
    (tmp_path / "secret.tex").write_text("secret")
    with pytest.raises(TexError, match="secret"):
        compile_tex({"problems": article(f"x\\input{{{tmp_path}/secret.tex}}")})
    victim = tmp_path / "victim.tex"
    with pytest.raises(TexError):
        compile_tex({"problems": article(f"x\\newwrite\\w\\immediate\\openout\\w={victim} ")})
    assert not victim.exists()


def test_an_endless_document_is_stopped(scratch: Path) -> None:
    """The time limit ends TeX and says so."""
    began = time.monotonic()
    with pytest.raises(TexError, match=r"after 0\.5 seconds") as caught:
        compile_tex({"problems": article("\\loop\\iftrue\\repeat")}, time_limit=0.5)
    assert time.monotonic() - began < 5
    assert caught.value.place == "problems.tex"
    assert list(scratch.iterdir()) == []


def test_no_pipe_is_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one document fails, a run of TeX that has ended by itself is closed too."""
    children: list[subprocess.Popen[bytes]] = []
    start = pdf._Job.start

    def watched(job: pdf._Job) -> subprocess.Popen[bytes]:
        children.append(start(job))
        return children[-1]

    monkeypatch.setattr(pdf._Job, "start", watched)
    with pytest.raises(TexError, match=r"after 2 seconds"):
        compile_tex({"slow": article("\\loop\\iftrue\\repeat"), "fast": "\\x"}, time_limit=2)
    assert [child.stdout is not None and child.stdout.closed for child in children] == [True, True]


def test_an_interrupt_ends_tex_and_cleans_up(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C leaves neither a running TeX nor a folder."""
    children: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def watched(*args: object, **options: object) -> subprocess.Popen[bytes]:
        child: subprocess.Popen[bytes] = popen(*args, **options)  # type: ignore[call-overload]
        children.append(child)
        return child

    def interrupt() -> None:
        while not children:
            time.sleep(0.01)
        os.kill(os.getpid(), 2)

    monkeypatch.setattr(subprocess, "Popen", watched)
    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        compile_tex({name: article("\\loop\\iftrue\\repeat") for name in ("a", "b")})
    thread.join()
    assert all(child.returncode is not None for child in children)
    assert list(scratch.iterdir()) == []


def test_without_tex_the_remedy_names_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without pdflatex is told what to install, and how to do without."""
    monkeypatch.setenv("PATH", "/nowhere")
    for attempt in (require_tex, lambda: compile_tex({"problems": article("x")})):
        with pytest.raises(MachineError, match="pdflatex") as caught:
            attempt()
        assert "texlive-latex-extra" in caught.value.remedy
        assert "--no-pdf" in caught.value.remedy


def test_no_room_for_temporary_files_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A temporary folder that cannot be used is named."""
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with pytest.raises(MachineError, match="temporary") as caught:
        compile_tex({"problems": article("x")})
    assert "TMPDIR" in caught.value.remedy


@pytest.mark.parametrize("name", ["", "../x", "a b", "-shell-escape", ".x"])
def test_a_name_must_be_plain(name: str) -> None:
    """A document's name cannot be a path or an option."""
    with pytest.raises(ValueError, match="plain name"):
        compile_tex({name: article("x")})
