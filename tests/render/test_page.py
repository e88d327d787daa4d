"""The page that a bank asks for, read from the PDF: paper, size of the text, words of the head.

Cases are text: ``pages.md`` has keys of ``[page]`` and what stands on the pages then.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest

from tests.cases import Case, read_cases
from tests.commands import run
from tests.render.test_sheet import words

pytestmark = pytest.mark.usefixtures("tex")

BANK = """
title    = "Übungsblatt 4"
course   = "Maschinelles Lernen"
notation = "csc311"
[page]
{page}
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
id      = "shapes"
kind    = "missing_shapes"
network = "n"
points  = 4
hint    = "The inner sizes agree: 50 % of the work & all of it."
[[problems]]
id      = "jacobians"
kind    = "local_jacobian"
network = "n"
points  = 7
ask     = [["z", "x"], ["a", "z"]]
"""


def text(pdf: Path, page: int) -> str:
    """Return the text of a page without spaces, as it was written."""
    command = ["pdftotext", "-raw", "-f", str(page), "-l", str(page), str(pdf), "-"]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return squeezed(found)


def squeezed(text: str) -> str:
    """Return a text without spaces, and with the apostrophes and quotes of print."""
    return re.sub(r"\s+", "", text).replace("'", "’")


def told(pdf: Path) -> dict[str, str]:
    """Return what poppler tells of a PDF, by its own names."""
    lines = subprocess.run(["pdfinfo", str(pdf)], check=True, capture_output=True, text=True).stdout
    return dict(re.findall(r"(.+?):\s+(.*)", lines))


def sizes(pdf: Path) -> Counter[str]:
    """Return how many signs of Latin Modern Roman each size of type has."""
    command = ["pdftohtml", "-xml", "-stdout", "-zoom", "1", str(pdf)]
    xml = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    size = dict(re.findall(r'<fontspec id="(\d+)" size="(\d+)" family="\w+\+LMRoman', xml))
    found: Counter[str] = Counter()
    for font, line in re.findall(r'<text [^>]*font="(\d+)">(.*?)</text>', xml):
        found[size.get(font, "")] += len(re.sub("<.*?>", "", line))
    return found


def holds(sort: str, value: str, folder: Path) -> bool:
    """Whether a line of a case is true of what was made."""
    document, _, what = sort.rpartition(" ")
    pdf = folder / ("solutions.pdf" if document == "key" else "problems.pdf")
    if what in {"says", "never"}:
        page = int(told(pdf)["Pages"]) if document == "last" else 1
        return (squeezed(value) in text(pdf, page)) == (what == "says")
    if what == "paper":
        width, height = re.findall(r"[\d.]+", told(pdf)["Page size"])[:2]
        return f"{float(width):.0f} x {float(height):.0f}" == value
    if what == "size":
        (found, _), *_ = sizes(pdf).most_common(1)
        return found == value
    assert what == "boxes"
    tex = (folder / "problems.tex").read_text().partition(r"\begin{questions}")[2]
    return tex.count(r"\exspace") + tex.count(r"\exshort") == int(value)


def test_a_word_without_end_is_refused(tmp_path: Path) -> None:
    """What cannot be broken into lines is not printed over the edge of the paper."""
    bank = tmp_path / "bank.toml"
    bank.write_text(BANK.format(page=f'institution = "{"W" * 150}"'), encoding="utf-8")
    made = run("make", "--set", str(bank), "--out", str(tmp_path / "out"))
    assert made.code == 1
    assert "the head of page 1 is" in made.err
    assert "the longest words of [page]" in made.err


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=case.title) for case in read_cases(Path(__file__).parent / "pages.md")],
)
def test_a_page_is_as_its_bank_says(tmp_path: Path, case: Case) -> None:
    """What a case lists is on the page; no word of the head lies on another or off the paper."""
    bank = tmp_path / "bank.toml"
    bank.write_text(BANK.format(page=case.given.replace(r"\'", "’")), encoding="utf-8")
    made = run("make", "--set", str(bank), "--out", str(tmp_path / "out"))
    assert made.code == 0, made.err
    for line in case.expected.splitlines():
        sort, _, value = line.partition(": ")
        assert holds(sort, value, tmp_path / "out"), (line, text(tmp_path / "out/problems.pdf", 1))
    for pdf in ("problems.pdf", "solutions.pdf"):
        found = words(tmp_path / "out" / pdf)
        width, height = map(
            float, re.findall(r"[\d.]+", told(tmp_path / "out" / pdf)["Page size"])[:2]
        )
        assert all(w[0] > 0 and w[2] < width and w[1] > 0 and w[3] < height for w in found)
        end = next(word[1] for word in found if word[4] == "Conventions.")
        head = [word for word in found if word[3] < end]
        for one, two in combinations(head, 2):
            across = min(one[2], two[2]) - max(one[0], two[0])
            down = min(one[3], two[3]) - max(one[1], two[1])
            assert min(across, down) < 0.35 * (one[3] - one[1]), (one, two)
