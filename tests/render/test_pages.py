"""The pages of whole sets: few enough, full enough, and nothing sticks out of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.pages import THIRD, Job, fills, measure
from exgen.errors import TexError
from exgen.page import Page
from exgen.pipeline import build, load
from exgen.render.pdf import compile_tex, typeset
from exgen.render.tex import render_tex

MOST = {"1": (6, 10), "2": (2, 3), "5": (5, 8)}
"""How many pages the sheet and the key of a set may take."""
MOSTLY = 0.6
pytestmark = pytest.mark.usefixtures("tex")


@pytest.mark.parametrize("seed", [1, 7])
@pytest.mark.parametrize("name", MOST)
def test_pages_are_few_and_full(name: str, seed: int) -> None:
    """A set takes no more pages than it needs, and all but the last are mostly full."""
    sheet, key = measure(Job(name, "", seed, fill=True))
    assert not sheet.error
    assert (sheet.overfull, key.overfull) == ((), ())
    assert sheet.pages <= MOST[name][0]
    assert key.pages <= MOST[name][1]
    assert min(sheet.fills + key.fills) > MOSTLY


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("1", Page(size=20)),
        ("4", Page(size=16, paper="letter", space="none")),
        ("5", Page(columns=2)),
        ("3", Page(columns=2, size=10)),
    ],
)
def test_pages_of_other_forms_hold_what_is_on_them(name: str, page: Page) -> None:
    """In large print and in two columns formulas are broken for their own line; figures fit."""
    made = replace(build(*load(name, None), 1), page=page)
    for document in typeset(render_tex(made)).values():
        assert document.log.overfull == ()


def test_what_does_not_fit_is_refused() -> None:
    """A formula without a place for a break stops the run, with its part and a remedy."""
    made = replace(build(*load("4", None), 1), page=Page(columns=2, size=20))
    with pytest.raises(TexError, match=r"problem .* is .* mm too wide") as error:
        compile_tex(render_tex(made))
    assert "one of 'columns'" in error.value.remedy


def test_no_part_stands_alone_on_the_last_page() -> None:
    """Where next to nothing is left for the last page, rooms get lower, and it goes."""
    bank = Path(__file__).parents[2] / "docs" / "examples" / "graphs.toml"
    source = render_tex(build(*load(str(bank), None), 1))["problems"]
    before, _, after = source.rpartition(r"\exlast")
    lower, as_high = (typeset({"a": text})["a"] for text in (source, before + after))
    assert lower.log.pages == as_high.log.pages - 1
    assert fills(as_high.pdf)[-1] < THIRD < fills(lower.pdf)[-1]
