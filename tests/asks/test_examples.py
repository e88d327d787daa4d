"""The example banks: written without any Python, made and proven in several notations."""

from __future__ import annotations

from pathlib import Path

import pytest

from exgen.banks import load_bank
from exgen.pipeline import build, load_profile, make
from exgen.render.giveaways import require_kept
from exgen.render.tex import render_tex

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.toml"))


@pytest.mark.parametrize("notation", [None, "numerator", "csc311"])
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_made(path: Path, notation: str | None) -> None:
    """Each answer but those in words is proven, nothing is given away, and the pages are set."""
    bank = load_bank(path)
    made = build(bank, load_profile(notation or bank.notation), 3 if notation else 1)
    assert all(problem.kind == "text" for problem in made.problems)
    assert sum(len(answer.certificate) > 1 for p in made.problems for answer in p.answers) > 3
    require_kept(made, str(path))
    assert all("\\question" in source for source in render_tex(made).values())


@pytest.mark.usefixtures("tex")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_printed(path: Path, tmp_path: Path) -> None:
    """Sheet and key go through TeX, and nothing is off the page."""
    make(str(path), 4, tmp_path / "out")
    assert {found.name for found in tmp_path.glob("out/*.pdf")} == {"problems.pdf", "solutions.pdf"}
