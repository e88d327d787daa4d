"""The page around the problems: header and footer, and the total of the points."""

from __future__ import annotations

import re
import subprocess
from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from exgen.errors import KindError, TexError
from exgen.pipeline import make

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("tex")

BANK = """
title    = "{title}"
course   = "{course}"
notation = "csc311"

[networks.n]
text = '''
x: input[4]
t: target[2]
W: param[2, 4]
b: param[2]
z = W @ x + b
a = tanh(z)
L = squared_error(a, t)
'''

[[problems]]
id      = "p"
kind    = "missing_shapes"
network = "n"
points  = {points}
"""
WORD = re.compile(
    r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*?)</word>'
)
LONG = (
    "Übungsblatt 4: Rückpropagation und Aktivierungsfunktionen",
    "Einführung in das maschinelle Lernen und tiefe neuronale Netze (Sommersemester 2026)",
)


def sheet(folder: Path, title: str, course: str, points: int = 4, name: str = "bank") -> Path:
    """Make a small set and return its key."""
    bank = folder / f"{name}.toml"
    bank.write_text(BANK.format(title=title, course=course, points=points), encoding="utf-8")
    make(str(bank), 1234567890123456789, folder / "out", force=True)
    return folder / "out" / "solutions.pdf"


def words(pdf: Path) -> list[tuple[float, float, float, float, str]]:
    """Return the words of page 1 with their boxes, in points from the upper left corner."""
    done = subprocess.run(
        ["pdftotext", "-l", "1", "-bbox", pdf, "-"], check=True, capture_output=True, text=True
    )
    return [(*map(float, found[:4]), found[4]) for found in WORD.findall(done.stdout)]


@pytest.mark.parametrize(("title", "course"), [LONG, LONG[::-1], ("Sheet", "Deep Learning")])
@pytest.mark.parametrize("name", ["bank", "a-bank-with-a-long-name-of-its-own"])
def test_header_and_footer_never_overprint(
    tmp_path: Path, title: str, course: str, name: str
) -> None:
    """No word of header, head or footer lies on another, and all of them are on the paper."""
    found = words(sheet(tmp_path, title, course, name=name))
    around = [word for word in found if word[1] < 120 or word[1] > 740]
    text = " ".join(word[4] for word in around)
    assert all(word in text for word in (*title.split(), *course.split()))
    for one, two in combinations(around, 2):
        across = min(one[2], two[2]) - max(one[0], two[0])
        down = min(one[3], two[3]) - max(one[1], two[1])
        assert min(across, down) < 1.5, (one, two)
    assert all(word[0] > 60 and word[2] < 535 for word in around)


def test_a_title_has_the_whole_line(tmp_path: Path) -> None:
    """A title breaks only where it is wider than the page; the name is filled in below it."""
    title = "One step of gradient descent by hand"
    sheet(tmp_path, title, "Course")
    found = [word for word in words(tmp_path / "out" / "problems.pdf") if word[4] in title.split()]
    assert len({word[1] for word in found[: len(title.split())]}) == 1


@pytest.mark.parametrize(("points", "said"), [(1, "1 point"), (2, "2 points")])
def test_one_point_is_one_point(tmp_path: Path, points: int, said: str) -> None:
    """One point is not called points."""
    text = " ".join(word[4] for word in words(sheet(tmp_path, "Sheet", "Course", points)))
    assert re.findall(r"\d points?", text) == [said, said]


def test_more_parts_than_letters_are_refused(tmp_path: Path) -> None:
    """Parts are counted with letters, so there are 26 of them at most."""
    names = [f"x_{n}" for n in range(28)]
    network = "\n".join([*(f"{name}: input" for name in names), f"y = {' * '.join(names)}"])
    head = BANK.format(title="Sheet", course="Course", points=4).partition("[networks.n]")[0]
    problem = '[[problems]]\nid = "p"\nkind = "scalar_graph"\nnetwork = "n"\npoints = 28\n'
    bank = tmp_path / "many.toml"
    bank.write_text(f"{head}[networks.n]\ntext = '''{network}'''\n{problem}", encoding="utf-8")
    with pytest.raises(KindError, match="28 parts, more than there are letters for"):
        make(str(bank), 1, tmp_path / "out")


def test_a_head_without_end_is_refused(tmp_path: Path) -> None:
    """A course that needs more than two lines is refused with the remedy."""
    with pytest.raises(TexError, match="head of page 1"):
        sheet(tmp_path, "Sheet", "Machine learning and more of it " * 12)
