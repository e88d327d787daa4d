"""The log of TeX: pages, and what sticks out of them, with its problem and part."""

from __future__ import annotations

import pytest

from exgen.render.log import Overfull, overfull_error, read_log

HEAD = "This is pdfTeX\n(./problems.tex\n"
LOGS = [
    ("Output written on problems.pdf (8 pages, 200 bytes).", 8, []),
    ("Output written on a.pdf (1 page, 20 bytes).", 1, []),
    (
        "Overfull \\hbox (3.5pt too wide) in paragraph at lines 383--384",
        0,
        [Overfull("", "", 3.5, wide=True)],
    ),
    (
        "exgen: problem p-1\nOverfull \\hbox (43.8pt too wide) detected at line 109",
        0,
        [Overfull("p-1", "", 43.8, wide=True)],
    ),
    (
        "exgen: problem a\nexgen: part (c)\nOverfull \\hbox (9.0pt too wide) in alignment at",
        0,
        [Overfull("a", "(c)", 9.0, wide=True)],
    ),
    (
        "exgen: problem a\nexgen: part (c)\nexgen: problem b\nOverfull \\vbox (2.0pt too high) has",
        0,
        [Overfull("b", "", 2.0, wide=False)],
    ),
    ("Overfull \\hbox (0.99pt too wide) in paragraph", 0, []),
    ("Underfull \\hbox (badness 10000) in paragraph at lines 3--4", 0, []),
]


@pytest.mark.parametrize(("text", "pages", "overfull"), LOGS)
def test_a_log_is_read(text: str, pages: int, overfull: list[Overfull]) -> None:
    """Each report has the problem and the part that began last before it."""
    found = read_log(f"{HEAD}{text}\n[]\n")
    assert found.pages == pages
    assert list(found.overfull) == overfull


def test_the_worst_is_told_and_the_rest_counted() -> None:
    """The error names the widest place, in millimetres, and says what to do."""
    found = [Overfull("a", "", 10.0, wide=True), Overfull("b", "(a)", 72.27, wide=True)]
    error = overfull_error("solutions", found)
    assert str(error).startswith(
        "solutions.tex: problem 'b', part (a) is 25.4 mm too wide for the page, and 1 other place"
    )
    assert "network" in error.remedy


def test_before_the_first_problem_it_is_the_head() -> None:
    """What does not fit at the head of the page is the bank's title or course."""
    error = overfull_error("problems", [Overfull("", "", 5.0, wide=False)])
    assert "head of page 1" in error.message
    assert "title" in error.remedy
