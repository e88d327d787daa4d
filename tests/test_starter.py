"""``exgen new``: a bank to begin with, which is made at once and then the author's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exgen.banks import load_bank
from exgen.pipeline import build, load_profile
from exgen.problems.table import PRESETS
from tests.commands import run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("kind", [None, *PRESETS])
def test_a_new_bank_is_made(kind: str | None, tmp_path: Path) -> None:
    """What the command writes can be made; its problem is text, and of no kind of exgen's."""
    path = tmp_path / "course" / "week1.toml"
    ran = run("new", str(path), *(() if kind is None else ("--from", kind)))
    assert ran.code == 0, ran.err
    bank = load_bank(path)
    made = build(bank, load_profile(bank.notation), 1)
    assert [problem.kind for problem in made.problems] == ["text"]
    assert any(answer.certificate for problem in made.problems for answer in problem.answers)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("b.toml", "--from", "lokal_jacobian"), "Did you mean 'local_jacobian'?"),
        (("b.txt",), "a bank is a file that ends in .toml"),
        (("there.toml",), "there is a file already"),
        (("there.toml/b.toml",), "cannot be written"),
    ],
)
def test_what_is_refused(arguments: tuple[str, ...], says: str, tmp_path: Path) -> None:
    """Nothing that is there is touched, and the error says what to do."""
    (tmp_path / "there.toml").write_text("mine")
    ran = run("new", str(tmp_path / arguments[0]), *arguments[1:])
    assert (ran.code, says in ran.err) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["there.toml"]
    assert (tmp_path / "there.toml").read_text() == "mine"


def test_sentences_of_a_preset(tmp_path: Path) -> None:
    """A bank may replace how a template begins and how it asks; the rest stays."""
    path = tmp_path / "own.toml"
    path.write_text(
        'title = "T"\ncourse = "C"\nnotation = "base"\n'
        '[networks.n]\ntext = "z: input[3]\\na = relu(z)"\n'
        '[[problems]]\nid = "p"\nnetwork = "n"\nkind = "local_jacobian"\n'
        'intro = "Look at {show lines a}"\nask_text = "Find"\n'
    )
    (problem,) = build(load_bank(path), load_profile("base"), 1).problems
    assert problem.draws["intro"] == "Look at {show lines a}"
    first, *_ = problem.fields["blocks"][0]["paragraphs"]
    assert [part.strip() for part in first["pieces"] if isinstance(part, str) and part.strip()] == [
        "Look at",
        "Find the",
        "and give its shape.",
    ]
