"""Problems in an author's own document: the one of the guide, in other classes, sheet and key."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.commands import run
from tests.render.test_page import squeezed, text
from tests.test_authoring import BLOCKS

if TYPE_CHECKING:
    from pathlib import Path

(HOST,) = (block.text for block in BLOCKS if block.path == "course/host.tex")
NAME = "graph-review"
FULL = r"\usepackage[hidelinks]{hyperref}\usepackage{amsmath,amssymb,tikz,enumitem}"
HOSTS = {
    "article": HOST,
    "packages": HOST.replace(r"\usepackage", rf"{FULL}\usepackage", 1),
    "key": HOST.replace(r"\usepackage", r"\usepackage[key]"),
    "exam": HOST.replace("{article}", "[addpoints]{exam}")
    .replace(r"\input", "\\begin{questions}\\question[3] Mine.\n\\input", 1)
    .replace(r"\end{doc", "\\end{questions}\nIn all \\numpoints\\ points\n\\end{doc"),
    "beamer": HOST.replace("{article}", "{beamer}")
    .replace(r"\input", "\\begin{frame}[allowframebreaks]\n\\input", 1)
    .replace(r"\end{doc", "\\end{frame}\n\\end{doc"),
}
SAYS = {
    "exam": ("Mine.", "2. All quantities are scalars."),
    "key": ("Common mistake", "All quantities are scalars."),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the fragments of a set with figures."""
    folder = tmp_path_factory.mktemp("fragments") / "out"
    only = ("--problem", NAME, "--fragment", "--no-pdf")
    done = run("make", "--set", "1", *only, "--out", str(folder))
    assert done.code == 0, done.err
    return folder


@pytest.mark.parametrize("name", HOSTS)
def test_a_problem_stands_in_a_document_of_its_own(
    tex: Path, made: Path, tmp_path: Path, name: str
) -> None:
    """It compiles without an error or a line that sticks out, and says what the sheet says."""
    for file in ("exgen.sty", f"problem-{NAME}.tex"):
        (tmp_path / file).write_bytes((made / file).read_bytes())
    host = HOSTS[name].replace("problem-shapes", f"problem-{NAME}")
    (tmp_path / "host.tex").write_text(host, encoding="utf-8")
    for _ in range(2 if name == "exam" else 1):
        done = subprocess.run(
            [tex, "-interaction=nonstopmode", "-halt-on-error", "host.tex"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout
    found = text(tmp_path / "host.pdf", 1)
    for said in SAYS.get(name, ("All quantities are scalars.",)):
        assert squeezed(said) in found
    assert ("Commonmistake" in found) == (name == "key")


def test_points_are_counted_once_in_the_exam_class(made: Path) -> None:
    """Where the parts have points, the question has none of its own."""
    fragment = (made / f"problem-{NAME}.tex").read_text()
    assert "\\question\n" in fragment
    assert r"\question[" not in fragment


def test_fragments_are_rendered_and_verified(made: Path, tmp_path: Path) -> None:
    """A manifest makes them again, byte for byte."""
    done = run("render", str(made), "--no-pdf", "--out", str(tmp_path / "again"))
    assert done.code == 0, done.err
    for file in made.iterdir():
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes()
    assert run("verify", str(made)).code == 0
